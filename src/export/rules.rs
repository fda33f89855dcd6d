//! From a wish to a statement. Pure.

use jiff::civil::Date;

use crate::export::model::{FileFormat, Table, Wanted};
use crate::platform::clock::Millis;
use crate::report::model::Period;
use crate::report::rules::{Bound, asked_period};
use crate::warehouse::dialect::{Dialect, DuckDb};

/// Rows of one part of a Parquet file: what is held in memory until it is written.
const ROW_GROUP: usize = 60_000;

/// A column of the warehouse: its name and its type there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name, the same in the file.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
}

/// What cells are, as far as that decides how they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An id.
    Id,
    /// A caller's hash.
    Hash,
    /// A moment in milliseconds.
    Moment,
    /// A text.
    Text,
    /// Anything that every tool reads as it is.
    Other,
}

impl Column {
    /// The column with DuckDB's or ClickHouse's word for its type; `None` for a list, which has a table of its own.
    pub fn new(name: String, word: &str) -> Option<Self> {
        let bare = word.trim_start_matches("LowCardinality(").trim_start_matches("Nullable(");
        let bare = bare.trim_end_matches(')').to_ascii_uppercase();
        let kind = match bare.as_str() {
            "UUID" => Kind::Id,
            "UBIGINT" | "UINT64" if name == "caller" => Kind::Hash,
            "BIGINT" | "INT64" if name.ends_with("_at") => Kind::Moment,
            "VARCHAR" | "STRING" => Kind::Text,
            list if list.starts_with("ARRAY") => return None,
            _ => Kind::Other,
        };
        Some(Column { name, kind })
    }
}

/// The period that is meant by a name, or by one or two ends; without any word of it there is none. `today` is the day
/// on which it may end. The error is for people.
pub fn period(
    table: Table,
    name: Option<&str>,
    ends: (Option<Bound>, Option<Bound>),
    today: Date,
    now: Millis,
) -> Result<Option<Period>, String> {
    if name.is_none() && ends == (None, None) {
        return Ok(None);
    }
    let period = asked_period(name, ends, today, now)?;
    if matches!(period, Period::Moments { .. }) && table.moment().is_none() {
        return Err(format!("`{}` are told by the day: name days", table.word()));
    }
    Ok(Some(period))
}

/// The statement that lets DuckDB write `wanted` to the file at `path`, and its bound values, first to last.
pub fn copy(wanted: &Wanted, columns: &[Column], path: &str) -> (String, Vec<String>) {
    let (rows, bound) = rows(&DuckDb, wanted, columns);
    let options = match wanted.format {
        FileFormat::Parquet => {
            format!("FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}")
        }
        FileFormat::Csv => "FORMAT csv, HEADER true".to_owned(),
    };
    // Without a file of another name in between: it is read while it grows.
    let path = path.replace('\'', "''");
    (format!("COPY ({rows}) TO '{path}' ({options}, USE_TMP_FILE false)"), bound)
}

/// The question whose answer is `wanted`, and its bound values.
pub fn rows(dialect: &dyn Dialect, wanted: &Wanted, columns: &[Column]) -> (String, Vec<String>) {
    let cells: Vec<String> =
        columns.iter().map(|column| expression(dialect, column, wanted.format)).collect();
    let mut bound: Vec<String> = wanted.sites.iter().map(ToString::to_string).collect();
    let places: Vec<String> = (1..=bound.len()).map(|n| format!("${n}")).collect();
    let mut conditions = vec![match places.is_empty() {
        true => "1 = 0".to_owned(),
        false => format!("site IN ({})", places.join(", ")),
    }];
    match wanted.period {
        None => {}
        Some(Period::Days { from, to }) => {
            bound.extend([from.to_string(), to.to_string()]);
            let day = |n: usize| dialect.day(&format!("${n}"));
            let (first, last) = (day(bound.len() - 1), day(bound.len()));
            conditions.push(format!("local_date BETWEEN {first} AND {last}"));
        }
        Some(Period::Moments { from, to }) => {
            let moment = wanted.table.moment().unwrap_or("NULL");
            conditions.push(format!("{moment} >= {} AND {moment} < {}", from.0, to.0));
        }
    }
    let (table, cells, timed) = (wanted.table, cells.join(", "), conditions.join(" AND "));
    let text = match table {
        Table::Touches => format!(
            "SELECT {cells} FROM touches WHERE {} AND call IN (SELECT id FROM calls WHERE {timed})",
            conditions[0]
        ),
        _ => format!("SELECT {cells} FROM {} WHERE {timed}", table.word()),
    };
    (text, bound)
}

/// A column in a form that other tools read: ids as texts (Spark and BigQuery know no UUID), the hash of a caller as 16 hex
/// digits (BigQuery knows no unsigned 64 bits), milliseconds as moments in UTC.
fn expression(dialect: &dyn Dialect, Column { name, kind }: &Column, format: FileFormat) -> String {
    let cell = format!("\"{name}\"");
    let is_csv = format == FileFormat::Csv;
    let written = match kind {
        Kind::Id => format!("{cell}::VARCHAR"),
        Kind::Hash => dialect.hex(&cell),
        Kind::Moment if is_csv => dialect.rfc3339(&cell),
        Kind::Moment => dialect.moment(&cell),
        Kind::Text if is_csv => harmless(dialect, &cell),
        Kind::Text | Kind::Other => return cell,
    };
    format!("{written} AS {cell}")
}

/// As [`crate::report::csv::harmless`], but for phone numbers and offsets, which begin with a plus.
fn harmless(dialect: &dyn Dialect, cell: &str) -> String {
    let (formula, number) =
        (dialect.matches(cell, "'^[=+@\\t\\r\\n-]'"), dialect.matches(cell, "'^[+-][0-9:]+$'"));
    format!("CASE WHEN {formula} AND NOT {number} THEN concat('''', {cell}) ELSE {cell} END")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(table: Table, period: Option<Period>) -> Wanted {
        let sites = ["a", "b"].map(|id| id.parse().expect("a site id")).to_vec();
        Wanted { table, sites, period, format: FileFormat::Parquet }
    }

    #[test]
    fn what_comes_from_outside_is_bound() {
        let day = |text: &str| text.parse().expect("a date");
        let period = Period::Days { from: day("2026-03-01"), to: day("2026-03-31") };
        let id = Column { name: "id".to_owned(), kind: Kind::Id };
        let (text, bound) = copy(&wanted(Table::Calls, Some(period)), &[id], "/tmp/it's");
        assert_eq!(bound, ["a", "b", "2026-03-01", "2026-03-31"]);
        assert!(text.contains("site IN ($1, $2) AND local_date BETWEEN $3::DATE AND $4::DATE"));
        assert!(text.contains("TO '/tmp/it''s'"), "{text}");
    }

    #[test]
    fn touches_go_with_their_calls_and_nobody_sees_nothing() {
        let (text, _) = rows(&DuckDb, &wanted(Table::Touches, None), &[]);
        assert!(text.ends_with(
            "WHERE site IN ($1, $2) AND call IN (SELECT id FROM calls WHERE site IN ($1, $2))"
        ));
        let nobody = Wanted { sites: Vec::new(), ..wanted(Table::Calls, None) };
        assert!(rows(&DuckDb, &nobody, &[]).0.ends_with("WHERE 1 = 0"));
    }
}
