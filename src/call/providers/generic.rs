//! The signed JSON provider, for a PBX or anything else that can sign: one event, `event`, with a
//! Standard Webhooks signature (secret `whsec_…`, headers `webhook-id`, `webhook-timestamp`,
//! `webhook-signature`, tolerance 5 minutes).
//!
//! ```json
//! {"event":"received", "call_id":"pbx-1", "from":"+14155550100", "to":"+14155550199"}
//! ```
//!
//! | field | |
//! |---|---|
//! | `event` | `received`, `ringing`, `answered`, `ended` or `recorded` |
//! | `call_id` | the same for all events of a call |
//! | `leg_id`, `seq` | optional; tell events of the same kind apart |
//! | `at` | optional, RFC 3339; absent: now |
//! | `from`, `to`, `name` | caller, tracking number, caller's name; needed on `received` only |
//! | `cause` | on `ended`: how the destination's leg ended, see [`outcome`] |
//! | `talk_ms` | on `ended`, optional: from answer to end |
//! | `recording_url` | on `recorded` |
//!
//! `received` is answered with the route; the others with 204:
//!
//! ```json
//! {"action":"forward", "to":"+14155550111", "timeout_s":25, "caller_id":"+14155550100", "call":"…"}
//! ```

use serde::{Deserialize, Serialize};

use crate::call::caller::caller_number;
use crate::call::model::{CallEvent, CallEventKind, Caller, DialOutcome};
use crate::call::providers::{
    Document, Provider, Understood, Unreadable, Unverified, Wants, Webhook, believable, bounded_id,
    bounded_text, link,
};
use crate::call::routing::Route;
use crate::config::model::{Site, Telephony};
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

/// The generic provider.
pub struct Generic;

const SIGNED_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

#[derive(Deserialize)]
struct Message {
    event: String,
    call_id: String,
    #[serde(default)]
    leg_id: Option<String>,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    at: Option<jiff::Timestamp>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    cause: Option<String>,
    #[serde(default)]
    talk_ms: Option<u64>,
    #[serde(default)]
    recording_url: Option<String>,
}

#[derive(Serialize)]
struct Forward<'a> {
    action: &'static str,
    to: &'a PhoneNumber,
    timeout_s: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller_id: Option<&'a PhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
}

impl Provider for Generic {
    fn name(&self) -> &'static str {
        "generic"
    }

    fn event_name(&self, event: &str) -> Option<&'static str> {
        (event == "event").then_some("event")
    }

    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<(), Unverified> {
        let secret = keys.generic.as_ref().map(|generic| &generic.secret);
        let secret = secret.filter(|secret| !secret.is_empty()).ok_or(Unverified::NotConfigured)?;
        // A secret that is no base64 can verify nothing.
        let verifier = standardwebhooks::Webhook::new(secret.reveal())
            .map_err(|_| Unverified::BadSignature)?;
        let mut headers = http::HeaderMap::new();
        for name in SIGNED_HEADERS {
            let value = webhook.headers.get(name).ok_or(Unverified::BadSignature)?;
            let value = http::HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| Unverified::BadSignature)?;
            headers.insert(name, value);
        }
        verifier.verify(webhook.body, &headers).map_err(|_| Unverified::BadSignature)
    }

    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
        let message: Message = serde_json::from_slice(webhook.body)
            .map_err(|e| Unreadable(format!("the body is not the expected JSON: {e}")))?;
        let missing = |what: &str| Unreadable(format!("{what} is missing or not usable"));
        let kind = kind(&message)?;
        let call_id = bounded_id(&message.call_id).ok_or_else(|| missing("call_id"))?;
        let leg = match message.leg_id.as_deref() {
            Some(leg) => bounded_id(leg).ok_or_else(|| missing("leg_id"))?,
            None => "-",
        };
        let seq = message.seq.unwrap_or(0);
        let wants = if kind == CallEventKind::Received { Wants::Route } else { Wants::Receipt };
        let country = &site.country;
        let to = message.to.as_deref().and_then(|t| PhoneNumber::parse_loose(t, Some(country)));
        let event = CallEvent {
            provider: self.name().to_owned(),
            provider_call_id: call_id.to_owned(),
            dedup: format!("{}:{leg}:{seq}", message.event),
            site: site.id.clone(),
            at: believable(message.at.map(Millis::from), webhook.received_at),
            received_at: webhook.received_at,
            to,
            from: caller(&message, country),
            kind,
        };
        Ok(Understood { event: Some(event), wants })
    }

    fn forward(&self, route: &Route) -> Document {
        let forward = Forward {
            action: "forward",
            to: &route.to,
            timeout_s: route.timeout_s,
            caller_id: route.caller_id.as_ref(),
            call: route.call.map(|call| call.to_string()),
        };
        // Numbers and an id only: this cannot fail.
        let body = serde_json::to_string(&forward).unwrap_or_default();
        Document { content_type: "application/json", body }
    }

    fn end(&self) -> Document {
        Document { content_type: "application/json", body: "{}".to_owned() }
    }
}

fn kind(message: &Message) -> Result<CallEventKind, Unreadable> {
    let seconds = |ms: u64| u32::try_from(ms / 1000).unwrap_or(u32::MAX);
    Ok(match message.event.as_str() {
        "received" => CallEventKind::Received,
        "ringing" => CallEventKind::Ringing,
        "answered" => CallEventKind::Answered,
        "ended" => {
            let cause = message.cause.as_deref().unwrap_or_default();
            let outcome = outcome(cause).ok_or_else(|| {
                Unreadable("`ended` needs a `cause` such as answered, busy, no_answer".to_owned())
            })?;
            let talk_s = message.talk_ms.map(seconds);
            let talk_s = talk_s.filter(|_| outcome == DialOutcome::Answered);
            CallEventKind::DialEnded { outcome, talk_s }
        }
        "recorded" => {
            let url = message.recording_url.as_deref().and_then(link);
            let url = url.ok_or_else(|| Unreadable("`recorded` needs a `recording_url`".into()))?;
            CallEventKind::Recorded { url, duration_s: None }
        }
        other => {
            return Err(Unreadable(format!("there is no event {:?}", bounded_text(other))));
        }
    })
}

/// How a leg ended, in the words of PBXs and of SIP (telephony facts §9, outcome table).
fn outcome(cause: &str) -> Option<DialOutcome> {
    Some(match cause.to_ascii_lowercase().as_str() {
        "answered" | "answer" | "completed" | "normal_clearing" => DialOutcome::Answered,
        "busy" | "user_busy" | "486" => DialOutcome::Busy,
        "no_answer" | "noanswer" | "no-answer" | "timeout" | "408" | "480" => DialOutcome::NoAnswer,
        "canceled" | "cancelled" | "cancel" | "originator_cancel" | "487" => DialOutcome::Canceled,
        "rejected" | "call_rejected" | "603" => DialOutcome::Rejected,
        "failed" | "congestion" | "chanunavail" | "500" | "503" => DialOutcome::Failed,
        "voicemail" => DialOutcome::Voicemail,
        _ => return None,
    })
}

fn caller(message: &Message, country: &str) -> Caller {
    let number = message.from.as_deref().and_then(|from| caller_number(from, country));
    let Some(number) = number else { return Caller::default() };
    Caller {
        country: number.country().unwrap_or_default(),
        number: Some(number),
        name: message.name.as_deref().map(bounded_text).unwrap_or_default(),
        ..Caller::default()
    }
}
