//! What happens on the pages of a site: when a number is asked for, what is swapped, what may be stored.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the snippet does on a site's pages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Snippet {
    /// When a page asks for a number.
    pub lease_when: LeaseWhen,
    /// Numbers that are never swapped: E.164, in all their written forms, or any other text for its
    /// digits.
    pub exclude: Vec<String>,
    /// Attributes (`data-…`) that are swapped, too.
    pub attributes: Vec<String>,
    /// Hosts of the site that a visit goes on to: links to them carry a link token.
    pub domains: Vec<String>,
    /// Name of the hidden form fields that get the session's id; empty: none.
    pub field: String,
    /// Where the session is kept.
    pub storage: Storage,
    /// Domain of the cookies that the service itself sets; empty: it sets none.
    pub cookie_host: String,
}

/// When a page asks for a number: as soon as one of these is true, at once where none is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeaseWhen {
    /// A number is in or near the part of the page that is seen.
    pub visible: bool,
    /// The page was visible this long.
    pub after: Option<SignedDuration>,
}

impl LeaseWhen {
    /// Whether a page asks at once.
    pub fn is_at_once(self) -> bool {
        self == LeaseWhen::default()
    }
}

/// Where the session is kept on the device, where the visitor's [`Mode`] allows both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// In a cookie: all tabs are one session.
    #[default]
    Cookie,
    /// In the tab.
    Tab,
}

/// What may be stored on a visitor's device; each may do more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing: every page view is a session of its own, and nobody is known again.
    None,
    /// The session in the tab, and nothing that outlives it.
    Session,
    /// Cookies.
    Full,
}

/// Which [`Mode`] holds until a page tells of consent, and after it was denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Modes {
    /// For visitors from `countries`.
    pub listed: Mode,
    /// ISO 3166-1 alpha-2 countries.
    pub countries: Vec<String>,
    /// For visitors from any other country.
    pub elsewhere: Mode,
    /// For visitors whose country is not known.
    pub unknown: Mode,
    /// After a page told that its visitor denies analytics; never more than the country's own.
    pub denied: Mode,
}

/// The European Union with Åland and its outermost regions (they have codes of their own), Iceland,
/// Liechtenstein, Norway, the United Kingdom and Switzerland: where storing on a device needs
/// consent first.
const ASK_FIRST: [&str; 39] = [
    "AT", "AX", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GF", "GP",
    "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MF", "MQ", "MT", "NL", "NO", "PL",
    "PT", "RE", "RO", "SE", "SI", "SK", "YT",
];

impl Default for Modes {
    fn default() -> Self {
        Modes {
            listed: Mode::None,
            countries: ASK_FIRST.map(str::to_owned).to_vec(),
            elsewhere: Mode::Full,
            unknown: Mode::Full,
            denied: Mode::Session,
        }
    }
}
