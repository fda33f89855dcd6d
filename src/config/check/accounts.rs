//! What the APIs of telephony providers are asked with, and what comes of their calls: scoring rules.

use jiff::SignedDuration;
use url::Url;

use super::telephony::accounts;
use super::{at_most, positive};
use crate::config::complaint::Complaints;
use crate::config::model::{Config, ProviderApis, Site, Telephony};
use crate::platform::secret::Secret;

/// Most rules that give points.
const MOST_RULES: usize = 100;
/// Most points of one rule: a score has no more.
const MOST_POINTS: u32 = 100;
/// Redis keeps calls for 30 days; nothing older can be told from what is known.
const LONGEST_LOOK_BACK: SignedDuration = SignedDuration::from_hours(29 * 24);

pub(super) fn check(config: &Config, out: &mut Complaints) {
    apis(&config.providers, out);
    for (i, site) in config.sites.iter().enumerate() {
        let path = format!("sites[{i}]");
        scoring(&path, site, out);
        telephony(&format!("{path}.telephony"), &site.telephony, &config.server.public_url, out);
    }
}

fn apis(apis: &ProviderApis, out: &mut Complaints) {
    for (name, duration) in [
        ("connect_timeout", apis.connect_timeout),
        ("timeout", apis.timeout),
        ("reconcile_every", apis.reconcile_every),
        ("reconcile_look_back", apis.reconcile_look_back),
    ] {
        positive(&format!("providers.{name}"), duration, out);
    }
    at_most("providers.timeout", apis.timeout, SignedDuration::from_mins(2), out);
    at_most("providers.reconcile_look_back", apis.reconcile_look_back, LONGEST_LOOK_BACK, out);
    if apis.connect_timeout > apis.timeout {
        out.error("providers.connect_timeout", "it is longer than providers.timeout, the whole");
    }
    if apis.reconcile_every < SignedDuration::from_mins(5) {
        let message = "expected at least 5m: providers limit how often they are asked";
        out.error("providers.reconcile_every", message);
    }
}

fn scoring(path: &str, site: &Site, out: &mut Complaints) {
    let path = format!("{path}.scoring");
    let scoring = &site.scoring;
    if scoring.rules.len() > MOST_RULES {
        out.error(format!("{path}.rules"), format!("at most {MOST_RULES}"));
    }
    if scoring.qualified_from.is_some_and(|least| !(1..=MOST_POINTS).contains(&least)) {
        let message = format!("expected 1 to {MOST_POINTS}: a score has no more");
        out.error(format!("{path}.qualified_from"), message);
    } else if scoring.qualified_from.is_some() && scoring.rules.is_empty() {
        out.warning(format!("{path}.qualified_from"), "there are no rules, so no call is scored");
    }
    for (i, rule) in scoring.rules.iter().enumerate() {
        let path = format!("{path}.rules[{i}]");
        if rule.points == 0 || rule.points.unsigned_abs() > MOST_POINTS {
            let message = format!("expected -{MOST_POINTS} to {MOST_POINTS}, and not 0");
            out.error(format!("{path}.points"), message);
        }
        let when = &rule.when;
        if when.max_talk_s.is_some_and(|most| when.min_talk_s.is_some_and(|least| least > most)) {
            out.error(
                format!("{path}.when.min_talk_s"),
                "it is above max_talk_s: no call has that",
            );
        }
        let is_key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#');
        for (j, keys) in when.keys.iter().enumerate() {
            if keys.is_empty() || keys.len() > 32 || !keys.chars().all(is_key) {
                let message = "expected keys of a telephone: digits, * and #";
                out.error(format!("{path}.when.keys[{j}]"), message);
            }
        }
    }
}

fn telephony(path: &str, telephony: &Telephony, public_url: &str, out: &mut Complaints) {
    for (path, one) in accounts(path, "twilio", &telephony.twilio) {
        base(&path, "api_base", one.api_base.as_deref(), out);
        fallback(&path, &one.fallback_url, public_url, out);
    }
    for (path, one) in accounts(path, "signalwire", &telephony.signalwire) {
        base(&path, "api_base", one.api_base.as_deref(), out);
        fallback(&path, &one.fallback_url, public_url, out);
        together(&path, ("api_token", &one.api_token), &[("project", &one.project)], out);
        if !one.api_token.is_empty() && one.api_base.is_none() {
            let message = "it is missing: each space has an address of its own, \
                           such as \"https://example.signalwire.com\"";
            out.error(format!("{path}.api_base"), message);
        }
    }
    for (path, one) in accounts(path, "telnyx", &telephony.telnyx) {
        base(&path, "api_base", one.api_base.as_deref(), out);
        fallback(&path, &one.fallback_url, public_url, out);
        // Without it there is everything but the search for missed calls.
        if !one.api_key.is_empty() && one.account.is_empty() {
            let message = "it is missing: without it missed calls cannot be looked for";
            out.warning(format!("{path}.account"), message);
        }
    }
    for (path, one) in accounts(path, "plivo", &telephony.plivo) {
        base(&path, "api_base", one.api_base.as_deref(), out);
        fallback(&path, &one.fallback_url, public_url, out);
    }
    for (path, one) in accounts(path, "vonage", &telephony.vonage) {
        base(&path, "api_base", one.api_base.as_deref(), out);
        base(&path, "rest_base", one.rest_base.as_deref(), out);
        fallback(&path, &one.fallback_url, public_url, out);
        together(&path, ("api_secret", &one.api_secret), &[("api_key", &one.api_key)], out);
        if !one.api_secret.is_empty() && one.private_key.is_empty() {
            let message = "it is missing: without it missed calls cannot be looked for";
            out.warning(format!("{path}.private_key"), message);
        }
        if !one.private_key.is_empty() {
            let key = one.private_key.reveal().as_bytes();
            if jsonwebtoken::EncodingKey::from_rsa_pem(key).is_err() {
                out.error(format!("{path}.private_key"), "expected an RSA private key in PEM");
            }
        }
    }
    for (path, one) in accounts(path, "bandwidth", &telephony.bandwidth) {
        base(&path, "api_base", one.api_base.as_deref(), out);
        base(&path, "voice_base", one.voice_base.as_deref(), out);
        base(&path, "token_url", one.token_url.as_deref(), out);
        fallback(&path, &one.fallback_url, public_url, out);
        let needs = [("account", &one.account), ("client_id", &one.client_id)];
        together(&path, ("client_secret", &one.client_secret), &needs, out);
    }
}

