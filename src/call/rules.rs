//! Events → call. Pure.
//!
//! [`apply`] merges an event into the call's [`CallFacts`] and derives everything else from them,
//! so the order in which events arrive cannot matter. Who decides how a call ended, strongest
//! first: the dial's own end; a word of the caller's leg that excludes a conversation; once the caller's
//! leg has ended, a leg whose word is conclusive; and, only when waiting was given up ([`give_up`]),
//! what else is known. The caller's leg being `completed` decides nothing: on Twilio it is so for every
//! call whose document ran (telephony facts §0.3). Two things are told apart from it: a call that
//! nobody accepted was not answered, and a call without a conversation in which a message was left
//! is a voicemail.

use crate::call::caller::Home;
use crate::call::dial::{DialFacts, LegEnd};
use crate::call::facts::CallFacts;
use crate::call::model::{Call, CallEvent, CallEventKind, CallStatus, Caller, DialOutcome};
use crate::call::outcome::model::{Outcome, OutcomeChange};
use crate::call::routing::model::{Route, RouteStep};
use crate::platform::clock::Millis;
use crate::platform::ids::CallId;
use crate::platform::phone::PhoneNumber;

/// Most event ids that a call remembers. Merging is idempotent anyway; the list saves versions.
pub const MAX_APPLIED: usize = 64;

/// The call after `event`, and whether that is another version than before.
pub fn apply(known: Option<Call>, event: &CallEvent) -> (Call, bool) {
    let before = known.unwrap_or_else(|| blank(event));
    let mut call = before.clone();
    call.facts.merge(event);
    if let CallEventKind::Told { step } = &event.kind {
        call.route.get_or_insert_default().tell((**step).clone());
    }
    call.caller = merged_caller(call.caller, &event.from);
    call.tracking_number = known_or(call.tracking_number, event.to.clone());
    call.sip_call_id = call.sip_call_id.max(event.sip_call_id.clone());
    if !call.applied.contains(&event.dedup) && call.applied.len() < MAX_APPLIED {
        call.applied.push(event.dedup.clone());
    }
    next_version(before, call)
}

/// The call when no further event is expected of it at `now`, and whether that is another version.
pub fn give_up(before: Call, now: Millis) -> (Call, bool) {
    if before.status.is_final() {
        return (before, false);
    }
    let mut call = before.clone();
    call.facts.give_up(now);
    next_version(before, call)
}

/// The call after somebody (`by`) told at `now` what came of it, and whether that is another version.
pub fn amend(before: Call, change: &OutcomeChange, by: &str, now: Millis) -> (Call, bool) {
    let mut call = before.clone();
    call.outcome = change.apply(&before.outcome, by, now);
    next_version(before, call)
}

/// The call with a step of its route more. Its version stays: that is for whoever saves it.
pub fn routed(mut call: Call, step: RouteStep) -> Call {
    call.route.get_or_insert_default().add(step);
    derive(&mut call);
    call
}

fn next_version(before: Call, mut call: Call) -> (Call, bool) {
    derive(&mut call);
    if call == before {
        return (before, false);
    }
    call.version = before.version.saturating_add(1);
    (call, true)
}

fn blank(event: &CallEvent) -> Call {
    Call {
        id: CallId::of(&event.site, &event.provider, &event.provider_call_id),
        version: 0,
        site: event.site.clone(),
        provider: event.provider.clone(),
        provider_call_id: event.provider_call_id.clone(),
        tracking_number: None,
        caller: Caller::default(),
        caller_hash: None,
        first_time: None,
        status: CallStatus::Received,
        started_at: event.at,
        ringing_at: None,
        answered_at: None,
        ended_at: None,
        wait_s: None,
        talk_s: None,
        dial_outcome: None,
        destination: None,
        recording_url: None,
        sip_call_id: None,
        queue_s: None,
        hold_s: None,
        transferred_at: None,
        keys: Vec::new(),
        attribution: None,
        route: None,
        screen: None,
        home: Home::default(),
        outcome: Outcome::default(),
        score: None,
        conversions: Vec::new(),
        applied: Vec::new(),
        facts: CallFacts::default(),
    }
}

/// All events of a call tell the same number or none; the order only makes the rule symmetric.
fn known_or(known: Option<PhoneNumber>, told: Option<PhoneNumber>) -> Option<PhoneNumber> {
    match (known, told) {
        (Some(known), Some(told)) => Some(known.min(told)),
        (known, told) => known.or(told),
    }
}

