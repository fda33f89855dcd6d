//! Numbers that people add to a pool and take out of it while it runs.

use std::collections::HashMap;

use crate::config::model::{Pool, Site};
use crate::config::{Installation, Known as Shown};
use crate::lease::numbers::model::{AddedReply, Rejected};
use crate::lease::numbers::pool::{self, Numbers};
use crate::lease::numbers::read::{Entry, reject};
use crate::lease::numbers::registry::{self, Change, Claim, Known, Origin};
use crate::lease::numbers::sync::{free_again_by, let_go};
use crate::lease::store::LeaseStore;
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::SiteId;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;

/// Where and for whom numbers are changed.
#[derive(Clone, Copy)]
pub struct Editor<'a> {
    /// The leases.
    pub store: &'a LeaseStore,
    /// The configuration in force.
    pub installation: &'a Installation,
    /// The clock.
    pub clock: &'a Clock,
    /// The site.
    pub site: &'a Site,
    /// The pool.
    pub pool: &'a Pool,
    /// Which sites may be named to whoever asks.
    pub sees: &'a dyn Fn(&SiteId) -> bool,
}

/// What became of a number that was to be taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It takes no new lease, and no other pool may have it until then.
    Quarantined {
        /// Since when.
        since: Millis,
        /// Until when, unless it is called or shown again.
        until: Millis,
    },
    /// The configuration has it: it must be taken out there.
    Configured,
    /// It is no number of this pool.
    Unknown,
}

