//! Bandwidth's voice webhooks and BXML.
//!
//! | event | configured as | says | answer |
//! |---|---|---|---|
//! | `voice` | the application's call-initiated URL | the call arrived | BXML |
//! | `status` | the application's call status URL | the caller's leg ended | 204 |
//! | `dial` | `<Transfer transferCompleteUrl>` | the transfer ended, the caller is still there | BXML |
//! | `leg` | `transferDisconnectUrl` | a leg ended | 204 |
//! | `whisper` | `transferAnswerUrl` | a leg picked up | what it hears |
//! | `accept` | `<Gather gatherUrl>` of the whisper | its keys | connect or hang up |
//! | `gather` | `<Gather gatherUrl>` | the caller's keys | BXML |
//! | `voicemail` | `<Record recordCompleteUrl>` | the message is over, the caller is still there | BXML |
//! | `message` | its `recordingAvailableUrl` | the message can be fetched | 204 |
//! | `recording` | `<StartRecording recordingAvailableUrl>` | a recording can be fetched | 204 |
//! | `refer` | `<Refer referCompleteUrl>` | the call was handed on | BXML |
//!
//! Only the first two are set by people; we set the others in our documents, with the name and password
//! that Bandwidth identifies itself with.

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

/// Bandwidth.
pub struct Bandwidth;

const NAME: &str = "bandwidth";

impl Provider for Bandwidth {
    fn name(&self) -> &'static str {
        NAME
    }

    fn events(&self) -> &'static [&'static str] {
        &[
            "voice",
            "status",
            "dial",
            "leg",
            "whisper",
            "accept",
            "gather",
            "voicemail",
            "message",
            "recording",
            "refer",
        ]
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        verify::verify(&keys.bandwidth, webhook)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        Understood::of(read::wants(webhook), read::events(site, webhook), site, webhook)
    }

    fn render(&self, keys: &Telephony, answer: &Answer) -> Document {
        write::render(keys.bandwidth.first(), answer)
    }

    fn limits(&self) -> Limits {
        write::LIMITS
    }

    /// All targets of a `<Transfer>` ring at once; nothing sounds busy.
    fn can(&self, feature: Feature) -> bool {
        !matches!(feature, Feature::DialInTurn | Feature::RejectBusy | Feature::RejectDeclined)
    }
}
