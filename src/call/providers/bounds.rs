//! Bounds on what comes from outside: ids, texts, links, keys, times. Pure.

use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

/// Longest text that is kept of any field.
const MAX_TEXT: usize = 128;
/// Longest id that is taken; a longer one is no id.
const MAX_ID: usize = 256;
/// Longest recording link that is kept.
const MAX_URL: usize = 2048;
/// Least digits of a number with its country code; fewer are a short code.
const SHORTEST_NUMBER: usize = 8;
/// Most keys that are kept of one answer.
const MAX_KEYS: usize = 32;

/// A provider's id: visible ASCII of a bounded length, or nothing.
pub fn id(text: &str) -> Option<&str> {
    let fits = (1..=MAX_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(text)
}

/// A text for people, cut to a bounded length, without control characters.
pub fn text(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

/// ISO 3166-1 alpha-2 code in capitals, or empty.
pub fn country_code(text: &str) -> String {
    let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    if fits { text.to_ascii_uppercase() } else { String::new() }
}

/// A number as some providers write it, without its `+`; a word or a SIP user stays as it is.
pub fn with_plus(text: &str) -> String {
    let number = format!("+{text}");
    let is_number = text.len() >= SHORTEST_NUMBER && number.parse::<PhoneNumber>().is_ok();
    if is_number { number } else { text.to_owned() }
}

/// A link that can be stored: http(s), bounded. It is never fetched.
pub fn link(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let fits = text.len() <= MAX_URL && matches!(url.scheme(), "http" | "https");
    fits.then(|| text.to_owned())
}

/// Keys of a telephone: digits, `*`, `#`, `A` to `D`; everything else is left out.
pub fn keys(text: &str) -> String {
    let is_key = |c: &char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D' | 'a'..='d');
    text.chars().filter(is_key).take(MAX_KEYS).collect()
}

/// The provider's own time when it is believable (reports come at most 30 days late, and clocks
/// differ by less than 5 minutes), otherwise the time of receipt.
pub fn believable(told: Option<Millis>, received_at: Millis) -> Millis {
    told.filter(|told| is_believable(*told, received_at)).unwrap_or(received_at)
}

/// Whether a report of `told` may have been sent at `received_at`.
fn is_believable(told: Millis, received_at: Millis) -> bool {
    const AHEAD_MS: i64 = 5 * 60_000;
    received_at.since(told) >= -AHEAD_MS && !is_stale(told, received_at)
}

/// Whether a report of `told` comes so late that Redis no longer knows the call: a signature
/// without a time of its own would let it count a second time.
pub fn is_stale(told: Millis, received_at: Millis) -> bool {
    const OLDEST_MS: i64 = 30 * 24 * 3_600_000;
    received_at.since(told) > OLDEST_MS
}
