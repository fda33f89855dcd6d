//! Which visits somebody else's id leads to, and which of them must not be used for that.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `identified:<digest>` | ZSET | sessions whose pages told this external id → when they began; the newest [`MAX_KEPT`] | [`KEEP`] |
//! | `withdrawn:<session>` | STR | nothing: the session's visitor took consent back | as long as visits are kept |
//!
//! The index is a hint: the visit itself says whether it still has the id, so what is withdrawn or erased
//! leads nowhere. The digest keeps the ids of others out of key names.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use redis::Pipeline;
use sha2::{Digest, Sha256};

use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::visit::model::Visit;
use crate::visit::store::{MAX_KEPT, load_visits, touch_sessions};

/// How long an id leads to its visits.
const KEEP: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Notes which ids the visit has.
pub(super) fn remember(pipeline: &mut Pipeline, keys: &SiteKeys, visit: &Visit) {
    for (name, value) in &visit.labels.ids {
        let key = keys.identified(&digest(name, value));
        pipeline.cmd("ZADD").arg(&key).arg(visit.started_at.0).arg(visit.session.short()).ignore();
        pipeline.cmd("ZREMRANGEBYRANK").arg(&key).arg(0).arg(-1 - MAX_KEPT).ignore();
        pipeline.cmd("PEXPIRE").arg(&key).arg(KEEP.as_millis() as i64).ignore();
    }
}

/// Notes which ids the visit has, if it has any.
pub async fn note(redis: &Redis, keys: &SiteKeys, visit: &Visit) -> Result<(), StoreError> {
    if visit.labels.ids.is_empty() {
        return Ok(());
    }
    let mut pipeline = redis::pipe();
    remember(&mut pipeline, keys, visit);
    redis.pipeline("external ids", &pipeline).await
}

/// Notes that the visitor of `session` took consent back, or gave it again.
pub(super) fn withdraw(
    pipeline: &mut Pipeline,
    keys: &SiteKeys,
    session: &SessionId,
    keep: Option<SignedDuration>,
) {
    let key = keys.withdrawn(session);
    match keep {
        Some(keep) => {
            let life = keep.as_millis().max(1) as i64;
            pipeline.cmd("SET").arg(key).arg("").arg("PX").arg(life).ignore()
        }
        None => pipeline.cmd("DEL").arg(key).ignore(),
    };
}

/// The visits whose pages told one of these ids, and still may say so.
pub async fn by_ids(
    redis: &Redis,
    keys: &SiteKeys,
    ids: &BTreeMap<String, String>,
) -> Result<Vec<Visit>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut asked = redis::pipe();
    for (name, value) in ids {
        asked.cmd("ZRANGE").arg(keys.identified(&digest(name, value))).arg(0).arg(-1);
    }
    let listed: Vec<Vec<String>> = redis.pipeline("external ids", &asked).await?;
    let mut sessions: Vec<SessionId> =
        listed.iter().flatten().filter_map(|text| SessionId::from_short(text)).collect();
    sessions.sort_unstable();
    sessions.dedup();
    let has_one = |visit: &Visit| {
        let known = &visit.labels.ids;
        visit.consent.analytics && ids.iter().any(|(name, value)| known.get(name) == Some(value))
    };
    let visits = load_visits(redis, keys, &sessions).await?;
    Ok(visits.into_iter().flatten().filter(has_one).collect())
}

/// The visits that are touches of `visitor`.
pub async fn by_visitor(
    redis: &Redis,
    keys: &SiteKeys,
    visitor: VisitorId,
) -> Result<Vec<Visit>, StoreError> {
    let sessions = touch_sessions(redis, keys, &visitor).await?;
    let visits = load_visits(redis, keys, &sessions).await?;
    Ok(visits.into_iter().flatten().filter(|visit| visit.visitor == Some(visitor)).collect())
}

/// Leaves out the visits whose visitors took consent back.
pub async fn not_withdrawn(
    redis: &Redis,
    keys: &SiteKeys,
    visits: Vec<Visit>,
) -> Result<Vec<Visit>, StoreError> {
    if visits.is_empty() {
        return Ok(visits);
    }
    let mut asked = redis::cmd("MGET");
    for visit in &visits {
        asked.arg(keys.withdrawn(&visit.session));
    }
    let marks: Vec<Option<String>> = redis.command("withdrawn visits", &asked).await?;
    let kept = visits.into_iter().zip(marks).filter(|(_, mark)| mark.is_none());
    Ok(kept.map(|(visit, _)| visit).collect())
}

fn digest(name: &str, value: &str) -> String {
    let mut text = hex::encode(Sha256::digest(format!("{name}\n{value}").as_bytes()));
    text.truncate(32);
    text
}
