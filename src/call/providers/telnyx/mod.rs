//! Telnyx: TeXML, which is the dialect in [`twiml`], and the events of its Voice API (`event`).
//!
//! TeXML routes calls by documents. The replies to events of the Voice API control nothing (telephony facts
//! §4.1): with `voice_api` its calls are told what to do by [`commands`]; without it they are
//! only recorded, and somebody else controls them. Both are signed alike.

mod api;
mod commands;
mod event;
mod state;
#[cfg(test)]
mod tests;
mod verify;

use api::Told;

use crate::call::answer::{Answer, Feature};
use crate::call::command::model::Control;
use crate::call::providers::twiml::{self, Dialect};
use crate::call::providers::{
    Document, Limits, Provider, Understood, Unreadable, Unverified, Verified, Webhook,
};
use crate::config::model::{Site, Telephony};

#[cfg(test)]
pub(super) use state::{Doing, State};

/// Telnyx.
pub struct Telnyx;

const DIALECT: Dialect =
    Dialect { provider: "telnyx", ring_s: 5..=120, names_caller: true, in_turn: false };

/// The event by which the Voice API tells everything.
pub const VOICE_API_EVENT: &str = "event";

/// Those of TeXML, and that of the Voice API.
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
    VOICE_API_EVENT,
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
        if webhook.event == VOICE_API_EVENT {
            return api::understood(site, webhook, Told::Nothing);
        }
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

/// Telnyx where its calls come over the Voice API and are told what to do by commands.
pub struct VoiceApi;

impl Provider for VoiceApi {
    fn name(&self) -> &'static str {
        DIALECT.provider
    }

    fn events(&self) -> &'static [&'static str] {
        &[VOICE_API_EVENT]
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        verify::verify(&keys.telnyx, webhook)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        api::understood(site, webhook, Told::Ours)
    }

    /// Any 2xx will do; it is not read.
    fn render(&self, _: &Telephony, _: &Answer) -> Document {
        Document { content_type: "text/plain; charset=utf-8", body: String::new() }
    }

    /// A transfer rings one target, and plays the person who answers sound files alone.
    fn can(&self, feature: Feature) -> bool {
        !matches!(
            feature,
            Feature::DialAtOnce
                | Feature::DialInTurn
                | Feature::Whisper
                | Feature::WhisperSip
                | Feature::WhisperAccept
        )
    }

    fn control(&self) -> Option<&dyn Control> {
        Some(self)
    }
}
