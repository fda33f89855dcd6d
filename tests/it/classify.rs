//! `ringtrace classify` as a person and as a log's reader use it.

use std::fs;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::tempdir;

fn ringtrace() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ringtrace"))
}

const SITES: &str = r#"
[place]
databases = ["@fixtures/GeoIP2-City-Test.mmdb"]
[[sites]]
id = "plumber"
key = "pk_plumber"
origins = ["https://www.plumber.example"]
forward_to = "+14155550111"
[sites.visits]
landing_pages = ["/services/*"]
[[sites.channels]]
name = "Brand"
[[sites.channels.when]]
field = "campaign"
prefix = ["brand-"]
"#;

#[test]
fn one_page_view_is_explained_by_the_rules_of_its_site() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("ringtrace.toml");
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/maxmind");
    fs::write(&path, SITES.replace("@fixtures", fixtures)).expect("a file");
    let output = ringtrace()
        .args(["classify", "--site", "plumber", "--ip", "81.2.69.160"])
        .args(["--url", "https://www.plumber.example/services/leak?utm_source=bing&utm_campaign=Brand-x&msclkid=a1"])
        .args(["--referrer", "https://www.bing.com/"])
        .args(["--user-agent", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"])
        .arg("--config")
        .arg(&path)
        .assert()
        .success();
    let said: Value = serde_json::from_slice(&output.get_output().stdout).expect("JSON");
    for (pointer, expected) in [
        ("/source", json!("bing")),
        ("/medium", json!("cpc")),
        ("/channel", json!("Brand")),
        ("/click_platform", json!("microsoft")),
        ("/click_ids/0/name", json!("msclkid")),
        ("/landing_page", json!("/services/*")),
        ("/place/country", json!("GB")),
        ("/place/city", json!("London")),
        ("/bot/kind", json!("crawler")),
        ("/referrer/name", json!("Bing")),
        ("/referrer/kind", json!("search")),
        ("/why/source", json!("parameter utm_source in the query")),
        ("/why/medium", json!("click id msclkid, which proves a paid click")),
        ("/why/channel", json!("the site's channels[0]")),
        ("/why/landing_page", json!("the site's landing_pages[0]")),
        ("/why/referrer", json!("\"bing.com\" of config/sources_matomo.csv")),
    ] {
        assert_eq!(said.pointer(pointer), Some(&expected), "{pointer} in {said:#}");
    }
    for (args, why) in [
        (vec!["--url", "x", "--site", "nobody"], "no site `nobody`"),
        (vec!["--url", "x", "--ip", "300.1.1.1"], "300.1.1.1"),
        (vec![], "--url"),
    ] {
        let failed = ringtrace().arg("classify").args(&args).assert().failure();
        let said = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
        assert!(said.contains(why), "{args:?}: {said}");
    }
}

#[test]
fn a_log_is_answered_line_by_line() {
    let lines = [
        r#"{"url":"https://a.example/?gclid=x","referrer":"https://www.google.com/"}"#,
        "",
        r#"{"url":"https://a.example/","referrer":null,"user-agent":"curl/8.5.0","ip":"::1"}"#,
        r#"{"referrer":"https://a.example/"}"#,
        "not JSON",
        r#"{"url":"https://a.example/","site":"nobody"}"#,
        r#"{"url":"https://a.example/","referrer":"https://chatgpt.com/"}"#,
    ];
    let mut text = lines.join("\n");
    text.push_str(&format!("\n{{\"url\":\"{}\"}}\n", "y".repeat(70_000)));
    let output = ringtrace().args(["classify", "--stdin"]).write_stdin(text).assert().success();
    let said = String::from_utf8(output.get_output().stdout.clone()).expect("UTF-8");
    let said: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let channel = |at: usize| said[at]["channel"].as_str().unwrap_or_default();
    assert_eq!(said.len(), 7, "every line but the empty one is answered");
    assert_eq!((channel(0), channel(1), channel(5)), ("Paid Search", "Direct", "AI Assistant"));
    assert_eq!(said[1]["bot"]["kind"], "tool");
    assert_eq!(said[0].get("bot"), None, "without an agent nobody is judged");
    for (at, why) in
        [(2, "missing field `url`"), (3, "expected"), (4, "no site `nobody`"), (6, "longer")]
    {
        let error = said[at]["error"].as_str().unwrap_or_default();
        assert!(error.contains(why), "{error}");
    }
}
