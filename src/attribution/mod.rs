//! Call and holders → candidates, credit.
//!
//! In: a call and who was shown its number. Out: an [`model::Attribution`], frozen into the call.
//!
//! What always holds: probabilities of the candidates and of "none of them" sum to 1; credits of
//! the touches sum to 1 under every model; a call is judged by what was known at its own time;
//! the confidence is the probability of the chosen candidate, also when that is small, and 0 when
//! none is chosen; how likely it was none of them is told beside it.

pub mod model;
pub mod prior;
pub mod rules;
mod store;
#[cfg(test)]
mod tests;

pub use store::{Lookup, join, join_known};
