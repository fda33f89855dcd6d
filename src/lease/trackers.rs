//! Which numbers serve each target of a session: the site's tracker rules.
//!
//! Decided once, when a session opens. The signed token carries the decision as one mark for each
//! target that a rule serves, so that beats and later views of the session need not ask again.
//! Without a mark, or with one that a reload made meaningless, the target's own pool serves it.

use sha2::{Digest, Sha256};

use crate::config::model::{Pool, Site, Target, Tracker, VisitField};
use crate::lease::wire::Shown;
use crate::platform::ids::{PoolId, TargetId};
use crate::platform::phone::PhoneNumber;
use crate::visit::bot;
use crate::visit::matcher::{Facts, Matcher};
use crate::visit::model::Visit;
use crate::visit::parameters::{address, read};
use crate::visit::rules::MAX_URL;
use crate::visit::site_rules::{SiteRules, VisitFacts};
use crate::visit::token::Marks;

/// Most targets of a site that trackers may serve: their marks travel with every message.
pub const TARGETS_MAX: usize = Marks::MOST;

/// The tracker rules of one site, compiled once when its configuration is read.
#[derive(Debug, Default)]
pub struct Trackers(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// Its place in the configuration.
    place: usize,
    mark: u32,
    /// `None`: always.
    when: Option<Matcher>,
}

impl Trackers {
    /// Compiles the rules of `site`. What the check of the configuration would refuse is left out.
    pub fn compile(site: &Site) -> Self {
        let rules = site.trackers.iter().enumerate().filter_map(|(place, tracker)| {
            let when = match tracker.when.is_empty() {
                true => None,
                false => Some(Matcher::compile(&tracker.when).ok()?),
            };
            Some(Rule { place, mark: mark(tracker), when })
        });
        Trackers(rules.collect())
    }

    /// Decides for a visit that begins at the address `url`: the first rule of each target that holds.
    pub fn choose(&self, site: &Site, rules: &SiteRules, visit: &Visit, url: &str) -> Marks {
        let mut marks = Marks::default();
        if self.0.is_empty() {
            return marks;
        }
        let facts = Opening { visit, url: bot::cut(url, MAX_URL), rules };
        for target in &site.targets {
            let mut own =
                self.0.iter().filter(|rule| site.trackers[rule.place].target == target.id);
            let first = own.find(|rule| rule.when.as_ref().is_none_or(|when| when.holds(&facts)));
            first.into_iter().for_each(|rule| marks.set(rule.mark));
        }
        marks
    }

    /// What serves every target of `site`, in the order of the configuration, in a session with
    /// `marks`.
    pub fn plan<'a>(&self, site: &'a Site, marks: Marks) -> Plan<'a> {
        let serves = |target: &'a Target| {
            let chosen = self.0.iter().map(|rule| (rule, &site.trackers[rule.place]));
            let mut chosen =
                chosen.filter(|(rule, of)| of.target == target.id && marks.has(rule.mark));
            let chosen = chosen.next().and_then(|(_, tracker)| match &tracker.number {
                Some(number) => Some(Serves::Number(number)),
                None => site.pool(tracker.pool.as_ref()?).map(Serves::Pool),
            });
            chosen.or_else(|| site.pool(&target.pool).map(Serves::Pool)).unwrap_or(Serves::Nothing)
        };
        Plan(site.targets.iter().map(|target| (target, serves(target))).collect())
    }
}

/// What a token remembers of `tracker`: four bytes of a hash of what it serves by what, never 0.
/// Stable over reloads and restarts; the check of the configuration refuses two of a kind.
pub fn mark(tracker: &Tracker) -> u32 {
    let served = match (&tracker.number, &tracker.pool) {
        (Some(number), _) => number.as_str(),
        (None, pool) => pool.as_ref().map_or("", PoolId::as_str),
    };
    let hash = Sha256::digest(format!("{}\n{served}", tracker.target));
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]).max(1)
}

/// What serves one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Serves<'a> {
    /// A number leased from this pool.
    Pool(&'a Pool),
    /// This static number.
    Number(&'a PhoneNumber),
    /// Nothing: its number stays.
    Nothing,
}

/// What serves every target of a site in one session.
#[derive(Debug)]
pub struct Plan<'a>(Vec<(&'a Target, Serves<'a>)>);

impl<'a> Plan<'a> {
    /// Every target in the order of the configuration.
    pub fn targets(&self) -> impl Iterator<Item = (&'a Target, Serves<'a>)> + '_ {
        self.0.iter().copied()
    }

    /// The pools that are asked for numbers, each once.
    pub fn pools(&self) -> Vec<&'a Pool> {
        let mut pools: Vec<&Pool> = Vec::with_capacity(self.0.len());
        for (_, serves) in &self.0 {
            if let Serves::Pool(pool) = serves
                && !pools.iter().any(|known| known.id == pool.id)
            {
                pools.push(pool);
            }
        }
        pools
    }

    /// The pool that serves `target`.
    pub fn pool_of(&self, target: &TargetId) -> Option<&'a Pool> {
        self.0.iter().find_map(|(of, serves)| match serves {
            Serves::Pool(pool) if &of.id == target => Some(*pool),
            _ => None,
        })
    }

    /// Whether a static number serves some target.
    pub fn has_static_numbers(&self) -> bool {
        self.0.iter().any(|(_, serves)| matches!(serves, Serves::Number(_)))
    }

    /// The number that a page shows for a target that `pool` serves.
    pub fn shown<'s>(&self, shown: &'s Shown, pool: &Pool) -> Option<&'s PhoneNumber> {
        if shown.is_empty() {
            return None;
        }
        let of_pool =
            |serves: &Serves<'_>| matches!(serves, Serves::Pool(known) if known.id == pool.id);
        let mut targets = self.0.iter().filter(|(_, serves)| of_pool(serves));
        targets.find_map(|(target, _)| shown.get(&target.id))
    }
}

/// A visit as it opens, with the address it opens at.
struct Opening<'a> {
    visit: &'a Visit,
    url: &'a str,
    rules: &'a SiteRules,
}

impl Facts for Opening<'_> {
    fn any(&self, field: VisitField, name: &str, fits: &mut dyn FnMut(&str) -> bool) -> bool {
        let Visit { source, place, .. } = self.visit;
        match field {
            VisitField::Parameter => {
                let called = |other: &str| other.eq_ignore_ascii_case(name);
                let url = address(self.url);
                let all = url.as_ref().map(|url| read(url, self.rules.reads_fragments(), called));
                let mut texts = all.iter().flatten().filter(|one| called(&one.name)).peekable();
                if texts.peek().is_none() { fits("") } else { texts.any(|one| fits(&one.text())) }
            }
            VisitField::Url => fits(self.url),
            VisitField::Country => fits(&place.country),
            VisitField::Region => fits(&place.region),
            VisitField::City => fits(&place.city),
            _ => {
                let facts = VisitFacts {
                    source,
                    channel: &source.channel,
                    click_ids: &self.visit.click_ids,
                    referrer_host: &self.visit.referrer_host,
                    landing_host: &self.visit.landing_host,
                    landing_page: &self.visit.landing_page,
                };
                facts.any(field, name, fits)
            }
        }
    }
}

#[cfg(test)]
mod tests;
