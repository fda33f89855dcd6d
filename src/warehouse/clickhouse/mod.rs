//! Facts in ClickHouse, for as many Ringtrace processes as there are.
//!
//! Every table is a ReplacingMergeTree: a new version of a row is added, and the greatest version wins, whether ClickHouse has
//! merged both yet or not, because every question is asked with `final = 1`. So whatever is written twice, by a repeat or by
//! another process, counts once. A row is found by site and id alone: what may change between two versions (its day, its
//! touches) is no part of that key. Touches are columns of their call, so that a call never has those of another version.
//!
//! What always holds: offsets are written after the facts that they are about; nothing is asked before the tables have the
//! version that this program knows ([`migrate`]). While ClickHouse is down nothing is lost: the projector acknowledges
//! nothing, and events stay in the ledger's streams.
//!
//! [`client`] speaks HTTP, [`values`] writes and reads values, [`write`] makes rows of facts.

pub mod client;
pub mod migrate;
pub mod place;
pub mod values;
mod write;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use duckdb::types::Value;
use reqwest::Response;
use tokio::sync::Mutex;

use crate::config;
use crate::ledger::model::EntryId;
use crate::platform::keys::Shard;
use crate::warehouse::clickhouse::client::Client;
use crate::warehouse::clickhouse::migrate::{STEPS, migrate};
use crate::warehouse::clickhouse::place::Place;
use crate::warehouse::clickhouse::write::Insert;
use crate::warehouse::dialect::{self, CELLS, Cells, Dialect, ROWS};
use crate::warehouse::error::{GONE, WarehouseError};
use crate::warehouse::model::Facts;
use crate::warehouse::question::{LONGEST, Question, Row};
use crate::warehouse::removal::Removal;

/// Whose offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of this process.
    Mine,
    /// In each stream those of whoever got furthest.
    Furthest,
}

/// A database in ClickHouse; cheap to clone.
#[derive(Clone)]
pub struct ClickHouse {
    client: Client,
    place: Arc<Place>,
    writer: Arc<str>,
    /// Whether the tables are known to be there in the right version.
    prepared: Arc<Mutex<bool>>,
}

impl ClickHouse {
    /// The database that `config` names, for the process called `writer`. Nothing is asked yet: it may be down.
    pub fn new(config: &config::model::Warehouse, writer: String) -> Result<Self, WarehouseError> {
        Ok(ClickHouse {
            client: Client::new(config)?,
            place: Arc::new(Place::of(config)),
            writer: writer.into(),
            prepared: Arc::default(),
        })
    }

    /// The name of this process among those that write.
    pub fn writer(&self) -> &str {
        &self.writer
    }

    /// The rows that answer `question`, in at most `limit`.
    pub async fn ask(
        &self,
        question: &Question,
        limit: Duration,
    ) -> Result<Vec<Row>, WarehouseError> {
        self.prepare().await?;
        self.noticed(self.client.ask(question, limit).await).await
    }

    /// The answer to `question` as a file of this format, in at most `limit`.
    pub async fn file(
        &self,
        question: &Question,
        format: &str,
        limit: Duration,
    ) -> Result<Response, WarehouseError> {
        self.prepare().await?;
        self.noticed(self.client.file(question, format, limit).await).await
    }

    /// Runs a statement that has no answer.
    pub async fn run(&self, statement: &Question) -> Result<(), WarehouseError> {
        self.prepare().await?;
        self.noticed(self.client.run(statement, LONGEST).await).await
    }

    /// Adds facts, one insertion for each table, then the offsets.
    pub async fn write(
        &self,
        mut facts: Facts,
        offsets: &[(Shard, EntryId)],
    ) -> Result<(), WarehouseError> {
        self.prepare().await?;
        // Leases before calls: they say which pool a number is of.
        self.add(write::before_calls(&facts)).await?;
        self.find_trackers(&mut facts).await?;
        self.add(write::calls(&facts.calls)).await?;
        self.add(write::offsets(&self.writer, offsets)).await
    }

    async fn add(&self, inserts: Vec<Insert>) -> Result<(), WarehouseError> {
        for insert in inserts {
            self.noticed(self.client.insert(insert).await).await?;
        }
        Ok(())
    }

