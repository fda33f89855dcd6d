//! The same questions without the service: in DuckDB itself, and in SQLite.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use duckdb::types::Value;
use duckdb::{Connection, params_from_iter};
use ringtrace::report::query::dialect::{Dialect, DuckDb};
use ringtrace::report::query::fact::Fact;
use ringtrace::report::query::model::Selection;
use ringtrace::report::query::sql::{Asked, Bound, Statement, statement};
use ringtrace::report::query::store::Plan;
use ringtrace::report::query::sums::{How, Sum};
use serde_json::json;

use crate::ask::{ROUNDS, planned};

/// Milliseconds by the question's name.
pub type Times = HashMap<String, f64>;

/// Reads the whole answer of every statement, on a connection with DuckDB's own settings.
pub fn duckdb(folder: &Path) -> Times {
    let connection = Connection::open(folder.join("warehouse.duckdb")).expect("the file opens");
    let time = |(name, plan, selection): (&str, Plan, Selection)| {
        let statements = statements(&DuckDb, &plan, &selection);
        let best = (0..ROUNDS).map(|_| run(&connection, &statements)).fold(f64::MAX, f64::min);
        (name.to_owned(), best)
    };
    planned().into_iter().map(time).collect()
}

fn run(connection: &Connection, statements: &[Statement]) -> f64 {
    let started = Instant::now();
    for Statement { text, bound } in statements {
        let bound = bound.iter().map(|bound| match bound {
            Bound::Text(text) => Value::Text(text.clone()),
            Bound::Whole(number) => Value::BigInt(*number),
        });
        let mut statement = connection.prepare_cached(text).expect("a statement");
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
        let of = |Statement { text, bound }: Statement| {
            let bound: Vec<_> = bound
                .into_iter()
                .map(|bound| match bound {
                    Bound::Text(text) => json!(text),
                    Bound::Whole(number) => json!(number),
                })
                .collect();
            json!({ "text": text, "bound": bound })
        };
        let statements = statements(&Sqlite, &plan, &selection).into_iter().map(of);
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

/// The statements of a question: one for each kind of rows, and again without dimensions where totals do not add up.
fn statements(dialect: &dyn Dialect, plan: &Plan, selection: &Selection) -> Vec<Statement> {
    let mut by_fact: BTreeMap<Fact, Vec<Sum>> = BTreeMap::new();
    for sum in &plan.sums {
        by_fact.entry(sum.definition().fact).or_default().push(*sum);
    }
    let mut statements = Vec::new();
    for (fact, sums) in &by_fact {
        let mut of = |dimensions, sums: &[Sum]| {
            let asked = Asked { selection, shares: "", dimensions, thresholds: plan.thresholds };
            statements.extend(statement(dialect, *fact, &asked, sums).ok());
        };
        of(&plan.dimensions, sums);
        let others: Vec<Sum> = sums.iter().copied().filter(|sum| !plan.adds_up(*sum)).collect();
        if plan.totals && !others.is_empty() {
            of(&[], &others);
        }
    }
    statements
}

struct Sqlite;

impl Dialect for Sqlite {
    fn parameter(&self, n: usize) -> String {
        format!("?{n}")
    }
    fn day(&self, parameter: &str) -> String {
        parameter.to_owned()
    }
    fn first_day(&self, unit: &'static str, column: &str) -> String {
        match unit {
            "month" => format!("date({column}, 'start of month')"),
            _ => column.to_owned(),
        }
    }
    fn day_text(&self, column: &str) -> String {
        column.to_owned()
    }
    fn two_digits(&self, column: &str) -> String {
        format!("printf('%02d', {column})")
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
}
