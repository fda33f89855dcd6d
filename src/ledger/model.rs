//! The envelope around everything that happened.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::call::model::Call;
use crate::costs::model::{Cost, Staffing};
use crate::lead::model::Lead;
use crate::lease::model::LeaseFact;
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::postback::model::PostbackFact;
use crate::visit::model::Visit;

/// The version of the envelope that this program writes, and the newest it reads.
pub const ENVELOPE_VERSION: u16 = 1;

/// The stream field that holds the envelope as JSON; several that happened at once stand in lines.
pub const ENVELOPE_FIELD: &str = "e";

/// One ledger entry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Envelope {
    /// [`ENVELOPE_VERSION`] at the time of writing.
    pub v: u16,
    /// The site.
    pub site: SiteId,
    /// When it happened.
    pub at: Millis,
    /// The same for the same happening: what comes twice counts once.
    pub id: String,
    /// What happened; `kind` and `body` in JSON.
    #[serde(flatten)]
    pub event: Event,
}

/// An envelope whose body was not looked into yet.
#[derive(Deserialize)]
struct Sealed<'a> {
    v: u16,
    site: SiteId,
    at: Millis,
    id: String,
    kind: Kind,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Session,
    Lease,
    Call,
    Postback,
    Lead,
    Cost,
    Staffing,
}

/// The body is read as what its kind says, in one pass; what serde derives for such an enum keeps
/// every value of it in a tree first.
impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Sealed { v, site, at, id, kind, body } = Sealed::deserialize(from)?;
        let event = match kind {
            Kind::Session => serde_json::from_str(body.get()).map(Event::Session),
            Kind::Lease => serde_json::from_str(body.get()).map(Event::Lease),
            Kind::Call => serde_json::from_str(body.get()).map(Event::Call),
            Kind::Postback => serde_json::from_str(body.get()).map(Event::Postback),
            Kind::Lead => serde_json::from_str(body.get()).map(Event::Lead),
            Kind::Cost => serde_json::from_str(body.get()).map(Event::Cost),
            Kind::Staffing => serde_json::from_str(body.get()).map(Event::Staffing),
        };
        Ok(Envelope { v, site, at, id, event: event.map_err(D::Error::custom)? })
    }
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Event {
    /// A session was opened, or its visitor's consent or labels changed: the whole visit. Id: the
    /// session's.
    Session(Box<Visit>),
    /// A number was granted or could not be. Id: session, pool and tier.
    Lease(Box<LeaseFact>),
    /// A call changed: its whole snapshot. Id: call and version.
    Call(Box<Call>),
    /// A postback got a verdict. Id: postback and attempt.
    Postback(Box<PostbackFact>),
    /// Somebody filled in a form, chatted or wrote. Id: the lead's.
    Lead(Box<Lead>),
    /// Somebody told what was spent on something on a day. Id: of what and when, the same for the same.
    Cost(Box<Cost>),
    /// Somebody told how long who was there to take calls. Id: likewise.
    Staffing(Box<Staffing>),
}

impl Envelope {
    /// An envelope of today's version.
    pub fn new(site: SiteId, at: Millis, id: String, event: Event) -> Self {
        Envelope { v: ENVELOPE_VERSION, site, at, id, event }
    }

    /// The envelope as the JSON text that goes into [`ENVELOPE_FIELD`].
    pub fn to_json(&self) -> String {
        // Maps with string keys and finite numbers only: this cannot fail.
        serde_json::to_string(self).expect("an envelope is always JSON")
    }
}

/// The place of an entry in its stream, as Redis numbers them: it only rises.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId {
    /// Milliseconds of the Redis clock when it was added.
    pub ms: u64,
    /// Counts the entries of one millisecond.
    pub seq: u64,
}

/// A text that is no entry id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ledger entry id is <milliseconds>-<counter>")]
pub struct BadEntryId;

impl FromStr for EntryId {
    type Err = BadEntryId;
    fn from_str(text: &str) -> Result<Self, BadEntryId> {
        let (ms, seq) = text.split_once('-').ok_or(BadEntryId)?;
        let number = |digits: &str| digits.parse().map_err(|_| BadEntryId);
        Ok(EntryId { ms: number(ms)?, seq: number(seq)? })
    }
}

impl TryFrom<String> for EntryId {
    type Error = BadEntryId;
    fn try_from(text: String) -> Result<Self, BadEntryId> {
        text.parse()
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> String {
        id.to_string()
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// A message of a stream as it was read, not yet understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its place.
    pub id: EntryId,
    /// The field [`ENVELOPE_FIELD`], one envelope a line; `None` when the message has none or was deleted meanwhile.
    pub text: Option<Vec<u8>>,
}

/// A message that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place.
    pub id: EntryId,
    /// What it says.
    pub envelope: Envelope,
}
