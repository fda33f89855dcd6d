//! What is told of numbers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::model::Capability;

/// What a number is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NumberState {
    /// Not held, and rested.
    Free,
    /// Not held, and used within the pool's `rest`.
    Resting,
    /// Held by a session, or by several.
    Held,
    /// Taken out while a session holds it.
    Draining,
    /// Taken out; its last callers are still joined, and no other pool may have it.
    Quarantined,
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NumberOrigin {
    /// The configuration has it.
    Configuration,
    /// It was added over the API.
    Api,
}

/// What sort of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// Of the site's own country.
    Local,
    /// Free for whoever calls it.
    TollFree,
    /// Of another country, or of none.
    International,
    /// Advertised with letters.
    Vanity,
}

impl NumberKind {
    /// The word used in the API, facts and reports.
    pub fn word(self) -> &'static str {
        match self {
            NumberKind::Local => "local",
            NumberKind::TollFree => "toll_free",
            NumberKind::International => "international",
            NumberKind::Vanity => "vanity",
        }
    }
}

/// A number of a pool.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NumberReply {
    /// E.164.
    pub number: String,
    /// As it is dialled inside its country.
    pub national: String,
    /// What sort of number it is; a vanity number is of another sort, too.
    pub kinds: Vec<NumberKind>,
    /// How it is advertised with letters.
    pub vanity: Option<String>,
    /// What it takes besides calls.
    pub capabilities: Vec<Capability>,
    /// Where it comes from; absent for one that was taken out.
    pub origin: Option<NumberOrigin>,
    /// What it is doing.
    pub state: NumberState,
    /// When the last session let go of it; absent for one that is held or was never used.
    pub released_at: Option<String>,
    /// When it was called last.
    pub last_called_at: Option<String>,
    /// When it was taken out.
    pub removed_at: Option<String>,
    /// When another pool may have it, unless it is called or shown again.
    pub quarantined_until: Option<String>,
}

/// A page of a pool's numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumbersReply {
    /// The site.
    pub site: String,
    /// The pool.
    pub pool: String,
    /// Its numbers, in their order.
    pub numbers: Vec<NumberReply>,
    /// Ask for this `cursor` to get what follows; absent at the end.
    pub next: Option<String>,
}

/// What became of numbers that were to be added.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddedReply {
    /// How many joined the pool, or came back from quarantine.
    pub added: usize,
    /// How many the pool had already.
    pub known: usize,
    /// Those that could not join, and why.
    pub rejected: Vec<Rejected>,
}

/// A number that could not join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rejected {
    /// Which entry it was: the line of a CSV, or the place in the list, from 1.
    pub entry: usize,
    /// As it was written, cut to a bounded length.
    pub number: String,
    /// What is wrong, for people.
    pub reason: String,
}
