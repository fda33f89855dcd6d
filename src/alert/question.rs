//! What alerts and schedules ask of reports.

use std::sync::Arc;

use jiff::civil::Date;

use crate::alert::judge::percent;
use crate::alert::mailable::mailable;
use crate::alert::model::Verdict;
use crate::config::Live;
use crate::config::model::{Config, Site};
use crate::platform::clock::Millis;
use crate::report::query::answer::{Answer, Measured};
use crate::report::query::benchmarks::{Benchmarks, Better};
use crate::report::query::figure::Figure;
use crate::report::query::filter::Filter;
use crate::report::query::metrics;
use crate::report::query::model::Thresholds;
use crate::report::query::periods;
use crate::report::query::read::{Body, OneOrMany};
use crate::report::query::resolve::{AskedSite, Circumstances, resolve, time_limit};
use crate::report::query::run::run;
use crate::warehouse::store::Warehouse;
use crate::warehouse::zone::{local_time, site_zone};

/// The industry that all belong to.
const EVERYBODY: &str = "all";
/// What stands for the site's own past among the benchmarks.
const OWN_PAST: &str = "own_past";
/// A mean or a sum that differs by less than this part of the site's own past is as usual.
const AS_USUAL: f64 = 0.2;
/// Half of a 95 % interval in standard deviations.
const DEVIATIONS: f64 = 1.96;

/// Most rows of a report in a letter; its file has all.
const MOST_ROWS: usize = 10_000;

/// Asks reports for a site, as nobody in particular.
#[derive(Clone)]
pub struct Reports {
    warehouse: Warehouse,
    live: Live,
    benchmarks: Arc<Benchmarks>,
}

/// A metric as it is.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its name.
    pub metric: &'static str,
    /// The period, for people.
    pub period: String,
    /// The figure.
    pub figure: Figure,
    /// How it lies to its benchmark; `None`: there is none.
    pub measured: Option<Measured>,
    /// Which direction is better, where the benchmarks say.
    pub better: Option<Better>,
}

impl Reports {
    /// Reports of this warehouse.
    pub fn new(warehouse: Warehouse, live: Live, benchmarks: Arc<Benchmarks>) -> Self {
        Reports { warehouse, live, benchmarks }
    }

    /// One metric of a site, and how it lies to a benchmark. What adds up is held against the own past on whole days alone:
    /// a day that is not over has less than others. The error is for people.
    pub async fn ask(
        &self,
        site: &Site,
        (metric, filter): (&str, &[String]),
        period: &str,
        against: Option<&String>,
        now: Millis,
    ) -> Result<Asked, String> {
        let conditions = filter.iter().map(|text| condition(text)).collect::<Result<_, _>>()?;
        let days = match against.is_some_and(|against| against == OWN_PAST) && adds_up(metric) {
            true => {
                Some(whole_days(period, self.today(site, now)).ok_or("there are no such days")?)
            }
            false => None,
        };
        let (from, to) = days.map(|(from, to)| (from.to_string(), to.to_string())).unzip();
        let body = Body {
            metrics: vec![metric.to_owned()],
            period: days.is_none().then(|| period.to_owned()),
            from,
            to,
            benchmark: against.cloned(),
            conditions,
            ..Body::default()
        };
        let answer = self.answer(site, body, now).await?;
        let metric = answer.metrics.first().ok_or("no metric")?.name;
        let row = answer.totals.ok_or("no totals")?;
        let figure = row.figures.first().copied().unwrap_or(Figure::Unknown);
        let measured = row.measured.into_iter().next().flatten();
        let better = self.benchmarks.of(metric, EVERYBODY).map(|benchmark| benchmark.better);
        let period = match days {
            Some((from, to)) if from == to => from.to_string(),
            Some((from, to)) => format!("{from} to {to}"),
            None => period.replace('_', " "),
        };
        Ok(Asked { metric, period, figure, measured, better })
    }

    fn today(&self, site: &Site, now: Millis) -> Date {
        local_time(now, &site_zone(&self.live.now_full(), &site.id)).date
    }

    /// A named report of a site. The error is for people.
    pub async fn report(
        &self,
        site: &Site,
        name: &str,
        period: &str,
        now: Millis,
    ) -> Result<Answer, String> {
        let preset = mailable(name).ok_or_else(|| format!("there is no report `{name}`"))?;
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let body = Body {
            metrics: owned(preset.metrics),
            dimensions: owned(preset.dimensions),
            period: Some(period.to_owned()),
            limit: Some(MOST_ROWS),
            ..Body::default()
        };
        self.answer(site, body, now).await
    }

