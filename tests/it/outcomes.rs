//! What people and CRMs tell of calls afterwards: over the API, in a table, and what follows from it.

use ringtrace::call::model::CallStatus;
use ringtrace::call::outcome::model::{Outcome, OutcomeChange};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::SiteId;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::facts::{World, at, call, call_event};

/// A conversion of qualified calls that a destination on this machine would hear of.
const QUALIFIED: &str = r#"
[[sites.conversions]]
name = "lead"
when = { qualified = true, dispositions = ["Booked"] }
destinations = ["network"]
[[sites.destinations]]
id = "network"
kind = "url"
url = "http://127.0.0.1:9/lead?call={call_id}"
"#;

/// Site `one` stands before site `two` in the configuration; the additions belong to the last one.
fn as_of_site_one(configuration: &str) -> String {
    let (one, two) = configuration.split_once("[[sites]]\nid = \"two\"").expect("two sites");
    format!("{one}{QUALIFIED}[[sites]]\nid = \"two\"{two}")
}

async fn start() -> TestApp {
    let mut app = TestApp::on_a_free_port();
    let text = as_of_site_one(&app.configuration(&["0190", "0191"]));
    let config =
        ringtrace::config::load::load_text("the test", &text).expect("a good configuration");
    let options = ringtrace::app::Options::default();
    app.app = Some(ringtrace::app::App::start(config, options).await.expect("it starts"));
    app
}

/// A call that ended unanswered; its id.
async fn missed_call(app: &TestApp, sid: &str, from: &str) -> String {
    let call = [("CallSid", sid), ("From", from), ("To", "+14155550190")];
    let ringing = [&call[..], &[("CallStatus", "ringing")]].concat();
    assert_eq!(app.twilio("voice", &ringing).await.status(), 200);
    let dial = [&call[..], &[("DialCallStatus", "no-answer")]].concat();
    assert_eq!(app.twilio("dial", &dial).await.status(), 200);
    let listed: Value = app.get("/v1/calls?site=one", "rt_admin").await.json().await.expect("JSON");
    let calls = listed["calls"].as_array().expect("calls");
    let found = calls.iter().find(|call| call["provider_call_id"] == sid);
    found.expect("the call is listed")["id"].as_str().expect("an id").to_owned()
}

