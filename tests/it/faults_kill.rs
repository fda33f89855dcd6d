//! The service and its Redis are killed at random moments while calls go through: what was
//! acknowledged is there once, whatever died.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use ringtrace::platform::clock::Millis;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::service::{Answer, Service, redis_pids, send_twilio};

const CALLS: usize = 200;
/// Calls on the line at a time.
const IN_FLIGHT: usize = 8;
/// The service dies somewhere after so many calls are over.
const SERVICE_DIES: [usize; 4] = [25, 70, 115, 165];
/// Its Redis dies in between.
const REDIS_DIES: [usize; 2] = [45, 140];

/// Half of the calls are conversions, told to `receiver`.
fn conversions(receiver: &str) -> String {
    format!(
        r#"
[[sites.conversions]]
name = "qualified"
when = {{ answered = true, min_talk_s = 60 }}
destinations = ["ads"]
[[sites.destinations]]
id = "ads"
kind = "url"
url = "{receiver}/postback?id={{txid}}"
"#
    )
}

/// Webhooks of one call: every other one is answered for 95 s, the rest nobody picks up.
fn story(number: usize, to: &str) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let sid = sid(number);
    let leg = format!("{sid}-leg");
    let from = format!("+1415556{number:04}");
    let answered = number.is_multiple_of(2);
    let ended = if answered { "completed" } else { "no-answer" };
    let at = |s: i64| {
        let moment = Millis::system_now().plus(s * 1000).timestamp();
        jiff::fmt::rfc2822::to_string(&moment.to_zoned(jiff::tz::TimeZone::UTC)).expect("a time")
    };
    let parent = |more: Vec<(&'static str, String)>| {
        let mut fields =
            vec![("CallSid", sid.clone()), ("From", from.clone()), ("To", to.to_owned())];
        fields.extend(more);
        fields
    };
    let child = |status: &str, s: i64| {
        vec![
            ("CallSid", leg.clone()),
            ("ParentCallSid", sid.clone()),
            ("CallStatus", status.to_owned()),
            ("Timestamp", at(s)),
        ]
    };
    let mut story = vec![
        ("voice", parent(vec![("CallStatus", "ringing".to_owned())])),
        ("leg", child("ringing", 1)),
    ];
    if answered {
        story.push(("leg", child("in-progress", 5)));
    }
    story.push(("leg", child(ended, 100)));
    let mut dial = vec![("DialCallStatus", ended.to_owned()), ("DialCallSid", leg.clone())];
    if answered {
        dial.extend([("DialBridged", "true".to_owned()), ("DialCallDuration", "95".to_owned())]);
    }
    story.push(("dial", parent(dial)));
    story.push((
        "status",
        parent(vec![("CallStatus", "completed".to_owned()), ("Timestamp", at(100))]),
    ));
    story
}

fn sid(number: usize) -> String {
    format!("CA{number:032}")
}

/// Sends one webhook until it is taken; returns the answers of a living service that were errors.
async fn insist(
    client: reqwest::Client,
    base: String,
    event: &'static str,
    fields: Vec<(&'static str, String)>,
) -> Vec<String> {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let mut errors = Vec::new();
    loop {
        match send_twilio(client.clone(), &base, event, &fields).await {
            Answer::Told(200 | 204, text) => {
                assert!(event != "voice" || text.contains("+14155550111"), "not forwarded: {text}");
                return errors;
            }
            Answer::Told(status, text) => errors.push(format!("{event}: {status} {text}")),
            Answer::Nobody => {}
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until `look` says so, at most until `end`.
async fn until(what: &str, end: Instant, mut look: impl AsyncFnMut() -> Result<(), String>) {
    while let Err(seen) = look().await {
        assert!(Instant::now() < end, "{what}: {seen}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_call_is_lost_or_doubled_by_kills() {
    let began = Instant::now();
    let receiver = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&receiver).await;
    let mut service = Service::start(&conversions(&receiver.uri())).await;

    let over = Arc::new(AtomicUsize::new(0));
    let (client, base) = (service.client.clone(), service.base.clone());
    let done = over.clone();
    let traffic = tokio::spawn(async move {
        let calls = stream::iter(0..CALLS).map(|number| {
            let (client, base, done) = (client.clone(), base.clone(), done.clone());
            async move {
                let mut errors = Vec::new();
                for (event, fields) in story(number, "+14155550150") {
                    errors.extend(insist(client.clone(), base.clone(), event, fields).await);
                    // Other calls come and go between the webhooks of one.
                    let pause = rand::random_range(0..40);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                done.fetch_add(1, Ordering::Relaxed);
                errors
            }
        });
        calls.buffer_unordered(IN_FLIGHT).concat().await
    });

    let mut deaths: BTreeMap<usize, bool> = SERVICE_DIES.map(|at| (at, true)).into();
    deaths.extend(REDIS_DIES.map(|at| (at, false)));
    for (at, of_service) in deaths {
        until("calls go on", began + Duration::from_secs(120), async || {
            let over = over.load(Ordering::Relaxed);
            if over >= at { Ok(()) } else { Err(format!("{over} of {at} calls")) }
        })
        .await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..60))).await;
        if of_service {
            service.kill();
            service.start_again().await;
        } else {
            assert!(service.kill_redis());
        }
    }
    let errors = traffic.await.expect("every webhook is taken in the end");
    assert_eq!(errors, [""; 0], "a living service takes every webhook");

    let end = began + Duration::from_secs(38);
    let all: BTreeSet<String> = (0..CALLS).map(sid).collect();
    until("all calls are listed with their ends", end, async || {
        let calls = service.calls().await.ok_or("no list")?;
        let text = |call: &serde_json::Value, field| call[field].as_str().unwrap_or("").to_owned();
        let ids: Vec<String> = calls.iter().map(|call| text(call, "provider_call_id")).collect();
        let missing: Vec<_> = all.iter().filter(|sid| !ids.contains(sid)).collect();
        let open =
            calls.iter().filter(|call| !matches!(&*text(call, "status"), "answered" | "no_answer"));
        let open: Vec<_> =
            open.map(|call| (text(call, "provider_call_id"), text(call, "status"))).collect();
        let whole = missing.is_empty() && open.is_empty() && ids.len() == CALLS;
        if whole {
            Ok(())
        } else {
            Err(format!("{} calls, without {missing:?}, open {open:?}", ids.len()))
        }
    })
    .await;
    until("the report counts each call once", end, async || {
        let report = service.json("/v1/reports/sources").await.ok_or("no report")?;
        let totals = &report["totals"];
        let counts = (&totals["calls"], &totals["answered_calls"], &totals["missed_calls"]);
        let half = CALLS / 2;
        if counts == (&CALLS.into(), &half.into(), &half.into()) {
            Ok(())
        } else {
            Err(totals.to_string())
        }
    })
    .await;
    let mut sent = 0;
    until("each conversion is delivered", end, async || {
        let requests = receiver.received_requests().await.expect("requests are recorded");
        sent = requests.len();
        let keys: BTreeSet<_> =
            requests.iter().map(|r| r.headers["idempotency-key"].as_bytes().to_vec()).collect();
        if keys.len() == CALLS / 2 { Ok(()) } else { Err(format!("{} keys", keys.len())) }
    })
    .await;
    assert_eq!(redis_pids(&service.data()).len(), 1, "a killed service leaves no Redis behind");
    println!("{CALLS} calls, {sent} postbacks sent, {:.1} s", began.elapsed().as_secs_f64());
}
