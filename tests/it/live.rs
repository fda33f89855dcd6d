//! `/v1/live`: calls as they happen.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

use crate::support::app::TestApp;

/// One event of the stream.
#[derive(Debug, PartialEq)]
struct Told {
    id: String,
    event: String,
    call: Value,
}

/// A client that reads the stream.
struct Listener {
    response: Response,
    text: String,
}

impl Listener {
    async fn start(app: &TestApp, query: &str, last: Option<&str>) -> Self {
        let mut request =
            app.client.get(format!("{}/v1/live{query}", app.base)).bearer_auth("rt_admin");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response =
            request.header("accept-encoding", "gzip, br").send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(response.headers().get("content-encoding").is_none_or(|kind| kind == "identity"));
        let mut listener = Listener { response, text: String::new() };
        // The first piece says that it listens.
        listener.piece().await.expect("it begins");
        listener
    }

    /// The next block of lines; `None` when the stream ended.
    async fn piece(&mut self) -> Option<String> {
        loop {
            if let Some((piece, rest)) = self.text.split_once("\n\n") {
                let piece = piece.to_owned();
                self.text = rest.to_owned();
                return Some(piece);
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    /// The next event, which comes within a few seconds on the slowest machine.
    async fn next(&mut self) -> Told {
        let read = async {
            loop {
                let piece = self.piece().await.expect("it goes on");
                let field = |name: &str| piece.lines().find_map(|line| line.strip_prefix(name));
                if let (Some(id), Some(event), Some(data)) =
                    (field("id: "), field("event: "), field("data: "))
                {
                    let call = serde_json::from_str(data).expect("JSON");
                    return Told { id: id.to_owned(), event: event.to_owned(), call };
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), read).await.expect("an event in time")
    }
}

async fn voice(app: &TestApp, sid: &str) {
    let call = [
        ("CallSid", sid),
        ("From", "+14155550133"),
        ("To", "+14155550150"),
        ("CallStatus", "ringing"),
    ];
    assert_eq!(app.twilio("voice", &call).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_told_as_it_goes_and_again_to_who_comes_back() {
    let mut app = TestApp::start().await;
    let mut listener = Listener::start(&app, "?site=one", None).await;
    let mut elsewhere = Listener::start(&app, "?site=two", None).await;
    // Streams are noted when they are first looked at; a call of before is not told.
    tokio::time::sleep(Duration::from_millis(600)).await;
    voice(&app, "CA1").await;
    let ringing = listener.next().await;
    assert_eq!(
        (ringing.event.as_str(), &ringing.call["source"]),
        ("ringing", &Value::from("billboard"))
    );
    let leg = [("CallSid", "CA9"), ("ParentCallSid", "CA1")];
    for status in ["ringing", "in-progress"] {
        app.twilio("leg", &[&leg[..], &[("CallStatus", status)]].concat()).await;
    }
    let answered = listener.next().await;
    assert_eq!(
        (answered.event.as_str(), &answered.call["call"]),
        ("answered", &ringing.call["call"])
    );
    let parent = [("CallSid", "CA1"), ("From", "+14155550133"), ("To", "+14155550150")];
    let dial =
        [&parent[..], &[("DialCallStatus", "completed"), ("DialCallDuration", "95")]].concat();
    app.twilio("dial", &dial).await;
    let ended = listener.next().await;
    assert_eq!((ended.event.as_str(), &ended.call["status"]), ("ended", &Value::from("answered")));

    // Somebody whose connection broke after the first event gets the others, in order.
    drop(listener);
    let mut back = Listener::start(&app, "?site=one", Some(&ringing.id)).await;
    assert_eq!((back.next().await, back.next().await), (answered, ended));
    voice(&app, "CA2").await;
    assert_eq!(back.next().await.event, "ringing");
    let silence = tokio::time::timeout(Duration::from_millis(300), elsewhere.piece()).await;
    assert!(silence.is_err(), "another site's calls are not told");
    // Whoever still listens must not hold up the end.
    let began = std::time::Instant::now();
    app.stop().await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(elsewhere.piece().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_or_comes_too_many_is_turned_away() {
    let mut app = TestApp::on_a_free_port();
    let limited = "[limits]\nlive_clients = 1";
    let text = app.configuration(&["0190"]).replacen("[limits]", limited, 1);
    let config =
        ringtrace::config::load::load_text("the test", &text).expect("a good configuration");
    app.app =
        Some(ringtrace::app::App::start(config, Default::default()).await.expect("it starts"));
    assert_eq!(app.get("/v1/live", "rt_reader").await.status(), 403);
    assert_eq!(app.get("/v1/live?site=three", "rt_admin").await.status(), 404);
    let one = Listener::start(&app, "?last_event_id=nonsense", None).await;
    assert_eq!(app.get("/v1/live", "rt_admin").await.status(), 429);
    drop(one);
    // The service notices with its next word to a client that is gone; a call makes it speak.
    for turn in 0.. {
        voice(&app, &format!("CA{turn}")).await;
        if app.get("/v1/live", "rt_admin").await.status() == 200 {
            break;
        }
        assert!(turn < 50, "its place is free again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_at_one_process_is_told_by_another_within_a_second() {
    let mut first = TestApp::start().await;
    let socket = first.folder().join("redis/redis.sock");
    let mut second = TestApp::on_a_free_port();
    let shared = format!("[redis]\nurl = \"unix://{}\"\n[postback]", socket.display());
    let text = second.configuration(&["0190", "0191"]).replacen("[postback]", &shared, 1);
    let config = ringtrace::config::load::load_text("the test", &text).expect("a configuration");
    second.app =
        Some(ringtrace::app::App::start(config, Default::default()).await.expect("it starts"));
    let mut listener = Listener::start(&second, "?site=one", None).await;
    // The streams are noted when they are first looked at: the first call that is told says so.
    let mut turn = 0;
    loop {
        voice(&first, &format!("CA-first-{turn}")).await;
        let told = tokio::time::timeout(Duration::from_secs(2), listener.next()).await;
        if told.is_ok() {
            break;
        }
        turn += 1;
        assert!(turn < 10, "the other process tells nothing");
    }
    // The quickest of a few: other tests work at the same time.
    let mut quickest = Duration::MAX;
    for turn in 0..5 {
        let sid = format!("CA-then-{turn}");
        let began = std::time::Instant::now();
        voice(&first, &sid).await;
        let asked: Value =
            first.get("/v1/calls?site=one&limit=1", "rt_admin").await.json().await.expect("JSON");
        let id = asked["calls"][0]["id"].clone();
        while listener.next().await.call["call"] != id {}
        quickest = quickest.min(began.elapsed());
    }
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
    second.stop().await;
    first.stop().await;
}
