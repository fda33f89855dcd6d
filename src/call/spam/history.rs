//! What is known of a caller before a call, read in one round trip with a lead of theirs; and what a call that is over
//! teaches.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `recent:<caller>` | ZSET | call id → started_at (ms), where the site has a rate rule | its window |
//! | `short:<caller>` | ZSET | call id → started_at (ms) of short calls, where it has a rule on them | its window |
//! | `caller:<caller>` | HASH | besides the caller's record `last_agent`: whom they talked to last | the site's caller look-back |
//!
//! All are counted by call id, so what is told twice counts once. What a crash loses here makes a rule
//! late by one call; nothing else rests on it.

use std::collections::HashMap;

use jiff::SignedDuration;
use redis::{FromRedisValue, Pipeline, Value};

use crate::call::caller::CallerRecord;
use crate::call::model::Call;
use crate::call::spam::rules::was_short;
use crate::call::store::caller_record;
use crate::config::model::{RouteKind, Site};
use crate::lead;
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SessionId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};

/// Most calls that are counted of one caller.
const MOST: isize = 1000;

/// What is known of a caller before a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Their earlier calls.
    pub record: Option<CallerRecord>,
    /// The session of which they gave their number in a form or chat, and when.
    pub lead: Option<(SessionId, Millis)>,
    /// Whom they talked to last: `+…` or `sip:…`.
    pub last_agent: Option<String>,
    /// Their calls inside the window of the rate rule, this one with them.
    pub recent: u32,
    /// Their short calls inside the window of the rule on those.
    pub short: u32,
}

/// A call whose caller is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The call.
    pub call: CallId,
    /// When it came.
    pub at: Millis,
    /// Keyed hash of its caller's number.
    pub hash: &'a str,
}

/// Notes the call among the caller's recent ones, and asks what is known of them, at the end of `asked`.
pub fn ask(asked: &mut Pipeline, keys: &SiteKeys, site: &Site, of: Asked<'_>) {
    let since = |within: SignedDuration| of.at.plus(-milliseconds(within)).0;
    asked.cmd("HGETALL").arg(keys.caller(of.hash));
    asked.cmd("GET").arg(keys.known_caller(of.hash));
    if let Some(rate) = &site.spam.rate {
        let key = keys.recent_calls(of.hash);
        note(asked, &key, (of.call, of.at), rate.within);
        asked.cmd("ZCOUNT").arg(&key).arg(since(rate.within)).arg(of.at.0);
    }
    if let Some(short) = &site.spam.short {
        let before = format!("({}", of.at.0);
        asked.cmd("ZCOUNT").arg(keys.short_calls(of.hash)).arg(since(short.within)).arg(before);
    }
}

/// Reads what [`ask`] was told, from the end of the answers.
pub fn read(told: &mut Vec<Value>, site: &Site) -> Result<History, StoreError> {
    // The last question is answered last.
    let mut count = |is_asked: bool| match told.pop_if(|_| is_asked) {
        Some(value) => redis::from_redis_value::<u32>(value).map_err(refused),
        None => Ok(0),
    };
    let short = count(site.spam.short.is_some())?;
    let recent = count(site.spam.rate.is_some())?;
    let lead: Option<String> = next(told)?;
    let fields: HashMap<String, String> = next(told)?;
    let last_agent = fields.get("last_agent").cloned();
    let lead = lead.and_then(|text| lead::store::read_session(&text));
    Ok(History { record: caller_record(&fields)?, lead, last_agent, recent, short })
}

/// The last of the answers that are left.
fn next<T: FromRedisValue>(told: &mut Vec<Value>) -> Result<T, StoreError> {
    redis::from_redis_value(told.pop().unwrap_or(Value::Nil)).map_err(refused)
}

fn refused(source: redis::ParsingError) -> StoreError {
    StoreError::Refused { what: "a caller", source: source.into() }
}

/// Notes the call and reads what is known of its caller, in one round trip.
pub async fn history(
    redis: &Redis,
    keys: &SiteKeys,
    site: &Site,
    of: Asked<'_>,
) -> Result<History, StoreError> {
    let mut asked = redis::pipe();
    ask(&mut asked, keys, site, of);
    let mut told: Vec<Value> = redis.pipeline("a caller", &asked).await?;
    read(&mut told, site)
}

/// Learns from a call that is over now and was not before.
pub async fn learn(
    redis: &Redis,
    keys: &SiteKeys,
    site: &Site,
    call: &Call,
) -> Result<(), StoreError> {
    let Some(hash) = &call.caller_hash else { return Ok(()) };
    let mut told = redis::pipe();
    if let Some(rule) = site.spam.short.as_ref().filter(|rule| was_short(rule, call)) {
        note(&mut told, &keys.short_calls(hash), (call.id, call.started_at), rule.within);
    }
    if let Some(agent) = call.answered_by().filter(|_| asks_for_agents(site)) {
        told.cmd("HSET").arg(keys.caller(hash)).arg("last_agent").arg(agent.as_str()).ignore();
    }
    if told.is_empty() {
        return Ok(());
    }
    redis.pipeline("what a call teaches", &told).await
}

fn note(pipeline: &mut Pipeline, key: &str, (call, at): (CallId, Millis), within: SignedDuration) {
    let oldest = format!("({}", at.plus(-milliseconds(within)).0);
    pipeline.cmd("ZREMRANGEBYSCORE").arg(key).arg("-inf").arg(oldest).ignore();
    // Told again, a call is as old as it was.
    pipeline.cmd("ZADD").arg(key).arg("NX").arg(at.0).arg(call.to_string()).ignore();
    pipeline.cmd("ZREMRANGEBYRANK").arg(key).arg(0).arg(-1 - MOST).ignore();
    pipeline.cmd("PEXPIRE").arg(key).arg(milliseconds(within).max(1)).ignore();
}

fn asks_for_agents(site: &Site) -> bool {
    let mut kinds = site.routing.routes.iter().map(|route| &route.kind);
    kinds.any(|kind| matches!(kind, RouteKind::Dial(dial) if dial.last_agent))
}

fn milliseconds(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
