//! The facts: one row for each session, lease, call, touch and postback verdict. The columns, in
//! this order, are those of `sql/schema.sql`.

use jiff::civil::Date;
use uuid::Uuid;

use crate::attribution::credit::Credits;
use crate::call::outcome::model::Outcome;
use crate::platform::clock::Millis;
use crate::visit::model::{Machine, Place, Source};

/// When something happened by the clock on the site's wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The date.
    pub date: Date,
    /// The hour, 0 to 23.
    pub hour: i8,
    /// ISO weekday, 1 = Monday.
    pub weekday: i8,
}

/// Which row of the same thing is the newest.
pub trait Versioned {
    /// What the row is about; rows with the same id replace each other.
    type Id: Eq + std::hash::Hash;
    /// The row's id.
    fn id(&self) -> Self::Id;
    /// Rises with every change; the greatest wins.
    fn version(&self) -> i64;
}

/// One session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    /// The session.
    pub id: Uuid,
    /// When its event was written (ms).
    pub version: i64,
    /// The site.
    pub site: String,
    /// The visitor, with consent.
    pub visitor: Option<Uuid>,
    /// When it began.
    pub started_at: Millis,
    /// The same on the site's wall.
    pub local: LocalTime,
    /// Where it came from.
    pub source: Source,
    /// Host of the referrer.
    pub referrer_host: String,
    /// Host of the first page.
    pub landing_host: String,
    /// Path of the first page.
    pub landing_page: String,
    /// What showed its pages.
    pub machine: Machine,
    /// Where they were shown.
    pub place: Place,
    /// Whether its source is that of an earlier visit.
    pub carried: bool,
}

/// One number that was granted, or could not be.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaseRow {
    /// The ledger event's id: session, pool and tier.
    pub id: String,
    /// When its event was written (ms).
    pub version: i64,
    /// The site.
    pub site: String,
    /// The session.
    pub session: Uuid,
    /// The pool.
    pub pool: String,
    /// The target, when one was named.
    pub target: Option<String>,
    /// The number; none with tier `original`.
    pub number: Option<String>,
    /// How good it is.
    pub tier: &'static str,
    /// When.
    pub granted_at: Millis,
    /// The same on the site's wall.
    pub local: LocalTime,
}

/// One call, as its newest snapshot tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow {
    /// The call.
    pub id: Uuid,
    /// The snapshot's version.
    pub version: i64,
    /// The site.
    pub site: String,
    /// Provider name.
    pub provider: String,
    /// The provider's id.
    pub provider_call_id: String,
    /// The number that was called.
    pub tracking_number: Option<String>,
    /// Where it was forwarded to.
    pub destination: Option<String>,
    /// The first 64 bits of the keyed hash of the caller's number.
    pub caller: Option<u64>,
    /// ISO country, region and city of the caller, empty when unknown.
    pub caller_place: [String; 3],
    /// First call of this caller.
    pub first_time: Option<bool>,
    /// Status word.
    pub status: &'static str,
    /// What reports count it as.
    pub outcome: CallOutcome,
    /// When it arrived.
    pub started_at: Millis,
    /// When the destination rang, when a person answered, when it ended.
    pub moments: [Option<Millis>; 3],
    /// Seconds until answered or given up.
    pub wait_s: Option<u32>,
    /// Seconds talked.
    pub talk_s: Option<u32>,
    /// `started_at` on the site's wall.
    pub local: LocalTime,
    /// Whether a source was found.
    pub attributed: bool,
    /// How: `holder`, `static`, `none`.
    pub basis: &'static str,
    /// Probability of the answer; none without one.
    pub confidence: Option<f64>,
    /// How the number was held.
    pub tier: &'static str,
    /// The chosen session.
    pub session: Option<Uuid>,
    /// Its visitor.
    pub visitor: Option<Uuid>,
    /// When it began.
    pub session_started_at: Option<Millis>,
    /// The source that gets the call.
    pub source: Source,
    /// Host of the chosen session's referrer.
    pub referrer_host: String,
    /// Its landing host.
    pub landing_host: String,
    /// Its landing page.
    pub landing_page: String,
    /// What showed its pages.
    pub machine: Machine,
    /// Where they were shown.
    pub place: Place,
    /// Seconds in a queue, and on hold.
    pub waits: [Option<u32>; 2],
    /// Whether it was handed on to somebody else; none when nobody told.
    pub transferred: Option<bool>,
    /// What came of it: as somebody told, or else by the site's scoring rules.
    pub told: Outcome,
    /// The rule that routed it, the last route that it took, and the keys that its caller pressed.
    pub routed: [String; 3],
    /// Whether reports leave it out unless asked.
    pub unwanted: bool,
    /// What the spam screen found, joined by commas.
    pub spam_reasons: String,
    /// How it came to be known.
    pub origin: &'static str,
    /// When the business first called back, and when it first reached the caller by that.
    pub called_back: [Option<Millis>; 2],
    /// Names of the conversions that it met, joined by U+001F.
    pub conversions: String,
}

