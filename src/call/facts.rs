//! What the events of a call told, merged so that order and repetition do not matter. Pure.
//!
//! Every field merges by a rule that is commutative, associative and idempotent (earliest time,
//! strongest word), so the same set of events gives the same facts in any order, and an event that
//! comes twice changes nothing.

use serde::{Deserialize, Serialize};

use crate::call::answer::Stage;
use crate::call::dial::{DialFacts, MarkedDial, rank};
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
    /// What is told of a dial without saying which one: for most calls, of the only one.
    #[serde(flatten)]
    pub unmarked: DialFacts,
    /// The dials whose messages carry a mark, by their step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marked: Vec<MarkedDial>,
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
    /// When the caller left a queue last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dequeued_at: Option<Millis>,
    /// Who of the business talked with the caller last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentTold>,
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

/// Somebody of the business.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AgentTold {
    /// When that was told.
    pub at: Millis,
    /// Who.
    pub name: String,
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
            CallEventKind::Answered
            | CallEventKind::Connected
            | CallEventKind::Screened { .. }
            | CallEventKind::DialEnded { .. }
            | CallEventKind::LegEnded { .. } => self.dial_at(event.stage).merge(event),
            CallEventKind::Queued => earliest(&mut self.queued_at, at),
            &CallEventKind::Dequeued { wait_s } => {
                self.dequeued_at = self.dequeued_at.max(Some(at));
                self.queue_s = self.queue_s.max(wait_s);
            }
            CallEventKind::Agent { name } => {
                let told = AgentTold { at, name: name.clone() };
                self.agent = self.agent.take().max(Some(told));
            }
            CallEventKind::Held => self.hold(HoldMoment { at, resumed: false }),
            CallEventKind::Resumed => self.hold(HoldMoment { at, resumed: true }),
            &CallEventKind::HeldFor { seconds } => self.held_s = self.held_s.max(Some(seconds)),
            CallEventKind::Transferred { to, .. } => {
                let told = Transfer { at, to: to.clone() };
                keep_earliest(&mut self.transfers, told, |a, b| a.to == b.to);
            }
            CallEventKind::KeysPressed { mark, digits } => {
                let told = KeyPress { at, mark: mark.clone(), digits: digits.clone() };
                let same =
                    |a: &KeyPress, b: &KeyPress| (&a.mark, &a.digits) == (&b.mark, &b.digits);
                keep_earliest(&mut self.keys, told, same);
            }
            CallEventKind::NoKeys | CallEventKind::Progressed | CallEventKind::Told { .. } => {}
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

    /// The dial that a message of this stage is about. There are at most [`MAX_HOPS`](crate::call::answer::MAX_HOPS) stages.
    fn dial_at(&mut self, stage: Stage) -> &mut DialFacts {
        if stage.is_unknown() {
            return &mut self.unmarked;
        }
        let found = self.marked.binary_search_by_key(&stage.hop, |dial| dial.stage.hop);
        let at = found.unwrap_or_else(|at| {
            self.marked.insert(at, MarkedDial { stage, told: DialFacts::default() });
            at
        });
        let dial = &mut self.marked[at];
        // A step says the same of itself always; this only makes the rule symmetric.
        dial.stage.more &= stage.more;
        &mut dial.told
    }

    /// Every dial with its stage, in order. What carries no mark comes last: it is told of the call as a
    /// whole, and so of its last dial.
    pub fn dials(&self) -> impl Iterator<Item = (Stage, &DialFacts)> {
        let marked = self.marked.iter().map(|dial| (dial.stage, &dial.told));
        marked.chain([(Stage::default(), &self.unmarked)])
    }

    /// Every dial, the latest that carries a mark first: those know most of themselves.
    pub fn latest_first(&self) -> impl Iterator<Item = (Stage, &DialFacts)> {
        let marked = self.marked.iter().rev().map(|dial| (dial.stage, &dial.told));
        marked.chain([(Stage::default(), &self.unmarked)])
    }

    /// What is told of the dial of one step.
    pub fn dial_of(&self, hop: u8) -> Option<&DialFacts> {
        self.dials().find(|(stage, _)| stage.hop == hop).map(|(_, dial)| dial)
    }

    fn hold(&mut self, told: HoldMoment) {
        keep_earliest(&mut self.holds, told, |a, b| a == b);
    }

    /// Seconds in queues: as told, or else from the first to when the caller left the last, or gave up at `end`. `None` when
    /// they never were in one, or still are.
    pub fn queued_s(&self, end: Option<Millis>) -> Option<u32> {
        let until = self.dequeued_at.or(end);
        let lasted = || Some(until?.since(self.queued_at?).max(0));
        self.queue_s
            .or_else(|| lasted().map(|ms| u32::try_from((ms + 500) / 1000).unwrap_or(u32::MAX)))
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
        let of_dials = self.dials().flat_map(|(_, dial)| {
            let ends = [dial.dial.map(|end| end.at), dial.leg.map(|end| end.at)];
            ends.into_iter().chain([dial.picked_up_at, dial.connected_at])
        });
        let known = [self.received_at, self.first_sign_at, self.rang_at];
        let parent = self.parent.map(|end| end.at);
        known.into_iter().chain(of_dials).chain([parent]).flatten().max()
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

pub(super) fn earliest(known: &mut Option<Millis>, told: Millis) {
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
