//! Calls of the past, taken over from another system.
//!
//! In: a table as the other system exports it ([`columns`] knows the names of several). Out: calls marked `imported`,
//! each with the source that the other system gave it.
//!
//! What always holds: a call that is known stays as it is, so a table may be sent again; an imported call makes no
//! postback, and is not joined anew; a line that cannot be used is told with the reason, and stops no other.

pub mod cells;
pub mod columns;
pub mod http;
pub mod model;
pub mod rules;
