//! What happened, in order, for good.
//!
//! In: envelopes, added to the stream of the site's shard by whoever changed something (in the
//! same script or pipeline as the change). Out: entries for consumer groups, and compressed
//! segment files that outlive the stream.
//!
//! What always holds: an entry is acknowledged only after it is in the warehouse and in a segment;
//! a stream is trimmed only up to what every group has acknowledged; an entry that nobody can read
//! goes to the dead-letter stream and stops nobody. Entries may be delivered again, so whoever
//! reads them must not mind.

pub mod files;
pub mod model;
pub mod rules;
pub mod segments;
pub mod store;