/// Complains when a secret of an API is set and what belongs to it is not.
fn together(
    path: &str,
    (name, secret): (&str, &Secret),
    others: &[(&str, &String)],
    out: &mut Complaints,
) {
    for (other, _) in others.iter().filter(|(_, text)| !secret.is_empty() && text.is_empty()) {
        out.error(format!("{path}.{other}"), format!("it is missing beside {name}"));
    }
}

fn base(path: &str, key: &str, told: Option<&str>, out: &mut Complaints) {
    let Some(told) = told else { return };
    let expected =
        "expected an address such as \"https://api.example.com\", without a slash at its end";
    match Url::parse(told) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && !told.ends_with('/')
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none() =>
        {
            let local =
                url.host_str().is_some_and(|host| host == "127.0.0.1" || host == "localhost");
            if url.scheme() == "http" && !local {
                out.warning(format!("{path}.{key}"), "credentials would go there unencrypted");
            }
        }
        _ => out.error(format!("{path}.{key}"), expected),
    }
}

/// A document that we serve ourselves is gone exactly when it is needed.
fn fallback(path: &str, told: &str, public_url: &str, out: &mut Complaints) {
    if told.is_empty() {
        return;
    }
    let path = format!("{path}.fallback_url");
    match Url::parse(told) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            let ours = Url::parse(public_url).ok();
            if ours.as_ref().is_some_and(|ours| ours.host_str() == url.host_str()) {
                out.error(
                    path,
                    "it is on our own host, which does not answer when it is asked for",
                );
            } else if url.scheme() == "http" {
                out.warning(path, "whoever is on the way could send your callers elsewhere");
            }
        }
        _ => out
            .error(path, "expected an address such as \"https://static.example.com/forward.xml\""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::all_are_said;
    use super::*;
    use crate::config::model::ScoreRule;

    #[test]
    fn accounts_that_cannot_be_asked_are_refused() {
        all_are_said(&[
            (
                "an address with a slash",
                |c| c.sites[0].telephony.twilio[0].api_base = Some("https://a.example/".to_owned()),
                &["error sites[0].telephony.twilio.api_base"],
            ),
            (
                "an address without TLS",
                |c| c.sites[0].telephony.plivo[0].api_base = Some("http://a.example".to_owned()),
                &["warning sites[0].telephony.plivo.api_base"],
            ),
            (
                "a fallback on our own host",
                |c| {
                    c.sites[0].telephony.twilio[0].fallback_url = "https://127.0.0.1/f".to_owned();
                },
                &["error sites[0].telephony.twilio.fallback_url"],
            ),
            (
                "a fallback that is none",
                |c| c.sites[0].telephony.vonage[0].fallback_url = "forward.xml".to_owned(),
                &["error sites[0].telephony.vonage.fallback_url"],
            ),
            (
                "a token without project and space",
                |c| c.sites[0].telephony.signalwire[0].api_token = Secret::new("PT1"),
                &[
                    "error sites[0].telephony.signalwire.project",
                    "error sites[0].telephony.signalwire.api_base",
                ],
            ),
            (
                "a key that is none",
                |c| c.sites[0].telephony.vonage[0].private_key = Secret::new("abc"),
                &["error sites[0].telephony.vonage.private_key"],
            ),
            (
                "a client without its account",
                |c| c.sites[0].telephony.bandwidth[0].client_secret = Secret::new("abc"),
                &[
                    "error sites[0].telephony.bandwidth.account",
                    "error sites[0].telephony.bandwidth.client_id",
                ],
            ),
            (
                "looks that come too often and go back too far",
                |c| {
                    c.providers.reconcile_every = SignedDuration::from_secs(30);
                    c.providers.reconcile_look_back = SignedDuration::from_hours(24 * 60);
                },
                &["error providers.reconcile_look_back", "error providers.reconcile_every"],
            ),
        ]);
    }

    #[test]
    fn scores_that_nobody_can_reach_are_refused() {
        all_are_said(&[
            (
                "more than a score has",
                |c| c.sites[0].scoring.qualified_from = Some(101),
                &["error sites[0].scoring.qualified_from"],
            ),
            (
                "no rules",
                |c| c.sites[0].scoring.rules.clear(),
                &["warning sites[0].scoring.qualified_from"],
            ),
            (
                "a rule that says nothing, and one that never holds",
                |c| {
                    let rules = &mut c.sites[0].scoring.rules;
                    rules[0].when.max_talk_s = Some(1);
                    rules[0].when.keys = vec!["one".to_owned()];
                    rules.push(ScoreRule { points: 0, when: Default::default() });
                },
                &[
                    "error sites[0].scoring.rules[0].when.min_talk_s",
                    "error sites[0].scoring.rules[0].when.keys[0]",
                    "error sites[0].scoring.rules[2].points",
                ],
            ),
        ]);
    }
}
