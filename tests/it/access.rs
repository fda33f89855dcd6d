//! Keys that come and go while the service runs, people whom a proxy signs in, and what the audit log keeps of both.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::process::Home;

/// Runs `ringtrace` with these arguments; what it printed.
fn ringtrace(arguments: &[&str], config: &Path) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringtrace"));
    command.args(arguments).env("RINGTRACE_CONFIG", config).env_remove("RINGTRACE_KEY");
    let said = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a text");
    if said.status.success() { Ok(text(said.stdout)) } else { Err(text(said.stderr)) }
}

fn printed_key(said: &str) -> String {
    said.lines().find(|line| line.starts_with("rt_")).expect("a key is shown").to_owned()
}

async fn status(home: &Home, path: &str, key: &str) -> u16 {
    let client = ringtrace::platform::tls::client_builder().no_proxy().build().expect("a client");
    let asked = client.get(home.url(path)).bearer_auth(key);
    asked.send().await.expect("an answer").status().as_u16()
}

async fn becomes(home: &Home, key: &str, wanted: u16) {
    let end = Instant::now() + Duration::from_secs(15);
    while status(home, "/v1/sites", key).await != wanted {
        assert!(Instant::now() < end, "the key's status is never {wanted}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_rotated_and_revoked_while_the_service_runs() {
    let home = Home::new();
    home.write(&home.configuration(&["0190"]));
    let config = home.data().with_file_name("ringtrace.toml");
    let service = home.serve_ready().await;

    let new = ["key", "new", "--name", "bi", "--scope", "analyst", "--site", "one"];
    let first = printed_key(&ringtrace(&new, &config).expect("a key"));
    becomes(&home, &first, 200).await;
    assert_eq!(status(&home, "/v1/calls", &first).await, 200);
    assert_eq!(status(&home, "/v1/audit", &first).await, 403);
    assert_eq!(status(&home, "/v1/calls?site=two", &first).await, 404);
    assert!(ringtrace(&new, &config).is_err_and(|why| why.contains("a name of its own")));
    let elsewhere = ["key", "new", "--name", "x", "--site", "nowhere"];
    assert!(ringtrace(&elsewhere, &config).is_err_and(|why| why.contains("nowhere")));

    // The old one goes on for a while, the new one may do the same.
    let rotated = ringtrace(&["key", "rotate", "bi", "--keep", "1h"], &config).expect("a key");
    let second = printed_key(&rotated);
    becomes(&home, &second, 200).await;
    assert_eq!(status(&home, "/v1/calls?site=two", &second).await, 404);
    assert_eq!(status(&home, "/v1/sites", &first).await, 200);
    let third = printed_key(&ringtrace(&["key", "rotate", "bi", "--keep", "0s"], &config).unwrap());
    becomes(&home, &second, 401).await;
    assert_eq!(status(&home, "/v1/sites", &first).await, 200, "it keeps its hour");
    becomes(&home, &third, 200).await;

    let listed = ringtrace(&["key", "list"], &config).expect("a list");
    assert_eq!(listed.lines().filter(|line| line.contains(" bi ")).count(), 2, "{listed}");
    assert!(listed.contains("everything") && listed.contains("in the configuration"), "{listed}");
    for shown in [&first, &second, &third] {
        assert!(!listed.contains(shown.as_str()), "{listed}");
    }
    assert!(ringtrace(&["key", "revoke", "everything"], &config).is_err());
    ringtrace(&["key", "revoke", "bi"], &config).expect("it is revoked");
    becomes(&home, &third, 401).await;
    assert_eq!(status(&home, "/v1/sites", &first).await, 401);
    assert_eq!(status(&home, "/v1/sites", "rt_admin").await, 200, "the configuration's stay");

    let file = home.data().join("api-keys.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(!kept.contains(&first), "only hashes are kept");
    let client = ringtrace::platform::tls::client_builder().no_proxy().build().expect("a client");
    let asked = client.get(home.url("/v1/audit?action=change")).bearer_auth("rt_admin");
    let log = asked.send().await.expect("an answer").text().await.expect("a text");
    let log: Value = serde_json::from_str(&log).expect("JSON");
    let entries = log["entries"].as_array().expect("entries").iter();
    let told: Vec<&str> = entries
        .filter(|entry| entry["by"] == "ringtrace key" && entry["sites"] == json!(["one"]))
        .map(|entry| {
            entry["target"].as_str().expect("a target").rsplit(' ').next().expect("a word")
        })
        .collect();
    // Newest first: two are revoked; a third was made as the second one ended; the second was made as the first one got its end.
    let count = |word: &str| told.iter().filter(|told| **told == word).count();
    assert_eq!((count("made"), count("revoked")), (3, 3), "{log}");
    assert!(!log.to_string().contains(&first));
    drop(service);
}

const PEOPLE: &str = r#"
[access]
user_header = "X-Auth-Email"
role_header = "X-Auth-Groups"
[[access.roles]]
name = "managers"
scope = "manager"
sites = ["one"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_tells_who_is_signed_in_and_nobody_else_does() {
    let trusting = PEOPLE.to_owned();
    let app = trusting_app("127.0.0.0/8", &trusting).await;
    let ask = |app: &TestApp, path: &str, groups: &str| {
        let asked = app.client.get(format!("{}{path}", app.base));
        asked.header("x-auth-email", "ann@one.example").header("x-auth-groups", groups.to_owned())
    };
    let status = |asked: reqwest::RequestBuilder| async {
        asked.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(status(ask(&app, "/v1/calls", "staff,managers")).await, 200);
    assert_eq!(status(ask(&app, "/v1/calls?site=two", "managers")).await, 404);
    assert_eq!(status(ask(&app, "/v1/audit", "managers")).await, 403);
    assert_eq!(status(ask(&app, "/v1/calls", "staff")).await, 401);
    let with_key = ask(&app, "/v1/calls", "managers").bearer_auth("rt_unknown");
    assert_eq!(status(with_key).await, 401, "a wrong key is not helped by the proxy");

    // A page elsewhere cannot let a person's browser change anything.
    let lead = json!({ "leads": [{ "id": "1", "caller": "+14155550133" }] });
    let post = || {
        let asked = app.client.post(format!("{}/v1/leads?site=one", app.base)).json(&lead);
        asked.header("x-auth-email", "ann@one.example").header("x-auth-groups", "managers")
    };
    assert_eq!(status(post()).await, 400);
    assert_eq!(status(post().header("x-requested-with", "ringtrace")).await, 200);
    let audit: Value = app.get("/v1/audit", "rt_admin").await.json().await.unwrap();
    assert_eq!(audit["entries"][0]["by"], "ann@one.example", "{audit}");

    let app = trusting_app("192.0.2.0/24", &trusting).await;
    assert_eq!(status(ask(&app, "/v1/calls", "managers")).await, 401);
}

async fn trusting_app(network: &str, more: &str) -> TestApp {
    let mut app = TestApp::on_a_free_port();
    let text = app.configuration(&["0190"]);
    let text =
        text.replace("workers = 1\n", &format!("workers = 1\ntrusted_proxies = [\"{network}\"]\n"));
    let config = ringtrace::config::load::load_text("a test", &format!("{text}{more}"));
    let config = config.expect("a configuration");
    let started = ringtrace::app::App::start(config, Default::default()).await;
    app.app = Some(started.expect("it starts"));
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_has_changes_and_exports_and_nothing_of_people() {
    let app = TestApp::start_with(
        "[[api_keys]]\nname = \"of two\"\nsha256 = \"@\"\nscope = \"admin\"\nsites = [\"two\"]\n"
            .replace('@', &ringtrace::http::auth::key_hash("rt_two"))
            .as_str(),
    )
    .await;
    let leads = json!({ "leads": [{ "id": "1", "caller": "+14155550133", "name": "Ann Secret" }] });
    for site in ["one", "two"] {
        let told = app.client.post(format!("{}/v1/leads?site={site}", app.base));
        assert_eq!(told.bearer_auth("rt_admin").json(&leads).send().await.unwrap().status(), 200);
    }
    let numbers = format!("{}/v1/sites/one/pools/main/numbers", app.base);
    let added = app.client.post(&numbers).bearer_auth("rt_admin");
    let added = added.json(&json!({ "numbers": ["+14155550199"] })).send().await.unwrap();
    assert_eq!(added.status(), 200);
    let gone = app.client.delete(format!("{numbers}/+14155550199")).bearer_auth("rt_admin");
    assert_eq!(gone.send().await.unwrap().status(), 200);
    // Somebody asks for what is not there: it may be anything.
    let nothing = app.client.patch(format!("{}/v1/calls/+14155550133", app.base));
    let nothing = nothing.bearer_auth("rt_admin").json(&json!({ "qualified": true }));
    assert_eq!(nothing.send().await.unwrap().status(), 404);
    assert_eq!(app.get("/v1/calls/export?caller=%2B14155550133", "rt_admin").await.status(), 200);
    assert_eq!(app.get("/v1/reports/sources?site=two&format=csv", "rt_two").await.status(), 200);
    assert_eq!(app.get("/v1/calls", "rt_admin").await.status(), 200);
    let refused = app.client.post(format!("{}/v1/leads?site=one", app.base));
    let refused = refused.bearer_auth("rt_reader").json(&leads).send().await.unwrap();
    assert_eq!(refused.status(), 403);

    let audit: Value = app.get("/v1/audit", "rt_admin").await.json().await.unwrap();
    let told: Vec<(String, String, String, u64)> = audit["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(text("network"), "127.0.0.0/24");
            let sites = entry["sites"].to_string();
            let what = format!("{} {}", text("method"), text("route"));
            (what, sites, text("target"), entry["status"].as_u64().expect("a status"))
        })
        .collect();
    let entry = |what: &str, sites: &str, target: &str, status| {
        (what.to_owned(), sites.to_owned(), target.to_owned(), status)
    };
    let pool = "/v1/sites/{site}/pools/{pool}/numbers";
    assert_eq!(
        told,
        [
            entry("POST /v1/leads", "[\"one\"]", "", 403),
            entry("GET /v1/reports/{name}", "[\"two\"]", "name=sources", 200),
            entry("GET /v1/calls/export", "[]", "", 200),
            entry("PATCH /v1/calls/{id}", "[]", "", 404),
            entry(
                &format!("DELETE {pool}/{{number}}"),
                "[\"one\"]",
                "pool=main number=+14155550199",
                200
            ),
            entry(&format!("POST {pool}"), "[\"one\"]", "pool=main", 200),
            entry("POST /v1/leads", "[\"two\"]", "", 200),
            entry("POST /v1/leads", "[\"one\"]", "", 200),
        ]
    );
    let seen = audit.to_string();
    for secret in ["4155550133", "Secret", "rt_admin"] {
        assert!(!seen.contains(secret), "{secret}: {seen}");
    }
    let own: Value = app.get("/v1/audit", "rt_two").await.json().await.unwrap();
    let own = own["entries"].as_array().expect("entries");
    assert_eq!(own.len(), 2, "only what was about its own site: {own:?}");
    let exports: Value =
        app.get("/v1/audit?action=export&limit=1", "rt_admin").await.json().await.unwrap();
    assert_eq!(exports["entries"][0]["route"], "/v1/reports/{name}");
    assert!(exports["next"].is_string());
}
