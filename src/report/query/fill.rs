//! The spans of time of a period: those without rows, and which of them correspond in two periods. Pure.

use std::collections::{HashMap, HashSet};

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::platform::clock::Millis;
use crate::report::model::Period;
use crate::report::query::cell::{Cell, Kind};
use crate::report::query::model::{MAX_GROUPS, Query};
use crate::report::query::store::{Key, Rows};
use crate::warehouse::zone::offset;

const HOUR_MS: i64 = 3_600_000;
/// No bounds.
const ALWAYS: (Millis, Millis) = (Millis(i64::MIN), Millis(i64::MAX));

/// The dimensions of which all combinations are hours of a week.
const WEEK: [&str; 2] = ["weekday", "hour"];

/// Adds rows for spans of time that have none, for every combination of the other dimensions that has any. Of several
/// dimensions of time the first is filled; weekdays and hours are filled together. The error is for people.
pub fn fill(query: &Query, rows: &mut Rows) -> Result<(), String> {
    let is_of_time = |kind: Kind| kind.is_time() || matches!(kind, Kind::Whole(..));
    let Some(first) = query.dimensions.iter().position(|d| is_of_time(d.kind)) else {
        return Ok(());
    };
    let of_week = WEEK.map(|name| query.dimensions.iter().position(|d| d.name == name));
    let places = match of_week {
        [Some(weekday), Some(hour)] if weekday == first || hour == first => vec![weekday, hour],
        _ => vec![first],
    };
    let buckets: Vec<Vec<Cell>> = places.iter().map(|&n| asked_about(query, n)).collect();
    let without = |mut key: Key| {
        places.iter().for_each(|&n| key[n] = Cell::None);
        key
    };
    let others: HashSet<Key> = match query.dimensions.len() == places.len() {
        true => HashSet::from([vec![Cell::None; places.len()]]),
        false => rows.groups.keys().cloned().map(without).collect(),
    };
    let each = buckets.iter().map(Vec::len).fold(others.len(), usize::saturating_mul);
    if each > MAX_GROUPS {
        return Err(format!("filled up the answer would have more than {MAX_GROUPS} rows"));
    }
    let mut keys: Vec<Key> = others.into_iter().collect();
    for (&place, buckets) in places.iter().zip(&buckets) {
        let with = |key: &Key, bucket: &Cell| {
            let mut key = key.clone();
            key[place] = bucket.clone();
            key
        };
        keys = keys.iter().flat_map(|key| buckets.iter().map(move |b| with(key, b))).collect();
    }
    let empty = rows.empty();
    for key in keys {
        rows.groups.entry(key).or_insert_with(|| empty.clone());
    }
    Ok(())
}

/// The values of the `n`th dimension that the period has.
fn asked_about(query: &Query, n: usize) -> Vec<Cell> {
    let kind = query.dimensions[n].kind;
    match (kind, query.selection.period) {
        // Hours that end before the period or begin after it are in its days all the same.
        (Kind::DateHour, Period::Moments { from, to }) => {
            let (first, last) = query.days;
            let of_zone = |zone| hours(zone, first, last, (from.plus(1 - HOUR_MS), to));
            let mut hours: Vec<Cell> = query.zones.iter().flat_map(of_zone).collect();
            hours.sort_unstable();
            hours.dedup();
            hours
        }
        _ => buckets(query, kind, query.days),
    }
}

/// Every value of a dimension of time in these days, both included; in order.
pub fn buckets(query: &Query, kind: Kind, (from, to): (Date, Date)) -> Vec<Cell> {
    match kind {
        Kind::Whole(least, most) => (least..=most).map(Cell::Whole).collect(),
        Kind::DateHour => {
            let mut hours: Vec<Cell> =
                query.zones.iter().flat_map(|zone| hours(zone, from, to, ALWAYS)).collect();
            hours.sort_unstable();
            hours.dedup();
            hours
        }
        kind => kind.spans(from, to, MAX_GROUPS + 1),
    }
}

/// Every hour that the wall shows and that begins between two moments, the one that comes twice twice, and the one that is
/// left out not at all.
fn hours(
    zone: &TimeZone,
    from: Date,
    to: Date,
    (earliest, end_of_all): (Millis, Millis),
) -> Vec<Cell> {
    let midnight = |day: Date| day.to_zoned(zone.clone()).ok();
    let Some(begin) = midnight(from) else { return Vec::new() };
    let Some(end) = to.checked_add(1.day()).ok().and_then(midnight) else { return Vec::new() };
    let begin = Millis::from(begin.timestamp());
    let end = Millis::from(end.timestamp());
    let moments = (0..).map(|n| begin.plus(n * HOUR_MS)).take_while(|at| *at < end);
    let moments = moments.filter(|at| (earliest..end_of_all).contains(at));
    let hour = |at: Millis| {
        let wall = zone.to_datetime(at.timestamp());
        let text = format!("{}T{:02}:00{}", wall.date(), wall.hour(), offset(at, zone));
        Cell::Text(text)
    };
    moments.take(MAX_GROUPS + 1).map(hour).collect()
}

/// Files what is compared with under the times of the question: its first day under the first, and so on. What has no
/// counterpart is left out of the rows; the totals have it.
pub fn align(query: &Query, other: Rows) -> Rows {
    let Some((_, days)) = query.compare.as_ref().filter(|(_, days)| *days != query.days) else {
        return other;
    };
    let counterpart = |kind: Kind| -> Option<HashMap<Cell, Cell>> {
        let (theirs, ours) = (buckets(query, kind, *days), buckets(query, kind, query.days));
        kind.is_time().then(|| theirs.into_iter().zip(ours).collect())
    };
    let maps: Vec<_> = query.dimensions.iter().map(|d| counterpart(d.kind)).collect();
    let moved = |key: Vec<Cell>| -> Option<Vec<Cell>> {
        let cells = key.into_iter().zip(&maps);
        cells
            .map(|(cell, map)| match map {
                Some(map) => map.get(&cell).cloned(),
                None => Some(cell),
            })
            .collect()
    };
    let groups = other.groups.into_iter().filter_map(|(key, sums)| Some((moved(key)?, sums)));
    Rows { groups: groups.collect(), ..other }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_have_23_24_or_25_hours() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let count = |day| hours(&zone, day, day, ALWAYS).len();
        assert_eq!(
            [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)].map(count),
            [24, 23, 25]
        );
        let autumn = hours(&zone, date(2026, 10, 25), date(2026, 10, 25), ALWAYS);
        assert_eq!(autumn[2], Cell::Text("2026-10-25T02:00+02:00".to_owned()));
        assert_eq!(autumn[3], Cell::Text("2026-10-25T02:00+01:00".to_owned()));
    }

    #[test]
    fn hours_begin_where_the_wall_says_also_half_an_hour_off() {
        let zone = TimeZone::get("Asia/Kolkata").expect("a zone");
        let first = hours(&zone, date(2026, 1, 1), date(2026, 1, 1), ALWAYS).remove(0);
        assert_eq!(first, Cell::Text("2026-01-01T00:00+05:30".to_owned()));
    }
}
