//! Calls, from signed webhooks to saved snapshots.

mod delays;
mod documents;
mod faults;
mod garbage;
mod generic;
mod list;
mod providers;
mod signers;
mod webhooks;
mod world;
