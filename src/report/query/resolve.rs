//! A question becomes a [`Query`]: names become what they name, periods become days, and everything is bounded. Pure.

use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::report::credits::model::{Bounds, Crediting};
use crate::report::model::{Period, SpamFilter};
use crate::report::query::benchmarks::INDUSTRIES;
use crate::report::query::cursor::Place;
use crate::report::query::dimensions::{DIMENSIONS, Dimension, dimension};
use crate::report::query::filter::{Filter, MAX_CONDITIONS};
use crate::report::query::metrics::{METRICS, Metric, metric};
use crate::report::query::model::{
    MAX_DIMENSIONS, MAX_GROUPS, MAX_METRICS, OrderBy, Query, Selection, Sort, Thresholds, Yardstick,
};
use crate::report::query::names::unknown;
use crate::report::query::past::PAST_DAYS;
use crate::report::query::periods;
use crate::report::query::read::Body;
use crate::report::rules::{self, bound, bounds};
use crate::warehouse::zone::local_time;

/// Rows of a page when the question does not say, and at most.
const DEFAULT_ROWS: usize = 1_000;
const MAX_ROWS: usize = 10_000;
/// Longest name of a conversion, in bytes.
const MAX_CONVERSION: usize = 256;
/// What stands for the site's own past among the industries.
const OWN_PAST: &str = "own_past";
/// The dimensions of time that `grain` adds.
const GRAINS: [(&str, &str); 6] = [
    ("hour", "date_hour"),
    ("day", "date"),
    ("week", "week"),
    ("month", "month"),
    ("quarter", "quarter"),
    ("year", "year"),
];

/// A site that is asked about.
#[derive(Clone, Debug)]
pub struct AskedSite {
    /// Its id.
    pub id: SiteId,
    /// Its zone.
    pub zone: TimeZone,
    /// Its currency.
    pub currency: String,
}

/// Where and when a question is asked.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The sites, all of which the asker may see.
    pub sites: Vec<AskedSite>,
    /// What counts as in time and the like.
    pub thresholds: Thresholds,
    /// The moment it is.
    pub now: Millis,
    /// Whether all rows may be asked for at once: the answer is a file.
    pub whole: bool,
}

/// The longest that an answer may take.
pub fn time_limit(configured: jiff::SignedDuration) -> Duration {
    Duration::try_from(configured).unwrap_or(Duration::from_secs(30))
}

/// The query that `body` means. The error is for people.
pub fn resolve(body: Body, mut asked: Circumstances) -> Result<Query, String> {
    if let Some(cursor) = &body.cursor {
        asked.now = Place::read(cursor)?.asked_at(asked.now)?;
    }
    let period = asked_period(&body, &asked)?;
    let metrics = metrics(&body)?;
    let dimensions = dimensions(&body)?;
    let filter = filter(&body)?;
    let selection = selection(&body, &asked, period, filter)?;
    let days = asked.days(period);
    let order = order(&body, &metrics, &dimensions)?;
    let most = if asked.whole { MAX_GROUPS } else { MAX_ROWS };
    let limit = body.limit.unwrap_or(if asked.whole { MAX_GROUPS } else { DEFAULT_ROWS });
    if !(1..=most).contains(&limit) {
        return Err(format!("`limit` must be 1 to {most}"));
    }
    let compare = body.compare.as_ref().map(|compare| compared(compare, &selection, &asked));
    let yardstick = body.benchmark.as_deref().map(|name| yardstick(name, &selection, &asked));
    let mut zones: Vec<TimeZone> = Vec::new();
    for site in &asked.sites {
        if !zones.iter().any(|zone| zone.iana_name() == site.zone.iana_name()) {
            zones.push(site.zone.clone());
        }
    }
    let mut currencies = asked.sites.iter().map(|site| &site.currency);
    let currency = currencies.next().filter(|first| currencies.all(|other| other == *first));
    Ok(Query {
        metrics,
        dimensions,
        days,
        asked_at: asked.now,
        zones,
        order,
        limit,
        cursor: body.cursor.clone(),
        totals: body.totals.unwrap_or(true),
        fill: body.fill,
        compare: compare.transpose()?,
        yardstick: yardstick.transpose()?,
        currency: currency.cloned(),
        thresholds: asked.thresholds,
        selection,
    })
}

impl Circumstances {
    fn today(&self) -> Date {
        let today = |zone: &TimeZone| local_time(self.now, zone).date;
        let latest = self.sites.iter().map(|site| today(&site.zone)).max();
        latest.unwrap_or_else(|| today(&TimeZone::UTC))
    }

