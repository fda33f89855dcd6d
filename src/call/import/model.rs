//! What an import takes and tells.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::attribution::model::Attribution;
use crate::call::answer::Target;
use crate::call::model::CallEvent;
use crate::call::outcome::import::RejectedRow;
use crate::call::outcome::model::Outcome;

/// A call of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// What happened, in order; the first one tells which call it is.
    pub events: Vec<CallEvent>,
    /// Where it came from.
    pub attribution: Attribution,
    /// What came of it.
    pub outcome: Outcome,
    /// Whether it was the caller's first call, when that is told.
    pub first_time: Option<bool>,
    /// Who was called in the end.
    pub destination: Option<Target>,
}

/// Whose table it is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum ImportFormat {
    /// CallRail.
    Callrail,
    /// CallTrackingMetrics.
    Ctm,
    /// Our own column names, as exports have them.
    #[default]
    Generic,
}

impl ImportFormat {
    /// Its name in requests, and the provider of its calls.
    pub fn word(self) -> &'static str {
        match self {
            ImportFormat::Callrail => "callrail",
            ImportFormat::Ctm => "ctm",
            ImportFormat::Generic => "generic",
        }
    }
}

/// What became of a table.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallsImported {
    /// Calls that are new.
    pub imported: usize,
    /// Calls that were known.
    pub known: usize,
    /// Lines that could not be used, and why.
    pub rejected: Vec<RejectedRow>,
}
