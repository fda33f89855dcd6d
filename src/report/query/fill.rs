//! The spans of time of a period: those without rows, and which of them correspond in two periods. Pure.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::platform::clock::Millis;
use crate::report::query::cell::{Cell, Kind};
use crate::report::query::model::{MAX_GROUPS, Query};
use crate::report::query::store::Rows;
use crate::warehouse::zone::offset;

/// Every value of a dimension of time in these days, both included; in order.
pub fn buckets(query: &Query, kind: Kind, (from, to): (Date, Date)) -> Vec<Cell> {
    match kind {
        Kind::Whole(least, most) => (least..=most).map(Cell::Whole).collect(),
        Kind::DateHour => {
            let mut hours: Vec<Cell> =
                query.zones.iter().flat_map(|zone| hours(zone, from, to)).collect();
            hours.sort_unstable();
            hours.dedup();
            hours
        }
        kind => kind.spans(from, to, MAX_GROUPS + 1),
    }
}

/// Every hour that the wall shows, the one that comes twice twice, and the one that is left out not at all.
fn hours(zone: &TimeZone, from: Date, to: Date) -> Vec<Cell> {
    let midnight = |day: Date| day.to_zoned(zone.clone()).ok();
    let Some(begin) = midnight(from) else { return Vec::new() };
    let Some(end) = to.checked_add(1.day()).ok().and_then(midnight) else { return Vec::new() };
    let begin = Millis::from(begin.timestamp());
    let end = Millis::from(end.timestamp());
    let moments = (0..).map(|n| begin.plus(n * 3_600_000)).take_while(|at| *at < end);
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
        let count = |day| hours(&zone, day, day).len();
        assert_eq!(
            [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)].map(count),
            [24, 23, 25]
        );
        let autumn = hours(&zone, date(2026, 10, 25), date(2026, 10, 25));
        assert_eq!(autumn[2], Cell::Text("2026-10-25T02:00+02:00".to_owned()));
        assert_eq!(autumn[3], Cell::Text("2026-10-25T02:00+01:00".to_owned()));
    }

    #[test]
    fn hours_begin_where_the_wall_says_also_half_an_hour_off() {
        let zone = TimeZone::get("Asia/Kolkata").expect("a zone");
        let first = hours(&zone, date(2026, 1, 1), date(2026, 1, 1)).remove(0);
        assert_eq!(first, Cell::Text("2026-01-01T00:00+05:30".to_owned()));
    }
}
