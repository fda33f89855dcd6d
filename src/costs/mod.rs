//! What people tell of their business: what was spent, and who was there to take calls.
//!
//! In: `POST /v1/costs` and `POST /v1/staffing`, lists or tables ([`rules`]). Out: ledger entries ([`model`]).
//!
//! What always holds: one thing on one day has one figure, the one that was told last, however often it comes; a line
//! that cannot be used is told with the reason and stops no other.

pub mod http;
pub mod model;
pub mod rules;
pub mod store;
