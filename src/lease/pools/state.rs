//! What the numbers of a pool are doing now.

use crate::config::model::Pool;
use crate::lease::pools::model::PoolState;
use crate::platform::clock::Millis;
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};

/// Held numbers that are asked about in one round trip.
const AT_ONCE: isize = 500;

/// Counts the numbers of `pool` by what they do at `now`; one round trip whatever the pool's size. The
/// sets may lag behind what is over by a turn of the sweeper.
pub async fn state(
    redis: &Redis,
    keys: &SiteKeys,
    pool: &Pool,
    now: Millis,
) -> Result<PoolState, StoreError> {
    let rested_since = now.plus(-i64::try_from(pool.rest.as_millis()).unwrap_or(i64::MAX));
    let (free, held) = (keys.pool_free(&pool.id), keys.pool_held(&pool.id));
    let mut pipeline = redis::pipe();
    pipeline.cmd("ZCARD").arg(&held);
    pipeline.cmd("ZCARD").arg(&free);
    pipeline.cmd("ZCOUNT").arg(&free).arg(format!("({}", rested_since.0)).arg("+inf");
    pipeline.cmd("ZCARD").arg(keys.pool_share(&pool.id));
    pipeline.cmd("ZCOUNT").arg(keys.pool_pinned(&pool.id)).arg(now.0).arg("+inf");
    pipeline.cmd("HLEN").arg(keys.pool_draining(&pool.id));
    let (held, free, resting, shared, pinned, draining): (u64, u64, u64, u64, u64, u64) =
        redis.pipeline("the state of a pool", &pipeline).await?;
    let numbers = held + free;
    Ok(PoolState {
        numbers,
        held,
        resting,
        free: free - resting.min(free),
        shared,
        pinned,
        draining,
        utilisation: if numbers > 0 { held as f64 / numbers as f64 } else { 0.0 },
    })
}

/// When the lease began that runs longest of all in a pool; `None` when none runs. Asks about every held
/// number, so it is for the sweeper, not for a page view.
pub async fn oldest_lease(
    redis: &Redis,
    keys: &SiteKeys,
    pool: &Pool,
) -> Result<Option<Millis>, StoreError> {
    let held = keys.pool_held(&pool.id);
    let prefix = keys.holders_prefix();
    let (mut oldest, mut from) = (None::<i64>, 0);
    loop {
        let mut command = redis::cmd("ZRANGE");
        command.arg(&held).arg(from).arg(from + AT_ONCE - 1);
        let numbers: Vec<String> = redis.command("held numbers", &command).await?;
        if numbers.is_empty() {
            return Ok(oldest.map(Millis));
        }
        from += AT_ONCE;
        let mut pipeline = redis::pipe();
        for number in &numbers {
            pipeline.cmd("LINDEX").arg(format!("{prefix}{number}")).arg(0);
        }
        let newest: Vec<Option<String>> = redis.pipeline("who holds numbers", &pipeline).await?;
        // "<session> <from> <last seen> <tier> <tel click> <until> <pool>", until = 0 while it runs.
        let since = newest.iter().flatten().filter_map(|entry| {
            let mut words = entry.split(' ');
            let since = words.nth(1)?.parse::<i64>().ok()?;
            (words.nth(3)? == "0").then_some(since)
        });
        oldest = oldest.into_iter().chain(since).min();
    }
}