    async fn answer(&self, site: &Site, body: Body, now: Millis) -> Result<Answer, String> {
        let installation = self.live.now_full();
        let asked = AskedSite {
            id: site.id.clone(),
            zone: site_zone(&installation, &site.id),
            currency: site.currency.clone(),
        };
        let config: &Config = &installation.config;
        let circumstances = Circumstances {
            sites: vec![asked],
            thresholds: Thresholds::of(&config.reports),
            now,
            whole: false,
        };
        let body = Body { site: OneOrMany::One(site.id.clone()), ..body };
        let query = resolve(body, circumstances)?;
        let limit = time_limit(config.reports.time_limit);
        let answer = run(&self.warehouse, &query, &self.benchmarks, limit, now).await;
        answer.map_err(|error| error.to_string())
    }
}

/// A condition as the parameter `filter` of reports takes it. The error is for people.
pub fn condition(text: &str) -> Result<Filter, String> {
    Filter::read_short(text)
}

/// Whether a metric grows from day to day: what is counted or summed, and divided by nothing.
fn adds_up(metric: &str) -> bool {
    metrics::metric(metric).is_some_and(|metric| metric.under.is_empty())
}

/// First and last day of a named period without a day that is not over: such a period is that of the day before.
fn whole_days(period: &str, today: Date) -> Option<(Date, Date)> {
    let named = periods::named(period, today)?;
    let is_over = named.1 < today;
    if is_over { Some(named) } else { periods::named(period, today.yesterday().ok()?) }
}

/// Whether a metric lies between its bounds.
pub fn against_bounds(
    asked: &Asked,
    above: Option<f64>,
    below: Option<f64>,
    at_least: f64,
) -> Verdict {
    let Some(value) = judged(asked, at_least) else { return Verdict::Unknown };
    let wrong = |bound: f64, word: &str| {
        format!("{}, {word} {}", told(asked, value), written(&asked.figure, bound))
    };
    match (above, below) {
        (Some(above), _) if value > above => Verdict::Wrong(wrong(above, "above")),
        (_, Some(below)) if value < below => Verdict::Wrong(wrong(below, "below")),
        _ => Verdict::Fine(told(asked, value)),
    }
}

/// Whether a metric is no worse than its benchmark.
pub fn against_benchmark(asked: &Asked, at_least: f64) -> Verdict {
    let (Some(value), Some(measured)) = (judged(asked, at_least), &asked.measured) else {
        return Verdict::Unknown;
    };
    let end = |end: Option<f64>| end.map_or("…".to_owned(), |end| written(&asked.figure, end));
    let usual =
        format!("usual: {} to {} ({})", end(measured.low), end(measured.high), measured.from);
    let text = format!("{}; {usual}", told(asked, value));
    let is_worse = match (measured.verdict, measured.low) {
        ("own", Some(past)) => is_worse_than(past, asked, value),
        (verdict, _) => verdict == "worse",
    };
    if is_worse { Verdict::Wrong(text) } else { Verdict::Fine(text) }
}

/// Whether a value is worse than the site's own past by more than chance: a share when the past lies outside of its 95 %
/// interval, a count when chance (Poisson's) brings it less than once in twenty times, all else from a fifth on. Where
/// nobody said which direction is better, both are worse.
fn is_worse_than(past: f64, asked: &Asked, value: f64) -> bool {
    let off = match asked.figure {
        Figure::Rate(rate) => past < rate.low || past > rate.high,
        Figure::Count(_) => (value - past).abs() > DEVIATIONS * past.sqrt(),
        _ => (value - past).abs() > AS_USUAL * past.abs(),
    };
    off && match asked.better {
        Some(Better::Higher) => value < past,
        Some(Better::Lower) => value > past,
        Some(Better::Within) | None => true,
    }
}

/// The value, unless it is a share of too few, or not known.
fn judged(asked: &Asked, at_least: f64) -> Option<f64> {
    let enough = asked.figure.parts().is_none_or(|(_, of)| of.get() >= at_least);
    asked.figure.value().filter(|_| enough)
}

fn told(asked: &Asked, value: f64) -> String {
    let of = asked.figure.parts().map(|(part, of)| format!(" ({} of {})", part.get(), of.get()));
    let (metric, period) = (asked.metric, &asked.period);
    format!("{metric} is {}{} ({period})", written(&asked.figure, value), of.unwrap_or_default())
}

