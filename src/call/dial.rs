//! What is told of one dial: the attempt to connect the caller with somebody. Pure.
//!
//! A call has one, or several when it is routed on; each merges by itself, in any order.

use serde::{Deserialize, Serialize};

use crate::call::answer::Stage;
use crate::call::facts::earliest;
use crate::call::model::{CallEvent, CallEventKind, DialOutcome};
use crate::platform::clock::Millis;

/// The merged facts of one dial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DialFacts {
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
    /// The first leg that was picked up, when it is told where it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<TakenBy>,
}

/// A dial that is told apart from others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarkedDial {
    /// Which step of the call it is.
    #[serde(flatten)]
    pub stage: Stage,
    /// What is told of it.
    #[serde(flatten)]
    pub told: DialFacts,
}

/// Who picked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TakenBy {
    /// When.
    pub at: Millis,
    /// What was dialled: `+…` or `sip:…`.
    pub address: String,
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

impl DialFacts {
    /// Adds what an event of this dial tells.
    pub fn merge(&mut self, event: &CallEvent) {
        let at = event.at;
        match event.kind {
            CallEventKind::Answered => {
                earliest(&mut self.picked_up_at, at);
                self.taken(event);
            }
            CallEventKind::Connected => {
                earliest(&mut self.connected_at, at);
                self.taken(event);
            }
            CallEventKind::Screened { accepted } => {
                self.accepted = self.accepted.max(Some(accepted));
            }
            CallEventKind::DialEnded { outcome, talk_s } => {
                strongest(&mut self.dial, LegEnd { outcome, talk_s, at, conclusive: true });
            }
            CallEventKind::LegEnded { outcome, talk_s, conclusive } => {
                strongest(&mut self.leg, LegEnd { outcome, talk_s, at, conclusive });
                if outcome == DialOutcome::Answered {
                    self.taken(event);
                }
            }
            _ => {}
        }
    }

    fn taken(&mut self, event: &CallEvent) {
        let Some(address) = event.dialled.clone() else { return };
        let told = TakenBy { at: event.at, address };
        self.taken_by = Some(self.taken_by.take().map_or(told.clone(), |known| known.min(told)));
    }

    /// When somebody took the call, as far as is known: caller and callee heard each other, or else a
    /// leg was picked up.
    pub fn taken_at(&self) -> Option<Millis> {
        self.connected_at.or(self.picked_up_at)
    }

    /// The end that counts: the dial's own, or else that of its best leg.
    pub fn end(&self) -> Option<LegEnd> {
        self.dial.or(self.leg)
    }

    /// What `end` says. Somebody who picked up, was asked to accept the call, and did not, took none.
    pub fn word(&self, end: LegEnd) -> DialOutcome {
        match end.outcome {
            DialOutcome::Answered if self.accepted == Some(false) => DialOutcome::NoAnswer,
            outcome => outcome,
        }
    }
}

/// Keeps the end that says more: one answered leg makes the call answered, and the first report
/// of the same end has its best time. What was decided stays decided: one conclusive word is enough.
fn strongest(known: &mut Option<LegEnd>, told: LegEnd) {
    let strength = |end: &LegEnd| (rank(end.outcome), end.talk_s, std::cmp::Reverse(end.at));
    let conclusive = told.conclusive || known.is_some_and(|known| known.conclusive);
    let stronger = known.filter(|known| strength(known) >= strength(&told)).unwrap_or(told);
    *known = Some(LegEnd { conclusive, ..stronger });
}

/// How much a word on the end of a call says, against others.
pub(super) fn rank(outcome: DialOutcome) -> u8 {
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
