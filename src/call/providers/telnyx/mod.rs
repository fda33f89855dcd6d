//! Telnyx: TeXML, which is the dialect in [`twiml`], and the events of its Voice API (`event`).
//!
//! TeXML routes calls. Events of the Voice API only tell what happens: their replies control nothing
//! (telephony facts §4.1), so a number of a Voice API application must be routed by what controls that.
//! Both are signed alike.

mod api;
#[cfg(test)]
mod tests;
mod verify;

use crate::call::answer::{Answer, Feature};
use crate::call::providers::twiml::{self, Dialect};
use crate::call::providers::{
    Document, Provider, Understood, Unreadable, Unverified, Verified, Wants, Webhook,
};
use crate::config::model::{Site, Telephony};

/// Telnyx.
pub struct Telnyx;

const DIALECT: Dialect =
    Dialect { provider: "telnyx", ring_s: 5..=120, names_caller: true, in_turn: false };

/// Those of TeXML, and `event` for the Voice API.
const EVENTS: &[&str] = &[
    "voice",
    "status",
    "dial",
    "leg",
    "whisper",
    "accept",
    "gather",
    "voicemail",
    "recording",
    "refer",
    "event",
];

impl Provider for Telnyx {
    fn name(&self) -> &'static str {
        DIALECT.provider
    }

    fn events(&self) -> &'static [&'static str] {
        EVENTS
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        verify::verify(&keys.telnyx, webhook)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        if webhook.event == "event" {
            let events = api::events(site, webhook);
            return Understood::of(Wants::Receipt, events, site, webhook);
        }
        let events = twiml::events(&DIALECT, site, webhook);
        Understood::of(twiml::wants(webhook), events, site, webhook)
    }

    fn render(&self, _: &Telephony, answer: &Answer) -> Document {
        twiml::render(&DIALECT, answer)
    }

    /// Its documents name no way to ring targets in turn.
    fn can(&self, feature: Feature) -> bool {
        feature != Feature::DialInTurn
    }
}
