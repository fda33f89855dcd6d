//! A fresh warehouse from segments and ledger, for when the file is lost, damaged or doubted.
//!
//! It is written beside the one that is there, by the projector itself, and takes its place when it is whole. Until then
//! the old one stays as it is; what the ledger delivered meanwhile is in segments, from where the old one would take it at
//! the next start. Facts are made with the configuration of today: time zones and business hours that were changed since
//! are changed in them.

use crate::config::Live;
use crate::config::model::{Config, WarehouseKind};
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

/// A warehouse that was made anew.
#[derive(Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Rows of each table.
    pub rows: Vec<(&'static str, u64)>,
    /// Parts of segments that could not be read.
    pub damages: usize,
}

/// Makes the warehouse of `live`'s data folder anew. Nobody else may have the folder. Segments that cannot be read in part
/// end it, unless `despite_damage`.
pub async fn rebuild(
    redis: Redis,
    live: &Live,
    despite_damage: bool,
) -> Result<Rebuilt, RebuildError> {
    let installation = live.now_full();
    only_duckdb(&installation.config, "be made anew by this command")?;
    let data = &installation.config.data_folder;
    let beside = data.join(BESIDE);
    remove_folder(&beside)?;
    let fresh = Warehouse::open(&beside, installation.config.warehouse.threads)?;
    let consumer = Consumer::new(redis, installation.shards, WAREHOUSE_GROUP, fresh.writer());
    let segments = Segments::new(&data.join("segments"));
    let mut projector = Projector::with_segments(consumer, fresh.clone(), segments, live.clone());
    loop {
        match projector.run_once().await {
            Outcome::Wrote { .. } => {}
            Outcome::Idle => break,
            Outcome::Failed(error) => return Err(error.into()),
        }
    }
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
    Ok(Rebuilt { rows, damages })
}

/// What is done with files cannot be done with a server.
pub(super) fn only_duckdb(config: &Config, what: &'static str) -> Result<(), WarehouseError> {
    match config.warehouse.kind {
        WarehouseKind::Duckdb => Ok(()),
        WarehouseKind::Clickhouse => {
            Err(WarehouseError::OfOtherKind { engine: "ClickHouse", what })
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