    /// The days of a period by the sites' clocks.
    fn days(&self, period: Period) -> (Date, Date) {
        match period {
            Period::Days { from, to } => (from, to),
            Period::Moments { from, to } => {
                let days =
                    |at: Millis| self.sites.iter().map(move |s| local_time(at, &s.zone).date);
                let utc = |at: Millis| local_time(at, &TimeZone::UTC).date;
                let last = to.plus(-1).max(from);
                (days(from).min().unwrap_or(utc(from)), days(last).max().unwrap_or(utc(last)))
            }
        }
    }

    /// The same moment on the wall of the first site a year before; `None` before the calendar begins.
    fn year_before(&self, at: Millis) -> Option<Millis> {
        let zone = self.sites.first().map_or(TimeZone::UTC, |site| site.zone.clone());
        let before = at.timestamp().to_zoned(zone).checked_sub(1.year()).ok()?;
        Some(Millis::from(before.timestamp()))
    }

    fn bounds(&self, period: Period) -> Result<Bounds, String> {
        let of = |site: &AskedSite| {
            bounds(period, &site.zone).map(|(from, to)| (site.id.clone(), from, to))
        };
        self.sites.iter().map(of).collect::<Option<Bounds>>().ok_or("no such days".to_owned())
    }
}

fn asked_period(body: &Body, asked: &Circumstances) -> Result<Period, String> {
    period_of((body.period.as_deref(), body.from.as_deref(), body.to.as_deref()), asked)
}

fn period_of(
    (name, from, to): (Option<&str>, Option<&str>, Option<&str>),
    asked: &Circumstances,
) -> Result<Period, String> {
    let from = from.map(|text| bound("from", text)).transpose()?;
    let to = to.map(|text| bound("to", text)).transpose()?;
    rules::asked_period(name, (from, to), asked.today(), asked.now)
}

fn selection(
    body: &Body,
    asked: &Circumstances,
    period: Period,
    filter: Option<Filter>,
) -> Result<Selection, String> {
    let spam = match body.spam.as_deref() {
        None => SpamFilter::default(),
        Some(word) => SpamFilter::from_word(word)
            .ok_or_else(|| "`spam` is `exclude`, `include` or `only`".to_owned())?,
    };
    let conversion = body.conversion.clone().unwrap_or_default();
    if conversion.len() > MAX_CONVERSION || conversion.contains('\u{0}') {
        return Err("`conversion` is the name of one".to_owned());
    }
    let Body { model, weight, clock, .. } = *body;
    let credit = (model.is_some() || weight.is_some() || clock.is_some()).then(|| Crediting {
        model,
        weight: weight.unwrap_or_default(),
        clock: clock.unwrap_or_default(),
    });
    let sites = asked.sites.iter().map(|site| site.id.clone()).collect();
    Ok(Selection { sites, period, bounds: asked.bounds(period)?, filter, spam, conversion, credit })
}

fn metrics(body: &Body) -> Result<Vec<&'static Metric>, String> {
    let names: &[String] = &body.metrics;
    if names.is_empty() {
        return Ok(metric("calls").into_iter().collect());
    }
    if names.len() > MAX_METRICS {
        return Err(format!("at most {MAX_METRICS} metrics"));
    }
    let known = METRICS.iter().map(|metric| metric.name);
    let find = |name: &String| metric(name).ok_or_else(|| unknown("metric", name, known.clone()));
    let found: Vec<&Metric> = names.iter().map(find).collect::<Result<_, _>>()?;
    once("metric", found.iter().map(|metric| metric.name))?;
    Ok(found)
}

fn dimensions(body: &Body) -> Result<Vec<&'static Dimension>, String> {
    let known = DIMENSIONS.iter().map(|dimension| dimension.name);
    let find =
        |name: &str| dimension(name).ok_or_else(|| unknown("dimension", name, known.clone()));
    let grain = body.grain.as_deref().map(|grain| {
        let found = GRAINS.iter().find(|(name, _)| *name == grain);
        let known = GRAINS.iter().map(|(name, _)| *name);
        found.map(|(_, name)| *name).ok_or_else(|| unknown("grain", grain, known))
    });
    let names = grain.transpose()?.into_iter().chain(body.dimensions.iter().map(String::as_str));
    let found: Vec<&Dimension> = names.map(find).collect::<Result<_, _>>()?;
    if found.len() > MAX_DIMENSIONS {
        return Err(format!("at most {MAX_DIMENSIONS} dimensions, a grain included"));
    }
    once("dimension", found.iter().map(|dimension| dimension.name))?;
    Ok(found)
}

