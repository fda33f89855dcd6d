//! What must hold when parts fail: callers get through, pages keep a number, nothing is lost and nothing counts twice.
//!
//! `make faults` runs all of it at length (`RINGTRACE_FAULTS=long`); without it the same tests run briefly.
//! What one part does when another fails is beside that part: `redis::{faults, failover}`, `call::faults`,
//! `postback::{faults, storm}`, `warehouse`, `ledger`.

mod bodies;
mod clock;
mod disk;
mod failover;
mod full_disk;
mod kill;
mod load;
mod parts;
mod platforms;
mod redis;
mod rolling;
mod slow_clients;
mod warehouse;
mod webhooks;

use std::time::{Duration, Instant};

/// `briefly`, or `at_length` when the whole suite was asked for.
fn how_many(briefly: usize, at_length: usize) -> usize {
    if std::env::var("RINGTRACE_FAULTS").is_ok_and(|asked| asked == "long") {
        at_length
    } else {
        briefly
    }
}

/// Waits until `look` finds nothing to say, at most `longest`; fails with what it says last.
async fn until(what: &str, longest: Duration, mut look: impl AsyncFnMut() -> Result<(), String>) {
    let end = Instant::now() + longest;
    while let Err(seen) = look().await {
        assert!(Instant::now() < end, "{what}: {seen}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
