//! Leads in Redis.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `lead:<lead>` | STR | the [`Lead`] as JSON | [`KEEP_LEADS`] |
//! | `leads` | ZSET | lead id → at | entries: [`KEEP_LEADS`] |
//! | `known:<hash>` | STR | the session that a caller was, and when that was told | the site's attribution window |
//!
//! `lua/save.lua` alone writes them, together with the ledger entry.

use std::sync::LazyLock;

use jiff::SignedDuration;

use crate::lead::model::Lead;
use crate::ledger::model::{Envelope, Event};
use crate::platform::caller_keys::CallerKeys;
use crate::platform::clock::Millis;
use crate::platform::cursor::Cursor;
use crate::platform::ids::{LeadId, SessionId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::script::Script;
use crate::platform::redis::{Redis, StoreError};

/// How long Redis keeps a lead; one that comes again later counts again.
pub const KEEP_LEADS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Saves `lead` with its number sealed; `false` when it is known. `window`: how long a caller's session is worth knowing.
pub async fn save(
    (redis, sealing): (&Redis, &CallerKeys),
    keys: &SiteKeys,
    mut lead: Lead,
    window: SignedDuration,
    now: Millis,
) -> Result<bool, StoreError> {
    static SAVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/save.lua")));
    let unreadable =
        |e: serde_json::Error| StoreError::Unreadable { what: "a lead", why: e.to_string() };
    lead.seal(sealing);
    let json = serde_json::to_string(&lead).map_err(unreadable)?;
    let event = Event::Lead(Box::new(lead.clone()));
    let envelope = Envelope::new(lead.site.clone(), lead.at, lead.id.to_string(), event);
    let keep = KEEP_LEADS.as_millis() as i64;
    let mut script = SAVE.key(keys.lead(&lead.id));
    script
        .key(keys.leads())
        .key(keys.shard.ledger())
        .arg(json)
        .arg(lead.id.to_string())
        .arg(lead.at.0)
        .arg(keep)
        .arg(now.plus(-keep).0)
        .arg(envelope.to_json());
    if let (Some(session), Some(hash)) = (lead.session, &lead.caller_hash) {
        script.key(keys.known_caller(hash));
        script.arg(format!("{session} {}", lead.at.0)).arg(window.as_millis().max(1) as i64);
    }
    Ok(redis.script::<i64>("a lead", &script).await? == 1)
}

/// Which session a caller was, by a lead that named both, and when that lead came: what the key `known:<hash>`
/// says; `None` when it says nothing of the kind.
pub fn read_session(told: &str) -> Option<(SessionId, Millis)> {
    let (session, at) = told.split_once(' ')?;
    Some((session.parse().ok()?, Millis(at.parse().ok()?)))
}

/// At most `limit` leads of a site from `oldest` on after `cursor`, newest first, and where the next ones begin.
pub async fn page(
    (redis, sealing): (&Redis, &CallerKeys),
    keys: &SiteKeys,
    oldest: Millis,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<Lead>, Option<Cursor>), StoreError> {
    let mut rows: Vec<(LeadId, Millis)> = Vec::new();
    let mut offset = 0;
    loop {
        let until = cursor.map_or_else(|| "+inf".to_owned(), |cursor| cursor.at.0.to_string());
        let mut command = redis::cmd("ZREVRANGEBYSCORE");
        command.arg(keys.leads()).arg(until).arg(oldest.0).arg("WITHSCORES");
        command.arg("LIMIT").arg(offset).arg(limit + 1);
        let page: Vec<(String, f64)> = redis.command("the list of leads", &command).await?;
        offset += page.len();
        let whole = page.len() == limit + 1;
        let after = page.iter().filter_map(|(id, at)| {
            let (id, at): (LeadId, _) = (id.parse().ok()?, Millis(*at as i64));
            cursor.is_none_or(|cursor| cursor.is_before(at, id.0)).then_some((id, at))
        });
        rows.extend(after);
        if rows.len() > limit || !whole {
            break;
        }
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(id, at)| Cursor { at: *at, id: id.0 });
    if rows.is_empty() {
        return Ok((Vec::new(), None));
    }
    let mut command = redis::cmd("MGET");
    for (id, _) in &rows {
        command.arg(keys.lead(id));
    }
    let stored: Vec<Option<String>> = redis.command("leads", &command).await?;
    let read = |text: String| {
        let mut lead: Lead = serde_json::from_str(&text)
            .map_err(|e| StoreError::Unreadable { what: "a lead", why: e.to_string() })?;
        lead.open(sealing);
        Ok(lead)
    };
    let leads: Result<Vec<Lead>, StoreError> = stored.into_iter().flatten().map(read).collect();
    Ok((leads?, next))
}
