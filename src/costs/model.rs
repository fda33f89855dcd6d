//! Costs and staffing.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What money was spent on one thing on one day: the body of the `cost` ledger event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The day by the site's clock.
    pub date: Date,
    /// Where the traffic came from that it was spent on, as visits have it.
    pub source: String,
    /// Likewise.
    pub medium: String,
    /// Likewise; empty: none, or all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    /// `utm_id`; empty: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub campaign_id: String,
    /// The channel that visits of this source have.
    pub channel: String,
    /// The traffic partner that it was paid to; empty: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub publisher: String,
    /// What it was spent on.
    pub kind: CostKind,
    /// A decimal in the site's currency: `149.90`.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
}

/// What money is spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostKind {
    /// Ads: what the return on ad spend is reckoned from.
    #[default]
    Ad,
    /// Agencies and platforms.
    Fee,
    /// Making ads and pages.
    Production,
    /// Anything else.
    Other,
}

impl CostKind {
    /// Every kind.
    pub const ALL: [CostKind; 4] =
        [CostKind::Ad, CostKind::Fee, CostKind::Production, CostKind::Other];

    /// The word in the API and in facts.
    pub fn word(self) -> &'static str {
        match self {
            CostKind::Ad => "ad",
            CostKind::Fee => "fee",
            CostKind::Production => "production",
            CostKind::Other => "other",
        }
    }
}

/// How long somebody was there to take calls on one day: the body of the `staffing` ledger event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staffing {
    /// The day by the site's clock.
    pub date: Date,
    /// Who, as calls have it; empty: everybody together.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// In which shift; empty: all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shift: String,
    /// Seconds.
    pub seconds: u32,
    /// For an hour, a decimal in the site's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wage: Option<String>,
    /// ISO 4217.
    pub currency: String,
}
