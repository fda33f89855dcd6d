//! The table of what is stored where is whole: a new column, key or file has to be in it.

use std::collections::{BTreeMap, BTreeSet};

use ringtrace::warehouse::migrate::{STEPS, migrate};

use crate::support::app::TestApp;

/// The rows of the table in the operations page, cell by cell.
fn rows() -> Vec<Vec<String>> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/OPERATIONS.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let begin = page.find("### What is stored where").expect("the section");
    let section = &page[begin + 4..];
    let section = &section[..section.find("\n### ").unwrap_or(section.len())];
    let lines =
        section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| place"));
    lines
        .map(|line| {
            line.split(" | ").map(|cell| cell.trim_matches(['|', ' ']).to_owned()).collect()
        })
        .collect()
}

fn has(rows: &[Vec<String>], first: &str) -> bool {
    rows.iter().any(|row| row[0].contains(&format!("`{first}`")))
}

#[test]
fn every_column_of_the_warehouse_is_in_the_table() {
    let mut connection = duckdb::Connection::open_in_memory().expect("a database");
    migrate(&mut connection, STEPS).expect("tables");
    let mut statement = connection
        .prepare("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'main'")
        .expect("a question");
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in found {
        let (table, column): (String, String) = row.expect("a row");
        tables.entry(table).or_default().insert(column);
    }
    assert!(tables.len() > 8, "{tables:?}");
    let rows = rows();
    for (table, columns) in tables {
        let row = rows.iter().find(|row| row[0].contains(&format!("warehouse: `{table}`")));
        let row = row.unwrap_or_else(|| panic!("the table has no row for `{table}`"));
        for column in columns {
            assert!(
                row[1].contains(&format!("`{column}`")),
                "`{table}.{column}` is not in the table"
            );
        }
    }
}

#[test]
fn every_key_of_redis_is_in_the_table() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/platform/keys.rs");
    let source = std::fs::read_to_string(source).expect("the source");
    let name = regex::Regex::new(r#""rt:([^"]+)""#).expect("an expression");
    let kinds: BTreeSet<String> = name
        .captures_iter(&source)
        .map(|found| {
            let parts = found[1].split(':').filter(|part| !part.contains('{') && !part.is_empty());
            parts.collect::<Vec<_>>().join(":")
        })
        .filter(|kind| !kind.is_empty())
        .collect();
    assert!(kinds.len() > 30, "{kinds:?}");
    let rows = rows();
    let missing: Vec<&String> = kinds.iter().filter(|kind| !has(&rows, kind)).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_of_the_data_folder_is_in_the_table() {
    let mut app = TestApp::start().await;
    app.page_view("page-0001", "utm_source=google", None).await;
    app.reported().await;
    let rows = rows();
    for entry in std::fs::read_dir(app.folder()).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = name.trim_end_matches(".wal");
        assert!(has(&rows, name) || has(&rows, &format!("{name}/")), "{name} is not in the table");
    }
    app.stop().await;
}
