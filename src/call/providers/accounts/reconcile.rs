//! A provider's list of calls → the events that its webhooks would have told. Pure.

use std::collections::HashMap;

use crate::call::answer::Stage;
use crate::call::caller::{caller_number, told_number};
use crate::call::model::{CallEvent, CallEventKind, Caller, DialOutcome};
use crate::call::providers::accounts::model::{Leg, Window};
use crate::call::providers::bounds;
use crate::call::store::{KEEP_CALLS, LONGEST_CALL};
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::ids::CallId;
use crate::platform::phone::PhoneNumber;

/// Webhooks are given this long after a call's end before its provider is believed instead.
pub const SETTLE_MS: i64 = 2 * 60_000;
/// Providers' lists are complete some minutes late.
const SLACK_MS: i64 = 10 * 60_000;

/// A call of the list that is over, with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PastCall {
    /// Our id of it.
    pub id: CallId,
    /// What happened, in order. The first two say that it came, and that the list told it.
    pub events: Vec<CallEvent>,
}

impl PastCall {
    /// The events for a call that webhooks told of: all but that the list told it.
    pub fn without_mark(self) -> impl Iterator<Item = CallEvent> {
        self.events.into_iter().filter(|event| event.kind != CallEventKind::Reconciled)
    }
}

/// When to look from: where the last good look ended, and as long before as a call may last, since the
/// list tells calls by their start; at first `look_back`. Never further than Redis knows calls.
pub fn window(last: Option<Millis>, look_back_ms: i64, now: Millis) -> Window {
    let longest = LONGEST_CALL.as_millis() as i64 + SLACK_MS;
    let from = last.map_or(now.plus(-look_back_ms), |last| last.plus(-longest));
    let oldest = now.plus(-(KEEP_CALLS.as_millis() as i64) + longest);
    Window { from: from.max(oldest).min(now), to: now }
}

/// The calls among `legs` that came to numbers of ours in `window`, and are over.
pub fn past_calls(
    provider: &str,
    site: &Site,
    legs: &[Leg],
    window: Window,
    is_ours: impl Fn(&PhoneNumber) -> bool,
) -> Vec<PastCall> {
    let mut dialled: HashMap<&str, Vec<&Leg>> = HashMap::new();
    for leg in legs.iter().filter(|leg| !leg.inbound) {
        dialled.entry(&leg.call).or_default().push(leg);
    }
    let settled = window.to.plus(-SETTLE_MS);
    let inbound = legs.iter().filter(|leg| leg.inbound);
    let calls = inbound.filter_map(|leg| {
        let call = bounds::id(&leg.call)?;
        let (started_at, ended_at) = (leg.started_at?, leg.ended_at?);
        let outcome = leg.outcome?;
        if started_at < window.from || ended_at > settled {
            return None;
        }
        let to = told_number(&leg.to, &site.country).filter(|to| is_ours(to))?;
        let mut told = Told { provider, call, site, leg, to, now: window.to, events: Vec::new() };
        told.add(CallEventKind::Received, "received", started_at);
        told.add(CallEventKind::Reconciled, "reconciled", started_at);
        for leg in dialled.get(call).into_iter().flatten() {
            told.add_leg(leg);
        }
        let word = Some(outcome).filter(|outcome| *outcome != DialOutcome::Answered);
        let lasted = ended_at.since(started_at).max(0) / 1000;
        let duration_s = leg.talk_s.or_else(|| u32::try_from(lasted).ok());
        told.add(CallEventKind::Ended { duration_s, outcome: word }, "ended", ended_at);
        Some(PastCall { id: CallId::of(&site.id, provider, call), events: told.events })
    });
    calls.collect()
}

/// The events of one call.
struct Told<'a> {
    provider: &'a str,
    call: &'a str,
    site: &'a Site,
    leg: &'a Leg,
    to: PhoneNumber,
    now: Millis,
    events: Vec<CallEvent>,
}

impl Told<'_> {
    fn add(&mut self, kind: CallEventKind, detail: &str, at: Millis) {
        self.events.push(CallEvent {
            controlled: None,
            provider: self.provider.to_owned(),
            provider_call_id: self.call.to_owned(),
            dedup: format!("list:{detail}"),
            site: self.site.id.clone(),
            at,
            received_at: self.now,
            to: Some(self.to.clone()),
            from: self.caller(),
            sip_call_id: None,
            stage: Stage::default(),
            dialled: None,
            kind,
        });
    }

    fn add_leg(&mut self, leg: &Leg) {
        let (Some(outcome), Some(ended_at), Some(id)) =
            (leg.outcome, leg.ended_at, bounds::id(&leg.id))
        else {
            return;
        };
        if let Some(rang_at) = leg.started_at {
            self.add(CallEventKind::Ringing, &format!("ringing:{id}"), rang_at);
        }
        if outcome == DialOutcome::Answered {
            let by_talk = || Some(ended_at.plus(-1000 * i64::from(leg.talk_s?)));
            if let Some(answered_at) = leg.answered_at.or_else(by_talk) {
                self.add(CallEventKind::Answered, &format!("answered:{id}"), answered_at);
            }
        }
        let kind = CallEventKind::LegEnded { outcome, talk_s: leg.talk_s, conclusive: true };
        self.add(kind, &format!("leg:{id}"), ended_at);
    }

    fn caller(&self) -> Caller {
        let country = &self.site.country;
        let Some(number) = caller_number(&self.leg.from, country) else {
            return Caller::default();
        };
        Caller {
            name: bounds::text(&self.leg.name),
            country: number.country().unwrap_or_default(),
            forwarded_from: caller_number(&self.leg.forwarded_from, country),
            number: Some(number),
            ..Caller::default()
        }
    }
}
