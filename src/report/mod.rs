//! Question → rows.
//!
//! In: a report's name, sites and a period ([`model::ReportQuery`]). Out: rows of metrics and their
//! totals, as JSON, CSV or tables for a terminal.
//!
//! What always holds: SQL only groups and sums what was decided when a fact was written; every
//! figure is made from those sums by [`metrics`]; what was not measured is `null`, never 0; a key
//! sees its own sites only.

pub mod columns;
pub mod credits;
pub mod csv;
pub mod heat;
pub mod http;
pub mod metrics;
pub mod model;
pub mod presets;
pub mod query;
pub mod render;
pub mod rules;
pub mod store;
pub mod table;
