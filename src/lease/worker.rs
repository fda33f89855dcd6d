//! The sweeper: puts numbers back whose leases are over, so that histories are complete and free
//! numbers are counted right also where nobody asks for a new one.

use std::time::Duration;

use crate::config::{Installation, Live};
use crate::lease::store::{LeaseStore, now_arg};
use crate::platform::clock::Clock;
use crate::platform::ids::{PoolId, SiteId};
use crate::platform::redis::StoreError;
use crate::platform::shutdown::ShutdownSignal;

/// Between two sweeps.
const EVERY: Duration = Duration::from_secs(15);
/// Numbers that one script call looks at: Redis serves nobody else meanwhile.
const AT_ONCE: u32 = 64;

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Numbers whose leases were looked at.
    pub looked_at: u64,
    /// Numbers that became free.
    pub freed: u64,
}

/// Sweeps every pool of every site until nothing is due.
pub async fn run_once(
    store: &LeaseStore,
    installation: &Installation,
    clock: &Clock,
) -> Result<Outcome, StoreError> {
    let mut outcome = Outcome::default();
    for site in &installation.config.sites {
        for pool in &site.pools {
            let swept = sweep(store, installation, &site.id, &pool.id, clock).await?;
            outcome.looked_at += swept.looked_at;
            outcome.freed += swept.freed;
        }
    }
    metrics::counter!("ringtrace_numbers_reclaimed_total").increment(outcome.freed);
    Ok(outcome)
}

async fn sweep(
    store: &LeaseStore,
    installation: &Installation,
    site: &SiteId,
    pool: &PoolId,
    clock: &Clock,
) -> Result<Outcome, StoreError> {
    let keys = installation.shards.keys(site);
    let mut outcome = Outcome::default();
    loop {
        let mut call = store.scripts().sweep.prepare_invoke();
        call.key(keys.pool_free(pool))
            .key(keys.pool_held(pool))
            .key(keys.pool_live(pool))
            .key(keys.pool_share(pool))
            .key(keys.pool_pinned(pool))
            .key(keys.pool_draining(pool))
            .arg(now_arg(clock))
            .arg(AT_ONCE)
            .arg(keys.lease_prefix(pool))
            .arg(keys.holders_prefix())
            .arg(pool.as_str());
        let (looked_at, freed): (u64, u64) = store.redis().script("a sweep", &call).await?;
        outcome.looked_at += looked_at;
        outcome.freed += freed;
        // Everything looked at is either free or due later, so this ends.
        if looked_at < u64::from(AT_ONCE) {
            return Ok(outcome);
        }
    }
}

/// Sweeps until shutdown. Any number of processes may: a sweep that finds nothing changes nothing.
pub async fn run(store: LeaseStore, live: Live, clock: Clock, mut shutdown: ShutdownSignal) {
    while !shutdown.sleep(EVERY).await {
        if let Err(error) = run_once(&store, &live.now_full(), &clock).await {
            tracing::warn!(%error, "a sweep of the pools failed; the next one tries again");
        }
    }
}
