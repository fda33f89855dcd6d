//! One network cannot take what belongs to everybody: sessions and numbers of a pool.

use ringtrace::app::{App, Options};
use ringtrace::config::load::load_text;
use serde_json::{Value, json};

use crate::support::app::{BROWSER, TestApp};

/// A service behind a proxy, with eight numbers and these limits.
async fn behind_a_proxy(limits: &str) -> TestApp {
    let mut app = TestApp::on_a_free_port();
    let numbers = ["0190", "0191", "0192", "0193", "0194", "0195", "0196", "0197"];
    let text = app.configuration(&numbers);
    let text = text.replace("workers = 1\n", "workers = 1\ntrusted_proxies = [\"127.0.0.0/8\"]\n");
    let text = text.replace("[limits]\n", &format!("[limits]\n{limits}\n"));
    let config = load_text("a test", &text).expect("a configuration");
    app.app = Some(App::start(config, Options::default()).await.expect("it starts"));
    app
}

struct Answer {
    number: Option<String>,
    reason: String,
    session: String,
}

async fn ask(app: &TestApp, route: &str, body: Value, from: &str) -> Answer {
    let asked = app.client.post(format!("{}{route}", app.base)).header("user-agent", BROWSER);
    let reply =
        asked.header("x-forwarded-for", from.to_owned()).body(body.to_string()).send().await;
    let reply: Value = reply.expect("an answer").json().await.expect("JSON");
    let target = &reply["targets"][0];
    Answer {
        number: target["tracking"]["number"].as_str().map(str::to_owned),
        reason: target["reason"].as_str().unwrap_or_default().to_owned(),
        session: reply["session"].as_str().unwrap_or_default().to_owned(),
    }
}

async fn view(app: &TestApp, n: u32, session: Option<&str>, from: &str) -> Answer {
    let body = json!({
        "v": 1, "key": "pk_one", "page": format!("page-{n:04}"), "seq": 1, "session": session,
        "url": "https://www.one.example/",
    });
    ask(app, "/v1/lease", body, from).await
}

async fn metric(app: &TestApp, line: &str) -> bool {
    let text = app.client.get(format!("{}/metrics", app.base)).send().await.unwrap().text().await;
    text.unwrap().lines().any(|found| found.starts_with(line))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_holds_its_share_of_a_pool_and_the_others_are_served() {
    let app = behind_a_proxy("pool_share = 0.5").await;
    let mut held = Vec::new();
    for n in 0..12 {
        // One /24 of an attacker who has all its addresses.
        let answer = view(&app, n, None, &format!("203.0.113.{n}")).await;
        match answer.number {
            Some(number) => held.push((number, answer.session)),
            None => assert_eq!(answer.reason, "pool_exhausted"),
        }
    }
    // Half of eight are four; five are always allowed.
    assert_eq!(held.len(), 5, "{held:?}");
    let numbers = |held: &[(String, String)]| {
        let mut numbers: Vec<String> = held.iter().map(|(number, _)| number.clone()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    };
    assert_eq!(numbers(&held).len(), 5, "each is its session's own");
    let mut others = Vec::new();
    for n in 0..3 {
        let answer = view(&app, 100 + n, None, &format!("198.51.{n}.7")).await;
        others.push((answer.number.expect("a number for somebody else"), answer.session));
    }
    assert_eq!(numbers(&others).len(), 3);
    assert!(others.iter().all(|(number, _)| held.iter().all(|(taken, _)| taken != number)));
    // Who has a number keeps it, page after page.
    let (number, session) = &held[0];
    let again = view(&app, 200, Some(session), "203.0.113.0").await;
    assert_eq!(again.number.as_ref(), Some(number));
    assert!(metric(&app, "ringtrace_network_limits_total{site=\"one\",what=\"number\"}").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_begins_so_many_sessions_and_those_that_run_go_on() {
    let app = behind_a_proxy("sessions_per_minute = 3").await;
    let mut first = None;
    for n in 0..6 {
        let answer = view(&app, n, None, "203.0.113.9").await;
        assert_eq!(answer.number.is_some(), n < 3, "session {n}: {}", answer.reason);
        if n >= 3 {
            assert_eq!(answer.reason, "rate_limited");
            assert_eq!(answer.session, "", "no session was opened");
        }
        first.get_or_insert(answer);
    }
    let first = first.expect("an answer");
    let again = view(&app, 50, Some(&first.session), "203.0.113.9").await;
    assert_eq!(again.number, first.number, "its session runs");
    assert!(view(&app, 60, None, "198.51.100.1").await.number.is_some(), "another network");
    assert!(metric(&app, "ringtrace_network_limits_total{site=\"one\",what=\"session\"}").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_behind_a_proxy_that_nobody_named_do_not_share_one_limit() {
    let app = TestApp::start_with("[limits]\nsessions_per_minute = 1\npool_share = 0.01\n").await;
    for n in 0..4 {
        let answer = view(&app, n, None, "ignored").await;
        assert_ne!(answer.reason, "rate_limited");
        assert!(answer.number.is_some(), "{}", answer.reason);
    }
}
