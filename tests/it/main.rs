//! The integration tests, one binary; modules in flow order.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod agents;
mod call;
mod classify;
mod config;
mod docs;
mod doctor;
mod edge;
mod faults;
mod faults_disk;
mod faults_kill;
mod killed;
mod lease;
mod lease_amp;
mod lease_areas;
mod lease_beats;
mod lease_consent;
mod lease_cookies;
mod lease_gestures;
mod lease_http;
mod lease_labels;
mod lease_life;
mod lease_links;
mod lease_numbers;
mod lease_random;
mod lease_reasons;
mod lease_trackers;
mod lease_when;
mod ledger;
mod memory;
mod numbers;
mod outcomes;
mod place;
mod platform;
mod pools;
mod postback;
mod process;
mod redis;
mod replay;
mod report;
mod report_http;
mod visit;
mod warehouse;
