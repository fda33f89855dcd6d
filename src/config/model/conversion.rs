//! When a call is a conversion, and where conversions are delivered.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{DataManager, Ga4, GoogleAds, LinkedIn, MicrosoftAds, Pixel, X};
use crate::call::model::CallStatus;
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
    /// Whether the revenue that somebody told is its value, where it was told.
    #[serde(default)]
    pub outcome_value: bool,
    /// Other values for some of its calls: the first whose condition holds counts.
    #[serde(default)]
    pub values: Vec<ConversionValue>,
    /// How often each destination hears of it.
    #[serde(default)]
    pub once: Once,
    /// How long it waits after the end of the call before it is told: somebody may still say that it is none.
    #[serde(default)]
    pub delay: SignedDuration,
    /// Destinations that hear of it.
    pub destinations: Vec<DestinationId>,
}

/// A value for some calls of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversionValue {
    /// What must be true.
    pub when: ConversionCondition,
    /// The value as a decimal, in the site's currency.
    pub value: String,
}

/// How often a destination hears of a conversion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Once {
    /// Once for each call.
    #[default]
    Call,
    /// Once for each caller within the site's caller look-back; every anonymous call.
    Caller,
    /// Once for each ad click; every call without one.
    Click,
}

/// Conditions on a call that is over; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConversionCondition {
    /// A person answered (`true`) or not (`false`).
    pub answered: Option<bool>,
    /// One of these final statuses.
    pub statuses: Vec<CallStatus>,
    /// Least seconds talked.
    pub min_talk_s: Option<u32>,
    /// Most seconds talked.
    pub max_talk_s: Option<u32>,
    /// First call of this caller (`true`) or a repeat call (`false`).
    pub first_time: Option<bool>,
    /// One of these sources.
    pub sources: Vec<String>,
    /// One of these media.
    pub media: Vec<String>,
    /// One of these campaigns.
    pub campaigns: Vec<String>,
    /// One of these channel groups.
    pub channels: Vec<String>,
    /// Least probability of the attribution.
    pub min_confidence: Option<f64>,
    /// Somebody told that it is a lead worth pursuing (`true`) or is not (`false`).
    pub qualified: Option<bool>,
    /// Somebody told that it became business (`true`) or did not (`false`).
    pub converted: Option<bool>,
    /// Somebody told that an appointment was made (`true`) or was not (`false`).
    pub appointment: Option<bool>,
    /// Somebody told one of these dispositions.
    pub dispositions: Vec<String>,
    /// Somebody gave it one of these tags.
    pub tags: Vec<String>,
    /// Somebody told at least this revenue, a decimal in the site's currency.
    pub min_value: Option<String>,
    /// Least lead score.
    pub min_score: Option<u8>,
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
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DestinationKind {
    /// A URL with macros such as `{gclid}`.
    Url(UrlTarget),
    /// JSON with a Standard Webhooks signature.
    Webhook(WebhookTarget),
    /// Google's Data Manager API.
    GoogleDataManager(DataManager),
    /// The Google Ads API.
    GoogleAds(GoogleAds),
    /// Google Analytics 4.
    Ga4(Ga4),
    /// Meta Conversions API.
    Meta(Pixel),
    /// Microsoft Advertising, offline conversions.
    MicrosoftAds(MicrosoftAds),
    /// Microsoft Advertising, UET Conversions API.
    MicrosoftUet(Pixel),
    /// TikTok Events API.
    Tiktok(Pixel),
    /// LinkedIn Conversions API; its pixel is a conversion rule.
    Linkedin(LinkedIn),
    /// Pinterest; its pixel is an ad account.
    Pinterest(Pixel),
    /// Snap.
    Snap(Pixel),
    /// Reddit.
    Reddit(Pixel),
    /// X.
    X(X),
    /// OpenAI Ads.
    OpenaiAds(Pixel),
    /// Quora; its pixel is an account.
    Quora(Pixel),
    /// Nextdoor; its pixel is a client id.
    Nextdoor(Pixel),
}

impl DestinationKind {
    /// The word under `kind`.
    pub fn word(&self) -> &'static str {
        match self {
            DestinationKind::Url(_) => "url",
            DestinationKind::Webhook(_) => "webhook",
            DestinationKind::GoogleDataManager(_) => "google_data_manager",
            DestinationKind::GoogleAds(_) => "google_ads",
            DestinationKind::Ga4(_) => "ga4",
            DestinationKind::Meta(_) => "meta",
            DestinationKind::MicrosoftAds(_) => "microsoft_ads",
            DestinationKind::MicrosoftUet(_) => "microsoft_uet",
            DestinationKind::Tiktok(_) => "tiktok",
            DestinationKind::Linkedin(_) => "linkedin",
            DestinationKind::Pinterest(_) => "pinterest",
            DestinationKind::Snap(_) => "snap",
            DestinationKind::Reddit(_) => "reddit",
            DestinationKind::X(_) => "x",
            DestinationKind::OpenaiAds(_) => "openai_ads",
            DestinationKind::Quora(_) => "quora",
            DestinationKind::Nextdoor(_) => "nextdoor",
        }
    }

    /// Whether it hears of more than the conversions that name it.
    pub fn hears_events(&self) -> bool {
        matches!(self, DestinationKind::Webhook(target) if !target.events.is_empty())
    }
}

/// A URL with macros.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UrlTarget {
    /// The template.
    pub url: String,
    /// `GET` or `POST`.
    #[serde(default)]
    pub method: UrlMethod,
    /// Macros that must have a value; without one the postback is skipped.
    #[serde(default)]
    pub require: Vec<String>,
    /// Secret for the parameter `sig` = hex HMAC-SHA256 over path and query; empty: none.
    #[serde(default)]
    pub hmac_secret: Secret,
    /// File that holds it instead.
    #[serde(default)]
    pub hmac_secret_file: Option<PathBuf>,
}

/// Whom a webhook tells, and of what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WebhookTarget {
    /// Where to.
    pub url: String,
    /// `whsec_…`
    #[serde(default)]
    pub secret: Secret,
    /// File that holds it instead.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// The next or previous secret: messages are signed with both while it is there.
    #[serde(default)]
    pub second_secret: Secret,
    /// File that holds it instead.
    #[serde(default)]
    pub second_secret_file: Option<PathBuf>,
    /// Headers that are sent along; their values are secrets, `Authorization` is one of them.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// What else it hears of, besides the conversions that name it.
    #[serde(default)]
    pub events: Vec<WebhookEvent>,
    /// In whose words the message is.
    #[serde(default)]
    pub mapping: Mapping,
    /// Whether it is told the caller's number in clear: for systems of your own.
    #[serde(default)]
    pub caller: bool,
}

/// What webhooks hear of besides conversions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WebhookEvent {
    /// A call came in.
    #[serde(rename = "call.started")]
    CallStarted,
    /// It was told where to go.
    #[serde(rename = "call.routed")]
    CallRouted,
    /// It is over.
    #[serde(rename = "call.ended")]
    CallEnded,
    /// Something else is known of it after its end.
    #[serde(rename = "call.changed")]
    CallChanged,
    /// A visitor found no number of their own.
    #[serde(rename = "pool.overflow")]
    PoolOverflow,
}

/// In whose words a webhook's message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mapping {
    /// Ours, signed as Standard Webhooks wants it.
    #[default]
    None,
    /// A call of HubSpot's CRM (`/crm/v3/objects/calls`).
    Hubspot,
    /// A task of Salesforce (`/services/data/vXX.X/sobjects/Task`).
    Salesforce,
    /// An activity of Pipedrive (`/api/v1/activities`).
    Pipedrive,
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
