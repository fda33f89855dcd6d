//! Who earned the calls.
//!
//! In: sites, a period, how calls weigh and by which clock they count ([`model::Question`]). Out: one row a
//! source with its credits under every model side by side. The models of a single call were decided when the call was
//! joined and are only summed here; the data-driven one comes from the ways of all visitors of the period
//! ([`crate::attribution::markov`]), which [`effects`] keeps. The other reports share calls out in the same way
//! ([`sql`]), by the one model that is asked for.
//!
//! What always holds: whole calls sum to the number of calls under every model, fractional ones to the sum of their
//! confidences.

pub mod effects;
pub mod http;
pub mod model;
pub mod sql;
pub mod store;
pub mod worker;
