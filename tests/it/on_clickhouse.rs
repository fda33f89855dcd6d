//! The same contract on ClickHouse: the same suites once more.
#![expect(clippy::duplicate_mod, reason = "the suites are compiled for each engine")]

use crate::support::clickhouse::TestClickHouse as Engine;

#[path = "alerts.rs"]
mod alerts;
#[path = "contract.rs"]
mod contract;
#[path = "export.rs"]
mod export;
#[path = "forecast.rs"]
mod forecast;
#[path = "query/mod.rs"]
pub mod query;
#[path = "report_credits.rs"]
mod report_credits;
