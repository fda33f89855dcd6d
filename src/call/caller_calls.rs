//! The calls of one caller in their order, for what is learnt of them late.

use std::sync::LazyLock;

use crate::call::store::{CallStore, sessions_text};
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SessionId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::StoreError;
use crate::platform::redis::script::Script;

/// Most calls of a caller that are listed, the newest.
pub const MOST_LISTED: isize = 200;

/// Unless another call came since, or the caller is forgotten.
const NOTE_SESSION: &str = "if redis.call('HGET', KEYS[1], 'last_call') == ARGV[1] then \
                            return redis.call('HSET', KEYS[1], 'last_session', ARGV[2]) end return 0";

/// Ids of calls with the moments that they began.
type Listed = Vec<(String, f64)>;

/// The calls of a caller around a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// When the last call before it was.
    pub before: Option<Millis>,
    /// The first call after it, and when that was.
    pub after: Option<(CallId, Millis)>,
}

impl CallStore {
    /// The calls of the caller `hash` just before and after `call`, which began at `at`.
    pub async fn neighbours(
        &self,
        keys: &SiteKeys,
        hash: &str,
        (call, at): (CallId, Millis),
    ) -> Result<Neighbours, StoreError> {
        let key = keys.calls_of(hash);
        let mut asked = redis::pipe();
        let before = asked.cmd("ZREVRANGEBYSCORE").arg(&key).arg(format!("({}", at.0)).arg("-inf");
        before.arg("WITHSCORES").arg("LIMIT").arg(0).arg(2);
        let after = asked.cmd("ZRANGEBYSCORE").arg(&key).arg(format!("({}", at.0)).arg("+inf");
        after.arg("WITHSCORES").arg("LIMIT").arg(0).arg(2);
        let (before, after): (Listed, Listed) =
            self.redis().pipeline("a caller's calls", &asked).await?;
        // The call itself may stand among them, with another time than it has now.
        let nearest = |listed: Listed| {
            let read = |(id, at): (String, f64)| Some((id.parse().ok()?, Millis(at as i64)));
            listed.into_iter().filter_map(read).find(|(id, _)| *id != call)
        };
        Ok(Neighbours { before: nearest(before).map(|(_, at)| at), after: nearest(after) })
    }

    /// The calls of the caller `hash` that began between two moments, oldest first.
    pub async fn calls_of(
        &self,
        keys: &SiteKeys,
        hash: &str,
        (from, to): (Millis, Millis),
    ) -> Result<Vec<CallId>, StoreError> {
        let mut command = redis::cmd("ZRANGEBYSCORE");
        command.arg(keys.calls_of(hash)).arg(from.0).arg(to.0);
        let ids: Vec<String> = self.redis().command("a caller's calls", &command).await?;
        Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Notes which session the last call of the caller `hash` turned out to be, if `call` is that one.
    pub async fn note_session(
        &self,
        keys: &SiteKeys,
        hash: &str,
        (call, session, sure): (CallId, SessionId, f64),
    ) -> Result<(), StoreError> {
        static NOTE: LazyLock<Script> = LazyLock::new(|| Script::new(NOTE_SESSION));
        let mut note = NOTE.key(keys.caller(hash));
        note.arg(call.to_string()).arg(sessions_text(&[(session, sure)]));
        self.redis().script::<i64>("a caller", &note).await.map(|_| ())
    }
}
