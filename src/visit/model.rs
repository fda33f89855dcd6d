//! What a page view was, once decided.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, SiteId, VisitorId};
use crate::visit::ad_ids::AdIds;
use crate::visit::learnt::Labels;

/// The marketing source of one session, as remembered for its visitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `google`, `facebook`, …; `(direct)` when nothing is known.
    pub source: String,
    /// `cpc`, `organic`, `referral`, …; `(none)` when nothing is known.
    pub medium: String,
    /// Campaign name, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    /// `utm_id`, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub campaign_id: String,
    /// Keyword, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub term: String,
    /// `utm_content`, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// `utm_source_platform`: the platform that bought the ad; empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_platform: String,
    /// `utm_creative_format`, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub creative_format: String,
    /// `utm_marketing_tactic`, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub marketing_tactic: String,
    /// Channel group, e.g. `Paid Search`.
    pub channel: String,
    /// Ad platform told by the click id (`google`, `microsoft`, `meta`, …), empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub click_platform: String,
}

impl Source {
    /// Whether nothing is known about where the visit came from.
    pub fn is_direct(&self) -> bool {
        self.source == "(direct)"
    }
}

/// A click id as it stood in the URL: lower-case parameter name, value untouched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClickId {
    /// `gclid`, `fbclid`, …
    pub name: String,
    /// The value, cut at the platform's length limit.
    pub value: String,
}

/// What kind of machine showed the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// A computer.
    Desktop,
    /// A phone.
    Mobile,
    /// A tablet.
    Tablet,
    /// Anything else.
    #[default]
    Other,
}

impl Device {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Device::Desktop => "desktop",
            Device::Mobile => "mobile",
            Device::Tablet => "tablet",
            Device::Other => "other",
        }
    }
}

/// What showed the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// What kind of machine.
    pub device: Device,
    /// Family of the browser (`Chrome`, `Safari`, …), empty when unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub browser: String,
    /// Family of the operating system (`Windows`, `iOS`, …), empty when unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub os: String,
}

/// Where an address is, as far as the configured databases know; every text is empty when unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// ISO 3166-1 alpha-2 country, upper case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// ISO 3166-2 subdivision without the country (`CA`, `ENG`), the outermost one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// City, in English.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
    /// Postal code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub postal_code: String,
    /// IANA time zone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub time_zone: String,
    /// `Cable/DSL`, `Cellular`, …, in the database's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub connection: String,
}

/// What the visitor allowed, as the page told it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// A visitor id may be kept.
    pub analytics: bool,
    /// Conversions may be sent to ad platforms with this visitor's identifiers.
    pub ads: bool,
}

/// One session, as stored under `session:<id>` and as its ledger event tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// The session.
    pub session: SessionId,
    /// The visitor, only with consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<VisitorId>,
    /// The site.
    pub site: SiteId,
    /// When the session began.
    pub started_at: Millis,
    /// Where it came from.
    #[serde(flatten)]
    pub source: Source,
    /// Every click id of the landing URL, in URL order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub click_ids: Vec<ClickId>,
    /// What other parties' tags know the browser by; only with consent to ads.
    #[serde(default, skip_serializing_if = "AdIds::is_empty")]
    pub ad_ids: AdIds,
    /// What the page's own script said of its visitor.
    #[serde(flatten)]
    pub labels: Labels,
    /// Host of the referrer, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub referrer_host: String,
    /// Host of the first page, lower case.
    pub landing_host: String,
    /// Path of the first page, query stripped, normalised.
    pub landing_page: String,
    /// What showed the page.
    #[serde(flatten)]
    pub machine: Machine,
    /// Where it was shown.
    #[serde(flatten)]
    pub place: Place,
    /// The address it was asked from, truncated; only where the site keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<IpNet>,
    /// The earlier session whose source and click ids this one carries on, when it came directly
    /// and its visitor was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// What the visitor allowed.
    pub consent: Consent,
}

/// Where a direct visit has its source from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The session that came from that source.
    pub session: SessionId,
    /// When it began.
    pub at: Millis,
}

/// A session's marketing source as remembered for its visitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Touch {
    /// The session.
    pub session: SessionId,
    /// When it began.
    pub at: Millis,
    /// Where it came from by itself, without what it carried on.
    #[serde(flatten)]
    pub source: Source,
    /// Its landing page.
    pub landing_page: String,
    /// Its click ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub click_ids: Vec<ClickId>,
}

impl Visit {
    /// The touch that its visitor is remembered to have had.
    pub fn touch(&self) -> Touch {
        let Visit { session, started_at: at, .. } = *self;
        let landing_page = self.landing_page.clone();
        let (source, click_ids) = match self.carried {
            Some(_) => (Source::direct(), Vec::new()),
            None => (self.source.clone(), self.click_ids.clone()),
        };
        Touch { session, at, source, landing_page, click_ids }
    }
}

/// Why a page view got no number of its own, or none at all: the closed list that the reply, the
/// metric `ringtrace_original_total{reason}` and the documentation share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoNumberReason {
    /// The visitor is a program.
    Bot,
    /// The page is being prerendered.
    Prerender,
    /// Too many requests from this network.
    RateLimited,
    /// The page did not ask for a number (`want` was `later` or `none`).
    NotWanted,
    /// No pool and no static number serves this target.
    NoPool,
    /// The pool and its overflow are used up.
    PoolExhausted,
    /// Redis did not answer in time.
    StoreUnavailable,
}

impl NoNumberReason {
    /// The word used in replies, metrics and documentation.
    pub fn word(self) -> &'static str {
        match self {
            NoNumberReason::Bot => "bot",
            NoNumberReason::Prerender => "prerender",
            NoNumberReason::RateLimited => "rate_limited",
            NoNumberReason::NotWanted => "not_wanted",
            NoNumberReason::NoPool => "no_pool",
            NoNumberReason::PoolExhausted => "pool_exhausted",
            NoNumberReason::StoreUnavailable => "store_unavailable",
        }
    }
}
