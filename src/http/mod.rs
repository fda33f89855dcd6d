//! The HTTP edge: every route in one list, errors, keys, limits.

pub mod auth;
pub mod limits;
pub mod problem;
