//! Calls whose provider is told what to do by commands, not by the answers to its webhooks.
//!
//! In: the steps that routing decided for an event of such a call ([`model::Controlled`]). Out: requests to the
//! provider's API, one at a time: each brings back, with the event that says it is over, where the call stands.
//!
//! What always holds: no webhook waits for a command; its event stays in the spool until the command was sent
//! or given up, so a process that dies sends it when it starts again, if that is soon enough to help the caller.
//! A command that is sent twice has the same id, by which the provider knows it for [`worker::LATEST`] and
//! longer, so it is carried out once. A command that is refused is followed by one that forwards the call to its
//! fail-safe: nobody is left on a silent line.

pub mod model;
pub mod rules;
pub mod worker;
