//! What the spam screen found of a call.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was found; kept on the call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// Why it is unwanted; empty: it is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

/// Why a call is unwanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The caller is on the block list.
    Listed,
    /// The caller's number begins as one of the block list's does.
    Prefix,
    /// The caller withholds their number.
    Anonymous,
    /// What the network vouches for of the number, or that it does not.
    Attestation,
    /// The caller calls too often.
    Rate,
    /// The caller's calls are over at once.
    Short,
}

impl Reason {
    /// The word in metrics and tables.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Listed => "listed",
            Reason::Prefix => "prefix",
            Reason::Anonymous => "anonymous",
            Reason::Attestation => "attestation",
            Reason::Rate => "rate",
            Reason::Short => "short",
        }
    }
}
