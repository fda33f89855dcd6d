//! Events of the Voice API v2 → our events (telephony facts §4.1).
//!
//! `call_session_id` is the whole call. The caller's leg is the incoming one; where an event does not
//! tell the direction, it is the leg to one of the site's tracking numbers.

use serde::Deserialize;

use crate::call::attestation;
use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::report::Report;
use crate::call::providers::{Unreadable, Webhook, bounds, outcome, time};
use crate::config::model::Site;
use crate::platform::phone::PhoneNumber;

#[derive(Deserialize)]
struct Message {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    event_type: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    occurred_at: String,
    payload: Payload,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    call_session_id: String,
    call_leg_id: Option<String>,
    direction: Option<String>,
    from: Option<String>,
    to: Option<String>,
    caller_id_name: Option<String>,
    shaken_stir_attestation: Option<String>,
    shaken_stir_validated: Option<bool>,
    sip_headers: Option<Vec<SipHeader>>,
    custom_headers: Option<Vec<SipHeader>>,
    hangup_cause: Option<String>,
    digit: Option<String>,
    digits: Option<String>,
    wait_time_secs: Option<u32>,
    recording_urls: Option<Links>,
    public_recording_urls: Option<Links>,
    recording_started_at: Option<String>,
    recording_ended_at: Option<String>,
}

#[derive(Deserialize)]
struct SipHeader {
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Links {
    mp3: Option<String>,
    wav: Option<String>,
}

/// What a verified event says.
pub fn events(site: &Site, webhook: &Webhook<'_>) -> Result<Vec<CallEvent>, Unreadable> {
    let message: Message = serde_json::from_slice(webhook.body)
        .map_err(|e| Unreadable(format!("the body is no event of the Voice API: {e}")))?;
    let Data { event_type, id, occurred_at, payload } = message.data;
    let is_callers = is_callers_leg(&payload, site);
    let mut report = Report::new("telnyx", site, webhook, &payload.call_session_id)?;
    if is_callers {
        report = about_the_call(report, &payload);
    } else {
        report.leg_to(payload.to.as_deref().unwrap_or_default());
    }
    let Some(kind) = kind(&event_type, &payload, is_callers) else { return Ok(Vec::new()) };
    let leg = payload.call_leg_id.as_deref().and_then(bounds::id).unwrap_or("-");
    let id = bounds::id(&id).unwrap_or(leg);
    report.add(kind, &format!("{event_type}:{id}"), time::moment(&occurred_at));
    Ok(report.events())
}

fn is_callers_leg(payload: &Payload, site: &Site) -> bool {
    match payload.direction.as_deref() {
        Some(direction) => direction == "incoming" || direction == "inbound",
        None => {
            let to = payload.to.as_deref();
            let to = to.and_then(|to| PhoneNumber::parse_loose(to, Some(&site.country)));
            to.is_some_and(|to| site.tracking_numbers().any(|number| *number == to))
        }
    }
}

fn about_the_call<'a>(report: Report<'a>, payload: &Payload) -> Report<'a> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let all = || payload.sip_headers.iter().chain(&payload.custom_headers).flatten();
    let mut diversions = all().filter(|header| header.name.eq_ignore_ascii_case("diversion"));
    let diversion = diversions.next().map_or("", |header| header.value.as_str());
    let mut report = report
        .numbers(&text(&payload.from), &text(&payload.caller_id_name), &text(&payload.to))
        .forwarded_from(diversion)
        .ad(all().map(|header| (header.name.as_str(), header.value.as_str())));
    report.from.attestation = attestation::from_parts(
        payload.shaken_stir_validated,
        payload.shaken_stir_attestation.as_deref().unwrap_or_default(),
    );
    report
}

fn kind(event_type: &str, payload: &Payload, is_callers: bool) -> Option<CallEventKind> {
    Some(match (event_type, is_callers) {
        ("call.initiated", true) => CallEventKind::Received,
        ("call.initiated", false) => CallEventKind::Ringing,
        // The caller's leg is answered as soon as something is played to it.
        ("call.answered", true) => return None,
        ("call.answered", false) => CallEventKind::Answered,
        ("call.bridged", _) => CallEventKind::Connected,
        ("call.hold", _) => CallEventKind::Held,
        ("call.unhold", _) => CallEventKind::Resumed,
        ("call.enqueued", _) => CallEventKind::Queued,
        ("call.dequeued", _) => CallEventKind::Dequeued { wait_s: payload.wait_time_secs },
        ("call.refer.completed", _) => CallEventKind::Transferred { to: None },
        ("call.dtmf.received" | "call.gather.ended", true) => {
            let told = payload.digits.as_deref().or(payload.digit.as_deref()).unwrap_or_default();
            let digits = bounds::keys(told);
            if digits.is_empty() {
                return None;
            }
            CallEventKind::KeysPressed { mark: String::new(), digits }
        }
        ("call.hangup", true) => {
            let outcome = hangup(payload).filter(|outcome| *outcome != DialOutcome::Answered);
            CallEventKind::Ended { duration_s: None, outcome }
        }
        ("call.hangup", false) => CallEventKind::LegEnded {
            outcome: hangup(payload).unwrap_or(DialOutcome::Failed),
            talk_s: None,
            conclusive: true,
        },
        ("call.recording.saved", _) => recorded(payload)?,
        _ => return None,
    })
}

fn hangup(payload: &Payload) -> Option<DialOutcome> {
    match payload.hangup_cause.as_deref() {
        // The longest conversation that was allowed.
        Some("time_limit") => Some(DialOutcome::Answered),
        Some(cause) => outcome::of(cause),
        None => None,
    }
}

/// The links live ten minutes, public ones for ever.
fn recorded(payload: &Payload) -> Option<CallEventKind> {
    let links = [&payload.public_recording_urls, &payload.recording_urls];
    let mut links =
        links.into_iter().flatten().flat_map(|links| [&links.mp3, &links.wav]).flatten();
    let url = links.find_map(|url| bounds::link(url))?;
    let moment = |text: &Option<String>| text.as_deref().and_then(time::moment);
    let from = moment(&payload.recording_started_at);
    let until = moment(&payload.recording_ended_at);
    let duration_s = from.zip(until).map(|(from, until)| time::between(from, until));
    Some(CallEventKind::Recorded { url, duration_s })
}
