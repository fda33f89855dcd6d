//! Visits in Redis.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `session:<session>` | STR | the [`Visit`] as JSON; only its consent, visitor, ad ids and carried source ever change | attribution window |
//! | `client:<session>` | STR | sealed address and user agent ([`client`](crate::visit::client)), only with consent to ads | until the last postback |
//! | `visitor:<visitor>` | LIST | [`Touch`]es as JSON, newest first, at most [`MAX_TOUCHES`] | look-back |

use std::sync::LazyLock;

use jiff::SignedDuration;
use redis::Pipeline;
use serde::{Deserialize, Serialize};

use crate::ledger::model::{ENVELOPE_FIELD, Envelope, Event};
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, SiteId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::script::Script;
use crate::platform::redis::{Redis, StoreError};
use crate::visit::ad_ids::AdIds;
use crate::visit::client::{ClientDetails, ClientKey, SealedClient};
use crate::visit::model::{Consent, Touch, Visit};

/// Most touches that are kept of one visitor.
pub const MAX_TOUCHES: isize = 50;

/// Writes a new session, and with consent its visitor's touch, and tells the ledger: one round trip.
/// The visit is kept for `window`, the touch for `look_back`, and `client` with consent to ads only.
///
/// The commands are not one transaction: after a failure between them the session exists without
/// its ledger entry, and the page is told nothing of it, so that its next view opens another one.
pub async fn open(
    redis: &Redis,
    keys: &SiteKeys,
    visit: &Visit,
    window: SignedDuration,
    look_back: SignedDuration,
    client: Option<&SealedClient>,
) -> Result<(), StoreError> {
    let mut pipeline = redis::pipe();
    pipeline
        .cmd("SET")
        .arg(keys.session(&visit.session))
        .arg(pack("a visit", visit)?)
        .arg("PX")
        .arg(window.as_millis() as i64)
        .ignore();
    if let Some(visitor) = visit.visitor.filter(|_| visit.consent.analytics) {
        let list = keys.visitor(&visitor);
        remember(&mut pipeline, &list, &pack("a touch", &visit.touch())?, look_back);
    }
    if let Some(client) = client.filter(|_| visit.consent.ads) {
        keep_client(&mut pipeline, keys.client(&visit.session), client, client.keep);
    }
    tell_ledger(&mut pipeline, keys, visit, visit.started_at);
    redis.pipeline("a new session", &pipeline).await
}

/// What a page says of a session that goes on with another consent.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// What the visitor allows.
    pub consent: Consent,
    /// The visitor, with consent to analytics.
    pub visitor: Option<VisitorId>,
    /// What tags know of the browser; looked at with consent to ads only.
    pub ad_ids: &'a AdIds,
    /// Who asks; kept with consent to ads only.
    pub client: Option<&'a SealedClient>,
}

/// Adds what tags know of the browser now to the visit of `session`, unless it is known, the visit is
/// not, or it has no consent to ads. The ledger is not told: no fact of a report changes.
///
/// Whatever else is written to the visit meanwhile stays, a consent that is taken back above all; the ids
/// then wait for the next page view.
pub async fn learn_ad_ids(
    redis: &Redis,
    keys: &SiteKeys,
    session: SessionId,
    ad_ids: &AdIds,
) -> Result<(), StoreError> {
    let key = keys.session(&session);
    let mut command = redis::cmd("GET");
    command.arg(&key);
    let read: Option<String> = redis.command("a visit", &command).await?;
    let Some(read) = read else { return Ok(()) };
    let mut visit: Visit = unpack("a visit", &read)?;
    if !visit.consent.ads || !visit.ad_ids.update(ad_ids.clone()) {
        return Ok(());
    }
    static REPLACE: LazyLock<Script> =
        LazyLock::new(|| Script::new(include_str!("lua/replace.lua")));
    let mut replace = REPLACE.key(key);
    replace.arg(read).arg(pack("a visit", &visit)?);
    redis.script::<()>("what tags know of a browser", &replace).await
}

