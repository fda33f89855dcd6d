//! A service with people on two sites, and every byte that it wrote.

use std::path::{Path, PathBuf};

use ringtrace::app::{App, Options};
use ringtrace::config::load::load_text;
use ringtrace::platform::keys::Shards;
use ringtrace::platform::redis::{Patience, Redis};
use ringtrace::privacy::keyspace::Keyspace;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::app::{BROWSER, TestApp};

/// A conversion that waits for a destination which does not answer.
const CONVERSION: &str = r#"
[[sites.conversions]]
name = "lead"
destinations = ["crm"]
[[sites.destinations]]
id = "crm"
kind = "url"
url = "http://127.0.0.1:9/?c={call_id}&g={gclid}"
"#;

/// Where everybody asks from.
pub const ADDRESS: &str = "203.0.113.77";

/// One person: everything that is theirs has its own mark in it.
#[derive(Clone, Debug)]
pub struct Person {
    /// First word of their marks.
    pub name: &'static str,
    /// Who calls.
    pub number: &'static str,
    /// The visitor's id, once they were there.
    pub visitor: String,
    /// Their session.
    pub session: String,
    /// The call.
    pub call: String,
}

impl Person {
    /// Somebody who was not there yet.
    pub fn new(name: &'static str, number: &'static str) -> Self {
        let none = String::new;
        Person { name, number, visitor: none(), session: none(), call: none() }
    }

    /// The e-mail address that they tell with a form.
    pub fn email(&self) -> String {
        format!("{}@example.com", self.name)
    }

    /// Its SHA-256, as ad platforms want it.
    pub fn email_hash(&self) -> String {
        hex::encode(Sha256::digest(self.email().to_lowercase()))
    }

    /// A text that only this person has.
    pub fn mark(&self, what: &str) -> String {
        format!("{}{what}", self.name)
    }
}

/// The configuration of a test service with `more` keys of site `one` and its conversion.
pub fn configuration(app: &TestApp, more: &str) -> String {
    let text = app.configuration(&["0190", "0191", "0192"]);
    let text = text.replace("workers = 1", "workers = 1\ntrusted_proxies = [\"127.0.0.0/8\"]");
    // A busy machine is no reason for a page without a number.
    let patient = "[redis]\nresponse_timeout = \"2s\"\nconnection_timeout = \"2s\"\n[server]\n";
    let text = text.replacen("[server]\n", patient, 1);
    let second = "[[sites]]\nid = \"two\"";
    text.replace(second, &format!("{more}\n{CONVERSION}\n{second}"))
}

/// A service with these keys of site `one`; postbacks wait.
pub async fn start(more: &str) -> TestApp {
    let mut app = TestApp::on_a_free_port();
    start_again(&mut app, more).await;
    app
}

/// Starts it on the folder that it has.
pub async fn start_again(app: &mut TestApp, more: &str) {
    let text = configuration(app, more);
    start_on(app, &text).await;
}

/// Starts it with this configuration; postbacks wait.
pub async fn start_on(app: &mut TestApp, configuration: &str) {
    let config = load_text("the test", configuration).expect("a good configuration");
    let options = Options { hold_postbacks: true, ..Options::default() };
    app.app = Some(App::start(config, options).await.expect("it starts"));
}

