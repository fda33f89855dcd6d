//! One figure: a metric's formula over the sums of a row. Pure.

use serde_json::{Map, Value, json};

use crate::report::metrics::{Count, Rate};
use crate::report::query::metrics::{Metric, MetricKind};
use crate::report::query::sums::Sum;

/// A metric's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// Nobody told what it rests on.
    Unknown,
    /// How many.
    Count(Count),
    /// A number, seconds or money.
    Number(f64),
    /// A share with its interval.
    Rate(Rate),
    /// A quotient.
    Quotient {
        /// The quotient.
        value: f64,
        /// Above the line.
        numerator: Count,
        /// Below it.
        denominator: Count,
    },
}

impl Figure {
    /// The figure of `metric`; `sum` tells the sums of the row, `None` where they are not known.
    pub fn of(metric: &Metric, sum: impl Fn(Sum) -> Option<f64>) -> Self {
        Self::known(metric, sum).unwrap_or(Figure::Unknown)
    }

    fn known(metric: &Metric, sum: impl Fn(Sum) -> Option<f64>) -> Option<Self> {
        if let Some(told) = metric.told
            && sum(told)? <= 0.0
        {
            return None;
        }
        let mut over = 1.0;
        for term in metric.over {
            over *= sum(term.plus)? - term.minus.map_or(Some(0.0), &sum)?;
        }
        let mut under = 1.0;
        for part in metric.under {
            under *= sum(*part)?;
        }
        if under == 0.0 {
            return None;
        }
        let value = rounded(over / under);
        Some(match metric.kind {
            MetricKind::Count => Figure::Count(over.into()),
            MetricKind::Rate | MetricKind::Share => Figure::Rate(Rate::of(over, under)?),
            MetricKind::Quotient => {
                Figure::Quotient { value, numerator: over.into(), denominator: under.into() }
            }
            MetricKind::Mean | MetricKind::Duration | MetricKind::Money => Figure::Number(value),
        })
    }

    /// The one number that says most of it.
    pub fn value(&self) -> Option<f64> {
        match self {
            Figure::Unknown => None,
            Figure::Count(count) => Some(count.get()),
            Figure::Number(value) | Figure::Quotient { value, .. } => Some(*value),
            Figure::Rate(rate) => Some(rate.value),
        }
    }

    /// Numerator and denominator, where it has them.
    pub fn parts(&self) -> Option<(Count, Count)> {
        match self {
            Figure::Rate(rate) => Some((rate.numerator, rate.denominator)),
            Figure::Quotient { numerator, denominator, .. } => Some((*numerator, *denominator)),
            _ => None,
        }
    }

    /// The figure in JSON.
    pub fn json(&self) -> Value {
        match self {
            Figure::Unknown => Value::Null,
            Figure::Count(count) => json!(count),
            Figure::Number(value) => json!(value),
            Figure::Rate(rate) => json!(rate),
            Figure::Quotient { value, numerator, denominator } => {
                json!({ "value": value, "numerator": numerator, "denominator": denominator })
            }
        }
    }
}

/// Figures under the names of their metrics.
pub fn named(metrics: &[&'static Metric], figures: &[Figure]) -> Map<String, Value> {
    let named = metrics.iter().zip(figures);
    named.map(|(metric, figure)| (metric.name.to_owned(), figure.json())).collect()
}

/// Without what sums of fractions are off by.
fn rounded(value: f64) -> f64 {
    let scaled = value * 1e9;
    if scaled.abs() < 9e15 { scaled.round() / 1e9 } else { value }
}

/// How sure it is that two shares differ: the two-sided p-value of the pooled two-proportion z-test; `None` where one of
/// them is of nothing, or nothing varies.
///
/// E. L. Lehmann, J. P. Romano, "Testing Statistical Hypotheses" (2005), section 4.5; the normal tail by `libm::erfc`.
pub fn p_value(a: &Rate, b: &Rate) -> Option<f64> {
    let (n, m) = (a.denominator.get(), b.denominator.get());
    let (x, y) = (a.numerator.get(), b.numerator.get());
    let pooled = (x + y) / (n + m);
    let spread = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    if !spread.is_normal() {
        return None;
    }
    let z = (x / n - y / m) / spread;
    Some(rounded(libm::erfc(z.abs() / std::f64::consts::SQRT_2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::query::metrics::metric;

    fn figure(name: &str, sums: &[(Sum, f64)]) -> Figure {
        let known = |sum| sums.iter().find(|(known, _)| *known == sum).map(|(_, value)| *value);
        Figure::of(metric(name).expect("a metric"), known)
    }

    #[test]
    fn what_nobody_told_is_not_nothing() {
        assert_eq!(
            figure("qualified_leads", &[(Sum::Qualified, 0.0), (Sum::QualifiedTold, 0.0)]),
            Figure::Unknown
        );
        let told = figure("qualified_leads", &[(Sum::Qualified, 0.0), (Sum::QualifiedTold, 3.0)]);
        assert_eq!(told.value(), Some(0.0));
        assert_eq!(figure("roi", &[(Sum::Cost, 10.0)]), Figure::Unknown, "no revenue was told");
        assert_eq!(figure("csat", &[(Sum::Content, 0.0), (Sum::Rated, 0.0)]), Figure::Unknown);
    }

    #[test]
    fn formulas_with_differences_and_products() {
        assert_eq!(figure("roi", &[(Sum::Cost, 10.0), (Sum::Revenue, 25.0)]).value(), Some(1.5));
        let nps = [(Sum::Promoters, 2.0), (Sum::Detractors, 3.0), (Sum::Recommended, 10.0)];
        assert_eq!(figure("nps", &nps).value(), Some(-0.1));
        // 6 open leads × 250 mean value × 4/20 converted / 5 days on average.
        let velocity = [
            (Sum::OpenLeads, 6.0),
            (Sum::Revenue, 1_000.0),
            (Sum::Valued, 4.0),
            (Sum::Converted, 4.0),
            (Sum::Calls, 20.0),
            (Sum::ConversionsTimed, 4.0),
            (Sum::ConversionDays, 20.0),
        ];
        assert_eq!(figure("sales_velocity", &velocity).value(), Some(60.0));
    }

    /// 40 of 200 against 25 of 250: pooled 65/450, z = 2.9984…, p = 0.00271….
    #[test]
    fn a_difference_has_its_significance() {
        let rate = |x, n| Rate::of(x, n).expect("a rate");
        let p = p_value(&rate(40.0, 200.0), &rate(25.0, 250.0)).expect("a p-value");
        assert!((p - 0.002_7).abs() < 1e-4, "{p}");
        assert_eq!(p_value(&rate(5.0, 10.0), &rate(50.0, 100.0)), Some(1.0));
        assert_eq!(p_value(&rate(0.0, 10.0), &rate(0.0, 100.0)), None, "nothing varies");
    }
}
