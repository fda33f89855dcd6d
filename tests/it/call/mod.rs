//! Calls, from signed webhooks to saved snapshots.

mod callers;
mod delays;
mod documents;
mod faults;
mod garbage;
mod generic;
mod list;
mod providers;
mod routing;
mod signers;
mod voice_api;
mod voice_standin;
mod webhooks;
pub mod world;
