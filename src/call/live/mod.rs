//! Calls as they happen, for whoever watches: ringing, answered, ended.
//!
//! In: what a saved change of a call tells ([`model::LiveEvent::of`]); the script that saves the call writes it. Out: server-sent events ([`http`]).
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `live` of a shard | STREAM | [`model::LiveEvent`] as JSON in the field `e` | the newest [`KEPT`] |
//!
//! Every process of a cluster writes there, and one that has listeners reads all streams a few times a second
//! ([`hub`]). Nothing else depends on it: an event that is lost here is missing on a screen, and nowhere else.

pub mod http;
pub mod hub;
pub mod model;

/// About so many events of a shard are kept for those who come back.
pub const KEPT: usize = 1_000;
