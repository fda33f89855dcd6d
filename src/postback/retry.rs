//! When to try again. Pure: the moment and the random draw are arguments.

use jiff::fmt::rfc2822::DateTimeParser;

use crate::config::model::PostbackDelivery;
use crate::platform::clock::Millis;

/// The longest `Retry-After` that is obeyed; what a destination asks beyond it is cut.
pub const LONGEST_RETRY_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// The longest value of a `Retry-After` header that is read.
const LONGEST_HEADER: usize = 64;

/// Exponential back-off with full jitter: the n-th failure waits a random time between zero and
/// `base × 2^n`, never more than `max` (Brooker, "Exponential Backoff And Jitter", 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// Longest wait after the first failure, in milliseconds.
    pub base_ms: i64,
    /// Longest wait at all, in milliseconds.
    pub max_ms: i64,
}

impl BackOff {
    /// The configured back-off.
    pub fn configured(delivery: &PostbackDelivery) -> Self {
        let ms = |span: jiff::SignedDuration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        BackOff { base_ms: ms(delivery.retry_base).max(1), max_ms: ms(delivery.retry_max).max(1) }
    }

    /// Milliseconds to wait after `failures` failures before this one; `draw` is uniform in
    /// `0.0..1.0`.
    pub fn wait_ms(&self, failures: u32, draw: f64) -> i64 {
        let doubled = self.base_ms.saturating_mul(1i64 << failures.min(40));
        (doubled.min(self.max_ms) as f64 * draw.clamp(0.0, 1.0)) as i64
    }
}

/// When a `Retry-After` header (RFC 9110 §10.2.3: seconds, or an HTTP date) wants the next
/// attempt: never in the past, at most [`LONGEST_RETRY_AFTER_MS`] ahead; `None` when it cannot be
/// read.
pub fn retry_after(header: &str, now: Millis) -> Option<Millis> {
    let text = header.trim();
    if text.is_empty() || text.len() > LONGEST_HEADER {
        return None;
    }
    let wanted = if text.bytes().all(|b| b.is_ascii_digit()) {
        now.plus(text.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1000))
    } else {
        Millis::from(DateTimeParser::new().parse_timestamp(text).ok()?)
    };
    Some(wanted.clamp(now, now.plus(LONGEST_RETRY_AFTER_MS)))
}

/// When the next attempt is: after `wait_ms`, not before `not_before`, and always later than
/// `now`; `None` when that is past `latest`.
pub fn next_attempt(
    now: Millis,
    wait_ms: i64,
    not_before: Option<Millis>,
    latest: Millis,
) -> Option<Millis> {
    let at = now.plus(wait_ms.max(1)).max(not_before.unwrap_or(now));
    (at <= latest).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_767_323_045_000);

    proptest! {
        #[test]
        fn a_wait_is_never_longer_than_its_step_or_the_longest(
            base_ms in 1i64..100_000, max_ms in 1i64..10_000_000, failures: u32, draw in 0.0f64..1.0,
        ) {
            let wait = BackOff { base_ms, max_ms }.wait_ms(failures, draw);
            prop_assert!((0..=max_ms).contains(&wait));
            prop_assert!(failures > 30 || wait <= base_ms << failures);
        }

        #[test]
        fn the_longest_possible_wait_never_shrinks(
            base_ms in 1i64..100_000, max_ms in 1i64..10_000_000, failures in 0u32..100,
        ) {
            let back_off = BackOff { base_ms, max_ms };
            prop_assert!(back_off.wait_ms(failures, 1.0) <= back_off.wait_ms(failures + 1, 1.0));
        }

        #[test]
        fn the_next_attempt_is_in_the_future_and_not_after_the_latest_moment(
            wait in -5i64..10_000_000, ahead in 0i64..200_000_000, latest in -10i64..400_000_000,
        ) {
            let (not_before, latest) = (NOW.plus(ahead), NOW.plus(latest));
            match next_attempt(NOW, wait, Some(not_before), latest) {
                Some(at) => prop_assert!(at > NOW && at >= not_before && at <= latest),
                None => prop_assert!(NOW.plus(wait.max(1)).max(not_before) > latest),
            }
        }

        #[test]
        fn any_retry_after_is_bounded(header in ".{0,80}") {
            if let Some(at) = retry_after(&header, NOW) {
                prop_assert!(at >= NOW && at.since(NOW) <= LONGEST_RETRY_AFTER_MS);
            }
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        assert_eq!(retry_after("120", NOW), Some(NOW.plus(120_000)));
        assert_eq!(retry_after(" 0 ", NOW), Some(NOW));
        let date = retry_after("Fri, 02 Jan 2026 03:05:05 GMT", NOW);
        assert_eq!(date, Some(NOW.plus(60_000)));
        assert_eq!(retry_after("Thu, 01 Jan 1970 00:00:00 GMT", NOW), Some(NOW));
        assert_eq!(
            retry_after("99999999999999999999", NOW),
            Some(NOW.plus(LONGEST_RETRY_AFTER_MS))
        );
        assert_eq!(retry_after("soon", NOW), None);
        assert_eq!(retry_after("-5", NOW), None);
    }
}
