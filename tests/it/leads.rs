//! Forms and chats: told once, with their session's source, and what they say of callers.

use serde_json::{Value, json};

use crate::support::app::TestApp;

async fn tell(app: &TestApp, key: &str, site: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/v1/leads?site={site}", app.base);
    let answer = app.client.post(url).bearer_auth(key).json(&body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_counts_once_and_has_its_sessions_source() {
    let mut app = TestApp::start().await;
    let view = app
        .page_view("page-one", "utm_source=google&utm_medium=cpc&utm_campaign=spring", None)
        .await;
    let session = view["session_id"].as_str().expect("a session");
    let body = json!({ "leads": [
        { "id": "4711", "session": session, "caller": "(415) 555-0133", "name": "contact" },
        { "id": "4712", "kind": "chat", "caller": "+14155550134", "source": "yelp", "medium": "referral" },
        { "caller": "anonymous" },
    ]});
    for (added, known) in [(2, 0), (0, 2)] {
        let (status, told) = tell(&app, "rt_admin", "one", body.clone()).await;
        assert_eq!(
            (status, &told["added"], &told["known"]),
            (200, &json!(added), &json!(known)),
            "{told}"
        );
        assert_eq!(told["rejected"][0]["entry"], 3);
    }
    let csv = "id,kind,session,caller\n4711,form,,+14155550133\n4713,form,,4155550135\n";
    let request =
        app.client.post(format!("{}/v1/leads?site=one", app.base)).bearer_auth("rt_admin");
    let told =
        request.header("content-type", "text/csv").body(csv).send().await.expect("an answer");
    let told: Value = told.json().await.expect("JSON");
    assert_eq!((&told["added"], &told["known"]), (&json!(1), &json!(1)), "{told}");

    let (mut walked, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page: Value = app
            .get(&format!("/v1/leads?site=one&limit=1{next}"), "rt_admin")
            .await
            .json()
            .await
            .expect("JSON");
        walked.extend(page["leads"].as_array().expect("leads").clone());
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(walked.len(), 3, "{walked:?}");
    let of_form = walked.iter().find(|lead| lead["name"] == "contact").expect("the form's");
    assert_eq!(
        (&of_form["source"], &of_form["campaign"], &of_form["session"]),
        (&json!("google"), &json!("spring"), &json!(session))
    );
    assert_eq!(of_form["landing_page"], "www.one.example/plumbing");
    let of_chat = walked.iter().find(|lead| lead["kind"] == "chat").expect("the chat's");
    assert_eq!(
        (&of_chat["source"], &of_chat["channel"]),
        (&json!("yelp"), &json!("Organic Social"))
    );
    app.reported().await;
    for (key, site, expected) in [("rt_reader", "one", 403), ("rt_admin", "three", 404)] {
        assert_eq!(tell(&app, key, site, body.clone()).await.0, expected);
    }
    assert_eq!(tell(&app, "rt_admin", "one", json!({ "leads": 5 })).await.0, 400);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_says_whose_call_it_was() {
    let mut app = TestApp::start().await;
    let view = app.page_view("page-one", "utm_source=google&utm_medium=cpc", None).await;
    let session = view["session_id"].as_str().expect("a session").to_owned();
    // Somebody dials a number of the pool that was never shown.
    let shown = view["targets"][0]["tracking"]["number"].as_str().expect("a number");
    let other = if shown == "+14155550190" { "+14155550191" } else { "+14155550190" };
    let call =
        [("CallSid", "CA1"), ("From", "+14155550133"), ("To", other), ("CallStatus", "ringing")];
    assert_eq!(app.twilio("voice", &call).await.status(), 200);
    let listed: Value = app.get("/v1/calls?site=one", "rt_admin").await.json().await.expect("JSON");
    assert_eq!(listed["calls"][0]["attribution"]["basis"], "none");
    let lead = json!({ "leads": [{ "id": "1", "session": session, "caller": "+14155550133" }] });
    let (_, told) = tell(&app, "rt_admin", "one", lead.clone()).await;
    assert_eq!((&told["added"], &told["rejoined"]), (&json!(1), &json!(1)), "{told}");
    let path = format!("/v1/calls/{}", listed["calls"][0]["id"].as_str().expect("an id"));
    let joined: Value = app.get(&path, "rt_admin").await.json().await.expect("JSON");
    assert_eq!(
        (&joined["version"], &joined["attribution"]["session"]),
        (&json!(2), &json!(session))
    );
    assert_eq!(
        (&joined["attribution"]["source"], &joined["attribution"]["confidence"]),
        (&json!("google"), &json!(0.95))
    );
    // Told again it is known; another form of the same session changes nothing.
    let again = json!({ "leads": [{ "id": "1", "session": session, "caller": "+14155550133" },
        { "id": "2", "session": session, "caller": "+14155550133" }] });
    let (_, told) = tell(&app, "rt_admin", "one", again).await;
    assert_eq!(
        (&told["added"], &told["known"], &told["rejoined"]),
        (&json!(1), &json!(1), &json!(0)),
        "{told}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_before_the_call_says_whose_call_it_is() {
    let mut app = TestApp::on_a_free_port();
    let text = app.configuration(&["0190"]);
    let config = ringtrace::config::load::load_text("the test", &text).expect("a configuration");
    app.app = Some(
        ringtrace::app::App::start(config, ringtrace::app::Options::default())
            .await
            .expect("it starts"),
    );
    // Two visitors share the only number; the later one was seen last.
    let first = app.page_view("page-one", "utm_source=google&utm_medium=cpc", None).await;
    let second = app.page_view("page-two", "utm_source=bing&utm_medium=cpc", None).await;
    let number = first["targets"][0]["tracking"]["number"].as_str().expect("a number");
    assert_eq!(second["targets"][0]["tracking"]["number"].as_str(), Some(number));
    let session = first["session_id"].as_str().expect("a session");
    let lead = json!({ "leads": [
        { "id": "1", "session": session, "caller": "+14155550133" },
        { "id": "2", "session": session, "caller": "+14155550135" },
    ]});
    let (_, told) = tell(&app, "rt_admin", "one", lead).await;
    assert_eq!((&told["added"], &told["rejoined"]), (&json!(2), &json!(0)), "{told}");

    let ring = async |sid: &str, from: &str, to: &str| -> Value {
        let call = [("CallSid", sid), ("From", from), ("To", to), ("CallStatus", "ringing")];
        assert_eq!(app.twilio("voice", &call).await.status(), 200);
        let query = format!("/v1/calls?site=one&provider_call_id={sid}");
        let listed: Value = app.get(&query, "rt_admin").await.json().await.expect("JSON");
        let calls = listed["calls"].as_array().expect("calls");
        let known = calls.iter().find(|call| call["provider_call_id"] == sid);
        known.unwrap_or_else(|| panic!("{sid}: {listed}"))["attribution"].clone()
    };
    let told = ring("CA1", "+14155550133", number).await;
    assert_eq!((&told["basis"], &told["session"]), (&json!("holder"), &json!(session)), "{told}");
    assert!(told["confidence"].as_f64() > Some(0.9), "{told}");
    let reasons = |told: &Value| told["candidates"][0]["reasons"].clone();
    assert!(reasons(&told).as_array().is_some_and(|all| all.contains(&json!("lead"))), "{told}");
    let stranger = ring("CA2", "+14155550134", number).await;
    assert_ne!(stranger["session"], json!(session), "{stranger}");

    // A number that nobody was shown: the form alone tells it.
    let printed = ring("CA3", "+14155550135", "+14155550177").await;
    assert_eq!((&printed["basis"], &printed["session"]), (&json!("inferred"), &json!(session)));
    assert_eq!(printed["source"], json!("google"));
    assert_eq!(reasons(&printed), json!(["lead"]), "{printed}");
    let sum: f64 = printed["candidates"]
        .as_array()
        .expect("candidates")
        .iter()
        .map(|one| one["probability"].as_f64().expect("a number"))
        .sum();
    assert!((sum + printed["nobody"].as_f64().expect("a number") - 1.0).abs() < 1e-6, "{printed}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_older_than_redis_keeps_them_come_from_the_warehouse() {
    const DAY: i64 = 24 * 3_600_000;
    let mut app = TestApp::start().await;
    let at = |days: i64| app.app().clock().now().plus(-days * DAY).to_string();
    let entries: Vec<Value> = [1, 10, 40, 50, 60]
        .map(|days| {
            json!({ "id": days.to_string(), "at": at(days), "kind": format!("d{days}"),
            "caller": "+14155550133", "source": "yelp", "medium": "referral" })
        })
        .to_vec();
    let (_, told) = tell(&app, "rt_admin", "one", json!({ "leads": entries })).await;
    assert_eq!(told["added"], json!(5), "{told}");
    app.reported().await;
    for limit in [1, 2, 3, 10] {
        let (mut kinds, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/leads?site=one&limit={limit}{cursor}");
            let page: Value = app.get(&path, "rt_admin").await.json().await.expect("JSON");
            for lead in page["leads"].as_array().expect("leads") {
                let kind = lead["kind"].as_str().expect("a kind").to_owned();
                let is_kept = ["d1", "d10"].contains(&kind.as_str());
                assert_eq!(lead["caller"].is_string(), is_kept, "{lead}");
                assert_eq!(lead["source"], json!("yelp"), "{lead}");
                kinds.push(kind);
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(kinds, ["d1", "d10", "d40", "d50", "d60"], "{limit} a page");
    }
    app.stop().await;
}
