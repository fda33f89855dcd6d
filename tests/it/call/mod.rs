//! Calls, from signed webhooks to saved snapshots.

mod faults;
mod garbage;
mod generic;
mod list;
mod providers;
mod signers;
mod webhooks;
mod world;
