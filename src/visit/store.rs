//! Visits in Redis.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `session:<session>` | STR | the [`Visit`] as JSON | attribution window |
//! | `visitor:<visitor>` | LIST | [`Touch`]es as JSON, newest first, at most [`MAX_TOUCHES`] | look-back |

use serde::{Deserialize, Serialize};

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
