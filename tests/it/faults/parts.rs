//! What must hold when parts fail or end: the caller gets through, nothing counts twice.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use ringtrace::config::load::load_text;

use crate::support::app::{TestApp, redis_pid};

fn call<'a>(sid: &'a str, to: &'a str, status: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("CallSid", sid),
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("From", "+14155550123"),
        ("To", to),
        ("CallStatus", status),
        ("Direction", "inbound"),
    ]
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < end, "{what} did not happen in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_while_redis_stands_still_is_forwarded_and_joined_later() {
    let world = TestApp::start().await;
    let reply = world.page_view("page-0001", "utm_source=google&utm_medium=cpc", None).await;
    let number = reply["targets"][0]["tracking"]["number"].as_str().unwrap().to_owned();

    let redis = redis_pid(&world);
    kill(redis, Signal::SIGSTOP).unwrap();
    let asked = Instant::now();
    let original = world.page_view("page-0002", "", None).await;
    assert_eq!(original["targets"][0]["tier"], "original");
    assert_eq!(original["targets"][0]["reason"], "store_unavailable");
    let sid = "CA00000000000000000000000000000001";
    let answer = world.twilio("voice", &call(sid, &number, "ringing")).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("+14155550111"), "the caller is forwarded");
    assert!(asked.elapsed() < Duration::from_secs(3), "took {:?}", asked.elapsed());
    kill(redis, Signal::SIGCONT).unwrap();

    until("the join", async || {
        let calls = world.get("/v1/calls", "rt_admin").await;
        calls.text().await.unwrap().contains(sid)
    })
    .await;
    world.reported().await;
    // The second view got no number, but Redis may still count it once it runs again.
    let totals = world.totals("sources").await;
    assert_eq!(totals["calls"], 1, "{totals}");
    assert_eq!(totals["attributed_rate"]["numerator"], 1, "{totals}");
    let report = world.get("/v1/reports/sources", "rt_admin").await.text().await.unwrap();
    assert!(report.contains("google"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_redis_comes_back_with_its_leases() {
    let world = TestApp::start().await;
    let reply = world.page_view("page-0001", "utm_source=google", None).await;
    let number = reply["targets"][0]["tracking"]["number"].clone();
    let session = reply["session"].as_str().unwrap().to_owned();
    // AOF everysec: what is older than the fsync window must survive.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    kill(redis_pid(&world), Signal::SIGKILL).unwrap();
    until("the return of the lease", async || {
        let again = world.page_view("page-0001", "utm_source=google", Some(&session)).await;
        again["targets"][0]["tracking"]["number"] == number
    })
    .await;
    let other = world.page_view("page-0003", "utm_source=bing", None).await;
    assert_eq!(other["targets"][0]["tier"], "own");
    assert_ne!(other["targets"][0]["tracking"]["number"], number);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_leases_calls_and_reports_and_a_repeated_webhook_counts_once() {
    let mut world = TestApp::start().await;
    let reply = world.page_view("page-0001", "utm_source=google&utm_medium=cpc", None).await;
    let number = reply["targets"][0]["tracking"]["number"].as_str().unwrap().to_owned();
    let session = reply["session"].as_str().unwrap().to_owned();
    let sid = "CA00000000000000000000000000000007";
    let first = world.twilio("voice", &call(sid, &number, "ringing")).await.text().await.unwrap();

    world.stop().await;
    world.start_again().await;

    let again = world.twilio("voice", &call(sid, &number, "ringing")).await.text().await.unwrap();
    assert_eq!(first, again);
    let kept =
        world.page_view("page-0001", "utm_source=google&utm_medium=cpc", Some(&session)).await;
    assert_eq!(kept["targets"][0]["tracking"]["number"], number);
    world.reported().await;
    let totals = world.totals("sources").await;
    assert_eq!((&totals["visits"], &totals["calls"]), (&1.into(), &1.into()), "{totals}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_adds_and_drains_numbers_without_losing_a_lease() {
    let world = TestApp::start().await;
    let mut held = Vec::new();
    for page in ["page-0001", "page-0002"] {
        let reply = world.page_view(page, "utm_source=google", None).await;
        held.push((reply["session"].clone(), reply["targets"][0]["tracking"]["number"].clone()));
    }
    let text = world.configuration(&["0191", "0192"]);
    world.app().live().replace(load_text("the reload", &text).unwrap());
    world.app().numbers_changed().await.unwrap();

    for ((session, number), page) in held.iter().zip(["page-0001", "page-0002"]) {
        let reply = world.page_view(page, "utm_source=google", session.as_str()).await;
        assert_eq!(&reply["targets"][0]["tracking"]["number"], number, "a shown number stays");
    }
    let fresh = world.page_view("page-0003", "utm_source=bing", None).await;
    assert_eq!(fresh["targets"][0]["tracking"]["number"], "+14155550192");
    // The removed number still joins its calls.
    let removed =
        held.iter().find(|(_, number)| number == "+14155550190").unwrap().1.as_str().unwrap();
    world.twilio("voice", &call("CA00000000000000000000000000000009", removed, "ringing")).await;
    world.reported().await;
    assert_eq!(world.totals("sources").await["attributed_rate"]["numerator"], 1);
}
