//! The latest calls of a number, and whose they were said to be: a `tel:` click that led to one call leads
//! to no other.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `rings:<number>` | LIST | newest first, `call session at confidence` | an hour after the last one |

use redis::Pipeline;

use crate::attribution::evidence::Evidence;
use crate::attribution::model::{Attribution, Basis};
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SessionId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;

/// Calls of a number that are remembered.
pub const MOST: isize = 16;
/// Seconds for which they are.
pub const KEEP_S: i64 = 3_600;

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

/// Asks for the latest calls of `number`, newest first.
pub fn ask(asked: &mut Pipeline, keys: &SiteKeys, number: &PhoneNumber) {
    asked.cmd("LRANGE").arg(keys.rings(number)).arg(0).arg(MOST - 1);
}

/// Reads what was asked for.
pub fn read(texts: &[String]) -> Vec<Ring> {
    texts.iter().filter_map(|text| parse(text)).collect()
}

/// A call that somebody who held the number made, as whoever saves the call puts it at the head of the
/// list; `None` when nobody did.
pub fn entry(call: CallId, at: Millis, joined: &Attribution) -> Option<String> {
    let (Basis::Holder, Some(session)) = (joined.basis, joined.session) else { return None };
    Some(format!("{call} {session} {} {:.3}", at.0, joined.confidence))
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
