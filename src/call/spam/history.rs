//! What is known of a caller before a call, read in one round trip; and what a call that is over
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

use crate::call::caller::CallerRecord;
use crate::call::model::Call;
use crate::call::spam::rules::was_short;
use crate::call::store::caller_record;
use crate::config::model::{RouteKind, Site};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};

/// Most calls that are counted of one caller.
const MOST: isize = 1000;

/// What is known of a caller before a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Their earlier calls.
    pub record: Option<CallerRecord>,
    /// Whom they talked to last: `+…` or `sip:…`.
    pub last_agent: Option<String>,
    /// Their calls inside the window of the rate rule, this one with them.
    pub recent: u32,
    /// Their short calls inside the window of the rule on those.
    pub short: u32,
}

/// Notes the call among the caller's recent ones, and reads what is known of them.
pub async fn history(
    redis: &Redis,
    keys: &SiteKeys,
    site: &Site,
    hash: &str,
    call: &Call,
) -> Result<History, StoreError> {
    let at = call.started_at;
    let since = |within: SignedDuration| at.plus(-milliseconds(within)).0;
    let mut asked = redis::pipe();
    asked.cmd("HGETALL").arg(keys.caller(hash));
    if let Some(rate) = &site.spam.rate {
        let key = keys.recent_calls(hash);
        note(&mut asked, &key, call, rate.within);
        asked.cmd("ZCOUNT").arg(&key).arg(since(rate.within)).arg(at.0);
    }
    if let Some(short) = &site.spam.short {
        let before = format!("({}", at.0);
        asked.cmd("ZCOUNT").arg(keys.short_calls(hash)).arg(since(short.within)).arg(before);
    }
    let mut told: Vec<redis::Value> = redis.pipeline("a caller", &asked).await?;
    let refused = |source: redis::ParsingError| StoreError::Refused {
        what: "a caller",
        source: source.into(),
    };
    // The last question is answered last.
    let mut count = |is_asked: bool| match told.pop_if(|_| is_asked) {
        Some(value) => redis::from_redis_value::<u32>(value).map_err(refused),
        None => Ok(0),
    };
    let short = count(site.spam.short.is_some())?;
    let recent = count(site.spam.rate.is_some())?;
    let fields = told.into_iter().next().unwrap_or(redis::Value::Nil);
    let fields: HashMap<String, String> = redis::from_redis_value(fields).map_err(refused)?;
    let last_agent = fields.get("last_agent").cloned();
    Ok(History { record: caller_record(&fields)?, last_agent, recent, short })
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
        note(&mut told, &keys.short_calls(hash), call, rule.within);
    }
    if let Some(agent) = call.answered_by().filter(|_| asks_for_agents(site)) {
        told.cmd("HSET").arg(keys.caller(hash)).arg("last_agent").arg(agent.as_str()).ignore();
    }
    if told.is_empty() {
        return Ok(());
    }
    redis.pipeline("what a call teaches", &told).await
}

fn note(pipeline: &mut redis::Pipeline, key: &str, call: &Call, within: SignedDuration) {
    let oldest = format!("({}", call.started_at.plus(-milliseconds(within)).0);
    pipeline.cmd("ZREMRANGEBYSCORE").arg(key).arg("-inf").arg(oldest).ignore();
    pipeline.cmd("ZADD").arg(key).arg(call.started_at.0).arg(call.id.to_string()).ignore();
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
