//! Pages that a browser loads before anybody asked for them.
//!
//! `Sec-Purpose` is of the Fetch standard and the speculation rules (`prefetch`,
//! `prefetch;prerender`, with more parameters behind); `Purpose` and `X-Moz` are its forerunners in
//! Chromium and Firefox, `X-Purpose: preview` is Safari's for its page of top sites.

/// The request headers that say it.
pub const HEADERS: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// Whether the value of one of [`HEADERS`] says that nobody looks at the page yet.
pub fn is_ahead(value: &str) -> bool {
    value.split([';', ',']).any(|part| {
        let word = part.split('=').next().unwrap_or(part).trim();
        ["prefetch", "prerender", "preview"].iter().any(|known| word.eq_ignore_ascii_case(known))
    })
}
