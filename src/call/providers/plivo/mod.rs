//! Plivo's voice webhooks and XML, signed by version 3 of its scheme.
//!
//! | event | configured as | says | answer |
//! |---|---|---|---|
//! | `voice` | the application's answer URL | the call arrived | a document |
//! | `status` | the application's hangup URL | the caller's leg ended | 204 |
//! | `dial` | `<Dial action>` | how the dial ended | a document |
//! | `leg` | `<Dial callbackUrl>` | a leg picks up, is connected, ends | 204 |
//! | `whisper` | `<Dial confirmSound>` | a leg picked up | what it hears |
//! | `gather` | `<GetInput action>` | the caller's keys | a document |
//! | `voicemail` | `<Record action>` | the message is over | a document |
//! | `recording` | `<Record callbackUrl>` | a recording can be fetched | 204 |
//!
//! Only the first two are set by people; we set the others in our documents.

mod read;
#[cfg(test)]
mod tests;
mod verify;
mod write;

use crate::call::answer::{Answer, Feature};
use crate::call::providers::{
    Document, Provider, Understood, Unreadable, Unverified, Verified, Webhook,
};
use crate::config::model::{Site, Telephony};

/// Plivo.
pub struct Plivo;

const NAME: &str = "plivo";

impl Provider for Plivo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn events(&self) -> &'static [&'static str] {
        &["voice", "status", "dial", "leg", "whisper", "gather", "voicemail", "recording"]
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        verify::verify(&keys.plivo, webhook)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        Understood::of(webhook.wants(), read::events(site, webhook), site, webhook)
    }

    fn render(&self, _: &Telephony, answer: &Answer) -> Document {
        write::render(answer)
    }

    /// All targets of a `<Dial>` ring at once.
    fn can(&self, feature: Feature) -> bool {
        feature != Feature::DialInTurn
    }
}
