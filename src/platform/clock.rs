//! Time: milliseconds since the Unix epoch, and a clock that replays and tests can set.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The moment the operating system says it is now.
    pub fn system_now() -> Self {
        Millis(jiff::Timestamp::now().as_millisecond())
    }

    /// This moment as a `jiff` timestamp; moments outside its range are clamped.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// `self` moved by `ms` milliseconds, saturating.
    pub fn plus(self, ms: i64) -> Self {
        Millis(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; negative when `earlier` is later.
    pub fn since(self, earlier: Millis) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// RFC 3339 in UTC with milliseconds, the form of every time in the API.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

impl From<jiff::Timestamp> for Millis {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Millis(timestamp.as_millisecond())
    }
}

/// Where "now" comes from: the system, or a moment that a replay sets.
///
/// Production scripts in Redis take Redis' own `TIME`; only a set clock is passed to them
/// ([`Clock::script_arg`]).
#[derive(Clone, Debug)]
pub struct Clock(Arc<AtomicI64>);

const SYSTEM: i64 = i64::MIN;

impl Default for Clock {
    fn default() -> Self {
        Clock(Arc::new(AtomicI64::new(SYSTEM)))
    }
}

impl Clock {
    /// The moment it is now by this clock.
    pub fn now(&self) -> Millis {
        match self.0.load(Ordering::Relaxed) {
            SYSTEM => Millis::system_now(),
            set => Millis(set),
        }
    }

    /// Sets the clock for everybody who shares it; it stands still until set again.
    pub fn set(&self, now: Millis) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    /// Lets the clock follow the system again.
    pub fn follow_system(&self) {
        self.0.store(SYSTEM, Ordering::Relaxed);
    }

    /// What a Redis script gets as its `now`: `None` (use `TIME`) unless the clock was set.
    pub fn script_arg(&self) -> Option<Millis> {
        match self.0.load(Ordering::Relaxed) {
            SYSTEM => None,
            set => Some(Millis(set)),
        }
    }
}
