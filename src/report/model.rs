//! What a report asks and answers.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::clock::Millis;
use crate::platform::ids::SiteId;
use crate::report::credits::model::{Bounds, Crediting};
use crate::report::metrics::{Metrics, Rate};
use crate::report::query::filter::Filter;

/// The reports with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// By source, medium, campaign and channel.
    Sources,
    /// By hour of the day and weekday: always 168 rows.
    Hours,
    /// By landing host and page.
    LandingPages,
}

impl ReportKind {
    /// All of them.
    pub const ALL: [ReportKind; 3] =
        [ReportKind::Sources, ReportKind::Hours, ReportKind::LandingPages];

    /// The name in the URL.
    pub fn word(self) -> &'static str {
        match self {
            ReportKind::Sources => "sources",
            ReportKind::Hours => "hours",
            ReportKind::LandingPages => "landing-pages",
        }
    }

    /// The dimensions that rows are grouped by.
    pub fn dimensions(self) -> &'static [&'static str] {
        match self {
            ReportKind::Sources => &["source", "medium", "campaign", "channel"],
            ReportKind::Hours => &["weekday", "hour"],
            ReportKind::LandingPages => &["landing_host", "landing_page"],
        }
    }
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Whole days by each site's own clock, both included, as ad platforms mean it.
    Days {
        /// First day.
        from: Date,
        /// Last day.
        to: Date,
    },
    /// Between two moments; the second is not included.
    Moments {
        /// From this moment on.
        from: Millis,
        /// Before this moment.
        to: Millis,
    },
}

/// Which calls a report counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpamFilter {
    /// Those that are not flagged as spam.
    #[default]
    Exclude,
    /// All.
    Include,
    /// Those that are.
    Only,
}

impl SpamFilter {
    /// The word in a query, and in `sql/credited.sql`.
    pub fn word(self) -> &'static str {
        match self {
            SpamFilter::Exclude => "exclude",
            SpamFilter::Include => "include",
            SpamFilter::Only => "only",
        }
    }

    /// The filter that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        [SpamFilter::Exclude, SpamFilter::Include, SpamFilter::Only]
            .into_iter()
            .find(|filter| filter.word() == word)
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportQuery {
    /// Which report.
    pub kind: ReportKind,
    /// Which sites.
    pub sites: Vec<SiteId>,
    /// From when to when.
    pub period: Period,
    /// The zone that all these sites share, when they do.
    pub time_zone: Option<String>,
    /// Which calls count.
    pub spam: SpamFilter,
    /// Only calls that met the conversion of this name; empty: all.
    pub conversion: String,
    /// How calls are shared out, and what the period is by each site's clock; `None`: each to its own source.
    pub credit: Option<(Crediting, Bounds)>,
    /// Which visits and calls count; `None`: all.
    pub filter: Option<Filter>,
    /// Landing pages that are held against each other.
    pub pages: Option<[String; 2]>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Which report it is.
    pub report: ReportKind,
    /// The sites it is about.
    #[schema(value_type = Vec<String>)]
    pub sites: Vec<SiteId>,
    /// First day (included), or first moment.
    #[schema(example = "2026-03-01")]
    pub from: String,
    /// Last day (included), or the moment before which it ends.
    #[schema(example = "2026-03-31")]
    pub to: String,
    /// IANA name of the zone of days, hours and weekdays; `null` when the sites have several and
    /// each is taken by its own.
    pub time_zone: Option<String>,
    /// How calls are shared out; absent: each to its own source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<Crediting>,
    /// The conversion that its calls met; absent: all calls.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub conversion: String,
    /// What holds of its visits and calls, in words; absent: nothing need.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// Most calls first, then most visits; hours in their order, Monday first.
    pub rows: Vec<Row>,
    /// Rows that are left off because there are too many; the totals count them.
    pub rows_left_off: usize,
    /// Everything together.
    pub totals: Metrics,
    /// Two landing pages side by side, when they were named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<AbTest>,
}

/// Which of two landing pages leads to more calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AbTest {
    /// The call rate of the first page, whatever its host.
    pub a: Option<Rate>,
    /// That of the second.
    pub b: Option<Rate>,
    /// How much higher that of the first is; `null` when one of them had no visit.
    pub difference: Option<f64>,
    /// How probable a difference as large as this would be if there were none (two-proportion z-test); `null` when that
    /// cannot be told.
    pub p_value: Option<f64>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Row {
    /// What the row is about.
    #[serde(flatten)]
    pub key: RowKey,
    /// Its figures.
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RowKey {
    /// Of the report `sources`.
    Source {
        /// `google`, …; `(direct)`; `(unknown)` for calls that fit no visit.
        source: String,
        /// `cpc`, …
        medium: String,
        /// Campaign, empty when none.
        campaign: String,
        /// Channel group.
        channel: String,
    },
    /// Of the report `hours`.
    Hour {
        /// ISO weekday, 1 = Monday.
        weekday: u8,
        /// 0 to 23.
        hour: u8,
    },
    /// Of the report `landing-pages`.
    LandingPage {
        /// Host, empty when there is no page.
        landing_host: String,
        /// Path; `(none)` for calls to a static number, `(unknown)` for calls that fit no visit.
        landing_page: String,
    },
}
