//! Which version the tables have, and how older ones are brought forward.

use std::time::Duration;

use duckdb::types::Value;

use crate::warehouse::clickhouse::client::Client;
use crate::warehouse::clickhouse::place::Place;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::question::Question;

/// Every version's step from the one before, version 1 first, as [`Place::statements`] reads them. A step is never changed
/// once it was released. There are no transactions: each statement of a step may be run again.
pub const STEPS: &[&str] = &[include_str!("sql/schema.sql")];

/// Where the version is noted.
const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_version{local}{on_cluster} (version UInt32) \
                        ENGINE = {engine}(version) ORDER BY tuple()";
/// Longest wait for a statement; a cluster's servers wait for each other.
const LONGEST: Duration = Duration::from_secs(180);

/// Makes the database and brings its tables to the version of the last step. Several processes may do it at once. Tables of
/// a newer version are refused: this program does not know what they mean.
pub async fn migrate(client: &Client, place: &Place, steps: &[&str]) -> Result<(), WarehouseError> {
    let what = "make its tables";
    if !client.has_database().await? {
        client.run_anywhere(&statement(place.database()), LONGEST).await?;
    }
    for text in place.statements(VERSIONS) {
        client.run(&statement(text), LONGEST).await?;
    }
    let asked = Question::new(what, "SELECT max(version) FROM schema_version", Vec::new());
    let found = client.ask(&asked, LONGEST).await?.first().map(|row| row.get(0)).transpose()?;
    let found: usize = found.unwrap_or(0);
    if found > steps.len() {
        return Err(WarehouseError::Newer { found, known: steps.len() });
    }
    for (version, step) in steps.iter().enumerate().skip(found).map(|(i, step)| (i + 1, step)) {
        for text in place.statements(step) {
            client.run(&statement(text), LONGEST).await?;
        }
        let bound = vec![Value::UBigInt(version as u64)];
        let note = Question::new(what, "INSERT INTO schema_version VALUES ($1)", bound);
        client.run(&note, LONGEST).await?;
        tracing::info!(version, "made or migrated the tables in ClickHouse");
    }
    Ok(())
}

fn statement(text: String) -> Question {
    Question::new("make its tables", text, Vec::new())
}

#[cfg(test)]
mod tests {
    use duckdb::Connection;

    use super::*;
    use crate::warehouse::migrate as in_duckdb;

    /// The names of a table's columns, in order; those of a nested one follow its own name.
    fn columns(table: &str) -> Vec<String> {
        let schema = STEPS.concat();
        let opening = format!("CREATE TABLE IF NOT EXISTS {table}{{local}}");
        let (_, rest) = schema.split_once(&opening).unwrap_or_else(|| panic!("no table {table}"));
        let (columns, _) = rest.split_once("\n) ENGINE").expect("an engine");
        let names = columns.lines().skip(1).filter_map(|line| line.split_whitespace().next());
        names.filter(|name| !["INDEX", ")", "),"].contains(name)).map(str::to_owned).collect()
    }

    fn duckdb_columns(connection: &Connection, table: &str) -> Vec<String> {
        // Which leases are alone is noted only where rows can be changed.
        let asked = "SELECT column_name FROM information_schema.columns WHERE table_name = ? \
                     AND column_name <> 'alone' ORDER BY ordinal_position";
        let mut statement = connection.prepare(asked).expect("a statement");
        let names = statement.query_map([table], |row| row.get(0)).expect("an answer");
        names.collect::<Result<_, _>>().expect("names")
    }

    /// Rows are written in the order of DuckDB's columns, without their names.
    #[test]
    fn tables_have_the_columns_of_duckdb_in_the_same_order() {
        let mut connection = Connection::open_in_memory().expect("a database");
        in_duckdb::migrate(&mut connection, in_duckdb::STEPS).expect("tables");
        for table in
            ["sessions", "leases", "call_snapshots", "leads", "postbacks", "costs", "staffing"]
        {
            assert_eq!(columns(table), duckdb_columns(&connection, table), "{table}");
        }
        let touches = duckdb_columns(&connection, "touches");
        let mut calls = duckdb_columns(&connection, "calls");
        calls.push("touches".to_owned());
        // Those of a touch, without its call and site.
        calls.extend_from_slice(&touches[2..]);
        assert_eq!(columns("calls"), calls);
    }
}
