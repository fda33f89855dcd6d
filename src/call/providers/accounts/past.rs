//! Days and moments as providers' lists take them. Pure.

use jiff::tz::TimeZone;
use url::Url;

use crate::platform::clock::Millis;

/// The day in UTC: `2026-01-02`.
pub fn day(at: Millis) -> String {
    at.timestamp().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// A moment in UTC, to the second: `2026-01-02 03:04:05`.
pub fn second(at: Millis) -> String {
    at.timestamp().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// RFC 3339 in UTC, to the second.
pub fn rfc3339(at: Millis) -> String {
    at.timestamp().to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The same address with one parameter of its query set.
pub fn with_parameter(url: &Url, name: &str, value: &str) -> Url {
    let kept: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
    url
}

/// A whole number in the query of an address.
pub fn number_in(url: &Url, name: &str) -> Option<usize> {
    url.query_pairs().find(|(known, _)| known == name)?.1.parse().ok()
}
