//! Events of the Voice API v2 → our events (telephony facts §4.1).
//!
//! `call_session_id` is the whole call. The caller's leg is the incoming one; where an event does not
//! tell the direction, it is the leg to one of the site's tracking numbers. Where the call is told what to do by
//! our commands, events bring back the [`State`] of the command that they follow.

use serde::Deserialize;

use super::state::{Doing, State};
use crate::call::answer::Stage;
use crate::call::attestation;
use crate::call::caller::told_number;
use crate::call::command::model::Controlled;
use crate::call::model::{CallEventKind, DialOutcome};
use crate::call::providers::report::Report;
use crate::call::providers::{Over, Understood, Unreadable, Wants, Webhook, bounds, outcome, time};
use crate::config::model::Site;

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
    call_control_id: Option<String>,
    connection_id: Option<String>,
    client_state: Option<String>,
    /// Why speaking, playing or gathering is over.
    status: Option<String>,
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

/// Who tells the call what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Somebody else: it is only recorded.
    Nothing,
    /// We do, by commands.
    Ours,
}

/// What a verified event says, and what the call then waits for.
pub fn understood(
    site: &Site,
    webhook: &Webhook<'_>,
    told: Told,
) -> Result<Understood, Unreadable> {
    let message: Message = serde_json::from_slice(webhook.body)
        .map_err(|e| Unreadable(format!("the body is no event of the Voice API: {e}")))?;
    let Data { event_type, id, occurred_at, payload } = message.data;
    let is_callers = is_callers_leg(&payload, site);
    let state = payload.client_state.as_deref().and_then(State::read);
    let state = state.filter(|_| told == Told::Ours);
    let mut report = Report::new("telnyx", site, webhook, &payload.call_session_id)?;
    if is_callers {
        report = about_the_call(report, &payload);
    } else {
        report.leg_to(payload.to.as_deref().unwrap_or_default());
    }
    let of_dial = state.as_ref().filter(|state| state.doing == Doing::Dial);
    report.stage = of_dial.map(|state| Stage::of_mark(&state.mark)).unwrap_or_default();
    let wants = match told {
        Told::Ours => wants(&event_type, &payload, is_callers, state.as_ref()),
        Told::Nothing => Wants::Receipt,
    };
    let ours =
        state.as_ref().and_then(|state| of_command(&event_type, &payload, is_callers, state));
    let kind = match ours {
        Some(kind) => Some(kind),
        None => kind(&event_type, &payload, is_callers, state.as_ref()),
    };
    // What is waited for must be known of, so that it is not lost.
    let waits = wants != Wants::Receipt;
    let Some(kind) = kind.or(waits.then_some(CallEventKind::Progressed)) else {
        return Ok(Understood { events: Vec::new(), wants });
    };
    let leg = payload.call_leg_id.as_deref().and_then(bounds::id).unwrap_or("-");
    let id = bounds::id(&id).unwrap_or(leg);
    report.add(kind, &format!("{event_type}:{id}"), time::moment(&occurred_at));
    let mut events = report.events();
    let leg = state.map(|state| state.leg).or(payload.call_control_id);
    match (events.last_mut(), leg) {
        (Some(event), Some(leg)) if waits => {
            let application = payload.connection_id.unwrap_or_default();
            let controlled = Controlled { application, leg, wants: wants.clone() };
            event.controlled = Some(Box::new(controlled));
            Ok(Understood { events, wants })
        }
        _ => Ok(Understood { events, wants: Wants::Receipt }),
    }
}

/// What the call waits for after an event.
fn wants(event_type: &str, payload: &Payload, is_callers: bool, state: Option<&State>) -> Wants {
    // The caller has gone: nobody waits.
    if payload.status.as_deref() == Some("call_hangup") {
        return Wants::Receipt;
    }
    let over = |over, state: &State| Wants::Next { over, mark: state.mark.clone() };
    match (event_type, is_callers, state) {
        ("call.initiated", true, None) => Wants::Route,
        ("call.answered" | "call.speak.ended" | "call.playback.ended", true, Some(state))
            if state.doing == Doing::Said =>
        {
            Wants::GoOn { hop: state.hop, done: state.done }
        }
        ("call.gather.ended", true, Some(state)) if state.doing == Doing::Gather => {
            over(Over::Gather, state)
        }
        ("call.recording.saved", _, Some(state)) if state.doing == Doing::Message => {
            over(Over::Voicemail, state)
        }
        ("call.hangup", false, Some(state)) if state.doing == Doing::Dial => {
            match hangup(payload) {
                Some(DialOutcome::Canceled) => Wants::Receipt,
                _ => over(Over::Dial, state),
            }
        }
        _ => Wants::Receipt,
    }
}

/// What an event says that our own command led to, where that is more than it says of any call.
fn of_command(
    event_type: &str,
    payload: &Payload,
    is_callers: bool,
    state: &State,
) -> Option<CallEventKind> {
    match (event_type, state.doing) {
        ("call.gather.ended", Doing::Gather) => {
            let digits = bounds::keys(payload.digits.as_deref().unwrap_or_default());
            Some(match digits.is_empty() {
                true => CallEventKind::NoKeys,
                false => CallEventKind::KeysPressed { mark: state.mark.clone(), digits },
            })
        }
        // One leg is dialled at a time, so its end is the dial's.
        ("call.hangup", Doing::Dial) if !is_callers => Some(CallEventKind::DialEnded {
            outcome: hangup(payload).unwrap_or(DialOutcome::Failed),
            talk_s: None,
        }),
        ("call.recording.saved", Doing::Message) => match recorded(payload)? {
            CallEventKind::Recorded { url, duration_s } => {
                Some(CallEventKind::VoicemailLeft { url: Some(url), duration_s })
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_callers_leg(payload: &Payload, site: &Site) -> bool {
    match payload.direction.as_deref() {
        Some(direction) => direction == "incoming" || direction == "inbound",
        None => {
            let to = payload.to.as_deref();
            let to = to.and_then(|to| told_number(to, &site.country));
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

fn kind(
    event_type: &str,
    payload: &Payload,
    is_callers: bool,
    state: Option<&State>,
) -> Option<CallEventKind> {
    let gathers = state.is_some_and(|state| state.doing == Doing::Gather);
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
        // They come again, all together, when they are gathered.
        ("call.dtmf.received", true) if gathers => return None,
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
