//! Facts as files: any table of the warehouse, for other tools.
//!
//! In: a table, sites, a period, a format ([`model`]). Out: a Parquet or CSV file, in pieces, while it is being written
//! ([`store`]), over HTTP ([`http`]) or into a file of the command line.
//!
//! What always holds: a file has whole batches as of one moment; nothing from outside gets into the text of a statement;
//! memory does not grow with the file, and a slow client holds up nobody; what is exported is described in
//! `docs/export.md`, column by column.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
