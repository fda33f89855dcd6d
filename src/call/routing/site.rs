//! What a site says of its routing, compiled once when its configuration is read.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::call::routing::hours::{Holiday, Moment, Span};
use crate::config::model::{CallField, Site};
use crate::platform::clock::Millis;
use crate::platform::ids::{HoursId, PoolId, RuleId};
use crate::platform::phone::PhoneNumber;
use crate::visit::matcher::Matcher;

/// The routing of one site.
#[derive(Debug)]
pub struct SiteRouting {
    zone: TimeZone,
    holidays: Vec<Holiday>,
    hours: Vec<(HoursId, Vec<Span>, bool)>,
    /// Place in the configuration, and when it holds; `None`: always.
    rules: Vec<(usize, Option<Matcher<CallField>>)>,
    pools: HashMap<PhoneNumber, PoolId>,
    asks_for_pools: bool,
}

impl Default for SiteRouting {
    fn default() -> Self {
        SiteRouting {
            zone: TimeZone::UTC,
            holidays: Vec::new(),
            hours: Vec::new(),
            rules: Vec::new(),
            pools: HashMap::new(),
            asks_for_pools: false,
        }
    }
}

impl SiteRouting {
    /// Compiles the routing of `site`. What the check of the configuration would refuse is left out.
    pub fn compile(site: &Site) -> Self {
        let routing = &site.routing;
        let rules = routing.rules.iter().enumerate().filter_map(|(place, rule)| {
            let when = match rule.when.is_empty() {
                true => None,
                false => Some(Matcher::compile(&rule.when).ok()?),
            };
            Some((place, when))
        });
        let hours = routing.hours.iter().map(|hours| {
            let spans = hours.open.iter().filter_map(|text| text.parse().ok()).collect();
            (hours.id.clone(), spans, hours.on_holidays)
        });
        let pooled = site
            .pools
            .iter()
            .flat_map(|pool| pool.numbers.iter().map(|number| (number.clone(), pool.id.clone())));
        SiteRouting {
            zone: TimeZone::get(&site.time_zone).unwrap_or(TimeZone::UTC),
            holidays: routing.holidays.iter().filter_map(|text| text.parse().ok()).collect(),
            hours: hours.collect(),
            rules: rules.collect(),
            pools: pooled.collect(),
            asks_for_pools: routing
                .rules
                .iter()
                .any(|rule| rule.when.iter().any(|condition| condition.field == CallField::Pool)),
        }
    }

    /// What the clock on the site's wall shows at `at`.
    pub fn moment(&self, at: Millis) -> Moment {
        Moment::of(self.zone.to_datetime(at.timestamp()))
    }

    /// Whether `date` is a holiday.
    pub fn is_holiday(&self, date: Date) -> bool {
        self.holidays.iter().any(|holiday| holiday.is(date))
    }

    /// The business hours that are open.
    pub fn open<'a>(&'a self, now: &'a Moment) -> impl Iterator<Item = &'a HoursId> {
        self.hours.iter().filter_map(move |(id, spans, on_holidays)| {
            let is_closed = |date| !on_holidays && self.is_holiday(date);
            spans.iter().any(|span| span.is_open(now, is_closed)).then_some(id)
        })
    }

    /// Whether these hours are open.
    pub fn is_open(&self, hours: &HoursId, now: &Moment) -> bool {
        self.open(now).any(|open| open == hours)
    }

    /// The pool of a number of the configuration.
    pub fn pool_of(&self, number: &PhoneNumber) -> Option<&PoolId> {
        self.pools.get(number)
    }

    /// Whether a rule asks for the pool of `number`, and the configuration has none: it may have been added
    /// over the API.
    pub fn must_look_up(&self, number: &PhoneNumber) -> bool {
        self.asks_for_pools && !self.pools.contains_key(number)
    }

    /// The rules with their places in the configuration, in order.
    pub fn rules(&self) -> impl Iterator<Item = (usize, Option<&Matcher<CallField>>)> {
        self.rules.iter().map(|(place, when)| (*place, when.as_ref()))
    }
}

/// The name of a rule of `site`, by its place in the configuration.
pub fn rule_id(site: &Site, place: usize) -> Option<&RuleId> {
    site.routing.rules.get(place).map(|rule| &rule.id)
}
