//! Routing: what rules and routes name exists, every route can be done by the providers whose calls come
//! to it, and no call goes in circles.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::visits::few;
use super::{at_most, positive, unique};
use crate::call::answer::Feature;
use crate::call::providers;
use crate::call::routing::features::{needed, of_prompt};
use crate::call::routing::hours::{Holiday, Span};
use crate::call::routing::whisper;
use crate::config::complaint::{Complaints, did_you_mean};
use crate::config::model::{
    Config, DialRoute, MenuRoute, RingOrder, RouteKind, RouteRule, Routing, Site,
};
use crate::platform::ids::RouteId;
use crate::visit::matcher::Matcher;

/// Most destinations of one dial: Twilio takes ten, others fewer.
const MOST_DESTINATIONS: usize = 10;
/// Longest text that is spoken, in bytes.
const LONGEST_PROMPT: usize = 1_000;
/// Longest whisper with its variables' names, in bytes.
const LONGEST_WHISPER: usize = 200;
/// The keys of a menu.
const KEYS: &str = "0123456789*";

pub(super) fn check(config: &Config, out: &mut Complaints) {
    for (i, site) in config.sites.iter().enumerate() {
        let path = format!("sites[{i}].routing");
        let routing = &site.routing;
        for (name, count) in [
            ("routes", routing.routes.len()),
            ("rules", routing.rules.len()),
            ("hours", routing.hours.len()),
            ("holidays", routing.holidays.len()),
            ("notices", routing.notices.len()),
        ] {
            few(&format!("{path}.{name}"), count, out);
        }
        times(&path, routing, out);
        for (j, notice) in routing.notices.iter().enumerate() {
            prompt(&format!("{path}.notices[{j}].prompt"), &notice.prompt, out);
        }
        routes(&path, routing, out);
        rules(&path, site, out);
        circles(&path, routing, out);
        abilities(&path, site, out);
    }
}

fn times(path: &str, routing: &Routing, out: &mut Complaints) {
    let ids = routing.hours.iter().enumerate();
    let ids = ids.map(|(j, hours)| (format!("{path}.hours[{j}].id"), hours.id.as_str()));
    unique("hours id", ids, out);
    for (j, hours) in routing.hours.iter().enumerate() {
        let path = format!("{path}.hours[{j}].open");
        if hours.open.is_empty() {
            out.warning(&path, "they are never open");
        }
        for (k, text) in hours.open.iter().enumerate() {
            if let Err(why) = text.parse::<Span>() {
                out.error(format!("{path}[{k}]"), why.to_string());
            }
        }
    }
    for (j, text) in routing.holidays.iter().enumerate() {
        if let Err(why) = text.parse::<Holiday>() {
            out.error(format!("{path}.holidays[{j}]"), why.to_string());
        }
    }
}

fn routes(path: &str, routing: &Routing, out: &mut Complaints) {
    let ids = routing.routes.iter().enumerate();
    let ids = ids.map(|(j, route)| (format!("{path}.routes[{j}].id"), route.id.as_str()));
    unique("route id", ids, out);
    for (j, route) in routing.routes.iter().enumerate() {
        let path = format!("{path}.routes[{j}]");
        for (key, id) in route.kind.leads_to() {
            exists(&format!("{path}.{key}"), routing, id, out);
        }
        match &route.kind {
            RouteKind::Dial(of) => dial(&path, routing, of, out),
            RouteKind::Menu(of) => menu(&path, of, out),
            RouteKind::Voicemail(of) => {
                prompt(&format!("{path}.prompt"), &of.prompt, out);
                positive(&format!("{path}.longest"), of.longest, out);
                let hour = SignedDuration::from_hours(1);
                at_most(&format!("{path}.longest"), of.longest, hour, out);
            }
            RouteKind::Area(of) => {
                few(&format!("{path}.places"), of.places.len(), out);
                for (k, place) in of.places.iter().enumerate() {
                    label(&format!("{path}.places[{k}].place"), &place.place, out);
                }
            }
            RouteKind::Reject(_) => {}
        }
    }
}

fn exists(path: &str, routing: &Routing, id: &RouteId, out: &mut Complaints) {
    if routing.route(id).is_none() {
        let known = routing.routes.iter().map(|route| route.id.as_str());
        let meant = did_you_mean(id.as_str(), known);
        out.error(path, format!("there is no route `{id}`{meant}"));
    }
}

