//! `ringtrace provider`, the real binary.

use std::process::Output;

use assert_cmd::Command;
use ringtrace::call::providers::accounts::ALL;
use tempfile::TempDir;

use super::standin::{Mood, SECRET, StandIn};
use crate::support::app::TestApp;

/// A folder with the configuration of a site `one` with two numbers, one of which the account has.
fn folder(standin: &StandIn, secret: &str) -> TempDir {
    folder_of(&standin.table(secret))
}

/// The same with this table of an account.
fn folder_of(table: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[server]\npublic_url = \"https://calls.example.com\"\n[[sites]]\nid = \"one\"\nkey = \"pk_one\"\n\
         origins = [\"https://one.example\"]\nforward_to = \"+14155550111\"\n[[sites.pools]]\nid = \"main\"\n\
         numbers = [\"+14155550190\", \"+14155550199\"]\n{table}"
    );
    std::fs::write(folder.path().join("ringtrace.toml"), text).expect("it is written");
    folder
}

async fn ringtrace(folder: &TempDir, words: &[&str]) -> (Output, String) {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let folder = folder.path().to_owned();
    let run = move || {
        let mut command = Command::cargo_bin("ringtrace").expect("the binary");
        command.current_dir(folder).env("RINGTRACE_CONFIG", "ringtrace.toml");
        command.env("NO_PROXY", "127.0.0.1").args(words).output().expect("it runs")
    };
    let output = tokio::task::spawn_blocking(run).await.expect("it ends");
    let told =
        String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
    (output, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_shows_sets_and_then_has_nothing_to_do() {
    for api in ALL {
        let name = api.name();
        let standin = StandIn::start(name, &["+14155550190", "+14155550191", "+14155550192"]).await;
        let folder = folder(&standin, SECRET);
        let (output, told) = ringtrace(&folder, &["provider", "check", name]).await;
        assert!(!output.status.success(), "{name}: {told}");
        assert!(told.contains("the credentials work; numbers: 3"), "{name}: {told}");
        assert!(told.contains("+14155550199: the site's, and in none of these accounts"), "{told}");
        assert!(told.contains("+14155550191 (no number of this site)"), "{told}");

        // Nobody can be asked, so nothing is set.
        let (output, told) = ringtrace(&folder, &["provider", "sync", name]).await;
        assert!(!output.status.success() && told.contains("--yes"), "{name}: {told}");
        assert!(told.contains(&format!("https://calls.example.com/v1/telephony/{name}/one/voice")));
        assert_eq!(standin.state().hooks, <[String; 3]>::default(), "{name}");

        let (output, told) = ringtrace(&folder, &["provider", "sync", name, "--yes"]).await;
        assert!(output.status.success(), "{name}: {told}");
        let state = standin.state().clone();
        let base = format!("https://calls.example.com/v1/telephony/{name}/one");
        assert_eq!(state.hooks[1], format!("{base}/status"), "{name}");
        assert_eq!(state.hooks[2], "https://static.example.org/forward", "{name}");
        match name {
            "twilio" | "signalwire" => {
                assert_eq!(state.numbers["+14155550190"], format!("{base}/voice"));
                assert_eq!(state.set, [("+14155550190".to_owned(), "POST".to_owned())]);
            }
            "bandwidth" => assert_eq!(state.hooks[0], format!("{base}/voice")),
            _ => {
                assert_eq!(state.hooks[0], format!("{base}/voice"), "{name}");
                assert_eq!(state.numbers["+14155550190"], "app1", "{name}");
            }
        }
        assert_eq!(state.numbers["+14155550191"], "", "{name}: a number of somebody else");

        let (_, told) = ringtrace(&folder, &["provider", "sync", name, "--yes"]).await;
        assert!(told.contains("nothing to set"), "{name}: {told}");
        let (output, told) = ringtrace(&folder, &["provider", "check", name]).await;
        assert!(output.status.success(), "{name}: {told}");
        assert!(!told.contains(SECRET), "{name}: {told}");
    }
}

/// Its application takes one address for all events; its fallback would be told events, too, so it is left alone.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_told_by_commands_have_an_application_of_another_kind() {
    let standin = StandIn::start("telnyx", &["+14155550190", "+14155550191"]).await;
    let event = "https://calls.example.com/v1/telephony/telnyx/one/event";
    standin.state().hooks[0] = event.to_owned();
    standin.state().hooks[2] = "https://other.example.org/events".to_owned();
    let folder = folder_of(&format!("{}voice_api = true\n", standin.table(SECRET)));
    let (output, told) = ringtrace(&folder, &["provider", "check", "telnyx"]).await;
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("the credentials work; numbers: 2"), "{told}");
    let old = format!(
        "application app1: voice webhook is {event} (events of version 1), should be {event}"
    );
    assert!(told.contains(&old), "{told}");
    let (output, told) = ringtrace(&folder, &["provider", "sync", "telnyx", "--yes"]).await;
    assert!(output.status.success(), "{told}");
    let state = standin.state().clone();
    assert_eq!(state.hooks, [event, "", "https://other.example.org/events"]);
    assert_eq!(state.set.len(), 1, "not an application of TeXML: {:?}", state.set);
    assert_eq!((&*state.numbers["+14155550190"], &*state.numbers["+14155550191"]), ("app1", ""));
    let (_, told) = ringtrace(&folder, &["provider", "sync", "telnyx", "--yes"]).await;
    assert!(told.contains("nothing to set"), "{told}");
    let (output, told) = ringtrace(&folder, &["provider", "check", "telnyx"]).await;
    assert!(output.status.success() && told.contains("comes here"), "{told}");
    let (output, told) =
        ringtrace(&folder, &["provider", "numbers", "telnyx", "--pool", "main", "--dry-run"]).await;
    assert!(output.status.success() && told.contains("+14155550191"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_told_without_secrets() {
    let standin = StandIn::start("twilio", &["+14155550190"]).await;
    let wrong = "ffffffffffffffffffffffffffffffff";
    let folder = folder(&standin, wrong);
    let (output, told) = ringtrace(&folder, &["provider", "check", "twilio"]).await;
    assert!(!output.status.success() && told.contains("refuses the credentials"), "{told}");
    assert!(!told.contains(wrong), "{told}");
    standin.state().mood = Mood::Garbage;
    let (output, told) = ringtrace(&folder, &["provider", "sync", "twilio", "--yes"]).await;
    assert!(!output.status.success() && told.contains("cannot be read"), "{told}");
    let (_, told) = ringtrace(&folder, &["provider", "check", "plivo"]).await;
    assert!(told.contains("no credentials for the API of plivo"), "{told}");
    let (_, told) = ringtrace(&folder, &["provider", "check", "asterisk"]).await;
    assert!(told.contains("there are twilio, signalwire"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_an_account_join_a_pool_of_the_running_server() {
    let mut app = TestApp::start().await;
    let standin = StandIn::start("twilio", &["+14155550190", "+14155550195", "+14155550196"]).await;
    let folder = folder(&standin, SECRET);
    let words = [
        "provider", "numbers", "twilio", "--pool", "main", "--url", &app.base, "--key", "rt_admin",
    ];
    let (_, told) = ringtrace(&folder, &[&words[..], &["--dry-run"]].concat()).await;
    assert_eq!(told, "number,capabilities\n+14155550195,sms\n+14155550196,sms\n");
    let (output, told) = ringtrace(&folder, &words).await;
    assert!(output.status.success() && told.contains("2 added"), "{told}");
    // They are the site's now: with a key, their webhooks are looked at, too.
    let check = ["provider", "check", "twilio", "--url", &app.base, "--key", "rt_admin"];
    let (_, told) = ringtrace(&folder, &check).await;
    assert!(told.contains("+14155550195: voice webhook is none"), "{told}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setup_page_asks_the_same_over_http() {
    let standin = StandIn::start("twilio", &["+14155550290", "+14155550291"]).await;
    let numbers =
        "\n[[sites.pools]]\nid = \"main\"\nnumbers = [\"+14155550290\", \"+14155550299\"]\n";
    let mut app = TestApp::start_with(&format!("{numbers}{}", standin.table(SECRET))).await;
    let ask = async |key: &str, site: &str| {
        let url = format!("{}/v1/sites/{site}/providers/check", app.base);
        let answer = app.client.post(url).bearer_auth(key).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.text().await.expect("a text"))
    };
    assert_eq!(ask("rt_reader", "two").await.0, 403);
    let (status, text) = ask("rt_admin", "two").await;
    assert_eq!(status, 200, "{text}");
    let told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let account = &told["accounts"][0];
    assert_eq!(
        (account["provider"].as_str(), account["is_well"].as_bool()),
        (Some("twilio"), Some(false))
    );
    let [ours, other] = [0, 1].map(|n| account["numbers"][n].clone());
    assert_eq!(
        (ours["number"].as_str(), ours["is_ours"].as_bool(), ours["comes_here"].as_bool()),
        (Some("+14155550290"), Some(true), Some(false))
    );
    assert_eq!(other["is_ours"], false);
    assert_eq!(told["elsewhere"], serde_json::json!(["+14155550299"]));
    assert!(!text.contains(SECRET));
    // A site without credentials has nobody to ask; a provider that refuses them says so.
    let (_, text) = ask("rt_admin", "one").await;
    assert!(text.contains("\"accounts\":[]"), "{text}");
    app.stop().await;
    let mut refused = TestApp::start_with(&standin.table("wrong")).await;
    let url = format!("{}/v1/sites/two/providers/check", refused.base);
    let answer = refused.client.post(url).bearer_auth("rt_admin").send().await.expect("an answer");
    let told: serde_json::Value = answer.json().await.expect("JSON");
    assert!(
        told["accounts"][0]["error"].as_str().is_some_and(|error| !error.contains("wrong")),
        "{told}"
    );
    refused.stop().await;
}
