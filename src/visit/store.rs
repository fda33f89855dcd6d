//! Visits in Redis.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `session:<session>` | STR | the [`Visit`], [`packed`](crate::visit::packed); only its consent, visitor, ad ids, labels and carried source ever change | attribution window; look-back, when that is longer and its visitor is known |
//! | `client:<session>` | STR | sealed address and user agent ([`client`](crate::visit::client)), only with consent to ads | until the last postback |
//! | `visitor:<visitor>` | ZSET | sessions that are its [`Touch`]es → started_at, and what `lease` keeps of its numbers; the newest [`MAX_KEPT`] | look-back |
//!
//! A touch is not written a second time: it is read from its session's visit.

use std::sync::LazyLock;

use jiff::SignedDuration;
use redis::Pipeline;

use crate::ledger::model::{ENVELOPE_FIELD, Envelope, Event};
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, SiteId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::script::Script;
use crate::platform::redis::{Redis, StoreError};
use crate::visit::client::{ClientDetails, ClientKey, SealedClient};
use crate::visit::identified;
use crate::visit::learnt::{Changed, Learnt};
use crate::visit::model::{Consent, Touch, Visit};
use crate::visit::packed::{pack, unpack};

/// Most touches, and numbers it had last, that are kept of one visitor.
pub const MAX_KEPT: isize = 50;

/// How often a visit is read that somebody else changes meanwhile.
const REWRITE_TRIES: usize = 3;

/// What a page says of a session that goes on with another consent.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// What the visitor allows.
    pub consent: Consent,
    /// The visitor, with consent to analytics.
    pub visitor: Option<VisitorId>,
    /// What else the message adds to the visit.
    pub learnt: &'a Learnt,
    /// Who asks; kept with consent to ads only.
    pub client: Option<&'a SealedClient>,
}

/// Adds to the visit of `session` what was learnt of it, as far as the visitor allows it, unless that is
/// known or the visit is not. The ledger is told of labels; what tags know changes no fact of a report.
pub async fn learn(
    redis: &Redis,
    keys: &SiteKeys,
    session: SessionId,
    learnt: &Learnt,
    now: Millis,
) -> Result<(), StoreError> {
    rewrite(redis, keys, session, now, |visit| visit.learn(learnt)).await
}

/// Forgets a visitor who withdrew: the touches, and the external ids of the visits that they are of. Visits
/// live for at most `keep`.
pub async fn forget_visitor(
    redis: &Redis,
    keys: &SiteKeys,
    visitor: &VisitorId,
    keep: SignedDuration,
    now: Millis,
) -> Result<(), StoreError> {
    let mut forget = redis::pipe();
    for touch in touch_sessions(redis, keys, visitor).await? {
        rewrite(redis, keys, touch, now, Visit::forget_ids).await?;
        identified::withdraw(&mut forget, keys, &touch, Some(keep));
    }
    forget.cmd("DEL").arg(keys.visitor(visitor)).ignore();
    redis.pipeline("the touches of a visitor", &forget).await
}

/// Rewrites the stored visit of `session`, when it is known and `change` says that it did change, and
/// tells the ledger of a fact that did.
///
/// Whatever else is written to the visit meanwhile stays, a consent that is taken back above all: it
/// is then read again, and after a few times the news is dropped.
async fn rewrite(
    redis: &Redis,
    keys: &SiteKeys,
    session: SessionId,
    now: Millis,
    change: impl Fn(&mut Visit) -> Changed,
) -> Result<(), StoreError> {
    static REPLACE: LazyLock<Script> =
        LazyLock::new(|| Script::new(include_str!("lua/replace.lua")));
    let key = keys.session(&session);
    let mut command = redis::cmd("GET");
    command.arg(&key);
    for _ in 0..REWRITE_TRIES {
        let read: Option<Vec<u8>> = redis.command("a visit", &command).await?;
        let Some(read) = read else { return Ok(()) };
        let mut visit = unpack(&read, keys.site(), session)?;
        let changed = change(&mut visit);
        if !changed.visit {
            return Ok(());
        }
        let told = if changed.fact { ledger_entry(&visit, now).to_json() } else { String::new() };
        let mut replace = REPLACE.key(&key);
        replace.key(keys.shard.ledger()).arg(read).arg(pack(&visit)?).arg(told);
        if redis.script::<i64>("what is learnt of a visit", &replace).await? == 1 {
            if changed.fact {
                identified::note(redis, keys, &visit).await?;
            }
            return Ok(());
        }
    }
    Ok(())
}

