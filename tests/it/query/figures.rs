//! Every metric of the catalogue against a figure that was computed by hand.

use ringtrace::report::query::metrics::METRICS;
use serde_json::{Value, json};

use super::world::{World, day, site};

/// Numerator and denominator, of metrics that have them.
type Parts = Option<(f64, f64)>;

/// The metrics of one day with their values, numerators and denominators.
const BY_HAND: [(&str, f64, Parts); 60] = [
    ("calls", 9.0, None),
    ("visits", 3.0, None),
    ("leases", 3.0, None),
    ("call_rate", 1.0 / 3.0, Some((1.0, 3.0))),
    ("unique_callers", 6.0, None),
    ("first_time_callers", 5.0, None),
    ("repeat_callers", 4.0, None),
    ("first_time_rate", 5.0 / 9.0, Some((5.0, 9.0))),
    ("calls_per_caller", 1.5, None),
    ("lease_overflow_rate", 1.0 / 3.0, Some((1.0, 3.0))),
    ("attributed_rate", 2.0 / 9.0, Some((2.0, 9.0))),
    ("mean_confidence", 0.8, None),
    ("spam_calls", 1.0, None),
    ("leads", 1.0, None),
    ("answered_calls", 4.0, None),
    ("missed_calls", 4.0, None),
    ("completion_rate", 4.0 / 9.0, Some((4.0, 9.0))),
    // Busy, and turned away without being unwanted.
    ("blocked_rate", 2.0 / 9.0, Some((2.0, 9.0))),
    // Of two who gave up one did so after three seconds.
    ("abandonment_rate", 1.0 / 9.0, Some((1.0, 9.0))),
    ("average_speed_of_answer", 55.0 / 3.0, None),
    ("average_wait", 14.0, None),
    ("service_level", 2.0 / 9.0, Some((2.0, 9.0))),
    ("voicemail_rate", 1.0 / 9.0, Some((1.0, 9.0))),
    // B: called back 29:48 after the end; C: 3:00:15 and 1:00:15 until the conversation at 15:00:15; D: never.
    ("missed_callback_time", 5_406.0, None),
    ("missed_callback_time_median", 3_615.0, None),
    // B: 30:00; C, from the first of two calls: 3:00:15; F, from the form: 20:00.
    ("lead_response_time", 4_605.0, None),
    ("lead_response_time_median", 1_800.0, None),
    ("average_call_duration", 120.0, None),
    ("average_handle_time", 410.0 / 3.0, None),
    ("average_hold_time", 30.0, None),
    ("transfer_rate", 0.25, Some((1.0, 4.0))),
    ("forwarding_rate", 0.25, Some((1.0, 4.0))),
    ("escalation_rate", 1.0 / 3.0, Some((1.0, 3.0))),
    // A called again 45 minutes after the first call, and not after the second.
    ("first_call_resolution", 1.0 / 3.0, Some((1.0, 3.0))),
    ("issue_resolution_rate", 2.0 / 3.0, Some((2.0, 3.0))),
    ("csat", 0.5, Some((1.0, 2.0))),
    ("nps", 1.0 / 3.0, Some((1.0, 3.0))),
    ("disposition_share", 1.0, Some((3.0, 3.0))),
    ("agent_occupancy", 410.0 / 3_600.0, Some((410.0, 3_600.0))),
    ("qualified_leads", 2.0, None),
    ("qualified_rate", 2.0 / 9.0, Some((2.0, 9.0))),
    ("conversions", 1.0, None),
    ("conversion_rate", 1.0 / 9.0, Some((1.0, 9.0))),
    ("average_lead_score", 80.0, None),
    ("revenue", 250.0, None),
    ("revenue_per_call", 250.0 / 9.0, None),
    ("revenue_per_successful_call", 250.0, None),
    ("appointment_rate", 1.0 / 9.0, Some((1.0, 9.0))),
    ("follow_up_rate", 0.25, Some((1.0, 4.0))),
    ("cost", 120.0, None),
    ("ad_spend", 100.0, None),
    ("cost_per_call", 120.0 / 9.0, None),
    ("cost_per_lead", 60.0, None),
    ("cost_per_conversion", 120.0, None),
    ("agent_cost_per_call", 7.5, None),
    ("return_on_ad_spend", 2.5, None),
    ("roi", 13.0 / 12.0, None),
    // One open lead × 250 × 1/9 / two days.
    ("sales_velocity", 250.0 / 18.0, None),
    ("outbound_calls", 1.0, None),
    ("connection_rate", 1.0, Some((1.0, 1.0))),
];

fn names() -> Vec<&'static str> {
    METRICS.iter().map(|metric| metric.name).collect()
}

fn is(figure: &Value, expected: f64) -> bool {
    let value = figure.as_f64().or(figure["value"].as_f64());
    value.is_some_and(|value| (value - expected).abs() < 1e-8)
}

#[actix_web::test]
async fn every_metric_is_what_was_computed_by_hand() {
    let world = World::new(&[("shop", "UTC")]);
    world.write(&day(&site("shop"))).await;
    let totals = world.ask(json!({"metrics": names()})).await["totals"].take();
    assert_eq!(BY_HAND.map(|(name, ..)| name).to_vec(), names(), "each has a figure");
    for (name, expected, parts) in BY_HAND {
        let figure = &totals[name];
        assert!(is(figure, expected), "{name}: {figure}, not {expected}");
        if let Some((numerator, denominator)) = parts {
            assert!(is(&figure["numerator"], numerator), "{name}: {figure}");
            assert!(is(&figure["denominator"], denominator), "{name}: {figure}");
        }
        let has_interval = figure["low"].is_number() && figure["high"].is_number();
        let is_share = parts.is_some() && !["nps", "agent_occupancy"].contains(&name);
        assert_eq!(has_interval, is_share, "{name}: {figure}");
    }
}

#[actix_web::test]
async fn without_facts_counts_are_nothing_and_everything_else_is_not_known() {
    let world = World::new(&[("shop", "UTC")]);
    let totals = world.ask(json!({"metrics": names()})).await["totals"].take();
    let counts = [
        "calls",
        "visits",
        "leases",
        "unique_callers",
        "first_time_callers",
        "repeat_callers",
        "spam_calls",
        "leads",
        "answered_calls",
        "missed_calls",
    ];
    for name in names() {
        let expected = if counts.contains(&name) { json!(0) } else { Value::Null };
        assert_eq!(totals[name], expected, "{name}");
    }
}

#[actix_web::test]
async fn shares_are_of_all_rows_that_differ_in_nothing_but_the_disposition() {
    let world = World::new(&[("shop", "UTC")]);
    world.write(&day(&site("shop"))).await;
    let share = async |dimensions: Value| {
        let question = json!({"metrics": ["disposition_share", "calls"], "dimensions": dimensions});
        let rows = world.ask(question).await["rows"].take();
        let rows = rows.as_array().expect("rows").clone();
        let booked = rows.into_iter().filter(|row| row["disposition"] == "booked");
        booked.map(|row| row["disposition_share"]["value"].clone()).collect::<Vec<_>>()
    };
    assert!(is(&share(json!(["disposition"])).await[0], 2.0 / 3.0));
    // Ann had one of each; the third call had no agent.
    let mut by_agent = share(json!(["agent", "disposition"])).await;
    by_agent.sort_by(|a, b| a.as_f64().partial_cmp(&b.as_f64()).expect("numbers"));
    assert_eq!(by_agent, [json!(0.5), json!(1.0)]);
}
