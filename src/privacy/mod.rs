//! Forgetting: whom somebody wants forgotten, and what is old.
//!
//! In: somebody's number or id, or what the configuration says is kept for how long. Out: every place that the service
//! writes to, without them; and before that, all that it knows of them as one document.
//!
//! What always holds: an erasure is on the [`list`] before anything is removed, and is begun again until all of it is done; the
//! list has hashes alone. Files are written beside the old ones and renamed over them, so that a crash leaves one of the
//! two. What belongs to others stays as it is, but for what it says of the person. `docs/OPERATIONS.md` says what is
//! stored where; a test holds it against the code.

pub mod eraser;
pub mod http;
mod in_redis;
mod in_warehouse;
pub mod judge;
pub mod keeper;
pub mod keyspace;
pub mod list;
pub mod mask;
pub mod resealing;
pub mod retention;
pub mod subject;
pub mod traces;
pub mod worker;
