//! The join: reads who was shown the called number, and what they came from.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `delays:<site>` | STR | the newest fit of the site's delays, as JSON | until the next fit |

use std::collections::HashMap;

use futures_util::future;

use crate::attribution::answer::{Joined, attribute, attribute_static};
use crate::attribution::delays::{Delays, prior};
use crate::attribution::evidence::Evidence;
use crate::attribution::known::{KnownCaller, people, who};
use crate::attribution::model::Attribution;
use crate::attribution::nearness::nearness;
use crate::attribution::observation::Observation;
use crate::attribution::provided::attribute_provided;
use crate::attribution::rings::{self, Ring};
use crate::attribution::rules::{Kept, Older, likeliest_first, rank};
use crate::call::model::Call;
use crate::config::model::Site;
use crate::lease::holders::{Shown, holders};
use crate::platform::clock::Millis;
use crate::platform::ids::{PoolId, SessionId};
use crate::platform::keys::{Shards, SiteKeys};
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::{Redis, StoreError};
use crate::visit::model::Visit;
use crate::visit::site_rules::SiteRules;
use crate::visit::store::{load_visits, touches};
use crate::visit::tables::Tables;

/// Candidates whose visits are looked at: those that the delay alone makes most likely.
pub const LOOKED_AT: usize = 32;

/// What a join looks into.
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    /// The connection.
    pub redis: &'a Redis,
    /// Where sites are.
    pub shards: Shards,
    /// What sources are.
    pub tables: &'a Tables,
    /// Which candidates are kept.
    pub kept: Kept,
    /// The rules of the site.
    pub rules: &'a SiteRules,
    /// What is known of the caller from earlier calls and forms.
    pub caller: Option<&'a KnownCaller>,
    /// The moment it is by our clock; `None` when it is the clock that leases are written by.
    pub ours: Option<Millis>,
}

/// Who was shown a number before a call, and what its callers are judged by.
#[derive(Debug)]
pub struct Sighted {
    shown: Shown,
    delays: Delays,
    rings: Vec<Ring>,
}

/// Looks who was shown `number` before a call at `at`; `None` for a static number, of which nothing is asked.
/// `ours`: as that of [`Lookup`].
pub async fn sight(
    redis: &Redis,
    keys: &SiteKeys,
    site: &Site,
    number: &PhoneNumber,
    at: Millis,
    ours: Option<Millis>,
) -> Result<Option<Sighted>, StoreError> {
    if site.static_number(number).is_some() {
        return Ok(None);
    }
    let shown = holders(redis, keys, number, at, ours, site.attribution_window);
    let mut asked = redis::pipe();
    asked.cmd("GET").arg(keys.delays());
    rings::ask(&mut asked, keys, number);
    let (shown, told) = future::join(shown, redis.pipeline("how a number is called", &asked)).await;
    let (delays, rings): (Option<String>, Vec<String>) = told?;
    Ok(Some(Sighted { shown: shown?, delays: read_delays(delays), rings: rings::read(&rings) }))
}

/// Whose call it was, as of the call's own time. At most three round trips: holders with the site's
/// delays, visits of the likeliest candidates, touches of the best one's visitor.
pub async fn join(lookup: Lookup<'_>, site: &Site, call: &Call) -> Result<Attribution, StoreError> {
    let keys = lookup.shards.keys(&site.id);
    let sighted = match &call.tracking_number {
        Some(number) if call.caller.ad.is_none() => {
            sight(lookup.redis, &keys, site, number, call.started_at, lookup.ours).await?
        }
        _ => None,
    };
    join_sighted(lookup, site, call, sighted).await
}

/// The same, where the number of the call was looked at before, at the call's time.
pub async fn join_sighted(
    lookup: Lookup<'_>,
    site: &Site,
    call: &Call,
    sighted: Option<Sighted>,
) -> Result<Attribution, StoreError> {
    let Lookup { redis, shards, tables, rules, .. } = lookup;
    let at = call.started_at;
    if let Some(ad) = &call.caller.ad {
        return Ok(attribute_provided(tables, rules, site, ad));
    }
    let number = call.tracking_number.as_ref();
    if let Some(fixed) = number.and_then(|number| site.static_number(number)) {
        return Ok(attribute_static(tables, rules, fixed));
    }
    let (Some(number), Some(Sighted { shown, delays, rings })) = (number, sighted) else {
        let nobody = Joined { at, ..Joined::default() };
        return Ok(attribute(nobody, site.look_back));
    };
    let keys = shards.keys(&site.id);
    let mut candidates = evidence(site, number, &shown);
    rings::spend(&rings, call.id, at, &mut candidates);
    let visits = look_at(&lookup, &keys, call, &mut candidates, &delays).await?;
    let older = older(site, &shown);
    let ranking = rank(&candidates, &delays, older, lookup.kept);
    let calls_again = lookup.caller.is_some_and(|caller| caller.calls_again);
    let observed = Observation::of(shown.at, &candidates, older, calls_again);
    let not_shown = |session: &SessionId| candidates.iter().all(|one| one.session != *session);
    let mut sessions = lookup.caller.iter().flat_map(|caller| &caller.sessions);
    let earlier = sessions.find_map(|(session, sure)| {
        not_shown(session).then_some(())?;
        Some((visits.get(session)?, *sure))
    });
    let mut joined = Joined {
        at,
        ranking,
        earlier,
        told_by: lookup.caller.map(|caller| caller.told_by).unwrap_or_default(),
        fit: delays.version,
        observed: Some(observed),
        first_contact: lookup.caller.map(|caller| caller.first_at),
        ..Joined::default()
    };
    let Some(winner) = joined.winner() else {
        return Ok(attribute(joined, site.look_back));
    };
    let asked;
    joined.visit = match visits.get(&winner) {
        Some(visit) => Some(visit),
        None => {
            asked = load_visits(redis, &keys, &[winner]).await?.into_iter().next().flatten();
            asked.as_ref()
        }
    };
    if let Some(visitor) = joined.visit.and_then(|visit| visit.visitor) {
        joined.touches = touches(redis, &keys, &visitor, Some(winner)).await?;
    }
    let found = attribute(joined, site.look_back);
    Ok(Attribution { page: page(&shown, winner, &found), ..found })
}

