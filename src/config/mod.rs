//! Configuration: what an installation is made of.
//!
//! In: the compiled-in defaults, a file, the environment, secret files. Out: a [`model::Config`]
//! that is complete and consistent, or every complaint at once. [`Live`] is the handle that the
//! running program asks; a reload swaps what is behind it.
//!
//! The way of a value: `layers` (defaults, files, environment) → `inspect` (against `schema`:
//! unknown keys, wrong kinds; `secrets` from files) → `model` → `check` (what contradicts itself)
//! → [`Live`]. `reach` asks the world outside; `reload` does it all again while running.

pub mod check;
pub mod complaint;
pub mod inspect;
pub mod keys;
pub mod layers;
pub mod load;
pub mod model;
pub mod reach;
pub mod reload;
pub mod schema;
pub mod secrets;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::call::routing::site::SiteRouting;
use crate::lease::pages::SitePages;
use crate::lease::trackers::Trackers;
use crate::platform::ids::SiteId;
use crate::platform::keys::Shards;
use crate::platform::phone::{PhoneNumber, WrittenForms};
use crate::visit::site_rules::SiteRules;
use model::{ApiKey, Config, Details, Site};

/// How a number is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its written forms.
    pub written: WrittenForms,
    /// What is special about it.
    pub details: Details,
}

impl Known {
    /// Parses the number: too slow for every request.
    pub fn new(number: &PhoneNumber, details: Details) -> Self {
        Known { written: number.written(), details }
    }
}

/// Numbers that came into pools over the API, as far as this process has heard of them.
pub type AddedNumbers = HashMap<PhoneNumber, Known>;

/// A configuration with what the hot paths look up in it.
#[derive(Debug)]
pub struct Installation {
    /// The configuration itself.
    pub config: Config,
    /// How sites are spread over Redis hash tags.
    pub shards: Shards,
    by_id: HashMap<SiteId, usize>,
    by_key: HashMap<String, usize>,
    known: HashMap<PhoneNumber, Known>,
    added: Arc<ArcSwap<AddedNumbers>>,
    kept_keys: Arc<ArcSwap<Vec<ApiKey>>>,
    /// In the order of the sites, and those of an unknown one.
    rules: Vec<SiteRules>,
    no_rules: SiteRules,
    trackers: Vec<Trackers>,
    no_trackers: Trackers,
    pages: Vec<SitePages>,
    no_pages: SitePages,
    routing: Vec<SiteRouting>,
    no_routing: SiteRouting,
}

impl Installation {
    /// Indexes `config`; parsing phone numbers is too slow to do it per request.
    pub fn new(config: Config) -> Self {
        Self::with_learnt(config, Arc::default(), Arc::default())
    }

    fn with_learnt(
        config: Config,
        added: Arc<ArcSwap<AddedNumbers>>,
        kept_keys: Arc<ArcSwap<Vec<ApiKey>>>,
    ) -> Self {
        let by = |key: fn(&Site) -> String| -> HashMap<String, usize> {
            config.sites.iter().enumerate().map(|(i, site)| (key(site), i)).collect()
        };
        let by_key = by(|site| site.key.clone());
        let by_id = config.sites.iter().enumerate().map(|(i, s)| (s.id.clone(), i)).collect();
        let numbers = config.sites.iter().flat_map(|site| {
            let targets = site.targets.iter().map(|target| &target.number);
            let pooled = site.pools.iter().flat_map(|pool| &pool.numbers);
            let fixed = site.static_numbers.iter().map(|entry| &entry.number);
            targets.chain(pooled).chain(fixed)
        });
        let mut known: HashMap<_, _> = numbers
            .map(|number| (number.clone(), Known::new(number, Details::default())))
            .collect();
        for entry in config.sites.iter().flat_map(|site| &site.numbers) {
            if let Some(known) = known.get_mut(&entry.number) {
                let (vanity, capabilities) = (entry.vanity.clone(), entry.capabilities.clone());
                known.details = Details { vanity, capabilities };
            }
        }
        let shards = Shards(config.redis.shards);
        let rules = config.sites.iter().map(SiteRules::compile).collect();
        let no_rules = SiteRules::default();
        let trackers = config.sites.iter().map(Trackers::compile).collect();
        let no_trackers = Trackers::default();
        let pages = config.sites.iter().map(SitePages::compile).collect();
        let no_pages = SitePages::default();
        let routing = config.sites.iter().map(SiteRouting::compile).collect();
        let no_routing = SiteRouting::default();
        Installation {
            shards,
            by_id,
            by_key,
            known,
            added,
            kept_keys,
            rules,
            no_rules,
            trackers,
            no_trackers,
            pages,
            no_pages,
            routing,
            no_routing,
            config,
        }
    }