    /// A number that was added over the API is in no configuration: the pool that granted it last before the call is the
    /// tracker. What came later does not count, so that what is sent once more says the same.
    async fn find_trackers(&self, facts: &mut Facts) -> Result<(), WarehouseError> {
        let unknown = facts.calls.iter_mut().map(|fact| &mut fact.call);
        let mut unknown: Vec<_> = unknown.filter(|call| call.tracker.is_empty()).collect();
        let asked: BTreeSet<(String, String, i64)> = unknown
            .iter()
            .filter_map(|c| Some((c.site.clone(), c.tracking_number.clone()?, c.started_at.0)))
            .collect();
        if asked.is_empty() {
            return Ok(());
        }
        let line = |(site, number, at): &(String, String, i64)| {
            format!("{site}{CELLS}{number}{CELLS}{at}")
        };
        let lines = asked.iter().map(line).collect::<Vec<_>>().join(ROWS);
        let columns = [Cells::Text("site"), Cells::Text("number"), Cells::Whole("started_at")];
        let text = include_str!("sql/trackers.sql")
            .replace("{calls}", &dialect::ClickHouse.list("$1", &columns));
        let bound = vec![Value::Text(lines)];
        let mut pools: HashMap<(String, String, i64), String> = HashMap::new();
        for row in self.ask(&Question::new("find trackers", text, bound), LONGEST).await? {
            pools.insert((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?);
        }
        for call in &mut unknown {
            let Some(number) = call.tracking_number.clone() else { continue };
            if let Some(pool) = pools.get(&(call.site.clone(), number, call.started_at.0)) {
                call.tracker.clone_from(pool);
            }
        }
        Ok(())
    }

    /// Removes rows, or what columns of them say, and waits until that is done.
    pub async fn remove(&self, removals: &[Removal]) -> Result<(), WarehouseError> {
        for Removal { table, condition, set } in removals {
            // Touches are columns of their call.
            if *table == "touches" {
                continue;
            }
            let work = match *set {
                "" => "DELETE".to_owned(),
                set => format!("UPDATE {set}"),
            };
            let text = format!(
                "ALTER TABLE {} {work} WHERE {condition} SETTINGS mutations_sync = 2",
                self.place.holding(table)
            );
            self.run(&Question::new("remove rows", text, Vec::new())).await?;
        }
        Ok(())
    }

    /// Merges the tables that know people, so that older versions of rows are gone.
    pub async fn merge(&self) -> Result<(), WarehouseError> {
        for table in ["sessions", "leases", "calls", "call_snapshots", "leads", "postbacks"] {
            let text = format!("OPTIMIZE TABLE {} FINAL", self.place.holding(table));
            self.run(&Question::new("merge a table", text, Vec::new())).await?;
        }
        Ok(())
    }

    /// Up to which entry of each stream everything is here.
    pub async fn offsets(&self, whose: Whose) -> Result<Vec<(Shard, EntryId)>, WarehouseError> {
        let what = "tell the offsets";
        let question = match whose {
            Whose::Mine => Question::new(
                what,
                "SELECT shard, ms, seq FROM offsets WHERE writer = $1",
                vec![Value::Text(self.writer.to_string())],
            ),
            Whose::Furthest => Question::new(
                what,
                "SELECT shard, tupleElement(max((ms, seq)), 1), tupleElement(max((ms, seq)), 2) \
                 FROM offsets GROUP BY shard",
                Vec::new(),
            ),
        };
        let rows = self.ask(&question, LONGEST).await?;
        rows.iter()
            .map(|row| Ok((Shard(row.get(0)?), EntryId { ms: row.get(1)?, seq: row.get(2)? })))
            .collect()
    }

    /// Makes or migrates the tables the first time, and again when they were found missing.
    async fn prepare(&self) -> Result<(), WarehouseError> {
        let mut prepared = self.prepared.lock().await;
        if !*prepared {
            migrate(&self.client, &self.place, STEPS).await?;
            *prepared = true;
        }
        Ok(())
    }

    async fn noticed<T>(&self, asked: Result<T, WarehouseError>) -> Result<T, WarehouseError> {
        if let Err(WarehouseError::Refused { code, .. }) = &asked
            && GONE.contains(code)
        {
            *self.prepared.lock().await = false;
        }
        asked
    }
}
