//! Twilio's classic voice webhooks and TwiML.
//!
//! | event | configured as | says | answer |
//! |---|---|---|---|
//! | `voice` | the number's voice URL | the call arrived | TwiML that forwards |
//! | `dial` | `<Dial action>` (set by us) | how the dial ended | empty TwiML |
//! | `leg` | `<Number statusCallback>` (set by us) | the destination rings, answers, ends | 204 |
//! | `status` | the number's status callback URL | the caller's leg ended | 204 |
//! | `recording` | a recording status callback | a recording can be fetched | 204 |

mod read;
mod signature;
#[cfg(test)]
mod tests;
mod write;

use crate::call::providers::{
    Document, Provider, Understood, Unreadable, Unverified, Wants, Webhook,
};
use crate::call::routing::Route;
use crate::config::model::{Site, Telephony};

/// Twilio.
pub struct Twilio;

const EVENTS: [&str; 5] = ["voice", "dial", "leg", "status", "recording"];

impl Provider for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn event_name(&self, event: &str) -> Option<&'static str> {
        EVENTS.into_iter().find(|known| *known == event)
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<(), Unverified> {
        let account = keys.twilio.as_ref().ok_or(Unverified::NotConfigured)?;
        let tokens = [&account.auth_token, &account.second_auth_token];
        let tokens: Vec<&str> =
            tokens.into_iter().filter(|t| !t.is_empty()).map(|t| t.reveal()).collect();
        if tokens.is_empty() {
            return Err(Unverified::NotConfigured);
        }
        let header = |name| webhook.headers.get(name).and_then(|value| value.to_str().ok());
        let signature = header("x-twilio-signature").ok_or(Unverified::BadSignature)?;
        let settings = header("x-twilio-webhooks-signature-settings").unwrap_or_default();
        if signature::fits(&tokens, webhook.url, webhook.body, signature, settings) {
            Ok(())
        } else {
            Err(Unverified::BadSignature)
        }
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        let event = read::event(site, webhook);
        let wants = match webhook.event {
            "voice" => Wants::Route,
            "dial" => Wants::End,
            _ => Wants::Receipt,
        };
        match (event, wants) {
            (Ok(event), _) => Ok(Understood { event, wants }),
            (Err(unreadable), Wants::Receipt) => Err(unreadable),
            // A caller is on the line: an unreadable report must not keep them from the answer.
            (Err(unreadable), _) => {
                tracing::warn!(site = %site.id, event = webhook.event, why = %unreadable,
                    "a signed Twilio webhook cannot be read; the call goes on without a record");
                Ok(Understood { event: None, wants })
            }
        }
    }

    fn forward(&self, route: &Route) -> Document {
        write::forward(route)
    }

    fn end(&self) -> Document {
        write::end()
    }
}
