//! E-mail addresses that forms and outcomes tell: hashed at once, told to the platforms that match by them, as long as
//! the visitor allows it.

use ringtrace::app::{App, Options};
use ringtrace::config::load::load_text;
use ringtrace::platform::email::{EmailForm, EmailHashes};
use serde_json::{Value, json};
use wiremock::matchers::path_regex;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::app::{BROWSER, TestApp};

const CONVERSIONS: &str = r#"
[[sites.conversions]]
name = "lead"
destinations = ["meta", "reddit"]
[[sites.conversions]]
name = "sold"
when = { converted = true }
destinations = ["linkedin"]
[[sites.destinations]]
id = "meta"
kind = "meta"
pixel = "1"
access_token = "meta-token"
base = "@server/meta"
[[sites.destinations]]
id = "reddit"
kind = "reddit"
pixel = "2"
access_token = "reddit-token"
base = "@server/reddit"
[[sites.destinations]]
id = "linkedin"
kind = "linkedin"
pixel = "3"
access_token = "linkedin-token"
base = "@server/linkedin"
"#;

const CALLER: &str = "+14155550123";
const ADDRESS: &str = "  J.Doe+Calls@Gmail.com ";

struct World {
    app: TestApp,
    server: MockServer,
}

/// A page of site `one` that a visitor looks at.
struct Page {
    name: String,
    session: Value,
    id: String,
    number: String,
}

impl World {
    async fn start() -> Self {
        let server = MockServer::start().await;
        for (path, answer) in [
            ("^/meta/", json!({ "events_received": 1 })),
            ("^/reddit/", json!({ "data": {} })),
            ("^/linkedin/", json!({ "elements": [{ "status": 201 }] })),
        ] {
            let answer = ResponseTemplate::new(200).set_body_json(answer);
            Mock::given(path_regex(path)).respond_with(answer).mount(&server).await;
        }
        let mut app = TestApp::on_a_free_port();
        let text = app.configuration(&["0190", "0191", "0192"]);
        let (one, two) = text.split_once("[[sites]]\nid = \"two\"").expect("two sites");
        let conversions = CONVERSIONS.replace("@server", &server.uri());
        let patient = "\n[redis]\nresponse_timeout = \"2s\"\nconnection_timeout = \"2s\"\n";
        let text = format!("{one}{conversions}[[sites]]\nid = \"two\"{two}{patient}");
        let config = load_text("the test", &text).expect("a good configuration");
        let options = Options { hold_postbacks: true, ..Options::default() };
        app.app = Some(App::start(config, options).await.expect("it starts"));
        World { app, server }
    }

    /// What the page `name` says; `session` goes on with one.
    async fn view(&self, name: &str, seq: u32, session: &Value, ads: bool) -> Page {
        let mut body = json!({
            "v": 1, "key": "pk_one", "page": name, "seq": seq,
            "url": "https://www.one.example/?utm_source=google&utm_medium=cpc",
            "consent": { "analytics": true, "ads": ads },
        });
        if !session.is_null() {
            body["session"] = session.clone();
        }
        let request = self.app.client.post(format!("{}/v1/lease", self.app.base));
        let request = request.header("origin", "https://www.one.example");
        let request = request.header("user-agent", BROWSER).body(body.to_string());
        let reply: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Page {
            name: name.to_owned(),
            session: reply["session"].clone(),
            id: text(&reply["session_id"]),
            number: text(&reply["targets"][0]["tracking"]["number"]),
        }
    }

    async fn visit(&self, name: &str, ads: bool) -> Page {
        self.view(name, 1, &Value::Null, ads).await
    }

    async fn withdraw(&self, page: &Page) {
        let again = self.view(&page.name, 2, &page.session, false).await;
        assert_eq!(again.id, page.id, "the same visit");
    }

    /// Tells a lead; how many addresses are kept.
    async fn lead(&self, lead: Value) -> u64 {
        let url = format!("{}/v1/leads?site=one", self.app.base);
        let body = json!({ "leads": [lead] });
        let answer = self.app.client.post(url).bearer_auth("rt_admin").json(&body).send().await;
        let told: Value = answer.expect("an answer").json().await.expect("JSON");
        assert_eq!(told["rejected"], json!([]), "{told}");
        told["emails"].as_u64().expect("a number")
    }

    async fn get(&self, path: &str) -> Value {
        self.app.get(path, "rt_admin").await.json().await.expect("JSON")
    }

    /// Delivers what is due, and answers what was sent by it.
    async fn told(&self) -> Vec<(String, Value)> {
        let before = self.server.received_requests().await.expect("it records").len();
        let deliverer = self.app.app().deliverer();
        while let Ok(ringtrace::postback::worker::Outcome::Settled(_)) =
            deliverer.run_once(None).await
        {}
        let all = self.server.received_requests().await.expect("it records");
        let new = all.into_iter().skip(before);
        new.map(|request| (request.url.path().to_owned(), request.body_json().expect("JSON")))
            .collect()
    }
}

fn hashes(address: &str) -> EmailHashes {
    address.parse().expect("an address")
}

