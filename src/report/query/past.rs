//! The site's own past as a benchmark: what the 84 days before were like, over as much time as is asked about. Pure.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::report::model::Period;
use crate::report::query::answer::Measured;
use crate::report::query::benchmarks::{Benchmark, Better};
use crate::report::query::cell::{Cell, Kind};
use crate::report::query::figure::Figure;
use crate::report::query::metrics::Metric;
use crate::report::query::model::Query;
use crate::report::query::store::Key;
use crate::warehouse::dialect::How;
use crate::warehouse::zone::local_time;

/// Days of a site's own past that it is held against.
pub const PAST_DAYS: i64 = 84;

const DAY_MS: f64 = 86_400_000.0;

/// What the past is asked: no day of the question is among its days, so that they are not told apart.
pub fn of_past(query: &Query) -> Query {
    let dimensions = query.dimensions.iter().filter(|dimension| !dimension.kind.is_time());
    Query { dimensions: dimensions.copied().collect(), ..query.clone() }
}

/// The row of the past that a row is held against.
pub fn key_of_past(query: &Query, key: &Key) -> Key {
    let cells = query.dimensions.iter().zip(key).filter(|(dimension, _)| !dimension.kind.is_time());
    cells.map(|(_, cell)| cell.clone()).collect()
}

/// Figures of a row against those of the past. What is counted or summed is scaled to the time that is over.
pub fn against_past(
    query: &Query,
    key: Option<&Key>,
    figures: &[Figure],
    past: &[Figure],
) -> Vec<Option<Measured>> {
    let scale = days_over(query, key) / PAST_DAYS as f64;
    let measured = query.metrics.iter().zip(figures).zip(past).map(|((metric, now), past)| {
        let usual = match metric.under.is_empty() {
            // Who calls in two weeks is one caller: their number does not grow with time.
            true if counts_people(metric) => return None,
            true => past.value()? * scale,
            false => past.value()?,
        };
        let benchmark = Benchmark {
            metric: metric.name.to_owned(),
            industry: String::new(),
            low: Some(usual),
            high: Some(usual),
            better: Better::Higher,
            from: format!("the {PAST_DAYS} days before"),
        };
        // Whether more is better depends on the metric; the gap says what there is to say.
        Some(Measured { better: "within", verdict: "own", ..benchmark.measure(now.value()?) })
    });
    measured.collect()
}

fn counts_people(metric: &Metric) -> bool {
    let mut sums = metric.over.iter().map(|term| term.plus.definition().how);
    sums.any(|how| how == How::Distinct("caller"))
}

/// How many days of a row, or of the whole period, are over at the moment of the question; a part of one for today.
fn days_over(query: &Query, key: Option<&Key>) -> f64 {
    let cells = key.into_iter().flat_map(|key| query.dimensions.iter().zip(key));
    let times = cells.filter(|(dimension, _)| dimension.kind.is_time());
    let (mut first, mut last) = query.days;
    for (dimension, cell) in times {
        match (dimension.kind, cell) {
            (Kind::DateHour, _) => return 1.0 / 24.0,
            (kind, Cell::Day(day)) => {
                let end = kind.next_day(*day).and_then(|next| next.yesterday().ok());
                (first, last) = (first.max(*day), last.min(end.unwrap_or(*day)));
            }
            _ => {}
        }
    }
    match query.selection.period {
        Period::Moments { from, to } if (first, last) == query.days => {
            to.min(query.asked_at).since(from).max(0) as f64 / DAY_MS
        }
        _ => whole_days_over(query, first, last),
    }
}

/// Days of these that are over by the clock of the first site.
fn whole_days_over(query: &Query, first: Date, last: Date) -> f64 {
    let Some(zone) = query.zones.first() else { return 0.0 };
    let days = |from: Date, to: Date| {
        to.since(from).map_or(0.0, |span| f64::from(span.get_days())).max(0.0)
    };
    let today = local_time(query.asked_at, zone).date;
    let behind = last.checked_add(1.day()).unwrap_or(last);
    if today > last {
        return days(first, behind);
    }
    if today < first {
        return 0.0;
    }
    let wall = zone.to_datetime(query.asked_at.timestamp());
    let minutes = f64::from(wall.hour()) * 60.0 + f64::from(wall.minute());
    days(first, today) + minutes / (24.0 * 60.0)
}
