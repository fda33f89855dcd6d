//! Sessions of the dashboard that somebody signed out of before their time.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `sessions:ended` | ZSET | session id → when it would have ended by itself (ms) | each id until that moment |
//!
//! Every process keeps the list in memory and looks at Redis every second: a request with a cookie asks nobody. The process that
//! somebody signs out at refuses the session at once, the others within two seconds; without Redis they do once it is back.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::platform::clock::{Clock, Millis};
use crate::platform::keys::sessions_ended;
use crate::platform::redis::{Redis, StoreError};
use crate::platform::shutdown::ShutdownSignal;

/// How often a process asks Redis what the others know.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Sessions that are remembered at most; each takes one sign-in with a valid key.
const MOST: usize = 100_000;

/// What names a session: random bytes in its cookie.
pub type SessionMark = [u8; 16];

/// The sessions that are over before their time.
#[derive(Clone)]
pub struct EndedSessions {
    redis: Redis,
    clock: Clock,
    known: Arc<RwLock<Known>>,
}

impl std::fmt::Debug for EndedSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndedSessions").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Known {
    over: HashMap<SessionMark, Millis>,
    /// Those that Redis was not told of yet.
    untold: Vec<(SessionMark, Millis)>,
}

impl EndedSessions {
    /// Nothing is known before the first look.
    pub fn new(redis: Redis, clock: Clock) -> Self {
        EndedSessions { redis, clock, known: Arc::default() }
    }

    /// Ends the session: here at once, elsewhere when Redis was told.
    pub async fn end(&self, session: SessionMark, ends_at: Millis) {
        {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if known.over.len() >= MOST || known.over.insert(session, ends_at).is_some() {
                return;
            }
            known.untold.push((session, ends_at));
        }
        self.look().await;
    }

    /// Whether somebody signed out of it.
    pub fn is_over(&self, session: &SessionMark) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).over.contains_key(session)
    }

    /// Tells Redis what it does not know and learns what the others told it.
    pub async fn look(&self) {
        if let Err(error) = self.try_look().await {
            tracing::debug!(%error, "cannot ask which sessions of the dashboard are over");
        }
    }

    async fn try_look(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let key = sessions_ended();
        let untold = self.known.read().unwrap_or_else(PoisonError::into_inner).untold.clone();
        for (session, ends_at) in &untold {
            let mut add = redis::cmd("ZADD");
            add.arg(&key).arg(ends_at.0).arg(session.as_slice());
            self.redis.command::<()>("ended sessions", &add).await?;
        }
        let mut forget = redis::cmd("ZREMRANGEBYSCORE");
        forget.arg(&key).arg("-inf").arg(now.0);
        self.redis.command::<()>("ended sessions", &forget).await?;
        let mut read = redis::cmd("ZREVRANGE");
        read.arg(&key).arg(0).arg(MOST - 1).arg("WITHSCORES");
        let found: Vec<(Vec<u8>, i64)> = self.redis.command("ended sessions", &read).await?;
        let told = found.into_iter().filter_map(|(session, ends_at)| {
            Some((SessionMark::try_from(session).ok()?, Millis(ends_at)))
        });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.untold.retain(|one| !untold.contains(one));
        known.over.extend(told);
        known.over.retain(|_, ends_at| now < *ends_at);
        Ok(())
    }

    /// Looks until `shutdown`.
    pub async fn run(self, mut shutdown: ShutdownSignal) {
        loop {
            self.look().await;
            if shutdown.sleep(LOOK_EVERY).await {
                return;
            }
        }
    }
}
