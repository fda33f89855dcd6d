//! What is told of pools.

use serde::Serialize;
use utoipa::ToSchema;

use crate::lease::pools::sizing::{Advice, HourLoad};

/// What the numbers of a pool are doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct PoolState {
    /// Numbers that can be leased: held, resting or free.
    pub numbers: u64,
    /// Held by a session, or by several.
    pub held: u64,
    /// Not held, and used within the pool's `rest`.
    pub resting: u64,
    /// Not held, and rested.
    pub free: u64,
    /// Of the held ones: by several sessions at once.
    pub shared: u64,
    /// Kept from others by a recent `tel:` click.
    pub pinned: u64,
    /// Taken out of the pool; their last callers are still joined.
    pub draining: u64,
    /// Held of all, 0.0 to 1.0.
    pub utilisation: f64,
}

/// Sessions that asked a pool for a number, by how they were answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Granted {
    /// A number of their own that had rested.
    pub own: u64,
    /// A number of their own, reused early.
    pub unrested: u64,
    /// A number that others held too.
    pub shared: u64,
    /// The static number of their source.
    pub source: u64,
    /// The page was left alone.
    pub original: u64,
}

impl Granted {
    /// Counts in the order of the tiers.
    pub fn of([own, unrested, shared, source, original]: [u64; 5]) -> Self {
        Granted { own, unrested, shared, source, original }
    }

    /// Sessions that asked.
    pub fn asked(&self) -> u64 {
        self.own + self.unrested + self.shared + self.source + self.original
    }

    /// Share of them without a number of their own, 0.0 to 1.0; `None` when nobody asked.
    pub fn overflow(&self) -> Option<f64> {
        let without = self.shared + self.source + self.original;
        (self.asked() > 0).then(|| without as f64 / self.asked() as f64)
    }
}

/// One pool of a site, as `GET /v1/sites/{site}/pools` tells it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PoolReply {
    /// The pool.
    pub pool: String,
    /// What its numbers are doing.
    #[serde(flatten)]
    pub state: PoolState,
    /// Seconds since the lease began that runs longest; `null` when none runs.
    pub oldest_lease_s: Option<i64>,
    /// Sessions of the last 24 hours by how they were answered.
    pub last_24_hours: Granted,
    /// Share of those without a number of their own; `null` when nobody asked.
    pub overflow: Option<f64>,
    /// What that share should stay below.
    pub overflow_target: f64,
    /// Whether it does not.
    pub too_small: bool,
}

/// `GET /v1/sites/{site}/pools`
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PoolsReply {
    /// The site.
    pub site: String,
    /// Its pools in the order of the configuration.
    pub pools: Vec<PoolReply>,
}

/// `GET /v1/sites/{site}/pools/{pool}/sizing`
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SizingReply {
    /// The site.
    pub site: String,
    /// The pool.
    pub pool: String,
    /// Hours that were measured, at most five weeks.
    pub measured_hours: usize,
    /// What each hour of the week brings on average, by the site's clock; hours that were not measured
    /// yet are left out.
    pub week: Vec<HourLoad>,
    /// What would do, and what today's size does.
    #[serde(flatten)]
    pub advice: Advice,
}
