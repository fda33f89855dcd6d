//! Provider event → call.

pub mod model;
