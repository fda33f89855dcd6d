//! What is known of a tracking number besides its digits.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::phone::PhoneNumber;
use crate::platform::vanity::Vanity;

/// A tracking number of a pool or a source with what is special about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberEntry {
    /// The number.
    pub number: PhoneNumber,
    /// How it is advertised with letters.
    #[serde(default)]
    pub vanity: Option<Vanity>,
    /// What it can do besides taking calls.
    #[serde(default)]
    pub capabilities: Vec<Capability>,
    /// Where calls to it are forwarded to when no rule says otherwise, and whatever fails; absent: the
    /// site's `forward_to`.
    #[serde(default)]
    pub forward_to: Option<PhoneNumber>,
}

/// What a number can do besides taking calls.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// It takes text messages: `sms:` links to it work.
    Sms,
    /// It takes WhatsApp messages: `wa.me` links to it work.
    Whatsapp,
}

impl Capability {
    /// All of them.
    pub const ALL: [Capability; 2] = [Capability::Sms, Capability::Whatsapp];

    /// The word used in files and replies.
    pub fn word(self) -> &'static str {
        match self {
            Capability::Sms => "sms",
            Capability::Whatsapp => "whatsapp",
        }
    }

    /// The capability that `word` names, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        Capability::ALL.into_iter().find(|capability| word.eq_ignore_ascii_case(capability.word()))
    }
}

/// What is special about a number; nothing, for most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// How it is advertised with letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vanity: Option<Vanity>,
    /// What it can do besides taking calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}
