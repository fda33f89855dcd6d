//! Sessions of the dashboard: they end when somebody signs out, for every copy of the cookie, in every process, for good.

use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, SET_COOKIE};
use ringtrace::http::ended::EndedSessions;
use ringtrace::platform::clock::{Clock, Millis};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::redis::TestRedis;

/// Signs in and returns the cookie.
async fn sign_in(app: &TestApp, key: &str) -> String {
    let asked = app.client.post(format!("{}/v1/session", app.base));
    let asked = asked.header("x-requested-with", "test").json(&json!({ "key": key }));
    let answer = asked.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()[SET_COOKIE].to_str().expect("a text");
    cookie.split(';').next().expect("a cookie").to_owned()
}

async fn status(app: &TestApp, cookie: &str) -> u16 {
    let asked = app.client.get(format!("{}/v1/session", app.base)).header(COOKIE, cookie);
    asked.send().await.expect("an answer").status().as_u16()
}

async fn sign_out(app: &TestApp, cookie: &str) {
    let asked = app.client.delete(format!("{}/v1/session", app.base)).header(COOKIE, cookie);
    let asked = asked.header("x-requested-with", "test");
    assert_eq!(asked.send().await.expect("an answer").status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_a_session_for_every_copy_of_its_cookie_and_no_other_session() {
    let mut app = TestApp::start().await;
    let (copied, other) = (sign_in(&app, "rt_admin").await, sign_in(&app, "rt_admin").await);
    assert_eq!((status(&app, &copied).await, status(&app, &other).await), (200, 200));
    sign_out(&app, &copied).await;
    assert_eq!((status(&app, &copied).await, status(&app, &other).await), (401, 200));
    // Nobody is signed in by signing out twice, or with nonsense.
    sign_out(&app, &copied).await;
    sign_out(&app, "ringtrace=nonsense").await;
    app.stop().await;
    app.start_again().await;
    assert_eq!((status(&app, &copied).await, status(&app, &other).await), (401, 200));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_calls_ends_with_its_session() {
    let mut app = TestApp::start().await;
    let cookie = sign_in(&app, "rt_admin").await;
    let asked = app.client.get(format!("{}/v1/live", app.base)).header(COOKIE, &cookie);
    let mut stream = asked.send().await.expect("an answer");
    assert!(stream.chunk().await.expect("it begins").is_some());
    sign_out(&app, &cookie).await;
    // A call would be told to somebody who is signed in.
    let ringing = async {
        for call in 0.. {
            let sid = format!("CA{call}");
            let ring = [("CallSid", &*sid), ("From", "+12125550123"), ("To", "+14155550190")];
            app.twilio("voice", &ring).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let rest = tokio::select! {
        rest = stream.text() => rest.expect("in order"),
        () = ringing => unreachable!("it rings for good"),
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("it does not end"),
    };
    assert!(!rest.contains("2125550123"), "{rest}");
    app.stop().await;
}

#[tokio::test]
async fn other_processes_learn_of_it_and_forget_what_is_over_anyway() {
    let redis = TestRedis::start().await;
    let (here, there) = (
        EndedSessions::new(redis.handle(), Clock::default()),
        EndedSessions::new(redis.handle(), Clock::default()),
    );
    let now = Clock::default().now();
    let (one, short) = ([1; 16], [2; 16]);
    here.end(one, now.plus(60_000)).await;
    here.end(short, now.plus(50)).await;
    assert!(here.is_over(&one) && !there.is_over(&one));
    let end = Instant::now() + Duration::from_secs(10);
    while !there.is_over(&one) || here.is_over(&short) {
        assert!(Instant::now() < end, "nobody learns of it");
        there.look().await;
        here.look().await;
    }
    assert!(!there.is_over(&[3; 16]));
    assert!(Millis(0) < now);
}
