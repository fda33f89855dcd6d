//! What the credit report asks and answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;

/// How much a call counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Each call once.
    #[default]
    Calls,
    /// Each call as much as its answer is sure.
    Confidence,
}

/// Under which time a credit is filed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByClock {
    /// That of the call.
    #[default]
    Call,
    /// That of the credited page view.
    Visit,
}

/// A question; every site with its own bounds, the second not included.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Which sites, from when to when.
    pub sites: Vec<(SiteId, Millis, Millis)>,
    /// How much a call counts.
    pub weight: Weight,
    /// Under which time.
    pub clock: ByClock,
}

/// Credits under every model, in calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CreditSums {
    /// The oldest touch.
    pub first: f64,
    /// The newest touch.
    pub last: f64,
    /// The newest touch that is not direct.
    pub last_non_direct: f64,
    /// The newest touch that was paid for.
    pub last_paid: f64,
    /// The touch of the first contact.
    pub lead_creation: f64,
    /// All alike.
    pub linear: f64,
    /// 40 % oldest, 40 % newest.
    pub position_based: f64,
    /// 30 % oldest, 30 % first contact, 30 % newest.
    pub w_shaped: f64,
    /// Half for every seven days.
    pub time_decay: f64,
    /// By what would be lost without the channel.
    pub data_driven: f64,
}

impl CreditSums {
    /// All of them, in the order of the queries.
    pub(super) fn of(sums: [f64; 10]) -> Self {
        let [first, last, last_non_direct, last_paid, lead_creation, linear, ..] = sums;
        let [.., position_based, w_shaped, time_decay, data_driven] = sums;
        CreditSums {
            first,
            last,
            last_non_direct,
            last_paid,
            lead_creation,
            linear,
            position_based,
            w_shaped,
            time_decay,
            data_driven,
        }
    }

    /// Adds the credits of another row.
    pub(super) fn add(&mut self, other: CreditSums) {
        self.first += other.first;
        self.last += other.last;
        self.last_non_direct += other.last_non_direct;
        self.last_paid += other.last_paid;
        self.lead_creation += other.lead_creation;
        self.linear += other.linear;
        self.position_based += other.position_based;
        self.w_shaped += other.w_shaped;
        self.time_decay += other.time_decay;
        self.data_driven += other.data_driven;
    }
}

/// Where touches came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct CreditKey {
    /// `google`, …; `(direct)`.
    pub source: String,
    /// `cpc`, …
    pub medium: String,
    /// Campaign, empty when none.
    pub campaign: String,
    /// Channel group.
    pub channel: String,
}

/// One source.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CreditRow {
    /// Where touches came from.
    #[serde(flatten)]
    pub key: CreditKey,
    /// What they earned.
    pub credits: CreditSums,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CreditReport {
    /// How much a call counts.
    pub weight: Weight,
    /// Under which time.
    pub clock: ByClock,
    /// The sources, most credit of the last touch first.
    pub rows: Vec<CreditRow>,
    /// All together.
    pub totals: CreditSums,
    /// The data-driven share of each channel by site.
    pub shares: BTreeMap<String, BTreeMap<String, f64>>,
}
