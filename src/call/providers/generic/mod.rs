//! The signed JSON provider, for a PBX or anything else that can sign: one event, `event`, with a
//! Standard Webhooks signature (secret `whsec_…`, headers `webhook-id`, `webhook-timestamp`,
//! `webhook-signature`, tolerance 5 minutes, which is also its replay protection).
//!
//! ```json
//! {"event":"received", "call_id":"pbx-1", "from":"+14155550100", "to":"+14155550199"}
//! ```
//!
//! | field | |
//! |---|---|
//! | `event` | see below |
//! | `call_id` | the same for all events of a call |
//! | `leg_id`, `seq` | optional; tell events of the same kind apart |
//! | `at` | optional, RFC 3339; absent: now |
//! | `from`, `to`, `name` | caller, tracking number, caller's name; needed on `received` only |
//! | `forwarded_from`, `sip_call_id` | optional; number that the call was forwarded from, `Call-ID` |
//! | `verstat`, `attestation` | optional; verdict and level (`A`, `B`, `C`) of STIR/SHAKEN |
//! | `cause` | on `ended` and `dial_ended`: how the dial ended: answered, busy, no_answer, failed, canceled, rejected, voicemail, a SIP status |
//! | `talk_ms`, `hold_ms` | on these, optional: from answer to end; on hold altogether |
//! | `wait_ms` | on `dequeued`, optional |
//! | `digits` | on `keys`; none: no key was pressed in time |
//! | `mark` | optional: of the step that it is about, as the answer named it |
//! | `dest` | on `answered`, `connected` and `dial_ended`, optional: who was dialled |
//! | `agent` | on any, optional: who of the business talks with the caller |
//! | `recording_url`, `duration_ms` | on `recorded` and `voicemail` |
//!
//! | event | answer |
//! |---|---|
//! | `received` | what to do |
//! | `dial_ended`, `keys` | what to do next; the caller is still there |
//! | `ringing`, `answered`, `connected`, `queued`, `dequeued`, `held`, `resumed`, `transferred`, `voicemail`, `recorded`, `ended` | 204 |
//!
//! A call that is only forwarded is answered with
//! `{"action":"forward", "to":"+14155550111", "timeout_s":25, "caller_id":"+14155550100", "call":"…"}`; every other
//! answer has its `steps` besides, as `write.rs` shows.

mod read;
mod write;

use crate::call::answer::{Answer, Feature};
use crate::call::providers::{
    Document, Provider, Understood, Unreadable, Unverified, Verified, Webhook, secrets,
};
use crate::config::model::{Site, Telephony};

/// The generic provider.
pub struct Generic;

const NAME: &str = "generic";
const SIGNED_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

impl Provider for Generic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn events(&self) -> &'static [&'static str] {
        &["event"]
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<Verified, Unverified> {
        if keys.generic.is_empty() {
            return Err(Unverified::NotConfigured);
        }
        let mut headers = http::HeaderMap::new();
        for name in SIGNED_HEADERS {
            let value = webhook.headers.get(name).ok_or(Unverified::BadSignature)?;
            let value = http::HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| Unverified::BadSignature)?;
            headers.insert(name, value);
        }
        let secrets = keys
            .generic
            .iter()
            .flat_map(|sender| secrets::given([&sender.secret, &sender.second_secret]));
        // A secret that is no base64 can verify nothing.
        let mut verifiers =
            secrets.filter_map(|secret| standardwebhooks::Webhook::new(secret).ok());
        if verifiers.any(|verifier| verifier.verify(webhook.body, &headers).is_ok()) {
            Ok(Verified::default())
        } else {
            Err(Unverified::BadSignature)
        }
    }

    /// Whoever sends this has a fail-safe of their own: what cannot be read is refused always.
    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        read::understood(site, webhook)
    }

    fn render(&self, _: &Telephony, answer: &Answer) -> Document {
        write::render(answer)
    }

    /// As far as the sender does what the answer says.
    fn can(&self, _: Feature) -> bool {
        true
    }
}
