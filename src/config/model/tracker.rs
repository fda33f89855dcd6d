//! Tracker rules: which numbers serve a target for certain visits.

use serde::{Deserialize, Serialize};

use super::Condition;
use crate::platform::ids::{PoolId, TargetId};
use crate::platform::phone::PhoneNumber;

/// One rule. The rules of a target are tried in order when a session opens, and the first that holds
/// serves the target as long as the session lasts; without one, the target's own pool does. Either a
/// pool or a static number is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tracker {
    /// The target.
    pub target: TargetId,
    /// The pool that serves it.
    #[serde(default)]
    pub pool: Option<PoolId>,
    /// The static number that serves it.
    #[serde(default)]
    pub number: Option<PhoneNumber>,
    /// What must hold, all of it; nothing: always.
    #[serde(default)]
    pub when: Vec<Condition>,
}
