//! Kamailio over HTTP: the plain form of [`pbx`] in, one line of JSON out, as
//! `http_client_query` keeps only the first line of a reply (telephony facts §8.3).
//!
//! ```json
//! {"action":"dial","call":"…","targets":["+14155550111"],"order":"at_once","timeout_s":25}
//! ```
//!
//! `action` is `dial`, `reject` (with `code`: 486 or 603) or `none`. A proxy has no media: it can ring, fork
//! and turn away, nothing else.

use serde::Serialize;

use crate::call::answer::{Answer, DialOrder, Feature, Rejection, ShownNumber, Step};
use crate::call::providers::{
    Document, Provider, Understood, Unreadable, Unverified, Verified, Webhook, pbx,
};
use crate::config::model::{Site, Telephony};
use crate::platform::phone::PhoneNumber;

/// Kamailio.
pub struct Kamailio;

#[derive(Default, Serialize)]
struct Reply<'a> {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_s: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller_id: Option<&'a PhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
}

impl Provider for Kamailio {
    fn name(&self) -> &'static str {
        "kamailio"
    }

    fn events(&self) -> &'static [&'static str] {
        &["voice", "leg", "transfer", "status"]
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        pbx::verify(&keys.kamailio, webhook)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        let events = pbx::events(self.name(), site, webhook);
        Understood::of(pbx::wants(webhook), events, site, webhook)
    }

    fn render(&self, _: &Telephony, answer: &Answer) -> Document {
        // Texts and numbers only: this cannot fail.
        let body = serde_json::to_string(&reply(answer)).unwrap_or_default();
        Document { content_type: "application/json", body }
    }

    fn can(&self, feature: Feature) -> bool {
        matches!(
            feature,
            Feature::DialAtOnce
                | Feature::DialInTurn
                | Feature::DialSip
                | Feature::PassCallerId
                | Feature::FixedCallerId
                | Feature::RejectBusy
                | Feature::RejectDeclined
        )
    }
}

/// The first dial or rejection: a proxy can do nothing else.
fn reply(answer: &Answer) -> Reply<'_> {
    let call = answer.call.map(|call| call.to_string());
    if let Some(dial) = answer.dial() {
        return Reply {
            action: "dial",
            call,
            targets: dial.targets.iter().map(|target| target.as_str()).collect(),
            order: Some(match dial.order {
                DialOrder::AtOnce => "at_once",
                DialOrder::InTurn => "in_turn",
            }),
            timeout_s: Some(dial.ring_s),
            caller_id: match &dial.shown {
                ShownNumber::Fixed(number) => Some(number),
                ShownNumber::Callers => answer.caller.as_ref(),
            },
            code: None,
        };
    }
    let code = answer.steps.iter().find_map(|step| match step {
        Step::Reject(Rejection::Busy) => Some(486),
        Step::Reject(Rejection::Declined) | Step::HangUp => Some(603),
        _ => None,
    });
    let action = if code.is_some() { "reject" } else { "none" };
    Reply { action, call, code, ..Reply::default() }
}
