//! Whether the warehouse is what segments and ledger say: per table, site and day, how many rows there are and a sum over
//! all of their cells. A DuckDB file is compared as a whole ([`file`]); of a warehouse in ClickHouse, into which others write
//! too, what this process's own segments hold ([`shared`]).

mod file;
mod shared;

use std::collections::BTreeMap;

use crate::config::Live;
use crate::config::model::WarehouseKind;
use crate::platform::redis::Redis;
use crate::warehouse::rebuild::RebuildError;

/// In the data folder: what is compared with.
const BESIDE: &str = "verify";

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
    /// Of a warehouse that others write into: what of this process's own was not compared, because somebody has written a
    /// newer version of it.
    pub newer: Option<u64>,
}

type Contents = BTreeMap<Part, Content>;

/// Compares the warehouse of `live`'s installation. Nobody else may have the data folder.
pub async fn verify(redis: Redis, live: &Live) -> Result<Verified, RebuildError> {
    match live.now().config.warehouse.kind {
        WarehouseKind::Duckdb => file::verify(redis, live).await,
        WarehouseKind::Clickhouse => shared::verify(redis, live).await,
    }
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

/// Rows of each table.
fn rows(contents: &Contents) -> BTreeMap<&'static str, u64> {
    let mut rows = BTreeMap::new();
    for (part, content) in contents {
        *rows.entry(part.table).or_default() += content.rows;
    }
    rows
}
