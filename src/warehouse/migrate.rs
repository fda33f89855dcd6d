//! Which version the tables have, and how older ones are brought forward.

use duckdb::Connection;

use crate::warehouse::store::{WarehouseError, sql};

/// Every version's step from the one before, version 1 first. A step is never changed once it was
/// released: changing the tables means adding a step.
pub const STEPS: &[&str] = &[
    include_str!("sql/schema.sql"),
    include_str!("sql/add_visit_details.sql"),
    include_str!("sql/add_outcomes.sql"),
    include_str!("sql/add_credits.sql"),
    include_str!("sql/add_routing.sql"),
    include_str!("sql/add_leads_and_snapshots.sql"),
    include_str!("sql/add_removal_effects.sql"),
    include_str!("sql/add_report_facts.sql"),
    include_str!("sql/add_lone_leases.sql"),
];

/// Brings the tables to the version of the last step. Every statement is a transaction of its own, since DuckDB refuses to
/// commit one that adds several columns to a table with rows and changes these; so each can be repeated: a step that was
/// broken off is begun again.
/// Tables of a newer version are refused: this program does not know what they mean.
pub fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), WarehouseError> {
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        .map_err(sql("make the version table"))?;
    let found: Option<u32> = connection
        .query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0))
        .map_err(sql("read the tables' version"))?;
    let found = found.unwrap_or(0) as usize;
    if found > steps.len() {
        return Err(WarehouseError::Newer { found, known: steps.len() });
    }
    for (version, step) in steps.iter().enumerate().skip(found).map(|(i, step)| (i + 1, step)) {
        connection.execute_batch(step).map_err(sql("migrate the tables"))?;
        connection
            .execute("INSERT INTO schema_version VALUES (?)", [version as u32])
            .map_err(sql("note the tables' version"))?;
        if found > 0 {
            tracing::info!(version, "migrated the warehouse");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_brought_forward_step_by_step_and_newer_ones_are_refused() {
        let mut connection = Connection::open_in_memory().expect("a database");
        let first = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)";
        let second = "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7";
        migrate(&mut connection, &[first]).expect("version 1");
        migrate(&mut connection, &[first, second]).expect("version 2");
        migrate(&mut connection, &[first, second]).expect("nothing to do");
        let kept = connection
            .query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("one row");
        assert_eq!(kept, (1, 7));
        let refused = migrate(&mut connection, &[first]).expect_err("newer tables");
        assert!(matches!(refused, WarehouseError::Newer { found: 2, known: 1 }));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().expect("a database");
        let first = "CREATE TABLE a (x INTEGER)";
        migrate(&mut connection, &[first, "CREATE TABLE b (x INTEGER); nonsense"])
            .expect_err("the second step is broken");
        migrate(&mut connection, &[first, "CREATE TABLE b (x INTEGER)"]).expect("it can be mended");
    }

    /// Names and types of all columns, in their order, by table.
    fn columns(connection: &Connection) -> Vec<(String, String, String)> {
        let all = "SELECT table_name, column_name, data_type FROM information_schema.columns ORDER BY 1, ordinal_position";
        let mut asked = connection.prepare(all).expect("a question");
        let rows = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.expect("columns").collect::<Result<_, _>>().expect("columns")
    }

    fn count(connection: &Connection, from: &str) -> i64 {
        let asked = format!("SELECT count(*) FROM {from}");
        connection.query_row(&asked, [], |row| row.get(0)).expect("a count")
    }

    /// A row in every table, with something in every cell.
    fn fill(connection: &Connection) -> Vec<String> {
        let mut tables: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for (table, column, kind) in columns(connection) {
            match tables.last_mut().filter(|(last, _)| *last == table) {
                Some((_, cells)) => cells.push((column, kind)),
                None => tables.push((table, vec![(column, kind)])),
            }
        }
        tables.retain(|(table, _)| table != "schema_version");
        for (table, cells) in &tables {
            let names: Vec<&str> = cells.iter().map(|(column, _)| column.as_str()).collect();
            let values: Vec<&str> = cells
                .iter()
                .map(|(_, kind)| match kind.as_str() {
                    "VARCHAR" => "'x'",
                    "UUID" => "'00000000-0000-4000-8000-000000000001'",
                    "DATE" => "DATE '2026-03-01'",
                    "BOOLEAN" => "true",
                    list if list.ends_with("[]") => "[]",
                    _ => "1",
                })
                .collect();
            let (names, values) = (names.join(", "), values.join(", "));
            connection
                .execute_batch(&format!("INSERT INTO {table} ({names}) VALUES ({values})"))
                .expect("a row");
        }
        tables.into_iter().map(|(table, _)| table).collect()
    }

    /// The statements of a step; its comments may have semicolons too.
    fn statements(step: &str) -> Vec<String> {
        let lines = step.lines().filter(|line| !line.trim_start().starts_with("--"));
        let text = lines.collect::<Vec<_>>().join("\n");
        text.split_inclusive(';').filter(|one| !one.trim().is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn a_step_that_was_broken_off_anywhere_is_begun_again() {
        let mut newest = Connection::open_in_memory().expect("a database");
        migrate(&mut newest, STEPS).expect("new tables");
        for (done, step) in STEPS.iter().enumerate() {
            let statements = statements(step);
            assert!(!statements.is_empty());
            for broken_off in 0..=statements.len() {
                let mut older = Connection::open_in_memory().expect("a database");
                migrate(&mut older, &STEPS[..done]).expect("old tables");
                let tables = fill(&older);
                older.execute_batch(&statements[..broken_off].join("\n")).expect("a part of it");
                migrate(&mut older, STEPS).expect("it is brought forward");
                assert_eq!(columns(&older), columns(&newest), "step {} at {broken_off}", done + 1);
                for table in tables.iter().filter(|table| *table != "offsets") {
                    assert_eq!(
                        count(&older, table),
                        1,
                        "{table}, step {} at {broken_off}",
                        done + 1
                    );
                }
            }
        }
    }

    #[test]
    fn what_an_older_version_wrote_is_there_in_the_newest() {
        let mut newest = Connection::open_in_memory().expect("a database");
        migrate(&mut newest, STEPS).expect("new tables");
        for version in 1..STEPS.len() {
            let mut older = Connection::open_in_memory().expect("a database");
            migrate(&mut older, &STEPS[..version]).expect("old tables");
            let tables = fill(&older);
            migrate(&mut older, STEPS).expect("it is brought forward");
            assert_eq!(columns(&older), columns(&newest), "from version {version}");
            for table in tables {
                // Version 8 reads the segments again, for what its columns are made of.
                let expected = i64::from(table != "offsets" || version >= 8);
                assert_eq!(count(&older, &table), expected, "{table} from version {version}");
            }
            assert_eq!(count(&older, "leases WHERE alone"), 1, "from version {version}");
        }
    }
}
