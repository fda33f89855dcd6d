//! Removal effects, kept in the warehouse for every period that somebody asked for or that [`super::worker`] keeps
//! ready. They are computed anew when the data that they were learnt from has changed: a late call, a call that is
//! attributed anew, a visit whose source turned out to be another.

use std::collections::BTreeMap;

use duckdb::types::Value;

use crate::attribution::markov::{Path, effects, shares_of};
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::warehouse::dialect::CELLS;
use crate::warehouse::question::{Question, Row};
use crate::warehouse::store::{Warehouse, WarehouseError};

/// Of longer ways the end counts.
const LONGEST_WAY: u32 = 30;

/// Most periods that are kept of a site, those computed last.
const MAX_PERIODS: i64 = 64;

/// What the ways of a site's visitors are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Visits of the period.
    pub sessions: u64,
    /// The newest version among them.
    pub sessions_version: i64,
    /// Calls since its beginning.
    pub calls: u64,
    /// Their versions, summed.
    pub calls_version: i64,
}

/// Removal effects of a site's channels in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    /// The site.
    pub site: SiteId,
    /// The first moment of the period.
    pub since: Millis,
    /// The moment before which it ends.
    pub until: Millis,
    /// What they were learnt from.
    pub extent: Extent,
    /// When.
    pub computed_at: Millis,
    /// The part of the calls that would be lost without a channel.
    pub effects: BTreeMap<String, f64>,
    /// Each channel's share of all calls; they sum to 1. Empty where nobody called.
    pub shares: BTreeMap<String, f64>,
}

/// The effects of a period as the data is now: those that are kept, or new ones, which are kept then.
pub async fn current(
    warehouse: &Warehouse,
    period: (SiteId, Millis, Millis),
    now: Millis,
) -> Result<Effects, WarehouseError> {
    let extent = extent(warehouse, &period).await?;
    if let Some(kept) = kept(warehouse, &period).await?.filter(|kept| kept.extent == extent) {
        return Ok(kept);
    }
    let effects = effects(&paths(warehouse, &period).await?);
    let shares = shares_of(&effects);
    let (site, since, until) = period;
    let found = Effects { site, since, until, extent, computed_at: now, effects, shares };
    let statements = match warehouse.dialect().only_adds() {
        true => vec![added(&found)],
        false => replaced(&found),
    };
    warehouse.run(statements).await?;
    Ok(found)
}

/// A question about a site's period, which are `$1` to `$3`.
fn question(text: impl Into<String>, (site, since, until): &(SiteId, Millis, Millis)) -> Question {
    let bound = vec![Value::Text(site.to_string()), since.0.into(), until.0.into()];
    Question::new("learn which channels lead to calls", text, bound)
}

async fn extent(
    warehouse: &Warehouse,
    period: &(SiteId, Millis, Millis),
) -> Result<Extent, WarehouseError> {
    let asked = question(include_str!("../sql/extent.sql"), period);
    let row = warehouse.ask_one(asked).await?;
    row.map_or_else(|| Ok(Extent::default()), |row| extent_of(&row))
}

fn extent_of(row: &Row) -> Result<Extent, WarehouseError> {
    Ok(Extent {
        sessions: row.get(0)?,
        sessions_version: row.get(1)?,
        calls: row.get(2)?,
        calls_version: row.get(3)?,
    })
}

async fn kept(
    warehouse: &Warehouse,
    period: &(SiteId, Millis, Millis),
) -> Result<Option<Effects>, WarehouseError> {
    let asked = question(
        "SELECT sessions, sessions_version, calls, calls_version, computed_at \
         FROM removal_periods WHERE site = $1 AND since = $2 AND until = $3",
        period,
    );
    let Some(row) = warehouse.ask_one(asked).await? else { return Ok(None) };
    let (extent, computed_at) = (extent_of(&row)?, Millis(row.get(4)?));
    let asked = question(
        "SELECT channel, effect, share FROM removal_effects \
         WHERE site = $1 AND since = $2 AND until = $3",
        period,
    );
    let (mut effects, mut shares) = (BTreeMap::new(), BTreeMap::new());
    for row in warehouse.ask(asked).await? {
        let channel: String = row.get(0)?;
        effects.insert(channel.clone(), row.get(1)?);
        shares.insert(channel, row.get(2)?);
    }
    let (site, since, until) = period.clone();
    Ok(Some(Effects { site, since, until, extent, computed_at, effects, shares }))
}

