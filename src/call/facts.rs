//! What the events of a call told, merged so that order and repetition do not matter. Pure.
//!
//! Every field merges by a rule that is commutative, associative and idempotent (earliest time,
//! strongest word), so the same set of events gives the same facts in any order, and an event that
//! comes twice changes nothing.

use serde::{Deserialize, Serialize};

use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::platform::clock::Millis;

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
            CallEventKind::Ringing => earliest(&mut self.rang_at, at),
            CallEventKind::Answered => earliest(&mut self.picked_up_at, at),
            &CallEventKind::DialEnded { outcome, talk_s } => {
                strongest(&mut self.dial, LegEnd { outcome, talk_s, at });
            }
            &CallEventKind::LegEnded { outcome, talk_s } => {
                strongest(&mut self.leg, LegEnd { outcome, talk_s, at });
            }
            &CallEventKind::Ended { duration_s, outcome } => {
                let told = ParentEnd { at, duration_s, outcome };
                self.parent = Some(self.parent.map_or(told, |known| known.merged(told)));
            }
            CallEventKind::Recorded { url, duration_s } => {
                let told = Recording { duration_s: *duration_s, url: url.clone() };
                self.recording = self.recording.take().max(Some(told));
            }
        }
    }

    /// Notes that at `now` no end is expected any more.
    pub fn give_up(&mut self, now: Millis) {
        earliest(&mut self.given_up_at, now);
    }

    /// The latest moment that anything is known of.
    pub fn last_sign_at(&self) -> Option<Millis> {
        let ends = [self.dial.map(|end| end.at), self.leg.map(|end| end.at)];
        let known = [self.received_at, self.first_sign_at, self.rang_at, self.picked_up_at];
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

/// Keeps the end that says more: one answered leg makes the call answered, and the first report
/// of the same end has its best time.
fn strongest(known: &mut Option<LegEnd>, told: LegEnd) {
    let strength = |end: &LegEnd| (rank(end.outcome), end.talk_s, std::cmp::Reverse(end.at));
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
