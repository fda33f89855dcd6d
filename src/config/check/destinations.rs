//! Conversions and where they go.

use http::{HeaderName, HeaderValue};
use jiff::SignedDuration;
use url::{Host, Url};

use super::telephony::signing_secret;
use super::unique;
use crate::config::complaint::{Complaints, did_you_mean};
use crate::config::model::{
    Config, ConversionCondition, ConversionRule, DestinationKind, Mapping, Site, UrlTarget,
    WebhookTarget,
};
use crate::postback::destinations::BadDestination;
use crate::postback::destinations::url::check_template;

/// Headers that belong to the request itself.
const OWN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "transfer-encoding",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

pub(super) fn check(config: &Config, out: &mut Complaints) {
    for (i, site) in config.sites.iter().enumerate() {
        let path = format!("sites[{i}]");
        let each = || site.conversions.iter().enumerate();
        let names = each().map(|(j, r)| (format!("{path}.conversions[{j}].name"), r.name.as_str()));
        unique("conversion", names, out);
        for (j, rule) in each() {
            conversion(&format!("{path}.conversions[{j}]"), rule, site, out);
        }
        let ids = site.destinations.iter().enumerate();
        let ids = ids.map(|(j, d)| (format!("{path}.destinations[{j}].id"), d.id.as_str()));
        unique("destination id", ids, out);
        for (j, destination) in site.destinations.iter().enumerate() {
            let path = format!("{path}.destinations[{j}]");
            kind(&path, &destination.kind, config.postback.allow_private_targets, out);
            let told = |rule: &ConversionRule| rule.destinations.contains(&destination.id);
            if destination.kind.hears_events() {
                continue;
            }
            if !site.conversions.iter().any(told) {
                out.warning(path, format!("no conversion tells `{}`", destination.id));
            }
        }
    }
}

fn conversion(path: &str, rule: &ConversionRule, site: &Site, out: &mut Complaints) {
    // The name is part of a postback's id, whose parts are joined by dots.
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !(1..=64).contains(&rule.name.len()) || !rule.name.bytes().all(fits) {
        out.error(format!("{path}.name"), "expected 1 to 64 letters, digits, '-' or '_'");
    }
    if rule.value.as_deref().is_some_and(|value| !is_decimal(value)) {
        out.error(format!("{path}.value"), "expected a decimal such as \"25.00\"");
    }
    if rule.destinations.is_empty() {
        out.warning(format!("{path}.destinations"), "nobody hears of this conversion");
    }
    for (i, destination) in rule.destinations.iter().enumerate() {
        let path = format!("{path}.destinations[{i}]");
        if !site.destinations.iter().any(|known| &known.id == destination) {
            let known = site.destinations.iter().map(|known| known.id.as_str());
            let meant = did_you_mean(destination.as_str(), known);
            out.error(&path, format!("there is no destination `{destination}`{meant}"));
        }
        if rule.destinations[..i].contains(destination) {
            out.error(&path, format!("`{destination}` is there twice"));
        }
    }
    condition(&format!("{path}.when"), &rule.when, out);
    for (i, listed) in rule.values.iter().enumerate() {
        let path = format!("{path}.values[{i}]");
        condition(&format!("{path}.when"), &listed.when, out);
        if !is_decimal(&listed.value) {
            out.error(format!("{path}.value"), "expected a decimal such as \"25.00\"");
        }
    }
    let longest = SignedDuration::from_hours(30 * 24);
    if rule.delay.is_negative() || rule.delay > longest {
        out.error(format!("{path}.delay"), "expected at most 30 days: calls are forgotten then");
    }
}

fn condition(path: &str, when: &ConversionCondition, out: &mut Complaints) {
    if when.answered == Some(false) && when.min_talk_s.is_some_and(|least| least > 0) {
        out.error(
            format!("{path}.min_talk_s"),
            "nobody talks in a call that is not answered; this is never met",
        );
    }
    if when.max_talk_s.zip(when.min_talk_s).is_some_and(|(most, least)| most < least) {
        out.error(format!("{path}.max_talk_s"), "it is below min_talk_s; this is never met");
    }
    if when.min_confidence.is_some_and(|least| !(0.0..=1.0).contains(&least)) {
        out.error(format!("{path}.min_confidence"), "expected a probability from 0 to 1");
    }
    if when.min_value.as_deref().is_some_and(|value| !is_decimal(value)) {
        out.error(format!("{path}.min_value"), "expected a decimal such as \"25.00\"");
    }
    if when.min_score.is_some_and(|score| score > 100) {
        out.error(format!("{path}.min_score"), "scores go from 0 to 100");
    }
    for (i, status) in when.statuses.iter().enumerate() {
        if !status.is_final() {
            out.error(format!("{path}.statuses[{i}]"), "a call that is over never has this status");
        }
    }
}

