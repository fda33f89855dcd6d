//! The contract of warehouses, on DuckDB: each suite makes its worlds with `super::Engine`.

use crate::support::duckdb::TestDuckDb as Engine;

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
