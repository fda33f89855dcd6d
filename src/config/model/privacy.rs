//! What a site keeps of people, and for how long.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What a site keeps of people at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Privacy {
    /// How much.
    pub mode: PrivacyMode,
}

/// How much a site keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyMode {
    /// What visitors allow, and who calls.
    #[default]
    Standard,
    /// Nothing that tells who somebody is: of callers a keyed hash, of visitors a session.
    NoPii,
}

/// How long a site keeps what, counted from the visit, the call or the lead; absent: as long as the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Numbers of callers: only their keyed hash stays.
    pub caller_number: Option<SignedDuration>,
    /// The keyed hash, too, and hashes of e-mail addresses: nobody knows any more which calls came from the same caller.
    pub caller: Option<SignedDuration>,
    /// Callers' names and cities, and the area of their number.
    pub caller_name: Option<SignedDuration>,
    /// Networks, regions, cities and postal codes of visitors.
    pub place: Option<SignedDuration>,
    /// Click ids, and what tags and other systems know visitors by.
    pub click_ids: Option<SignedDuration>,
    /// Landing pages and referrers.
    pub pages: Option<SignedDuration>,
    /// Links to recordings and messages.
    pub recordings: Option<SignedDuration>,
    /// What people wrote of calls.
    pub notes: Option<SignedDuration>,
    /// Visits with their numbers.
    pub visits: Option<SignedDuration>,
    /// Calls with their postbacks.
    pub calls: Option<SignedDuration>,
    /// Leads.
    pub leads: Option<SignedDuration>,
}

impl Retention {
    /// Every rule with its name.
    pub fn rules(&self) -> [(&'static str, Option<SignedDuration>); 11] {
        [
            ("caller_number", self.caller_number),
            ("caller", self.caller),
            ("caller_name", self.caller_name),
            ("place", self.place),
            ("click_ids", self.click_ids),
            ("pages", self.pages),
            ("recordings", self.recordings),
            ("notes", self.notes),
            ("visits", self.visits),
            ("calls", self.calls),
            ("leads", self.leads),
        ]
    }

    /// Whether everything is kept.
    pub fn is_empty(&self) -> bool {
        self.rules().iter().all(|(_, rule)| rule.is_none())
    }
}
