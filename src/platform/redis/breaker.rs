//! Circuit breakers: while one is open nobody waits for Redis.
//!
//! Whoever opened one leaves a probe behind that asks until Redis does its work again, and closes
//! it; no request ever waits to find that out. A Redis Cluster has one for every hash tag, since
//! one of its nodes may be away, or one slot on the move, while all others serve.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redis::RedisError;

use crate::platform::keys::slot_of;

/// So many answers in a row must come too late before a breaker opens: one slow answer is not an
/// outage, a broken connection is.
const LATE_ANSWERS: u32 = 3;

/// One breaker, for the keys with one hash tag.
#[derive(Debug)]
pub struct Breaker {
    /// The hash tag without its braces.
    pub(super) tag: String,
    /// The hash slot of the tag.
    pub(super) slot: u16,
    open: AtomicBool,
    failures: AtomicU32,
    all_open: Arc<AtomicUsize>,
}

impl Breaker {
    /// Whether Redis may be asked.
    pub fn is_closed(&self) -> bool {
        !self.open.load(Ordering::Acquire)
    }

    /// Notes a good answer of a request.
    pub(super) fn succeeded(&self) {
        // A read before the write: the good case must not share a cache line in anger.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Notes a failure; `true` when it opened the breaker, so that a probe is due.
    pub(super) fn failed(&self, why: &RedisError) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if why.is_timeout() && failures < LATE_ANSWERS {
            return false;
        }
        let opened = !self.open.swap(true, Ordering::AcqRel);
        if opened {
            tracing::warn!(error = %why, tag = %self.tag, "Redis does not serve; fallbacks are in use");
            self.all_open.fetch_add(1, Ordering::AcqRel);
            metrics::gauge!("ringtrace_redis_up").set(0.0);
        }
        opened
    }

    /// Lets requests through again.
    pub(super) fn close(&self) {
        self.failures.store(0, Ordering::Relaxed);
        if self.open.swap(false, Ordering::AcqRel) {
            tracing::info!(tag = %self.tag, "Redis serves again");
            if self.all_open.fetch_sub(1, Ordering::AcqRel) == 1 {
                metrics::gauge!("ringtrace_redis_up").set(1.0);
            }
        }
    }
}

/// All breakers of one deployment.
#[derive(Debug)]
pub(super) struct Breakers {
    one: Arc<Breaker>,
    /// On a cluster, by tag. Tags are ours, so there are as many as shards, and a few.
    by_tag: Option<RwLock<HashMap<Vec<u8>, Arc<Breaker>>>>,
    all_open: Arc<AtomicUsize>,
}

impl Breakers {
    /// One breaker, or one `per_tag`.
    pub(super) fn new(per_tag: bool) -> Self {
        let all_open = Arc::<AtomicUsize>::default();
        let one = Arc::new(new_breaker(b"probe", all_open.clone()));
        Breakers { one, by_tag: per_tag.then(RwLock::default), all_open }
    }

    /// The breaker of the keys with `tag`; those without one belong to nobody in particular.
    pub(super) fn of(&self, tag: Option<&[u8]>) -> Arc<Breaker> {
        let (Some(by_tag), Some(tag)) = (&self.by_tag, tag) else { return self.one.clone() };
        let known = by_tag.read().unwrap_or_else(PoisonError::into_inner).get(tag).cloned();
        known.unwrap_or_else(|| {
            let mut by_tag = by_tag.write().unwrap_or_else(PoisonError::into_inner);
            let fresh = || Arc::new(new_breaker(tag, self.all_open.clone()));
            by_tag.entry(tag.to_owned()).or_insert_with(fresh).clone()
        })
    }
}

fn new_breaker(tag: &[u8], all_open: Arc<AtomicUsize>) -> Breaker {
    Breaker {
        tag: String::from_utf8_lossy(tag).into_owned(),
        slot: slot_of(tag),
        open: AtomicBool::new(false),
        failures: AtomicU32::new(0),
        all_open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::redis::error::too_late;

    #[test]
    fn one_slow_answer_is_no_outage_and_a_broken_connection_is() {
        let breakers = Breakers::new(false);
        let breaker = breakers.of(Some(b"s01"));
        assert!(!breaker.failed(&too_late()) && !breaker.failed(&too_late()));
        breaker.succeeded();
        assert!(!breaker.failed(&too_late()) && !breaker.failed(&too_late()));
        assert!(breaker.is_closed());
        assert!(breaker.failed(&too_late()) && !breaker.is_closed());
        assert!(!breaker.failed(&too_late()), "only the first one sends a probe");
        breaker.close();
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(breaker.failed(&RedisError::from(refused)));
        assert!(!breakers.of(Some(b"s02")).is_closed(), "there is one Redis");
    }

    #[test]
    fn on_a_cluster_a_tag_fails_alone() {
        let breakers = Breakers::new(true);
        for _ in 0..LATE_ANSWERS {
            breakers.of(Some(b"s01")).failed(&too_late());
        }
        assert!(!breakers.of(Some(b"s01")).is_closed());
        assert!(breakers.of(Some(b"s02")).is_closed());
    }
}
