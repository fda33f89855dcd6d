//! The way to Redis.
//!
//! In: a command, a pipeline or a script, all of whose keys carry one hash tag. Out: the answer, or
//! [`StoreError`], in bounded time.
//!
//! - [`place`] says where Redis is: one server, the master behind Sentinel, a cluster;
//! - `topology` knows which server answers for which hash slot, and follows it;
//! - [`Redis`] is a handle with one multiplexed connection to each server, so that requests of a
//!   worker are pipelined;
//! - [`breaker`] lets nobody wait for a Redis that is away;
//! - [`script`] runs Lua by hash.
//!
//! Always: nothing is asked twice that may have been done once; a redirect of a cluster means that
//! nothing was done. What touches several keys runs whole or not at all, also while a slot moves.

pub mod breaker;
mod error;
mod handle;
pub mod place;
mod route;
pub mod script;
mod topology;

pub use error::{StoreError, is_outage};
pub use handle::{Deployment, Patience, Redis};
pub use route::IN_FLIGHT;
