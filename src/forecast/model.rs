//! What is asked of the future, and what is answered.

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::forecast::backtest::Quality;
use crate::forecast::days::Method;
use crate::forecast::hours::HOURS;
use crate::forecast::staffing::Answering;

/// The calls of a site, day by day on its own wall, without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The first day.
    pub from: Date,
    /// Calls by hour of the day, each whole day up to yesterday.
    pub days: Vec<[u32; HOURS]>,
    /// Mean time that an answered call keeps somebody busy in seconds, and of how many calls; `None` without any.
    pub handled: Option<(f64, u64)>,
}

/// How finely a forecast is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForecastGrain {
    /// One value a day.
    #[default]
    Day,
    /// One value an hour.
    Hour,
}

/// What one day or hour will bring.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Expected {
    /// The day on the site's wall.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// Hour of the day on the site's wall, 0 to 23; absent for a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<u8>,
    /// Mean of what is expected.
    pub calls: f64,
    /// Four of five times it is within these, both included.
    pub in_80_percent: [u64; 2],
    /// Nineteen of twenty times it is within these, both included.
    pub in_95_percent: [u64; 2],
}

/// `/v1/sites/{site}/forecast`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ForecastReply {
    /// The site.
    pub site: String,
    /// Its time zone.
    pub time_zone: String,
    /// When it was computed.
    #[schema(example = "2026-03-01T12:00:00Z")]
    pub made_at: String,
    /// Whole days that it was learnt from.
    pub days_known: usize,
    /// Weeks that were held back to see how good forecasts of this site are.
    pub weeks_held_back: usize,
    /// How it was computed: by what said the days of those weeks best.
    pub method: Method,
    /// How good they were, for the grain asked for; each week was forecast from what was known before it.
    pub quality: Quality,
    /// What is expected, from today on.
    pub expected: Vec<Expected>,
}

/// People for one hour.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StaffedHour {
    /// The day on the site's wall.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// Hour of the day on the site's wall, 0 to 23.
    pub hour: u8,
    /// Calls that are planned for.
    #[schema(example = 11.5)]
    pub calls: f64,
    /// What the advised people give.
    #[serde(flatten)]
    pub answering: Answering,
    /// People to put on the roster: those who answer, and those who are away.
    pub rostered: u32,
}

/// `/v1/sites/{site}/staffing`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StaffingReply {
    /// The site.
    pub site: String,
    /// Its time zone.
    pub time_zone: String,
    /// Mean time that a call keeps somebody busy, in seconds.
    pub handle_time_s: f64,
    /// Where that is from.
    pub handle_time_from: HandleTimeFrom,
    /// What it rests on, in words.
    pub assumptions: Vec<String>,
    /// Each hour.
    pub hours: Vec<StaffedHour>,
}

/// Where a handle time is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandleTimeFrom {
    /// Asked for.
    Given,
    /// The site's own answered calls.
    Measured,
    /// The cross-industry mean: the site has too few answered calls.
    Assumed,
}
