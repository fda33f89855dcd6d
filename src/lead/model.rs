//! What a lead is.

use serde::{Deserialize, Serialize};

use crate::call::sealed;
use crate::platform::caller_keys::{CallerKeys, SealedNumber};
use crate::platform::clock::Millis;
use crate::platform::email::EmailHashes;
use crate::platform::ids::{LeadId, SessionId, SiteId, VisitorId};
use crate::platform::phone::PhoneNumber;
use crate::visit::model::Source;

/// Somebody who filled in a form, chatted or wrote: what Redis keeps, and the body of the `lead` ledger event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// Our id, the same for the same lead.
    pub id: LeadId,
    /// The site.
    pub site: SiteId,
    /// What it is: `form`, `chat`, ….
    pub kind: String,
    /// When it came.
    pub at: Millis,
    /// What the form or chat is called; empty when not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The session that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Its visitor, with consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<VisitorId>,
    /// The number that it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<PhoneNumber>,
    /// That number as disk and Redis have it, in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_caller: Option<SealedNumber>,
    /// Keyed hash of that number, as of callers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_hash: Option<String>,
    /// Where it came from: its session's source, or what was told with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Landing host of its session, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub landing_host: String,
    /// Landing page of its session, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub landing_page: String,
}

impl Lead {
    /// Seals the number that it gave.
    pub fn seal(&mut self, keys: &CallerKeys) {
        sealed::seal(keys, &self.site, &mut self.caller, &mut self.sealed_caller);
    }

    /// Opens the number, if its key is here.
    pub fn open(&mut self, keys: &CallerKeys) {
        sealed::open(keys, &mut self.sealed_caller, &mut self.caller);
    }

    /// Whether the newest key has sealed the number, or there is none.
    pub fn is_sealed(&self, keys: &CallerKeys) -> bool {
        self.caller.is_none()
            && self.sealed_caller.as_ref().is_none_or(|sealed| keys.is_newest(sealed))
    }
}

/// A lead as it was told, before its session was looked up.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Our id.
    pub id: LeadId,
    /// What it is.
    pub kind: String,
    /// When it came.
    pub at: Millis,
    /// What the form or chat is called.
    pub name: String,
    /// The session that it came from.
    pub session: Option<SessionId>,
    /// The number that it gave.
    pub caller: Option<PhoneNumber>,
    /// Where it came from, for those without a session.
    pub source: Option<Source>,
    /// The e-mail address that it gave, hashed; it is no part of the lead ([`crate::visit::emails`]).
    pub email: Option<EmailHashes>,
}
