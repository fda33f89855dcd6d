//! Lists of calls, newest first, over one or many sites and all of their time.
//!
//! In: which calls ([`filter`]), after which ([`crate::platform::cursor`]). Out: a page ([`page`]), or all of them
//! as a file ([`export`]).
//!
//! What always holds: [`filter::Filter::holds`] alone decides whether a call is listed, wherever it comes from;
//! a page is bounded, and so is the work for it: a page may have fewer rows than asked for and still
//! name a next one.

pub mod export;
pub mod filter;
pub mod http;
pub mod page;
pub mod query;
