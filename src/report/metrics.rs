//! The figures of a row and their formulas. Pure.
//!
//! Rates are fractions. What has nothing to be computed from is `None`, which is `null` in JSON.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

/// How many: a whole number, or a fraction where calls are shared out by credit. In JSON a whole one has no point.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Deserialize, ToSchema)]
#[schema(value_type = f64)]
pub struct Count(f64);

impl Count {
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Rounds away what sums of fractions are off by.
impl From<f64> for Count {
    fn from(count: f64) -> Self {
        Count((count * 1e9).round() / 1e9)
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.fract() == 0.0 {
            true => serializer.serialize_u64(self.0 as u64),
            false => serializer.serialize_f64(self.0),
        }
    }
}

/// All digits, or as many as the format asks for where it is no whole number.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.precision().filter(|_| self.0.fract() != 0.0) {
            Some(digits) => write!(f, "{:.digits$}", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

/// What is counted and summed for one row. Fractions only where calls are shared out by credit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Sessions.
    pub visits: f64,
    /// Sessions among them with at least one call.
    pub visits_with_call: f64,
    /// Calls.
    pub calls: f64,
    /// Calls of first-time callers.
    pub first_time: f64,
    /// Calls of known callers.
    pub repeated: f64,
    /// Calls that a person answered.
    pub answered: f64,
    /// Calls that nobody answered; without those that still ring or last, and rejected ones.
    pub missed: f64,
    /// Answered calls whose length is known.
    pub timed: f64,
    /// Seconds talked in them.
    pub talk_s: f64,
    /// Calls with a source.
    pub attributed: f64,
    /// Sum of the confidences of these.
    pub confidence: f64,
    /// Unwanted calls, whether they are counted above or not.
    pub spam: f64,
    /// Sessions that wanted a number of their own.
    pub wanted: f64,
    /// Sessions among them that got one.
    pub got_own: f64,
}

/// A share with what it was made from and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rate {
    /// `numerator / denominator`, 0.0 to 1.0.
    pub value: f64,
    /// What was counted.
    pub numerator: Count,
    /// Out of how many; never 0.
    pub denominator: Count,
    /// Lower end of the 95 % Wilson interval.
    pub low: f64,
    /// Upper end of the 95 % Wilson interval.
    pub high: f64,
}

/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

impl Rate {
    /// The share of `numerator` in `denominator`; `None` of nothing.
    ///
    /// Interval: E. B. Wilson, "Probable inference, the law of succession, and statistical
    /// inference", Journal of the American Statistical Association 22 (1927).
    pub fn of(numerator: f64, denominator: f64) -> Option<Self> {
        if denominator <= 0.0 {
            return None;
        }
        let n = denominator;
        // Sums of fractions may be off by their rounding.
        let p = (numerator / n).clamp(0.0, 1.0);
        let z2 = Z * Z;
        let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        // The interval always holds the value; rounding must not put it outside at 0 and 1.
        let low = (middle - half).clamp(0.0, p);
        let high = (middle + half).clamp(p, 1.0);
        let (numerator, denominator) = (numerator.into(), denominator.into());
        Some(Rate { value: p, numerator, denominator, low, high })
    }
}

/// The figures of one row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Metrics {
    /// Sessions that began in the period.
    pub visits: Count,
    /// Calls that arrived in the period, those still ringing or lasting too.
    pub calls: Count,
    /// Calls of callers who were not known.
    pub first_time_callers: Count,
    /// Calls of callers who were; anonymous callers are neither.
    pub repeat_callers: Count,
    /// Calls that a person answered.
    pub answered_calls: Count,
    /// Calls that are over and that nobody answered; rejected ones are not missed.
    pub missed_calls: Count,
    /// Mean seconds talked in answered calls.
    pub average_call_duration: Option<f64>,
    /// Answered calls / calls.
    pub completion_rate: Option<Rate>,
    /// Visits with at least one call (whenever it came) / visits.
    pub call_rate: Option<Rate>,
    /// Calls with a source / calls.
    pub attributed_rate: Option<Rate>,
    /// Mean probability of the chosen visit over calls with a source.
    pub mean_confidence: Option<f64>,
    /// Calls of the period that are flagged as spam; all other figures leave them out, unless `spam` asks for
    /// them.
    #[serde(default)]
    pub spam_calls: Count,
    /// Sessions that wanted a number of their own and got none / those that wanted one; only by hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_overflow_rate: Option<Rate>,
}

impl From<Tally> for Metrics {
    fn from(tally: Tally) -> Self {
        let mean = |sum: f64, of: f64| (of > 0.0).then(|| sum / of);
        Metrics {
            visits: tally.visits.into(),
            calls: tally.calls.into(),
            first_time_callers: tally.first_time.into(),
            repeat_callers: tally.repeated.into(),
            answered_calls: tally.answered.into(),
            missed_calls: tally.missed.into(),
            average_call_duration: mean(tally.talk_s, tally.timed),
            completion_rate: Rate::of(tally.answered, tally.calls),
            call_rate: Rate::of(tally.visits_with_call, tally.visits),
            attributed_rate: Rate::of(tally.attributed, tally.calls),
            mean_confidence: mean(tally.confidence, tally.attributed),
            spam_calls: tally.spam.into(),
            lease_overflow_rate: Rate::of(tally.wanted - tally.got_own, tally.wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_nothing_there_is_no_rate_and_no_mean() {
        let metrics = Metrics::from(Tally::default());
        assert_eq!(metrics.calls, 0.0.into());
        assert_eq!(metrics.completion_rate, None);
        assert_eq!(metrics.call_rate, None);
        assert_eq!(metrics.average_call_duration, None);
        assert_eq!(metrics.mean_confidence, None);
    }

    /// The worked examples of R. G. Newcombe, "Two-sided confidence
    /// intervals for the single proportion", Statistics in Medicine 17 (1998), table I.
    #[test]
    fn the_interval_is_wilsons() {
        for (numerator, denominator, low, high) in
            [(81.0, 263.0, 0.2553, 0.3662), (15.0, 148.0, 0.0624, 0.1605), (0.0, 20.0, 0.0, 0.1611)]
        {
            let rate = Rate::of(numerator, denominator).expect("a rate");
            assert!((rate.low - low).abs() < 5e-5, "{rate:?}");
            assert!((rate.high - high).abs() < 5e-5, "{rate:?}");
        }
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_value_and_stays_in_bounds(n in 1u64..1_000_000, part in 0.0..=1.0) {
            let rate = Rate::of(f64::floor(n as f64 * part), n as f64).expect("a rate");
            prop_assert!(0.0 <= rate.low && rate.low <= rate.value);
            prop_assert!(rate.value <= rate.high && rate.high <= 1.0);
        }
    }
}
