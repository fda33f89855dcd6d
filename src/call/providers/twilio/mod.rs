//! Twilio's voice webhooks and TwiML: the dialect in [`twiml`], signed with the account's auth token or
//! with shared keys.

#[cfg(test)]
mod tests;
mod verify;

use crate::call::answer::{Answer, Feature};
use crate::call::providers::twiml::{self, Dialect};
use crate::call::providers::{
    Document, Limits, Provider, Understood, Unreadable, Unverified, Verified, Webhook,
};
use crate::config::model::{Site, Telephony};

pub(super) use verify::{Hash, url_variants};

/// Twilio.
pub struct Twilio;

const DIALECT: Dialect =
    Dialect { provider: "twilio", ring_s: 5..=600, names_caller: false, in_turn: true };

impl Provider for Twilio {
    fn name(&self) -> &'static str {
        DIALECT.provider
    }

    fn events(&self) -> &'static [&'static str] {
        twiml::EVENTS
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        verify::verify(&keys.twilio, webhook)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        let events = twiml::events(&DIALECT, site, webhook);
        Understood::of(twiml::wants(webhook), events, site, webhook)
    }

    fn render(&self, _: &Telephony, answer: &Answer) -> Document {
        twiml::render(&DIALECT, answer)
    }

    fn limits(&self) -> Limits {
        Limits { ring_s: DIALECT.ring_s, ..Limits::default() }
    }

    fn can(&self, _: Feature) -> bool {
        true
    }
}
