//! How far a count may be from what is expected. Pure.
//!
//! Counts of calls vary more than Poisson's law allows: days are good and bad. The negative binomial law has a second
//! parameter for that: variance = mean + dispersion · mean².

use statrs::distribution::{DiscreteCDF, NegativeBinomial, Poisson};

/// Below this the law is Poisson's.
const NONE: f64 = 1e-6;
/// More than this is not believed.
const MOST: f64 = 10.0;
/// No interval ends beyond.
const MOST_CALLS: u64 = 1_000_000_000;

/// The dispersion of pairs of what was expected and what came, by moments: 0 where they vary as Poisson's law says, or less.
pub fn dispersion(pairs: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (mut extra, mut squares) = (0.0, 0.0);
    for (expected, came) in pairs {
        extra += (came - expected).powi(2) - expected;
        squares += expected * expected;
    }
    if squares > 0.0 { (extra / squares).clamp(0.0, MOST) } else { 0.0 }
}

/// The least count that is not exceeded with `probability`, where `expected` is the mean.
pub fn quantile(expected: f64, dispersion: f64, probability: f64) -> u64 {
    if expected <= 0.0 || !expected.is_finite() {
        return 0;
    }
    let successes = 1.0 / dispersion.max(NONE);
    let poisson = Poisson::new(expected).ok();
    let wider = NegativeBinomial::new(successes, successes / (successes + expected)).ok();
    let within = |count: u64| match dispersion < NONE {
        true => poisson.is_none_or(|law| law.cdf(count) >= probability),
        false => wider.is_none_or(|law| law.cdf(count) >= probability),
    };
    let deviation = (expected + dispersion * expected * expected).sqrt();
    let (mut too_few, mut enough) = (None, (expected + deviation).ceil() as u64);
    while !within(enough) && enough < MOST_CALLS {
        (too_few, enough) = (Some(enough), enough * 2);
    }
    let mut first = too_few.map_or(0, |count| count + 1);
    while first < enough {
        let middle = first + (enough - first) / 2;
        if within(middle) { enough = middle } else { first = middle + 1 }
    }
    enough
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distribution function, summed up by hand.
    fn cumulative(expected: f64, dispersion: f64, until: u64) -> f64 {
        let (r, p) = (1.0 / dispersion, 1.0 / (1.0 + dispersion * expected));
        let (mut term, mut sum) = (p.powf(r), 0.0);
        for k in 0..=until {
            sum += term;
            term *= (r + k as f64) / (k as f64 + 1.0) * (1.0 - p);
        }
        sum
    }

    #[test]
    fn a_quantile_is_the_least_count_that_is_likely_enough() {
        for (expected, dispersion) in [(0.3, 0.5), (4.0, 0.1), (40.0, 0.02), (900.0, 0.3)] {
            for probability in [0.025, 0.1, 0.5, 0.9, 0.975] {
                let least = quantile(expected, dispersion, probability);
                assert!(cumulative(expected, dispersion, least) >= probability - 1e-9);
                if least > 0 {
                    assert!(cumulative(expected, dispersion, least - 1) < probability + 1e-9);
                }
            }
        }
        // Poisson's, from tables: P(X ≤ 6 | 3) = 0.9665, P(X ≤ 7 | 3) = 0.9881.
        assert_eq!(quantile(3.0, 0.0, 0.975), 7);
        assert_eq!(quantile(0.0, 0.3, 0.9), 0);
    }

    #[test]
    fn dispersion_is_what_varies_beyond_poisson() {
        // Expected 100 each; off by 10 is Poisson's own variance, by 20 is 300 more: 300 / 100² = 0.03.
        assert_eq!(dispersion([(100.0, 110.0), (100.0, 90.0)]), 0.0);
        assert!((dispersion([(100.0, 120.0), (100.0, 80.0)]) - 0.03).abs() < 1e-12);
        assert_eq!(dispersion([]), 0.0);
    }
}