const KEEP: &str = "keep effects";

/// The columns of a period's row.
fn period_row(found: &Effects) -> Vec<Value> {
    let Effects { site, since, until, extent, computed_at, .. } = found;
    vec![
        Value::Text(site.to_string()),
        since.0.into(),
        until.0.into(),
        extent.sessions.into(),
        extent.sessions_version.into(),
        extent.calls.into(),
        extent.calls_version.into(),
        computed_at.0.into(),
    ]
}

/// Replaces what is kept of the period, and forgets the periods that were computed longest ago.
fn replaced(found: &Effects) -> Vec<Question> {
    let Effects { site, since, until, effects, shares, .. } = found;
    let period = vec![Value::Text(site.to_string()), since.0.into(), until.0.into()];
    let tables = ["removal_periods", "removal_effects"];
    let forget = |table| {
        let text = format!("DELETE FROM {table} WHERE site = $1 AND since = $2 AND until = $3");
        Question::new(KEEP, text, period.clone())
    };
    let mut statements: Vec<Question> = tables.map(forget).into();
    let insert = "INSERT INTO removal_periods VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    statements.push(Question::new(KEEP, insert, period_row(found)));
    for (channel, share) in shares {
        let effect = effects.get(channel).copied().unwrap_or_default();
        let mut bound = period.clone();
        bound.extend([Value::Text(channel.clone()), effect.into(), (*share).into()]);
        let insert = "INSERT INTO removal_effects VALUES ($1, $2, $3, $4, $5, $6)";
        statements.push(Question::new(KEEP, insert, bound));
    }
    let oldest = "SELECT since, until FROM removal_periods WHERE site = $1 \
                  ORDER BY computed_at DESC, since DESC, until DESC OFFSET $2";
    // The periods last: they say which effects are too old.
    statements.extend(["removal_effects", "removal_periods"].map(|table| {
        let text = format!("DELETE FROM {table} WHERE site = $1 AND (since, until) IN ({oldest})");
        Question::new(KEEP, text, vec![Value::Text(site.to_string()), MAX_PERIODS.into()])
    }));
    statements
}

/// Adds the period with its effects as one row, which replaces older ones; ClickHouse forgets it by its age.
fn added(found: &Effects) -> Question {
    let Effects { effects, shares, .. } = found;
    let effect = |channel: &String| effects.get(channel).copied().unwrap_or_default();
    let mut bound = period_row(found);
    bound.extend([
        Value::List(shares.keys().map(|channel| Value::Text(channel.clone())).collect()),
        Value::List(shares.keys().map(|channel| effect(channel).into()).collect()),
        Value::List(shares.values().map(|share| (*share).into()).collect()),
    ]);
    let insert =
        "INSERT INTO removal_periods VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    Question::new(KEEP, insert, bound)
}

/// The ways of a site's visitors.
async fn paths(
    warehouse: &Warehouse,
    period: &(SiteId, Millis, Millis),
) -> Result<Vec<Path>, WarehouseError> {
    let dialect = warehouse.dialect();
    let order = format!("started_at, {}", dialect.ordered("id"));
    let way = dialect.last_of("channel", &order, LONGEST_WAY);
    let text = include_str!("../sql/paths.sql").replace("{way}", &way);
    let of_row = |row: Row| {
        let way: String = row.get(0)?;
        let channels = way.split(CELLS).map(str::to_owned).collect();
        Ok(Path { channels, calls: row.get(1)?, silences: row.get(2)? })
    };
    warehouse.ask(question(text, period)).await?.into_iter().map(of_row).collect()
}
