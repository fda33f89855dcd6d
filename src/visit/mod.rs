//! Page view → visit.

pub mod model;
pub mod store;
