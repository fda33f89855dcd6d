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

use crate::lease::pages::SitePages;
use crate::lease::trackers::Trackers;
use crate::platform::ids::SiteId;
use crate::platform::keys::Shards;
use crate::platform::phone::{PhoneNumber, WrittenForms};
use crate::visit::site_rules::SiteRules;
use model::{Config, Site};

/// A configuration with what the hot paths look up in it.
#[derive(Debug)]
pub struct Installation {
    /// The configuration itself.
    pub config: Config,
    /// How sites are spread over Redis hash tags.
    pub shards: Shards,
    by_id: HashMap<SiteId, usize>,
    by_key: HashMap<String, usize>,
    written: HashMap<PhoneNumber, WrittenForms>,
    /// In the order of the sites, and those of an unknown one.
    rules: Vec<SiteRules>,
    no_rules: SiteRules,
    trackers: Vec<Trackers>,
    no_trackers: Trackers,
    pages: Vec<SitePages>,
    no_pages: SitePages,
}

impl Installation {
    /// Indexes `config`; parsing phone numbers is too slow to do it per request.
    pub fn new(config: Config) -> Self {
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
        let written = numbers.map(|number| (number.clone(), number.written())).collect();
        let shards = Shards(config.redis.shards);
        let rules = config.sites.iter().map(SiteRules::compile).collect();
        let no_rules = SiteRules::default();
        let trackers = config.sites.iter().map(Trackers::compile).collect();
        let no_trackers = Trackers::default();
        let pages = config.sites.iter().map(SitePages::compile).collect();
        let no_pages = SitePages::default();
        Installation {
            shards,
            by_id,
            by_key,
            written,
            rules,
            no_rules,
            trackers,
            no_trackers,
            pages,
            no_pages,
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

    /// The written forms of a configured number.
    pub fn known_forms(&self, number: &PhoneNumber) -> Option<&WrittenForms> {
        self.written.get(number)
    }

    /// The written forms of a number: known for configured ones, computed for others (drained
    /// numbers that a page still shows).
    pub fn written(&self, number: &PhoneNumber) -> Cow<'_, WrittenForms> {
        self.known_forms(number).map_or_else(|| Cow::Owned(number.written()), Cow::Borrowed)
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
        self.0.store(Arc::new(Installation::new(config)));
    }
}
