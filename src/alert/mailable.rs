//! The reports that a letter may hold: the named questions of the one engine, and the reports with rows of a fixed shape,
//! asked as such questions.

use crate::report::presets::{PRESETS, Preset, preset};

/// The report of this name, as a letter holds it.
pub fn mailable(name: &str) -> Option<&'static Preset> {
    FIXED.iter().find(|report| report.name == name).or_else(|| preset(name))
}

/// The names of all of them, in the order of the documentation.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    FIXED.iter().chain(PRESETS).map(|report| report.name)
}

/// What the reports with rows of a fixed shape are as questions.
static FIXED: [Preset; 3] = [
    Preset {
        name: "sources",
        about: "Sources: visits, calls and what came of them",
        metrics: &[
            "calls",
            "visits",
            "call_rate",
            "first_time_callers",
            "answered_calls",
            "missed_calls",
            "average_call_duration",
            "mean_confidence",
        ],
        dimensions: &["source", "medium", "campaign", "channel"],
    },
    Preset {
        name: "hours",
        about: "Hours of the week, the busiest first",
        metrics: &[
            "calls",
            "visits",
            "answered_calls",
            "missed_calls",
            "average_call_duration",
            "lease_overflow_rate",
        ],
        dimensions: &["weekday", "hour"],
    },
    Preset {
        name: "landing-pages",
        about: "Landing pages: visits, calls and what came of them",
        metrics: &[
            "calls",
            "visits",
            "call_rate",
            "first_time_callers",
            "answered_calls",
            "missed_calls",
            "average_call_duration",
        ],
        dimensions: &["landing_host", "landing_page"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::ReportKind;
    use crate::report::query::metrics::metric;

    #[test]
    fn reports_of_a_fixed_shape_are_asked_by_the_same_dimensions() {
        for kind in ReportKind::ALL {
            let report = mailable(kind.word()).expect("a report");
            assert_eq!(report.dimensions, kind.dimensions(), "{}", report.name);
            assert!(report.metrics.iter().all(|name| metric(name).is_some()), "{}", report.name);
        }
        assert!(names().all(|name| mailable(name).is_some()));
        assert!(mailable("credits").is_none(), "it has a column for each model");
    }
}
