//! Visit → number.

pub mod holders;
pub mod model;
