//! Removal effects, kept in the warehouse for every period that somebody asked for or that [`super::worker`] keeps
//! ready. They are computed anew when the data that they were learnt from has changed: a late call, a call that is
//! attributed anew, a visit whose source turned out to be another.

use std::collections::BTreeMap;

use duckdb::{Connection, params};

use crate::attribution::markov::{Path, effects, shares_of};
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::warehouse::store::{Warehouse, WarehouseError, sql};

/// Joins the channels of a way: no name has it.
const SEPARATOR: char = '\u{1f}';

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
    (site, since, until): (SiteId, Millis, Millis),
    now: Millis,
) -> Result<Effects, WarehouseError> {
    let look = move |connection: &Connection| {
        let failed = sql("learn which channels lead to calls");
        let extent = extent(connection, &site, since, until).map_err(&failed)?;
        let kept = kept(connection, &site, since, until).map_err(&failed)?;
        if let Some(kept) = kept.filter(|kept| kept.extent == extent) {
            return Ok((kept, false));
        }
        let effects = effects(&paths(connection, &site, since, until).map_err(&failed)?);
        let shares = shares_of(&effects);
        Ok((Effects { site, since, until, extent, computed_at: now, effects, shares }, true))
    };
    let (found, is_new) = warehouse.read(look).await?;
    if is_new {
        let kept = found.clone();
        warehouse.change(move |writer| keep(writer, &kept).map_err(sql("keep effects"))).await?;
    }
    Ok(found)
}

fn extent(
    connection: &Connection,
    site: &SiteId,
    since: Millis,
    until: Millis,
) -> Result<Extent, duckdb::Error> {
    let bounds = params![site.as_str(), since.0, until.0];
    connection.query_row(include_str!("../sql/extent.sql"), bounds, |row| {
        Ok(Extent {
            sessions: row.get(0)?,
            sessions_version: row.get(1)?,
            calls: row.get(2)?,
            calls_version: row.get(3)?,
        })
    })
}

fn kept(
    connection: &Connection,
    site: &SiteId,
    since: Millis,
    until: Millis,
) -> Result<Option<Effects>, duckdb::Error> {
    let mut statement = connection.prepare(
        "SELECT sessions, sessions_version, calls, calls_version, computed_at \
         FROM removal_periods WHERE site = ? AND since = ? AND until = ?",
    )?;
    let mut periods = statement.query_map(params![site.as_str(), since.0, until.0], |row| {
        let extent = Extent {
            sessions: row.get(0)?,
            sessions_version: row.get(1)?,
            calls: row.get(2)?,
            calls_version: row.get(3)?,
        };
        Ok((extent, Millis(row.get(4)?)))
    })?;
    let Some((extent, computed_at)) = periods.next().transpose()? else { return Ok(None) };
    let mut statement = connection.prepare(
        "SELECT channel, effect, share FROM removal_effects \
         WHERE site = ? AND since = ? AND until = ?",
    )?;
    let rows = statement.query_map(params![site.as_str(), since.0, until.0], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?))
    })?;
    let (mut effects, mut shares) = (BTreeMap::new(), BTreeMap::new());
    for row in rows {
        let (channel, effect, share) = row?;
        effects.insert(channel.clone(), effect);
        shares.insert(channel, share);
    }
    Ok(Some(Effects { site: site.clone(), since, until, extent, computed_at, effects, shares }))
}

/// Replaces what is kept of the period, and forgets the periods that were computed longest ago.
fn keep(writer: &mut Connection, found: &Effects) -> Result<(), duckdb::Error> {
    let Effects { site, since, until, extent, computed_at, effects, shares } = found;
    let transaction = writer.transaction()?;
    for table in ["removal_periods", "removal_effects"] {
        let forget = format!("DELETE FROM {table} WHERE site = ? AND since = ? AND until = ?");
        transaction.execute(&forget, params![site.as_str(), since.0, until.0])?;
    }
    transaction.execute(
        "INSERT INTO removal_periods VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            site.as_str(),
            since.0,
            until.0,
            extent.sessions,
            extent.sessions_version,
            extent.calls,
            extent.calls_version,
            computed_at.0
        ],
    )?;
    for (channel, share) in shares {
        let effect = effects.get(channel).copied().unwrap_or_default();
        transaction.execute(
            "INSERT INTO removal_effects VALUES (?, ?, ?, ?, ?, ?)",
            params![site.as_str(), since.0, until.0, channel, effect, share],
        )?;
    }
    let oldest = "SELECT since, until FROM removal_periods WHERE site = $1 \
                  ORDER BY computed_at DESC, since DESC, until DESC OFFSET $2";
    for table in ["removal_effects", "removal_periods"] {
        let forget =
            format!("DELETE FROM {table} WHERE site = $1 AND (since, until) IN ({oldest})");
        transaction.execute(&forget, params![site.as_str(), MAX_PERIODS])?;
    }
    transaction.commit()
}

/// The ways of a site's visitors.
fn paths(
    connection: &Connection,
    site: &SiteId,
    since: Millis,
    until: Millis,
) -> Result<Vec<Path>, duckdb::Error> {
    let mut statement = connection.prepare(include_str!("../sql/paths.sql"))?;
    let found = statement.query_map(params![site.as_str(), since.0, until.0], |row| {
        let way: String = row.get(0)?;
        let channels = way.split(SEPARATOR).map(str::to_owned).collect();
        Ok(Path { channels, calls: row.get(1)?, silences: row.get(2)? })
    })?;
    found.collect()
}
