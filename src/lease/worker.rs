//! The sweeper: keeps the configured numbers in their pools, and puts numbers back whose leases are
//! over, so that histories are complete and free numbers are counted right also where nobody asks
//! for a new one.

use std::sync::Arc;
use std::time::Duration;

use crate::config::model::Pool;
use crate::config::{Installation, Live};
use crate::lease::numbers::sync::{NumbersError, Synced, sync_pools};
use crate::lease::pools::load::{self, Grants};
use crate::lease::pools::state::{oldest_lease, state};
use crate::lease::shares::Shares;
use crate::lease::store::{LeaseStore, area_prefix, now_arg};
use crate::platform::clock::Clock;
use crate::platform::keys::SiteKeys;
use crate::platform::redis::StoreError;
use crate::platform::shutdown::ShutdownSignal;

/// Between two sweeps.
pub const EVERY: Duration = Duration::from_secs(15);
/// Until the first turn, and between two while Redis is away: once it is back, pages wait for this.
const WHILE_AWAY: Duration = Duration::from_secs(1);
/// Every so many turns the pools are looked at although nothing seems to have changed.
const TURNS_PER_SYNC: u32 = 4;
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
            let keys = installation.shards.keys(&site.id);
            let swept = sweep(store, &keys, pool, clock, AT_ONCE).await?;
            outcome.looked_at += swept.looked_at;
            outcome.freed += swept.freed;
        }
    }
    metrics::counter!("ringtrace_numbers_reclaimed_total").increment(outcome.freed);
    Ok(outcome)
}

/// Sweeps one pool until nothing is due, looking at up to `at_once` numbers a round trip.
pub async fn sweep(
    store: &LeaseStore,
    keys: &SiteKeys,
    pool: &Pool,
    clock: &Clock,
    at_once: u32,
) -> Result<Outcome, StoreError> {
    let mut outcome = Outcome::default();
    loop {
        let mut call = store.scripts().sweep.prepare_invoke();
        call.key(keys.pool_free(&pool.id))
            .key(keys.pool_held(&pool.id))
            .key(keys.pool_live(&pool.id))
            .key(keys.pool_share(&pool.id))
            .key(keys.pool_pinned(&pool.id))
            .key(keys.pool_draining(&pool.id))
            .key(keys.pool_areas(&pool.id))
            .arg(now_arg(clock))
            .arg(at_once)
            .arg(keys.lease_prefix(&pool.id))
            .arg(keys.holders_prefix())
            .arg(pool.id.as_str())
            .arg(area_prefix(keys, pool));
        let (looked_at, freed): (u64, u64) = store.redis().script("a sweep", &call).await?;
        outcome.looked_at += looked_at;
        outcome.freed += freed;
        // Everything looked at is either free or due later, so this ends.
        if looked_at < u64::from(at_once) {
            return Ok(outcome);
        }
    }
}

/// Sweeps until shutdown, and keeps the pools in step with the configuration. Any number of
/// processes may: a sweep or sync that finds nothing changes nothing.
pub async fn run(
    store: LeaseStore,
    live: Live,
    (grants, shares): (Arc<Grants>, Arc<Shares>),
    clock: Clock,
    mut shutdown: ShutdownSignal,
) {
    let mut upkeep = Upkeep::default();
    let (mut pause, mut failing) = (WHILE_AWAY, false);
    while !shutdown.sleep(pause).await {
        let done = upkeep.run_once(&store, &live, (&grants, &shares), &clock).await;
        pause = match &done {
            Err(NumbersError::Store(StoreError::Unavailable(_))) => WHILE_AWAY,
            _ => EVERY,
        };
        if let (Err(error), false) = (&done, failing) {
            tracing::warn!(%error, "the pools are not kept up; this is tried again until it works");
        }
        failing = done.is_err();
    }
}

/// Writes down how busy every pool is, and shows it as gauges; looks for the oldest lease when `deep`.
async fn watch(
    store: &LeaseStore,
    installation: &Installation,
    (grants, shares): (&Grants, &Shares),
    clock: &Clock,
    deep: bool,
) -> Result<(), StoreError> {
    let now = clock.now();
    for site in &installation.config.sites {
        let keys = installation.shards.keys(&site.id);
        for pool in &site.pools {
            let found = state(store.redis(), &keys, pool, now).await?;
            let of = (&site.id, &pool.id);
            load::write(store.redis(), &keys, grants, of, found.held, now).await?;
            shares.learn(of.0, of.1, usize::try_from(found.numbers).unwrap_or(usize::MAX), now);
            let show = |name: &'static str, value: f64| {
                let labels = [("site", site.id.to_string()), ("pool", pool.id.to_string())];
                metrics::gauge!(name, &labels).set(value);
            };
            show("ringtrace_pool_numbers", found.numbers as f64);
            show("ringtrace_pool_held", found.held as f64);
            show("ringtrace_pool_resting", found.resting as f64);
            show("ringtrace_pool_free", found.free as f64);
            show("ringtrace_pool_utilisation", found.utilisation);
            show("ringtrace_pool_overflow_target", pool.overflow_target);
            if deep {
                let oldest = oldest_lease(store.redis(), &keys, pool).await?;
                let age = oldest.map_or(0.0, |oldest| now.since(oldest) as f64 / 1e3);
                show("ringtrace_pool_oldest_lease_seconds", age);
            }
        }
    }
    Ok(())
}

/// What the sweeper remembers between two turns.
#[derive(Default)]
pub struct Upkeep {
    /// The configuration whose numbers are in the pools.
    in_step: Option<Arc<Installation>>,
    turns: u32,
}

impl Upkeep {
    /// Sweeps, after putting the configured numbers into the pools when they may not be there: a
    /// reload or a start while Redis was away, or (looked at now and then) a Redis that came back
    /// without its data.
    pub async fn run_once(
        &mut self,
        store: &LeaseStore,
        live: &Live,
        (grants, shares): (&Grants, &Shares),
        clock: &Clock,
    ) -> Result<(), NumbersError> {
        let wanted = live.now_full();
        let in_step = self.in_step.as_ref().is_some_and(|known| Arc::ptr_eq(known, &wanted));
        self.turns = self.turns.wrapping_add(1);
        if !in_step || self.turns.is_multiple_of(TURNS_PER_SYNC) {
            self.in_step = None;
            let synced = sync_pools(store, &wanted, clock).await?;
            if synced != Synced::default() {
                let Synced { added, drained, released, claimed } = synced;
                tracing::info!(added, drained, released, claimed, "pools are in step");
            }
            self.in_step = Some(wanted.clone());
        }
        run_once(store, &wanted, clock).await?;
        let deep = self.turns.is_multiple_of(TURNS_PER_SYNC);
        watch(store, &wanted, (grants, shares), clock, deep).await?;
        Ok(())
    }
}
