//! Sites: ids, keys, origins, places and times, pools, providers.

use jiff::SignedDuration;
use phonenumber::country::Id as CountryId;
use url::Url;

use super::{BEAT, at_most, positive, telephony, unique};
use crate::config::complaint::{Complaints, did_you_mean};
use crate::config::model::{Config, Overflow, Pool, Site};

/// Longest time that holders of a number and visits are remembered.
const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(400 * 24);

pub(super) fn check(config: &Config, out: &mut Complaints) {
    if config.sites.is_empty() {
        out.warning("sites", "there is no site: no page gets a number, no call is taken");
    }
    let each = || config.sites.iter().enumerate();
    unique("site id", each().map(|(i, s)| (format!("sites[{i}].id"), s.id.as_str())), out);
    unique("site key", each().map(|(i, s)| (format!("sites[{i}].key"), s.key.as_str())), out);
    for (i, site) in each() {
        let path = format!("sites[{i}]");
        public_key(&path, site, out);
        origins(&path, site, out);
        place(&path, site, out);
        windows(&path, site, out);
        pools(&path, site, out);
        targets(&path, site, out);
        ad_headers(&path, site, out);
        telephony::check(&path, &site.telephony, out);
    }
}

fn ad_headers(path: &str, site: &Site, out: &mut Complaints) {
    let path = format!("{path}.ad_headers");
    let is_name = |name: &str| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    for (key, names) in site.ad_headers.lists() {
        for (i, _) in names.iter().enumerate().filter(|(_, name)| !is_name(name)) {
            out.error(format!("{path}.{key}[{i}]"), "expected the name of a header");
        }
    }
    for (key, text) in [("source", &site.ad_headers.source), ("medium", &site.ad_headers.medium)] {
        if text.is_empty() {
            out.error(format!("{path}.{key}"), "it must not be empty");
        }
    }
    if !is_name(&site.ad_headers.click_param) {
        out.error(format!("{path}.click_param"), "expected a name such as \"gclid\"");
    }
}

fn public_key(path: &str, site: &Site, out: &mut Complaints) {
    let path = format!("{path}.key");
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !(1..=64).contains(&site.key.len()) || !site.key.bytes().all(fits) {
        out.error(path, "expected 1 to 64 letters, digits, '-' or '_'");
    } else if site.key.starts_with("rt_") {
        out.error(path, "this looks like a key of the API; the whole world sees this one");
    }
}

fn origins(path: &str, site: &Site, out: &mut Complaints) {
    if site.origins.is_empty() {
        out.warning(format!("{path}.origins"), "no page may use this site's key");
    }
    for (i, origin) in site.origins.iter().enumerate() {
        if let Err(why) = origin_fits(origin) {
            out.error(format!("{path}.origins[{i}]"), why);
        }
    }
}

/// Whether `origin` is as browsers send it, or that with `*.` before its domain.
fn origin_fits(origin: &str) -> Result<(), String> {
    let expected =
        || "expected \"https://www.example.com\" or \"https://*.example.com\"".to_owned();
    let plain = origin.replacen("://*.", "://", 1);
    let url = Url::parse(&plain).map_err(|_| expected())?;
    let host = url.host_str().filter(|host| !host.contains('*'));
    let Some(host) = host.filter(|_| matches!(url.scheme(), "http" | "https")) else {
        return Err(expected());
    };
    if plain != origin && (!host.contains('.') || matches!(url.host(), Some(url::Host::Ipv4(_)))) {
        return Err("`*.` needs a domain of at least two words after it".to_owned());
    }
    let as_sent = url.origin().ascii_serialization();
    if as_sent != plain {
        let written = if plain == origin { as_sent } else { as_sent.replacen("://", "://*.", 1) };
        return Err(format!("browsers send an origin in another form; write `{written}`"));
    }
    Ok(())
}

fn place(path: &str, site: &Site, out: &mut Complaints) {
    if jiff::tz::TimeZone::get(&site.time_zone).is_err() {
        let known = jiff::tz::db().available().map(|name| name.to_string()).collect::<Vec<_>>();
        let meant = did_you_mean(&site.time_zone, known.iter().map(String::as_str));
        let message = format!("there is no time zone {:?}{meant}", site.time_zone);
        out.error(format!("{path}.time_zone"), message);
    }
    let upper = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase());
    if site.currency.len() != 3 || !upper(&site.currency) {
        out.error(format!("{path}.currency"), "expected three capitals such as \"USD\"");
    }
    let known_country = site.country.parse::<CountryId>().is_ok();
    if site.country.len() != 2 || !upper(&site.country) || !known_country {
        out.error(
            format!("{path}.country"),
            "expected the two capitals of a country such as \"US\"",
        );
    }
}

