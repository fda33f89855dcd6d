//! The pools in Redis follow the configuration, and quarantines end.

use std::collections::BTreeMap;

use crate::config::model::Details;
use crate::config::{AddedNumbers, Installation, Known as Shown};
use crate::lease::numbers::edit::reserved;
use crate::lease::numbers::lost::claim_back;
use crate::lease::numbers::pool::{self, Numbers};
use crate::lease::numbers::registry::{self, Change, Claim, Known, Origin};
use crate::lease::store::LeaseStore;
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::{PoolId, SiteId};
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;

/// Why a configuration's numbers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NumbersError {
    /// A number belongs to another pool.
    #[error("{number} cannot join {wanted}: it belongs to {owner}{}", until_when(.until))]
    Taken {
        /// The number.
        number: PhoneNumber,
        /// Who wants it: `site/pool`.
        wanted: String,
        /// Who has it: `site/pool`.
        owner: String,
        /// When its quarantine is over, if it was taken out there and nobody calls it any more.
        until: Option<Millis>,
    },
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn until_when(until: &Option<Millis>) -> String {
    until.map_or_else(String::new, |until| {
        format!(
            ", which gave it up, and is in quarantine until {} or longer if it is called: its last \
             callers would be taken for those of another pool",
            until.timestamp()
        )
    })
}

/// What a sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Numbers that became available.
    pub added: usize,
    /// Numbers that take no new lease from now on.
    pub drained: usize,
    /// Numbers whose quarantine ended: nobody's now.
    pub released: usize,
    /// Numbers of a pool that nobody had a claim on: they have one again.
    pub claimed: usize,
}

/// Makes the pools in Redis those of `installation`: claims and adds numbers that are new, drains
/// those that the configuration no longer has (also of pools and sites that are gone), and lets go
/// of those whose quarantine is over. Numbers that were added over the API stay, also where their
/// claim was lost. Running leases stay, and drained numbers are still joined with their callers. No pool is changed when a number
/// belongs to another one.
pub async fn sync_pools(
    store: &LeaseStore,
    installation: &Installation,
    clock: &Clock,
) -> Result<Synced, NumbersError> {
    let now = clock.now();
    let wanted = configured(installation, now)?;
    let mut registered = registry::read_all(store).await?;
    let mut synced = release(store, installation, &wanted, &mut registered, clock).await?;
    for (number, claim) in &wanted {
        if let Some(known) = registered.get(number)
            && !known.claim.is_of(&claim.site, &claim.pool)
        {
            return Err(taken(store, installation, number, claim, &known.claim, now).await?);
        }
    }
    let changes = changes(&wanted, &registered, now);
    let claims = registry::change(store, &changes).await?;
    for (change, claim) in changes.iter().zip(claims) {
        let (Some(wanted), Some(claim)) = (&change.wanted, claim) else { continue };
        if !claim.is_of(&wanted.site, &wanted.pool) {
            // Somebody else was faster.
            return Err(taken(store, installation, change.number, wanted, &claim, now).await?);
        }
    }
    let shown = added(&registered, &wanted, &installation.added());
    installation.learn_added(shown);

    let reserved = reserved(installation);
    let mut pools: BTreeMap<(&SiteId, &PoolId), Numbers<'_>> = BTreeMap::new();
    for (number, claim) in &wanted {
        pools.entry((&claim.site, &claim.pool)).or_default().add.push(number);
    }
    for (number, Known { claim, .. }) in &registered {
        if wanted.contains_key(number) {
            continue;
        }
        let numbers = pools.entry((&claim.site, &claim.pool)).or_default();
        // An added number of a pool that the configuration no longer has waits for it to come back.
        let exists = installation.site(&claim.site).is_some_and(|s| s.pool(&claim.pool).is_some());
        let may_be_leased = exists && !reserved.contains_key(number);
        let stays = claim.origin == Origin::Added && may_be_leased;
        if stays { &mut numbers.add } else { &mut numbers.drain }.push(number);
    }
    for (owner, numbers) in pools {
        let done = pool::change(store, installation, owner, &numbers, clock).await?;
        synced.added += done.added;
        synced.drained += done.drained;
        synced.claimed += claim_back(store, installation, owner, &numbers.add, now).await?;
    }
    Ok(synced)
}

/// The numbers of the configuration with the claims that they should have.
fn configured(
    installation: &Installation,
    now: Millis,
) -> Result<BTreeMap<PhoneNumber, Claim>, NumbersError> {
    let mut wanted: BTreeMap<PhoneNumber, Claim> = BTreeMap::new();
    for site in &installation.config.sites {
        for pool in &site.pools {
            for number in &pool.numbers {
                let claim = Claim {
                    site: site.id.clone(),
                    pool: pool.id.clone(),
                    origin: Origin::Configured,
                    since: now,
                    details: Details::default(),
                };
                let first = wanted.insert(number.clone(), claim.clone());
                if let Some(first) = first.filter(|first| first.owner() != claim.owner()) {
                    let (number, wanted) = (number.clone(), claim.owner());
                    let owner = first.owner();
                    return Err(NumbersError::Taken { number, wanted, owner, until: None });
                }
            }
        }
    }
    Ok(wanted)
}

