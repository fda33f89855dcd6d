//! How a question is read, and how counted rows become a report. Pure.

use std::collections::{BTreeSet, HashMap};

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::report::credits::model::{ByClock, Crediting, Model, Weight};
use crate::report::metrics::{Metrics, Rate, Tally};
use crate::report::model::{
    AbTest, Period, Report, ReportKind, ReportQuery, Row, RowKey, SpamFilter,
};
use crate::report::query::figure::p_value;
use crate::report::query::filter::Filter;
use crate::report::query::{names, periods};

/// Most rows that a report shows.
pub const MAX_ROWS: usize = 10_000;
/// Days of a report that names no period, today included.
const DEFAULT_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;
const PARAMETERS: [&str; 13] = [
    "site",
    "from",
    "to",
    "period",
    "format",
    "spam",
    "model",
    "weight",
    "clock",
    "conversion",
    "filter",
    "a",
    "b",
];
/// Longest path of a landing page that is compared, in bytes.
const MAX_PAGE: usize = 2_048;
/// Longest name of a conversion, in bytes.
const MAX_CONVERSION: usize = 256;

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object.
    #[default]
    Json,
    /// Comma-separated values with a header line.
    Csv,
}

/// The parameters of a request, read but not yet checked against anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// `site`, each once.
    pub sites: Vec<SiteId>,
    /// `from`.
    pub from: Option<Bound>,
    /// `to`.
    pub to: Option<Bound>,
    /// `period`.
    pub period: Option<String>,
    /// `format`.
    pub format: Option<Format>,
    /// `spam`.
    pub spam: Option<SpamFilter>,
    /// `model`.
    pub model: Option<Model>,
    /// `weight`.
    pub weight: Option<Weight>,
    /// `clock`.
    pub clock: Option<ByClock>,
    /// `conversion`.
    pub conversion: Option<String>,
    /// `filter`: what must hold of visits and calls, all of it.
    pub filters: Vec<Filter>,
    /// `a` and `b`: landing pages that are held against each other.
    pub pages: [Option<String>; 2],
}

impl Asked {
    /// How calls are shared out; `None` when that is not asked for.
    pub fn crediting(&self) -> Option<Crediting> {
        let Asked { model, weight, clock, .. } = *self;
        let asked = model.is_some() || weight.is_some() || clock.is_some();
        let (weight, clock) = (weight.unwrap_or_default(), clock.unwrap_or_default());
        asked.then_some(Crediting { model, weight, clock })
    }
}

/// One end of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A day on the site's calendar: `2026-03-01`.
    Day(Date),
    /// A moment: RFC 3339.
    Moment(Millis),
}

/// Reads a query string. Unknown and repeated parameters are refused: a misspelt filter must not
/// quietly answer another question. The error is for people.
pub fn parse(query: &str) -> Result<Asked, String> {
    let mut asked = Asked::default();
    let mut sites = BTreeSet::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let twice = |is_set: bool| match is_set {
            true => Err(format!("`{name}` is given twice")),
            false => Ok(()),
        };
        match &*name {
            "site" => {
                sites.insert(value.parse::<SiteId>().map_err(|error| error.to_string())?);
            }
            "from" => {
                twice(asked.from.is_some())?;
                asked.from = Some(bound("from", &value)?);
            }
            "to" => {
                twice(asked.to.is_some())?;
                asked.to = Some(bound("to", &value)?);
            }
            "period" => {
                twice(asked.period.is_some())?;
                asked.period = Some(value.into_owned());
            }
            "format" => {
                twice(asked.format.is_some())?;
                asked.format = Some(match &*value {
                    "json" => Format::Json,
                    "csv" => Format::Csv,
                    _ => return Err("`format` is `json` or `csv`".to_owned()),
                });
            }
            "spam" => {
                twice(asked.spam.is_some())?;
                let filter = SpamFilter::from_word(&value);
                let words = "`spam` is `exclude`, `include` or `only`";
                asked.spam = Some(filter.ok_or_else(|| words.to_owned())?);
            }
            "model" => {
                twice(asked.model.is_some())?;
                asked.model = Some(one_of("model", &value, &Model::ALL, Model::word)?);
            }
            "weight" => {
                twice(asked.weight.is_some())?;
                let all = [Weight::Calls, Weight::Confidence];
                asked.weight = Some(one_of("weight", &value, &all, Weight::word)?);
            }
            "clock" => {
                twice(asked.clock.is_some())?;
                let all = [ByClock::Call, ByClock::Visit];
                asked.clock = Some(one_of("clock", &value, &all, ByClock::word)?);
            }
            "conversion" => {
                twice(asked.conversion.is_some())?;
                if value.is_empty() || value.len() > MAX_CONVERSION {
                    return Err("`conversion` is the name of one".to_owned());
                }
                asked.conversion = Some(value.into_owned());
            }
            "filter" => asked.filters.push(Filter::read_parameter(&value)?),
            "a" | "b" => {
                let page = &mut asked.pages[usize::from(name == "b")];
                twice(page.is_some())?;
                if value.is_empty() || value.len() > MAX_PAGE {
                    return Err(format!("`{name}` is the path of a landing page"));
                }
                *page = Some(value.into_owned());
            }
            other => return Err(unknown(other)),
        }
    }
    asked.sites = sites.into_iter().collect();
    Ok(asked)
}

