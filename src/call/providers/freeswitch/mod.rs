//! FreeSWITCH over HTTP: mod_httapi asks what to do, mod_json_cdr tells how it went.
//!
//! | event | configured as | says | answer |
//! |---|---|---|---|
//! | `voice` | the URL of the `httapi` application | the call arrived | a document |
//! | `dial` | `temp-action` (set by us) | the bridge is over | a document |
//! | `gather` | `temp-action` (set by us) | the caller's keys | a document |
//! | `voicemail` | `temp-action` (set by us) | the message is over | a document |
//! | `cdr` | `url` of mod_json_cdr | everything about an ended leg | 204 |
//!
//! Both modules are asked to identify themselves with the site's token as the password of
//! `gateway-credentials` and `cred`.

mod cdr;
mod read;
#[cfg(test)]
mod tests;
mod write;

use crate::call::answer::{Answer, Feature};
use crate::call::providers::{
    Document, Provider, Understood, Unreadable, Unverified, Verified, Webhook, pbx,
};
use crate::config::model::{Site, Telephony};

/// FreeSWITCH.
pub struct FreeSwitch;

const NAME: &str = "freeswitch";

impl Provider for FreeSwitch {
    fn name(&self) -> &'static str {
        NAME
    }

    fn events(&self) -> &'static [&'static str] {
        &["voice", "dial", "gather", "voicemail", "cdr"]
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        pbx::verify(&keys.freeswitch, webhook)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        let events = match webhook.event {
            "cdr" => cdr::events(site, webhook),
            _ => read::events(site, webhook),
        };
        Understood::of(read::wants(webhook), events, site, webhook)
    }

    fn render(&self, _: &Telephony, answer: &Answer) -> Document {
        write::render(answer)
    }

    /// A key to accept a call would need a sound file on the server.
    fn can(&self, feature: Feature) -> bool {
        feature != Feature::WhisperAccept
    }
}
