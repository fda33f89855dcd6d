//! The same questions without the service: in DuckDB itself, and in SQLite.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use duckdb::types::Value;
use duckdb::{Connection, params_from_iter};
use ringtrace::report::query::model::Selection;
use ringtrace::report::query::store::{Asking, Plan};
use ringtrace::warehouse::dialect::{Cells, Dialect, DuckDb, How};
use ringtrace::warehouse::question::Question;
use serde_json::json;

use crate::ask::{ROUNDS, planned};

/// Milliseconds by the question's name.
pub type Times = HashMap<String, f64>;

/// Milliseconds of the best of some rounds, on a connection with DuckDB's own settings: the whole answer of every
/// statement is read.
pub fn duckdb(folder: &Path, plan: &Plan, selection: &Selection) -> f64 {
    let connection = Connection::open(folder.join("warehouse.duckdb")).expect("the file opens");
    let statements = statements(&DuckDb, plan, selection);
    (0..ROUNDS).map(|_| run(&connection, &statements)).fold(f64::MAX, f64::min)
}

fn run(connection: &Connection, statements: &[Question]) -> f64 {
    let started = Instant::now();
    for Question { text, bound, .. } in statements {
        let mut statement = connection.prepare(text).expect("a statement");
        let batches = statement.query_arrow(params_from_iter(bound)).expect("rows");
        std::hint::black_box(batches.count());
    }
    started.elapsed().as_secs_f64() * 1e3
}

/// Loads the tables into SQLite and asks it once; what it cannot be asked (`ASOF JOIN`, `median`) is left out.
pub fn sqlite(folder: &Path) -> Times {
    let connection = Connection::open(folder.join("warehouse.duckdb")).expect("the file opens");
    for table in ["calls", "sessions", "leases", "leads", "costs", "staffing"] {
        let path = folder.join(format!("{table}.csv"));
        let copy = format!("COPY {table} TO '{}' (FORMAT csv, HEADER true)", path.display());
        connection.execute_batch(&copy).expect("a file");
    }
    let asked = planned().into_iter().map(|(name, plan, selection)| {
        let statements = statements(&Sqlite, &plan, &selection).into_iter().map(in_sqlite);
        (name.to_owned(), statements.collect::<Vec<_>>().into())
    });
    let asked: serde_json::Map<String, serde_json::Value> = asked.collect();
    let questions = folder.join("questions.json");
    std::fs::write(&questions, serde_json::Value::from(asked).to_string()).expect("a file");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/reports/sqlite.py");
    let told = Command::new("python3").arg(script).arg(folder).output().expect("python3 runs");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).expect("times")
}

fn statements(dialect: &dyn Dialect, plan: &Plan, selection: &Selection) -> Vec<Question> {
    Asking::new(dialect, plan, selection, "").questions().collect()
}

/// SQLite numbers its parameters otherwise, and keeps days and numbers as what they are without a word for it.
fn in_sqlite(Question { text, bound, .. }: Question) -> serde_json::Value {
    let casts = ["::VARCHAR", "::INTEGER", "::BIGINT", "::DOUBLE", "::DATE"];
    let text = casts.iter().fold(text.replace('$', "?"), |text, cast| text.replace(cast, ""));
    let bound = bound.into_iter().map(|value| match value {
        Value::Text(text) => json!(text),
        Value::BigInt(number) => json!(number),
        other => panic!("reports bind texts and whole numbers, not {other:?}"),
    });
    json!({ "text": text, "bound": bound.collect::<Vec<_>>() })
}

struct Sqlite;

impl Dialect for Sqlite {
    fn day(&self, parameter: &str) -> String {
        parameter.to_owned()
    }
    fn first_day(&self, unit: &'static str, column: &str) -> String {
        match unit {
            "month" => format!("date({column}, 'start of month')"),
            _ => column.to_owned(),
        }
    }
    fn sum(&self, how: How, when: &str, _: Option<&str>) -> String {
        let sum = match how {
            How::Count => "count(*)".to_owned(),
            How::Total(of) => format!("total({of})"),
            How::Distinct(of) => format!("count(DISTINCT {of})"),
            How::Median(of) => format!("median({of})"),
        };
        match when {
            "" => sum,
            when => format!("{sum} FILTER (WHERE {when})"),
        }
    }
    fn contains(&self, text: &str, part: &str) -> String {
        format!("instr({text}, {part}) > 0")
    }
    fn begins(&self, text: &str, part: &str) -> String {
        format!("instr({text}, {part}) = 1")
    }
    fn matches(&self, text: &str, expression: &str) -> String {
        format!("{text} REGEXP {expression}")
    }
    fn words(&self, source: &str, _: &str, _: &str) -> String {
        source.to_owned()
    }
    fn list(&self, parameter: &str, _: &[Cells]) -> String {
        parameter.to_owned()
    }
    fn all_but(&self, table: &str, _: &str) -> String {
        format!("{table}.*")
    }
    fn ordered(&self, id: &str) -> String {
        id.to_owned()
    }
    fn last_of(&self, column: &str, _: &str, _: u32) -> String {
        format!("max({column})")
    }
    fn joined(&self, table: &str, _: &str) -> String {
        table.to_owned()
    }
    fn hex(&self, cell: &str) -> String {
        format!("printf('%016x', {cell})")
    }

    fn moment(&self, cell: &str) -> String {
        format!("datetime({cell} / 1000, 'unixepoch')")
    }

    fn rfc3339(&self, cell: &str) -> String {
        format!("strftime('%Y-%m-%dT%H:%M:%fZ', {cell} / 1000.0, 'unixepoch')")
    }

    fn alone(&self) -> Option<&'static str> {
        Some("alone")
    }

    fn groups_several_ways(&self) -> bool {
        false
    }

    fn only_adds(&self) -> bool {
        false
    }
}
