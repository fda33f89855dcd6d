//! The facts: one row for each session, lease, call, touch and postback verdict. The columns, in
//! this order, are those of `sql/schema.sql`.

use jiff::civil::Date;
use uuid::Uuid;

use crate::attribution::credit::Credits;
use crate::call::outcome::model::Outcome;
use crate::costs::model::{Cost, Staffing};
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

/// What a moment is filed under beside its local time; texts are empty where nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filed {
    /// The site's offset from UTC: `+02:00`.
    pub offset: String,
    /// The first of the site's business hours that was open.
    pub shift: String,
}

/// What pages tell of a visit by tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tagged {
    /// The traffic partner that sent it.
    pub publisher: String,
    /// Which variant of an A/B test it was shown.
    pub variant: String,
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
    /// What its beginning is filed under.
    pub filed: Filed,
    /// What its pages tell by tags.
    pub tagged: Tagged,
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
    /// What it is filed under.
    pub filed: Filed,
    /// What sort of number it is; empty without one.
    pub number_kind: &'static str,
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
    /// What its arrival is filed under.
    pub filed: Filed,
    /// What its visit's pages tell by tags.
    pub tagged: Tagged,
    /// Path of the page on which its number was seen last; empty when unknown.
    pub page: String,
    /// The pool or the static number that was called; empty when it is neither.
    pub tracker: String,
    /// What sort of number was called; empty when unknown.
    pub number_kind: &'static str,
    /// Area code of the caller; empty when unknown.
    pub caller_area_code: String,
    /// How long it was talked, in words; empty when nobody talked or nobody told.
    pub duration_band: &'static str,
    /// How sure its answer is, in words; empty without one.
    pub confidence_band: &'static str,
    /// Whether the caller dialled another number, which was forwarded; none when nobody told.
    pub forwarded: Option<bool>,
    /// Whether it reached nobody because the line was busy, failed or full.
    pub blocked: bool,
    /// When it was told that it became business.
    pub converted_at: Option<Millis>,
    /// How often the business called back, and how often it reached the caller by that.
    pub call_backs: [u32; 2],
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
    /// What it is filed under.
    pub filed: Filed,
}

/// Money that was spent on one thing on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct CostRow {
    /// The same for the same thing and day.
    pub id: String,
    /// When its event was written (ms).
    pub version: i64,
    /// The site.
    pub site: String,
    /// What it was.
    pub cost: Cost,
}

/// How long somebody was there to take calls on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct StaffingRow {
    /// The same for the same agent, day and shift.
    pub id: String,
    /// When its event was written (ms).
    pub version: i64,
    /// The site.
    pub site: String,
    /// Who, and how long.
    pub staffing: Staffing,
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
    /// Costs.
    pub costs: Vec<CostRow>,
    /// Staffing.
    pub staffing: Vec<StaffingRow>,
}
