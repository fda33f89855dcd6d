//! The integration tests, one binary; modules in flow order.

#[path = "../support/mod.rs"]
mod support;

mod call;
mod config;
mod lease;
mod platform;
mod postback;
