//! SignalWire's compatibility API (cXML): the dialect in [`twiml`], with two signature schemes of its
//! own.

#[cfg(test)]
mod tests;
mod verify;

use crate::call::answer::{Answer, Feature};
use crate::call::providers::twiml::{self, Dialect};
use crate::call::providers::{
    Document, Limits, Provider, Understood, Unreadable, Unverified, Verified, Webhook,
};
use crate::config::model::{Site, Telephony};

/// SignalWire.
pub struct SignalWire;

const DIALECT: Dialect =
    Dialect { provider: "signalwire", ring_s: 5..=600, names_caller: false, in_turn: false };

impl Provider for SignalWire {
    fn name(&self) -> &'static str {
        DIALECT.provider
    }

    fn events(&self) -> &'static [&'static str] {
        twiml::EVENTS
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        verify::verify(&keys.signalwire, webhook)
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

    /// Its documents name no way to ring targets in turn.
    fn can(&self, feature: Feature) -> bool {
        feature != Feature::DialInTurn
    }
}
