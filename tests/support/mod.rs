//! What the integration tests share: a test owns its world.

pub mod app;
pub mod clickhouse;
pub mod cluster;
pub mod duckdb;
pub mod edge;
pub mod facts;
pub mod lease_model;
pub mod ports;
pub mod process;
pub mod redis;
pub mod sentinel;
pub mod servers;
pub mod service;
pub mod tenants;
pub mod traffic;
pub mod visitors;
pub mod world;

use ringtrace::platform::caller_keys::CallerKeys;
use ringtrace::platform::ids::SiteId;
use ringtrace::platform::signing::SigningKeys;

/// The keys of callers that tests share.
pub fn caller_keys() -> CallerKeys {
    CallerKeys::new(SigningKeys::from_master(&[7; 32]), &[[8; 32]])
}

/// A site id that no other test uses, so that tests can share one Redis.
pub fn unique_site() -> SiteId {
    let id = uuid::Uuid::now_v7().simple().to_string();
    format!("t{id}").parse().expect("a site id")
}
