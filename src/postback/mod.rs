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
//! The way of one entry: [`store`] claims it → [`delivery`] decides → [`destinations`] builds the
//! request → [`client`] sends it through [`guard`] → [`destinations`] judges the answer →
//! [`retry`] says when again → [`store`] settles it. [`lanes`] keeps a slow destination from
//! delaying others, [`worker`] repeats all this, [`log`] and [`http`] show it to people.

pub mod client;
pub mod delivery;
pub mod destinations;
pub mod guard;
pub mod http;
pub mod lanes;
pub mod log;
pub mod model;
pub mod retry;
pub mod revise;
pub mod rules;
pub mod store;
pub mod worker;