/// Writes what the visitor of `session` allows from `now` on: into the visit, into the touches of
/// its visitor, and into the ledger. With consent to analytics the session gets `visitor`, unless it
/// has one; without, its visitor is forgotten with all touches. With consent to ads, its client is kept
/// from now on; without, it is gone with what tags know of the browser. Returns whose the session is
/// now.
///
/// Nothing is written when the visit says so already (a repeated message), or is no longer known.
/// Two messages of one session at the same moment: the last one is what counts.
pub async fn change_consent(
    redis: &Redis,
    keys: &SiteKeys,
    session: SessionId,
    said: Said<'_>,
    look_back: SignedDuration,
    now: Millis,
) -> Result<Option<VisitorId>, StoreError> {
    let Said { consent, visitor, ad_ids, client } = said;
    let known = load_visits(redis, keys, &[session]).await?.into_iter().flatten().next();
    let Some(mut visit) = known else {
        if !consent.ads {
            // Details live longer than visits.
            let mut forget = redis::cmd("DEL");
            redis.command::<()>("a visitor's details", forget.arg(keys.client(&session))).await?;
        }
        return Ok(visitor);
    };
    let before = visit.visitor;
    let now_of = visitor.map(|fresh| before.unwrap_or(fresh)).filter(|_| consent.analytics);
    if (visit.consent, before) == (consent, now_of) {
        return Ok(now_of);
    }
    let had_ads = visit.consent.ads;
    (visit.consent, visit.visitor) = (consent, now_of);
    if now_of.is_none() {
        // It came from the history of a visitor who is forgotten.
        visit.forget_carried();
    }
    if consent.ads {
        visit.ad_ids.update(ad_ids.clone());
    } else {
        visit.ad_ids = AdIds::default();
    }

    let mut pipeline = redis::pipe();
    pipeline.atomic();
    if !consent.ads {
        pipeline.cmd("DEL").arg(keys.client(&session)).ignore();
    } else if let Some(client) = client.filter(|_| !had_ads) {
        let age = SignedDuration::from_millis(now.0.saturating_sub(visit.started_at.0).max(0));
        keep_client(&mut pipeline, keys.client(&session), client, client.keep - age);
    }
    let key = keys.session(&session);
    pipeline.cmd("SET").arg(key).arg(pack("a visit", &visit)?).arg("XX").arg("KEEPTTL").ignore();
    if let Some(visitor) = now_of {
        let (list, touch) = (keys.visitor(&visitor), pack("a touch", &visit.touch())?);
        pipeline.cmd("LREM").arg(&list).arg(0).arg(&touch).ignore();
        remember(&mut pipeline, &list, &touch, look_back);
    } else if let Some(forgotten) = before {
        pipeline.cmd("DEL").arg(keys.visitor(&forgotten)).ignore();
    }
    // The clock of another node may have opened the session a moment "later".
    tell_ledger(&mut pipeline, keys, &visit, now.max(visit.started_at));
    redis.pipeline::<()>("a change of consent", &pipeline).await?;
    Ok(now_of)
}

fn remember(pipeline: &mut Pipeline, list: &str, touch: &str, look_back: SignedDuration) {
    pipeline.cmd("LPUSH").arg(list).arg(touch).ignore();
    pipeline.cmd("LTRIM").arg(list).arg(0).arg(MAX_TOUCHES - 1).ignore();
    pipeline.cmd("PEXPIRE").arg(list).arg(look_back.as_millis() as i64).ignore();
}

fn keep_client(pipeline: &mut Pipeline, key: String, client: &SealedClient, left: SignedDuration) {
    if left > SignedDuration::ZERO {
        let life = left.as_millis() as i64;
        pipeline.cmd("SET").arg(key).arg(&client.sealed).arg("PX").arg(life).ignore();
    }
}

/// The whole visit under its session's id: told again, it replaces what was told before.
fn tell_ledger(pipeline: &mut Pipeline, keys: &SiteKeys, visit: &Visit, at: Millis) {
    let event = Event::Session(Box::new(visit.clone()));
    let envelope = Envelope::new(visit.site.clone(), at, visit.session.to_string(), event);
    let ledger = keys.shard.ledger();
    pipeline.cmd("XADD").arg(ledger).arg("*").arg(ENVELOPE_FIELD).arg(envelope.to_json()).ignore();
}

/// The visits of these sessions, in their order; `None` where Redis no longer has one.
pub async fn load_visits(
    redis: &Redis,
    keys: &SiteKeys,
    sessions: &[SessionId],
) -> Result<Vec<Option<Visit>>, StoreError> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = redis::cmd("MGET");
    for session in sessions {
        command.arg(keys.session(session));
    }
    let packed: Vec<Option<String>> = redis.command("visits", &command).await?;
    packed.into_iter().map(|text| text.map(|text| unpack("a visit", &text)).transpose()).collect()
}

/// Address and user agent of the visitor of a session of `site`, for a postback; `None` without
/// consent to ads, after the last postback, and when they were sealed with another key.
pub async fn load_client(
    redis: &Redis,
    keys: &SiteKeys,
    key: &ClientKey,
    (site, session): (&SiteId, &SessionId),
) -> Result<Option<ClientDetails>, StoreError> {
    let mut command = redis::cmd("GET");
    command.arg(keys.client(session));
    let sealed: Option<Vec<u8>> = redis.command("a visitor's details", &command).await?;
    Ok(sealed.and_then(|sealed| key.open(site, session, &sealed)))
}

/// The touches of a visitor, oldest first.
pub async fn touches(
    redis: &Redis,
    keys: &SiteKeys,
    visitor: &VisitorId,
) -> Result<Vec<Touch>, StoreError> {
    let mut command = redis::cmd("LRANGE");
    command.arg(keys.visitor(visitor)).arg(0).arg(MAX_TOUCHES - 1);
    let packed: Vec<String> = redis.command("touches", &command).await?;
    packed.iter().rev().map(|text| unpack("a touch", text)).collect()
}

fn unpack<'a, T: Deserialize<'a>>(what: &'static str, text: &'a str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Unreadable { what, why: e.to_string() })
}

fn pack<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Unreadable { what, why: e.to_string() })
}
