//! What was → what will be.
//!
//! In: the calls of a site by day and hour, from the warehouse. Out: how many the next days and hours will bring, with
//! intervals ([`rules`]); how many people answer them ([`staffing`]); what another budget or other hours would change
//! ([`what_if`]).
//!
//! What always holds: only whole days of the past teach; whatever is told of the future comes with how good such forecasts
//! of this very site were ([`backtest`]: weeks held back, each forecast from what was known before it), or with the
//! assumptions that it rests on.

pub mod backtest;
pub mod days;
pub mod hours;
pub mod http;
pub mod model;
pub mod rules;
pub mod spread;
pub mod staffing;
pub mod store;
#[cfg(test)]
mod tests;
pub mod what_if;
