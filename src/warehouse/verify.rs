//! Whether the warehouse is what segments and ledger say: per table, site and day, how many rows there are and a sum over
//! all of their cells.
//!
//! A warehouse is made of segments and ledger in a folder of its own, as [`super::rebuild`] does but without taking
//! anything from the ledger, and compared. What the warehouse has not read yet is counted, and is no difference.

use std::collections::BTreeMap;

use duckdb::Connection;

use crate::config::Live;
use crate::ledger::model::EntryId;
use crate::ledger::segments::Segments;
use crate::ledger::store::{Consumer, WAREHOUSE_GROUP};
use crate::platform::keys::Shard;
use crate::platform::redis::Redis;
use crate::warehouse::batch::ShardBatch;
use crate::warehouse::rebuild::{RebuildError, TABLES, only_duckdb};
use crate::warehouse::rewrite::remove_folder;
use crate::warehouse::store::{Warehouse, WarehouseError, sql};
use crate::warehouse::worker::Projector;

/// In the data folder: what is compared with.
const BESIDE: &str = "verify";
/// Messages that are looked at with one command.
const AT_ONCE: usize = 256;

/// A table's rows of one site and day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The table.
    pub table: &'static str,
    /// The site.
    pub site: String,
    /// The day by the site's clock; of touches and snapshots in UTC.
    pub day: String,
}

/// How many rows there are, and a sum over all of their cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Rows.
    pub rows: u64,
    /// The sum, in decimal digits; empty without rows.
    pub checksum: String,
}

/// What the warehouse has, and what it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub part: Part,
    /// In the warehouse.
    pub found: Content,
    /// By segments and ledger.
    pub expected: Content,
}

/// What came of a comparison.
#[derive(Debug)]
pub struct Verified {
    /// What differs, in order.
    pub differences: Vec<Difference>,
    /// Rows that were compared, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Ledger entries that the warehouse has not read yet.
    pub waiting: usize,
    /// Parts of segments that could not be read: what they held cannot be compared.
    pub damages: usize,
}

type Contents = BTreeMap<Part, Content>;

/// Compares the warehouse of `live`'s data folder. Nobody else may have the folder.
pub async fn verify(redis: Redis, live: &Live) -> Result<Verified, RebuildError> {
    let installation = live.now_full();
    only_duckdb(&installation.config, "be verified by this command")?;
    let (data, threads) = (&installation.config.data_folder, installation.config.warehouse.threads);
    let shown = Warehouse::open(data, threads)?;
    let offsets: BTreeMap<Shard, EntryId> = shown.offsets().await?.into_iter().collect();
    let beside = data.join(BESIDE);
    remove_folder(&beside)?;
    let made = Warehouse::open(&beside, threads)?;
    let (shards, name) = (installation.shards, shown.writer());
    let consumer = || Consumer::new(redis.clone(), shards, WAREHOUSE_GROUP, name);
    let segments = Segments::new(&data.join("segments"));
    let mut projector = Projector::with_segments(consumer(), made.clone(), segments, live.clone());
    let (consumer, mut waiting) = (consumer(), 0);
    for shard in consumer.shards() {
        let in_segments = projector.replay(shard, EntryId::default()).await?;
        let read = offsets.get(&shard).copied().unwrap_or_default();
        waiting += follow(&consumer, &projector, &made, shard, in_segments, read).await?;
    }
    let damages = projector.damages();
    let found = shown.read(contents).await?;
    let expected = made.read(contents).await?;
    drop((projector, made));
    remove_folder(&beside)?;
    let mut rows = BTreeMap::new();
    for (part, content) in &found {
        *rows.entry(part.table).or_default() += content.rows;
    }
    Ok(Verified { differences: differences(found, expected), rows, waiting, damages })
}

/// Writes what the ledger has after `from` up to `read`, which is in no segment yet; says how much comes after that.
async fn follow(
    consumer: &Consumer,
    projector: &Projector,
    made: &Warehouse,
    shard: Shard,
    mut from: EntryId,
    read: EntryId,
) -> Result<usize, RebuildError> {
    let mut waiting = 0;
    loop {
        let messages = consumer.look(shard, from, AT_ONCE).await?;
        let Some(last) = messages.last().map(|message| message.id) else { return Ok(waiting) };
        from = last;
        let (known, later): (Vec<_>, Vec<_>) = messages.into_iter().partition(|m| m.id <= read);
        waiting += later.len();
        let batch = ShardBatch::new(shard, known);
        let facts = projector.facts(batch.entries.iter().map(|entry| &entry.envelope));
        made.write(facts, Vec::new()).await?;
    }
}

fn contents(connection: &Connection) -> Result<Contents, WarehouseError> {
    let mut contents = Contents::new();
    for table in TABLES {
        let day = match table {
            "touches" => "epoch_ms(touched_at)::DATE",
            "call_snapshots" => "epoch_ms(started_at)::DATE",
            _ => "local_date",
        };
        let text = format!(
            "SELECT site, {day}::VARCHAR AS day, count(*), sum(hash(rows)::HUGEINT)::VARCHAR \
             FROM {table} AS rows GROUP BY site, day"
        );
        let failed = sql("be compared");
        let mut statement = connection.prepare(&text).map_err(&failed)?;
        let parts = statement.query_map([], |row| {
            let part = Part { table, site: row.get(0)?, day: row.get(1)? };
            Ok((part, Content { rows: row.get(2)?, checksum: row.get(3)? }))
        });
        for part in parts.map_err(&failed)? {
            contents.extend([part.map_err(&failed)?]);
        }
    }
    Ok(contents)
}

/// What is not the same on both sides. Pure.
fn differences(mut found: Contents, expected: Contents) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (part, expected) in expected {
        let found = found.remove(&part).unwrap_or_default();
        if found != expected {
            differences.push(Difference { part, found, expected });
        }
    }
    let beyond = found.into_iter().map(|(part, found)| Difference {
        part,
        found,
        expected: Content::default(),
    });
    differences.extend(beyond);
    differences.sort_by(|a, b| a.part.cmp(&b.part));
    differences
}