/// Whether `text` is digits, perhaps with a point and digits after it; at most 20 characters.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    text.len() <= 20 && digits(whole) && digits(fraction)
}

fn kind(path: &str, kind: &DestinationKind, private: bool, out: &mut Complaints) {
    match kind {
        DestinationKind::Url(UrlTarget { url, require, .. }) => {
            address(&format!("{path}.url"), url, private, out);
            if let Err(unfit) = check_template(url) {
                out.error(format!("{path}.url"), unfit.to_string());
            }
            let template = url.to_ascii_lowercase();
            for (i, name) in require.iter().enumerate() {
                if !template.contains(&format!("{{{}", name.to_ascii_lowercase())) {
                    let message = format!("the URL has no macro {{{name}}}");
                    out.warning(format!("{path}.require[{i}]"), message);
                }
            }
        }
        DestinationKind::Webhook(target) => webhook(path, target, private, out),
        platform => {
            for (name, base) in bases(platform) {
                if !base.is_empty() {
                    address(&format!("{path}.{name}"), base, private, out);
                }
            }
            if let Err(wrong) = platform.platform().check() {
                match wrong {
                    BadDestination::Missing(key) => {
                        out.error(format!("{path}.{key}"), "it is missing or cannot be used");
                    }
                    wrong => out.error(path, wrong.to_string()),
                }
            }
        }
    }
}

fn webhook(path: &str, target: &WebhookTarget, private: bool, out: &mut Complaints) {
    address(&format!("{path}.url"), &target.url, private, out);
    if target.mapping == Mapping::None || !target.secret.is_empty() {
        signing_secret(&format!("{path}.secret"), &target.secret, out);
    }
    if !target.second_secret.is_empty() {
        signing_secret(&format!("{path}.second_secret"), &target.second_secret, out);
    }
    if target.mapping != Mapping::None && !target.events.is_empty() {
        out.error(format!("{path}.events"), "a mapping has words for conversions alone");
    }
    for (i, event) in target.events.iter().enumerate() {
        if target.events[..i].contains(event) {
            out.error(format!("{path}.events[{i}]"), format!("`{}` is there twice", event.word()));
        }
    }
    for (name, value) in &target.headers {
        let path = format!("{path}.headers.{name}");
        let readable = HeaderName::from_bytes(name.as_bytes()).is_ok()
            && HeaderValue::from_str(value.reveal()).is_ok();
        if !readable {
            out.error(path, "this is no HTTP header");
        } else if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            out.error(path, "Ringtrace sets this header itself");
        }
    }
}

/// The addresses that a platform's configuration may change.
fn bases(kind: &DestinationKind) -> Vec<(&'static str, &str)> {
    match kind {
        DestinationKind::Url(_) | DestinationKind::Webhook(_) => Vec::new(),
        DestinationKind::GoogleDataManager(config) => {
            vec![("base", &config.base), ("oauth.token_url", &config.oauth.token_url)]
        }
        DestinationKind::GoogleAds(config) => {
            vec![("base", &config.base), ("oauth.token_url", &config.oauth.token_url)]
        }
        DestinationKind::MicrosoftAds(config) => {
            vec![("base", &config.base), ("oauth.token_url", &config.oauth.token_url)]
        }
        DestinationKind::Linkedin(config) => {
            let token_url = config.oauth.as_ref().map_or("", |oauth| &oauth.token_url);
            vec![("base", &config.base), ("oauth.token_url", token_url)]
        }
        DestinationKind::Ga4(config) => vec![("base", &config.base)],
        DestinationKind::X(config) => vec![("base", &config.base)],
        DestinationKind::Meta(pixel)
        | DestinationKind::MicrosoftUet(pixel)
        | DestinationKind::Tiktok(pixel)
        | DestinationKind::Pinterest(pixel)
        | DestinationKind::Snap(pixel)
        | DestinationKind::Reddit(pixel)
        | DestinationKind::OpenaiAds(pixel)
        | DestinationKind::Quora(pixel)
        | DestinationKind::Nextdoor(pixel) => vec![("base", &pixel.base)],
    }
}

/// Complains about an address that cannot be delivered to.
fn address(path: &str, address: &str, private: bool, out: &mut Complaints) {
    let parsed = Url::parse(address).ok();
    let Some(url) = parsed.filter(|url| matches!(url.scheme(), "http" | "https")) else {
        out.error(path, "expected an address such as \"https://ads.example.com/postback\"");
        return;
    };
    if !url.username().is_empty() || url.password().is_some() {
        out.error(path, "a password does not belong into an address: logs would show it");
    }
    if private {
        return;
    }
    if url.scheme() != "https" {
        out.error(path, "expected https; plain http needs postback.allow_private_targets");
    }
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        None => false,
    };
    if local {
        out.error(path, "a private address needs postback.allow_private_targets = true");
    }
}