fn merged_caller(known: Caller, told: &Caller) -> Caller {
    Caller {
        number: known_or(known.number, told.number.clone()),
        hash: known.hash.or_else(|| told.hash.clone()),
        // Only numbers whose key is not here are sealed still.
        sealed: if known.sealed.is_empty() { told.sealed.clone() } else { known.sealed },
        name: known.name.max(told.name.clone()),
        city: known.city.max(told.city.clone()),
        region: known.region.max(told.region.clone()),
        country: known.country.max(told.country.clone()),
        forwarded_from: known_or(known.forwarded_from, told.forwarded_from.clone()),
        attestation: known.attestation.max(told.attestation),
        ad: known.ad.max(told.ad.clone()),
    }
}

/// How the call ended, as far as the facts decide it.
fn outcome(call: &Call) -> Option<DialOutcome> {
    let facts = &call.facts;
    let rejected = call.route.as_ref().is_some_and(Route::is_rejected);
    let outcome = connection(facts).filter(|outcome| {
        // What the network says of a call that was turned away is only how it was told.
        !rejected || *outcome == DialOutcome::Answered
    });
    let outcome = outcome.or(rejected.then_some(DialOutcome::Rejected));
    match (outcome, &facts.voicemail) {
        (Some(DialOutcome::Answered), _) | (_, None) => outcome,
        // The message is the last word, also when nobody was dialled.
        (Some(_), Some(_)) => Some(DialOutcome::Voicemail),
        (None, Some(_)) if facts.parent.is_some() => Some(DialOutcome::Voicemail),
        (None, Some(_)) => None,
    }
}

/// How the attempts to connect the caller ended: once somebody took the call, that; else once a dial
/// that nothing follows has ended, the last one; else, once the caller has gone, what is known.
fn connection(facts: &CallFacts) -> Option<DialOutcome> {
    let ended = || facts.dials().filter_map(|(stage, dial)| Some((stage, dial.word(dial.dial?))));
    if ended().any(|(stage, _)| !stage.more) {
        return best(ended().map(|(_, word)| word));
    }
    // Nobody took those that are over, unless this one says so.
    let answered = DialOutcome::Answered;
    if ended().any(|(_, word)| word == answered) {
        return Some(answered);
    }
    let by_dials = || {
        best(facts.dials().filter_map(|(_, dial)| {
            let leg = dial.leg.filter(|leg| leg.conclusive);
            Some(dial.word(dial.dial.or(leg)?))
        }))
    };
    let by_parent = facts.parent.and_then(|parent| match (parent.outcome, parent.duration_s) {
        // The dial's end is reported before the caller's leg ends, unless the caller gave up.
        (word, _) if by_dials().is_some() => match word {
            Some(DialOutcome::Canceled | DialOutcome::NoAnswer)
                if by_dials() != Some(answered) && facts.marked.iter().any(|d| d.stage.more) =>
            {
                Some(DialOutcome::Canceled)
            }
            _ => by_dials(),
        },
        (Some(DialOutcome::NoAnswer), _) => Some(DialOutcome::Canceled),
        (Some(word), _) => Some(word),
        // Nobody talks for zero seconds.
        (None, Some(0)) if taken_at(facts).is_none() => Some(DialOutcome::Canceled),
        (None, _) => None,
    });
    if by_parent.is_some() || facts.given_up_at.is_none() {
        return by_parent;
    }
    let by_any = best(facts.dials().filter_map(|(_, dial)| Some(dial.word(dial.end()?))));
    Some(match (by_any, open_dial(facts), facts.parent) {
        (Some(word), _, _) => word,
        (None, Some(dial), _) if dial.accepted == Some(false) => DialOutcome::NoAnswer,
        (None, Some(_), _) => DialOutcome::Answered,
        (None, None, Some(_)) => DialOutcome::Canceled,
        (None, None, None) => DialOutcome::NoAnswer,
    })
}

/// Of the words on the dials of a call, in order, the one that counts: that somebody took it, or else
/// the last.
fn best(words: impl Iterator<Item = DialOutcome>) -> Option<DialOutcome> {
    let answered = DialOutcome::Answered;
    words.reduce(|known, word| if known == answered { known } else { word })
}

/// A dial that somebody picked up and that has not ended.
fn open_dial(facts: &CallFacts) -> Option<&DialFacts> {
    let mut dials = facts.latest_first().map(|(_, dial)| dial);
    dials.find(|dial| dial.taken_at().is_some() && dial.dial.is_none())
}

fn taken_at(facts: &CallFacts) -> Option<Millis> {
    open_dial(facts)?.taken_at()
}

/// The dial that the call's times are of: the one that somebody took, or else the last that ended.
fn decisive(facts: &CallFacts) -> &DialFacts {
    let dials = || facts.latest_first().map(|(_, dial)| dial);
    let taken =
        |dial: &&DialFacts| dial.end().is_some_and(|end| dial.word(end) == DialOutcome::Answered);
    let found =
        dials().find(|dial| dial.dial.is_some() && taken(dial)).or_else(|| dials().find(taken));
    found.or_else(|| dials().find(|dial| dial.end().is_some())).unwrap_or(&facts.unmarked)
}

