//! Who changed and who took out what, over the API.
//!
//! In: every request with a key that is not a mere reading, and keys that commands changed. Out: one line each in `audit/<day>.ndjson` of the data
//! folder, written before the answer leaves; `GET /v1/audit` and `ringtrace audit` read them.
//!
//! An entry has names and ids, never a body, a query, a secret or a caller's number. Files are only appended to, one a
//! day (UTC), and removed when `audit.keep` is over. What could not be written is logged and counted, and does not keep
//! anybody from working.

pub mod http;
pub mod keys;
pub mod middleware;
pub mod model;
pub mod rules;
pub mod store;
