//! Published figures that metrics are held against: `config/benchmarks.toml`.

use serde::Deserialize;

use crate::report::query::answer::Measured;
use crate::report::query::metrics::metric;

/// The industries of the catalogue; `all` stands in where one has no figure of its own.
pub const INDUSTRIES: [&str; 8] = [
    "all",
    "ecommerce",
    "healthcare",
    "finance",
    "telecom",
    "small_business",
    "mid_size",
    "enterprise",
];
const ALL: &str = "all";

/// Which direction is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is.
    Higher,
    /// Less is.
    Lower,
    /// Neither: between the ends.
    Within,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    /// Of which metric.
    pub metric: String,
    /// Of which industry.
    pub industry: String,
    /// The lower end of what is usual.
    #[serde(default)]
    pub low: Option<f64>,
    /// The upper end.
    #[serde(default)]
    pub high: Option<f64>,
    /// Which direction is better.
    pub better: Better,
    /// Where it comes from.
    pub from: String,
}

/// What other channels promise their customers, for people to read; no metric of calls is held against it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What it is about.
    pub about: String,
    /// The share that is to be served.
    #[serde(default)]
    pub share: Option<f64>,
    /// Within so many seconds.
    #[serde(default)]
    pub within_s: Option<u32>,
    /// What is to be done where it is no time.
    #[serde(default)]
    pub what: String,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmarks {
    /// The figures.
    pub benchmarks: Vec<Benchmark>,
    /// The targets.
    #[serde(default)]
    pub targets: Vec<Target>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadBenchmarks {
    /// It is no TOML of this shape.
    #[error("benchmarks.toml: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// It names something that there is not, or an empty range.
    #[error("benchmarks.toml: {0}")]
    Wrong(String),
}

impl Benchmarks {
    /// Those that are compiled in.
    pub fn embedded() -> Result<Self, BadBenchmarks> {
        Self::read(include_str!("../../../config/benchmarks.toml"))
    }

    /// Reads and checks a file.
    pub fn read(text: &str) -> Result<Self, BadBenchmarks> {
        let read: Benchmarks = toml::from_str(text)?;
        for Benchmark { metric: name, industry, low, high, .. } in &read.benchmarks {
            let wrong = |why: &str| Err(BadBenchmarks::Wrong(format!("{name}, {industry}: {why}")));
            if metric(name).is_none() {
                return wrong("there is no such metric");
            }
            if !INDUSTRIES.contains(&industry.as_str()) {
                return wrong("there is no such industry");
            }
            match (low, high) {
                (None, None) => return wrong("it has neither `low` nor `high`"),
                (Some(low), Some(high)) if low > high => return wrong("`low` is above `high`"),
                _ => {}
            }
        }
        Ok(read)
    }

    /// The figure of an industry, or else that of all.
    pub fn of(&self, metric: &str, industry: &str) -> Option<&Benchmark> {
        let of = |industry: &str| {
            self.benchmarks.iter().find(|b| b.metric == metric && b.industry == industry)
        };
        of(industry).or_else(|| of(ALL))
    }
}

impl Benchmark {
    /// How `value` lies to it.
    pub fn measure(&self, value: f64) -> Measured {
        let above = self.high.filter(|high| value > *high).map(|high| value - high);
        let below = self.low.filter(|low| value < *low).map(|low| value - low);
        let verdict = match (self.better, above.is_some(), below.is_some()) {
            (_, false, false) => "usual",
            (Better::Higher, true, _) | (Better::Lower, _, true) => "better",
            _ => "worse",
        };
        let better = match self.better {
            Better::Higher => "higher",
            Better::Lower => "lower",
            Better::Within => "within",
        };
        let gap = above.or(below).unwrap_or(0.0);
        let from = self.from.clone();
        Measured { low: self.low, high: self.high, better, gap, verdict, from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_can_be_read_and_industries_fall_back_on_all() {
        let benchmarks = Benchmarks::embedded().expect("benchmarks");
        let of = |metric, industry| {
            let found = benchmarks.of(metric, industry).expect("a benchmark");
            (found.industry.as_str(), found.low, found.high)
        };
        assert_eq!(of("service_level", "finance"), ("all", Some(0.8), None));
        assert_eq!(of("average_handle_time", "finance").0, "finance");
        assert!(benchmarks.of("calls", "all").is_none());
        assert!(benchmarks.targets.len() >= 4);
    }

    #[test]
    fn a_figure_is_better_usual_or_worse() {
        let benchmark = |better| Benchmark {
            metric: "abandonment_rate".to_owned(),
            industry: ALL.to_owned(),
            low: Some(0.05),
            high: Some(0.08),
            better,
            from: String::new(),
        };
        let verdicts = |better| [0.01, 0.06, 0.2].map(|v| benchmark(better).measure(v).verdict);
        assert_eq!(verdicts(Better::Lower), ["better", "usual", "worse"]);
        assert_eq!(verdicts(Better::Higher), ["worse", "usual", "better"]);
        assert_eq!(verdicts(Better::Within), ["worse", "usual", "worse"]);
        let measured = benchmark(Better::Lower).measure(0.2);
        assert!((measured.gap - 0.12).abs() < 1e-12);
    }

    #[test]
    fn a_wrong_file_is_refused() {
        let wrong = "[[benchmarks]]\nmetric = \"sauce\"\nindustry = \"all\"\nlow = 1.0\nbetter = \"higher\"\nfrom = \"\"";
        assert!(Benchmarks::read(wrong).is_err_and(|e| e.to_string().contains("sauce")));
    }
}
