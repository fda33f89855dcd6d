//! An answer as comma-separated values: one header line, one line a row, no totals (a spreadsheet adds up by itself,
//! and would count them twice).

use actix_web::web::Bytes;

use crate::report::csv::harmless;
use crate::report::query::answer::Answer;
use crate::report::query::write::flat::{Plain, cells, columns};

/// Rows of one chunk.
const AT_ONCE: usize = 500;

/// The answer as CSV (RFC 4180), in chunks.
pub fn chunks(answer: Answer) -> impl Iterator<Item = Bytes> {
    let header: Vec<String> = columns(&answer).into_iter().map(|(name, _)| name).collect();
    let mut next = 0;
    let rows = std::iter::from_fn(move || {
        let some = answer.rows.get(next..answer.rows.len().min(next + AT_ONCE))?;
        next += some.len();
        (!some.is_empty()).then(|| lines(some.iter().map(|row| texts(cells(&answer, row)))))
    });
    std::iter::once(lines([header].into_iter())).chain(rows)
}

fn texts(cells: Vec<Plain>) -> Vec<String> {
    let text = |cell| match cell {
        Plain::None => String::new(),
        Plain::Text(text) => harmless(&text),
        Plain::Whole(number) => number.to_string(),
        Plain::Flag(flag) => flag.to_string(),
        Plain::Number(number) => number.to_string(),
    };
    cells.into_iter().map(text).collect()
}

fn lines(rows: impl Iterator<Item = Vec<String>>) -> Bytes {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
    for row in rows {
        // Rows are as long as their header, and memory does not fail.
        if writer.write_record(row).is_err() {
            break;
        }
    }
    writer.into_inner().map(Bytes::from).unwrap_or_default()
}
