//! Every kind of Redis, and every way in which it can fail.

mod cluster;
mod failover;
mod faults;
mod lost_writes;
mod tls;