/// A visit, a call by the number that the visit was shown, and what came of it.
pub async fn visit_and_call(app: &TestApp, person: &mut Person) {
    let name = person.name;
    let body = json!({
        "v": 1, "key": "pk_one", "page": format!("page-{name}"), "seq": 1,
        "url": format!(
            "https://www.one.example/{name}-path?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid={}&secret={}",
            person.mark("-click-id-0123456789"), person.mark("-query"),
        ),
        "consent": { "analytics": true, "ads": true },
    });
    let request = app.client.post(format!("{}/v1/lease", app.base));
    let request = request
        .header("origin", "https://www.one.example")
        .header("x-forwarded-for", ADDRESS)
        .header("user-agent", format!("{BROWSER} {}", person.mark("-agent")));
    let reply: Value = request.body(body.to_string()).send().await.unwrap().json().await.unwrap();
    person.session = reply["session_id"].as_str().expect("a session").to_owned();
    let number = reply["targets"][0]["tracking"]["number"].as_str().expect("a number").to_owned();
    let sid = person.mark("CA00000000000000000000000000");
    let caller = person.mark(" Name");
    let recording = format!("https://api.twilio.com/{}", person.mark("-recording"));
    let all =
        [("CallSid", &*sid), ("From", person.number), ("To", &*number), ("CallerName", &*caller)];
    for (event, told) in [
        ("voice", &[("CallStatus", "ringing"), ("Direction", "inbound")][..]),
        ("dial", &[("DialCallStatus", "completed"), ("DialCallDuration", "61")]),
        ("recording", &[("RecordingUrl", &*recording), ("RecordingStatus", "completed")]),
        ("status", &[("CallStatus", "completed"), ("CallDuration", "70")]),
    ] {
        let answer = app.twilio(event, &[&all[..], told].concat()).await;
        assert!(answer.status().is_success(), "{event}: {}", answer.status());
    }
    let lead = json!({ "leads": [{
        "id": person.mark("-lead"), "name": person.mark(" form"), "session": person.session, "caller": person.number,
        "email": person.email(),
    }] });
    post(app, "/v1/leads?site=one", &lead).await;
    let calls = get(app, "/v1/calls?site=one").await;
    person.call = calls["calls"][0]["id"].as_str().expect("a call").to_owned();
    let notes = json!({ "notes": person.mark("-notes"), "disposition": "booked" });
    let url = format!("{}/v1/calls/{}", app.base, person.call);
    let answer = app.client.patch(url).bearer_auth("rt_admin").json(&notes).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    app.reported().await;
    let asked = json!({ "site": "one", "session": person.session });
    let told = post(app, "/v1/privacy/export", &asked).await;
    let visit = &told["sites"][0]["warehouse"]["sessions"][0];
    person.visitor = visit["visitor"].as_str().unwrap_or_default().to_owned();
}

/// Reads JSON with the key that may do everything.
pub async fn get(app: &TestApp, path: &str) -> Value {
    let answer = app.get(path, "rt_admin").await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.expect("JSON")
}

/// Posts JSON with that key.
pub async fn post(app: &TestApp, path: &str, body: &Value) -> Value {
    let request = app.client.post(format!("{}{path}", app.base)).bearer_auth("rt_admin");
    let answer = request.json(body).send().await.expect("an answer");
    let (status, text) = (answer.status(), answer.text().await.expect("a text"));
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// Every file below the data folder and every piece of Redis, with where it is.
pub async fn everything(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for path in files(app.folder()) {
        // It says who changed which call, and is never changed itself.
        if path.components().any(|part| part.as_os_str() == "audit") {
            continue;
        }
        // A file may be removed meanwhile; sockets are none.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if path.extension().is_some_and(|kind| kind == "zst") {
            let text = zstd::decode_all(&bytes[..]).expect("a whole segment");
            all.push((format!("{} unpacked", path.display()), text));
        }
        all.push((path.display().to_string(), bytes));
    }
    let socket = app.folder().join("redis").join("redis.sock");
    let redis = Redis::standalone(&format!("unix://{}", socket.display()), Patience::of_workers());
    let redis = redis.expect("an address");
    for site in ["one", "two"] {
        let keys = Shards(16).keys(&site.parse().expect("a site"));
        let space = Keyspace::new(&redis, &keys);
        let names = space.names().await.expect("names");
        let pieces = |piece: ringtrace::privacy::keyspace::Piece| {
            let bytes = [piece.key.as_bytes(), b" ", &piece.member, b" ", &piece.value].concat();
            all.push((format!("redis {}", piece.key), bytes));
        };
        space.pieces(&names, pieces).await.expect("pieces");
    }
    all
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Where `mark` stands.
pub fn places<'a>(all: &'a [(String, Vec<u8>)], mark: &[u8]) -> Vec<&'a str> {
    let has = |bytes: &[u8]| bytes.windows(mark.len()).any(|part| part == mark);
    all.iter().filter(|(_, bytes)| has(bytes)).map(|(place, _)| place.as_str()).collect()
}

/// The id as bytes, as Redis keeps it in values.
pub fn raw(id: &str) -> Vec<u8> {
    uuid::Uuid::try_parse(id).expect("an id").as_bytes().to_vec()
}