/// A call's whole snapshot, for lists and for calls that Redis has forgotten.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotRow {
    /// The call.
    pub id: Uuid,
    /// Its version.
    pub version: i64,
    /// The site.
    pub site: String,
    /// When it arrived.
    pub started_at: Millis,
    /// What searches look at, in lower case.
    pub searchable: String,
    /// The snapshot as JSON.
    pub snapshot: String,
}

/// One lead.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadRow {
    /// The lead.
    pub id: Uuid,
    /// When its event was written (ms).
    pub version: i64,
    /// The site.
    pub site: String,
    /// What it is: `form`, `chat`, ….
    pub kind: String,
    /// When it came.
    pub created_at: Millis,
    /// The same on the site's wall.
    pub local: LocalTime,
    /// The session that it came from.
    pub session: Option<Uuid>,
    /// Its visitor.
    pub visitor: Option<Uuid>,
    /// The first 64 bits of the keyed hash of the lead's number.
    pub caller: Option<u64>,
    /// Where it came from.
    pub source: Source,
    /// Landing host of the session.
    pub landing_host: String,
    /// Its landing page.
    pub landing_page: String,
}

/// What reports count a call as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It is not over yet: a call, but neither answered nor missed.
    Open,
    /// A person answered.
    Answered,
    /// Nobody did: busy, no answer, failed, canceled, voicemail.
    Missed,
    /// Turned away by a rule.
    Rejected,
}

impl CallOutcome {
    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            CallOutcome::Open => "open",
            CallOutcome::Answered => "answered",
            CallOutcome::Missed => "missed",
            CallOutcome::Rejected => "rejected",
        }
    }
}

/// One touch of a call's winner.
#[derive(Clone, Debug, PartialEq)]
pub struct TouchRow {
    /// The call.
    pub call: Uuid,
    /// The site.
    pub site: String,
    /// 0 = the oldest.
    pub position: i16,
    /// The session of the touch.
    pub session: Uuid,
    /// When it was.
    pub touched_at: Millis,
    /// Where it came from.
    pub source: Source,
    /// Its landing page.
    pub landing_page: String,
    /// Its shares of the call.
    pub credits: Credits,
}

/// The verdict of one postback attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct PostbackRow {
    /// The ledger event's id: postback and attempt.
    pub id: String,
    /// When its event was written (ms).
    pub version: i64,
    /// The site.
    pub site: String,
    /// The postback.
    pub postback: String,
    /// The destination.
    pub destination: String,
    /// The call.
    pub call: Uuid,
    /// Name of the conversion rule.
    pub conversion: String,
    /// Attempts made.
    pub attempts: u32,
    /// `delivered`, `rejected`, `retry`, `skipped`, `gave_up`.
    pub verdict: &'static str,
    /// The reason, empty when delivered.
    pub why: String,
    /// Not before this moment, with `retry`.
    pub retry_at: Option<Millis>,
    /// When the verdict fell.
    pub settled_at: Millis,
    /// The same on the site's wall.
    pub local: LocalTime,
}

/// A call with its touches: they are replaced together.
#[derive(Clone, Debug, PartialEq)]
pub struct CallFact {
    /// The call.
    pub call: CallRow,
    /// Its touches, oldest first.
    pub touches: Vec<TouchRow>,
    /// Its snapshot.
    pub snapshot: SnapshotRow,
}

/// The rows of one batch; each id once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Sessions.
    pub sessions: Vec<SessionRow>,
    /// Leases.
    pub leases: Vec<LeaseRow>,
    /// Calls with their touches.
    pub calls: Vec<CallFact>,
    /// Postback verdicts.
    pub postbacks: Vec<PostbackRow>,
    /// Leads.
    pub leads: Vec<LeadRow>,
}

impl Versioned for SessionRow {
    type Id = Uuid;
    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for LeaseRow {
    type Id = String;
    fn id(&self) -> String {
        self.id.clone()
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for CallFact {
    type Id = Uuid;
    fn id(&self) -> Uuid {
        self.call.id
    }
    fn version(&self) -> i64 {
        self.call.version
    }
}

impl Versioned for PostbackRow {
    type Id = String;
    fn id(&self) -> String {
        self.id.clone()
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for LeadRow {
    type Id = Uuid;
    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}
