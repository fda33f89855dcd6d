//! Forms, chats and other leads → facts, and what they tell of callers.
//!
//! In: leads of a site, each with the session or the number that it came from (`POST /v1/leads`). Out: a [`model::Lead`]
//! in Redis with its ledger entry, for lists, and for the time until somebody talked with its person.
//!
//! What always holds: a lead that comes twice counts once; one with a session has the source of that session; a lead
//! with both a session and a number says which session the number's owner was: calls that come later are joined by that
//! ([`store::read_session`]), and the caller's last call is looked at again ([`crate::call::recorder::Recorder::rejoin`]).

pub mod archive;
pub mod http;
pub mod model;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;
pub mod view;
