//! The sender's JSON → our events.

use crate::call::answer::Stage;
use crate::call::attestation;
use crate::call::caller::told_number;
use crate::call::model::{CallEventKind, DialOutcome};
use crate::call::providers::generic::NAME;
use crate::call::providers::json::Tree;
use crate::call::providers::report::Report;
use crate::call::providers::{Over, Understood, Unreadable, Wants, Webhook, bounds, outcome, time};
use crate::config::model::Site;
use crate::platform::clock::Millis;

/// What a verified message says and wants.
pub fn understood(site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable> {
    let message = Message(Tree::of(webhook.body)?);
    let event = message.text("event");
    let at = message.at()?;
    let kind = kind(&event, &message, at, site)?;
    let mark = bounds::text(&message.text("mark"));
    let wants = match event.as_str() {
        "received" => Wants::Route,
        "dial_ended" => Wants::Next { over: Over::Dial, mark: mark.clone() },
        "keys" => Wants::Next { over: Over::Gather, mark: mark.clone() },
        _ => Wants::Receipt,
    };
    let leg = message.text("leg_id");
    let leg = match leg.as_str() {
        "" => "-",
        leg => bounds::id(leg).ok_or_else(|| missing("leg_id"))?,
    };
    let call_id = message.text("call_id");
    let call_id = bounds::id(&call_id).ok_or_else(|| missing("call_id"))?;
    let report = Report::new(NAME, site, webhook, call_id)?;
    let mut report = about_the_call(report, &event, &message);
    report.stage = Stage::of_mark(&mark);
    report.leg_to(&message.text("dest"));
    let (seq, stage) = (message.milliseconds("seq").unwrap_or(0), report.stage.hop);
    let detail = format!("{event}:{leg}:{seq}:{stage}");
    if let Some(hold_ms) = message.milliseconds("hold_ms").filter(|hold| *hold > 0) {
        let held = CallEventKind::HeldFor { seconds: seconds(hold_ms) };
        report.add(held, &format!("{detail}:held"), at);
    }
    report.add_agent(&message.text("agent"), &detail, at);
    report.add(kind, &detail, at);
    Ok(Understood { events: report.events(), wants })
}

/// A message, read leniently: numbers may be texts.
struct Message(Tree);

impl Message {
    fn text(&self, name: &str) -> String {
        self.0.text(&format!("/{name}"))
    }

    fn milliseconds(&self, name: &str) -> Option<u64> {
        let told: f64 = self.text(name).parse().ok()?;
        (0.0..=1e15).contains(&told).then(|| told.round() as u64)
    }

    /// When it happened, when it tells.
    fn at(&self) -> Result<Option<Millis>, Unreadable> {
        let told = self.text("at");
        if told.is_empty() {
            return Ok(None);
        }
        time::moment(&told).map(Some).ok_or_else(|| missing("at"))
    }
}

fn missing(what: &str) -> Unreadable {
    Unreadable(format!("{what} is missing or not usable"))
}

fn seconds(ms: u64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(u32::MAX)
}

/// On a transfer `to` is where the call went.
fn about_the_call<'a>(report: Report<'a>, event: &str, message: &Message) -> Report<'a> {
    let to = if event == "transferred" { String::new() } else { message.text("to") };
    let mut report = report
        .numbers(&message.text("from"), &message.text("name"), &to)
        .forwarded_from(&message.text("forwarded_from"))
        .ad(message.0.members("/sip_headers"));
    let letter = message.text("attestation");
    report.from.attestation = attestation::from_words(&message.text("verstat"), &letter);
    report.sip_call_id = bounds::id(&message.text("sip_call_id")).map(str::to_owned);
    report
}

fn kind(
    event: &str,
    message: &Message,
    at: Option<Millis>,
    site: &Site,
) -> Result<CallEventKind, Unreadable> {
    let duration_s = message.milliseconds("duration_ms").map(seconds);
    let link = || bounds::link(&message.text("recording_url"));
    Ok(match event {
        "received" => CallEventKind::Received,
        "ringing" => CallEventKind::Ringing,
        "answered" => CallEventKind::Answered,
        "connected" => CallEventKind::Connected,
        "queued" => CallEventKind::Queued,
        "dequeued" => {
            CallEventKind::Dequeued { wait_s: message.milliseconds("wait_ms").map(seconds) }
        }
        // Without a moment of its own, a message that comes twice would count twice.
        "held" | "resumed" if at.is_none() => return Err(missing("at")),
        "held" => CallEventKind::Held,
        "resumed" => CallEventKind::Resumed,
        "transferred" => CallEventKind::Transferred {
            to: told_number(&message.text("to"), &site.country),
            onward: None,
        },
        "keys" => match bounds::keys(&message.text("digits")) {
            digits if digits.is_empty() => CallEventKind::NoKeys,
            digits => {
                CallEventKind::KeysPressed { mark: bounds::text(&message.text("mark")), digits }
            }
        },
        "ended" | "dial_ended" => {
            let outcome = outcome::of(&message.text("cause")).ok_or_else(|| {
                Unreadable("`ended` needs a `cause` such as answered, busy, no_answer".to_owned())
            })?;
            let talk_s = message.milliseconds("talk_ms").map(seconds);
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
