//! What differs between the SQL of warehouses. Everything else that questions use is understood by all of them.

use crate::report::query::sums::How;

/// The words of one warehouse.
pub trait Dialect: Sync {
    /// The `n`th bound value (from 1).
    fn parameter(&self, n: usize) -> String;
    /// A bound day (`2026-03-01`).
    fn day(&self, parameter: &str) -> String;
    /// The first day of the calendar's `unit` that a day lies in.
    fn first_day(&self, unit: &'static str, column: &str) -> String;
    /// The day as a text.
    fn day_text(&self, column: &str) -> String;
    /// Two digits.
    fn two_digits(&self, column: &str) -> String;
    /// A sum over the rows for which `when` holds (empty: all), each counting `weight` times (none: once), as a
    /// floating point number.
    fn sum(&self, how: How, when: &str, weight: Option<&str>) -> String;
    /// Whether a text holds another.
    fn contains(&self, text: &str, part: &str) -> String;
    /// Whether a text begins with another.
    fn begins(&self, text: &str, part: &str) -> String;
    /// Whether a regular expression is found in a text.
    fn matches(&self, text: &str, expression: &str) -> String;
    /// The rows of `source`, once for each word of a text that is joined by commas, which is then in `column`.
    fn words(&self, source: &str, text: &str, column: &str) -> String;
}

/// DuckDB.
#[derive(Clone, Copy, Debug, Default)]
pub struct DuckDb;

impl Dialect for DuckDb {
    fn parameter(&self, n: usize) -> String {
        format!("${n}")
    }

    fn day(&self, parameter: &str) -> String {
        format!("{parameter}::DATE")
    }

    fn first_day(&self, unit: &'static str, column: &str) -> String {
        match unit {
            "day" => column.to_owned(),
            unit => format!("date_trunc('{unit}', {column})::DATE"),
        }
    }

    fn day_text(&self, column: &str) -> String {
        format!("{column}::VARCHAR")
    }

    fn two_digits(&self, column: &str) -> String {
        format!("lpad({column}::VARCHAR, 2, '0')")
    }

    fn sum(&self, how: How, when: &str, weight: Option<&str>) -> String {
        let sum = match (how, weight) {
            (How::Count, None) => "count(*)".to_owned(),
            (How::Count, Some(weight)) => format!("coalesce(sum({weight}), 0)"),
            (How::Total(of), None) => format!("sum({of})"),
            (How::Total(of), Some(weight)) => format!("sum(({weight}) * ({of}))"),
            // Half a caller is a caller, and half a call has its whole length.
            (How::Distinct(of), _) => format!("count(DISTINCT {of})"),
            (How::Median(of), _) => format!("median({of})"),
        };
        match (how, when) {
            (_, "") => format!("{sum}::DOUBLE"),
            (How::Count, when) if weight.is_some() => {
                let weight = weight.unwrap_or("1");
                format!("coalesce(sum({weight}) FILTER (WHERE {when}), 0)::DOUBLE")
            }
            (_, when) => format!("({sum} FILTER (WHERE {when}))::DOUBLE"),
        }
    }

    fn contains(&self, text: &str, part: &str) -> String {
        format!("contains({text}, {part})")
    }

    fn begins(&self, text: &str, part: &str) -> String {
        format!("starts_with({text}, {part})")
    }

    fn matches(&self, text: &str, expression: &str) -> String {
        format!("regexp_matches({text}, {expression})")
    }

    fn words(&self, source: &str, text: &str, column: &str) -> String {
        format!("(SELECT *, unnest(string_split({text}, ',')) AS {column} FROM {source})")
    }
}
