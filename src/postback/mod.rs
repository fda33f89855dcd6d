//! Conversion → destinations.

pub mod model;
pub mod rules;
