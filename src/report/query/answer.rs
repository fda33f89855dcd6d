//! An answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::ids::SiteId;
use crate::report::credits::model::Crediting;
use crate::report::query::dimensions::Dimension;
use crate::report::query::figure::Figure;
use crate::report::query::metrics::Metric;
use crate::report::query::store::Key;

/// What an answer is about.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Head {
    /// The sites.
    #[schema(value_type = Vec<String>)]
    pub sites: Vec<SiteId>,
    /// First day (included), or first moment.
    #[schema(example = "2026-03-01")]
    pub from: String,
    /// Last day (included), or the moment before which it ends.
    #[schema(example = "2026-03-31")]
    pub to: String,
    /// IANA name of the zone of days and hours; `null` when the sites have several and each is taken by its own.
    pub time_zone: Option<String>,
    /// ISO 4217 currency of money; `null` when the sites have several.
    pub currency: Option<String>,
    /// How calls are shared out; absent: each to its own source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<Crediting>,
    /// The conversion that its calls met; absent: all calls.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub conversion: String,
    /// The filter in words; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What it is compared with; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<Span>,
    /// Metrics that are `null` in every row, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// A period and a filter.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Span {
    /// First day (included), or first moment.
    pub from: String,
    /// Last day (included), or the moment before which it ends.
    pub to: String,
    /// The filter in words; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

/// A metric that cannot be told for what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// The metric.
    pub metric: String,
    /// For people.
    pub because: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it is about.
    pub head: Head,
    /// Its dimensions.
    pub dimensions: Vec<&'static Dimension>,
    /// Its metrics.
    pub metrics: Vec<&'static Metric>,
    /// One page of rows, in order.
    pub rows: Vec<AnswerRow>,
    /// Everything together, when it was asked for.
    pub totals: Option<AnswerRow>,
    /// Rows on all pages.
    pub rows_total: usize,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

/// One row.
#[derive(Clone, Debug)]
pub struct AnswerRow {
    /// A cell for each dimension; none for everything together.
    pub key: Key,
    /// A figure for each metric.
    pub figures: Vec<Figure>,
    /// The same of what is compared with; empty where nothing is.
    pub compared: Vec<Compared>,
    /// How each lies to its benchmark; empty where none is asked for.
    pub measured: Vec<Option<Measured>>,
}

/// A figure beside the same of another period or segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The other.
    pub other: Figure,
    /// How much more it is now, as a part of the other; of shares the difference.
    pub change: Option<f64>,
    /// Of shares: how probable a difference as large as this would be if there were none.
    pub p_value: Option<f64>,
}

/// How a figure lies to its benchmark.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The lower end of what is usual; `null`: there is none.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Which direction is better: `higher`, `lower` or `within`.
    pub better: &'static str,
    /// How far the figure lies above the upper (positive) or below the lower end (negative); 0 between them.
    pub gap: f64,
    /// `better`, `usual` or `worse`.
    pub verdict: &'static str,
    /// Where the benchmark comes from.
    pub from: String,
}
