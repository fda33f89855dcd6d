//! The integration tests, one binary; modules in flow order.

#[path = "../support/mod.rs"]
mod support;

mod call;
mod config;
mod docs;
mod edge;
mod faults;
mod faults_disk;
mod faults_kill;
mod killed;
mod lease;
mod lease_http;
mod lease_life;
mod lease_numbers;
mod lease_random;
mod ledger;
mod platform;
mod postback;
mod process;
mod redis;
mod report;
mod report_http;
mod visit;
mod warehouse;
