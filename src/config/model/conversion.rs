//! When a call is a conversion, and where conversions are delivered.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::platform::ids::DestinationId;
use crate::platform::secret::Secret;

/// When a call is a conversion, and who hears of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversionRule {
    /// Its name, e.g. `qualified_call`.
    pub name: String,
    /// What must be true; all that is given.
    #[serde(default)]
    pub when: ConversionCondition,
    /// Its value as a decimal, in the site's currency.
    #[serde(default)]
    pub value: Option<String>,
    /// Destinations that hear of it.
    pub destinations: Vec<DestinationId>,
}

/// Conditions on a call that is over; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConversionCondition {
    /// A person answered (`true`) or not (`false`).
    pub answered: Option<bool>,
    /// Least seconds talked.
    pub min_talk_s: Option<u32>,
    /// First call of this caller (`true`) or a repeat call (`false`).
    pub first_time: Option<bool>,
    /// One of these sources.
    pub sources: Vec<String>,
    /// One of these media.
    pub media: Vec<String>,
    /// Least probability of the attribution.
    pub min_confidence: Option<f64>,
    /// Somebody told that it is a lead worth pursuing (`true`) or is not (`false`).
    pub qualified: Option<bool>,
    /// Somebody told that it became business (`true`) or did not (`false`).
    pub converted: Option<bool>,
    /// Somebody told one of these dispositions.
    pub dispositions: Vec<String>,
    /// Whether calls that are flagged as spam count, too.
    pub spam: bool,
}

/// Where conversions are delivered. `serde` cannot refuse unknown keys next to `flatten`; the schema
/// does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Destination {
    /// Its id.
    pub id: DestinationId,
    /// What it is.
    #[serde(flatten)]
    pub kind: DestinationKind,
}

/// Kinds of destinations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum DestinationKind {
    /// A URL with macros such as `{gclid}`.
    Url {
        /// The template.
        url: String,
        /// `GET` or `POST`.
        #[serde(default)]
        method: UrlMethod,
        /// Macros that must have a value; without one the postback is skipped.
        #[serde(default)]
        require: Vec<String>,
        /// Secret for the parameter `sig` = hex HMAC-SHA256 over path and query; empty: none.
        #[serde(default)]
        hmac_secret: Secret,
        /// File that holds it instead.
        #[serde(default)]
        hmac_secret_file: Option<PathBuf>,
    },
    /// JSON with a Standard Webhooks signature.
    Webhook {
        /// Where to.
        url: String,
        /// `whsec_…`
        #[serde(default)]
        secret: Secret,
        /// File that holds it instead.
        #[serde(default)]
        secret_file: Option<PathBuf>,
        /// Headers that are sent along; their values are secrets, `Authorization` is one of them.
        #[serde(default)]
        headers: BTreeMap<String, Secret>,
    },
}

/// Methods of URL destinations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UrlMethod {
    /// GET, as most networks want it.
    #[default]
    Get,
    /// POST with an empty body.
    Post,
}
