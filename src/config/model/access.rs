//! Who may use the API besides the keys of the configuration, and what is kept of it.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::Scope;
use crate::platform::ids::SiteId;

/// Who may use the API, besides `api_keys`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The file with the keys that `ringtrace key` makes; absent: `api-keys.json` in the data folder.
    #[serde(default)]
    pub keys_file: Option<PathBuf>,
    /// Header in which a trusted proxy tells who is signed in; empty: nobody is told of.
    pub user_header: String,
    /// Header in which it tells their roles, separated by commas or spaces.
    pub role_header: String,
    /// What roles may do; the first one that somebody has counts.
    #[serde(default)]
    pub roles: Vec<Role>,
}

/// What people with a role may do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// As the proxy tells it.
    pub name: String,
    /// What they may do.
    pub scope: Scope,
    /// Sites they may see; empty: all.
    #[serde(default)]
    pub sites: Vec<SiteId>,
}

/// What is kept of who changed and exported what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// How long its entries are kept, in whole days.
    pub keep: SignedDuration,
}
