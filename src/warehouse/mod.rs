//! Ledger entries → facts in DuckDB or ClickHouse.
//!
//! In: entries of the ledger's streams, and of its segments after a loss. Out: tables that reports
//! ask ([`model`], `sql/schema.sql`).
//!
//! What always holds: whoever asks finds one row of each thing, its newest version, however often and in whatever order its
//! events come; an event is acknowledged only after it is in a table and in a segment. In DuckDB ([`store`], [`write`]) a
//! batch and its offsets are one transaction, and one process at a time has the file, which can be made anew from segments
//! and ledger ([`rebuild`]) and compared with them ([`verify`]). In ClickHouse ([`clickhouse`]) a batch is one insertion for
//! each table, offsets last, and any number of processes write. Questions are the same for both ([`question`]), but for
//! what [`dialect`] says.

mod batch;
pub mod clickhouse;
mod deadline;
pub mod derived;
pub mod dialect;
mod error;
pub mod migrate;
pub mod model;
pub mod question;
pub mod rebuild;
pub mod removal;
mod rewrite;
pub mod rules;
pub mod setting;
pub mod snapshots;
pub mod store;
pub mod verify;
pub mod versioned;
pub mod worker;
pub mod write;
pub mod zone;
