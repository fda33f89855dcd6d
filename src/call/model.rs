//! What a call is: the normalised provider event, and the snapshot that events build.

use serde::{Deserialize, Serialize};

use crate::attribution::model::Attribution;
use crate::call::answer::{Stage, Target};
use crate::call::attestation::Attestation;
use crate::call::caller::Home;
use crate::call::command::model::Controlled;
use crate::call::facts::{CallFacts, KeyPress};
use crate::call::outcome::model::Outcome;
use crate::call::provided::ProvidedAd;
use crate::call::routing::model::{Route, RouteStep};
use crate::call::scoring::Score;
use crate::call::sealed::SealedNumbers;
use crate::call::spam::model::Screen;
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SiteId};
use crate::platform::phone::PhoneNumber;

/// One provider message in our own words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    /// Provider name (`twilio`, `generic`, …).
    pub provider: String,
    /// The provider's id of the whole call.
    pub provider_call_id: String,
    /// Identifies this event among all events of the call; the same event sent twice has the same.
    pub dedup: String,
    /// The site whose webhook was called.
    pub site: SiteId,
    /// When it happened: the provider's time, or the moment it was received.
    pub at: Millis,
    /// When it reached us.
    pub received_at: Millis,
    /// The number that was called, when the event tells.
    pub to: Option<PhoneNumber>,
    /// Who called.
    pub from: Caller,
    /// `Call-ID` of the caller's leg where it is SIP and the event tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    /// Which step of the call it tells of, where the webhook brought a mark.
    #[serde(default, skip_serializing_if = "Stage::is_unknown")]
    pub stage: Stage,
    /// Where the leg that it tells of went, as it was dialled: `+…` or `sip:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialled: Option<String>,
    /// What happened.
    pub kind: CallEventKind,
    /// What it asks for, where the provider is told by commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controlled: Option<Box<Controlled>>,
}

/// The caller as the provider tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The caller's number; `None` when withheld, anonymous or unreadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<PhoneNumber>,
    /// Keyed hash of the number, where the site keeps nothing else of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// `number` and `forwarded_from` as disk and Redis have them, in their place.
    #[serde(default, skip_serializing_if = "SealedNumbers::is_empty")]
    pub sealed: SealedNumbers,
    /// Name shown by the network, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Place by the number's prefix: city, empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub city: String,
    /// Region or state, empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// ISO 3166-1 alpha-2 country, empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// The number that the caller dialled first, when the network forwarded the call from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<PhoneNumber>,
    /// What the network vouches for (STIR/SHAKEN); `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Attestation>,
    /// The ad that the call came from, where the platform that connected it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad: Option<ProvidedAd>,
}

impl Caller {
    /// Whether the network forwarded the call from another number.
    pub fn was_forwarded(&self) -> bool {
        self.forwarded_from.is_some() || self.sealed.forwarded_from.is_some()
    }

    /// Whether nobody knows who it is: the number was withheld.
    pub fn is_anonymous(&self) -> bool {
        self.number.is_none() && self.hash.is_none() && self.sealed.number.is_none()
    }
}

/// What can happen to a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallEventKind {
    /// The call arrived at the tracking number.
    Received,
    /// The provider's list of calls told of it; no webhook had.
    Reconciled,
    /// It was taken over from another system.
    Imported,
    /// The destination rings.
    Ringing,
    /// A leg was picked up: told by the dial leg, never by the parent's state. Where nothing says more,
    /// it counts as answered by a person.
    Answered,
    /// Caller and callee hear each other, after any whisper.
    Connected,
    /// The person who picked up was asked to accept the call (`false`), or accepted it (`true`).
    Screened {
        /// Whether it was accepted.
        accepted: bool,
    },
    /// The caller waits in a queue.
    Queued,
    /// The caller left a queue.
    Dequeued {
        /// Seconds waited there, when told.
        wait_s: Option<u32>,
    },
    /// The conversation was put on hold.
    Held,
    /// The conversation goes on.
    Resumed,
    /// The conversation was on hold for so long altogether, where no moments are told.
    HeldFor {
        /// Seconds.
        seconds: u32,
    },
    /// The business called back.
    CalledBack {
        /// Whether the caller was reached.
        answered: bool,
    },
    /// Somebody of the business talks with the caller.
    Agent {
        /// Who.
        name: String,
    },
    /// The call was handed on to somebody else.
    Transferred {
        /// To which number, when told and when it is one.
        to: Option<PhoneNumber>,
        /// What its provider calls it from here on, where that is another id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        onward: Option<String>,
    },
    /// The caller pressed keys.
    KeysPressed {
        /// Mark of the step that asked for them; empty when none did.
        mark: String,
        /// The keys: digits, `*` and `#`.
        digits: String,
    },
    /// The caller was asked for keys and pressed none.
    NoKeys,
    /// The dial ended: the one word on whether a person and the caller were connected. `talk_s`
    /// counts from answer to end of the dial leg.
    DialEnded {
        /// How it ended.
        outcome: DialOutcome,
        /// Seconds talked on the dial leg, when told.
        talk_s: Option<u32>,
    },
    /// One dialled leg ended. A machine or a whisper prompt can have answered it, so it only
    /// decides when the dial's own end never comes.
    LegEnded {
        /// How the leg ended.
        outcome: DialOutcome,
        /// Seconds from answer to end of the leg, when told.
        talk_s: Option<u32>,
        /// Whether the leg's word is as good as a dial's once the whole call has ended: the provider
        /// has no other.
        #[serde(default)]
        conclusive: bool,
    },
    /// The whole call ended. `duration_s` is the parent's duration, which is *not* talk time.
    Ended {
        /// Seconds from arrival to end, when told.
        duration_s: Option<u32>,
        /// The parent's own final word, when it says more than "completed".
        outcome: Option<DialOutcome>,
    },
    /// A recording can be fetched.
    Recorded {
        /// Where; stored, never fetched.
        url: String,
        /// Its length in seconds, when told.
        duration_s: Option<u32>,
    },
    /// A step of an answer is over, and nothing else is told by it.
    Progressed,
    /// What the call was told while Redis could not be asked.
    Told {
        /// The step.
        step: Box<RouteStep>,
    },
    /// The caller left a message.
    VoicemailLeft {
        /// Where it can be fetched, when told; stored, never fetched.
        url: Option<String>,
        /// Its length in seconds, when told.
        duration_s: Option<u32>,
    },
}

