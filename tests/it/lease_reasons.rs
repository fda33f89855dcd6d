//! Every reason for which a page view gets no number, as the page is told it and as it is counted.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::read_body;
use ringtrace::platform::telemetry::start_metrics;
use serde_json::{Value, json};

use crate::support::edge::{CHROME, Edge, edge, one_site, view};
use crate::support::redis::TestRedis;
use crate::support::world::{config, site_json};

/// The reply to a page view with these headers besides the agent.
async fn asked<S, B>(edge: &Edge<S>, body: &Value, headers: &[(&'static str, &str)]) -> Value
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let response = edge.post_with("/v1/lease", body.to_string(), headers).await;
    serde_json::from_slice(&read_body(response).await).expect("JSON")
}

const ORDINARY: [(&str, &str); 1] = [("user-agent", CHROME)];

/// How often a page view was counted with this outcome.
fn counted(outcome: &str, ask: &str) -> u64 {
    sum(&format!("ringtrace_page_views_total{{outcome=\"{outcome}\",ask=\"{ask}\"}}"))
}

fn sum(series: &str) -> u64 {
    let text = start_metrics().render();
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

/// The reason in a reply without numbers.
fn reason(reply: &Value) -> &str {
    assert_eq!(reply["targets"][0]["tier"], "original");
    assert!(reply["targets"][0].get("tracking").is_none());
    reply["targets"][0]["reason"].as_str().expect("a reason")
}

#[actix_web::test]
async fn a_program_is_told_so_counted_by_kind_and_takes_nothing() {
    start_metrics();
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let brands = r#""HeadlessChrome";v="140", "Chromium";v="140""#;
    for (kind, headers) in [
        ("empty", vec![]),
        ("headless", vec![("user-agent", CHROME), ("sec-ch-ua", brands)]),
        ("crawler", vec![("user-agent", "Mozilla/5.0 (compatible; bingbot/2.0)")]),
        ("tool", vec![("user-agent", "python-requests/2.32.0")]),
    ] {
        let series = format!("ringtrace_bots_total{{kind=\"{kind}\"}}");
        let before = (sum(&series), counted("bot", "first"));
        let reply = asked(&edge, &view("page-one", 1), &headers).await;
        assert_eq!(reason(&reply), "bot", "{kind}");
        assert!(reply.get("session").is_none());
        assert!((sum(&series), counted("bot", "first")) > before, "{kind}");
    }
    assert!(edge.keys_like("rt:*:session:*").await.is_empty());
    assert!(edge.keys_like("rt:*:lease:*").await.is_empty());
}

#[actix_web::test]
async fn a_page_that_nobody_looks_at_yet_gets_none_and_a_number_once_it_is_seen() {
    start_metrics();
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    for (name, value) in [
        ("sec-purpose", "prefetch;prerender"),
        ("sec-purpose", "prefetch;anonymous-client-ip"),
        ("purpose", "prefetch"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
    ] {
        let before = counted("prerender", "first");
        let reply =
            asked(&edge, &view("page-one", 1), &[("user-agent", CHROME), (name, value)]).await;
        assert_eq!(reason(&reply), "prerender", "{name}: {value}");
        assert!(counted("prerender", "first") > before);
    }
    assert!(edge.keys_like("rt:*:session:*").await.is_empty());
    let before = counted("number", "again");
    let reply = asked(&edge, &view("page-one", 2), &ORDINARY).await;
    assert!(reply["targets"][0]["tracking"].is_object());
    assert!(counted("number", "again") > before);
}

#[actix_web::test]
async fn what_is_not_wanted_is_counted_and_so_is_what_comes_of_it() {
    start_metrics();
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let before = counted("not_wanted", "first");
    let mut later = view("page-one", 1);
    later["want"] = json!("later");
    assert_eq!(reason(&asked(&edge, &later, &ORDINARY).await), "not_wanted");
    assert!(counted("not_wanted", "first") > before);
}

#[actix_web::test]
async fn over_the_limit_is_a_reason() {
    start_metrics();
    let mut config = one_site();
    config.limits.snippet_per_minute = 1;
    config.limits.snippet_burst = 1;
    let edge = edge(config, TestRedis::patient_handle).await;
    asked(&edge, &view("page-one", 1), &ORDINARY).await;
    let before = counted("rate_limited", "first");
    let reply = asked(&edge, &view("page-two", 1), &ORDINARY).await;
    assert_eq!(reason(&reply), "rate_limited");
    assert!(counted("rate_limited", "first") > before);
}

#[actix_web::test]
async fn a_pool_without_numbers_left_and_a_target_without_a_pool_are_reasons() {
    start_metrics();
    let full = site_json("demo", 1, json!({ "overflow": [] }));
    let edge = edge(config(json!([full])), TestRedis::patient_handle).await;
    asked(&edge, &view("page-one", 1), &ORDINARY).await;
    let before = counted("pool_exhausted", "first");
    let reply = asked(&edge, &view("page-two", 1), &ORDINARY).await;
    assert_eq!(reason(&reply), "pool_exhausted");
    assert!(counted("pool_exhausted", "first") > before);

    let mut unserved = site_json("demo", 1, json!({}));
    unserved["targets"][0]["pool"] = json!("other");
    let edge =
        crate::support::edge::edge(config(json!([unserved])), TestRedis::patient_handle).await;
    let before = counted("no_pool", "first");
    assert_eq!(reason(&asked(&edge, &view("page-one", 1), &ORDINARY).await), "no_pool");
    assert!(counted("no_pool", "first") > before);
}

#[actix_web::test]
async fn a_store_that_is_away_is_a_reason() {
    start_metrics();
    let edge = edge(one_site(), TestRedis::handle).await;
    let pid = nix::unistd::Pid::from_raw(edge.redis.pid() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("it runs");
    let before = counted("store_unavailable", "first");
    let reply = asked(&edge, &view("page-one", 1), &ORDINARY).await;
    assert_eq!(reason(&reply), "store_unavailable");
    assert!(counted("store_unavailable", "first") > before);
}