/// The page on which `winner` was when it called: the one that it opened last, or else its first. Empty where the number
/// was not shown to it.
fn page(shown: &Shown, winner: SessionId, found: &Attribution) -> String {
    let holder = shown.holders.iter().find(|holder| holder.session == winner);
    let opened = holder.map(|holder| holder.page.clone());
    opened.map(|page| page.unwrap_or_else(|| found.landing_page.clone())).unwrap_or_default()
}

/// The delays that the site's calls are judged by.
pub async fn load_delays(redis: &Redis, keys: &SiteKeys) -> Result<Delays, StoreError> {
    let command = redis::cmd("GET").arg(keys.delays()).to_owned();
    let stored: Option<String> = redis.command("delays of calls", &command).await?;
    Ok(read_delays(stored))
}

/// What another version of the program wrote is learnt anew.
fn read_delays(stored: Option<String>) -> Delays {
    stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(prior)
}

/// Puts a fit in force.
pub async fn save_delays(
    redis: &Redis,
    keys: &SiteKeys,
    delays: &Delays,
) -> Result<(), StoreError> {
    let unreadable = |why: serde_json::Error| StoreError::Unreadable {
        what: "delays of calls",
        why: why.to_string(),
    };
    let text = serde_json::to_string(delays).map_err(unreadable)?;
    let command = redis::cmd("SET").arg(keys.delays()).arg(text).to_owned();
    redis.command("delays of calls", &command).await
}

fn evidence(site: &Site, number: &PhoneNumber, shown: &Shown) -> Vec<Evidence> {
    let hold_of = |pool: &PoolId| {
        let by_number = || site.pools.iter().find(|pool| pool.numbers.contains(number));
        let pool = site.pool(pool).or_else(by_number);
        pool.map_or(0, |pool| pool.hold.as_millis() as i64)
    };
    let of = |holder| -> Evidence {
        let holder: &crate::lease::model::Holder = holder;
        Evidence::of(holder, shown.at, hold_of(&holder.pool))
    };
    shown.holders.iter().map(of).collect()
}

/// The holders whom the list had no room for.
fn older(site: &Site, shown: &Shown) -> Option<Older> {
    let oldest = shown.holders.last().filter(|_| shown.is_full)?;
    let from_s = shown.at.since(oldest.last_seen).max(0) as f64 / 1_000.0;
    Some(Older { from_s, to_s: site.attribution_window.as_secs_f64().max(from_s) })
}

/// Puts the likeliest candidates first and adds what their visits tell. Returns those visits.
async fn look_at(
    lookup: &Lookup<'_>,
    keys: &SiteKeys,
    call: &Call,
    candidates: &mut [Evidence],
    delays: &Delays,
) -> Result<HashMap<SessionId, Visit>, StoreError> {
    let caller = call.caller.number.as_ref();
    likeliest_first(candidates, delays, LOOKED_AT);
    let known = lookup.caller.map_or(&[][..], |caller| &caller.sessions);
    let likeliest = candidates.iter().take(LOOKED_AT);
    let mut sessions: Vec<SessionId> = likeliest.map(|one| one.session).collect();
    let asked = sessions.len();
    for (session, _) in known {
        if !sessions[..asked].contains(session) {
            sessions.push(*session);
        }
    }
    let visits = load_visits(lookup.redis, keys, &sessions).await?;
    let visits: HashMap<SessionId, Visit> =
        visits.into_iter().flatten().map(|visit| (visit.session, visit)).collect();
    let people = people(known, &visits);
    let told_by = lookup.caller.map(|caller| caller.told_by).unwrap_or_default();
    let areas = lookup.tables.areas();
    for one in candidates.iter_mut() {
        let visit = visits.get(&one.session);
        // Known also where its visit is not, or not any more.
        one.beside.known = who(&people, one.session, visit);
        one.beside.told_by = told_by;
        if let Some(visit) = visit {
            let near = caller.map(|caller| nearness(areas, caller, &visit.place));
            one.beside.nearness = near.unwrap_or_default();
            one.channel.clone_from(&visit.source.channel);
        }
    }
    Ok(visits)
}
