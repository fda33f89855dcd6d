//! What a row is about: one cell for each dimension, and how it is written and read.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What sort of values a dimension has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Texts; nothing is the empty text in the tables and `null` outside.
    Text,
    /// Several words in one text, joined by commas: a call counts under each of them.
    Words,
    /// `true` or `false`.
    Flag,
    /// Whole numbers between these, both included.
    Whole(i64, i64),
    /// An hour of a day on the site's wall with its offset from UTC: `2026-10-25T02:00+01:00`.
    DateHour,
    /// Days: `2026-03-01`.
    Day,
    /// ISO weeks, by their Monday: `2026-W10`.
    Week,
    /// `2026-03`.
    Month,
    /// `2026-Q1`.
    Quarter,
    /// `2026`.
    Year,
}

/// One value of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cell {
    /// Not known, or none.
    None,
    /// A flag.
    Flag(bool),
    /// A number.
    Whole(i64),
    /// The first day of a span of time.
    Day(Date),
    /// A text.
    Text(String),
}

impl Kind {
    /// Whether values of it are spans of time.
    pub fn is_time(self) -> bool {
        self.unit().is_some() || self == Kind::DateHour
    }

    /// The calendar's unit, where rows are filed under its first day.
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Kind::Day => Some("day"),
            Kind::Week => Some("week"),
            Kind::Month => Some("month"),
            Kind::Quarter => Some("quarter"),
            Kind::Year => Some("year"),
            _ => None,
        }
    }

    /// What a value looks like, for people.
    pub fn expected(self) -> &'static str {
        match self {
            Kind::Text | Kind::Words => "a text",
            Kind::Flag => "true or false",
            Kind::Whole(..) => "a whole number",
            Kind::DateHour => "an hour such as 2026-10-25T02:00+01:00",
            Kind::Day => "a day such as 2026-03-01",
            Kind::Week => "a week such as 2026-W10",
            Kind::Month => "a month such as 2026-03",
            Kind::Quarter => "a quarter such as 2026-Q1",
            Kind::Year => "a year such as 2026",
        }
    }

    /// The first day of the span that `day` lies in.
    pub fn first_day(self, day: Date) -> Date {
        match self {
            Kind::Week => {
                let back = i64::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(back.days()).unwrap_or(day)
            }
            Kind::Month => day.first_of_month(),
            Kind::Quarter => {
                let month = (day.month() - 1) / 3 * 3 + 1;
                Date::new(day.year(), month, 1).unwrap_or(day)
            }
            Kind::Year => day.first_of_year(),
            _ => day,
        }
    }

    /// How far the next span begins behind this one.
    fn step(self) -> Option<Span> {
        match self {
            Kind::Day => Some(1.day()),
            Kind::Week => Some(1.week()),
            Kind::Month => Some(1.month()),
            Kind::Quarter => Some(3.months()),
            Kind::Year => Some(1.year()),
            _ => None,
        }
    }

    /// The first day of the span behind the one that begins with `first`; `None` where spans are not days.
    pub fn next_day(self, first: Date) -> Option<Date> {
        first.checked_add(self.step()?).ok()
    }

    /// Every span of this kind from the one with `from` to the one with `to`; at most `most`, and none where spans
    /// are not days.
    pub fn spans(self, from: Date, to: Date, most: usize) -> Vec<Cell> {
        if self.step().is_none() {
            return Vec::new();
        }
        let days = std::iter::successors(Some(self.first_day(from)), |day| self.next_day(*day));
        days.take_while(|day| *day <= to).take(most).map(Cell::Day).collect()
    }

    /// The cell that a value of a request names; `None` when it is none of this kind.
    pub fn read(self, value: &Value) -> Option<Cell> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        match self {
            Kind::Text | Kind::Words | Kind::DateHour => Some(Cell::Text(text)),
            Kind::Flag => text.parse().ok().map(Cell::Flag),
            Kind::Whole(least, most) => {
                text.parse().ok().filter(|n| (least..=most).contains(n)).map(Cell::Whole)
            }
            Kind::Day => (text.len() == 10).then(|| text.parse().ok()).flatten().map(Cell::Day),
            Kind::Week => {
                let (year, week) = text.split_once("-W")?;
                let week =
                    ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, Weekday::Monday);
                Some(Cell::Day(week.ok()?.date()))
            }
            Kind::Month => {
                let (year, month) = text.split_once('-')?;
                Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok().map(Cell::Day)
            }
            Kind::Quarter => {
                let (year, quarter) = text.split_once("-Q")?;
                let quarter: i8 = quarter.parse().ok().filter(|q| (1..=4).contains(q))?;
                Date::new(year.parse().ok()?, quarter * 3 - 2, 1).ok().map(Cell::Day)
            }
            Kind::Year => Date::new(text.parse().ok()?, 1, 1).ok().map(Cell::Day),
        }
    }
}

impl Cell {
    /// The cell as people read it; nothing is the empty text.
    pub fn text(&self, kind: Kind) -> String {
        match self {
            Cell::None => String::new(),
            Cell::Flag(flag) => flag.to_string(),
            Cell::Whole(number) => number.to_string(),
            Cell::Text(text) => text.clone(),
            Cell::Day(day) => match kind {
                Kind::Week => {
                    let week = day.iso_week_date();
                    format!("{:04}-W{:02}", week.year(), week.week())
                }
                Kind::Month => format!("{:04}-{:02}", day.year(), day.month()),
                Kind::Quarter => format!("{:04}-Q{}", day.year(), (day.month() - 1) / 3 + 1),
                Kind::Year => format!("{:04}", day.year()),
                _ => day.to_string(),
            },
        }
    }

    /// The cell in JSON.
    pub fn json(&self, kind: Kind) -> Value {
        match self {
            Cell::None => Value::Null,
            Cell::Flag(flag) => Value::from(*flag),
            Cell::Whole(number) => Value::from(*number),
            Cell::Day(day) if kind == Kind::Year => Value::from(day.year()),
            Cell::Day(_) | Cell::Text(_) => Value::from(self.text(kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SPANS: [Kind; 5] = [Kind::Day, Kind::Week, Kind::Month, Kind::Quarter, Kind::Year];

    #[test]
    fn spans_are_named_as_calendars_do() {
        let day = date(2027, 1, 2);
        let names = SPANS.map(|kind| Cell::Day(kind.first_day(day)).text(kind));
        assert_eq!(names, ["2027-01-02", "2026-W53", "2027-01", "2027-Q1", "2027"]);
        assert_eq!(Kind::Week.read(&json!("2026-W54")), None);
        assert_eq!(Kind::Quarter.read(&json!("2026-Q5")), None);
        assert_eq!(Kind::Whole(0, 23).read(&json!(24)), None);
        assert_eq!(Kind::Flag.read(&json!("yes")), None);
    }

    #[test]
    fn spans_of_a_period_are_all_of_them() {
        let of = |kind: Kind| kind.spans(date(2026, 1, 30), date(2026, 4, 2), 1_000).len();
        assert_eq!(SPANS.map(of), [63, 10, 4, 2, 1]);
        assert_eq!(Kind::Day.spans(date(2026, 1, 1), date(2030, 1, 1), 7).len(), 7);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(days in 0i64..40_000) {
            let day = date(1990, 1, 1).checked_add(days.days()).expect("a day");
            for kind in SPANS {
                let first = Cell::Day(kind.first_day(day));
                prop_assert_eq!(kind.read(&first.json(kind)), Some(first));
            }
        }
    }
}