fn dial(path: &str, routing: &Routing, dial: &DialRoute, out: &mut Complaints) {
    if !(1..=MOST_DESTINATIONS).contains(&dial.to.len()) {
        out.error(format!("{path}.to"), format!("expected 1 to {MOST_DESTINATIONS} destinations"));
    }
    let addresses = dial.to.iter().enumerate();
    let addresses =
        addresses.map(|(k, to)| (format!("{path}.to[{k}].address"), to.address.as_str()));
    unique("address", addresses, out);
    for (k, to) in dial.to.iter().enumerate() {
        for (name, most) in [("per_day", to.per_day), ("at_a_time", to.at_a_time)] {
            if most.is_some_and(|most| !(1..=100_000).contains(&most)) {
                out.error(format!("{path}.to[{k}].{name}"), "expected 1 to 100000 calls");
            }
        }
        if to.weight > 1_000_000 {
            out.error(format!("{path}.to[{k}].weight"), "expected at most 1000000");
        }
    }
    if dial.tries == Some(0) {
        out.error(format!("{path}.tries"), "with no try nobody is dialled");
    }
    if let Some(ring) = dial.ring {
        positive(&format!("{path}.ring"), ring, out);
        at_most(&format!("{path}.ring"), ring, SignedDuration::from_secs(600), out);
    }
    if let Some(hours) = &dial.hours {
        if !routing.hours.iter().any(|known| &known.id == hours) {
            let known = routing.hours.iter().map(|hours| hours.id.as_str());
            let meant = did_you_mean(hours.as_str(), known);
            out.error(format!("{path}.hours"), format!("there are no hours `{hours}`{meant}"));
        }
        if dial.closed.is_none() {
            let message = "it is missing: which route is taken outside these hours?";
            out.error(format!("{path}.closed"), message);
        }
    } else if dial.closed.is_some() {
        out.error(format!("{path}.closed"), "without `hours` it is never closed");
    }
    if !dial.greeting.is_empty() {
        prompt(&format!("{path}.greeting"), &dial.greeting, out);
    }
    let path = format!("{path}.whisper");
    if dial.whisper.len() > LONGEST_WHISPER {
        out.error(&path, format!("expected at most {LONGEST_WHISPER} bytes"));
    }
    for name in whisper::unknown(&dial.whisper) {
        let short: String = name.chars().take(40).collect();
        let meant = did_you_mean(&short, whisper::VARIABLES);
        let known = whisper::VARIABLES.join("}, {");
        out.error(&path, format!("there is no variable {{{short}}}{meant}; there are {{{known}}}"));
    }
}

fn menu(path: &str, menu: &MenuRoute, out: &mut Complaints) {
    prompt(&format!("{path}.prompt"), &menu.prompt, out);
    if menu.choices.is_empty() {
        out.error(format!("{path}.choices"), "a menu has at least one key");
    }
    let keys = menu.choices.iter().enumerate();
    let keys = keys.map(|(k, choice)| (format!("{path}.choices[{k}].key"), choice.key.as_str()));
    unique("key", keys, out);
    for (k, choice) in menu.choices.iter().enumerate() {
        if choice.key.len() != 1 || !KEYS.contains(&choice.key) {
            out.error(format!("{path}.choices[{k}].key"), "expected one of 0 to 9 and *");
        }
    }
    if !(1..=5).contains(&menu.tries) {
        out.error(format!("{path}.tries"), "expected 1 to 5");
    }
    positive(&format!("{path}.timeout"), menu.timeout, out);
    at_most(&format!("{path}.timeout"), menu.timeout, SignedDuration::from_mins(1), out);
}

pub(super) fn prompt(path: &str, text: &str, out: &mut Complaints) {
    let is_text = !text.trim().is_empty() && !text.contains(char::is_control);
    if !is_text || text.len() > LONGEST_PROMPT {
        out.error(
            path,
            format!("expected a text of 1 to {LONGEST_PROMPT} bytes, or the https:// URL of a sound file"),
        );
    } else if text.contains("://") && url::Url::parse(text).is_err() {
        out.error(path, "expected a text, or the https:// URL of a sound file");
    }
}

/// A label of a place: `+1415`, `US`, `US-CA`, `GB/london`.
fn label(path: &str, text: &str, out: &mut Complaints) {
    let area = |code: &str| code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit());
    let country = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    let fits = text.strip_prefix('+').is_some_and(area)
        || country(text)
        || text.split_once(['-', '/']).is_some_and(|(of, rest)| country(of) && !rest.is_empty());
    if !fits {
        out.error(path, "expected a place such as \"US\", \"US-CA\", \"+1415\" or \"GB/london\"");
    }
}

fn rules(path: &str, site: &Site, out: &mut Complaints) {
    let routing = &site.routing;
    let ids = routing.rules.iter().enumerate();
    let ids = ids.map(|(j, rule)| (format!("{path}.rules[{j}].id"), rule.id.as_str()));
    unique("rule id", ids, out);
    for (j, rule) in routing.rules.iter().enumerate() {
        let path = format!("{path}.rules[{j}]");
        exists(&format!("{path}.route"), routing, &rule.route, out);
        for (k, name) in rule.providers.iter().enumerate() {
            if providers::by_name(name).is_none() {
                let meant = did_you_mean(name, providers::names());
                let message = format!("there is no provider {name:?}{meant}");
                out.error(format!("{path}.providers[{k}]"), message);
            }
        }
        if !rule.when.is_empty() {
            for flaw in Matcher::compile(&rule.when).err().unwrap_or_default() {
                out.error(format!("{path}.when{}", flaw.path), flaw.why);
            }
        }
        if routing.rules[..j].iter().any(always) {
            out.warning(&path, "a rule before it holds always: it is never asked");
        }
    }
}