/// What Meta was told of the address of the only conversion that it heard of.
fn meta(told: &[(String, Value)]) -> Value {
    let (_, body) = told.iter().find(|(path, _)| path.starts_with("/meta/")).expect("Meta heard");
    body["data"][0]["user_data"]["em"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forms_address_reaches_the_platforms_hashed_as_each_wants_it() {
    let mut world = World::start().await;
    let page = world.visit("page-0001", true).await;
    assert_eq!(world.lead(json!({ "session": page.id, "email": ADDRESS })).await, 1);
    world.app.answered_call("CA1", CALLER, &page.number).await;
    let told = world.told().await;
    let email = hashes(ADDRESS);
    assert_eq!(meta(&told), email.of(EmailForm::Plain));
    let (_, reddit) = told.iter().find(|(path, _)| path.starts_with("/reddit/")).expect("Reddit");
    let user = &reddit["data"]["events"][0]["user"];
    assert_eq!(user["email"], email.of(EmailForm::Reddit), "{reddit}");
    assert_ne!(email.of(EmailForm::Plain), email.of(EmailForm::Reddit));
    // Nobody is shown it, hashed or not.
    let shown = world.get("/v1/postbacks?site=one").await.to_string()
        + &world.get("/v1/leads?site=one").await.to_string();
    for hidden in email.all().map(str::to_owned).chain(["gmail".to_owned(), "Gmail".to_owned()]) {
        assert!(!shown.contains(&hidden), "{hidden} is shown");
    }
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_joined_by_the_callers_number_and_the_newest_form_counts() {
    let mut world = World::start().await;
    let at = |ago: i64| world.app.app().clock().now().plus(-ago * 60_000).to_string();
    // The CRM tells the number alone, the older form last.
    for (id, ago, address) in [("1", 5, "new@example.com"), ("2", 60, "old@example.com")] {
        let lead = json!({ "id": id, "at": at(ago), "caller": CALLER, "email": address });
        assert_eq!(world.lead(lead).await, 1);
    }
    let page = world.visit("page-0001", true).await;
    world.app.answered_call("CA1", CALLER, &page.number).await;
    assert_eq!(meta(&world.told().await), hashes("new@example.com").of(EmailForm::Plain));
    // Without anybody's yes to advertising nothing is told, whatever the CRM has.
    let denied = world.visit("page-0002", false).await;
    world.app.answered_call("CA2", CALLER, &denied.number).await;
    assert_eq!(world.told().await.len(), 0);
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consent_no_address_is_kept_and_a_withdrawal_takes_it_back() {
    let mut world = World::start().await;
    let denied = world.visit("page-0001", false).await;
    assert_eq!(world.lead(json!({ "session": denied.id, "email": ADDRESS })).await, 0);
    let unknown = "0199a000-0000-7000-8000-000000000001";
    assert_eq!(world.lead(json!({ "session": unknown, "email": ADDRESS })).await, 0);

    // The one who filled in the form changes their mind; the caller's own visit allows advertising.
    let form = world.visit("page-0002", true).await;
    let lead = json!({ "session": form.id, "caller": CALLER, "email": ADDRESS });
    assert_eq!(world.lead(lead).await, 1);
    world.withdraw(&form).await;
    let other = world.visit("page-0003", true).await;
    world.app.answered_call("CA1", "+14155550124", &other.number).await;
    let told = world.told().await;
    assert!(!told.is_empty() && meta(&told).is_null(), "{told:?}");
    // And is not asked again by allowing it once more: what was withdrawn is gone.
    world.view(&form.name, 3, &form.session, true).await;
    world.app.answered_call("CA2", CALLER, &form.number).await;
    let told = world.told().await;
    let hash = hashes(ADDRESS).of(EmailForm::Plain).to_owned();
    assert!(told.iter().all(|(_, body)| !body.to_string().contains(&hash)), "{told:?}");
    world.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcomes_address_goes_with_the_conversion_that_it_causes() {
    let mut world = World::start().await;
    let page = world.visit("page-0001", true).await;
    let call = world.app.answered_call("CA1", CALLER, &page.number).await;
    world.told().await;
    let url = format!("{}/v1/calls/{call}", world.app.base);
    let tell = async |body: Value| {
        let answer = world.app.client.patch(&url).bearer_auth("rt_admin").json(&body).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    };
    for bad in [json!("nobody"), json!(5), Value::Null] {
        let (status, why) = tell(json!({ "email": bad })).await;
        assert_eq!((status, why.contains("`email`")), (400, true), "{why}");
    }
    let (status, shown) = tell(json!({ "converted": true, "email": "Jane.Doe@Example.com" })).await;
    assert_eq!(status, 200);
    assert!(!shown.to_lowercase().contains("jane.doe"), "{shown}");
    let told = world.told().await;
    let (_, body) = told.iter().find(|(path, _)| path.starts_with("/linkedin/")).expect("LinkedIn");
    assert_eq!(
        body["elements"][0]["user"]["userIds"],
        json!([{
            "idType": "SHA256_EMAIL",
            "idValue": "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d",
        }])
    );
    // In a table, too: of a call whose visit allowed nothing it is not kept.
    let denied = world.visit("page-0002", false).await;
    world.app.answered_call("CA2", "+14155550124", &denied.number).await;
    let rows = "provider_call_id,converted,email\nCA2,yes,jane.doe@example.com\n";
    let request = world.app.client.post(format!("{}/v1/outcomes?site=one", world.app.base));
    let request = request.bearer_auth("rt_admin").header("content-type", "text/csv").body(rows);
    let reply: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(reply["changed"], 1, "{reply}");
    assert_eq!(world.told().await.len(), 0);
    world.app.stop().await;
}
