//! What the events of a call told, merged so that order and repetition do not matter. Pure.
//!
//! Every field merges by a rule that is commutative, associative and idempotent (earliest time,
//! strongest word), so the same set of events gives the same facts in any order, and an event that
//! comes twice changes nothing.

use serde::{Deserialize, Serialize};

use crate::call::model::{CallEvent, CallEventKind, CallOrigin, DialOutcome};
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

/// Most key presses, holds, call-backs and transfers that a call remembers of each; the earliest stay.
const MAX_KEPT: usize = 32;

/// The merged facts of one call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFacts {
    /// When it arrived, by the event that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Millis>,
    /// The earliest moment of any event: stands in while the arrival is unknown.
    pub first_sign_at: Option<Millis>,
    /// When the destination rang first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rang_at: Option<Millis>,
    /// When a leg was picked up first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picked_up_at: Option<Millis>,
    /// When caller and callee heard each other first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Millis>,
    /// Whether somebody who was asked to accept the call did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// How the dial ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dial: Option<LegEnd>,
    /// How its best leg ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leg: Option<LegEnd>,
    /// How the caller's own leg ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentEnd>,
    /// The longest recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
    /// The longest message that the caller left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voicemail: Option<Message>,
    /// When the caller came to a queue first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<Millis>,
    /// Most seconds that were told of waiting in a queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_s: Option<u32>,
    /// When the conversation was put on hold, and when it went on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<HoldMoment>,
    /// Most seconds that were told of being on hold altogether.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_s: Option<u32>,
    /// Where the call was handed on to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
    /// What keys were pressed; the same keys at the same step count once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyPress>,
    /// How it came to be known; the word that says most stays.
    pub origin: CallOrigin,
    /// When the business called back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub call_backs: Vec<CallBack>,
    /// When waiting for an end was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_up_at: Option<Millis>,
}

/// The end of a dial or of one of its legs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LegEnd {
    /// How it ended.
    pub outcome: DialOutcome,
    /// Seconds talked, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_s: Option<u32>,
    /// When it ended.
    pub at: Millis,
    /// Whether it decides once the whole call has ended; a dial's end always does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conclusive: bool,
}

/// A message that the caller left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Message {
    /// Its length in seconds, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// Where it can be fetched, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A moment at which a conversation was held or went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HoldMoment {
    /// When.
    pub at: Millis,
    /// Whether it went on; otherwise it was put on hold.
    pub resumed: bool,
}

/// The call was handed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Transfer {
    /// When.
    pub at: Millis,
    /// To whom, when that is a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<PhoneNumber>,
}

/// The business called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallBack {
    /// When.
    pub at: Millis,
    /// Whether the caller was reached.
    pub answered: bool,
}

/// Keys that the caller pressed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyPress {
    /// When.
    pub at: Millis,
    /// Mark of the step that asked for them; empty when none did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
    /// The keys.
    pub digits: String,
}

/// The end of the caller's own leg.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParentEnd {
    /// When it ended.
    pub at: Millis,
    /// Seconds from the moment the network counted it as answered; not talk time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// Its own final word, when that says more than "completed".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<DialOutcome>,
}

/// A recording that can be fetched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Recording {
    /// Its length in seconds, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// Where.
    pub url: String,
}

impl CallFacts {
    /// Adds what `event` tells.
    pub fn merge(&mut self, event: &CallEvent) {
        let at = event.at;
        earliest(&mut self.first_sign_at, at);
        match &event.kind {
            CallEventKind::Received => earliest(&mut self.received_at, at),
            CallEventKind::Reconciled => self.origin = self.origin.max(CallOrigin::Reconciled),
            CallEventKind::Imported => self.origin = CallOrigin::Imported,
            &CallEventKind::CalledBack { answered } => {
                keep_earliest(&mut self.call_backs, CallBack { at, answered }, |a, b| a == b);
            }
            CallEventKind::Ringing => earliest(&mut self.rang_at, at),
            CallEventKind::Answered => earliest(&mut self.picked_up_at, at),
            CallEventKind::Connected => earliest(&mut self.connected_at, at),
            &CallEventKind::Screened { accepted } => {
                self.accepted = self.accepted.max(Some(accepted));
            }
            CallEventKind::Queued => earliest(&mut self.queued_at, at),
            &CallEventKind::Dequeued { wait_s } => self.queue_s = self.queue_s.max(wait_s),
            CallEventKind::Held => self.hold(HoldMoment { at, resumed: false }),
            CallEventKind::Resumed => self.hold(HoldMoment { at, resumed: true }),
            &CallEventKind::HeldFor { seconds } => self.held_s = self.held_s.max(Some(seconds)),
            CallEventKind::Transferred { to } => {
                let told = Transfer { at, to: to.clone() };
                keep_earliest(&mut self.transfers, told, |a, b| a.to == b.to);
            }
            CallEventKind::KeysPressed { mark, digits } => {
                let told = KeyPress { at, mark: mark.clone(), digits: digits.clone() };
                let same =
                    |a: &KeyPress, b: &KeyPress| (&a.mark, &a.digits) == (&b.mark, &b.digits);
                keep_earliest(&mut self.keys, told, same);
            }
            &CallEventKind::DialEnded { outcome, talk_s } => {
                strongest(&mut self.dial, LegEnd { outcome, talk_s, at, conclusive: true });
            }
            &CallEventKind::LegEnded { outcome, talk_s, conclusive } => {
                strongest(&mut self.leg, LegEnd { outcome, talk_s, at, conclusive });
            }
            &CallEventKind::Ended { duration_s, outcome } => {
                let told = ParentEnd { at, duration_s, outcome };
                self.parent = Some(self.parent.map_or(told, |known| known.merged(told)));
            }
            CallEventKind::Recorded { url, duration_s } => {
                let told = Recording { duration_s: *duration_s, url: url.clone() };
                self.recording = self.recording.take().max(Some(told));
            }
            CallEventKind::VoicemailLeft { url, duration_s } => {
                let told = Message { duration_s: *duration_s, url: url.clone() };
                self.voicemail = self.voicemail.take().max(Some(told));
            }
        }
    }

