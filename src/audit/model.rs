//! An entry of the audit log.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::ids::SiteId;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Something was to be changed.
    Change,
    /// Data was taken out as a file or a stream.
    Export,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The key's name, or that of the person whom the proxy signed in.
    pub by: String,
    /// The network that it came from: IPv4 /24 or IPv6 /48.
    pub network: String,
    /// What was done.
    pub action: Action,
    /// The method.
    pub method: String,
    /// The route's pattern.
    pub route: String,
    /// The sites that it was about; none: all of them.
    #[schema(value_type = Vec<String>)]
    pub sites: Vec<SiteId>,
    /// What it was about, as the path names it: `pool=main number=+14155550199`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// The status that it was answered with.
    pub status: u16,
    /// The request's id, as logs and the answer have it.
    pub request: String,
}

/// A place in the log: its line `line` (from 0) of the day `day`. What comes before it is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The day of its file.
    pub day: jiff::civil::Date,
    /// Its line.
    pub line: u64,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.day, self.line)
    }
}

impl std::str::FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (day, line) = text.split_once('.').ok_or(())?;
        Ok(Position { day: day.parse().map_err(|_| ())?, line: line.parse().map_err(|_| ())? })
    }
}
