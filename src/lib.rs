#![doc = include_str!("README.md")]
// One exception, visit/place/mapped.rs: docs/adr/0004-mapped-copies-of-databases.md.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod alert;
pub mod app;
pub mod attribution;
pub mod audit;
pub mod backup;
pub mod call;
pub mod cli;
pub mod config;
pub mod costs;
pub mod dashboard;
pub mod export;
pub mod forecast;
pub mod http;
pub mod lead;
pub mod lease;
pub mod ledger;
pub mod platform;
pub mod postback;
pub mod privacy;
pub mod report;
pub mod visit;
pub mod warehouse;
