//! Ledger entries → facts in DuckDB.
//!
//! In: entries of the ledger's streams, and of its segments after a loss. Out: tables that reports
//! ask ([`model`], `sql/schema.sql`).
//!
//! What always holds: a batch and its offsets are one transaction; of each thing there is one row,
//! its newest version, however often and in whatever order its events come; an event is
//! acknowledged only after it is in a table and in a segment. One process at a time has the file. So the file can be made
//! anew from segments and ledger ([`rebuild`]), and compared with them ([`verify`]).

mod batch;
mod deadline;
pub mod derived;
pub mod migrate;
pub mod model;
pub mod rebuild;
pub mod rules;
pub mod setting;
pub mod store;
pub mod verify;
pub mod versioned;
pub mod worker;
pub mod write;
pub mod zone;
