//! What a pool is doing, and how many numbers it should have.
//!
//! In: the grants that the snippet's routes make ([`load::Grants`]) and a look at every pool from the
//! sweeper's turn to turn. Out: the load of each hour in Redis, gauges, and the answers of
//! `/v1/sites/{site}/pools`.
//!
//! Always: counting costs the lease's scripts nothing; sizing knows arrivals and holding times alone.

pub mod http;
pub mod load;
pub mod model;
pub mod sizing;
pub mod state;