fn written(figure: &Figure, value: f64) -> String {
    match figure {
        Figure::Rate(_) => percent(value),
        _ => format!("{}", (value * 100.0).round() / 100.0),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::report::metrics::Rate;

    fn asked(figure: Figure, verdict: Option<&'static str>) -> Asked {
        let measured = verdict.map(|verdict| Measured {
            low: Some(0.7),
            high: Some(0.75),
            better: "higher",
            gap: -0.1,
            verdict,
            from: "a survey".to_owned(),
        });
        let (metric, period) = ("completion_rate", "last 7 days".to_owned());
        Asked { metric, period, figure, measured, better: Some(Better::Higher) }
    }

    #[test]
    fn a_day_that_is_not_over_is_no_whole_day() {
        // A Monday.
        let today = date(2026, 3, 9);
        let is = |name, from, to| assert_eq!(whole_days(name, today), Some((from, to)), "{name}");
        is("today", date(2026, 3, 8), date(2026, 3, 8));
        is("yesterday", date(2026, 3, 8), date(2026, 3, 8));
        is("last_7_days", date(2026, 3, 2), date(2026, 3, 8));
        is("this_week", date(2026, 3, 2), date(2026, 3, 8));
        is("last_week", date(2026, 3, 2), date(2026, 3, 8));
        is("this_month", date(2026, 3, 1), date(2026, 3, 8));
        assert_eq!(whole_days("some_day", today), None);
        assert!(adds_up("calls") && adds_up("revenue"));
        assert!(!adds_up("completion_rate") && !adds_up("average_call_duration"));
    }

    #[test]
    fn bounds_are_held_against_what_is_known_of_enough_calls() {
        let rate = |n: f64, of: f64| asked(Figure::Rate(Rate::of(n, of).expect("a rate")), None);
        let text = "completion_rate is 45.0 % (45 of 100) (last 7 days), below 50.0 %".to_owned();
        assert_eq!(against_bounds(&rate(45.0, 100.0), None, Some(0.5), 20.0), Verdict::Wrong(text));
        assert!(matches!(
            against_bounds(&rate(55.0, 100.0), None, Some(0.5), 20.0),
            Verdict::Fine(_)
        ));
        assert!(matches!(
            against_bounds(&rate(55.0, 100.0), Some(0.5), None, 20.0),
            Verdict::Wrong(_)
        ));
        assert_eq!(against_bounds(&rate(1.0, 10.0), None, Some(0.5), 20.0), Verdict::Unknown);
        let unknown = asked(Figure::Unknown, None);
        assert_eq!(against_bounds(&unknown, None, Some(0.5), 20.0), Verdict::Unknown);
        let number = asked(Figure::Number(34.4), None);
        assert!(matches!(against_bounds(&number, Some(30.0), None, 20.0), Verdict::Wrong(_)));
    }

    #[test]
    fn only_what_is_worse_than_its_benchmark_is_wrong() {
        let figure = Figure::Rate(Rate::of(60.0, 100.0).expect("a rate"));
        let judged = |verdict| against_benchmark(&asked(figure, verdict), 20.0);
        assert!(matches!(judged(Some("worse")), Verdict::Wrong(text) if text.contains("a survey")));
        assert!(matches!(judged(Some("usual")), Verdict::Fine(_)));
        assert_eq!(judged(None), Verdict::Unknown);
    }

    #[test]
    fn the_own_past_is_a_benchmark_that_chance_may_miss() {
        let rate = |n: f64| Figure::Rate(Rate::of(n, 100.0).expect("a rate"));
        let wrong = |figure, better| {
            let one = Asked { better, ..asked(figure, Some("own")) };
            matches!(against_benchmark(&one, 20.0), Verdict::Wrong(_))
        };
        // The past is 0.7.
        assert!(wrong(rate(55.0), Some(Better::Higher)));
        assert!(!wrong(rate(66.0), Some(Better::Higher)), "that is chance");
        assert!(!wrong(rate(95.0), Some(Better::Higher)), "that is better");
        assert!(wrong(rate(95.0), Some(Better::Lower)) && wrong(rate(95.0), None));
        assert!(wrong(Figure::Number(0.9), Some(Better::Lower)));
        assert!(!wrong(Figure::Number(0.8), Some(Better::Lower)));
    }
}
