//! Webhooks that come one to five times each and in any order make the same calls as those that come in order.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::how_many;
use super::load::{Load, Platform, reckon, sid, story};
use crate::support::service::{Answer, Plan, Service};

/// Calls at a time.
const AT_A_TIME: usize = 20;

/// What must not depend on the order.
fn essence(call: &Value) -> Value {
    let fields = ["status", "talk_s", "caller", "tracking_number", "first_time", "conversions"];
    fields.iter().map(|field| call[*field].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn doubled_and_shuffled_webhooks_make_the_same_calls() {
    let calls = how_many(100, 2_000);
    let platform = Platform::start().await;
    let service = Service::start(&platform.conversions()).await;
    let pause = Duration::from_millis(20);
    let plan = Plan { calls: 0..calls, at_a_time: AT_A_TIME, pause, ..service.plan() };
    assert_eq!(Load::start(plan).end().await.errors, [""; 0]);

    stream::iter(calls..2 * calls)
        .for_each_concurrent(AT_A_TIME, async |number| {
            let mut rng = StdRng::seed_from_u64(number as u64);
            let mut sent = Vec::new();
            for webhook in story(number, "+14155550150") {
                sent.extend(std::iter::repeat_n(webhook, rng.random_range(1..=5)));
            }
            sent.shuffle(&mut rng);
            for (event, fields) in sent {
                let fields: Vec<(&str, &str)> =
                    fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                match service.twilio(event, &fields).await {
                    Answer::Told(200 | 204, _) => {}
                    Answer::Told(status, text) => panic!("{event}: {status} {text}"),
                    Answer::Nobody => panic!("{event}: nobody answers"),
                }
            }
        })
        .await;
    reckon(&service, &platform, 2 * calls).await;

    let listed = service.calls().await.expect("a list");
    let by_id: BTreeMap<&str, &Value> =
        listed.iter().filter_map(|call| Some((call["provider_call_id"].as_str()?, call))).collect();
    for number in 0..calls {
        let ordered = essence(by_id[&*sid(number)]);
        let mut shuffled = essence(by_id[&*sid(number + calls)]);
        // Each has a caller of its own.
        shuffled[2] = ordered[2].clone();
        assert_eq!(ordered, shuffled, "call {number}");
    }
}
