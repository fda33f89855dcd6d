//! Visits in Redis.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `session:<session>` | STR | the [`Visit`] as JSON | attribution window |
//! | `visitor:<visitor>` | LIST | [`Touch`]es as JSON, newest first, at most [`MAX_TOUCHES`] | look-back |

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::ledger::model::{ENVELOPE_FIELD, Envelope, Event};
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::visit::model::{Source, Visit};

/// Most touches that are kept of one visitor.
pub const MAX_TOUCHES: isize = 50;

/// A session's marketing source as remembered for its visitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Touch {
    /// The session.
    pub session: SessionId,
    /// When it began.
    pub at: Millis,
    /// Where it came from.
    #[serde(flatten)]
    pub source: Source,
    /// Its landing page.
    pub landing_page: String,
}

/// Writes a new session, and with consent its visitor's touch, and tells the ledger: one round trip.
/// The visit is kept for `window`, the touch for `look_back`.
///
/// The commands are not one transaction: after a failure between them the session exists without
/// its ledger entry, and the page is told nothing of it, so that its next view opens another one.
pub async fn open(
    redis: &Redis,
    keys: &SiteKeys,
    visit: &Visit,
    window: SignedDuration,
    look_back: SignedDuration,
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
        let touch = Touch {
            session: visit.session,
            at: visit.started_at,
            source: visit.source.clone(),
            landing_page: visit.landing_page.clone(),
        };
        let list = keys.visitor(&visitor);
        let life = look_back.as_millis() as i64;
        pipeline.cmd("LPUSH").arg(&list).arg(pack("a touch", &touch)?).ignore();
        pipeline.cmd("LTRIM").arg(&list).arg(0).arg(MAX_TOUCHES - 1).ignore();
        pipeline.cmd("PEXPIRE").arg(&list).arg(life).ignore();
    }
    let event = Event::Session(Box::new(visit.clone()));
    let id = visit.session.to_string();
    let envelope = Envelope::new(visit.site.clone(), visit.started_at, id, event);
    pipeline
        .cmd("XADD")
        .arg(keys.shard.ledger())
        .arg("*")
        .arg(ENVELOPE_FIELD)
        .arg(envelope.to_json())
        .ignore();
    redis.pipeline("a new session", &pipeline).await
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