impl Editor<'_> {
    /// Adds numbers. Doing it again changes nothing.
    pub async fn add(&self, entries: &[Entry]) -> Result<AddedReply, StoreError> {
        let now = self.clock.now();
        let mut reply = AddedReply::default();
        let reserved = reserved(self.installation);
        let mut wanted: Vec<&Entry> = Vec::new();
        let mut seen: HashMap<&PhoneNumber, usize> = HashMap::new();
        for entry in entries {
            let no = |reason: &str| reject(entry.entry, entry.number.as_str(), reason);
            if let Some(first) = seen.insert(&entry.number, entry.entry) {
                reply.rejected.push(no(&format!("entry {first} is the same number")));
            } else if let Some(what) = reserved.get(&entry.number) {
                reply.rejected.push(no(what));
            } else {
                wanted.push(entry);
            }
        }

        let known = self.claims(&wanted).await?;
        let mut changes = Vec::new();
        for (entry, known) in wanted.iter().zip(&known) {
            let claim = known.as_ref().map(|known| &known.claim);
            match claim {
                Some(claim) if !claim.is_of(&self.site.id, &self.pool.id) => {
                    reply.rejected.push(self.taken(entry, claim).await?);
                }
                Some(Claim { origin: Origin::Configured, .. }) => reply.known += 1,
                Some(claim) if claim.origin == Origin::Added && claim.details == entry.details => {
                    reply.known += 1;
                }
                _ => changes.push((entry, self.change(entry, known.as_ref(), now))),
            }
        }
        let made: Vec<Change<'_>> = changes.iter().map(|(_, change)| change.clone()).collect();
        let claims = registry::change(self.store, &made).await?;
        let mut added = Vec::new();
        for ((entry, change), claim) in changes.iter().zip(claims) {
            match claim {
                Some(claim) if claim.is_of(&self.site.id, &self.pool.id) => {
                    let before = change.known.map(|known| known.claim.origin);
                    let was_here = before == Some(Origin::Added);
                    if was_here {
                        reply.known += 1
                    } else {
                        reply.added += 1
                    }
                    added.push(**entry);
                }
                Some(claim) => reply.rejected.push(self.taken(entry, &claim).await?),
                None => {
                    let reason = "somebody changed this number just now; try again";
                    reply.rejected.push(reject(entry.entry, entry.number.as_str(), reason));
                }
            }
        }
        // Also what was known: an earlier attempt may have ended between claim and pool.
        let numbers = wanted.iter().zip(&known).filter_map(|(entry, known)| {
            let claim = &known.as_ref()?.claim;
            let here = claim.is_of(&self.site.id, &self.pool.id);
            (here && claim.origin != Origin::Removed).then_some(&entry.number)
        });
        let add = numbers.chain(added.iter().map(|entry| &entry.number)).collect();
        let numbers = Numbers { add, ..Numbers::default() };
        self.settle(&numbers).await?;
        self.learn(&added);
        reply.rejected.sort_by_key(|rejected| rejected.entry);
        Ok(reply)
    }

    /// Takes a number out. Doing it again changes nothing.
    pub async fn remove(&self, number: &PhoneNumber) -> Result<Removal, StoreError> {
        let now = self.clock.now();
        let known = registry::read(self.store, &[number]).await?.pop().flatten();
        let here = known.as_ref().filter(|known| known.claim.is_of(&self.site.id, &self.pool.id));
        let Some(known) = here else { return Ok(Removal::Unknown) };
        let claim = match known.claim.origin {
            Origin::Configured => return Ok(Removal::Configured),
            Origin::Removed => known.claim.clone(),
            Origin::Added => {
                let wanted = known.claim.removed(now);
                let change = Change { number, known: Some(known), wanted: Some(wanted.clone()) };
                let left = registry::change(self.store, &[change]).await?.pop().flatten();
                match left {
                    Some(left) if left.origin == Origin::Removed => left,
                    Some(Claim { origin: Origin::Configured, .. }) => {
                        return Ok(Removal::Configured);
                    }
                    _ => wanted,
                }
            }
        };
        let numbers = Numbers { drain: vec![number], ..Numbers::default() };
        self.settle(&numbers).await?;
        let (store, installation) = (self.store, self.installation);
        let until = registry::free_again(store, installation, number, &claim, now).await?;
        Ok(Removal::Quarantined { since: claim.since, until })
    }

    /// The claims on the entries; a quarantine of another pool that is over ends here.
    async fn claims(&self, wanted: &[&Entry]) -> Result<Vec<Option<Known>>, StoreError> {
        let numbers: Vec<&PhoneNumber> = wanted.iter().map(|entry| &entry.number).collect();
        let mut claims = registry::read(self.store, &numbers).await?;
        for (number, claim) in numbers.into_iter().zip(&mut claims) {
            let Some(known) = claim.as_ref() else { continue };
            let elsewhere = !known.claim.is_of(&self.site.id, &self.pool.id);
            let (store, installation) = (self.store, self.installation);
            if elsewhere
                && known.claim.origin == Origin::Removed
                && free_again_by(store, installation, number, &known.claim, self.clock.now())
                    .await?
                && let_go(store, installation, number, known, self.clock).await? > 0
            {
                *claim = None;
            }
        }
        Ok(claims)
    }

    fn change<'a>(&self, entry: &'a Entry, known: Option<&'a Known>, now: Millis) -> Change<'a> {
        let still = known.filter(|known| known.claim.origin == Origin::Added);
        let wanted = Some(Claim {
            site: self.site.id.clone(),
            pool: self.pool.id.clone(),
            origin: Origin::Added,
            since: still.map_or(now, |known| known.claim.since),
            details: entry.details.clone(),
        });
        Change { number: &entry.number, known, wanted }
    }

    /// Why an entry cannot join: somebody has it, who is named only to who may see them.
    async fn taken(&self, entry: &Entry, owner: &Claim) -> Result<Rejected, StoreError> {
        let number = &entry.number;
        let who = if (self.sees)(&owner.site) {
            format!("it belongs to {}", owner.owner())
        } else {
            "it belongs to another site".to_owned()
        };
        let reason = if owner.origin == Origin::Removed {
            let (store, now) = (self.store, self.clock.now());
            let until = registry::free_again(store, self.installation, number, owner, now).await?;
            let until = until.timestamp();
            format!("{who}, which gave it up; it is in quarantine until {until} or longer")
        } else {
            who
        };
        Ok(reject(entry.entry, number.as_str(), reason))
    }

    async fn settle(&self, numbers: &Numbers<'_>) -> Result<(), StoreError> {
        let owner = (&self.site.id, &self.pool.id);
        pool::change(self.store, self.installation, owner, numbers, self.clock).await.map(|_| ())
    }

    /// This process shows them right at once; others within a minute, at their next sync.
    fn learn(&self, added: &[&Entry]) {
        let mut known = (*self.installation.added()).clone();
        known.extend(
            added.iter().map(|entry| {
                (entry.number.clone(), Shown::new(&entry.number, entry.details.clone()))
            }),
        );
        self.installation.learn_added(known);
    }
}

/// Numbers of the configuration that no pool may lease, and why.
pub(super) fn reserved(installation: &Installation) -> HashMap<&PhoneNumber, &'static str> {
    let mut reserved = HashMap::new();
    for site in &installation.config.sites {
        for entry in &site.static_numbers {
            reserved.insert(&entry.number, "it is a static number: its callers have one source");
        }
        for number in
            std::iter::once(&site.forward_to).chain(site.targets.iter().map(|t| &t.number))
        {
            reserved.insert(number, "it is a number of the business: it would be leased away");
        }
    }
    reserved
}
