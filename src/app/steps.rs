//! Steps of starting and ending.

use std::time::Duration;

use crate::app::StartError;
use crate::config::Live;
use crate::lease::numbers::sync::{NumbersError, sync_pools};
use crate::lease::store::LeaseStore;
use crate::platform::clock::Clock;
use crate::platform::data_format::{FormatError, agree_with};
use crate::platform::redis::{Redis, StoreError};

/// Waits for `work`, but no longer than this; says when that was not enough.
pub(super) async fn in_time<T>(
    what: &str,
    longest: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let done = tokio::time::timeout(longest, work).await;
    if done.is_err() {
        tracing::warn!("{what} did not end in time; what was left comes at the next start");
    }
    done.ok()
}

/// Refuses a Redis that a newer program wrote. One that is away must not keep the phone from being answered: it is not
/// asked again.
pub(super) async fn read_by_this_program(redis: &Redis) -> Result<(), StartError> {
    match agree_with(redis).await {
        Ok(()) | Err(FormatError::Redis(StoreError::Unavailable(_))) => Ok(()),
        Err(FormatError::Redis(error)) => Err(error.into()),
        Err(FormatError::Unknown(newer)) => Err(newer.into()),
    }
}

/// Puts the configured numbers into their pools. A Redis that is away must not keep the phone from
/// being answered: then the sweeper does it later.
pub(super) async fn fill_pools(
    leases: &LeaseStore,
    live: &Live,
    clock: &Clock,
) -> Result<(), StartError> {
    match sync_pools(leases, &live.now_full(), clock).await {
        Err(NumbersError::Store(StoreError::Unavailable(why))) => {
            tracing::warn!(%why, "Redis is away; calls are forwarded, numbers are leased once it is back");
            Ok(())
        }
        done => Ok(done.map(|_| ())?),
    }
}
