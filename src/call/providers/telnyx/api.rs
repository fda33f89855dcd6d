//! Events of the Voice API v2 → our events (telephony facts §4.1).
//!
//! `call_session_id` is the whole call. Where the call is told what to do by our commands, events bring back the
//! [`State`] of the command that they follow.

use super::event::Event;
use super::state::{Doing, State};
use crate::call::answer::Stage;
use crate::call::attestation;
use crate::call::command::model::Controlled;
use crate::call::model::{CallEventKind, DialOutcome};
use crate::call::providers::report::Report;
use crate::call::providers::{Over, Understood, Unreadable, Wants, Webhook, bounds, outcome, time};
use crate::config::model::Site;

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
    let event = Event::of(webhook.body)?;
    let state = State::read(&event.told("client_state")).filter(|_| told == Told::Ours);
    let is_callers = event.is_of_callers_leg(site, state.as_ref());
    let mut report = Report::new("telnyx", site, webhook, &event.told("call_session_id"))?;
    if is_callers {
        report = about_the_call(report, &event);
    } else {
        report.leg_to(&event.told("to"));
    }
    let of_dial = state.as_ref().filter(|state| state.doing == Doing::Dial);
    report.stage = of_dial.map(|state| Stage::of_mark(&state.mark)).unwrap_or_default();
    let wants = match told {
        Told::Ours => wants(&event, is_callers, state.as_ref()),
        Told::Nothing => Wants::Receipt,
    };
    let ours = state.as_ref().and_then(|state| of_command(&event, is_callers, state));
    let kind = ours.or_else(|| kind(&event, is_callers, state.as_ref()));
    // What is waited for must be known of, so that it is not lost.
    let waits = wants != Wants::Receipt;
    let Some(kind) = kind.or(waits.then_some(CallEventKind::Progressed)) else {
        return Ok(Understood { events: Vec::new(), wants });
    };
    let leg = event.told("call_leg_id");
    let id = bounds::id(&event.id).or(bounds::id(&leg)).unwrap_or("-");
    report.add(kind, &format!("{}:{id}", event.kind), time::moment(&event.occurred_at));
    let mut events = report.events();
    let leg = state.map_or_else(|| event.told("call_control_id"), |state| state.leg);
    match events.last_mut() {
        Some(last) if waits && !leg.is_empty() => {
            let application = event.told("connection_id");
            let controlled = Controlled { application, leg, wants: wants.clone() };
            last.controlled = Some(Box::new(controlled));
            Ok(Understood { events, wants })
        }
        _ => Ok(Understood { events, wants: Wants::Receipt }),
    }
}

/// What the call waits for after an event.
fn wants(event: &Event, is_callers: bool, state: Option<&State>) -> Wants {
    // Why speaking, playing or gathering is over: the caller has gone, and nobody waits.
    if event.told("status") == "call_hangup" {
        return Wants::Receipt;
    }
    let over = |over, state: &State| Wants::Next { over, mark: state.mark.clone() };
    match (event.kind.as_str(), is_callers, state) {
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
        ("call.hangup", false, Some(state)) if state.doing == Doing::Dial => match hangup(event) {
            Some(DialOutcome::Canceled) => Wants::Receipt,
            _ => over(Over::Dial, state),
        },
        _ => Wants::Receipt,
    }
}

/// What an event says that our own command led to, where that is more than it says of any call.
fn of_command(event: &Event, is_callers: bool, state: &State) -> Option<CallEventKind> {
    match (event.kind.as_str(), state.doing) {
        ("call.gather.ended", Doing::Gather) => {
            let digits = bounds::keys(&event.told("digits"));
            Some(match digits.is_empty() {
                true => CallEventKind::NoKeys,
                false => CallEventKind::KeysPressed { mark: state.mark.clone(), digits },
            })
        }
        // One leg is dialled at a time, so its end is the dial's.
        ("call.hangup", Doing::Dial) if !is_callers => Some(CallEventKind::DialEnded {
            outcome: hangup(event).unwrap_or(DialOutcome::Failed),
            talk_s: None,
        }),
        ("call.recording.saved", Doing::Message) => match recorded(event)? {
            CallEventKind::Recorded { url, duration_s } => {
                Some(CallEventKind::VoicemailLeft { url: Some(url), duration_s })
            }
            _ => None,
        },
        _ => None,
    }
}

fn about_the_call<'a>(report: Report<'a>, event: &Event) -> Report<'a> {
    let headers = event.headers();
    let mut diversions = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("diversion"));
    let diversion = diversions.next().map_or("", |(_, value)| value);
    let mut report = report
        .numbers(&event.told("from"), &event.told("caller_id_name"), &event.told("to"))
        .forwarded_from(diversion)
        .ad(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    report.from.attestation = attestation::from_words(
        &event.told("shaken_stir_validated"),
        &event.told("shaken_stir_attestation"),
    );
    report
}

fn kind(event: &Event, is_callers: bool, state: Option<&State>) -> Option<CallEventKind> {
    let gathers = state.is_some_and(|state| state.doing == Doing::Gather);
    Some(match (event.kind.as_str(), is_callers) {
        ("call.initiated", true) => CallEventKind::Received,
        ("call.initiated", false) => CallEventKind::Ringing,
        // The caller's leg is answered as soon as something is played to it.
        ("call.answered", true) => return None,
        ("call.answered", false) => CallEventKind::Answered,
        ("call.bridged", _) => CallEventKind::Connected,
        ("call.hold", _) => CallEventKind::Held,
        ("call.unhold", _) => CallEventKind::Resumed,
        ("call.enqueued", _) => CallEventKind::Queued,
        ("call.dequeued", _) => CallEventKind::Dequeued { wait_s: event.seconds("wait_time_secs") },
        ("call.refer.completed", _) => CallEventKind::Transferred { to: None, onward: None },
        // They come again, all together, when they are gathered.
        ("call.dtmf.received", true) if gathers => return None,
        ("call.dtmf.received" | "call.gather.ended", true) => {
            let all = Some(event.told("digits")).filter(|digits| !digits.is_empty());
            let digits = bounds::keys(&all.unwrap_or_else(|| event.told("digit")));
            if digits.is_empty() {
                return None;
            }
            CallEventKind::KeysPressed { mark: String::new(), digits }
        }
        ("call.hangup", true) => {
            let outcome = hangup(event).filter(|outcome| *outcome != DialOutcome::Answered);
            CallEventKind::Ended { duration_s: None, outcome }
        }
        ("call.hangup", false) => CallEventKind::LegEnded {
            outcome: hangup(event).unwrap_or(DialOutcome::Failed),
            talk_s: None,
            conclusive: true,
        },
        ("call.recording.saved", _) => recorded(event)?,
        _ => return None,
    })
}

fn hangup(event: &Event) -> Option<DialOutcome> {
    match event.told("hangup_cause").as_str() {
        // The longest conversation that was allowed.
        "time_limit" => Some(DialOutcome::Answered),
        cause => outcome::of(cause),
    }
}

/// The links live ten minutes, public ones for ever.
fn recorded(event: &Event) -> Option<CallEventKind> {
    let links = ["public_recording_urls", "recording_urls"];
    let mut links = links.iter().flat_map(|of| ["mp3", "wav"].map(|kind| format!("{of}/{kind}")));
    let url = links.find_map(|link| bounds::link(&event.told(&link)))?;
    let moment = |name| time::moment(&event.told(name));
    let times = moment("recording_started_at").zip(moment("recording_ended_at"));
    let duration_s = times.map(|(from, until)| time::between(from, until));
    Some(CallEventKind::Recorded { url, duration_s })
}
