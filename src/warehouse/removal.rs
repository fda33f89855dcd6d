//! Rows that go, or lose what some columns say.

use duckdb::Connection;

use crate::warehouse::question::Question;
use crate::warehouse::store::{Engine, Warehouse, WarehouseError, sql};

/// What becomes of some rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The table.
    pub table: &'static str,
    /// Which rows, as SQL that every engine reads; without anything from outside but ids and numbers.
    pub condition: String,
    /// What is set in them, as SQL; empty: they go.
    pub set: &'static str,
}

impl Removal {
    /// The rows that go.
    pub fn rows(table: &'static str, condition: String) -> Self {
        Removal { table, condition, set: "" }
    }

    fn statement(&self) -> String {
        let Removal { table, condition, set } = self;
        match *set {
            "" => format!("DELETE FROM {table} WHERE {condition}"),
            set => format!("UPDATE {table} SET {set} WHERE {condition}"),
        }
    }
}

impl Warehouse {
    /// How many rows these are about.
    pub async fn count(&self, removals: &[Removal]) -> Result<u64, WarehouseError> {
        let mut rows = 0;
        for Removal { table, condition, .. } in removals {
            let text = format!("SELECT count(*)::BIGINT FROM {table} WHERE {condition}");
            let counted = self.ask_one(Question::new("count rows", text, Vec::new())).await?;
            let counted = counted.map(|row| row.get::<i64>(0)).transpose()?.unwrap_or_default();
            rows += u64::try_from(counted).unwrap_or_default();
        }
        Ok(rows)
    }

    /// Does what they say. In DuckDB it is one transaction; ClickHouse does one after the other, and may have done some
    /// when it fails.
    pub async fn remove(&self, removals: Vec<Removal>) -> Result<(), WarehouseError> {
        match self.engine() {
            Engine::ClickHouse(clickhouse) => clickhouse.remove(&removals).await,
            Engine::DuckDb(_) => {
                let all = move |writer: &mut Connection| {
                    let failed = sql("remove rows");
                    let transaction = writer.transaction().map_err(&failed)?;
                    for removal in &removals {
                        transaction.execute(&removal.statement(), []).map_err(&failed)?;
                    }
                    transaction.commit().map_err(&failed)
                };
                self.change(all).await
            }
        }
    }

    /// Lets the bytes of what was removed or changed go: DuckDB's file is written anew, ClickHouse merges its tables. Old
    /// parts leave ClickHouse's disk some minutes later (`old_parts_lifetime`).
    pub async fn forget_removed(&self) -> Result<(), WarehouseError> {
        match self.engine() {
            Engine::ClickHouse(clickhouse) => clickhouse.merge().await,
            Engine::DuckDb(_) => self.rewrite().await,
        }
    }
}
