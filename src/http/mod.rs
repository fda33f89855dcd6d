//! The HTTP edge: every route in one list, errors, keys, limits.

pub mod auth;
pub mod body;
pub mod client_ip;
pub mod edge;
pub mod ended;
pub mod limits;
pub mod operations;
pub mod people;
pub mod problem;
pub mod routes;
pub mod session;
pub mod snippet;
pub mod snippet_versions;

pub use routes::{Parts, application};
