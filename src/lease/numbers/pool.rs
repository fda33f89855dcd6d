//! The numbers of one pool in Redis: `lua/numbers.lua` alone moves them in and out.

use crate::config::Installation;
use crate::lease::numbers::registry::AT_ONCE;
use crate::lease::numbers::sync::Synced;
use crate::lease::store::{LeaseStore, now_arg};
use crate::platform::clock::Clock;
use crate::platform::ids::{PoolId, SiteId};
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;

/// What should become of some numbers of a pool.
#[derive(Default)]
pub(super) struct Numbers<'a> {
    /// Can be leased.
    pub(super) add: Vec<&'a PhoneNumber>,
    /// Take no new lease.
    pub(super) drain: Vec<&'a PhoneNumber>,
    /// Are none of the pool any more.
    pub(super) forget: Vec<&'a PhoneNumber>,
}

/// Does it, some at a time.
pub(super) async fn change(
    store: &LeaseStore,
    installation: &Installation,
    (site, pool): (&SiteId, &PoolId),
    numbers: &Numbers<'_>,
    clock: &Clock,
) -> Result<Synced, StoreError> {
    let keys = installation.shards.keys(site);
    let known = installation.site(site).and_then(|site| site.pool(pool));
    let match_area = known.is_some_and(|pool| pool.match_area);
    let parts = [("add", &numbers.add), ("drain", &numbers.drain), ("forget", &numbers.forget)];
    let mut synced = Synced::default();
    for (verb, numbers) in parts {
        for some in numbers.chunks(AT_ONCE) {
            let mut call = store.scripts().numbers.prepare_invoke();
            call.key(keys.pool_free(pool))
                .key(keys.pool_held(pool))
                .key(keys.pool_share(pool))
                .key(keys.pool_draining(pool))
                .key(keys.pool_areas(pool))
                .key(keys.pool_live(pool))
                .key(keys.pool_pinned(pool))
                .arg(now_arg(clock))
                .arg(keys.pool_free_prefix(pool))
                .arg(verb);
            for number in some {
                call.arg(number.as_str());
                if verb == "add" {
                    let of = |number| store.areas().of_number(number).join(" ");
                    call.arg(if match_area { of(number) } else { String::new() });
                }
            }
            let done: usize = store.redis().script("the numbers of a pool", &call).await?;
            match verb {
                "add" => synced.added += done,
                "drain" => synced.drained += done,
                _ => synced.released += done,
            }
        }
    }
    Ok(synced)
}
