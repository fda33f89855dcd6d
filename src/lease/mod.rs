//! Visit → number.
//!
//! In: a session, and a sign of life of one of its pages. Out: the number that the page shows, and
//! how good it is for attribution ([`model::Tier`]); for a call, everybody who was shown its number
//! ([`holders`]).
//!
//! Always: a session holds at most one number per pool; two live sessions never hold one number
//! unless both are told `shared`; a number on a page is never taken away; whatever fails, the page
//! keeps its own number. The decisions are Lua scripts (`lua/`), atomic in Redis, with the time as
//! an argument; truth is in values and scores, a key's time to live only collects garbage.

pub mod amp;
mod amp_origin;
mod beats;
pub mod clicks;
mod cookies;
mod desk;
pub mod exhausted;
mod gate;
pub mod holders;
pub mod http;
mod known;
pub mod model;
pub mod numbers;
pub mod pages;
pub mod pools;
pub mod reply;
pub mod rules;
pub mod scripts;
pub mod serve;
pub mod shares;
pub mod store;
mod told;
pub mod trackers;
pub mod view;
pub mod wire;
pub mod worker;
pub mod written;