/// How a dial leg ended (telephony facts: outcome table).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialOutcome {
    /// A person and the caller were connected.
    Answered,
    /// The line was busy.
    Busy,
    /// Nobody picked up.
    NoAnswer,
    /// The network failed.
    Failed,
    /// The caller gave up while it rang.
    Canceled,
    /// The callee or a rule turned it away.
    Rejected,
    /// A machine took a message.
    Voicemail,
}

/// How a call came to be known.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CallOrigin {
    /// Its provider's webhooks told of it.
    #[default]
    Webhook,
    /// It was found in its provider's list of calls; no webhook had told of it.
    Reconciled,
    /// It was taken over from another system.
    Imported,
}

impl CallOrigin {
    /// The word used in the API, facts and reports.
    pub fn word(self) -> &'static str {
        match self {
            CallOrigin::Webhook => "webhook",
            CallOrigin::Reconciled => "reconciled",
            CallOrigin::Imported => "imported",
        }
    }
}

/// Where a call stands. The final states are those of the metric catalogue.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// It arrived; nothing else is known yet.
    #[default]
    Received,
    /// The destination rings.
    Ringing,
    /// Caller and callee are talking.
    InProgress,
    /// Final: a person answered.
    Answered,
    /// Final: busy.
    Busy,
    /// Final: nobody picked up.
    NoAnswer,
    /// Final: the network failed.
    Failed,
    /// Final: the caller hung up while it rang.
    Canceled,
    /// Final: a message was left.
    Voicemail,
    /// Final: turned away by a rule.
    Rejected,
}

impl CallStatus {
    /// The word used in the API, facts and reports.
    pub fn word(self) -> &'static str {
        match self {
            CallStatus::Received => "received",
            CallStatus::Ringing => "ringing",
            CallStatus::InProgress => "in_progress",
            CallStatus::Answered => "answered",
            CallStatus::Busy => "busy",
            CallStatus::NoAnswer => "no_answer",
            CallStatus::Failed => "failed",
            CallStatus::Canceled => "canceled",
            CallStatus::Voicemail => "voicemail",
            CallStatus::Rejected => "rejected",
        }
    }

    /// Whether the call is over.
    pub fn is_final(self) -> bool {
        !matches!(self, CallStatus::Received | CallStatus::Ringing | CallStatus::InProgress)
    }
}

/// Everything known of one call: what Redis keeps under `call:<id>`, and the body of the `call`
/// ledger event. The newest version wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Our id, the same for the same provider call.
    pub id: CallId,
    /// Rises with every change.
    pub version: u32,
    /// The site.
    pub site: SiteId,
    /// Provider name.
    pub provider: String,
    /// The provider's id.
    pub provider_call_id: String,
    /// The number that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<PhoneNumber>,
    /// Who called.
    pub caller: Caller,
    /// Keyed hash of the caller's number; `None` for anonymous callers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_hash: Option<String>,
    /// No earlier call from this caller to this site inside the look-back; `None` when the caller
    /// is anonymous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_time: Option<bool>,
    /// Where it stands.
    pub status: CallStatus,
    /// When it arrived.
    pub started_at: Millis,
    /// When the destination rang.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<Millis>,
    /// When a person answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Millis>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Millis>,
    /// Seconds queued or ringing until answered or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_s: Option<u32>,
    /// Seconds talked, answered until ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_s: Option<u32>,
    /// How the dial ended, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dial_outcome: Option<DialOutcome>,
    /// Where it was forwarded to: who took it, or else who was dialled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Target>,
    /// Link to a recording; stored, never fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_url: Option<String>,
    /// `Call-ID` of the caller's leg, where it is SIP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    /// Seconds waited in queues, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_s: Option<u32>,
    /// Seconds on hold, when it was ever held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_s: Option<u32>,
    /// When it was handed on first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferred_at: Option<Millis>,
    /// The keys that the caller pressed, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyPress>,
    /// Where the caller's number is at home.
    #[serde(default, skip_serializing_if = "Home::is_unknown")]
    pub home: Home,
    /// What the spam screen found; `None` while it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen: Option<Screen>,
    /// Where it was sent; `None` when nobody asked, or Redis could not be asked in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// Whose call it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Attribution>,
    /// What came of it, as somebody told.
    #[serde(default)]
    pub outcome: Outcome,
    /// What the site's scoring rules make of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// Names of the site's conversion rules that it meets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversions: Vec<String>,
    /// `dedup` of the events already applied, oldest first, bounded.
    #[serde(default)]
    pub applied: Vec<String>,
    /// What the events told, merged; status, times and durations above are derived from it.
    #[serde(default)]
    pub facts: CallFacts,
}
