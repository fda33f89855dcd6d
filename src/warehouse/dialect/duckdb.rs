//! The words of DuckDB.

use crate::warehouse::dialect::{Cells, Dialect, How};

/// DuckDB.
#[derive(Clone, Copy, Debug, Default)]
pub struct DuckDb;

impl Dialect for DuckDb {
    fn day(&self, parameter: &str) -> String {
        format!("{parameter}::DATE")
    }

    fn first_day(&self, unit: &'static str, column: &str) -> String {
        match unit {
            "day" => column.to_owned(),
            unit => format!("date_trunc('{unit}', {column})::DATE"),
        }
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

    fn list(&self, parameter: &str, columns: &[Cells]) -> String {
        let cells = columns.iter().enumerate().map(|(n, column)| {
            let cell = format!("cells[{}]", n + 1);
            match column {
                Cells::Text(name) => format!("{cell} AS {name}"),
                Cells::Whole(name) => format!("{cell}::BIGINT AS {name}"),
                Cells::Number(name) => format!("{cell}::DOUBLE AS {name}"),
            }
        });
        format!(
            "SELECT {} FROM (SELECT string_split(unnest(string_split({parameter}, chr(30))), chr(31)) AS cells) \
             WHERE len(cells) = {}",
            cells.collect::<Vec<_>>().join(", "),
            columns.len()
        )
    }

    fn all_but(&self, table: &str, columns: &str) -> String {
        format!("{table}.* EXCLUDE ({columns})")
    }

    fn ordered(&self, id: &str) -> String {
        id.to_owned()
    }

    fn last_of(&self, column: &str, order: &str, most: u32) -> String {
        format!(
            "array_to_string(list_slice(list({column} ORDER BY {order}), -{most}, -1), chr(31))"
        )
    }

    fn joined(&self, table: &str, _only: &str) -> String {
        table.to_owned()
    }

    fn hex(&self, cell: &str) -> String {
        format!("lower(lpad(to_hex({cell}), 16, '0'))")
    }

    fn moment(&self, cell: &str) -> String {
        format!("to_timestamp({cell} / 1000.0)")
    }

    fn rfc3339(&self, cell: &str) -> String {
        format!("strftime(epoch_ms({cell}), '%Y-%m-%dT%H:%M:%S.%gZ')")
    }

    fn alone(&self) -> Option<&'static str> {
        Some("alone")
    }

    fn groups_several_ways(&self) -> bool {
        true
    }

    fn only_adds(&self) -> bool {
        false
    }
}
