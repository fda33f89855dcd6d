//! From a wish to a statement. Pure.

use jiff::civil::Date;

use crate::export::model::{FileFormat, Table, Wanted};
use crate::platform::clock::Millis;
use crate::report::model::Period;
use crate::report::rules::{Bound, asked_period};

/// Rows of one part of a Parquet file: what is held in memory until it is written.
const ROW_GROUP: usize = 60_000;

/// A column of the warehouse: its name and its type there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name, the same in the file.
    pub name: String,
    /// DuckDB's word for the type.
    pub kind: String,
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

/// The statement that writes `wanted` to the file at `path`, and its bound values, first to last.
pub fn copy(wanted: &Wanted, columns: &[Column], path: &str) -> (String, Vec<String>) {
    let (rows, bound) = rows(wanted, columns);
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

fn rows(wanted: &Wanted, columns: &[Column]) -> (String, Vec<String>) {
    let cells: Vec<String> =
        columns.iter().map(|column| expression(column, wanted.format)).collect();
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
            let last = bound.len();
            conditions.push(format!("local_date BETWEEN ${}::DATE AND ${last}::DATE", last - 1));
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
fn expression(Column { name, kind }: &Column, format: FileFormat) -> String {
    let cell = format!("\"{name}\"");
    let is_csv = format == FileFormat::Csv;
    let written = match kind.as_str() {
        "UUID" => format!("{cell}::VARCHAR"),
        "UBIGINT" => format!("lower(lpad(to_hex({cell}), 16, '0'))"),
        "BIGINT" if name.ends_with("_at") && is_csv => {
            format!("strftime(epoch_ms({cell}), '%Y-%m-%dT%H:%M:%S.%gZ')")
        }
        "BIGINT" if name.ends_with("_at") => format!("to_timestamp({cell} / 1000.0)"),
        "VARCHAR" if is_csv => harmless(&cell),
        _ => return cell,
    };
    format!("{written} AS {cell}")
}

/// As [`crate::report::csv::harmless`], but for phone numbers and offsets, which begin with a plus.
fn harmless(cell: &str) -> String {
    format!(
        "CASE WHEN regexp_matches({cell}, '^[=+@\\t\\r\\n-]') AND NOT regexp_matches({cell}, '^[+-][0-9:]+$') \
         THEN concat('''', {cell}) ELSE {cell} END"
    )
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
        let id = Column { name: "id".to_owned(), kind: "UUID".to_owned() };
        let (text, bound) = copy(&wanted(Table::Calls, Some(period)), &[id], "/tmp/it's");
        assert_eq!(bound, ["a", "b", "2026-03-01", "2026-03-31"]);
        assert!(text.contains("site IN ($1, $2) AND local_date BETWEEN $3::DATE AND $4::DATE"));
        assert!(text.contains("TO '/tmp/it''s'"), "{text}");
    }

    #[test]
    fn touches_go_with_their_calls_and_nobody_sees_nothing() {
        let (text, _) = rows(&wanted(Table::Touches, None), &[]);
        assert!(text.ends_with(
            "WHERE site IN ($1, $2) AND call IN (SELECT id FROM calls WHERE site IN ($1, $2))"
        ));
        let nobody = Wanted { sites: Vec::new(), ..wanted(Table::Calls, None) };
        assert!(rows(&nobody, &[]).0.ends_with("WHERE 1 = 0"));
    }
}
