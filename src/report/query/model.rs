//! A question, once everything that it names is known.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::model::Reports;
use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::report::credits::model::{Bounds, Crediting};
use crate::report::model::{Period, SpamFilter};
use crate::report::query::dimensions::Dimension;
use crate::report::query::filter::Filter;
use crate::report::query::metrics::Metric;

/// Most metrics of a question.
pub const MAX_METRICS: usize = 64;
/// Most dimensions of a question.
pub const MAX_DIMENSIONS: usize = 4;
/// Most rows that a question may make, shown or not.
pub const MAX_GROUPS: usize = 200_000;

/// What counts as answered in time, given up, and settled at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Answered within so many seconds is in time.
    pub service_level_s: i64,
    /// Callers who give up within so many seconds are not counted as such.
    pub short_abandon_s: i64,
    /// A matter is settled when its caller does not call again within so many milliseconds.
    pub resolution_ms: i64,
}

impl Thresholds {
    /// Those of the configuration.
    pub fn of(reports: &Reports) -> Self {
        Thresholds {
            service_level_s: reports.service_level.as_secs(),
            short_abandon_s: reports.short_abandon.as_secs(),
            resolution_ms: reports.resolution_window.as_secs().saturating_mul(1_000),
        }
    }
}

/// Which rows count.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Of which sites.
    pub sites: Vec<SiteId>,
    /// From when to when.
    pub period: Period,
    /// The same in moments, for each site by its own clock.
    pub bounds: Bounds,
    /// Only these.
    pub filter: Option<Filter>,
    /// Which calls.
    pub spam: SpamFilter,
    /// Only calls that met the conversion of this name; empty: all.
    pub conversion: String,
    /// How calls are shared out; `None`: each to its own source.
    pub credit: Option<Crediting>,
}

/// What rows are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    /// The `n`th metric; what is not known comes last.
    Metric(usize),
    /// The `n`th dimension.
    Dimension(usize),
}

/// One part of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub by: OrderBy,
    /// Greatest first.
    pub descending: bool,
}

/// What an answer is held against.
#[derive(Clone, Debug, PartialEq)]
pub enum Yardstick {
    /// What is published of an industry.
    Industry(String),
    /// The same rows in the 84 days before the period.
    OwnPast(Box<Selection>),
}

/// A question.
#[derive(Clone, Debug)]
pub struct Query {
    /// What is asked.
    pub metrics: Vec<&'static Metric>,
    /// By what rows are told apart.
    pub dimensions: Vec<&'static Dimension>,
    /// Which rows count.
    pub selection: Selection,
    /// The days of the period by the sites' clocks, both included.
    pub days: (Date, Date),
    /// When it was asked; of a further page, when the first one was.
    pub asked_at: Millis,
    /// The zones of the sites, each once.
    pub zones: Vec<TimeZone>,
    /// The order; what it leaves open is decided by the dimensions.
    pub order: Vec<Sort>,
    /// Most rows of a page.
    pub limit: usize,
    /// After which row the page begins.
    pub cursor: Option<String>,
    /// Whether everything together is told.
    pub totals: bool,
    /// Whether spans of time without rows are told.
    pub fill: bool,
    /// What is compared with, and its days.
    pub compare: Option<(Selection, (Date, Date))>,
    /// What is measured by.
    pub yardstick: Option<Yardstick>,
    /// The currency of money; `None`: the sites have several.
    pub currency: Option<String>,
    /// What counts as in time and the like.
    pub thresholds: Thresholds,
}
