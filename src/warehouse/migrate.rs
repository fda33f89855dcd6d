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

/// Brings the tables to the version of the last step, each step in a transaction of its own.
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
        let transaction = connection.transaction().map_err(sql("begin a migration"))?;
        transaction.execute_batch(step).map_err(sql("migrate the tables"))?;
        transaction
            .execute("INSERT INTO schema_version VALUES (?)", [version as u32])
            .map_err(sql("note the tables' version"))?;
        transaction.commit().map_err(sql("commit a migration"))?;
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
}