/// Writes what the visitor of `session` allows from `now` on: into the visit, into the touches of
/// its visitor, and into the ledger. With consent to analytics the session gets `visitor`, unless it
/// has one; without, its visitor is forgotten with all touches and external ids. With consent to ads, its
/// client is kept from now on; without, it is gone with what tags know of the browser. Returns whose the
/// session is now. `look_back` is how long a touch and its visit are kept.
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
    let Said { consent, visitor, learnt, client } = said;
    let known = load_visits(redis, keys, &[session]).await?.into_iter().flatten().next();
    let Some(mut visit) = known else {
        if !consent.ads {
            // Details live longer than visits.
            let mut forget = redis::cmd("DEL");
            forget.arg(keys.client(&session)).arg(keys.email(&session.short()));
            redis.command::<()>("a visitor's details", &forget).await?;
        }
        return Ok(visitor);
    };
    let before = visit.visitor;
    let now_of = visitor.map(|fresh| before.unwrap_or(fresh)).filter(|_| consent.analytics);
    if (visit.consent, before) == (consent, now_of) {
        return Ok(now_of);
    }
    let (had_ads, had_analytics) = (visit.consent.ads, visit.consent.analytics);
    (visit.consent, visit.visitor) = (consent, now_of);
    if now_of.is_none() {
        // It came from the history of a visitor who is forgotten.
        visit.forget_carried();
    }
    visit.forget_what_is_not_allowed();
    visit.learn(learnt);

    let mut pipeline = redis::pipe();
    pipeline.atomic();
    if had_analytics != consent.analytics {
        let withdrawn = had_analytics.then_some(look_back);
        identified::withdraw(&mut pipeline, keys, &session, withdrawn);
    }
    identified::remember(&mut pipeline, keys, &visit);
    if !consent.ads {
        let forget = pipeline.cmd("DEL").arg(keys.client(&session));
        forget.arg(keys.email(&session.short())).ignore();
    } else if let Some(client) = client.filter(|_| !had_ads) {
        let age = SignedDuration::from_millis(now.0.saturating_sub(visit.started_at.0).max(0));
        keep_client(&mut pipeline, keys.client(&session), client, client.keep - age);
    }
    let write = pipeline.cmd("SET").arg(keys.session(&session)).arg(pack(&visit)?).arg("XX");
    match now_of.filter(|_| before.is_none()) {
        // It is a touch from now on, and must live as long as one.
        Some(_) => {
            let age = now.0.saturating_sub(visit.started_at.0).max(0);
            let left = (look_back.as_millis() as i64).saturating_sub(age).max(1);
            write.arg("PX").arg(left).ignore();
        }
        None => {
            write.arg("KEEPTTL").ignore();
        }
    }
    if let Some(visitor) = now_of {
        remember(&mut pipeline, keys, &visitor, &visit, look_back);
    } else if let Some(forgotten) = before {
        pipeline.cmd("DEL").arg(keys.visitor(&forgotten)).ignore();
    }
    tell_ledger(&mut pipeline, keys, &visit, now);
    redis.pipeline::<()>("a change of consent", &pipeline).await?;
    Ok(now_of)
}

fn remember(
    pipeline: &mut Pipeline,
    keys: &SiteKeys,
    visitor: &VisitorId,
    visit: &Visit,
    look_back: SignedDuration,
) {
    let (key, session) = (keys.visitor(visitor), visit.session.short());
    pipeline.cmd("ZADD").arg(&key).arg(visit.started_at.0).arg(session).ignore();
    pipeline.cmd("ZREMRANGEBYRANK").arg(&key).arg(0).arg(-1 - MAX_KEPT).ignore();
    pipeline.cmd("PEXPIRE").arg(&key).arg(look_back.as_millis() as i64).ignore();
}

fn keep_client(pipeline: &mut Pipeline, key: String, client: &SealedClient, left: SignedDuration) {
    if left > SignedDuration::ZERO {
        let life = left.as_millis() as i64;
        pipeline.cmd("SET").arg(key).arg(&client.sealed).arg("PX").arg(life).ignore();
    }
}

/// The whole visit under its session's id: told again, it replaces what was told before. The clock of
/// another node may have opened the session a moment "later".
pub(super) fn ledger_entry(visit: &Visit, at: Millis) -> Envelope {
    let event = Event::Session(Box::new(visit.clone()));
    let at = at.max(visit.started_at);
    Envelope::new(visit.site.clone(), at, visit.session.to_string(), event)
}

fn tell_ledger(pipeline: &mut Pipeline, keys: &SiteKeys, visit: &Visit, at: Millis) {
    let (ledger, entry) = (keys.shard.ledger(), ledger_entry(visit, at).to_json());
    pipeline.cmd("XADD").arg(ledger).arg("*").arg(ENVELOPE_FIELD).arg(entry).ignore();
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
    let packed: Vec<Option<Vec<u8>>> = redis.command("visits", &command).await?;
    let read = |(stored, session): (Option<Vec<u8>>, &SessionId)| {
        stored.map(|stored| unpack(&stored, keys.site(), *session)).transpose()
    };
    packed.into_iter().zip(sessions).map(read).collect()
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

/// The touches of a visitor, oldest first, but for that of the session `known`, which the caller has
/// already.
///
/// One round trip to learn which they are, and a second one when there are any.
pub async fn touches(
    redis: &Redis,
    keys: &SiteKeys,
    visitor: &VisitorId,
    known: Option<SessionId>,
) -> Result<Vec<Touch>, StoreError> {
    let sessions = touch_sessions(redis, keys, visitor).await?.into_iter();
    let sessions = sessions.filter(|id| Some(*id) != known);
    let visits = load_visits(redis, keys, &sessions.collect::<Vec<_>>()).await?;
    Ok(visits.iter().flatten().map(Visit::touch).collect())
}

/// The sessions that are a visitor's touches, oldest first.
pub(super) async fn touch_sessions(
    redis: &Redis,
    keys: &SiteKeys,
    visitor: &VisitorId,
) -> Result<Vec<SessionId>, StoreError> {
    let mut command = redis::cmd("ZRANGE");
    command.arg(keys.visitor(visitor)).arg(0).arg(-1);
    let listed: Vec<String> = redis.command("touches", &command).await?;
    Ok(listed.iter().filter_map(|member| SessionId::from_short(member)).collect())
}
