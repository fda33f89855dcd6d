//! Tracker rules over HTTP: which pool or static number serves each target, decided once a session.

use ringtrace::config::model::Config;
use serde_json::{Value, json};

use crate::support::edge::{edge, view};
use crate::support::redis::TestRedis;
use crate::support::world::{config, number};

const FIXED: &str = "+14155559000";

/// Two targets; pool `main` has number 0 and 1, `ads` 10 and 11, `west` 20 and 21.
fn tracked() -> Config {
    let pool = |id: &str, from: u16| json!({ "id": id, "numbers": [number(from).as_str(), number(from + 1).as_str()] });
    config(json!([{
        "id": "demo", "key": "pk_demo", "forward_to": "+18005550100",
        "origins": ["https://www.example.com"],
        "targets": [
            { "id": "sales", "number": "+18005550100", "pool": "main" },
            { "id": "help", "number": "+18005550101", "pool": "main" },
        ],
        "trackers": [
            { "target": "sales", "number": FIXED,
              "when": [{ "field": "parameter", "name": "from", "is": ["card"] }] },
            { "target": "help", "number": FIXED,
              "when": [{ "field": "parameter", "name": "from", "is": ["card"] }] },
            { "target": "sales", "pool": "ads", "when": [{ "field": "medium", "is": ["cpc"] }] },
            { "target": "help", "pool": "west",
              "when": [{ "field": "landing_page", "prefix": ["/west/"] }] },
        ],
        "pools": [pool("main", 0), pool("ads", 10), pool("west", 20)],
        "static_numbers": [{ "number": FIXED, "source": "card" }],
    }]))
}

fn at(path: &str, page: &str, seq: u32) -> Value {
    let mut body = view(page, seq);
    body["url"] = json!(format!("https://www.example.com{path}"));
    body["referrer"] = json!("");
    body["consent"] = json!({ "analytics": false, "ads": false });
    body
}

/// Tier and number of every target.
fn told(reply: &Value) -> Vec<(&str, &str)> {
    let targets = reply["targets"].as_array().expect("targets");
    targets
        .iter()
        .map(|target| {
            (
                target["tier"].as_str().expect("a tier"),
                target["tracking"]["number"].as_str().unwrap_or("-"),
            )
        })
        .collect()
}

#[actix_web::test]
async fn the_pools_of_a_session_are_decided_by_its_first_page() {
    let edge = edge(tracked(), TestRedis::patient_handle).await;
    let (ads, west) = (number(10), number(20));
    let first =
        edge.ask("/v1/lease", &at("/west/roofs?utm_source=x&utm_medium=cpc", "page-one", 1)).await;
    assert_eq!(told(&first), [("own", ads.as_str()), ("own", west.as_str())]);

    // A later page that no rule knows, a beat with a click, and the same page once more.
    let mut second = at("/contact", "page-two", 1);
    second["session"] = first["session"].clone();
    let second = edge.ask("/v1/lease", &second).await;
    assert_eq!(told(&second), told(&first));
    let beat = json!({
        "v": 1, "key": "pk_demo", "session": second["session"], "page": "page-two", "seq": 2,
        "kind": "beat", "tel_click": { "target": "help", "ago_ms": 5 },
    });
    let beaten = edge.ask("/v1/beat", &beat).await;
    assert_eq!(told(&beaten), told(&first));
    let pinned: Vec<String> = edge.keys_like("rt:*:pinned").await;
    assert_eq!(pinned.len(), 1);
    assert!(pinned[0].contains(":pool:demo:west:"), "{pinned:?}");
    assert_eq!(edge.keys_like("rt:*:lease:demo:main:*").await, [""; 0]);

    // Long after the leases are over the page still shows the numbers, and gets them back.
    edge.clock.set(edge.clock.now().plus(3_000_000));
    let beat = json!({
        "v": 1, "key": "pk_demo", "session": beaten["session"], "page": "page-two", "seq": 3,
        "kind": "beat", "shown": { "sales": ads.as_str(), "help": west.as_str() },
    });
    assert_eq!(told(&edge.ask("/v1/beat", &beat).await), told(&first));

    // Two targets of one pool show one number.
    let plain = edge.ask("/v1/lease", &at("/", "page-six", 1)).await;
    assert_eq!(told(&plain), [("own", number(0).as_str()); 2]);
}

#[actix_web::test]
async fn a_static_number_is_shown_without_a_lease() {
    let edge = edge(tracked(), TestRedis::patient_handle).await;
    let first = edge.ask("/v1/lease", &at("/?from=card", "page-one", 1)).await;
    assert_eq!(told(&first), [("source", FIXED); 2]);
    assert_eq!(first["targets"][0]["tracking"]["national"], "(415) 555-9000");
    assert_eq!(edge.keys_like("rt:*:lease:*").await, [""; 0]);
    let beat = json!({
        "v": 1, "key": "pk_demo", "session": first["session"], "page": "page-one", "seq": 2,
        "kind": "beat", "shown": { "sales": FIXED },
    });
    assert_eq!(told(&edge.ask("/v1/beat", &beat).await), told(&first));
}

#[actix_web::test]
async fn pools_are_decided_also_where_a_number_is_wanted_later() {
    let edge = edge(tracked(), TestRedis::patient_handle).await;
    let mut first = at("/?utm_source=x&utm_medium=cpc", "page-one", 1);
    first["want"] = json!("later");
    let first = edge.ask("/v1/lease", &first).await;
    assert_eq!(told(&first), [("original", "-"); 2]);
    let mut second = at("/contact", "page-one", 2);
    second["session"] = first["session"].clone();
    let second = edge.ask("/v1/lease", &second).await;
    assert_eq!(told(&second), [("own", number(10).as_str()), ("own", number(0).as_str())]);
}
