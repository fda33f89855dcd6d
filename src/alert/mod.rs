//! What is known → who should hear of it.
//!
//! In: alerts and schedules of the configuration, and the clock. Out: letters, webhooks and log lines: that something is
//! wrong, still is, or is over ([`worker`]), and reports at the hour they are wanted ([`schedule`]).
//!
//! One look at an alert walks: [`judge`] (what is wrong, from reports, the warehouse and Redis) → [`rules`] (is that news?)
//! → [`store`] (what was told) → [`send`] (letters, webhooks, log).
//!
//! What always holds: what cannot be judged (no data, a warehouse that does not answer) neither begins nor ends anything;
//! news are noted before they are sent and sent until every recipient took them or a day has passed; within the hold-off
//! nobody hears of the same again but that it is over; no address and no secret is logged.

pub mod http;
pub mod judge;
pub mod letter;
pub mod mail;
pub mod mailable;
pub mod model;
pub mod question;
pub mod rules;
pub mod schedule;
pub mod send;
pub mod store;
pub mod worker;