/// What must change in the registry: numbers that are new or came back, and those that are gone.
fn changes<'a>(
    wanted: &'a BTreeMap<PhoneNumber, Claim>,
    registered: &'a BTreeMap<PhoneNumber, Known>,
    now: Millis,
) -> Vec<Change<'a>> {
    let come = wanted.iter().filter_map(|(number, claim)| {
        let known = registered.get(number);
        let is_so = known.is_some_and(|known| known.claim.origin == Origin::Configured);
        (!is_so).then(|| Change { number, known, wanted: Some(claim.clone()) })
    });
    let gone = registered.iter().filter_map(|(number, known)| {
        let goes = !wanted.contains_key(number) && known.claim.origin == Origin::Configured;
        let wanted = Some(known.claim.removed(now));
        goes.then_some(Change { number, known: Some(known), wanted })
    });
    come.chain(gone).collect()
}

/// Lets go of removed numbers whose quarantine is over, unless they are wanted back where they were.
async fn release(
    store: &LeaseStore,
    installation: &Installation,
    wanted: &BTreeMap<PhoneNumber, Claim>,
    registered: &mut BTreeMap<PhoneNumber, Known>,
    clock: &Clock,
) -> Result<Synced, StoreError> {
    let now = clock.now();
    let mut over = Vec::new();
    for (number, Known { claim, .. }) in registered.iter() {
        let comes_back =
            wanted.get(number).is_some_and(|wanted| wanted.is_of(&claim.site, &claim.pool));
        if claim.origin == Origin::Removed
            && !comes_back
            && free_again_by(store, installation, number, claim, now).await?
        {
            over.push(number.clone());
        }
    }
    let mut synced = Synced::default();
    for number in over {
        let Some(known) = registered.remove(&number) else { continue };
        synced.released += let_go(store, installation, &number, &known, clock).await?;
    }
    Ok(synced)
}

/// Whether the quarantine of a removed number is over. Redis is asked only when it can be.
pub(super) async fn free_again_by(
    store: &LeaseStore,
    installation: &Installation,
    number: &PhoneNumber,
    claim: &Claim,
    now: Millis,
) -> Result<bool, StoreError> {
    let site = installation.site(&claim.site);
    let shortest = site.map_or(0, |site| site.quarantine.as_millis() as i64);
    if claim.since.plus(shortest) > now {
        return Ok(false);
    }
    Ok(registry::free_again(store, installation, number, claim, now).await? <= now)
}

/// Takes a number out of its pool, then out of the registry; how many were: 0 or 1.
pub(super) async fn let_go(
    store: &LeaseStore,
    installation: &Installation,
    number: &PhoneNumber,
    known: &Known,
    clock: &Clock,
) -> Result<usize, StoreError> {
    let numbers = Numbers { forget: vec![number], ..Numbers::default() };
    let owner = (&known.claim.site, &known.claim.pool);
    pool::change(store, installation, owner, &numbers, clock).await?;
    let change = Change { number, known: Some(known), wanted: None };
    let left = registry::change(store, &[change]).await?;
    Ok(usize::from(left.iter().all(Option::is_none)))
}

async fn taken(
    store: &LeaseStore,
    installation: &Installation,
    number: &PhoneNumber,
    wanted: &Claim,
    owner: &Claim,
    now: Millis,
) -> Result<NumbersError, StoreError> {
    let until = match owner.origin {
        Origin::Removed => {
            Some(registry::free_again(store, installation, number, owner, now).await?)
        }
        Origin::Configured | Origin::Added => None,
    };
    let (wanted, owner) = (wanted.owner(), owner.owner());
    Ok(NumbersError::Taken { number: number.clone(), wanted, owner, until })
}

/// What pages show of added numbers; also of those that were taken out, while pages still show them.
fn added(
    registered: &BTreeMap<PhoneNumber, Known>,
    wanted: &BTreeMap<PhoneNumber, Claim>,
    before: &AddedNumbers,
) -> AddedNumbers {
    let added = registered.iter().filter(|(number, known)| {
        known.claim.origin != Origin::Configured && !wanted.contains_key(number)
    });
    let shown = |(number, known): (&PhoneNumber, &Known)| {
        let details = &known.claim.details;
        let same = before.get(number).filter(|shown| &shown.details == details).cloned();
        (number.clone(), same.unwrap_or_else(|| Shown::new(number, details.clone())))
    };
    added.map(shown).collect()
}
