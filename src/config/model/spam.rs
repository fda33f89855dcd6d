//! Which calls are unwanted, and what becomes of them.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::platform::ids::RouteId;
use crate::platform::phone::PhoneNumber;

/// The spam screen of a site. What it finds is flagged, never dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spam {
    /// Callers that are unwanted.
    pub numbers: Vec<PhoneNumber>,
    /// Beginnings of callers' numbers that are unwanted: `+1900`.
    pub prefixes: Vec<String>,
    /// Whether callers who withhold their number are unwanted.
    pub anonymous: bool,
    /// Callers that are never unwanted.
    pub allowed: Vec<PhoneNumber>,
    /// What the network vouches for of unwanted callers.
    pub attestation: Vec<AttestationWord>,
    /// A caller who calls too often.
    pub rate: Option<CallRate>,
    /// A caller whose calls are over at once.
    pub short: Option<ShortCalls>,
    /// What an unwanted caller is asked, who is let through by pressing 1: a text, or the URL of a sound
    /// file; empty: nothing is asked.
    pub challenge: String,
    /// The route of unwanted calls; absent: they are routed as all others.
    pub route: Option<RouteId>,
}

/// What the network vouches for about a caller's number (STIR/SHAKEN).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttestationWord {
    /// The network knows the caller and their right to the number.
    A,
    /// It knows the caller.
    B,
    /// It only knows where the call came in.
    C,
    /// The statement was not genuine.
    #[serde(rename = "failed")]
    Failed,
    /// There was no statement.
    #[serde(rename = "none")]
    None,
}

/// So many calls in so long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallRate {
    /// From this many calls on, this one with them.
    pub calls: u32,
    /// In this time.
    pub within: SignedDuration,
}

/// So many calls before this one that were over at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShortCalls {
    /// From this many short calls on.
    pub calls: u32,
    /// In this time.
    pub within: SignedDuration,
    /// A call is short when nobody talked longer than this, or the caller did not wait as long.
    pub talk: SignedDuration,
}
