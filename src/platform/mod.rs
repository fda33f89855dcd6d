//! What every stage stands on: clock, ids, phone numbers, Redis, keys, telemetry.
//!
//! Nothing here knows what a visit, a lease or a call is.

pub mod caller_keys;
pub mod clock;
pub mod cursor;
pub mod data_folder;
pub mod data_format;
pub mod dumps;
pub mod email;
pub mod ids;
pub mod key_file;
pub mod keys;
pub mod own_files;
pub mod phone;
pub mod redis;
pub mod redis_server;
pub mod schedule;
pub mod secret;
pub mod shutdown;
pub mod signing;
pub mod table;
pub mod telemetry;
pub mod tls;
pub mod traces;
pub mod vanity;
