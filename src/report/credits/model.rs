//! What the credit report asks and answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::report::model::SpamFilter;

/// Which touches of its winner a call is credited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// The oldest touch.
    First,
    /// The newest touch.
    Last,
    /// The newest touch that is not direct.
    LastNonDirect,
    /// The newest touch that was paid for.
    LastPaid,
    /// The touch of the first contact.
    LeadCreation,
    /// All alike.
    Linear,
    /// 40 % oldest, 40 % newest.
    PositionBased,
    /// 30 % oldest, 30 % first contact, 30 % newest.
    WShaped,
    /// Half for every seven days.
    TimeDecay,
    /// By what would be lost without the channel.
    DataDriven,
}

impl Model {
    /// Every model, in the order of [`CreditSums`].
    pub const ALL: [Model; 10] = [
        Model::First,
        Model::Last,
        Model::LastNonDirect,
        Model::LastPaid,
        Model::LeadCreation,
        Model::Linear,
        Model::PositionBased,
        Model::WShaped,
        Model::TimeDecay,
        Model::DataDriven,
    ];

    /// The word in a query; `credit_` and it is the column.
    pub fn word(self) -> &'static str {
        match self {
            Model::First => "first",
            Model::Last => "last",
            Model::LastNonDirect => "last_non_direct",
            Model::LastPaid => "last_paid",
            Model::LeadCreation => "lead_creation",
            Model::Linear => "linear",
            Model::PositionBased => "position_based",
            Model::WShaped => "w_shaped",
            Model::TimeDecay => "time_decay",
            Model::DataDriven => "data_driven",
        }
    }
}

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

impl Weight {
    /// The word in a query.
    pub fn word(self) -> &'static str {
        match self {
            Weight::Calls => "calls",
            Weight::Confidence => "confidence",
        }
    }
}

impl ByClock {
    /// The word in a query.
    pub fn word(self) -> &'static str {
        match self {
            ByClock::Call => "call",
            ByClock::Visit => "visit",
        }
    }
}

/// How a report shares calls out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Crediting {
    /// To which touches; absent: all to the source that the call has itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// How much a call counts.
    pub weight: Weight,
    /// Under which time.
    pub clock: ByClock,
}

impl Crediting {
    /// For people.
    pub fn words(self) -> String {
        let model = self.model.map_or("own source", Model::word).replace('_', " ");
        format!("{model}, by {}, clock of the {}", self.weight.word(), self.clock.word())
    }
}

/// From when to when, for each site by its own clock; the second moment is not included.
pub type Bounds = Vec<(SiteId, Millis, Millis)>;

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Which sites, from when to when.
    pub sites: Bounds,
    /// How much a call counts.
    pub weight: Weight,
    /// Under which time.
    pub clock: ByClock,
    /// Which calls count.
    pub spam: SpamFilter,
    /// Only calls that met the conversion of this name; empty: all.
    pub conversion: String,
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

    /// All of them, in the same order.
    pub(super) fn all(&self) -> [f64; 10] {
        [
            self.first,
            self.last,
            self.last_non_direct,
            self.last_paid,
            self.lead_creation,
            self.linear,
            self.position_based,
            self.w_shaped,
            self.time_decay,
            self.data_driven,
        ]
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
    /// What these shares were learnt from, by site.
    pub learnt_from: BTreeMap<String, LearntFrom>,
}

/// What the data-driven shares of a site were learnt from.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LearntFrom {
    /// The first moment of the period.
    pub from: String,
    /// The moment before which it ends.
    pub to: String,
    /// Visits in it.
    pub sessions: u64,
    /// Calls of visits since its beginning.
    pub calls: u64,
    /// When they were computed.
    pub computed_at: String,
    /// How many calls in a hundred would be lost without each channel.
    pub removal_effects: BTreeMap<String, f64>,
}
