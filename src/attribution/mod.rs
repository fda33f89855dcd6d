//! Call and holders → candidates, credit.
//!
//! In: a call and who was shown its number. Out: an [`model::Attribution`], frozen into the call.
//! `docs/attribution.md` explains the model.
//!
//! One call walks: [`store`] (who held the number, and what the site's [`delays`] are) → [`evidence`] of each
//! holder, with what visits tell ([`nearness`]) and earlier calls ([`known`]) → [`rules`] (probabilities) → [`answer`] (the winner,
//! its touches and their [`credit`]). Its [`observation`] teaches the next [`fit`].
//!
//! Certain sources are asked first: what the network told of the ad ([`provided`]), then static numbers. What is
//! told later ([`named`]) may replace an answer ([`revision`]).
//!
//! What always holds: probabilities of the candidates and of "none of them" sum to 1; credits of
//! the touches sum to 1 under every model; a call is judged by what was known at its own time;
//! the confidence is the probability of the chosen candidate, also when that is small, and 0 when
//! none is chosen; how likely it was none of them is told beside it.

pub mod answer;
pub mod credit;
pub mod delays;
pub mod evidence;
pub mod expect;
pub mod fit;
pub mod http;
pub mod known;
pub mod markov;
pub mod model;
pub mod named;
pub mod nearness;
pub mod observation;
pub mod provided;
pub mod revision;
pub mod rings;
pub mod rules;
pub mod stays;
pub mod store;
#[cfg(test)]
mod tests;
pub mod view;
pub mod worker;

pub use store::{Lookup, Sighted, join, join_sighted, sight};
