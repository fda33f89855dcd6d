//! What a site is warned of, and which reports it is sent.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::platform::ids::{AlertId, DestinationId, PoolId, ScheduleId};
use crate::platform::secret::Secret;

/// How letters are sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// `smtps://user:password@host`, `smtp://host:587?tls=required` or `smtp://host:25`; empty: no letters.
    pub url: Secret,
    /// File that holds it instead.
    pub url_file: Option<std::path::PathBuf>,
    /// Who sends them: `Ringtrace <ringtrace@example.com>`.
    pub from: String,
}

/// Something that somebody wants to hear of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// Who hears of it: mail addresses, `https://` URLs that take JSON, or `log`.
    #[serde(default = "log")]
    pub to: Vec<Secret>,
    /// So long nothing is told after the last news but that it is over: while it goes on, it is told again then.
    #[serde(default = "hold_off")]
    pub hold_off: SignedDuration,
    /// What is watched.
    #[serde(flatten)]
    pub kind: AlertKind,
}

/// What is watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum AlertKind {
    /// A metric is above or below a value.
    Threshold {
        /// Name of the metric.
        metric: String,
        /// Which calls and visits: conditions as the parameter `filter` of reports takes them, all of which hold.
        #[serde(default)]
        filter: Vec<String>,
        /// A named period of reports.
        #[serde(default = "week")]
        period: String,
        /// Told when it is above.
        #[serde(default)]
        above: Option<f64>,
        /// Told when it is below.
        #[serde(default)]
        below: Option<f64>,
        /// Of a share: told only when it is of at least so many.
        #[serde(default = "at_least")]
        at_least: f64,
    },
    /// A metric is worse than its benchmark.
    Benchmark {
        /// Name of the metric.
        metric: String,
        /// Which calls and visits; empty: all.
        #[serde(default)]
        filter: Vec<String>,
        /// A named period of reports; what adds up (calls, revenue) is held against the own past on whole days alone.
        #[serde(default = "week")]
        period: String,
        /// `own_past`, or an industry.
        #[serde(default = "own_past")]
        against: String,
        /// Of a share: told only when it is of at least so many.
        #[serde(default = "at_least")]
        at_least: f64,
    },
    /// Yesterday had more or fewer calls than nineteen of twenty such days.
    Forecast {},
    /// A source, or any source, that usually brings visits or calls has brought none for some time.
    Silent {
        /// The source; empty: each of them.
        #[serde(default)]
        source: String,
        /// `visits` or `calls`.
        #[serde(default)]
        of: SilentOf,
        /// For how long.
        #[serde(default = "day")]
        quiet: SignedDuration,
    },
    /// More visitors of a pool than its `overflow_target` got no number of their own in the last 24 hours.
    Overflow {
        /// The pool; without it each of them.
        #[serde(default)]
        pool: Option<PoolId>,
    },
    /// More than a share of the postbacks that were settled in the last 24 hours failed.
    Postbacks {
        /// The destination; without it each of them.
        #[serde(default)]
        destination: Option<DestinationId>,
        /// The share.
        #[serde(default = "a_tenth")]
        above: f64,
        /// Told only when at least so many were settled.
        #[serde(default = "at_least")]
        at_least: f64,
    },
}

/// What may fall silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SilentOf {
    /// Page views.
    #[default]
    Visits,
    /// Calls.
    Calls,
}

/// Reports that are sent by the clock on the site's wall.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// How often.
    pub every: Every,
    /// At what time: `07:00`.
    #[serde(default = "seven")]
    pub at: String,
    /// Of a week: the day (`mon` to `sun`); of a month: 1 to 28. Default: `mon`, or 1.
    #[serde(default)]
    pub on: String,
    /// Names of reports; each but `credits`.
    pub reports: Vec<String>,
    /// A named period; by default the day, week or month before.
    #[serde(default)]
    pub period: String,
    /// Mail addresses.
    pub to: Vec<Secret>,
}

/// How often reports are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// Each day.
    Day,
    /// Each week.
    Week,
    /// Each month.
    Month,
}

fn log() -> Vec<Secret> {
    vec![Secret::new("log")]
}

fn hold_off() -> SignedDuration {
    SignedDuration::from_hours(24)
}

fn week() -> String {
    "last_7_days".to_owned()
}

fn own_past() -> String {
    "own_past".to_owned()
}

fn day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

fn at_least() -> f64 {
    20.0
}

fn a_tenth() -> f64 {
    0.1
}

fn seven() -> String {
    "07:00".to_owned()
}
