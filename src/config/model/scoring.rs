//! Which calls are good leads.

use serde::{Deserialize, Serialize};

/// Rules that give calls points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scoring {
    /// Least points of a call that is a lead worth pursuing; absent: only people tell.
    pub qualified_from: Option<u32>,
    /// The rules; the points of all that hold are added.
    pub rules: Vec<ScoreRule>,
}

/// Points for calls of a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreRule {
    /// Points, also negative.
    pub points: i32,
    /// What must be true; all that is given.
    #[serde(default)]
    pub when: ScoreCondition,
}

/// Conditions on a call that is over; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScoreCondition {
    /// A person answered (`true`) or not (`false`).
    pub answered: Option<bool>,
    /// Least seconds talked.
    pub min_talk_s: Option<u32>,
    /// Most seconds talked.
    pub max_talk_s: Option<u32>,
    /// First call of this caller (`true`) or a repeat call (`false`).
    pub first_time: Option<bool>,
    /// The caller pressed one of these key sequences.
    pub keys: Vec<String>,
    /// Somebody told one of these dispositions.
    pub dispositions: Vec<String>,
    /// One of these sources.
    pub sources: Vec<String>,
    /// One of these media.
    pub media: Vec<String>,
}
