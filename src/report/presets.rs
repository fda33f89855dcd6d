//! The named reports that are questions of the one engine with a name.

/// A named report.
#[derive(Debug)]
pub struct Preset {
    /// The name in the URL.
    pub name: &'static str,
    /// What it shows, for people.
    pub about: &'static str,
    /// Its metrics, unless others are asked for.
    pub metrics: &'static [&'static str],
    /// Its dimensions, unless others are asked for.
    pub dimensions: &'static [&'static str],
}

/// The report with this name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// All of them, in the order of the documentation.
pub static PRESETS: &[Preset] = &[
    Preset {
        name: "campaigns",
        about: "Campaigns: visits, calls, what came of them and what they cost",
        metrics: &[
            "calls",
            "visits",
            "call_rate",
            "first_time_callers",
            "answered_calls",
            "qualified_leads",
            "conversions",
            "revenue",
            "cost",
            "cost_per_call",
            "return_on_ad_spend",
        ],
        dimensions: &["campaign", "source", "medium"],
    },
    Preset {
        name: "keywords",
        about: "Keywords: visits, calls and what came of them",
        metrics: &[
            "calls",
            "visits",
            "call_rate",
            "first_time_callers",
            "qualified_rate",
            "conversions",
            "revenue",
        ],
        dimensions: &["term", "source", "campaign"],
    },
    Preset {
        name: "callers",
        about: "First-time and repeat callers",
        metrics: &[
            "calls",
            "unique_callers",
            "calls_per_caller",
            "completion_rate",
            "average_call_duration",
            "qualified_rate",
            "conversion_rate",
            "revenue",
        ],
        dimensions: &["first_time"],
    },
    Preset {
        name: "status",
        about: "How calls ended",
        metrics: &["calls", "unique_callers", "average_wait", "average_call_duration"],
        dimensions: &["status"],
    },
    Preset {
        name: "agents",
        about: "Who talked to callers, how long and how well",
        metrics: &[
            "calls",
            "answered_calls",
            "average_call_duration",
            "average_handle_time",
            "average_hold_time",
            "transfer_rate",
            "escalation_rate",
            "first_call_resolution",
            "csat",
            "conversion_rate",
            "revenue",
            "agent_occupancy",
            "agent_cost_per_call",
        ],
        dimensions: &["agent"],
    },
    Preset {
        name: "dispositions",
        about: "What calls came to",
        metrics: &[
            "calls",
            "disposition_share",
            "average_call_duration",
            "qualified_rate",
            "conversion_rate",
            "revenue",
        ],
        dimensions: &["disposition"],
    },
    Preset {
        name: "publishers",
        about: "Traffic partners: who sends which leads, at what cost and of what quality",
        metrics: &[
            "calls",
            "visits",
            "call_rate",
            "first_time_rate",
            "qualified_leads",
            "qualified_rate",
            "average_lead_score",
            "conversions",
            "revenue",
            "cost",
            "cost_per_lead",
            "spam_calls",
        ],
        dimensions: &["publisher"],
    },
    Preset {
        name: "numbers",
        about: "Tracking numbers: who was shown them, and who called",
        metrics: &[
            "calls",
            "leases",
            "unique_callers",
            "completion_rate",
            "attributed_rate",
            "mean_confidence",
            "spam_calls",
        ],
        dimensions: &["number", "tracker"],
    },
    Preset {
        name: "pools",
        about: "Pools and static numbers: are there enough numbers, and are calls joined",
        metrics: &["calls", "leases", "lease_overflow_rate", "attributed_rate", "mean_confidence"],
        dimensions: &["tracker"],
    },
    Preset {
        name: "geography",
        about: "Where callers are",
        metrics: &[
            "calls",
            "unique_callers",
            "first_time_rate",
            "completion_rate",
            "qualified_rate",
            "revenue",
        ],
        dimensions: &["caller_country", "caller_region", "caller_city"],
    },
    Preset {
        name: "money",
        about: "What was spent, what it brought, and what a call, a lead and a conversion cost",
        metrics: &[
            "cost",
            "ad_spend",
            "calls",
            "qualified_leads",
            "conversions",
            "revenue",
            "cost_per_call",
            "cost_per_lead",
            "cost_per_conversion",
            "return_on_ad_spend",
            "roi",
        ],
        dimensions: &["source", "medium"],
    },
    Preset {
        name: "response",
        about: "How soon callers reach somebody, and how soon those are called back who did not",
        metrics: &[
            "calls",
            "missed_calls",
            "completion_rate",
            "service_level",
            "abandonment_rate",
            "average_speed_of_answer",
            "missed_callback_time",
            "missed_callback_time_median",
            "lead_response_time",
            "lead_response_time_median",
            "follow_up_rate",
        ],
        dimensions: &["date"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::query::dimensions::dimension;
    use crate::report::query::metrics::metric;

    #[test]
    fn reports_name_what_there_is() {
        for Preset { name, metrics, dimensions, .. } in PRESETS {
            assert!(metrics.iter().all(|name| metric(name).is_some()), "{name}");
            assert!(dimensions.iter().all(|name| dimension(name).is_some()), "{name}");
        }
    }
}