fn derive(call: &mut Call) {
    let facts = &call.facts;
    let started_at = facts.received_at.or(facts.first_sign_at).unwrap_or(call.started_at);
    // Providers cut their times to seconds: a moment cannot be before the call began.
    let not_before = |at: Millis| at.max(started_at);
    let outcome = outcome(call);
    let dial = decisive(facts);
    let taken_at = dial.taken_at().or(taken_at(facts)).or(facts.unmarked.taken_at());
    let talked = talked_leg(dial, outcome);
    let parent_ended = facts.parent.map(|parent| parent.at);
    let leg_ended = dial.end().map(|leg| leg.at);
    let given_up = facts.given_up_at.and(facts.last_sign_at());

    call.started_at = started_at;
    call.dial_outcome = dial.dial.map(|end| end.outcome);
    let message = || facts.voicemail.as_ref().and_then(|message| message.url.clone());
    let recording = facts.recording.as_ref().map(|recording| recording.url.clone());
    call.recording_url = recording.or_else(message);
    call.ringing_at = facts.rang_at.map(not_before);
    call.status = match outcome {
        Some(outcome) => final_status(outcome),
        None if open_dial(facts).is_some() => CallStatus::InProgress,
        None if facts.rang_at.is_some() => CallStatus::Ringing,
        None => CallStatus::Received,
    };
    // While the dial's end is open a leg's end is not the call's: another leg may still ring.
    let over = outcome.is_some() || parent_ended.is_some();
    let ended = parent_ended.or(leg_ended).or(given_up);
    call.ended_at = ended.filter(|_| over).map(not_before);
    call.answered_at = match outcome {
        None => open_dial(facts).and_then(DialFacts::taken_at).map(not_before),
        Some(DialOutcome::Answered) => taken_at
            .or_else(|| {
                let talk_s = talk_told(dial, talked)?;
                Some(talked?.at.plus(-1000 * i64::from(talk_s)))
            })
            .map(not_before),
        Some(_) => None,
    };
    call.talk_s = match outcome {
        Some(DialOutcome::Answered) => talk_told(dial, talked).or_else(|| {
            let end = leg_ended.or(parent_ended)?;
            Some(seconds(call.answered_at?, end))
        }),
        _ => None,
    };
    let waited_until = match (call.answered_at, outcome) {
        (Some(answered), _) => Some(answered),
        (None, Some(DialOutcome::Answered) | None) => None,
        (None, Some(_)) => match (leg_ended, parent_ended) {
            (Some(leg), Some(parent)) => Some(leg.min(parent)),
            (leg, parent) => leg.or(parent),
        },
    };
    call.wait_s = waited_until.map(|until| seconds(started_at, until));
    call.queue_s = facts.queued_s(call.ended_at);
    call.hold_s = facts.hold_s(call.ended_at);
    call.transferred_at = facts.transfers.first().map(|transfer| not_before(transfer.at));
    call.keys.clone_from(&facts.keys);
}

/// The leg that the conversation was on.
fn talked_leg(dial: &DialFacts, outcome: Option<DialOutcome>) -> Option<LegEnd> {
    let answered = |leg: &LegEnd| leg.outcome == DialOutcome::Answered;
    dial.end().filter(|leg| outcome == Some(DialOutcome::Answered) && answered(leg))
}

/// How long was talked, as the leg tells it, or else as the best of the dial's legs does.
fn talk_told(dial: &DialFacts, talked: Option<LegEnd>) -> Option<u32> {
    let of_leg = dial.leg.filter(|leg| leg.outcome == DialOutcome::Answered);
    talked.and_then(|leg| leg.talk_s).or_else(|| of_leg.and_then(|leg| leg.talk_s))
}

/// Whole seconds between two moments, rounded; 0 when they are in the wrong order.
fn seconds(from: Millis, to: Millis) -> u32 {
    u32::try_from((to.since(from).max(0) + 500) / 1000).unwrap_or(u32::MAX)
}

fn final_status(outcome: DialOutcome) -> CallStatus {
    match outcome {
        DialOutcome::Answered => CallStatus::Answered,
        DialOutcome::Busy => CallStatus::Busy,
        DialOutcome::NoAnswer => CallStatus::NoAnswer,
        DialOutcome::Failed => CallStatus::Failed,
        DialOutcome::Canceled => CallStatus::Canceled,
        DialOutcome::Rejected => CallStatus::Rejected,
        DialOutcome::Voicemail => CallStatus::Voicemail,
    }
}