    /// The site with this id.
    pub fn site(&self, id: &SiteId) -> Option<&Site> {
        self.by_id.get(id).map(|&index| &self.config.sites[index])
    }

    /// The site with this public key.
    pub fn site_by_key(&self, key: &str) -> Option<&Site> {
        self.by_key.get(key).map(|&index| &self.config.sites[index])
    }

    /// How page views of a site are read; of an unknown one by the defaults.
    pub fn rules(&self, id: &SiteId) -> &SiteRules {
        self.by_id.get(id).map_or(&self.no_rules, |&index| &self.rules[index])
    }

    /// What decides which numbers serve the targets of a site; of an unknown one nothing does.
    pub fn trackers(&self, id: &SiteId) -> &Trackers {
        self.by_id.get(id).map_or(&self.no_trackers, |&index| &self.trackers[index])
    }

    /// What the pages of a site are told besides numbers; of an unknown one nothing.
    pub fn pages(&self, id: &SiteId) -> &SitePages {
        self.by_id.get(id).map_or(&self.no_pages, |&index| &self.pages[index])
    }

    /// What decides where the calls of a site go; of an unknown one nothing does.
    pub fn routing(&self, id: &SiteId) -> &SiteRouting {
        self.by_id.get(id).map_or(&self.no_routing, |&index| &self.routing[index])
    }

    /// How a number is shown: known for those of the configuration and those that were added,
    /// computed for others (drained numbers that a page still shows).
    pub fn known(&self, number: &PhoneNumber) -> Cow<'_, Known> {
        if let Some(known) = self.known.get(number) {
            return Cow::Borrowed(known);
        }
        let added = self.added.load().get(number).cloned();
        Cow::Owned(added.unwrap_or_else(|| Known::new(number, Details::default())))
    }

    /// Puts what is known of added numbers in place of what was.
    pub fn learn_added(&self, added: AddedNumbers) {
        self.added.store(Arc::new(added));
    }

    /// Puts the keys of the key file in place of those that it had before.
    pub fn learn_keys(&self, keys: Vec<ApiKey>) {
        self.kept_keys.store(Arc::new(keys));
    }

    /// The keys of the key file.
    pub fn kept_keys(&self) -> Arc<Vec<ApiKey>> {
        self.kept_keys.load_full()
    }

    /// What is known of added numbers.
    pub fn added(&self) -> Arc<AddedNumbers> {
        self.added.load_full()
    }
}

/// The configuration in force; cheap to clone and to read.
#[derive(Clone, Debug)]
pub struct Live(Arc<ArcSwap<Installation>>);

impl Live {
    /// Puts `config` in force.
    pub fn new(config: Config) -> Self {
        Live(Arc::new(ArcSwap::from_pointee(Installation::new(config))))
    }

    /// What is in force now. Keep it for one request, not longer.
    pub fn now(&self) -> Guard<Arc<Installation>> {
        self.0.load()
    }

    /// What is in force now, to keep across waits.
    pub fn now_full(&self) -> Arc<Installation> {
        self.0.load_full()
    }

    /// Puts another configuration in force for everybody.
    pub fn replace(&self, config: Config) {
        let (added, keys) = (self.now().added.clone(), self.now().kept_keys.clone());
        self.0.store(Arc::new(Installation::with_learnt(config, added, keys)));
    }
}
