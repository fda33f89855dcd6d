//! The envelope around everything that happened.

use serde::{Deserialize, Serialize};

use crate::call::model::Call;
use crate::lease::model::LeaseFact;
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::postback::model::PostbackFact;
use crate::visit::model::Visit;

/// The version of the envelope that this program writes, and the newest it reads.
pub const ENVELOPE_VERSION: u16 = 1;

/// The stream field that holds the envelope as JSON.
pub const ENVELOPE_FIELD: &str = "e";

/// One ledger entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Event {
    /// A session was opened. Id: the session's.
    Session(Box<Visit>),
    /// A number was granted or could not be. Id: session, pool and tier.
    Lease(Box<LeaseFact>),
    /// A call changed: its whole snapshot. Id: call and version.
    Call(Box<Call>),
    /// A postback got a verdict. Id: postback and attempt.
    Postback(Box<PostbackFact>),
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
