//! Credit sums to the total whatever is asked, and a reader never sees half a batch.

use ringtrace::call::model::{Call, CallStatus};
use serde_json::{Value, json};

use super::world::{World, day, hash, site};
use crate::support::facts::{at, call, call_event};

#[actix_web::test]
async fn credits_sum_to_the_calls_by_any_dimension() {
    let world = World::new(&[("shop", "UTC")]);
    world.write(&day(&site("shop"))).await;
    for model in ["first", "linear", "time_decay", "data_driven"] {
        for dimensions in
            [json!(["source", "campaign"]), json!(["agent"]), json!(["date", "landing_page"])]
        {
            let question = json!({
                "metrics": ["calls", "revenue", "answered_calls"], "dimensions": dimensions, "model": model,
            });
            let answer = world.ask(question).await;
            let sum = |name: &str| -> f64 {
                let rows = answer["rows"].as_array().expect("rows").iter();
                rows.filter_map(|row| row[name].as_f64()).sum()
            };
            // The fixture's touches have shares under the models of a single touch; the others share alike.
            let expected = if ["linear", "time_decay"].contains(&model) { 7.0 } else { 9.0 };
            assert!(
                (sum("calls") - expected).abs() < 1e-9,
                "{model} {dimensions}: {}",
                sum("calls")
            );
            let totals = answer["totals"]["calls"].as_f64().expect("a number");
            assert!((sum("calls") - totals).abs() < 1e-9);
        }
    }
}

#[actix_web::test]
async fn concurrent_writes_never_show_half_a_batch() {
    const BATCH: usize = 50;
    let world = World::new(&[("shop", "UTC")]);
    let batch = |n: usize| -> Vec<_> {
        let one = |m: usize| {
            call_event(&Call {
                caller_hash: hash('a'),
                ..call(
                    &site("shop"),
                    &format!("{n}.{m}"),
                    at("2026-03-02T10:00:00Z"),
                    CallStatus::Busy,
                )
            })
        };
        (0..BATCH).map(one).collect()
    };
    let writes = async {
        for n in 0..12 {
            world.write(&batch(n)).await;
        }
    };
    let reads = async {
        for _ in 0..20 {
            // Calls and unwanted ones are two statements.
            let question = json!({"metrics": ["calls", "unique_callers", "spam_calls"], "dimensions": ["status"]});
            let answer = world.ask(question).await;
            let calls = answer["totals"]["calls"].as_u64().unwrap_or_default() as usize;
            assert_eq!(calls % BATCH, 0, "{answer}");
            let rows = answer["rows"].as_array().expect("rows");
            let told = rows.iter().filter_map(|row: &Value| row["calls"].as_u64());
            let told = told.sum::<u64>() as usize;
            assert_eq!(told % BATCH, 0, "{answer}");
            // ClickHouse has no transactions: rows and totals may be of two moments.
            if !world.warehouse.is_shared() {
                assert_eq!(told, calls);
            }
        }
    };
    futures_util::future::join(writes, reads).await;
}
