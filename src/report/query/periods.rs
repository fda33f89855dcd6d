//! Periods by their names, and the periods before them. Pure.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::report::query::cell::Kind;

/// A period with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// So many days, of which the last is so many days ago.
    Days(i64, i64),
    /// The calendar's span that lies so many spans back, up to its end or today.
    Span(Kind, i64),
}

/// Every period with a name. Those that are not over end today.
const PERIODS: [(&str, Named); 17] = [
    ("today", Named::Days(1, 0)),
    ("yesterday", Named::Days(1, 1)),
    ("last_7_days", Named::Days(7, 0)),
    ("last_14_days", Named::Days(14, 0)),
    ("last_28_days", Named::Days(28, 0)),
    ("last_30_days", Named::Days(30, 0)),
    ("last_90_days", Named::Days(90, 0)),
    ("last_365_days", Named::Days(365, 0)),
    ("this_week", Named::Span(Kind::Week, 0)),
    ("last_week", Named::Span(Kind::Week, 1)),
    ("this_month", Named::Span(Kind::Month, 0)),
    ("last_month", Named::Span(Kind::Month, 1)),
    ("this_quarter", Named::Span(Kind::Quarter, 0)),
    ("last_quarter", Named::Span(Kind::Quarter, 1)),
    ("this_year", Named::Span(Kind::Year, 0)),
    ("last_year", Named::Span(Kind::Year, 1)),
    ("year_before_last", Named::Span(Kind::Year, 2)),
];

/// The names, in the order of the documentation.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    PERIODS.iter().map(|(name, _)| *name)
}

/// First and last day of the period with this name.
pub fn named(name: &str, today: Date) -> Option<(Date, Date)> {
    let (_, period) = PERIODS.iter().find(|(known, _)| *known == name)?;
    match *period {
        Named::Days(days, ago) => {
            let last = today.checked_sub(ago.days()).ok()?;
            Some((last.checked_sub((days - 1).days()).ok()?, last))
        }
        Named::Span(kind, back) => {
            let mut first = kind.first_day(today);
            let mut last = today;
            for _ in 0..back {
                last = first.yesterday().ok()?;
                first = kind.first_day(last);
            }
            Some((first, last))
        }
    }
}

/// As many days, just before these.
pub fn previous((from, to): (Date, Date)) -> Option<(Date, Date)> {
    let last = from.yesterday().ok()?;
    let days = i64::from(to.since(from).ok()?.get_days());
    Some((last.checked_sub(days.days()).ok()?, last))
}

/// The same days of the year before.
pub fn last_year((from, to): (Date, Date)) -> Option<(Date, Date)> {
    Some((from.checked_sub(1.year()).ok()?, to.checked_sub(1.year()).ok()?))
}

/// So many days, just before these.
pub fn days_before((from, _): (Date, Date), days: i64) -> Option<(Date, Date)> {
    Some((from.checked_sub(days.days()).ok()?, from.yesterday().ok()?))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_mean_what_calendars_say() {
        // A Wednesday.
        let today = date(2026, 3, 4);
        let is = |name, from, to| assert_eq!(named(name, today), Some((from, to)), "{name}");
        is("yesterday", date(2026, 3, 3), date(2026, 3, 3));
        is("last_7_days", date(2026, 2, 26), today);
        is("this_week", date(2026, 3, 2), today);
        is("last_week", date(2026, 2, 23), date(2026, 3, 1));
        is("last_month", date(2026, 2, 1), date(2026, 2, 28));
        is("this_quarter", date(2026, 1, 1), today);
        is("last_quarter", date(2025, 10, 1), date(2025, 12, 31));
        is("year_before_last", date(2024, 1, 1), date(2024, 12, 31));
        assert_eq!(named("tomorrow", today), None);
        assert_eq!(
            last_year((date(2024, 2, 29), today)),
            Some((date(2023, 2, 28), date(2025, 3, 4)))
        );
    }

    proptest! {
        #[test]
        fn the_previous_period_is_as_long_and_ends_the_day_before(day in 0i64..9_000, length in 0i64..800) {
            let from = date(2001, 1, 1).checked_add(day.days()).expect("a day");
            let to = from.checked_add(length.days()).expect("a day");
            let (before, last) = previous((from, to)).expect("a period");
            prop_assert_eq!(last.tomorrow().expect("a day"), from);
            let days = |a: Date, b: Date| b.since(a).expect("a span").get_days();
            prop_assert_eq!(days(before, last), days(from, to));
        }
    }
}
