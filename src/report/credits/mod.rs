//! Who earned the calls, by every model side by side.
//!
//! In: sites, a period, how calls weigh and by which clock they count ([`model::Question`]). Out: one row a
//! source with its credits. The models of a single call were decided when the call was joined and are only
//! summed here; the data-driven one is computed from the ways of all visitors of the period
//! ([`crate::attribution::markov`]).

pub mod http;
pub mod model;
pub mod store;
