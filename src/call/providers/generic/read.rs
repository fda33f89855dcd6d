//! The sender's JSON → our events.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::call::answer::Stage;
use crate::call::attestation;
use crate::call::caller::told_number;
use crate::call::model::{CallEventKind, DialOutcome};
use crate::call::providers::generic::NAME;
use crate::call::providers::report::Report;
use crate::call::providers::{Over, Understood, Unreadable, Wants, Webhook, bounds, outcome};
use crate::config::model::Site;
use crate::platform::clock::Millis;

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
    forwarded_from: Option<String>,
    #[serde(default)]
    sip_call_id: Option<String>,
    #[serde(default)]
    sip_headers: BTreeMap<String, String>,
    #[serde(default)]
    verstat: Option<String>,
    #[serde(default)]
    attestation: Option<String>,
    #[serde(default)]
    cause: Option<String>,
    #[serde(default)]
    talk_ms: Option<u64>,
    #[serde(default)]
    hold_ms: Option<u64>,
    #[serde(default)]
    wait_ms: Option<u64>,
    #[serde(default)]
    digits: Option<String>,
    #[serde(default)]
    mark: Option<String>,
    #[serde(default)]
    dest: Option<String>,
    #[serde(default)]
    recording_url: Option<String>,
    #[serde(default)]
    duration_ms: Option<u64>,
}

/// What a verified message says and wants.
pub fn understood(site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
    let message: Message = serde_json::from_slice(webhook.body)
        .map_err(|e| Unreadable(format!("the body is not the expected JSON: {e}")))?;
    let kind = kind(&message, site)?;
    let wants = match message.event.as_str() {
        "received" => Wants::Route,
        "dial_ended" => Wants::Next { over: Over::Dial, mark: bounds::text(text(&message.mark)) },
        "keys" => Wants::Next { over: Over::Gather, mark: bounds::text(text(&message.mark)) },
        _ => Wants::Receipt,
    };
    let leg = match message.leg_id.as_deref() {
        Some(leg) => bounds::id(leg).ok_or_else(|| missing("leg_id"))?,
        None => "-",
    };
    let call_id = bounds::id(&message.call_id).ok_or_else(|| missing("call_id"))?;
    let report = Report::new(NAME, site, webhook, call_id)?;
    let mut report = about_the_call(report, &message);
    report.stage = Stage::of_mark(text(&message.mark));
    report.leg_to(text(&message.dest));
    let at = message.at.map(Millis::from);
    let stage = report.stage.hop;
    let detail = format!("{}:{leg}:{}:{stage}", message.event, message.seq.unwrap_or(0));
    if let Some(hold_ms) = message.hold_ms.filter(|hold| *hold > 0) {
        report.add(
            CallEventKind::HeldFor { seconds: seconds(hold_ms) },
            &format!("{detail}:held"),
            at,
        );
    }
    report.add(kind, &detail, at);
    Ok(Understood { events: report.events(), wants })
}

fn missing(what: &str) -> Unreadable {
    Unreadable(format!("{what} is missing or not usable"))
}

fn seconds(ms: u64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(u32::MAX)
}

fn text(field: &Option<String>) -> &str {
    field.as_deref().unwrap_or_default()
}

/// On a transfer `to` is where the call went.
fn about_the_call<'a>(report: Report<'a>, message: &Message) -> Report<'a> {
    let to = if message.event == "transferred" { "" } else { text(&message.to) };
    let mut report = report
        .numbers(text(&message.from), text(&message.name), to)
        .forwarded_from(text(&message.forwarded_from))
        .ad(message.sip_headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let letter = text(&message.attestation);
    report.from.attestation = attestation::from_words(text(&message.verstat), letter);
    report.sip_call_id = bounds::id(text(&message.sip_call_id)).map(str::to_owned);
    report
}

fn kind(message: &Message, site: &Site) -> Result<CallEventKind, Unreadable> {
    let duration_s = message.duration_ms.map(seconds);
    let link = || bounds::link(text(&message.recording_url));
    Ok(match message.event.as_str() {
        "received" => CallEventKind::Received,
        "ringing" => CallEventKind::Ringing,
        "answered" => CallEventKind::Answered,
        "connected" => CallEventKind::Connected,
        "queued" => CallEventKind::Queued,
        "dequeued" => CallEventKind::Dequeued { wait_s: message.wait_ms.map(seconds) },
        // Without a moment of its own, a message that comes twice would count twice.
        "held" | "resumed" if message.at.is_none() => return Err(missing("at")),
        "held" => CallEventKind::Held,
        "resumed" => CallEventKind::Resumed,
        "transferred" => {
            CallEventKind::Transferred { to: told_number(text(&message.to), &site.country) }
        }
        "keys" => match bounds::keys(text(&message.digits)) {
            digits if digits.is_empty() => CallEventKind::NoKeys,
            digits => {
                CallEventKind::KeysPressed { mark: bounds::text(text(&message.mark)), digits }
            }
        },
        "ended" | "dial_ended" => {
            let outcome = outcome::of(text(&message.cause)).ok_or_else(|| {
                Unreadable("`ended` needs a `cause` such as answered, busy, no_answer".to_owned())
            })?;
            let talk_s = message.talk_ms.map(seconds);
            let talk_s = talk_s.filter(|_| outcome == DialOutcome::Answered);
            CallEventKind::DialEnded { outcome, talk_s }
        }
        "voicemail" => CallEventKind::VoicemailLeft { url: link(), duration_s },
        "recorded" => {
            let url = link()
                .ok_or_else(|| Unreadable("`recorded` needs a `recording_url`".to_owned()))?;
            CallEventKind::Recorded { url, duration_s }
        }
        other => return Err(Unreadable(format!("there is no event {:?}", bounds::text(other)))),
    })
}
