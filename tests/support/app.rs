//! The whole service, started in the test's own process on a folder and port of its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use nix::unistd::Pid;
use ringtrace::app::{App, Options};
use ringtrace::config::load::load_text;
use ringtrace::http::auth::key_hash;
use ringtrace::platform::telemetry::{LogFormat, start_logs};
use ringtrace::platform::tls::client_builder;
use serde_json::{Value, json};
use sha1::Sha1;
use tempfile::TempDir;

use crate::support::ports::free_port;

/// The auth token that signs this service's Twilio webhooks.
pub const AUTH_TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// An ordinary browser.
pub const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// Two tenants; `one` has numbers, a static number and a conversion, `two` has almost nothing.
const CONFIGURATION: &str = r#"
data_folder = "@folder"
[server]
listen = "127.0.0.1:@port"
public_url = "http://127.0.0.1:@port"
workers = 1
# Many tests share the machine: that a call waits no longer than it may has tests of its own.
[limits]
webhook_wait = "2s"
[postback]
allow_private_targets = true
[[api_keys]]
name = "everything"
sha256 = "@admin"
scope = "admin"
[[api_keys]]
name = "reader of one"
sha256 = "@reader"
scope = "reader"
sites = ["one"]
[[sites]]
id = "one"
key = "pk_one"
origins = ["https://www.one.example"]
time_zone = "America/New_York"
forward_to = "+14155550111"
consent = "granted"
[[sites.targets]]
id = "main"
number = "+18005550100"
pool = "main"
[[sites.pools]]
id = "main"
numbers = [@numbers]
[[sites.static_numbers]]
number = "+14155550150"
source = "billboard"
[sites.telephony.twilio]
auth_token = "0123456789abcdef0123456789abcdef"
[[sites]]
id = "two"
key = "pk_two"
origins = ["https://two.example"]
forward_to = "+14155550112"
"#;

/// A running service.
pub struct TestApp {
    /// The service itself; `None` once stopped.
    pub app: Option<App>,
    /// `http://127.0.0.1:<port>`
    pub base: String,
    /// The client that the helpers use.
    pub client: reqwest::Client,
    port: u16,
    folder: TempDir,
}

/// The configuration with these pooled numbers (last four digits of `+1415555….`).
pub fn configuration(folder: &str, port: u16, numbers: &[&str]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|n| format!("\"+1415555{n}\"")).collect();
    CONFIGURATION
        .replace("@folder", folder)
        .replace("@port", &port.to_string())
        .replace("@admin", &key_hash("rt_admin"))
        .replace("@reader", &key_hash("rt_reader"))
        .replace("@numbers", &numbers.join(","))
}

/// `X-Twilio-Signature` of a form for `url`; the names must differ.
pub fn twilio_signature(url: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let mut mac = Hmac::<Sha1>::new_from_slice(AUTH_TOKEN.as_bytes()).expect("any length");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

impl TestApp {
    /// Starts a service with two pooled numbers.
    pub async fn start() -> Self {
        if let Ok(filter) = std::env::var("RINGTRACE_TEST_LOG") {
            start_logs(&filter, LogFormat::Text, None);
        }
        let mut started = Self::on_a_free_port();
        started.start_again().await;
        started
    }

    /// A folder and a port for a service that is not started.
    pub fn on_a_free_port() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        TestApp {
            app: None,
            base: format!("http://127.0.0.1:{port}"),
            client: client_builder().build().expect("a client"),
            port,
            folder,
        }
    }

    /// Starts the service on the same folder, after [`TestApp::stop`].
    pub async fn start_again(&mut self) {
        let text = self.configuration(&["0190", "0191"]);
        let config = load_text("the test", &text).expect("a good configuration");
        self.app = Some(App::start(config, Options::default()).await.expect("it starts"));
    }

    /// Starts the service with `more` at the end of its configuration.
    pub async fn start_with(more: &str) -> Self {
        let mut started = Self::on_a_free_port();
        let mut text = started.configuration(&["0190", "0191"]);
        // Who brings limits of its own has those alone.
        if more.contains("[limits]") {
            text = text.replacen("[limits]\nwebhook_wait = \"2s\"\n", "", 1);
        }
        text.push_str(more);
        let config = load_text("the test", &text).expect("a good configuration");
        started.app = Some(App::start(config, Options::default()).await.expect("it starts"));
        started
    }

    /// The configuration with these pooled numbers.
    pub fn configuration(&self, numbers: &[&str]) -> String {
        configuration(&self.folder.path().display().to_string(), self.port, numbers)
    }

    /// The data folder.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Ends the service in order.
    pub async fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
    }

    /// The running service.
    pub fn app(&self) -> &App {
        self.app.as_ref().expect("it runs")
    }

    /// GET with an API key.
    pub async fn get(&self, path: &str, key: &str) -> reqwest::Response {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(key);
        request.send().await.expect("an answer")
    }

    /// A page view of site `one`; the reply as JSON.
    pub async fn page_view(&self, page: &str, query: &str, session: Option<&str>) -> Value {
        let body = json!({
            "v": 1, "key": "pk_one", "page": page, "seq": 1,
            "url": format!("https://www.one.example/plumbing?{query}"), "session": session,
        });
        let request = self
            .client
            .post(format!("{}/v1/lease", self.base))
            .header("content-type", "text/plain;charset=UTF-8")
            .header("origin", "https://www.one.example")
            .header("user-agent", BROWSER)
            .body(body.to_string());
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200, "a page view is never an error");
        response.json().await.expect("JSON")
    }

    /// A webhook of site `one`, signed as Twilio does.
    pub async fn twilio(&self, event: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        let url = format!("{}/v1/telephony/twilio/one/{event}", self.base);
        let signature = twilio_signature(&url, fields);
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature)
            .body(body);
        request.send().await.expect("an answer")
    }

    /// A call to site `one` that was answered for 95 s; its id.
    pub async fn answered_call(&self, sid: &str, from: &str, number: &str) -> String {
        let call = [("CallSid", sid), ("From", from), ("To", number)];
        let dial =
            [("DialCallStatus", "completed"), ("DialBridged", "true"), ("DialCallDuration", "95")];
        for (event, more) in [("voice", &[("CallStatus", "ringing")][..]), ("dial", &dial[..])] {
            let answer = self.twilio(event, &[&call[..], more].concat()).await;
            assert_eq!(answer.status(), 200);
        }
        let calls: Value =
            self.get("/v1/calls?site=one", "rt_admin").await.json().await.expect("JSON");
        let calls = calls["calls"].as_array().expect("calls");
        let found = calls.iter().find(|call| call["provider_call_id"] == sid);
        found.expect("it is listed")["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until all that happened so far is in the warehouse.
    pub async fn reported(&self) {
        let done = self.app().wait_until_reported(std::time::Duration::from_secs(20)).await;
        assert!(done, "the ledger was not read in time");
    }

    /// The totals of the report `name` over all sites and the default period.
    pub async fn totals(&self, name: &str) -> Value {
        let response = self.get(&format!("/v1/reports/{name}"), "rt_admin").await;
        let report: Value = response.json().await.expect("JSON");
        report["totals"].clone()
    }
}

/// The pid of the private Redis, by its socket in the data folder.
pub fn redis_pid(world: &TestApp) -> Pid {
    let folder = world.folder().join("redis").canonicalize().unwrap();
    let wanted = folder.display().to_string();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command);
        let cwd = std::fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        if command.contains("redis-server") && cwd.display().to_string() == wanted {
            return Pid::from_raw(pid);
        }
    }
    panic!("no redis-server works in {wanted}");
}
