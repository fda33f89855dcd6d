//! Conversion → destinations.
//!
//! In: a call that met a rule of its site ([`rules::decide`]), queued in the outbox by the script
//! that saved the call. Out: one request per postback to an ad platform or a CRM, a verdict in the
//! delivery log or the dead set, and a `postback` entry in the ledger.
//!
//! What always holds: nothing is taken out of the outbox before its fate is written; a postback has
//! one id, told with every attempt, so that a destination that hears it twice counts it once; it is
//! delivered *at least* once until its latest moment; no caller's number, secret or query string
//! appears in a log, an error or the delivery log; no request reaches a private address unless the
//! configuration allows it.
//!
//! When a call is attributed anew, [`revise`] says what becomes of what was queued or told of it.
//!
//! The way of one entry: [`worker`] claims what is due, from the [`queue`] of each destination → [`delivery`] decides what may go → [`people`]
//! opens what may be told of its person → [`destinations`] says whether it is something for it, and how → [`attempt`]
//! sends it through [`client`] and [`guard`], with a token of [`tokens`] → [`destinations`] judges the answer,
//! [`fate`] what it means for each →
//! [`settle`] says what follows, [`retry`] when again → [`store`] writes it down. [`lanes`] keeps a slow destination from
//! delaying others, [`gone`] those who are no longer there from being asked, [`once`] a caller from being told twice; [`log`] and [`http`] show all this to people.

pub mod attempt;
pub mod client;
pub mod condition;
pub mod delivery;
pub mod destinations;
pub mod events;
pub mod fate;
pub mod files;
pub mod filter;
mod flights;
pub mod gone;
pub mod guard;
pub mod health;
pub mod http;
pub mod lanes;
pub mod log;
pub mod model;
pub mod once;
pub mod overflow;
pub mod people;
pub mod queue;
pub mod replay;
pub mod retry;
pub mod revise;
pub mod rules;
pub mod settle;
pub mod store;
pub mod tokens;
pub mod told;
pub mod trial;
pub mod verdict;
pub mod worker;
