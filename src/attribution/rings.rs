//! The latest calls of a number, and whose they were said to be: a `tel:` click that led to one call leads
//! to no other.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `rings:<number>` | LIST | newest first, `call session at confidence` | an hour after the last one |

use crate::attribution::evidence::Evidence;
use crate::attribution::model::{Attribution, Basis};
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SessionId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::{Redis, StoreError};

/// Calls of a number that are remembered.
const MOST: isize = 16;
const KEEP_S: i64 = 3_600;

/// A call of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ring {
    /// The call.
    pub call: CallId,
    /// The session it was said to be.
    pub session: SessionId,
    /// When it came.
    pub at: Millis,
    /// How sure that was.
    pub confidence: f64,
}

/// The latest calls of `number`, newest first.
pub async fn load(
    redis: &Redis,
    keys: &SiteKeys,
    number: &PhoneNumber,
) -> Result<Vec<Ring>, StoreError> {
    let mut command = redis::cmd("LRANGE");
    command.arg(keys.rings(number)).arg(0).arg(MOST - 1);
    let texts: Vec<String> = redis.command("calls of a number", &command).await?;
    Ok(texts.iter().filter_map(|text| parse(text)).collect())
}

/// Remembers a call that somebody who held the number made. What is lost here, or noted twice, changes
/// how sure the next call's answer is, and nothing else.
pub async fn note(
    redis: &Redis,
    keys: &SiteKeys,
    number: &PhoneNumber,
    (call, at): (CallId, Millis),
    joined: &Attribution,
) -> Result<(), StoreError> {
    let (Basis::Holder, Some(session)) = (joined.basis, joined.session) else { return Ok(()) };
    let key = keys.rings(number);
    let entry = format!("{call} {session} {} {:.3}", at.0, joined.confidence);
    let mut pipeline = redis::pipe();
    pipeline.cmd("LPUSH").arg(&key).arg(entry).ignore();
    pipeline.cmd("LTRIM").arg(&key).arg(0).arg(MOST - 1).ignore();
    pipeline.cmd("EXPIRE").arg(&key).arg(KEEP_S).ignore();
    redis.pipeline("calls of a number", &pipeline).await
}

/// Tells candidates of a call at `at` how sure it is that their click was another call's.
pub fn spend(rings: &[Ring], call: CallId, at: Millis, candidates: &mut [Evidence]) {
    for ring in rings.iter().filter(|ring| ring.call != call && ring.at <= at) {
        let ago_s = at.since(ring.at) as f64 / 1_000.0;
        for one in candidates.iter_mut().filter(|one| one.session == ring.session) {
            if one.clicked_s.is_some_and(|clicked_s| clicked_s >= ago_s) {
                one.spent = one.spent.max(ring.confidence.clamp(0.0, 1.0));
            }
        }
    }
}

fn parse(text: &str) -> Option<Ring> {
    let mut words = text.split(' ');
    let call = words.next()?.parse().ok()?;
    let session = words.next()?.parse().ok()?;
    let at = Millis(words.next()?.parse().ok()?);
    Some(Ring { call, session, at, confidence: words.next()?.parse().ok()? })
}