fn windows(path: &str, site: &Site, out: &mut Complaints) {
    for (name, duration) in [
        ("session_timeout", site.session_timeout),
        ("attribution_window", site.attribution_window),
        ("look_back", site.look_back),
        ("caller_look_back", site.caller_look_back),
        ("ring_timeout", site.ring_timeout),
    ] {
        positive(&format!("{path}.{name}"), duration, out);
    }
    let day = SignedDuration::from_hours(24);
    at_most(&format!("{path}.session_timeout"), site.session_timeout, day, out);
    at_most(&format!("{path}.attribution_window"), site.attribution_window, LONGEST_WINDOW, out);
    // The longest that Twilio lets a destination ring.
    let longest_ring = SignedDuration::from_secs(600);
    at_most(&format!("{path}.ring_timeout"), site.ring_timeout, longest_ring, out);
    if site.attribution_window < site.session_timeout {
        out.error(
            format!("{path}.attribution_window"),
            "it is shorter than session_timeout: calls of live sessions would be nobody's",
        );
    }
}

fn pools(path: &str, site: &Site, out: &mut Complaints) {
    let ids = site.pools.iter().enumerate();
    let ids = ids.map(|(i, pool)| (format!("{path}.pools[{i}].id"), pool.id.as_str()));
    unique("pool id", ids, out);
    if site.quarantine.is_negative() {
        out.error(format!("{path}.quarantine"), "it is negative");
    }
    for (i, pool) in site.pools.iter().enumerate() {
        let path = format!("{path}.pools[{i}]");
        pool_rules(&path, pool, out);
        let by_tracker =
            site.trackers.iter().any(|tracker| tracker.pool.as_ref() == Some(&pool.id));
        if !by_tracker && !site.targets.iter().any(|target| target.pool == pool.id) {
            out.warning(&path, format!("no target and no tracker uses the pool `{}`", pool.id));
        }
    }
}

fn pool_rules(path: &str, pool: &Pool, out: &mut Complaints) {
    if pool.numbers.is_empty() {
        out.warning(
            format!("{path}.numbers"),
            "the configuration gives this pool no number: it waits for some over the API",
        );
    }
    positive(&format!("{path}.rest"), pool.rest, out);
    if pool.hold < BEAT {
        out.error(
            format!("{path}.hold"),
            format!("{:#} is shorter than the {BEAT:#} between two beats of a page", pool.hold),
        );
    }
    if pool.linger.is_negative() {
        out.error(format!("{path}.linger"), "it is negative");
    }
    if pool.linger > pool.hold {
        out.error(
            format!("{path}.linger"),
            "it is longer than hold: a page that left would keep its number longer than one that stays",
        );
    }
    if pool.pin.is_negative() {
        out.error(format!("{path}.pin"), "it is negative");
    }
    for (name, duration) in [("hold", pool.hold), ("rest", pool.rest), ("pin", pool.pin)] {
        at_most(&format!("{path}.{name}"), duration, SignedDuration::from_hours(24 * 30), out);
    }
    if !(0.0001..=0.5).contains(&pool.overflow_target) {
        out.error(format!("{path}.overflow_target"), "expected a share from 0.0001 to 0.5");
    }
    if pool.monthly_cost.is_some_and(|cost| !(0.0..=1e6).contains(&cost)) {
        out.error(format!("{path}.monthly_cost"), "expected an amount from 0 to 1000000");
    }
    for (i, step) in pool.overflow.iter().enumerate() {
        if pool.overflow[..i].contains(step) {
            out.error(format!("{path}.overflow[{i}]"), "this step is there twice");
        }
    }
    let shares = pool.overflow.contains(&Overflow::Shared);
    if shares && !(2..=64).contains(&pool.max_sharers) {
        out.error(
            format!("{path}.max_sharers"),
            "a shared number has 2 to 64 sharers; without sharing, take `shared` out of overflow",
        );
    }
}

fn targets(path: &str, site: &Site, out: &mut Complaints) {
    if site.targets.is_empty() {
        out.warning(format!("{path}.targets"), "no number on the pages is replaced");
    }
    let each = || site.targets.iter().enumerate();
    let ids = each().map(|(i, target)| (format!("{path}.targets[{i}].id"), target.id.as_str()));
    unique("target id", ids, out);
    let numbers = each().map(|(i, t)| (format!("{path}.targets[{i}].number"), t.number.as_str()));
    unique("number", numbers, out);
    for (i, target) in each() {
        if site.pool(&target.pool).is_none() {
            let known = site.pools.iter().map(|pool| pool.id.as_str());
            let meant = did_you_mean(target.pool.as_str(), known);
            let message = format!("there is no pool `{}`{meant}", target.pool);
            out.error(format!("{path}.targets[{i}].pool"), message);
        }
    }
}
