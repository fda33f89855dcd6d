//! Calls that are attributed anew: an outcome, a form or a late message says whose they were; what was told of them is
//! corrected.

use ringtrace::app::{App, Options};
use ringtrace::config::load::load_text;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::app::{BROWSER, TestApp};

/// Every call that is over is a conversion, told to an ad network by click id and to a CRM.
const CONVERSIONS: &str = r#"
[[sites.conversions]]
name = "call"
destinations = ["network", "crm"]
[[sites.conversions]]
name = "new"
when = { first_time = true }
destinations = ["crm"]
[[sites.destinations]]
id = "network"
kind = "url"
url = "@server/network?gclid={gclid}"
require = ["gclid"]
[[sites.destinations]]
id = "crm"
kind = "webhook"
url = "@server/crm"
secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
"#;

struct World {
    app: TestApp,
    server: MockServer,
}

impl World {
    /// A service that sends nothing until it is told to, and a server that takes everything.
    async fn start() -> Self {
        let server = MockServer::start().await;
        Mock::given(path("/network")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
        let mut app = TestApp::on_a_free_port();
        let text = app.configuration(&["0190", "0191", "0192", "0193"]);
        let (one, two) = text.split_once("[[sites]]\nid = \"two\"").expect("two sites");
        let conversions = CONVERSIONS.replace("@server", &server.uri());
        let text = format!("{one}{conversions}[[sites]]\nid = \"two\"{two}");
        let config = load_text("the test", &text).expect("a good configuration");
        let options = Options { hold_postbacks: true, ..Options::default() };
        app.app = Some(App::start(config, options).await.expect("it starts"));
        World { app, server }
    }

    async fn ask(&self, path: &str, body: Value) -> Value {
        let request = self.app.client.post(format!("{}{path}", self.app.base));
        let request = request
            .header("content-type", "text/plain;charset=UTF-8")
            .header("origin", "https://www.one.example")
            .header("user-agent", BROWSER);
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("JSON")
    }

    /// A page view from an ad with this click id; `more` is what else the page says.
    async fn view(&self, page: &str, gclid: &str, more: Value) -> Value {
        let mut body = json!({
            "v": 1, "key": "pk_one", "page": page, "seq": 1,
            "url": format!("https://www.one.example/plumbing?utm_source=google&utm_medium=cpc&gclid={gclid}"),
            "consent": { "analytics": true, "ads": true },
        });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        self.ask("/v1/lease", body).await
    }

    /// A call that is over; its id. Nobody holds the number when it ends in 0193.
    async fn call(&self, sid: &str, from: &str, to: &str) -> String {
        let call = [("CallSid", sid), ("From", from), ("To", to)];
        let ringing = [&call[..], &[("CallStatus", "ringing")]].concat();
        assert_eq!(self.app.twilio("voice", &ringing).await.status(), 200);
        let dial = [&call[..], &[("DialCallStatus", "no-answer")]].concat();
        assert_eq!(self.app.twilio("dial", &dial).await.status(), 200);
        let listed = self.get("/v1/calls?site=one").await;
        let calls = listed["calls"].as_array().expect("calls").clone();
        let found = calls.iter().find(|call| call["provider_call_id"] == sid);
        found.expect("the call is listed")["id"].as_str().expect("an id").to_owned()
    }

    async fn get(&self, path: &str) -> Value {
        self.app.get(path, "rt_admin").await.json().await.expect("JSON")
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = self.app.client.request(method, format!("{}{path}", self.app.base));
        let answer = request.bearer_auth("rt_admin").json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn patch(&self, call: &str, body: Value) -> Value {
        let (status, told) = self.send("PATCH", &format!("/v1/calls/{call}"), body).await;
        assert_eq!(status, 200, "{told}");
        told
    }

    async fn deliver(&self) {
        let deliverer = self.app.app().deliverer();
        while let Ok(ringtrace::postback::worker::Outcome::Settled(_)) =
            deliverer.run_once(None).await
        {}
    }

    /// The click ids that the ad network heard of, in order.
    async fn clicks(&self) -> Vec<String> {
        let heard = self.server.received_requests().await.expect("it records");
        let click = |url: &url::Url| url.query().map(|query| query.replace("gclid=", ""));
        heard
            .iter()
            .filter(|one| one.url.path() == "/network")
            .filter_map(|r| click(&r.url))
            .collect()
    }

    /// What the CRM heard of the conversion `call`: kind, click id, reason, and the id that it is of.
    async fn messages(&self) -> Vec<(String, String, String, String)> {
        let heard = self.server.received_requests().await.expect("it records");
        let of_crm = heard.iter().filter(|one| one.url.path() == "/crm");
        let read = of_crm.map(|one| one.body_json::<Value>().expect("JSON"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let read = read.filter(|message| message["data"]["conversion"] == "call");
        read.map(|message| {
            let data = &message["data"];
            let click = text(&data["click_ids"]["gclid"]);
            (text(&message["type"]), click, text(&data["reason"]), text(&data["id"]))
        })
        .collect()
    }

    async fn states(&self) -> Vec<(String, String, String)> {
        let listed = self.get("/v1/postbacks?site=one&limit=200").await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut states: Vec<_> = listed["postbacks"]
            .as_array()
            .expect("postbacks")
            .iter()
            .map(|one| {
                let of = if one["corrects"].is_null() { "first" } else { "correction" };
                let name = format!("{}.{}", text(&one["conversion"]), text(&one["destination"]));
                (format!("{name}.{of}"), text(&one["state"]), text(&one["why"]))
            })
            .collect();
        states.sort();
        states
    }
}

fn number(view: &Value) -> &str {
    view["targets"][0]["tracking"]["number"].as_str().expect("a number")
}

fn session(view: &Value) -> &str {
    view["session_id"].as_str().expect("a session")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_names_the_visitor_and_what_waits_is_told_as_it_is_now() {
    let mut world = World::start().await;
    let caller = world.view("page-one", "one", json!({ "ids": { "crm": "4711" } })).await;
    let other = world.view("page-two", "two", json!({})).await;
    // The call comes on the number of somebody else.
    let id = world.call("CA1", "+14155550133", number(&other)).await;
    let before = world.get(&format!("/v1/calls/{id}")).await;
    assert_eq!(before["attribution"]["session"], session(&other));

    let told = json!({ "disposition": "booked", "ids": { "crm": "4711" } });
    let after = world.patch(&id, told.clone()).await;
    let (was, version) = (before["version"].as_u64(), after["version"].as_u64());
    assert_eq!(version, was.map(|was| was + 1), "one version tells both");
    let found = &after["attribution"];
    assert_eq!(
        (&found["session"], &found["basis"], &found["confidence"]),
        (&json!(session(&caller)), &json!("told"), &json!(0.95))
    );
    let revised = &found["revised"];
    assert_eq!(
        (&revised["because"], &revised["by"], &revised["session_before"]),
        (&json!("outcome"), &json!("everything"), &json!(session(&other)))
    );
    // Said again, by session or by visitor, it is so already. Weaker evidence changes nothing.
    assert_eq!(world.patch(&id, told).await["version"].as_u64(), version);
    let same = world.patch(&id, json!({ "session": session(&caller) })).await;
    assert_eq!(same["version"].as_u64(), version);
    let lead =
        json!({ "leads": [{ "id": "1", "session": session(&other), "caller": "+14155550133" }] });
    let (_, reply) = world.send("POST", "/v1/leads?site=one", lead).await;
    assert_eq!(reply["rejoined"], 0, "{reply}");
    // Nothing was sent before: the network hears the caller's click alone, the CRM of one conversion.
    world.deliver().await;
    assert_eq!(world.clicks().await, ["one"]);
    let id_of = format!("{id}.call.crm");
    assert_eq!(
        world.messages().await,
        [("conversion.created".to_owned(), "one".to_owned(), String::new(), id_of)]
    );
    // Who does not exist, or whose visit began after the call, changes nothing.
    let late = world.view("page-three", "three", json!({})).await;
    for who in [
        json!({ "session": "019b8000-0000-7000-8000-000000000001" }),
        json!({ "visitor": "019b8000-0000-7000-8000-000000000001" }),
        json!({ "ids": { "crm": "4712" } }),
        json!({ "session": session(&late) }),
    ] {
        assert_eq!(world.patch(&id, who.clone()).await["version"].as_u64(), version, "{who}");
    }
    for (body, status) in [
        (json!({ "session": "x" }), 400),
        (json!({ "ids": "x" }), 400),
        (json!({ "sessoin": "x" }), 400),
    ] {
        assert_eq!(world.send("PATCH", &format!("/v1/calls/{id}"), body).await.0, status);
    }
    world.app.reported().await;
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_corrected_where_the_destination_takes_it() {
    let mut world = World::start().await;
    let caller = world.view("page-one", "one", json!({})).await;
    let other = world.view("page-two", "two", json!({})).await;
    let id = world.call("CA1", "+14155550133", number(&other)).await;
    world.deliver().await;
    assert_eq!(world.clicks().await, ["two"]);

    // An event of a telephone system and a table say the same as a change of the outcome.
    let event =
        json!({ "id": "e1", "type": "identified", "named": { "session": session(&caller) } });
    for _ in 0..2 {
        let (status, told) =
            world.send("POST", &format!("/v1/calls/{id}/events"), event.clone()).await;
        assert_eq!((status, &told["attribution"]["session"]), (200, &json!(session(&caller))));
    }
    let nobody = json!({ "id": "e2", "type": "identified" });
    assert_eq!(world.send("POST", &format!("/v1/calls/{id}/events"), nobody).await.0, 400);
    world.deliver().await;
    let messages = world.messages().await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    let (kind, click, reason, of) = messages[1].clone();
    assert_eq!(
        (kind.as_str(), click.as_str(), reason.as_str(), of),
        ("conversion.adjusted", "one", "outcome", format!("{id}.call.crm"))
    );
    assert_eq!(world.clicks().await, ["two"], "a URL takes nothing back");
    let states = world.states().await;
    let of_network = states.iter().find(|(name, ..)| name == "call.network.correction");
    let (_, state, why) = of_network.expect("it is in the log");
    assert_eq!(state, "skipped");
    assert!(why.contains("takes nothing back"), "{why}");

    // A table that names another visitor corrects the correction.
    let table = format!("call,session\n{id},{}\n", session(&other));
    for changed in [1, 0] {
        let url = format!("{}/v1/outcomes?site=one", world.app.base);
        let request = world.app.client.post(url).bearer_auth("rt_admin");
        let answer = request.header("content-type", "text/csv").body(table.clone()).send().await;
        let told: Value = answer.expect("an answer").json().await.expect("JSON");
        assert_eq!(told["changed"], changed, "{told}");
    }
    world.deliver().await;
    let messages = world.messages().await;
    assert_eq!((messages.len(), messages[2].1.as_str()), (3, "two"), "{messages:?}");
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_no_click_id_is_sent_once_it_has_one() {
    let mut world = World::start().await;
    let caller = world.view("page-one", "one", json!({})).await;
    // A number of the pool that nobody was shown.
    let pool = ["+14155550190", "+14155550191", "+14155550192", "+14155550193"];
    let unseen = pool.into_iter().find(|free| *free != number(&caller)).expect("a free number");
    let id = world.call("CA1", "+14155550133", unseen).await;
    world.deliver().await;
    let skipped = ("call.network.first".to_owned(), "skipped".to_owned());
    let states = world.states().await;
    assert!(states.iter().any(|(name, state, _)| (name, state) == (&skipped.0, &skipped.1)));
    // The form is sent from a later visit of the same visitor.
    let again = world
        .ask(
            "/v1/lease",
            json!({
                "v": 1, "key": "pk_one", "page": "page-new", "seq": 1, "visitor": caller["visitor"],
                "url": "https://www.one.example/contact?utm_source=bing&utm_medium=cpc",
                "consent": { "analytics": true, "ads": true },
            }),
        )
        .await;
    assert_ne!(session(&again), session(&caller));
    let lead =
        json!({ "leads": [{ "id": "1", "session": session(&again), "caller": "+14155550133" }] });
    let (_, reply) = world.send("POST", "/v1/leads?site=one", lead).await;
    assert_eq!(reply["rejoined"], 1, "{reply}");
    let call = world.get(&format!("/v1/calls/{id}")).await;
    assert_eq!(call["attribution"]["session"], session(&caller), "their visit before the call");
    assert_eq!(call["attribution"]["revised"]["because"], "lead");
    world.deliver().await;
    assert_eq!(world.clicks().await, ["one"]);
    let messages = world.messages().await;
    assert_eq!(messages[1].0, "conversion.adjusted", "{messages:?}");
    // An outcome is stronger than a form, and may correct it.
    let other = world.view("page-two", "two", json!({})).await;
    let later = world.call("CA2", "+14155550133", unseen).await;
    let told = world.patch(&later, json!({ "session": session(&other) })).await;
    assert_eq!(told["attribution"]["revised"]["because"], "outcome", "{told}");
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_took_consent_back_is_not_used() {
    let mut world = World::start().await;
    let caller = world.view("page-one", "one", json!({ "ids": { "crm": "4711" } })).await;
    let other = world.view("page-two", "two", json!({})).await;
    let id = world.call("CA1", "+14155550133", number(&other)).await;
    let denied = json!({ "analytics": false, "ads": false });
    let view = json!({ "session": caller["session"], "seq": 2, "consent": denied });
    let after = world.view("page-one", "one", view).await;
    assert_eq!(session(&after), session(&caller), "the session goes on");
    let version = world.get(&format!("/v1/calls/{id}")).await["version"].clone();
    for who in [json!({ "session": session(&caller) }), json!({ "ids": { "crm": "4711" } })] {
        assert_eq!(world.patch(&id, who.clone()).await["version"], version, "{who}");
    }
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_that_is_told_late_says_who_called() {
    let mut app = TestApp::on_a_free_port();
    let text = app.configuration(&["0190"]);
    let config = load_text("the test", &text).expect("a good configuration");
    app.app = Some(App::start(config, Options::default()).await.expect("it starts"));
    let server = MockServer::start().await;
    let world = World { app, server };
    // Two share the only number; the second one was seen last.
    let first = world.view("page-one", "one", json!({})).await;
    let second = world.view("page-two", "two", json!({})).await;
    assert_eq!(number(&first), number(&second));
    let id = world.call("CA1", "+14155550133", number(&first)).await;
    let before = world.get(&format!("/v1/calls/{id}")).await;
    assert!(before["attribution"]["confidence"].as_f64().expect("a figure") < 0.9);
    let beat = |seq: u32, ago_ms: i64| {
        json!({
            "v": 1, "key": "pk_one", "session": first["session"], "page": "page-one", "seq": seq,
            "kind": "beat", "shown": {}, "tel_click": { "target": "main", "ago_ms": ago_ms },
        })
    };
    // Long before the call, and told at once: neither says anything of it.
    world.ask("/v1/beat", beat(2, 60_000)).await;
    let call = world.get(&format!("/v1/calls/{id}")).await;
    let found = &call["attribution"];
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    let mut found = found.clone();
    while found["revised"].is_null() && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        found = world.get(&format!("/v1/calls/{id}")).await["attribution"].clone();
    }
    assert_eq!(
        (&found["session"], &found["revised"]["because"]),
        (&json!(session(&first)), &json!("late_click")),
        "{found}"
    );
    let mut app = world.app;
    app.stop().await;
}
