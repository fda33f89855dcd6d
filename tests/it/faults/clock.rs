//! A machine whose clock is an hour off serves, and what it does fits to what others do on the same Redis
//! (`libfaketime`, which `scripts/setup faketime` installs).

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::load::{page_view, story};
use super::until;
use crate::support::servers::Server;
use crate::support::service::{Answer, Service};

/// The library, where it is installed.
fn faketime() -> PathBuf {
    let places = ["x86_64-linux-gnu", "aarch64-linux-gnu"];
    let mut found = places
        .map(|place| PathBuf::from(format!("/usr/lib/{place}/faketime/libfaketimeMT.so.1")))
        .into_iter()
        .filter(|path| path.exists());
    found.next().expect("scripts/setup faketime installs it")
}

/// Milliseconds until the leases of the pool `main` of site `one` end, by Redis' clock.
async fn leases_end_in(redis: &Server) -> Vec<i64> {
    let site = "one".parse().expect("a site id");
    let keys = ringtrace::platform::keys::Shards(16).keys(&site);
    let held = keys.pool_held(&"main".parse().expect("a pool id"));
    let scores: Vec<String> = redis.ask(&["ZRANGE", &held, "0", "-1", "WITHSCORES"]).await;
    let (seconds, micros): (i64, i64) = redis.ask(&["TIME"]).await;
    let now = seconds * 1000 + micros / 1000;
    let ends = scores.iter().skip(1).step_by(2).map(|end| end.parse::<f64>().expect("a score"));
    ends.map(|end| end as i64 - now).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_an_hour_off_leases_for_as_long_and_joins_its_calls() {
    let library = faketime().display().to_string();
    for off in ["+1h", "-1h"] {
        let redis = Server::start(&[]).await;
        let url = redis.url();
        let right = Service::start_with("", &[("RINGTRACE__REDIS__URL", &url)]).await;
        let mut wrong = Service::prepared(
            "",
            &[
                ("RINGTRACE__REDIS__URL", &url),
                ("LD_PRELOAD", &library),
                ("FAKETIME", off),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ],
        );
        wrong.share_keys_of(&right);
        wrong.start_again().await;

        let view = async |service: &Service| {
            let viewed = page_view(&service.client, &service.base, &Value::Null).await;
            let (status, reply) = viewed.expect("an answer");
            assert_eq!(status, 200);
            reply["targets"][0]["tracking"]["number"].as_str().expect("a number").to_owned()
        };
        let of_right = view(&right).await;
        let ends = leases_end_in(&redis).await;
        let of_wrong = view(&wrong).await;
        let both = leases_end_in(&redis).await;
        assert_ne!(of_right, of_wrong, "{off}: a number that is held is not given away");
        assert_eq!((ends.len(), both.len()), (1, 2), "{off}");
        let hold = 180_000;
        assert!(both.iter().all(|left| (hold - 20_000..=hold).contains(left)), "{off}: {both:?}");

        // Calls to both numbers reach the one that is wrong, and one reaches the other.
        for (number, service, called) in
            [(0, &wrong, &of_right), (1, &wrong, &of_wrong), (2, &right, &of_wrong)]
        {
            let (event, fields) = story(number, called).swap_remove(0);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let Answer::Told(200, text) = service.twilio(event, &fields).await else {
                panic!("{off}: nobody is forwarded");
            };
            assert!(text.contains("+14155550111"), "{off}: {text}");
        }
        until("the calls are joined", Duration::from_secs(20), async || {
            let calls = right.calls().await.ok_or("no list")?;
            let source = |call: &Value| call["attribution"]["source"].clone();
            let sources: Vec<Value> = calls.iter().map(source).collect();
            if sources.len() == 3 && sources.iter().all(|source| source == "google") {
                Ok(())
            } else {
                Err(format!("{off}: {calls:?}"))
            }
        })
        .await;
    }
}
