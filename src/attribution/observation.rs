//! What a call teaches about delays: its whole set of candidates, small enough to be stored with it.
//!
//! The likeliest candidates are kept one by one. Of the others only the delay is known; they are counted
//! in logarithmic bins, so that a thousand of them take no more room than a dozen.

use serde::{Deserialize, Serialize};

use crate::attribution::evidence::Evidence;
use crate::attribution::rules::{Older, known_share};
use crate::attribution::stays::{Moment, Stays};
use crate::platform::clock::Millis;

/// Bins of delays; bin `n` ends at `1.3^(n+1)` seconds, the last one beyond a month.
const BINS: u8 = 58;
const GROWTH: f64 = 1.3;
/// Bins in which a delay grows by a factor of e: 1 / ln(1.3).
const PER_LN: f64 = 3.811_494_686_708_401_4;

/// Candidates that are kept one by one, beside all whose visits were looked at.
const MAX_NEAR: usize = 32;

/// A candidate that is kept one by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Near {
    /// The channel of its visit; empty when that was not looked at.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// Seconds since its last sign of life; `None`: it was on the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_s: Option<f32>,
    /// What moment of its stay it was while it was on the page.
    #[serde(default, skip_serializing_if = "is_start")]
    pub moment: Moment,
    /// Seconds since it clicked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clicked_s: Option<f32>,
    /// How much the rest of the evidence raises or lowers it.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub factor: f32,
}

fn one() -> f32 {
    1.0
}

fn is_one(factor: &f32) -> bool {
    *factor == 1.0
}

fn is_start(moment: &Moment) -> bool {
    *moment == Moment::default()
}

/// The candidates of one call, and what its number was like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// The likeliest candidates.
    pub near: Vec<Near>,
    /// The others, by the bin of their delay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub far: Vec<(u8, u32)>,
    /// Candidates that ever clicked.
    pub clicks: u32,
    /// How long candidates were on the page.
    pub stays: Stays,
    /// Seconds since the number was shown first, as far as is known.
    pub span_s: f64,
    /// Seconds since the newest of those was seen whom the list of holders has no room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_s: Option<f32>,
    /// How likely the caller is not known from a form, 0.0 to 1.0; 0 for whoever calls again: they do not call as
    /// those who call first.
    pub fresh: f64,
}

impl Default for Observation {
    fn default() -> Self {
        Observation {
            near: Vec::new(),
            far: Vec::new(),
            clicks: 0,
            stays: Stays::default(),
            span_s: 0.0,
            older_s: None,
            fresh: 1.0,
        }
    }
}

impl Observation {
    /// What a call at `at` with these candidates teaches, the likeliest first. Nothing of when people call where
    /// the caller `calls_again`, also when nobody knows who that was: it would pass for a call long after a visit.
    pub fn of(
        at: Millis,
        candidates: &[Evidence],
        older: Option<Older>,
        calls_again: bool,
    ) -> Self {
        let mut observed = Observation {
            fresh: if calls_again { 0.0 } else { 1.0 - known_share(candidates) },
            older_s: older.map(|older| older.from_s as f32),
            ..Observation::default()
        };
        let mut far = [0_u32; BINS as usize];
        for (place, one) in candidates.iter().enumerate() {
            observed.stays.add(one.stayed_s(at), one.is_unheard());
            observed.clicks += u32::from(one.clicked_s.is_some());
            if place < MAX_NEAR {
                observed.near.push(Near {
                    channel: one.channel.clone(),
                    idle_s: (!one.on_page).then_some(one.idle_s() as f32),
                    moment: one.moment,
                    clicked_s: one.clicked_s.filter(|_| one.spent < 0.5).map(|ago| ago as f32),
                    factor: one.factor() as f32,
                });
            } else {
                far[bin(one.idle_s()) as usize] += 1;
            }
        }
        let first = candidates.iter().map(|one| one.from).min();
        observed.span_s = first.map_or(0.0, |first| at.since(first).max(0) as f64 / 1_000.0);
        observed.far = (0..BINS).zip(far).filter(|(_, count)| *count > 0).collect();
        observed
    }

    /// How many candidates there were.
    pub fn candidates(&self) -> usize {
        self.near.len() + self.far.iter().map(|(_, count)| *count as usize).sum::<usize>()
    }

    /// Delays of the others in seconds, with how many they are.
    pub fn far_s(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.far.iter().map(|&(bin, count)| (middle_s(bin.min(BINS - 1)), f64::from(count)))
    }
}

fn bin(idle_s: f64) -> u8 {
    let bin = idle_s.max(1.0).ln() * PER_LN;
    (bin as u8).min(BINS - 1)
}

/// The middle of a bin, by the logarithm.
fn middle_s(bin: u8) -> f64 {
    if bin == 0 { 0.65 } else { GROWTH.powf(f64::from(bin) + 0.5) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_near_the_middle_of_its_bin() {
        for seconds in [1.4, 7.0, 90.0, 3_600.0, 86_400.0, 29.0 * 86_400.0] {
            let middle = middle_s(bin(seconds));
            assert!((middle / seconds).ln().abs() < 0.14, "{seconds}: {middle}");
        }
        assert_eq!((bin(0.0), bin(f64::MAX)), (0, BINS - 1));
    }
}
