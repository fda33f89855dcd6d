//! The words of ClickHouse, for the settings of [`crate::warehouse::clickhouse::client`]: joins and casts keep what is not
//! known, and every table is read as if it were merged.

use crate::warehouse::dialect::{Cells, Dialect, How};

/// ClickHouse.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClickHouse;

impl Dialect for ClickHouse {
    fn day(&self, parameter: &str) -> String {
        // Date begins in 1970.
        format!("{parameter}::Date32")
    }

    fn first_day(&self, unit: &'static str, column: &str) -> String {
        match unit {
            "day" => column.to_owned(),
            unit => format!("date_trunc('{unit}', {column})::Date32"),
        }
    }

    fn sum(&self, how: How, when: &str, weight: Option<&str>) -> String {
        let when = if when.is_empty() { "1 = 1" } else { when };
        // Sums and medians of no rows are 0 unless a function is told otherwise.
        let sum = match (how, weight) {
            (How::Count, None) => format!("countIf({when})"),
            (How::Count, Some(weight)) => format!("sumIf({weight}, {when})"),
            (How::Total(of), None) => format!("sumOrNullIf({of}, {when})"),
            (How::Total(of), Some(weight)) => format!("sumOrNullIf(({weight}) * ({of}), {when})"),
            (How::Distinct(of), _) => format!("uniqExactIf({of}, {when})"),
            (How::Median(of), _) => format!("quantileExactInclusiveOrNullIf(0.5)({of}, {when})"),
        };
        format!("{sum}::Nullable(Float64)")
    }

    fn contains(&self, text: &str, part: &str) -> String {
        format!("position({text}, {part}) > 0")
    }

    fn begins(&self, text: &str, part: &str) -> String {
        format!("startsWith({text}, {part})")
    }

    fn matches(&self, text: &str, expression: &str) -> String {
        format!("match({text}, concat('(?-s)', {expression}))")
    }

    fn words(&self, source: &str, text: &str, column: &str) -> String {
        format!("(SELECT *, arrayJoin(splitByChar(',', {text})) AS {column} FROM {source})")
    }

    fn list(&self, parameter: &str, columns: &[Cells]) -> String {
        let cells = columns.iter().enumerate().map(|(n, column)| {
            let cell = format!("cells[{}]", n + 1);
            match column {
                Cells::Text(name) => format!("{cell} AS {name}"),
                // The empty list has one row with one empty cell, which is read before it is left out.
                Cells::Whole(name) => format!("toInt64OrZero({cell}) AS {name}"),
                Cells::Number(name) => format!("toFloat64OrZero({cell}) AS {name}"),
            }
        });
        format!(
            "SELECT {} FROM (SELECT splitByChar('\u{1f}', arrayJoin(splitByChar('\u{1e}', {parameter}))) AS cells) \
             WHERE length(cells) = {}",
            cells.collect::<Vec<_>>().join(", "),
            columns.len()
        )
    }

    fn all_but(&self, table: &str, columns: &str) -> String {
        format!("{table}.* EXCEPT ({columns})")
    }

    fn ordered(&self, id: &str) -> String {
        // A UUID is ordered by its second half first.
        format!("toString({id})")
    }

    fn last_of(&self, column: &str, order: &str, most: u32) -> String {
        format!(
            "arrayStringConcat(arrayMap(x -> x.2, arraySlice(arraySort(x -> x.1, \
             groupArray((({order}), {column}))), -{most})), '\u{1f}')"
        )
    }

    fn joined(&self, table: &str, only: &str) -> String {
        format!("(SELECT * FROM {table} WHERE {only})")
    }

    fn hex(&self, cell: &str) -> String {
        format!("lower(leftPad(hex({cell}), 16, '0'))")
    }

    fn moment(&self, cell: &str) -> String {
        format!("fromUnixTimestamp64Milli({cell}, 'UTC')")
    }

    fn rfc3339(&self, cell: &str) -> String {
        let second = format!("formatDateTime({}, '%Y-%m-%dT%H:%i:%S')", self.moment(cell));
        format!("concat({second}, '.', leftPad(toString({cell} % 1000), 3, '0'), 'Z')")
    }

    fn alone(&self) -> Option<&'static str> {
        // A row that is there is not changed when another comes.
        None
    }

    fn groups_several_ways(&self) -> bool {
        true
    }

    fn only_adds(&self) -> bool {
        true
    }
}
