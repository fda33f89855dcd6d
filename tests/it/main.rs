//! The integration tests, one binary; modules in flow order.

#[path = "../support/mod.rs"]
mod support;

mod config;
mod platform;
mod postback;