fn once<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("the {what} `{name}` is named twice"));
        }
    }
    Ok(())
}

fn filter(body: &Body) -> Result<Option<Filter>, String> {
    let mut parts = body.conditions.clone();
    match &body.filters {
        // A list is all of its filters.
        Some(Value::Array(list)) => {
            for part in list.iter().take(MAX_CONDITIONS + 1) {
                parts.push(Filter::read(part)?);
            }
        }
        Some(filter) => parts.push(Filter::read(filter)?),
        None => {}
    }
    Filter::all_of(parts)
}

fn order(
    body: &Body,
    metrics: &[&'static Metric],
    dimensions: &[&'static Dimension],
) -> Result<Vec<Sort>, String> {
    if body.order.is_empty() {
        let first = dimensions.first();
        let (by, descending) = match first.is_some_and(|d| d.kind.is_time() || d.name == "hour") {
            true => (OrderBy::Dimension(0), false),
            false => (OrderBy::Metric(0), true),
        };
        return Ok(vec![Sort { by, descending }]);
    }
    if body.order.len() > MAX_DIMENSIONS + MAX_METRICS {
        return Err("`order` names more than there is".to_owned());
    }
    let sort = |text: &String| {
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text.as_str()),
        };
        let metric = metrics.iter().position(|metric| metric.name == name).map(OrderBy::Metric);
        let dimension = dimensions.iter().position(|dimension| dimension.name == name);
        let by = metric.or(dimension.map(OrderBy::Dimension)).ok_or_else(|| {
            let asked = metrics.iter().map(|m| m.name).chain(dimensions.iter().map(|d| d.name));
            unknown("metric or dimension in this question", name, asked)
        })?;
        Ok(Sort { by, descending })
    };
    body.order.iter().map(sort).collect()
}

fn compared(
    compare: &Value,
    own: &Selection,
    asked: &Circumstances,
) -> Result<(Selection, (Date, Date)), String> {
    let none = || "`compare` lies before the calendar begins".to_owned();
    let days = asked.days(own.period);
    let (period, filter) = match compare {
        Value::String(word) => {
            let period = match (word.as_str(), own.period) {
                ("previous_period", Period::Moments { from, to }) => {
                    Period::Moments { from: from.plus(from.0 - to.0), to: from }
                }
                ("previous_period", _) => {
                    let (from, to) = periods::previous(days).ok_or_else(none)?;
                    Period::Days { from, to }
                }
                ("same_period_last_year", Period::Moments { from, to }) => {
                    let year_before = |at| asked.year_before(at).ok_or_else(none);
                    Period::Moments { from: year_before(from)?, to: year_before(to)? }
                }
                ("same_period_last_year", _) => {
                    let (from, to) = periods::last_year(days).ok_or_else(none)?;
                    Period::Days { from, to }
                }
                _ => {
                    let known = ["previous_period", "same_period_last_year"];
                    return Err(unknown("comparison", word, known.into_iter()));
                }
            };
            (period, own.filter.clone())
        }
        Value::Object(fields) => {
            let known = ["period", "from", "to", "filters"];
            if let Some(field) = fields.keys().find(|field| !known.contains(&field.as_str())) {
                return Err(unknown("field of `compare`", field, known.into_iter()));
            }
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            let dated = fields.keys().any(|field| field != "filters");
            let period = match dated {
                true => period_of((text("period"), text("from"), text("to")), asked)?,
                false => own.period,
            };
            let filter = match fields.get("filters") {
                Some(filter) => Some(Filter::read(filter)?),
                None => own.filter.clone(),
            };
            (period, filter)
        }
        _ => return Err("`compare` is a word or an object".to_owned()),
    };
    let days = asked.days(period);
    let selection = Selection { period, bounds: asked.bounds(period)?, filter, ..own.clone() };
    Ok((selection, days))
}

fn yardstick(name: &str, own: &Selection, asked: &Circumstances) -> Result<Yardstick, String> {
    if name == OWN_PAST {
        let days = periods::days_before(asked.days(own.period), PAST_DAYS);
        let (from, to) = days.ok_or("the calendar begins later")?;
        let period = Period::Days { from, to };
        let past = Selection { period, bounds: asked.bounds(period)?, ..own.clone() };
        return Ok(Yardstick::OwnPast(Box::new(past)));
    }
    let known = INDUSTRIES.into_iter().chain([OWN_PAST]);
    match INDUSTRIES.contains(&name) {
        true => Ok(Yardstick::Industry(name.to_owned())),
        false => Err(unknown("benchmark", name, known)),
    }
}
