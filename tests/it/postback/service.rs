//! Over HTTP, through the whole service: what webhooks hear, trials, replays, files.

use jiff::SignedDuration;
use ringtrace::app::{App, Options};
use ringtrace::config::load::load_text;
use ringtrace::platform::clock::Millis;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::WEBHOOK_SECRET;
use crate::support::app::{BROWSER, TestApp};

const CONVERSIONS: &str = r#"
[[sites.conversions]]
name = "qualified"
when = { min_talk_s = 60 }
outcome_value = true
destinations = ["crm", "network"]
[[sites.destinations]]
id = "crm"
kind = "webhook"
url = "@server/crm"
secret = "@secret"
events = ["call.started", "call.routed", "call.ended", "call.changed", "pool.overflow"]
[[sites.destinations]]
id = "network"
kind = "url"
url = "@server/network?gclid={gclid}&token=topsecret"
require = ["gclid"]
"#;

struct World {
    app: TestApp,
    server: MockServer,
}

impl World {
    /// A service that delivers when it is told to, and a server that answers `/network` with `status`.
    async fn start(status: u16) -> Self {
        Self::start_with(status, "").await
    }

    /// The same with `more` keys of site `one`.
    async fn start_with(status: u16, more: &str) -> Self {
        let server = MockServer::start().await;
        let network = Mock::given(path("/network"));
        network.respond_with(ResponseTemplate::new(status)).mount(&server).await;
        Mock::given(path("/crm")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
        let mut app = TestApp::on_a_free_port();
        let text = app.configuration(&["0190"]);
        let (one, two) = text.split_once("[[sites]]\nid = \"two\"").expect("two sites");
        let conversions =
            CONVERSIONS.replace("@server", &server.uri()).replace("@secret", WEBHOOK_SECRET);
        // Many tests share the machine: a page that got no number in time would have no click.
        let patient = "\n[redis]\nresponse_timeout = \"2s\"\nconnection_timeout = \"2s\"\n";
        let text = format!("{one}{conversions}{more}[[sites]]\nid = \"two\"{two}{patient}");
        let config = load_text("the test", &text).expect("a good configuration");
        let options = Options { hold_postbacks: true, ..Options::default() };
        app.app = Some(App::start(config, options).await.expect("it starts"));
        World { app, server }
    }

    async fn view(&self, page: &str, gclid: &str) -> Value {
        let url =
            format!("https://www.one.example/?utm_source=google&utm_medium=cpc&gclid={gclid}");
        let body = json!({
            "v": 1, "key": "pk_one", "page": page, "seq": 1, "url": url,
            "consent": { "analytics": true, "ads": true },
        });
        let request = self.app.client.post(format!("{}/v1/lease", self.app.base));
        let request = request.header("origin", "https://www.one.example");
        let request = request.header("user-agent", BROWSER).body(body.to_string());
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// A call of 95 s; its id.
    async fn call(&self, sid: &str) -> String {
        self.app.answered_call(sid, "+14155550123", "+14155550190").await
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

    async fn deliver(&self) {
        let deliverer = self.app.app().deliverer();
        while let Ok(ringtrace::postback::worker::Outcome::Settled(_)) =
            deliverer.run_once(None).await
        {}
    }

    async fn heard(&self, at: &str) -> Vec<Request> {
        let all = self.server.received_requests().await.expect("it records");
        all.into_iter().filter(|request| request.url.path() == at).collect()
    }

    /// What the webhook heard, as the reference receiver lets it through.
    async fn messages(&self) -> Vec<Value> {
        let receiver = Webhook::new(WEBHOOK_SECRET).expect("a secret");
        let heard = self.heard("/crm").await;
        let verified = heard.iter().map(|request| {
            receiver.verify(&request.body, &request.headers).expect("a good signature");
            request.body_json().expect("JSON")
        });
        verified.collect()
    }
}

fn kinds(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|message| message["type"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_hears_of_calls_conversions_and_empty_pools_once_each() {
    let world = World::start(200).await;
    world.view("page-0001", "Cj0one").await;
    // The pool has one number.
    for page in ["page-0002", "page-0003"] {
        world.view(page, "Cj0two").await;
    }
    let call = world.call("CA1").await;
    world.deliver().await;
    let messages = world.messages().await;
    let mut heard = kinds(&messages);
    heard.sort_unstable();
    let expected =
        ["call.ended", "call.routed", "call.started", "conversion.created", "pool.overflow"];
    assert_eq!(heard, expected);
    for message in &messages {
        let data = &message["data"];
        assert_eq!(data["site"], "one", "{message}");
        match message["type"].as_str() {
            Some("pool.overflow") => assert_eq!(data["pool"], "main"),
            _ => assert_eq!(data["call_id"], call.as_str(), "{message}"),
        }
    }

    // Its webhooks again, and another visitor without a number: nothing new.
    world.call("CA1").await;
    world.view("page-0004", "Cj0three").await;
    world.deliver().await;
    assert_eq!(world.messages().await.len(), expected.len());

    // Something else is known of it.
    let path = format!("/v1/calls/{call}");
    assert_eq!(world.send("PATCH", &path, json!({ "value": "149.90" })).await.0, 200);
    world.deliver().await;
    let messages = world.messages().await;
    let mut news = kinds(&messages[expected.len()..]);
    news.sort_unstable();
    assert_eq!(news, ["call.changed", "conversion.adjusted"], "{messages:?}");
    let adjusted = messages.iter().find(|message| message["type"] == "conversion.adjusted");
    let adjusted = &adjusted.expect("an adjustment")["data"];
    assert_eq!((&adjusted["change"], &adjusted["value"]), (&"restated".into(), &"149.90".into()));
}

const ROUTES: &str = r#"
[sites.routing]
[[sites.routing.routes]]
id = "sales"
kind = "dial"
order = "at_once"
[[sites.routing.routes.to]]
address = "+14155550160"
[[sites.routing.routes.to]]
address = "sip:desk@pbx.example.com"
[[sites.routing.rules]]
id = "paid"
route = "sales"
when = [{ field = "source", is = ["google"] }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_hears_where_a_call_was_sent_and_by_which_rule() {
    let world = World::start_with(200, ROUTES).await;
    world.view("page-0001", "Cj0one").await;
    let call = world.call("CA1").await;
    world.deliver().await;
    let messages = world.messages().await;
    for message in &messages {
        let is_routed = message["type"] == "call.routed";
        assert_eq!(message["data"]["routed"].is_object(), is_routed, "{message}");
    }
    let routed = messages.iter().find(|message| message["type"] == "call.routed");
    let data = &routed.expect("it was routed")["data"];
    assert_eq!(data["call_id"], call.as_str());
    let expected = json!({
        "step": 1, "action": "dial", "why": "rule", "rule": "paid", "route": "sales", "in_turn": false,
        "targets": [
            { "kind": "phone", "to": "+14155550160" },
            { "kind": "sip", "to": "sip:desk@pbx.example.com" },
        ],
    });
    assert_eq!(data["routed"], expected);
    // It is what the API shows of the call's first step.
    let step = &world.get(&format!("/v1/calls/{call}")).await["route"][0];
    for (word, shown) in [("step", "hop"), ("action", "action"), ("why", "why"), ("rule", "rule")] {
        assert_eq!(data["routed"][word], step[shown], "{step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_says_what_a_destination_would_make_of_a_conversion() {
    let world = World::start(422).await;
    let test = async |body: Value| world.send("POST", "/v1/postbacks/test", body).await;
    let (status, told) = test(json!({ "site": "one", "destination": "crm" })).await;
    assert_eq!((status, &told["outcome"]), (200, &"accepted".into()), "{told}");
    assert_eq!(world.messages().await[0]["data"]["source"], "ringtrace", "it is marked");

    let (_, told) = test(json!({ "site": "one", "destination": "network" })).await;
    assert_eq!(told["outcome"], "not_eligible", "{told}");
    assert!(told["explanation"].as_str().is_some_and(|why| why.contains("--click-id")), "{told}");
    let click = json!({ "site": "one", "destination": "network", "click_id": "gclid=Cj0own" });
    let (_, told) = test(click.clone()).await;
    assert_eq!(told["outcome"], "refused", "{told}");
    assert!(!told.to_string().contains("topsecret"), "{told}");
    let mut dry = click;
    dry["dry_run"] = true.into();
    let before = world.heard("/network").await.len();
    let (_, told) = test(dry).await;
    assert_eq!(
        (&told["outcome"], before),
        (&"not_sent".into(), world.heard("/network").await.len())
    );
    for (body, expected) in [
        (json!({ "site": "one", "destination": "nobody" }), 404),
        (json!({ "site": "none", "destination": "crm" }), 404),
        (json!({ "site": "one", "destination": "network", "click_id": "none" }), 400),
        (json!({ "site": "one", "destination": "crm", "postback": "x" }), 400),
        (json!({ "site": "one" }), 400),
    ] {
        assert_eq!(test(body.clone()).await.0, expected, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_is_replayed_by_filter_and_counted_by_a_dry_run() {
    let world = World::start(422).await;
    for (sid, page) in [("CA1", "page-0001"), ("CA2", "page-0002")] {
        world.view(page, &format!("Cj0{sid}")).await;
        world.call(sid).await;
    }
    world.deliver().await;
    assert_eq!(world.heard("/network").await.len(), 2);
    let replay = async |body: Value| world.send("POST", "/v1/postbacks/replay", body).await;
    let rejected = json!({ "site": "one", "state": "rejected", "destination": "network" });
    let mut dry = rejected.clone();
    dry["dry_run"] = true.into();
    assert_eq!(replay(dry).await, (200, json!({ "replayed": 2 })));
    let long_ago = Millis::system_now().plus(-SignedDuration::from_hours(1).as_millis() as i64);
    let mut older = rejected.clone();
    older["to"] = long_ago.timestamp().to_string().into();
    assert_eq!(replay(older).await, (200, json!({ "replayed": 0 })));
    assert_eq!(replay(json!({ "state": "delivered" })).await.0, 400);
    assert_eq!(world.heard("/network").await.len(), 2, "nothing was sent by asking");

    world.server.reset().await;
    Mock::given(path("/network"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&world.server)
        .await;
    assert_eq!(replay(rejected).await, (200, json!({ "replayed": 2 })));
    world.deliver().await;
    let keys = |requests: &[Request]| -> Vec<String> {
        requests
            .iter()
            .map(|r| r.headers["idempotency-key"].to_str().expect("text").to_owned())
            .collect()
    };
    assert_eq!(keys(&world.heard("/network").await).len(), 2);
    let listed = world.get("/v1/postbacks?site=one&destination=network&state=delivered").await;
    assert_eq!(listed["postbacks"].as_array().map(Vec::len), Some(2), "{listed}");
    let one = listed["postbacks"][0]["id"].as_str().expect("an id");
    let (status, _) = world.send("POST", &format!("/v1/postbacks/{one}/replay"), json!({})).await;
    assert_eq!(status, 400, "it was delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_the_conversions_of_a_period_in_the_platforms_columns() {
    let world = World::start(200).await;
    world.view("page-0001", "Cj0file").await;
    world.call("CA1").await;
    let file = async |more: &str, key: &str| {
        let path = format!("/v1/postbacks/file?site=one&conversion=qualified&{more}");
        let answer = world.app.get(&path, key).await;
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    };
    let (status, google) = file("format=google&name=Calls", "rt_admin").await;
    assert_eq!(status, 200, "{google}");
    let lines: Vec<&str> = google.lines().collect();
    assert_eq!(lines[0], "Parameters:TimeZone=+0000");
    assert!(lines[1].starts_with("Google Click ID,GBRAID,WBRAID,Conversion Name,"), "{google}");
    assert!(lines[2].starts_with("Cj0file,,,Calls,"), "{google}");
    assert_eq!(lines.len(), 3);
    // No click of theirs, or another time: the columns alone.
    let (_, microsoft) = file("format=microsoft", "rt_admin").await;
    assert_eq!(microsoft.lines().count(), 2, "{microsoft}");
    let (_, earlier) = file("format=google&to=2020-01-01T00:00:00Z", "rt_admin").await;
    assert_eq!(earlier.lines().count(), 2, "{earlier}");
    // A platform that fetches it brings its key in the query.
    let url = format!(
        "{}/v1/postbacks/file?site=one&conversion=qualified&format=google&name=Calls&key=rt_admin",
        world.app.base
    );
    let fetched = world.app.client.get(url).send().await.expect("an answer");
    assert_eq!(fetched.text().await.expect("a text"), google);
    for (more, key, expected) in [
        ("format=google", "rt_reader", 403),
        ("format=fax", "rt_admin", 400),
        ("format=google&from=yesterday", "rt_admin", 400),
    ] {
        assert_eq!(file(more, key).await.0, expected, "{more}");
    }
    let none =
        world.app.get("/v1/postbacks/file?site=one&conversion=none&format=google", "rt_admin");
    assert_eq!(none.await.status(), 404);
}