fn always(rule: &RouteRule) -> bool {
    rule.when.is_empty() && rule.providers.is_empty()
}

/// Routes that lead back to themselves without a key of the caller.
fn circles(path: &str, routing: &Routing, out: &mut Complaints) {
    let by_itself = |id: &RouteId| -> Vec<RouteId> {
        let Some(entry) = routing.route(id) else { return Vec::new() };
        let leads = entry.kind.leads_to().into_iter();
        let alone = leads.filter(|(key, _)| !key.starts_with("choices"));
        alone.map(|(_, id)| id.clone()).collect()
    };
    for (j, route) in routing.routes.iter().enumerate() {
        let mut seen: BTreeSet<RouteId> = BTreeSet::new();
        let mut open = by_itself(&route.id);
        while let Some(id) = open.pop() {
            if id == route.id {
                let message =
                    "it leads back to itself: a caller whom nobody takes would never be done";
                out.error(format!("{path}.routes[{j}]"), message);
                break;
            }
            if seen.insert(id.clone()) {
                open.extend(by_itself(&id));
            }
        }
    }
}

/// What the providers of the site cannot do of the routes that their calls come to.
fn abilities(path: &str, site: &Site, out: &mut Complaints) {
    let routing = &site.routing;
    let used = site.telephony.names();
    let mut comes_to: BTreeMap<&RouteId, BTreeSet<&str>> = BTreeMap::new();
    let entries = routing.rules.iter().map(|rule| (&rule.route, rule.providers.as_slice()));
    for (route, only) in entries.chain(site.spam.route.iter().map(|route| (route, &[][..]))) {
        let may = |name: &&&str| only.is_empty() || only.iter().any(|of| of == **name);
        let names: BTreeSet<&str> = used.iter().filter(may).copied().collect();
        let (mut open, mut seen) = (vec![route], BTreeSet::new());
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                comes_to.entry(id).or_default().extend(&names);
                let leads = routing.route(id).map(|entry| entry.kind.leads_to());
                open.extend(leads.into_iter().flatten().map(|(_, id)| id));
            }
        }
    }
    for (j, route) in routing.routes.iter().enumerate() {
        let path = format!("{path}.routes[{j}]");
        let Some(names) = comes_to.get(&route.id) else {
            out.warning(&path, format!("nothing leads to the route `{}`", route.id));
            continue;
        };
        for name in names {
            lacks(&path, (site, name), &needed(routing, &route.kind), out);
            if let RouteKind::Dial(dial) = &route.kind {
                exceeds(&path, (site, name), dial, out);
            }
        }
    }
    if !site.spam.challenge.is_empty() {
        let path = path.replace(".routing", ".spam.challenge");
        let asks = [Feature::Gather, of_prompt(&site.spam.challenge)];
        used.iter().for_each(|name| lacks(&path, (site, name), &asks, out));
    }
}

fn lacks(path: &str, (site, name): (&Site, &str), needed: &[Feature], out: &mut Complaints) {
    for provider in providers::ways(name, &site.telephony) {
        let words = needed.iter().filter(|feature| !provider.can(**feature)).map(|f| f.word());
        let words: Vec<&str> = words.collect();
        if !words.is_empty() {
            let by = if provider.control().is_some() { " by commands (`voice_api`)" } else { "" };
            let message = format!(
                "calls of {name} come here, and {name} cannot {}{by}; name other `providers` in the rule",
                words.join(", nor ")
            );
            out.error(path, message);
        }
    }
}

/// Where a dial goes further than a provider does.
fn exceeds(path: &str, (site, name): (&Site, &str), dial: &DialRoute, out: &mut Complaints) {
    let at_once = if dial.order == RingOrder::AtOnce { dial.to.len() } else { 1 };
    let ring_s = dial.ring.map_or(0, |ring| ring.as_secs());
    for limits in providers::ways(name, &site.telephony).iter().map(|way| way.limits()) {
        if at_once > limits.at_once {
            let most = limits.at_once;
            let message =
                format!("calls of {name} come here, and {name} rings at most {most} at once");
            out.error(format!("{path}.to"), message);
        }
        if ring_s > i64::from(*limits.ring_s.end()) {
            let most = limits.ring_s.end();
            let message =
                format!("calls of {name} come here, and {name} rings for at most {most} seconds");
            out.error(format!("{path}.ring"), message);
        }
    }
}

#[cfg(test)]
mod tests;