fn one_of<T: Copy>(
    name: &str,
    value: &str,
    all: &[T],
    word: fn(T) -> &'static str,
) -> Result<T, String> {
    let words = || all.iter().map(|one| word(*one)).collect::<Vec<_>>().join("`, `");
    let found = all.iter().copied().find(|one| word(*one) == value);
    found.ok_or_else(|| format!("`{name}` is one of `{}`", words()))
}

fn unknown(name: &str) -> String {
    let short: String = name.chars().take(40).collect();
    let near = PARAMETERS.iter().map(|known| (strsim::damerau_levenshtein(known, &short), known));
    match near.min() {
        Some((distance, known)) if distance <= 2 => {
            format!("there is no parameter `{short}`; did you mean `{known}`?")
        }
        _ => {
            format!("there is no parameter `{short}`; there are `{}`", PARAMETERS.join("`, `"))
        }
    }
}

/// One end of a period, as the parameter `name` says it.
pub fn bound(name: &str, text: &str) -> Result<Bound, String> {
    // `Date` would also take the date of a longer text, and drop its time.
    if text.len() == "2026-03-01".len()
        && let Ok(day) = text.parse::<Date>()
    {
        return Ok(Bound::Day(day));
    }
    let moment = text.parse::<jiff::Timestamp>().map(|t| Bound::Moment(t.into()));
    moment.map_err(|_| {
        format!("`{name}` is a date (2026-03-01) or a time (2026-03-01T09:00:00Z, a + as %2B)")
    })
}

/// The period that a name or two bounds mean.
pub fn asked_period(
    name: Option<&str>,
    (from, to): (Option<Bound>, Option<Bound>),
    today: Date,
    now: Millis,
) -> Result<Period, String> {
    let Some(name) = name else { return period(from, to, today, now) };
    if from.is_some() || to.is_some() {
        return Err("name a `period`, or `from` and `to`".to_owned());
    }
    let days = periods::named(name, today);
    let (from, to) = days.ok_or_else(|| names::unknown("period", name, periods::names()))?;
    Ok(Period::Days { from, to })
}

/// The period that two bounds mean. Dates are both included; of two moments the second is not.
/// Without bounds it is the last 30 days with `today`; one bound is completed by 30 days or today
/// (dates), or by `now` (times).
pub fn period(
    from: Option<Bound>,
    to: Option<Bound>,
    today: Date,
    now: Millis,
) -> Result<Period, String> {
    let days_before =
        |day: Date| day.checked_sub(jiff::Span::new().days(DEFAULT_DAYS - 1)).unwrap_or(Date::MIN);
    let period = match (from, to) {
        (None, None) => Period::Days { from: days_before(today), to: today },
        (Some(Bound::Day(from)), None) => Period::Days { from, to: today },
        (None, Some(Bound::Day(to))) => Period::Days { from: days_before(to), to },
        (Some(Bound::Day(from)), Some(Bound::Day(to))) => Period::Days { from, to },
        (Some(Bound::Moment(from)), None) => Period::Moments { from, to: now },
        (None, Some(Bound::Moment(to))) => {
            Period::Moments { from: to.plus(-DEFAULT_DAYS * DAY_MS), to }
        }
        (Some(Bound::Moment(from)), Some(Bound::Moment(to))) => Period::Moments { from, to },
        _ => return Err("`from` and `to` are both dates or both times".to_owned()),
    };
    let backwards = match period {
        Period::Days { from, to } => from > to,
        Period::Moments { from, to } => from > to,
    };
    if backwards { Err("`from` is after `to`".to_owned()) } else { Ok(period) }
}

/// The moments that the period means in a zone, the second not included; `None` at the end of the calendar.
pub fn bounds(period: Period, zone: &TimeZone) -> Option<(Millis, Millis)> {
    match period {
        Period::Moments { from, to } => Some((from, to)),
        Period::Days { from, to } => {
            let begins = |day: Date| {
                let midnight = day.to_zoned(zone.clone()).ok()?;
                Some(Millis::from(midnight.timestamp()))
            };
            Some((begins(from)?, begins(to.checked_add(1.day()).ok()?)?))
        }
    }
}

/// The report that counted rows make: ordered, hours complete.
pub fn report(query: &ReportQuery, counted: Vec<(RowKey, Tally)>, totals: Tally) -> Report {
    let comparison = query.pages.as_ref().map(|pages| ab_test(&counted, pages));
    let mut counted = match query.kind {
        ReportKind::Hours => all_hours(counted),
        ReportKind::Sources | ReportKind::LandingPages => by_weight(counted),
    };
    let rows_left_off = counted.len().saturating_sub(MAX_ROWS);
    counted.truncate(MAX_ROWS);
    let row = |(key, tally): (RowKey, Tally)| Row { key, metrics: Metrics::from(tally) };
    let (from, to) = match query.period {
        Period::Days { from, to } => (from.to_string(), to.to_string()),
        Period::Moments { from, to } => (from.to_string(), to.to_string()),
    };
    Report {
        report: query.kind,
        sites: query.sites.clone(),
        from,
        to,
        time_zone: query.time_zone.clone(),
        credit: query.credit.as_ref().map(|(credit, _)| *credit),
        conversion: query.conversion.clone(),
        filter: query.filter.as_ref().map(ToString::to_string).unwrap_or_default(),
        rows: counted.into_iter().map(row).collect(),
        rows_left_off,
        totals: Metrics::from(totals),
        comparison,
    }
}

