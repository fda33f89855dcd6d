//! What this process's segments hold, against a warehouse in ClickHouse.
//!
//! Nobody has the segments of all processes, so a row that no segment here knows says nothing. A warehouse is made of the
//! own segments in a folder of its own; then its rows are looked for by their ids, some at a time. Where ClickHouse has a newer
//! version, somebody else has written it: that is counted and not compared, and neither is the tracker of a call, which
//! may rest on what others know of a number.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use duckdb::types::Value;
use jiff::ToSpan;
use jiff::civil::date;

use crate::config::Live;
use crate::ledger::model::EntryId;
use crate::ledger::segments::Segments;
use crate::ledger::store::{Consumer, WAREHOUSE_GROUP};
use crate::platform::clock::Millis;
use crate::platform::redis::Redis;
use crate::warehouse::question::{Question, Row};
use crate::warehouse::rebuild::{RebuildError, TABLES};
use crate::warehouse::rewrite::remove_folder;
use crate::warehouse::store::{Warehouse, WarehouseError};
use crate::warehouse::verify::{BESIDE, Content, Contents, Part, Verified, differences, rows};
use crate::warehouse::worker::Projector;

/// Rows that are looked for with one question.
const AT_ONCE: i64 = 2_000;
/// What errors call it.
const WHAT: &str = "be compared";

/// Compares what is in the segments of `live`'s data folder.
pub(super) async fn verify(redis: Redis, live: &Live) -> Result<Verified, RebuildError> {
    let installation = live.now_full();
    let (data, means) = (&installation.config.data_folder, &installation.config.warehouse);
    let shown = Warehouse::of(&installation.config)?;
    shown.ping().await?;
    let beside = data.join(BESIDE);
    remove_folder(&beside)?;
    let made = Warehouse::open(&beside, means)?;
    let (shards, name) = (installation.shards, shown.writer().to_owned());
    let consumer = || Consumer::new(redis.clone(), shards, WAREHOUSE_GROUP, &name);
    let segments = Segments::new(&data.join("segments"));
    let mut projector = Projector::with_segments(consumer(), made.clone(), segments, live.clone());
    for shard in consumer().shards() {
        projector.replay(shard, EntryId::default()).await?;
    }
    let damages = projector.damages();
    let mut both =
        Both { made, shown, newer: HashSet::new(), found: Sums::new(), expected: Sums::new() };
    for table in TABLES {
        both.compare(table).await?;
    }
    let Both { newer, found, expected, made, .. } = both;
    drop((projector, made));
    remove_folder(&beside)?;
    let (found, expected) = (contents(found), contents(expected));
    let waiting = consumer().lag().await?;
    let rows = rows(&expected);
    let differences = differences(found, expected);
    Ok(Verified { differences, rows, waiting, damages, newer: Some(newer.len() as u64) })
}

type Sums = BTreeMap<Part, (u64, u128)>;

fn contents(sums: Sums) -> Contents {
    let content = |(rows, sum): (u64, u128)| Content { rows, checksum: sum.to_string() };
    sums.into_iter().map(|(part, sum)| (part, content(sum))).collect()
}

/// What segments say, and what ClickHouse has.
struct Both {
    made: Warehouse,
    shown: Warehouse,
    /// Tables and ids of which ClickHouse has a newer version.
    newer: HashSet<(&'static str, String)>,
    found: Sums,
    expected: Sums,
}

/// What is asked of a table.
struct Asked {
    table: &'static str,
    /// Columns as both engines write them.
    cells: String,
    /// Their names, and whether they come as texts of numbers.
    columns: Vec<(String, bool)>,
    /// The table whose ids are looked for, and the column that has them here.
    owner: &'static str,
    id: &'static str,
}

impl Both {
    async fn compare(&mut self, table: &'static str) -> Result<(), WarehouseError> {
        let asked = self.asked(table).await?;
        let last = format!("SELECT coalesce(max(rowid) + 1, 0)::BIGINT FROM {}", asked.owner);
        let row = self.made.ask_one(Question::new(WHAT, last, Vec::new())).await?;
        let last: i64 = row.map(|row| row.get(0)).transpose()?.unwrap_or_default();
        for first in (0..last).step_by(AT_ONCE as usize) {
            let owners = format!(
                "SELECT id FROM {} WHERE rowid >= {first} AND rowid < {}",
                asked.owner,
                first + AT_ONCE
            );
            let Asked { cells, id, .. } = &asked;
            let text = format!("SELECT {cells} FROM {table} WHERE {id} IN ({owners})");
            let expected = self.made.ask(Question::new(WHAT, text, Vec::new())).await?;
            let expected = told(&asked, expected)?;
            // Calls without touches should have none there.
            let text =
                format!("SELECT id::VARCHAR, site FROM {} WHERE id IN ({owners})", asked.owner);
            let owners = self.made.ask(Question::new(WHAT, text, Vec::new())).await?;
            if !owners.is_empty() {
                let found = self.shown.ask(there(&asked, &owners)?).await?;
                let found = told(&asked, found)?;
                self.add(&asked, expected, found);
            }
        }
        Ok(())
    }

    async fn asked(&self, table: &'static str) -> Result<Asked, WarehouseError> {
        let mut columns = self.made.columns(table).await?;
        columns.retain(|(name, _)| name != "tracker");
        // As texts they are read the same, to the last digit.
        let is_number = |kind: &str| kind == "DOUBLE" || kind.starts_with("DECIMAL");
        let cells = columns.iter().map(|(name, kind)| match kind == "UUID" || is_number(kind) {
            true => format!("{table}.{name}::VARCHAR"),
            false => format!("{table}.{name}"),
        });
        let cells = cells.collect::<Vec<_>>().join(", ");
        let columns = columns.into_iter().map(|(name, kind)| (name, is_number(&kind))).collect();
        let (owner, id) = if table == "touches" { ("calls", "call") } else { (table, "id") };
        Ok(Asked { table, cells, columns, owner, id })
    }

