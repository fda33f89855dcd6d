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