    fn hold(&mut self, told: HoldMoment) {
        keep_earliest(&mut self.holds, told, |a, b| a == b);
    }

    /// When somebody took the call, as far as is known: caller and callee heard each other, or else a
    /// leg was picked up.
    pub fn taken_at(&self) -> Option<Millis> {
        self.connected_at.or(self.picked_up_at)
    }

    /// Seconds on hold until `end`; `None` when it never was held.
    pub fn hold_s(&self, end: Option<Millis>) -> Option<u32> {
        let mut since: Option<Millis> = None;
        let mut held_ms: i64 = 0;
        for moment in &self.holds {
            match (since, moment.resumed) {
                (None, false) => since = Some(moment.at),
                (Some(from), true) => {
                    held_ms += moment.at.since(from);
                    since = None;
                }
                _ => {}
            }
        }
        if let (Some(from), Some(end)) = (since, end) {
            held_ms += end.since(from).max(0);
        }
        let ever = self.holds.iter().any(|moment| !moment.resumed);
        let by_moments = ever.then(|| u32::try_from((held_ms + 500) / 1000).unwrap_or(u32::MAX));
        by_moments.max(self.held_s)
    }

    /// Notes that at `now` no end is expected any more.
    pub fn give_up(&mut self, now: Millis) {
        earliest(&mut self.given_up_at, now);
    }

    /// The latest moment that anything is known of.
    pub fn last_sign_at(&self) -> Option<Millis> {
        let ends = [self.dial.map(|end| end.at), self.leg.map(|end| end.at)];
        let known = [
            self.received_at,
            self.first_sign_at,
            self.rang_at,
            self.picked_up_at,
            self.connected_at,
        ];
        let parent = self.parent.map(|end| end.at);
        known.into_iter().chain(ends).chain([parent]).flatten().max()
    }
}

impl ParentEnd {
    fn merged(self, other: ParentEnd) -> ParentEnd {
        let outcome = match (self.outcome, other.outcome) {
            (Some(a), Some(b)) => Some(if rank(a) >= rank(b) { a } else { b }),
            (a, b) => a.or(b),
        };
        let duration_s = self.duration_s.max(other.duration_s);
        ParentEnd { at: self.at.min(other.at), duration_s, outcome }
    }
}

fn earliest(known: &mut Option<Millis>, told: Millis) {
    *known = Some(known.map_or(told, |known| known.min(told)));
}

/// Adds `told` in order. Of those that are the `same` the earliest stays, and of all of them the
/// earliest [`MAX_KEPT`], so that order and repetition do not matter.
fn keep_earliest<T: Ord>(known: &mut Vec<T>, told: T, same: impl Fn(&T, &T) -> bool) {
    if let Some(at) = known.iter().position(|other| same(other, &told)) {
        if known[at] <= told {
            return;
        }
        known.remove(at);
    }
    let at = known.partition_point(|other| *other < told);
    known.insert(at, told);
    known.truncate(MAX_KEPT);
}

/// Keeps the end that says more: one answered leg makes the call answered, and the first report
/// of the same end has its best time.
fn strongest(known: &mut Option<LegEnd>, told: LegEnd) {
    let strength =
        |end: &LegEnd| (rank(end.outcome), end.talk_s, end.conclusive, std::cmp::Reverse(end.at));
    if known.as_ref().is_none_or(|known| strength(&told) > strength(known)) {
        *known = Some(told);
    }
}

fn rank(outcome: DialOutcome) -> u8 {
    match outcome {
        DialOutcome::Answered => 6,
        DialOutcome::Voicemail => 5,
        DialOutcome::Rejected => 4,
        DialOutcome::Busy => 3,
        DialOutcome::NoAnswer => 2,
        DialOutcome::Canceled => 1,
        DialOutcome::Failed => 0,
    }
}
