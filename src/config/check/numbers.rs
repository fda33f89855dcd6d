//! Phone numbers: each tracking number has one owner, and none is a number of the business; letters
//! spell the number that they stand for.

use std::collections::{HashMap, HashSet};

use crate::call::answer::Target;
use crate::config::complaint::Complaints;
use crate::config::model::{Config, Site};
use crate::platform::phone::PhoneNumber;

pub(super) fn check(config: &Config, out: &mut Complaints) {
    let sites = || config.sites.iter().enumerate();
    let business: HashMap<&PhoneNumber, String> = sites()
        .flat_map(|(i, site)| business_numbers(i, site))
        .map(|(path, number)| (number, path))
        .collect();
    let mut owner: HashMap<&PhoneNumber, String> = HashMap::new();
    for (path, number) in sites().flat_map(|(i, site)| tracking_numbers(i, site)) {
        if let Some(real) = business.get(number) {
            let message =
                format!("{number} is a number of the business ({real}); it would be leased away");
            out.error(&path, message);
        }
        if let Some(earlier) = owner.get(number) {
            out.error(&path, format!("{number} belongs to {earlier} already"));
        } else {
            warn_if_odd(&path, number, out);
            owner.insert(number, path);
        }
    }
    for (path, number) in sites().flat_map(|(i, site)| business_numbers(i, site)) {
        warn_if_odd(&path, number, out);
    }
    for (i, site) in sites() {
        entries(i, site, out);
    }
}

fn entries(i: usize, site: &Site, out: &mut Complaints) {
    let mut seen = HashSet::new();
    for (j, entry) in site.numbers.iter().enumerate() {
        let path = format!("sites[{i}].numbers[{j}]");
        let number = &entry.number;
        if !seen.insert(number) {
            out.error(&path, format!("{number} is described twice"));
        }
        if !site.tracking_numbers().any(|own| own == number) {
            out.error(&path, format!("{number} is in no pool and no static number of this site"));
        }
        if let Some(vanity) = entry.vanity.as_ref().filter(|vanity| !vanity.spells(number)) {
            let message = format!("{vanity} is {} on a keypad, not {number}", vanity.digits());
            out.error(format!("{path}.vanity"), message);
        }
    }
}

fn warn_if_odd(path: &str, number: &PhoneNumber, out: &mut Complaints) {
    if !number.is_plausible() && !is_fictional(number) {
        out.warning(path, format!("no numbering plan has {number}"));
    }
}

/// Whether it is of the range 555-0100 to 555-0199, which North America keeps for examples.
fn is_fictional(number: &PhoneNumber) -> bool {
    number.as_str().len() == 12
        && number.as_str().starts_with("+1")
        && number.as_str()[5..].starts_with("55501")
}

fn business_numbers(i: usize, site: &Site) -> Vec<(String, &PhoneNumber)> {
    let targets = site.targets.iter().enumerate();
    let targets = targets.map(|(j, t)| (format!("sites[{i}].targets[{j}].number"), &t.number));
    let entries = site.numbers.iter().enumerate().filter_map(|(j, entry)| {
        Some((format!("sites[{i}].numbers[{j}].forward_to"), entry.forward_to.as_ref()?))
    });
    let routes = site.routing.routes.iter().enumerate().flat_map(|(j, route)| {
        route.kind.destinations().iter().enumerate().filter_map(move |(k, to)| match &to.address {
            Target::Phone(number) => {
                Some((format!("sites[{i}].routing.routes[{j}].to[{k}].address"), number))
            }
            Target::Sip(_) => None,
        })
    });
    let site_wide = std::iter::once((format!("sites[{i}].forward_to"), &site.forward_to));
    site_wide.chain(targets).chain(entries).chain(routes).collect()
}

fn tracking_numbers(i: usize, site: &Site) -> Vec<(String, &PhoneNumber)> {
    let pooled = site.pools.iter().enumerate().flat_map(|(j, pool)| {
        let numbers = pool.numbers.iter().enumerate();
        numbers.map(move |(k, n)| (format!("sites[{i}].pools[{j}].numbers[{k}]"), n))
    });
    let fixed = site.static_numbers.iter().enumerate();
    let fixed = fixed.map(|(j, s)| (format!("sites[{i}].static_numbers[{j}].number"), &s.number));
    pooled.chain(fixed).collect()
}
