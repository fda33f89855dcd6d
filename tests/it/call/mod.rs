//! Calls, from signed webhooks to saved snapshots.

mod faults;
mod generic;
mod list;
mod webhooks;
mod world;
