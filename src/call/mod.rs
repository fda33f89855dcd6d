//! Provider event → call.
//!
//! In: webhooks of telephony providers, signed. Out: the answer that routes the call, and a
//! versioned [`model::Call`] in Redis with its ledger entry and its postbacks.
//!
//! What always holds:
//! - a caller gets through: whatever fails behind a verified webhook, the answer still forwards;
//! - an event is in the [`spool`] before it is acknowledged, and stays there until Redis has surely
//!   saved it;
//! - events may come twice, late, out of order: the same events end in the same call
//!   ([`rules::apply`]), and each change is one version, one ledger entry.
//!
//! One webhook walks: [`webhook`] → [`providers`] (verify, parse) → [`spool`] (fsync) → [`recorder`]
//! ([`rules`], attribution, [`spam`], [`routing`], [`store`]) → [`answer`] → [`providers`] (render). What could not be
//! recorded then is replayed by [`worker`].

pub mod answer;
pub mod archive;
pub mod attestation;
pub mod caller;
pub mod caller_calls;
pub mod command;
pub mod derived;
pub mod dial;
pub mod facts;
pub mod http;
pub mod import;
pub mod late_clicks;
pub mod list;
pub mod live;
pub mod model;
pub mod moved;
pub mod outcome;
pub mod provided;
pub mod providers;
pub mod recorder;
pub mod replays;
pub mod router;
pub mod routing;
pub mod rules;
pub mod scoring;
pub mod sealed;
pub mod spam;
pub mod spool;
pub mod store;
pub mod view;
pub mod webhook;
pub mod worker;

#[cfg(test)]
mod tests;
