//! E-mail addresses that forms and outcomes told, hashed, which ad platforms match conversions by.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `email:<session>` | STR | hashes of the address of who was there, with consent to ads | [`KEEP_EMAILS`] from when it was told |
//! | `email:<caller hash>`, `email:<call>` | STR | the session that has it; hashes where no session was told | the same |
//!
//! `lua/keep_email.lua` alone writes them. They are in no ledger, segment or warehouse. A visitor who takes consent to
//! ads back takes the hashes along ([`crate::visit::store::change_consent`]); what only points at them finds nothing then.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;
use crate::platform::email::EmailHashes;
use crate::platform::ids::SessionId;
use crate::platform::keys::SiteKeys;
use crate::platform::redis::script::Script;
use crate::platform::redis::{Redis, StoreError};
use crate::visit::store::load_visits;

/// How long an address is kept after it was told: as long as the call that it may belong to.
pub const KEEP_EMAILS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// An address that somebody told.
#[derive(Clone, Debug)]
pub struct ToldEmail {
    /// The address, hashed.
    pub hashes: EmailHashes,
    /// When it was told, or the form was sent.
    pub at: Millis,
    /// The id of the lead or call that it was told with, by which an erasure finds it.
    pub with: String,
}

/// Whose address it is: one of them at least.
#[derive(Clone, Debug, Default)]
pub struct Owner {
    /// The session, whose visitor allowed advertising.
    pub session: Option<SessionId>,
    /// The keyed hash of a caller, or a call's id.
    pub other: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    with: String,
    #[serde(flatten)]
    said: Said,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Hashes(EmailHashes),
    Session(SessionId),
}

/// Keeps `told` for `owner`, unless something newer is known of them; `false` when it is too old to be kept.
pub async fn keep(
    redis: &Redis,
    keys: &SiteKeys,
    told: &ToldEmail,
    owner: &Owner,
    now: Millis,
) -> Result<bool, StoreError> {
    static KEEP: LazyLock<Script> =
        LazyLock::new(|| Script::new(include_str!("lua/keep_email.lua")));
    let left = (KEEP_EMAILS.as_millis() as i64).saturating_sub(now.since(told.at).max(0));
    if left <= 0 {
        return Ok(false);
    }
    let write = |said: Said| {
        let kept = Kept { with: told.with.clone(), said };
        serde_json::to_string(&kept).map(|json| format!("{} {json}", told.at.0)).map_err(unreadable)
    };
    let mut script = KEEP.prepare_invoke();
    script.arg(told.at.0).arg(left);
    if let Some(session) = owner.session {
        script.key(keys.email(&session.short())).arg(write(Said::Hashes(told.hashes.clone()))?);
    }
    if let Some(other) = &owner.other {
        let said = owner.session.map_or_else(|| Said::Hashes(told.hashes.clone()), Said::Session);
        script.key(keys.email(other)).arg(write(said)?);
    }
    redis.script::<()>("an e-mail address", &script).await?;
    Ok(true)
}

/// Whom an address is looked for: the first that has one.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The call.
    pub call: String,
    /// The keyed hash of its caller.
    pub caller: Option<String>,
    /// The session that it is attributed to.
    pub session: Option<SessionId>,
}

/// The address of each of `asked`, as far as the visitors who told it allow advertising now.
pub async fn find(
    redis: &Redis,
    keys: &SiteKeys,
    asked: &[Asked],
) -> Result<Vec<Option<EmailHashes>>, StoreError> {
    let names: Vec<Vec<String>> = asked.iter().map(names).collect();
    let all: Vec<&String> = names.iter().flatten().collect();
    let known = load(redis, keys, &all).await?;
    let first = |names: &Vec<String>| names.iter().find_map(|name| known.get(name));
    let sessions: Vec<SessionId> = names
        .iter()
        .filter_map(|names| match first(names) {
            Some(Said::Session(session)) => Some(*session),
            _ => None,
        })
        .collect();
    let shorts: Vec<String> = sessions.iter().map(SessionId::short).collect();
    let of_sessions = load(redis, keys, &shorts.iter().collect::<Vec<_>>()).await?;
    let visits = load_visits(redis, keys, &sessions).await?;
    let allowed: HashMap<SessionId, bool> = sessions
        .into_iter()
        .zip(visits)
        .map(|(session, visit)| (session, visit.is_none_or(|visit| visit.consent.ads)))
        .collect();
    let hashes = |names: &Vec<String>| match first(names)? {
        Said::Hashes(hashes) => Some(hashes.clone()),
        Said::Session(session) => {
            let allowed = allowed.get(session).copied().unwrap_or_default();
            match of_sessions.get(&session.short()) {
                Some(Said::Hashes(hashes)) if allowed => Some(hashes.clone()),
                _ => None,
            }
        }
    };
    Ok(names.iter().map(hashes).collect())
}

/// When what such a key holds was told.
pub fn told_at(value: &[u8]) -> Option<Millis> {
    let (at, _) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    at.parse().ok().map(Millis)
}

fn names(asked: &Asked) -> Vec<String> {
    let session = asked.session.as_ref().map(SessionId::short);
    [Some(asked.call.clone()), asked.caller.clone(), session].into_iter().flatten().collect()
}

async fn load(
    redis: &Redis,
    keys: &SiteKeys,
    names: &[&String],
) -> Result<HashMap<String, Said>, StoreError> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let mut command = redis::cmd("MGET");
    for name in names {
        command.arg(keys.email(name));
    }
    let found: Vec<Option<String>> = redis.command("e-mail addresses", &command).await?;
    let mut known = HashMap::new();
    for (name, text) in names.iter().zip(found) {
        let Some(text) = text else { continue };
        let json = text.split_once(' ').map_or("", |(_, json)| json);
        let kept: Kept = serde_json::from_str(json).map_err(unreadable)?;
        known.insert((*name).clone(), kept.said);
    }
    Ok(known)
}

fn unreadable(error: serde_json::Error) -> StoreError {
    StoreError::Unreadable { what: "an e-mail address", why: error.to_string() }
}
