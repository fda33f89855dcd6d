//! An answer as a table of plain cells: what CSV, Parquet and Arrow have in common. Pure.

use crate::report::query::answer::{Answer, AnswerRow};
use crate::report::query::cell::{Cell, Kind};
use crate::report::query::figure::Figure;
use crate::report::query::metrics::MetricKind;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Texts.
    Text,
    /// Whole numbers.
    Whole,
    /// `true` or `false`.
    Flag,
    /// Numbers.
    Number,
}

/// A cell; nothing where it is not known.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// Not known.
    None,
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A flag.
    Flag(bool),
    /// A number.
    Number(f64),
}

/// The columns of an answer: its dimensions, then each metric with what belongs to it.
pub fn columns(answer: &Answer) -> Vec<(String, Type)> {
    let kind = |kind: Kind| match kind {
        Kind::Whole(..) | Kind::Year => Type::Whole,
        Kind::Flag => Type::Flag,
        _ => Type::Text,
    };
    let dimensions = answer.dimensions.iter().map(|d| (d.name.to_owned(), kind(d.kind)));
    let mut columns: Vec<(String, Type)> = dimensions.collect();
    let has = Has::of(answer);
    for metric in &answer.metrics {
        let own: &[&str] = match metric.kind {
            MetricKind::Rate | MetricKind::Share => {
                &["", "_numerator", "_denominator", "_low", "_high"]
            }
            MetricKind::Quotient => &["", "_numerator", "_denominator"],
            _ => &[""],
        };
        let compared: &[&str] =
            if has.compared { &["_compared", "_change", "_p_value"] } else { &[] };
        let measured: &[&str] = if has.measured {
            &["_benchmark_low", "_benchmark_high", "_benchmark_gap"]
        } else {
            &[]
        };
        let suffixes = own.iter().chain(compared).chain(measured);
        columns.extend(suffixes.map(|suffix| (format!("{}{suffix}", metric.name), Type::Number)));
    }
    columns
}

/// What rows have besides their figures.
#[derive(Clone, Copy)]
struct Has {
    compared: bool,
    measured: bool,
}

impl Has {
    fn of(answer: &Answer) -> Self {
        let row = answer.rows.first().or(answer.totals.as_ref());
        Has {
            compared: row.is_some_and(|row| !row.compared.is_empty()),
            measured: row.is_some_and(|row| !row.measured.is_empty()),
        }
    }
}

/// The cells of a row, as [`columns`] names them.
pub fn cells(answer: &Answer, row: &AnswerRow) -> Vec<Plain> {
    let mut cells: Vec<Plain> = Vec::new();
    for (dimension, cell) in answer.dimensions.iter().zip(&row.key) {
        cells.push(match (cell, dimension.kind) {
            (Cell::None, _) => Plain::None,
            (Cell::Flag(flag), _) => Plain::Flag(*flag),
            (Cell::Whole(number), _) => Plain::Whole(*number),
            (Cell::Day(day), Kind::Year) => Plain::Whole(day.year().into()),
            (cell, kind) => Plain::Text(cell.text(kind)),
        });
    }
    let has = Has::of(answer);
    let number = |value: Option<f64>| value.map_or(Plain::None, Plain::Number);
    for (n, (metric, figure)) in answer.metrics.iter().zip(&row.figures).enumerate() {
        cells.push(number(figure.value()));
        if metric.kind.is_rate() {
            let parts = figure.parts();
            cells.push(number(parts.map(|(numerator, _)| numerator.get())));
            cells.push(number(parts.map(|(_, denominator)| denominator.get())));
        }
        if matches!(metric.kind, MetricKind::Rate | MetricKind::Share) {
            let ends = match figure {
                Figure::Rate(rate) => [Some(rate.low), Some(rate.high)],
                _ => [None, None],
            };
            cells.extend(ends.map(number));
        }
        if has.compared {
            let compared = row.compared.get(n);
            cells.push(number(compared.and_then(|compared| compared.other.value())));
            cells.push(number(compared.and_then(|compared| compared.change)));
            cells.push(number(compared.and_then(|compared| compared.p_value)));
        }
        if has.measured {
            let measured = row.measured.get(n).and_then(Option::as_ref);
            cells.push(number(measured.and_then(|measured| measured.low)));
            cells.push(number(measured.and_then(|measured| measured.high)));
            cells.push(number(measured.map(|measured| measured.gap)));
        }
    }
    cells
}
