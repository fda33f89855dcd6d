//! A DuckDB file against segments and ledger.
//!
//! A warehouse is made of them in a folder of its own, as [`crate::warehouse::rebuild`] does but without taking anything from
//! the ledger, and compared. What the warehouse has not read yet is counted, and is no difference.

use std::collections::BTreeMap;

use duckdb::Connection;

use crate::config::Live;
use crate::ledger::model::EntryId;
use crate::ledger::segments::Segments;
use crate::ledger::store::{Consumer, WAREHOUSE_GROUP};
use crate::platform::keys::Shard;
use crate::platform::redis::Redis;
use crate::warehouse::batch::ShardBatch;
use crate::warehouse::rebuild::{RebuildError, TABLES};
use crate::warehouse::rewrite::remove_folder;
use crate::warehouse::store::{Warehouse, WarehouseError, sql};
use crate::warehouse::verify::{BESIDE, Content, Contents, Part, Verified, differences, rows};
use crate::warehouse::worker::Projector;

/// Messages that are looked at with one command.
const AT_ONCE: usize = 256;

/// Compares the file of `live`'s data folder.
pub(super) async fn verify(redis: Redis, live: &Live) -> Result<Verified, RebuildError> {
    let installation = live.now_full();
    let (data, means) = (&installation.config.data_folder, &installation.config.warehouse);
    let shown = Warehouse::open(data, means)?;
    let offsets: BTreeMap<Shard, EntryId> = shown.offsets().await?.into_iter().collect();
    let beside = data.join(BESIDE);
    remove_folder(&beside)?;
    let made = Warehouse::open(&beside, means)?;
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
    let rows = rows(&found);
    let differences = differences(found, expected);
    Ok(Verified { differences, rows, waiting, damages, newer: None })
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
        // What follows from other rows is no fact.
        let facts = match table {
            "leases" => "(SELECT * EXCLUDE (alone) FROM leases)",
            table => table,
        };
        let text = format!(
            "SELECT site, {day}::VARCHAR AS day, count(*), sum(hash(rows)::HUGEINT)::VARCHAR \
             FROM {facts} AS rows GROUP BY site, day"
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