/// Two landing pages side by side, each on whatever hosts.
fn ab_test(counted: &[(RowKey, Tally)], [a, b]: &[String; 2]) -> AbTest {
    let rate = |page: &str| {
        let of_page = |(key, _): &&(RowKey, Tally)| matches!(key, RowKey::LandingPage { landing_page, .. } if landing_page == page);
        let tallies = counted.iter().filter(of_page).map(|(_, tally)| tally);
        let (calls, visits) = tallies.fold((0.0, 0.0), |(calls, visits), tally| {
            (calls + tally.visits_with_call, visits + tally.visits)
        });
        Rate::of(calls, visits)
    };
    let (a, b) = (rate(a), rate(b));
    let both = a.zip(b);
    AbTest {
        a,
        b,
        difference: both.map(|(a, b)| a.value - b.value),
        p_value: both.and_then(|(a, b)| p_value(&a, &b)),
    }
}

fn by_weight(mut counted: Vec<(RowKey, Tally)>) -> Vec<(RowKey, Tally)> {
    counted.sort_by(|(a_key, a), (b_key, b)| {
        let order = b.calls.total_cmp(&a.calls).then(b.visits.total_cmp(&a.visits));
        order.then_with(|| a_key.cmp(b_key))
    });
    counted
}

fn all_hours(counted: Vec<(RowKey, Tally)>) -> Vec<(RowKey, Tally)> {
    let counted: HashMap<RowKey, Tally> = counted.into_iter().collect();
    let cells = (1..=7).flat_map(|weekday| (0..24).map(move |hour| RowKey::Hour { weekday, hour }));
    cells.map(|key| (key.clone(), counted.get(&key).copied().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const NOW: Millis = Millis(1_772_971_200_000);

    fn asked(query: &str) -> Result<Period, String> {
        let asked = parse(query)?;
        period(asked.from, asked.to, date(2026, 3, 8), NOW)
    }

    #[test]
    fn bounds_that_are_missing_are_completed() {
        let days = |from, to| Ok(Period::Days { from, to });
        assert_eq!(asked(""), days(date(2026, 2, 7), date(2026, 3, 8)));
        assert_eq!(asked("from=2026-03-01"), days(date(2026, 3, 1), date(2026, 3, 8)));
        assert_eq!(asked("to=2026-01-30"), days(date(2026, 1, 1), date(2026, 1, 30)));
        let day = 86_400_000;
        assert_eq!(
            asked("from=2026-03-07T12:00:00Z"),
            Ok(Period::Moments { from: NOW.plus(-day), to: NOW })
        );
        assert_eq!(
            asked("to=2026-03-08T13:00:00%2B01:00"),
            Ok(Period::Moments { from: NOW.plus(-30 * day), to: NOW })
        );
        assert!(asked("from=2026-03-09").is_err(), "it begins after today");
    }

    #[test]
    fn a_date_is_only_a_date() {
        assert!(asked("from=2026-03-01T09:00").is_err(), "a time without an offset");
        assert!(asked("from=2026-02-30").is_err());
        assert!(asked("from=%00").is_err());
    }

    #[test]
    fn too_many_rows_are_left_off_and_still_counted() {
        let page = |n: usize| RowKey::LandingPage {
            landing_host: "h".to_owned(),
            landing_page: format!("/{n:06}"),
        };
        let tally = Tally { visits: 1.0, ..Tally::default() };
        let counted = (0..MAX_ROWS + 5).rev().map(|n| (page(n), tally)).collect();
        let query = ReportQuery {
            kind: ReportKind::LandingPages,
            sites: Vec::new(),
            period: Period::Days { from: date(2026, 3, 1), to: date(2026, 3, 1) },
            time_zone: None,
            spam: SpamFilter::default(),
            conversion: String::new(),
            credit: None,
            filter: None,
            pages: Some([0, MAX_ROWS + 1].map(|n| format!("/{n:06}"))),
        };
        let totals = Tally { visits: MAX_ROWS as f64 + 5.0, ..Tally::default() };
        let report = report(&query, counted, totals);
        assert_eq!((report.rows.len(), report.rows_left_off), (MAX_ROWS, 5));
        assert_eq!(report.rows[0].key, page(0), "equal rows come in the order of their names");
        assert_eq!(report.totals.visits.get(), MAX_ROWS as f64 + 5.0);
        let pair = report.comparison.expect("two pages");
        let visits = [pair.a, pair.b].map(|rate| rate.expect("it was visited").denominator.get());
        assert_eq!(visits, [1.0, 1.0], "also of a page whose row is left off");
    }
}
