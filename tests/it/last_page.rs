//! On which page a visitor was when the call came.

use ringtrace::lease::holders::holders;
use ringtrace::lease::model::{Gesture, PageSign, SignKind};
use ringtrace::platform::ids::SessionId;
use serde_json::{Value, json};

use crate::support::app::{BROWSER, TestApp};
use crate::support::redis::TestRedis;
use crate::support::world::{World, number, sign};

/// A message of site `one`'s page `id` at `path`.
async fn send(app: &TestApp, route: &str, message: Value) -> Value {
    let request = app.client.post(format!("{}{route}", app.base)).header("user-agent", BROWSER);
    let request = request.header("origin", "https://www.one.example").body(message.to_string());
    request.send().await.expect("an answer").json().await.expect("JSON")
}

async fn view(app: &TestApp, id: &str, path: &str, session: Option<&Value>) -> Value {
    let url = format!("https://www.one.example{path}");
    send(
        app,
        "/v1/lease",
        json!({ "v": 1, "key": "pk_one", "page": id, "seq": 1, "url": url, "session": session }),
    )
    .await
}

async fn call(app: &TestApp, sid: &str, of: &Value) {
    let number = of["targets"][0]["tracking"]["number"].as_str().expect("a number");
    let fields =
        [("CallSid", sid), ("From", "+14155550133"), ("To", number), ("CallStatus", "ringing")];
    assert_eq!(app.twilio("voice", &fields).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_filed_under_the_page_that_was_opened_last() {
    let mut app = TestApp::start().await;
    let first = view(&app, "page-one", "/plumbing?utm_source=google", None).await;
    let second = view(&app, "page-two", "/prices/index.html?a=1#b", Some(&first["session"])).await;
    let beat = json!({ "v": 1, "key": "pk_one", "session": second["session"], "page": "page-two", "seq": 2, "kind": "beat" });
    send(&app, "/v1/beat", beat).await;
    call(&app, "CA00000000000000000000000000000001", &second).await;
    let only = view(&app, "page-three", "/contact", None).await;
    call(&app, "CA00000000000000000000000000000002", &only).await;
    app.reported().await;
    let path =
        "/v1/reports/query?metrics=calls&dimensions=page&order=page&period=last_7_days&site=one";
    let answer: Value = app.get(path, "rt_admin").await.json().await.expect("JSON");
    let expected = json!([{ "page": "/contact", "calls": 1 }, { "page": "/prices", "calls": 1 }]);
    assert_eq!(answer["rows"], expected, "{answer}");
    app.stop().await;
}

#[tokio::test]
async fn the_page_is_kept_with_the_lease_and_after_it() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 1, json!({ "overflow": [] })).await;
    let session = SessionId::new();
    let page = async |world: &World, nth: usize| {
        let (redis, window) = (world.store.redis(), world.site().attribution_window);
        let shown = holders(redis, &world.keys, &number(0), world.clock.now(), None, window).await;
        shown.expect("redis answers").holders[nth].page.clone()
    };
    world.view(session, "page-aaa", 1).await;
    assert_eq!(page(&world, 0).await, None);
    world.at(4_000);
    let opened = |path: &str, id: &str| PageSign {
        path: Some(path.to_owned()),
        ..sign(id, 1, SignKind::View, None)
    };
    world.acquire(session, &opened("/a=b/2024", "page-bbb"), None).await;
    assert_eq!(page(&world, 0).await.as_deref(), Some("/a=b/2024"));
    // Whatever the visitor does there keeps it, and another page replaces it.
    world.gesture(session, ("page-bbb", 2), Gesture::Copied, 100).await;
    world.beat(session, "page-aaa", 2).await;
    assert_eq!(page(&world, 0).await.as_deref(), Some("/a=b/2024"));
    world.acquire(session, &opened("/", "page-ccc"), None).await;
    assert_eq!(page(&world, 0).await.as_deref(), Some("/"));
    for (id, seq) in [("page-aaa", 3), ("page-bbb", 3), ("page-ccc", 2)] {
        world.leave(session, id, seq).await;
    }
    world.at(900_000);
    let other = world.view(SessionId::new(), "page-ddd", 1).await;
    assert_eq!(other.number, Some(number(0)));
    assert_eq!((page(&world, 0).await, page(&world, 1).await.as_deref()), (None, Some("/")));
}
