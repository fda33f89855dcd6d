//! What is assumed about when callers call. One table, so that learnt numbers can replace it.
//!
//! A session's weight is the density of calls at the time since its last sign of life: the share
//! of calls that fall into a band, spread over the band's width. So somebody who is on the page
//! outweighs hundreds who were there during the day. The shares are rounded estimates for sites
//! where most callers dial while the page is open (tel links, second screens); they are a prior,
//! not a measurement.

/// A span of time since the last sign of life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Its name.
    pub name: &'static str,
    /// Its end in milliseconds since the last sign of life (its begin is the end of the one before).
    pub until_ms: i64,
    /// Share of the calls of known sessions that fall into it.
    pub share: f64,
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// The bands, nearest first; the last one is open-ended in practice, as holders leave the
/// attribution window. A visible page beats every 30 s, a hidden one every minute: up to 90 s of
/// silence is "on the page".
pub const BANDS: [Band; 4] = [
    Band { name: "on the page", until_ms: 90 * SECOND, share: 0.66 },
    Band { name: "just after", until_ms: 15 * MINUTE, share: 0.18 },
    Band { name: "same day", until_ms: 24 * HOUR, share: 0.10 },
    Band { name: "later", until_ms: 30 * 24 * HOUR, share: 0.06 },
];

/// Calls of nobody (robots, wrong and saved numbers), as a weight that is always there. With it a
/// lone visitor of the same day is about as likely to have called as nobody.
pub const NOBODY_FLOOR: f64 = 1.2e-6;

/// Calls of somebody unknown (the number was read aloud, printed, seen on another device) as a
/// part of the best candidate's plain density: nobody on the page is ever certain without a click.
pub const NOBODY_SHARE: f64 = 0.03;

/// A `tel:` click moments before the call is nearly proof: most calls follow within seconds.
pub const CLICKED_MS: i64 = 2 * MINUTE;
/// How much more likely a session is that clicked within [`CLICKED_MS`].
pub const CLICKED_FACTOR: f64 = 30.0;
/// A dialler may stay open for a while before the call is placed.
pub const CLICKED_BEFORE_MS: i64 = 10 * MINUTE;
/// How much more likely a session is that clicked within [`CLICKED_BEFORE_MS`].
pub const CLICKED_BEFORE_FACTOR: f64 = 6.0;

/// Density of calls, per second, `idle_ms` after the last sign of life.
pub fn density(idle_ms: i64) -> f64 {
    let mut from_ms = 0;
    for band in BANDS {
        if idle_ms <= band.until_ms {
            return band.share / ((band.until_ms - from_ms) as f64 / SECOND as f64);
        }
        from_ms = band.until_ms;
    }
    let last = BANDS[BANDS.len() - 1];
    let width = last.until_ms - BANDS[BANDS.len() - 2].until_ms;
    last.share / (width as f64 / SECOND as f64)
}

/// Share of the calls of known sessions that come within `idle_ms` after the last sign of life.
pub fn share_by(idle_ms: i64) -> f64 {
    let (mut from_ms, mut sum) = (0, 0.0);
    for band in BANDS {
        let inside = (idle_ms.min(band.until_ms) - from_ms).max(0);
        sum += band.share * inside as f64 / (band.until_ms - from_ms) as f64;
        from_ms = band.until_ms;
    }
    sum
}

/// How much a `tel:` click `ago_ms` before the call counts.
pub fn click_factor(ago_ms: i64) -> f64 {
    if ago_ms <= CLICKED_MS {
        CLICKED_FACTOR
    } else if ago_ms <= CLICKED_BEFORE_MS {
        CLICKED_BEFORE_FACTOR
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_the_sum_of_the_density() {
        let mut sum = 0.0;
        for second in 0..7_200 {
            assert!((share_by(second * SECOND) - sum).abs() < 1e-9, "{second}");
            sum += density((second + 1) * SECOND);
        }
        assert!((share_by(i64::MAX) - 1.0).abs() < 1e-9);
        assert_eq!(share_by(-5), 0.0);
    }
}
