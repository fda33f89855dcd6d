//! A fresh warehouse from segments and ledger, for when the file is lost, damaged or doubted.
//!
//! It is written beside the one that is there, by the projector itself, and takes its place when it is whole. Until then
//! the old one stays as it is; what the ledger delivered meanwhile is in segments, from where the old one would take it at
//! the next start. Facts are made with the configuration of today: time zones and business hours that were changed since
//! are changed in them.
//!
//! A warehouse in ClickHouse is everybody's, and no process has all segments: there each sends what it has once more, and what
//! others wrote stays.

use crate::config::Live;
use crate::config::model::WarehouseKind;
use crate::ledger::model::EntryId;
use crate::ledger::segments::Segments;
use crate::ledger::store::{Consumer, WAREHOUSE_GROUP};
use crate::platform::redis::{Redis, StoreError};
use crate::warehouse::rewrite::{put_in_place, remove_folder};
use crate::warehouse::store::{FILE, Warehouse, WarehouseError, set_logs_aside, sql};
use crate::warehouse::worker::{Outcome, Projector, ProjectorError};

/// In the data folder: where the new one grows.
const BESIDE: &str = "rebuild";
/// The tables of facts, in the order of the flow.
pub const TABLES: [&str; 9] = [
    "sessions",
    "leases",
    "calls",
    "touches",
    "call_snapshots",
    "leads",
    "postbacks",
    "costs",
    "staffing",
];

/// Why there is no new warehouse, or nothing to compare.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Segments or ledger could not be read, or the new warehouse not be written.
    #[error(transparent)]
    Projector(#[from] ProjectorError),
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// DuckDB.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// What was in some parts of segments would be missing.
    #[error(
        "{0} parts of segments cannot be read (the log names them): the new warehouse would lack what they held, and the \
         old one is as it was; --despite-damage takes the new one all the same"
    )]
    Damaged(usize),
}

/// A warehouse that was made anew, or as far as this process can.
#[derive(Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Rows of each table; of a warehouse that is shared none is told.
    pub rows: Vec<(&'static str, u64)>,
    /// Ledger entries that were written.
    pub entries: usize,
    /// Parts of segments that could not be read.
    pub damages: usize,
}

/// Makes the warehouse of `live`'s installation anew, or sends it what this process has. Nobody else may have the data folder.
/// Segments that cannot be read in part end it, unless `despite_damage`; in ClickHouse nothing is replaced by less, and they
/// end nothing.
pub async fn rebuild(
    redis: Redis,
    live: &Live,
    despite_damage: bool,
) -> Result<Rebuilt, RebuildError> {
    match live.now().config.warehouse.kind {
        WarehouseKind::Duckdb => anew(redis, live, despite_damage).await,
        WarehouseKind::Clickhouse => once_more(redis, live).await,
    }
}

/// A fresh file in the place of the one that is there.
async fn anew(redis: Redis, live: &Live, despite_damage: bool) -> Result<Rebuilt, RebuildError> {
    let installation = live.now_full();
    let data = &installation.config.data_folder;
    let beside = data.join(BESIDE);
    remove_folder(&beside)?;
    let fresh = Warehouse::open(&beside, &installation.config.warehouse)?;
    let consumer = Consumer::new(redis, installation.shards, WAREHOUSE_GROUP, fresh.writer());
    let segments = Segments::new(&data.join("segments"));
    let mut projector = Projector::with_segments(consumer, fresh.clone(), segments, live.clone());
    let entries = take_the_rest(&mut projector).await?;
    let damages = projector.damages();
    if damages > 0 && !despite_damage {
        drop((projector, fresh));
        remove_folder(&beside)?;
        return Err(RebuildError::Damaged(damages));
    }
    let rows = fresh.read(count).await?;
    fresh.checkpoint().await?;
    drop((projector, fresh));
    // A crash behind the old one's log leaves that as of its last checkpoint, and the projector replays the rest.
    put_in_place(&beside.join(FILE), data, set_logs_aside)?;
    remove_folder(&beside)?;
    Ok(Rebuilt { rows, entries, damages })
}

/// Everything of this process's segments and what waits in the ledger, as rows that replace those of the same version.
async fn once_more(redis: Redis, live: &Live) -> Result<Rebuilt, RebuildError> {
    let installation = live.now_full();
    let warehouse = Warehouse::of(&installation.config)?;
    let segments = Segments::new(&installation.config.data_folder.join("segments"));
    let consumer = Consumer::new(redis, installation.shards, WAREHOUSE_GROUP, warehouse.writer());
    let shards = consumer.shards();
    let mut projector = Projector::with_segments(consumer, warehouse, segments, live.clone());
    for shard in shards {
        projector.replay(shard, EntryId::default()).await?;
    }
    let entries = take_the_rest(&mut projector).await?;
    Ok(Rebuilt { rows: Vec::new(), entries, damages: projector.damages() })
}

/// Lets the projector write until nothing waits; says how many entries it has written in all.
async fn take_the_rest(projector: &mut Projector) -> Result<usize, ProjectorError> {
    let mut entries = 0;
    loop {
        match projector.run_once().await {
            Outcome::Wrote { events, .. } => entries += events,
            Outcome::Idle => return Ok(entries + projector.replayed()),
            Outcome::Failed(error) => return Err(error),
        }
    }
}

fn count(connection: &duckdb::Connection) -> Result<Vec<(&'static str, u64)>, WarehouseError> {
    let rows = |table: &'static str| {
        let text = format!("SELECT count(*) FROM {table}");
        connection.query_row(&text, [], |row| row.get(0)).map(|rows: u64| (table, rows))
    };
    TABLES.into_iter().map(rows).collect::<Result<_, _>>().map_err(sql("count its rows"))
}
