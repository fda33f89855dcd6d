//! What happened, in order, for good.

pub mod model;
