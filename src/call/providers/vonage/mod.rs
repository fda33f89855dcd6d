//! Vonage's voice webhooks and NCCO.
//!
//! | event | configured as | says | answer |
//! |---|---|---|---|
//! | `voice` | the application's answer URL (GET or POST) | the call arrived | an NCCO |
//! | `status` | the application's event URL | what the legs do | 204 |
//! | `dial` | `connect.eventUrl` | what the dialled leg does | an NCCO when it failed, else 204 |
//! | `whisper` | `endpoint.onAnswer` | the destination picked up | what it hears |
//! | `gather` | `input.eventUrl` | the caller's keys | an NCCO |
//! | `voicemail` | `record.eventUrl` | a message can be fetched | 204 |
//! | `recording` | `record.eventUrl` | a recording can be fetched | 204 |
//!
//! Only the first two are set by people; we set the others in our NCCOs. Vonage calls two things a
//! call: the conversation, which is our call, and each leg in it.

mod read;
#[cfg(test)]
mod tests;
mod verify;
mod write;

use crate::call::answer::{Answer, Feature};
use crate::call::providers::{
    Document, Limits, Provider, Understood, Unreadable, Unverified, Verified, Webhook,
};
use crate::config::model::{Site, Telephony};

/// Vonage.
pub struct Vonage;

const NAME: &str = "vonage";

impl Provider for Vonage {
    fn name(&self) -> &'static str {
        NAME
    }

    fn events(&self) -> &'static [&'static str] {
        &["voice", "status", "dial", "whisper", "gather", "voicemail", "recording"]
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        verify::verify(&keys.vonage, webhook)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        Understood::of(read::wants(webhook), read::events(site, webhook), site, webhook)
    }

    fn renames_calls(&self) -> bool {
        true
    }

    fn render(&self, _: &Telephony, answer: &Answer) -> Document {
        write::render(answer)
    }

    fn limits(&self) -> Limits {
        Limits { ring_s: write::RING_S, ..Limits::default() }
    }

    /// A `connect` has one endpoint and shows a number of the account, and what is said before it connects is a
    /// phone endpoint's alone; nothing sounds busy.
    fn can(&self, feature: Feature) -> bool {
        !matches!(
            feature,
            Feature::DialAtOnce
                | Feature::PassCallerId
                | Feature::WhisperSip
                | Feature::WhisperAccept
                | Feature::RejectBusy
                | Feature::RejectDeclined
        )
    }
}