    /// Adds rows of both sides, but for those that are newer there.
    fn add(&mut self, asked: &Asked, expected: Vec<Told>, found: Vec<Told>) {
        let versions: BTreeMap<&str, i64> =
            expected.iter().map(|told| (told.id.as_str(), told.version)).collect();
        for told in &found {
            if versions.get(told.id.as_str()).is_some_and(|version| told.version > *version) {
                self.newer.insert((asked.table, told.id.clone()));
            }
        }
        let newer = &self.newer;
        let is_newer = |told: &Told| newer.contains(&(asked.owner, told.id.clone()));
        for (sums, rows) in [(&mut self.expected, expected), (&mut self.found, found)] {
            for told in rows.into_iter().filter(|told| !is_newer(told)) {
                let (rows, sum) = sums.entry(told.part).or_default();
                *rows += 1;
                *sum = sum.wrapping_add(told.hash.into());
            }
        }
    }
}

/// A row of one side.
struct Told {
    /// Its own, or of what it belongs to.
    id: String,
    /// 0 where it has none of its own.
    version: i64,
    part: Part,
    hash: u64,
}

/// The rows of these things in ClickHouse.
fn there(asked: &Asked, owners: &[Row]) -> Result<Question, WarehouseError> {
    let Asked { table, cells, id, .. } = asked;
    let (mut ids, mut sites) = (Vec::with_capacity(owners.len()), HashSet::new());
    for owner in owners {
        ids.push(Value::Text(owner.get(0)?));
        sites.insert(owner.get::<String>(1)?);
    }
    // Sessions lie in the order of their ids as numbers.
    let (key, number) = match *table {
        "sessions" => ("toUInt128(sessions.id)".to_owned(), true),
        table => (format!("{table}.{id}"), false),
    };
    let place = |n: usize| match number {
        true => format!("toUInt128(${n}::UUID)"),
        false => format!("${n}"),
    };
    let known = ids.len();
    let places = (1..=known).map(place).collect::<Vec<_>>().join(", ");
    let mut bound = ids;
    bound.extend(sites.into_iter().map(Value::Text));
    let sites = (known + 1..=bound.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "SELECT {cells} FROM {table} WHERE {table}.site IN ({sites}) AND {key} IN ({places})"
    );
    Ok(Question::new(WHAT, text, bound))
}

fn told(asked: &Asked, rows: Vec<Row>) -> Result<Vec<Told>, WarehouseError> {
    let at = |name: &str| asked.columns.iter().position(|(known, _)| known == name);
    let (id, version) = (at(asked.id).unwrap_or(0), at("version"));
    let site = at("site").unwrap_or(0);
    let day = match asked.table {
        "touches" => at("touched_at"),
        "call_snapshots" => at("started_at"),
        _ => at("local_date"),
    };
    let told = |row: &Row| {
        let mut hasher = DefaultHasher::new();
        for (n, (_, is_number)) in asked.columns.iter().enumerate() {
            row.value(n).map(|value| plain(value, *is_number)).hash(&mut hasher);
        }
        Ok(Told {
            id: row.get(id)?,
            version: version.map(|n| row.get(n)).transpose()?.unwrap_or_default(),
            part: Part {
                table: asked.table,
                site: row.get(site)?,
                day: day.and_then(|n| row.value(n)).map(day_of).unwrap_or_default(),
            },
            hash: hasher.finish(),
        })
    };
    rows.iter().map(told).collect()
}

/// A cell in a form that does not depend on the engine. `is_number`: it comes as the text of a number.
fn plain(value: &Value, is_number: bool) -> String {
    let whole = |number: i128| format!("whole {number}");
    match value {
        Value::TinyInt(number) => whole((*number).into()),
        Value::SmallInt(number) => whole((*number).into()),
        Value::Int(number) => whole((*number).into()),
        Value::BigInt(number) => whole((*number).into()),
        Value::UBigInt(number) => whole((*number).into()),
        Value::Text(text) if is_number => format!("number {:?}", text.parse::<f64>().ok()),
        other => format!("{other:?}"),
    }
}

fn day_of(value: &Value) -> String {
    let days = match value {
        Value::Date32(days) => i64::from(*days),
        Value::BigInt(moment) => return Millis(*moment).timestamp().to_string()[..10].to_owned(),
        _ => return String::new(),
    };
    date(1970, 1, 1).checked_add(days.days()).map_or_else(|_| String::new(), |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_the_same_whatever_engine_tells_it() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(plain(&text("250.0000"), true), plain(&text("250"), true));
        assert_eq!(plain(&Value::TinyInt(7), false), plain(&Value::BigInt(7), false));
        assert_ne!(plain(&text("7"), false), plain(&Value::BigInt(7), false));
        assert_ne!(plain(&Value::Null, true), plain(&text("0"), true));
        let caller = u64::MAX;
        assert_ne!(
            plain(&Value::UBigInt(caller), false),
            plain(&Value::UBigInt(caller - 1), false)
        );
        assert_eq!(day_of(&Value::Date32(20_514)), "2026-03-02");
        assert_eq!(day_of(&Value::BigInt(1_772_409_600_000)), "2026-03-02");
    }
}
