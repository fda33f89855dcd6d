//! The pages that people open: the dashboard at `/` and, in demo mode, a made-up business at `/demo`.
//!
//! In: the files in `page/` and `demo/`, compiled into the binary as they are. Out: two HTML pages and
//! their assets. What always holds: a page loads nothing from another host and runs nothing inline
//! (its content policy forbids both); an asset's address contains a hash of all assets, so that it
//! can be cached for good and a new version is never mixed with an old one; data comes only through
//! the public API, with the key of whoever looks.

pub mod assets;
pub mod http;
#[cfg(test)]
mod tests;
