//! Meta Conversions API. One event that is too old makes the whole request fail.

use serde_json::{Value, json};

use super::answers::{self, Answered, by_status, text};
use super::shapes::{bodies, compact, one, or, post};
use super::{BadDestination, Batch, DAY_MS, Platform, Purpose, Traits, Trial};
use crate::config::model::Pixel;
use crate::platform::email::EmailForm;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::{PhoneForm, Told};

/// Longest click id.
const LONGEST_CLICK: usize = 500;

/// Error codes of tokens, of permissions, of limits, and of what passes (Graph API, error codes).
const TOKEN: [i64; 2] = [190, 102];
const THROTTLED: [i64; 5] = [4, 17, 32, 613, 80004];
const PASSING: [i64; 2] = [1, 2];

/// A data set.
pub(super) struct Meta<'a>(pub &'a Pixel);

impl Platform for Meta<'_> {
    fn traits(&self) -> Traits {
        Traits { most: 1000, oldest_ms: Some(7 * DAY_MS), trial: Trial::TestCode, ..Traits::AD }
    }

    fn check(&self) -> Result<(), BadDestination> {
        self.0.needed()
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        let browser = told.address().is_some() && told.user_agent().is_some();
        let known = told.has_person()
            || fbc(told).is_some()
            || told.tag_id(|facts| &facts.ad_ids.fbp).is_some();
        if known || browser {
            return Ok(());
        }
        told.need_click(&["fbclid"]).map(|_| ()).map_err(|skip| match skip.reason {
            SkipReason::TestValue => skip,
            _ => Skip::new(
                SkipReason::NoIdentifier,
                "neither a caller's number or e-mail address nor anything that Meta knows the browser by",
            ),
        })
    }

    fn row(&self, told: &Told<'_>) -> Value {
        compact(json!({
            "event_name": or(&self.0.event, "Lead"),
            "event_time": told.seconds(),
            "event_id": told.event_id(),
            "action_source": "phone_call",
            "event_source_url": told.page(),
            "user_data": {
                "em": one(told.email(EmailForm::Plain)),
                "ph": one(told.phone(PhoneForm::Digits)),
                "fbc": fbc(told),
                "fbp": told.tag_id(|facts| &facts.ad_ids.fbp),
                "client_ip_address": told.address(),
                "client_user_agent": told.user_agent(),
            },
            "custom_data": { "value": told.value(), "currency": told.currency() },
        }))
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let pixel = self.0;
        let base = or(&pixel.base, "https://graph.facebook.com");
        let url = format!("{base}/{}/{}/events", or(&pixel.version, "v26.0"), pixel.pixel);
        let test = (batch.purpose == Purpose::Test && !pixel.test_code.is_empty())
            .then_some(&pixel.test_code);
        let body = json!({
            "data": bodies(batch),
            "access_token": pixel.access_token.reveal(),
            "test_event_code": test,
        });
        Ok(post(&url, &compact(body))?.hiding(&pixel.access_token))
    }

    fn classify(&self, answer: &Answer, rows: usize) -> Answered {
        let Some(said) = answers::json(answer) else {
            return if answer.is_success() {
                answers::garbage(answer)
            } else {
                by_status(answer, "")
            };
        };
        if let Some(error) = said.get("error") {
            return failed(error);
        }
        if !answer.is_success() {
            return by_status(answer, "");
        }
        match said.get("events_received").and_then(Value::as_u64) {
            Some(taken) if usize::try_from(taken) == Ok(rows) => Answered::delivered(),
            // It does not say which are missing; those that it has are told by their ids.
            Some(taken) => Answered::later(format!("{taken} of {rows} events were received")),
            None => answers::garbage(answer),
        }
    }
}

fn failed(error: &Value) -> Answered {
    let number = |name: &str| error.get(name).and_then(Value::as_i64).unwrap_or_default();
    let (code, sub) = (number("code"), number("error_subcode"));
    let user = text(error, "/error_user_msg");
    let said = if user.is_empty() { text(error, "/message") } else { user };
    let why = format!("{said} (code {code}, {sub})");
    let passes = error.get("is_transient").and_then(Value::as_bool) == Some(true);
    match code {
        _ if TOKEN.contains(&code) => Answered::Refused(why),
        10 | 200..=299 => Answered::Refused(why),
        _ if passes || PASSING.contains(&code) || THROTTLED.contains(&code) => Answered::later(why),
        _ => Answered::Poisoned { rows: Vec::new(), why },
    }
}

/// The click as Meta's own cookie writes it: the cookie, unless the visit came by another click.
fn fbc(told: &Told<'_>) -> Option<String> {
    let kept = told.tag_id(|facts| &facts.ad_ids.fbc).filter(|kept| is_cookie(kept));
    let Some(click) = told.click_id("fbclid") else { return kept.map(str::to_owned) };
    if let Some(kept) = kept.filter(|kept| kept.split('.').nth(3) == Some(click)) {
        return Some(kept.to_owned());
    }
    let facts = told.facts();
    let host = facts.landing_page.split('/').next().unwrap_or_default();
    let click: String = click.chars().take(LONGEST_CLICK).collect();
    let seen = facts.clicked_at.unwrap_or(facts.call_started_at);
    Some(format!("fb.{}.{}.{click}", domain_index(host), seen.0))
}

/// Four parts, or five with what Meta's parameter builder appends.
fn is_cookie(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    matches!(parts.len(), 4 | 5) && parts[0] == "fb" && parts.iter().all(|part| !part.is_empty())
}

/// Labels of the registrable domain less one: `shop.example.com` → 1, `www.example.co.uk` → 2; hosts without one → 0.
fn domain_index(host: &str) -> usize {
    let name = host.split(':').next().unwrap_or_default();
    if name.parse::<std::net::IpAddr>().is_ok() || !name.contains('.') {
        return 0;
    }
    psl::domain_str(name).map_or(0, |domain| domain.split('.').count().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_counts_labels_of_the_registrable_domain() {
        for (host, index) in [
            ("shop.example.com", 1),
            ("example.com", 1),
            ("www.example.co.uk", 2),
            ("localhost", 0),
            ("203.0.113.7", 0),
            ("localhost:8080", 0),
        ] {
            assert_eq!(domain_index(host), index, "{host}");
        }
    }

    #[test]
    fn cookies_have_four_or_five_parts() {
        for good in ["fb.1.1767323000123.IwAR2abcDEF", "fb.1.1767323000123.IwAR2abcDEF.AQICAQMC"] {
            assert!(is_cookie(good), "{good}");
        }
        for bad in ["", "fb.1.2", "fb.1..x", "ab.1.2.3", "fb.1.2.3.4.5"] {
            assert!(!is_cookie(bad), "{bad}");
        }
    }
}
