//! The pages that people open: the dashboard at `/` and, in demo mode, a made-up business at `/demo`.
//!
//! In: the files in `page/`, `vendor/` and `demo/`, compiled into the binary as they are (or read from a folder while somebody
//! works on them: `dashboard.folder`). Out: HTML pages and their assets, [`session`]s for people, what [`setup`] tells, and
//! what [`provider_check`] finds out.
//! What always holds: a page loads nothing from another host and runs nothing inline (its content policy forbids both); an
//! asset's address contains a hash of all assets, so that it can be cached for good and a new version is never mixed with
//! an old one; data comes only through the public API, with what the key behind the session may see.

pub mod assets;
pub mod http;
pub mod provider_check;
pub mod session;
pub mod setup;
#[cfg(test)]
mod tests;
