//! One engine for every question: metrics by dimensions.
//!
//! In: a question in JSON or as a query string ([`read`]). Out: rows of figures ([`answer`]), as JSON, CSV, NDJSON, Parquet
//! or Arrow ([`write`]).
//!
//! What there is to ask stands in two tables, [`metrics`] and [`dimensions`]; what SQL counts is a closed list, [`sums`].
//! [`sql`] writes one statement for each kind of rows ([`fact`]), [`store`] runs them, [`rules`] makes the answer of what
//! they sum. A new metric is a line in a table.
//!
//! What always holds: nothing from outside gets into the text of a statement; all statements of an answer see a
//! DuckDB file at one moment; what nobody told is `null`; whole pages together are the whole answer.

pub mod analyse;
pub mod answer;
pub mod benchmarks;
pub mod cell;
pub mod cursor;
pub mod dimensions;
pub mod fact;
pub mod figure;
pub mod fill;
pub mod filter;
pub mod http;
pub mod metrics;
pub mod model;
pub mod names;
pub mod past;
pub mod periods;
pub mod read;
pub mod resolve;
pub mod rules;
pub mod run;
pub mod sql;
pub mod store;
pub mod sums;
pub mod write;