async fn send(app: &TestApp, method: &str, path: &str, key: &str, body: Value) -> (u16, Value) {
    let method = method.parse().expect("a method");
    let request = app.client.request(method, format!("{}{path}", app.base)).bearer_auth(key);
    let answer = request.json(&body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_is_told_in_parts_once_and_makes_a_conversion() {
    let mut app = start().await;
    let id = missed_call(&app, "CA1", "+14155550133").await;
    let path = format!("/v1/calls/{id}");
    let (status, told) =
        send(&app, "PATCH", &path, "rt_admin", json!({ "disposition": "booked", "csat": 5 })).await;
    assert_eq!((status, &told["outcome"]["csat"]), (200, &json!(5)), "{told}");
    assert_eq!(told["outcome"]["by"], "everything");
    let version = told["version"].as_u64().expect("a version");

    // The same again is the same version; half a condition is no conversion yet.
    let (_, again) = send(&app, "PATCH", &path, "rt_admin", json!({ "csat": 5 })).await;
    assert_eq!(again["version"].as_u64(), Some(version));
    let postbacks = async || -> usize {
        let listed = app.get("/v1/postbacks?site=one", "rt_admin").await;
        let listed: Value = listed.json().await.expect("JSON");
        // Until then there is only the verdict that the rule is not met.
        let met = |listed: &&Value| listed.get("reason").is_none();
        listed["postbacks"].as_array().expect("postbacks").iter().filter(met).count()
    };
    assert_eq!(postbacks().await, 0);
    for _ in 0..2 {
        let told = json!({ "qualified": true, "value": "149.90", "csat": null });
        let (status, told) = send(&app, "PATCH", &path, "rt_admin", told).await;
        assert_eq!((status, told["version"].as_u64()), (200, Some(version + 1)), "{told}");
        assert_eq!(told["outcome"]["disposition"], "booked");
        assert!(told["outcome"].get("csat").is_none());
    }
    assert_eq!(postbacks().await, 1);

    // Events of a telephone system; the same id again changes nothing.
    let events = format!("{path}/events");
    for _ in 0..2 {
        let held = json!({ "id": "h1", "type": "held_for", "seconds": 40 });
        let (status, told) = send(&app, "POST", &events, "rt_admin", held).await;
        assert_eq!((status, told["version"].as_u64()), (200, Some(version + 2)), "{told}");
    }
    for (method, path, key, body, expected) in [
        ("PATCH", &path, "rt_reader", json!({}), 403),
        ("PATCH", &path, "rt_admin", json!({ "csat": 9 }), 400),
        ("PATCH", &path, "rt_admin", json!({ "status": "answered" }), 400),
        ("PATCH", &path, "rt_admin", json!([1]), 400),
        ("PATCH", &format!("{path}?site=two"), "rt_admin", json!({ "csat": 1 }), 404),
        ("PATCH", &"/v1/calls/nonsense".to_owned(), "rt_admin", json!({ "csat": 1 }), 404),
        ("POST", &events, "rt_admin", json!({ "id": "", "type": "held" }), 400),
        ("POST", &events, "rt_admin", json!({ "id": "x", "type": "eaten" }), 400),
        ("POST", &events, "rt_admin", json!({ "id": "x", "type": "held_for" }), 400),
        (
            "POST",
            &events,
            "rt_admin",
            json!({ "id": "x", "type": "held", "at": "2020-01-01T00:00:00Z" }),
            400,
        ),
    ] {
        let (status, told) = send(&app, method, path, key, body.clone()).await;
        assert_eq!(status, expected, "{method} {path} {body}: {told}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_outcomes_finds_its_calls() {
    let mut app = start().await;
    missed_call(&app, "CA1", "+14155550133").await;
    let id = missed_call(&app, "CA2", "+14155550134").await;
    let now = jiff::Timestamp::now();
    let soon = now + jiff::SignedDuration::from_mins(4);
    let late = now + jiff::SignedDuration::from_hours(3);
    let table = format!(
        "call,provider_call_id,caller,started_at,disposition,value\n\
         ,CA1,,,lost,\n{id},,,,booked,20\n,,(415) 555-0134,{soon},,30\n,,+14155550133,{late},x,\n,CA9,,,x,\n,,,,x,\n"
    );
    let import = async |key: &str, site: &str| {
        let url = format!("{}/v1/outcomes?site={site}", app.base);
        let request = app.client.post(url).bearer_auth(key).header("content-type", "text/csv");
        let answer = request.body(table.clone()).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (status, told) = import("rt_admin", "one").await;
    assert_eq!(
        (status, &told["changed"], &told["unchanged"]),
        (200, &json!(3), &json!(0)),
        "{told}"
    );
    let entries: Vec<_> =
        told["rejected"].as_array().expect("rows").iter().map(|row| row["entry"].clone()).collect();
    assert_eq!(entries, [5, 6, 7]);
    let call: Value =
        app.get(&format!("/v1/calls/{id}"), "rt_admin").await.json().await.expect("JSON");
    assert_eq!(
        (&call["outcome"]["disposition"], &call["outcome"]["value"]),
        (&json!("booked"), &json!("30"))
    );
    // Told again, the second row sets what the third one changes: the last word is the same.
    assert_eq!(import("rt_admin", "one").await.1["rejected"], told["rejected"]);
    assert_eq!(import("rt_reader", "one").await.0, 403);
    assert_eq!(import("rt_admin", "three").await.0, 404);
    app.stop().await;
}

#[tokio::test]
async fn the_warehouse_has_every_field_of_an_outcome() {
    let site: SiteId = crate::support::unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let mut told = call(&site, "one", at("2026-03-01T09:00:00Z"), CallStatus::Answered);
    told.queue_s = Some(7);
    told.hold_s = Some(40);
    told.transferred_at = Some(Millis(1));
    let change = json!({
        "disposition": "booked", "tags": ["a", "b"], "agent": "anna", "qualified": true, "converted": false,
        "appointment": true, "resolved": true, "first_contact_resolution": true, "escalated": false,
        "spam": false, "value": "-149.90", "lead_score": 80, "csat": 4, "nps": 9, "wrap_up_s": 30,
        "follow_up_at": "2026-03-02T09:00:00Z",
    });
    let change =
        OutcomeChange::from_json(change.as_object().expect("an object")).expect("a change");
    told.outcome = change.apply(&Outcome::default(), "crm", Millis(1));
    let silent = call(&site, "two", at("2026-03-01T10:00:00Z"), CallStatus::Answered);
    world.add(&[call_event(&told), call_event(&silent)]).await;
    assert_eq!(world.drain().await, 2);
    let all = world.count(
        "SELECT count(*) FROM calls WHERE queue_s = 7 AND hold_s = 40 AND transferred AND disposition = 'booked' \
         AND tags = 'a,b' AND agent = 'anna' AND qualified AND NOT converted AND appointment AND resolved \
         AND first_contact_resolution AND NOT escalated AND NOT spam AND value = -149.9 AND lead_score = 80 \
         AND csat = 4 AND nps = 9 AND wrap_up_s = 30 AND follow_up_at = 1772442000000",
    );
    assert_eq!(all.await, 1);
    let none = world.count(
        "SELECT count(*) FROM calls WHERE disposition = '' AND qualified IS NULL AND value IS NULL \
         AND transferred IS NULL AND csat IS NULL",
    );
    assert_eq!(none.await, 1);
}
