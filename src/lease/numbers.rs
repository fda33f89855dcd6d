//! Which numbers a pool has: the configuration's, claimed in one registry first.
//!
//! The registry (HASH number → `site/pool`) has a hash tag of its own, so a claim and the addition
//! that follows are two steps. A crash between them leaves a number that is claimed and in no pool;
//! the next start or reload adds it, since everything here may be done again.

use std::collections::BTreeMap;

use crate::config::Installation;
use crate::lease::store::{LeaseStore, now_arg};
use crate::platform::clock::Clock;
use crate::platform::ids::{PoolId, SiteId};
use crate::platform::keys::number_registry;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;

/// Numbers that one command or script call takes.
const AT_ONCE: usize = 500;

/// Why a configuration's numbers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NumbersError {
    /// A number belongs to another pool.
    #[error(
        "{number} cannot join {wanted}: it belongs to {owner}, and a removed number stays with its \
         pool until its last callers are forgotten"
    )]
    Taken {
        /// The number.
        number: PhoneNumber,
        /// `site/pool` that wants it.
        wanted: String,
        /// `site/pool` that has it.
        owner: String,
    },
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Numbers that became available.
    pub added: usize,
    /// Numbers that take no new lease from now on.
    pub drained: usize,
}

/// Makes the pools in Redis those of `installation`: claims and adds numbers that are new, drains
/// those that the configuration no longer has (also of pools and sites that are gone). Running
/// leases stay, and drained numbers are still joined with their callers. Nothing is changed when a
/// number belongs to another pool.
pub async fn sync_pools(
    store: &LeaseStore,
    installation: &Installation,
    clock: &Clock,
) -> Result<Synced, NumbersError> {
    let mut wanted: BTreeMap<PhoneNumber, String> = BTreeMap::new();
    for site in &installation.config.sites {
        for pool in &site.pools {
            let owner = owner_word(&site.id, &pool.id);
            for number in &pool.numbers {
                let first = wanted.insert(number.clone(), owner.clone());
                if let Some(first) = first.filter(|first| *first != owner) {
                    let (number, wanted) = (number.clone(), owner);
                    return Err(NumbersError::Taken { number, wanted, owner: first });
                }
            }
        }
    }
    let registered = registry(store).await?;
    for (number, owner) in &wanted {
        taken(number, owner, registered.get(number))?;
    }
    let fresh: Vec<_> =
        wanted.iter().filter(|(number, _)| !registered.contains_key(number)).collect();
    for some in fresh.chunks(AT_ONCE) {
        claim(store, some).await?;
    }

    let mut synced = Synced::default();
    let mut pools: BTreeMap<&str, (Vec<&PhoneNumber>, Vec<&PhoneNumber>)> = BTreeMap::new();
    for (number, owner) in &wanted {
        pools.entry(owner).or_default().0.push(number);
    }
    for (number, owner) in registered.iter().filter(|(number, _)| !wanted.contains_key(number)) {
        pools.entry(owner).or_default().1.push(number);
    }
    for (owner, (add, drain)) in pools {
        let Some((site, pool)) = read_owner(owner) else { continue };
        for add in add.chunks(AT_ONCE) {
            synced.added += change(store, installation, &site, &pool, add, &[], clock).await?.added;
        }
        for drain in drain.chunks(AT_ONCE) {
            let done = change(store, installation, &site, &pool, &[], drain, clock).await?;
            synced.drained += done.drained;
        }
    }
    Ok(synced)
}

fn owner_word(site: &SiteId, pool: &PoolId) -> String {
    format!("{site}/{pool}")
}

fn read_owner(owner: &str) -> Option<(SiteId, PoolId)> {
    let (site, pool) = owner.split_once('/')?;
    Some((site.parse().ok()?, pool.parse().ok()?))
}

fn taken(number: &PhoneNumber, wanted: &str, owner: Option<&String>) -> Result<(), NumbersError> {
    match owner.filter(|owner| *owner != wanted) {
        None => Ok(()),
        Some(owner) => Err(NumbersError::Taken {
            number: number.clone(),
            wanted: wanted.to_owned(),
            owner: owner.clone(),
        }),
    }
}

/// The whole registry, read in steps so that a large one holds nobody up.
async fn registry(store: &LeaseStore) -> Result<BTreeMap<PhoneNumber, String>, StoreError> {
    let mut registered = BTreeMap::new();
    let mut cursor = 0u64;
    loop {
        let mut command = redis::cmd("HSCAN");
        command.arg(number_registry()).arg(cursor).arg("COUNT").arg(AT_ONCE);
        let (next, some): (u64, Vec<(String, String)>) =
            store.redis().command("the number registry", &command).await?;
        let readable =
            some.into_iter().filter_map(|(number, owner)| Some((number.parse().ok()?, owner)));
        registered.extend(readable);
        cursor = next;
        if cursor == 0 {
            return Ok(registered);
        }
    }
}

/// Claims numbers that were nobody's; somebody else may have been faster.
async fn claim(store: &LeaseStore, fresh: &[(&PhoneNumber, &String)]) -> Result<(), NumbersError> {
    let mut pipeline = redis::pipe();
    for (number, owner) in fresh {
        pipeline.cmd("HSETNX").arg(number_registry()).arg(number.as_str()).arg(owner).ignore();
        pipeline.cmd("HGET").arg(number_registry()).arg(number.as_str());
    }
    let owners: Vec<String> = store.redis().pipeline("claiming numbers", &pipeline).await?;
    for ((number, wanted), owner) in fresh.iter().zip(&owners) {
        taken(number, wanted, Some(owner))?;
    }
    Ok(())
}

async fn change(
    store: &LeaseStore,
    installation: &Installation,
    site: &SiteId,
    pool: &PoolId,
    add: &[&PhoneNumber],
    drain: &[&PhoneNumber],
    clock: &Clock,
) -> Result<Synced, StoreError> {
    let keys = installation.shards.keys(site);
    let mut call = store.scripts().numbers.prepare_invoke();
    call.key(keys.pool_free(pool))
        .key(keys.pool_held(pool))
        .key(keys.pool_share(pool))
        .key(keys.pool_draining(pool))
        .key(keys.pool_areas(pool))
        .arg(now_arg(clock))
        .arg(keys.pool_free_prefix(pool))
        .arg(add.len());
    let known = installation.site(site).and_then(|site| site.pool(pool));
    let match_area = known.is_some_and(|pool| pool.match_area);
    for number in add {
        let areas = if match_area { store.areas().of_number(number) } else { Vec::new() };
        call.arg(number.as_str()).arg(areas.join(" "));
    }
    for number in drain {
        call.arg(number.as_str());
    }
    let (added, drained) = store.redis().script("the numbers of a pool", &call).await?;
    Ok(Synced { added, drained })
}
