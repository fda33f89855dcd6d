//! Copies of an installation, made while it runs, and putting one back into an empty data folder.
//!
//! In: the data folder, Redis and the warehouse of a service. Out: a folder of plain files with a manifest that has the
//! size and SHA-256 of each; and from such a folder the same service again.
//!
//! What always holds: the parts are copied in an order in which a later one only knows more than an earlier one. Call
//! events stand in the spool until Redis has them, so the spool comes first; ledger entries stand in Redis until
//! segments and warehouse have them, so Redis comes before these. What a service finds twice when it starts on a copy
//! counts once, as after any crash. The private Redis is copied at one moment (`BGSAVE`); one of your own is read key
//! by key, the ledger last.
//!
//! Passwords and tokens of the configuration are never copied, and the installation's own keys only on demand.

pub mod files;
pub mod http;
pub mod keyspace;
pub mod model;
pub mod restore;
pub mod snapshot;
