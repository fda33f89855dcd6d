//! Times as providers write them → moments (telephony facts §9). Pure.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::platform::clock::Millis;

/// RFC 2822 (Twilio, SignalWire), RFC 3339 (Telnyx, Vonage, Bandwidth), the same without a zone or
/// with a space, taken as UTC (Plivo), or epoch seconds.
pub fn moment(text: &str) -> Option<Millis> {
    let text = text.trim();
    if text.is_empty() || text.len() > 64 {
        return None;
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(Millis::from(time));
    }
    if let Ok(time) = jiff::fmt::rfc2822::parse(text) {
        return Some(Millis::from(time.timestamp()));
    }
    if let Ok(time) = text.parse::<DateTime>() {
        let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        return Some(Millis::from(zoned.timestamp()));
    }
    seconds(text)
}

/// Epoch seconds, with a fraction or without; 0 means that it did not happen.
pub fn seconds(text: &str) -> Option<Millis> {
    let seconds: f64 = text.trim().parse().ok()?;
    let fits = seconds.is_finite() && seconds > 0.0 && seconds < 1e11;
    fits.then(|| Millis((seconds * 1000.0).round() as i64))
}

/// Epoch microseconds (FreeSWITCH); 0 means that it did not happen.
pub fn micros(text: &str) -> Option<Millis> {
    let micros: i64 = text.trim().parse().ok()?;
    (micros > 0).then_some(Millis(micros / 1000))
}

/// Whole seconds between two moments, rounded; 0 when they are in the wrong order.
pub fn between(from: Millis, to: Millis) -> u32 {
    u32::try_from((to.since(from).max(0) + 500) / 1000).unwrap_or(u32::MAX)
}

/// A duration in ISO 8601 such as `PT20.056S` (Bandwidth), in whole seconds.
pub fn iso_duration(text: &str) -> Option<u32> {
    let span: jiff::SignedDuration = text.trim().parse().ok()?;
    u32::try_from((span.as_millis() + 500) / 1000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_writing_a_moment_come_to_the_same() {
        let at = Some(Millis(1_767_323_045_000));
        for text in [
            "Fri, 02 Jan 2026 03:04:05 +0000",
            "2026-01-02T03:04:05Z",
            "2026-01-02T04:04:05.000+01:00",
            "2026-01-02 03:04:05",
            "2026-01-02 03:04:05.000001",
            "1767323045",
            " 1767323045.0 ",
        ] {
            assert_eq!(moment(text), at, "{text}");
        }
        for text in ["", "0", "yesterday", "-5", "1e300", "NaN", "2026-13-02", &"9".repeat(80)] {
            assert_eq!(moment(text), None, "{text}");
        }
        assert_eq!(micros("1767323045000000"), at);
        assert_eq!(micros("0"), None);
        assert_eq!(iso_duration("PT20.056S"), Some(20));
        assert_eq!(iso_duration("20"), None);
        assert_eq!(between(Millis(2_000), Millis(1_000)), 0);
    }
}
