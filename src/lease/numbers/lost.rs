//! Claims that were lost. Registry and pools lie in different hash slots: a failover, or a Redis that
//! lost its last second, may forget the one and keep the other.

use std::collections::BTreeSet;

use crate::config::Installation;
use crate::config::model::Details;
use crate::lease::numbers::registry::{self, Change, Claim, Origin};
use crate::lease::store::LeaseStore;
use crate::platform::clock::Millis;
use crate::platform::ids::{PoolId, SiteId};
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;

/// Claims the numbers of a pool that the registry does not know: a number enters its pool after its
/// claim and leaves it before, so that its claim was lost. `known` are those that have one, and can be
/// leased. What was special about such a number is not known any more.
pub(super) async fn claim_back(
    store: &LeaseStore,
    installation: &Installation,
    (site, pool): (&SiteId, &PoolId),
    known: &[&PhoneNumber],
    now: Millis,
) -> Result<usize, StoreError> {
    let keys = installation.shards.keys(site);
    let (free, held) = (keys.pool_free(pool), keys.pool_held(pool));
    let mut count = redis::pipe();
    count.cmd("ZCARD").arg(&free).cmd("ZCARD").arg(&held);
    let what = "how many numbers a pool has";
    let (free_count, held_count): (usize, usize) = store.redis().pipeline(what, &count).await?;
    // A pool may be large, and a claim is rarely lost. Held numbers that take no new lease count too.
    if free_count + held_count <= known.len() {
        return Ok(0);
    }
    let mut list = redis::pipe();
    list.cmd("ZRANGE").arg(&free).arg(0).arg(-1).cmd("ZRANGE").arg(&held).arg(0).arg(-1);
    let listed: (Vec<String>, Vec<String>) =
        store.redis().pipeline("the numbers of a pool", &list).await?;
    let known: BTreeSet<&PhoneNumber> = known.iter().copied().collect();
    let read = |text: &String| text.parse().ok().filter(|number| !known.contains(number));
    let unknown: Vec<PhoneNumber> = listed.0.iter().chain(&listed.1).filter_map(read).collect();
    let claim = Claim {
        site: site.clone(),
        pool: pool.clone(),
        origin: Origin::Added,
        since: now,
        details: Details::default(),
    };
    let change = |number| Change { number, known: None, wanted: Some(claim.clone()) };
    let changes: Vec<Change<'_>> = unknown.iter().map(change).collect();
    // Whoever has a claim by now keeps it.
    let claims = registry::change(store, &changes).await?;
    let claimed = claims.iter().flatten().filter(|now_of| **now_of == claim).count();
    if claimed > 0 {
        tracing::warn!(%site, %pool, claimed, "claims on numbers were lost, and are made again");
    }
    Ok(claimed)
}
