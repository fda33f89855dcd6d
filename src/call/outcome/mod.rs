//! What came of a call, as people, CRMs and telephone systems tell it afterwards.
//!
//! In: a change of some fields, for a call named by our id, the provider's, or its caller and time.
//! Out: the next version of the call, saved as any other: with its ledger entry, and with the postbacks
//! that the change causes. An e-mail address of the caller ([`email`]) is kept beside the call. Whoever names the visitor ([`who`]) has the call attributed anew.
//!
//! What always holds: what is not named stays; what is named with `null` is cleared; the same change
//! twice is one version.

pub mod email;
pub mod find;
pub mod http;
pub mod import;
pub mod model;
pub mod rules;
pub mod view;
pub mod who;

#[cfg(test)]
mod tests;
