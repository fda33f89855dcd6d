//! Which numbers a pool has, from the day they come to the day they may go to another one.
//!
//! In: the configuration, and people over the API. Out: the sets in Redis that `acquire` leases from.
//!
//! What always holds:
//! - a number belongs to one pool of one site: it is claimed in the [`registry`] first, then added to
//!   its pool; it leaves its pool first and the registry last. The registry has a hash tag of its own,
//!   so those are two steps; a crash between them is mended by the next [`sync`], since everything here
//!   may be done again;
//! - a number that was taken out is given to nobody, and its callers are still joined, until its
//!   quarantine is over: counted from its removal, its last call and the last sign of life of a
//!   session that was shown it, whichever is latest;
//! - a reload touches only numbers that came from the configuration.

pub mod edit;
pub mod http;
pub mod list;
mod lost;
pub mod model;
mod pool;
pub mod read;
pub mod registry;
pub mod sync;
