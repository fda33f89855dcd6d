//! Calls for those who ask afterwards: lists with conditions, files, calls of before, imports, scores.

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::support::app::TestApp;

/// A table as CallRail exports it, with lines that cannot be used.
const CALLRAIL: &str = "Call Status,Tracking Number,Source,Start Time,Duration (seconds),Name,Phone Number,\
First-Time Caller,Campaign,Medium,Landing Page,Note,Tags,Value,Recording Url\r\n\
Answered Call,(415) 555-0190,Google Ads,2024-03-01 10:00am,125,JANE DOE,415-555-0133,First-Time Caller,Spring,cpc,https://www.one.example/plumbing?x=1,\"two\nlines\",\"vip, north\",\"$1,250.00\",https://recordings.example/1\r\n\
Missed Call,4155550190,Direct,03/02/2024 11:30 PM,14,,+1 415 555 0134,No,,,,,,,\r\n\
Voicemail,4155550190,Yelp,2024-03-03 09:00:00,30,,anonymous,,,,,,,,https://recordings.example/3\r\n\
Answered Call,4155550190,Google Ads,someday,10,,4155550135,,,,,,,,\r\n\
Answered Call,not a number,Google Ads,2024-03-01 10:00,10,,4155550136,,,,,,,,\r\n";

async fn post_csv(app: &TestApp, path: &str, key: &str, csv: &str) -> (u16, Value) {
    let request = app.client.post(format!("{}{path}", app.base)).bearer_auth(key);
    let request = request.header("content-type", "text/csv").body(csv.to_owned());
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

async fn send(app: &TestApp, method: &str, path: &str, body: Value) -> (u16, Value) {
    let method = method.parse().expect("a method");
    let request = app.client.request(method, format!("{}{path}", app.base)).bearer_auth("rt_admin");
    let answer = request.json(&body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

async fn json_of(app: &TestApp, path: &str) -> Value {
    app.get(path, "rt_admin").await.json().await.expect("JSON")
}

fn ids(list: &Value) -> Vec<String> {
    let calls = list["calls"].as_array().expect("calls").iter();
    calls.map(|call| call["provider_call_id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A call that ended; missed when `talk_s` is `None`.
async fn call(app: &TestApp, sid: &str, from: &str, talk_s: Option<u32>) {
    let parent =
        [("CallSid", sid), ("From", from), ("To", "+14155550150"), ("CallerName", "JANE DOE")];
    let ringing = [&parent[..], &[("CallStatus", "ringing")]].concat();
    assert_eq!(app.twilio("voice", &ringing).await.status(), 200);
    let talked = talk_s.unwrap_or(0).to_string();
    let word = if talk_s.is_some() { "completed" } else { "no-answer" };
    let dial = [&parent[..], &[("DialCallStatus", word), ("DialCallDuration", &talked)]].concat();
    assert_eq!(app.twilio("dial", &dial).await.status(), 200);
    let ended = [&parent[..], &[("CallStatus", "completed"), ("CallDuration", "200")]].concat();
    assert_eq!(app.twilio("status", &ended).await.status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_calls_of_other_systems_are_listed_changed_and_exported_like_our_own() {
    let mut app = TestApp::start().await;
    let path = "/v1/calls/import?site=one&format=callrail";
    let (status, told) = post_csv(&app, path, "rt_admin", CALLRAIL).await;
    assert_eq!((status, &told["imported"], &told["known"]), (200, &json!(3), &json!(0)), "{told}");
    let lines: Vec<_> =
        told["rejected"].as_array().expect("rows").iter().map(|r| r["entry"].clone()).collect();
    assert_eq!(lines, [6, 7], "{told}");
    app.reported().await;
    // Redis does not list what is so old; the archive does.
    let listed = json_of(&app, "/v1/calls?site=one").await;
    let calls = listed["calls"].as_array().expect("calls");
    assert_eq!(calls.len(), 3, "{listed}");
    let oldest = &calls[2];
    assert_eq!(oldest["started_at"], "2024-03-01T15:00:00.000Z");
    assert_eq!(
        (&oldest["origin"], &oldest["status"], &oldest["talk_s"]),
        (&json!("imported"), &json!("answered"), &json!(125))
    );
    assert_eq!(
        (&oldest["attribution"]["source"], &oldest["attribution"]["basis"]),
        (&json!("Google Ads"), &json!("imported"))
    );
    assert_eq!(oldest["attribution"]["landing_page"], "www.one.example/plumbing");
    assert_eq!(
        (&oldest["outcome"]["value"], &oldest["outcome"]["tags"]),
        (&json!("1250.00"), &json!(["north", "vip"]))
    );
    assert_eq!(
        (&calls[0]["status"], &calls[1]["status"]),
        (&json!("voicemail"), &json!("no_answer"))
    );

    // A version on, although Redis has long forgotten it; told again, nothing changes.
    let id = oldest["id"].as_str().expect("an id");
    let keys = app.app().live().now().shards.keys(&"one".parse().expect("a site"));
    forget(&app, &keys.call(&id.parse().expect("an id"))).await;
    assert_eq!(json_of(&app, &format!("/v1/calls/{id}")).await["version"], 1);
    for _ in 0..2 {
        let (status, told) =
            send(&app, "PATCH", &format!("/v1/calls/{id}"), json!({ "notes": "old" })).await;
        assert_eq!(
            (status, &told["version"], &told["outcome"]["value"]),
            (200, &json!(2), &json!("1250.00")),
            "{told}"
        );
    }
    let table = "caller,started_at,csat\n+14155550134,2024-03-03T04:31:00Z,4\n";
    let (_, told) = post_csv(&app, "/v1/outcomes?site=one", "rt_admin", table).await;
    assert_eq!((&told["changed"], &told["rejected"]), (&json!(1), &json!([])), "{told}");
    app.reported().await;

    // Sent again, also through the command, nothing is doubled.
    let file = app.folder().join("calls.csv");
    std::fs::write(&file, CALLRAIL).expect("it is written");
    let (base, file) = (app.base.clone(), file.display().to_string());
    let run = move || {
        let mut command = Command::cargo_bin("ringtrace").expect("the binary");
        let words =
            ["import", "calls", &file, "--format", "callrail", "--site", "one", "--url", &base];
        command
            .env("NO_PROXY", "127.0.0.1")
            .args(words)
            .args(["--key", "rt_admin"])
            .output()
            .expect("it runs")
    };
    let output = tokio::task::spawn_blocking(run).await.expect("it ends");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(told, "0 imported, 3 known already, 2 rejected\n");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(complaints.contains("line 6: `someday` is no time"), "{complaints}");

    let csv = app.get("/v1/calls/export?site=one", "rt_admin").await;
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    let csv = csv.text().await.expect("a text");
    assert_eq!(csv.lines().count(), 4, "{csv}");
    // What is exported can be imported: it is known.
    let (status, told) = post_csv(&app, "/v1/calls/import?site=one", "rt_admin", &csv).await;
    assert_eq!((status, &told["imported"], &told["known"]), (200, &json!(0), &json!(3)), "{told}");
    let lines = app.get("/v1/calls/export?site=one&format=ndjson&status=missed", "rt_admin").await;
    let lines = lines.text().await.expect("a text");
    let missed: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(missed.len(), 2, "{lines}");

    let pages = app.get("/v1/postbacks?site=one", "rt_admin").await;
    let postbacks: Value = pages.json().await.expect("JSON");
    assert_eq!(postbacks["postbacks"], json!([]), "an imported call makes no postback");
    for (key, path, csv, expected) in [
        ("rt_reader", path, CALLRAIL, 403),
        ("rt_admin", "/v1/calls/import?site=three", CALLRAIL, 404),
        ("rt_admin", path, "a,b\n1,2\n", 400),
        ("rt_admin", "/v1/calls/import?site=one&format=excel", CALLRAIL, 400),
    ] {
        assert_eq!(post_csv(&app, path, key, csv).await.0, expected, "{path}");
    }
    app.stop().await;
}

async fn forget(app: &TestApp, key: &str) {
    let socket = app.folder().join("redis").canonicalize().expect("a folder");
    let socket = std::fs::read_dir(socket).expect("files").flatten().map(|file| file.path());
    let socket =
        socket.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "sock"));
    let url = format!("redis+unix://{}", socket.expect("a socket").display());
    let client = redis::Client::open(url).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis");
    let gone: i64 =
        redis::cmd("DEL").arg(key).query_async(&mut connection).await.expect("an answer");
    assert_eq!(gone, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_take_conditions_and_go_on_by_cursor() {
    let mut app = TestApp::start().await;
    for (sid, from, talk_s) in [
        ("CA1", "+14155550133", Some(95)),
        ("CA2", "+14155550134", None),
        ("CA3", "+14155550133", Some(20)),
        ("CA4", "+14155550135", None),
        ("CA5", "+14155550136", Some(300)),
    ] {
        call(&app, sid, from, talk_s).await;
    }
    let all = json_of(&app, "/v1/calls?site=one").await;
    assert_eq!(ids(&all), ["CA5", "CA4", "CA3", "CA2", "CA1"]);
    let first = all["calls"][4]["id"].as_str().expect("an id");
    let told = json!({ "disposition": "Booked", "tags": ["north"], "notes": "asks for ZEBRA pipes", "qualified": true });
    assert_eq!(send(&app, "PATCH", &format!("/v1/calls/{first}"), told).await.0, 200);
    let third = all["calls"][2]["started_at"].as_str().expect("a time");
    let cases = [
        ("status=answered".to_owned(), vec!["CA5", "CA3", "CA1"]),
        ("status=missed".to_owned(), vec!["CA4", "CA2"]),
        ("status=busy,no_answer".to_owned(), vec!["CA4", "CA2"]),
        ("min_talk_s=90".to_owned(), vec!["CA5", "CA1"]),
        ("caller=%2B14155550133".to_owned(), vec!["CA3", "CA1"]),
        ("caller=+14155550133&first_time=false".to_owned(), vec!["CA3"]),
        (
            "number=%2B14155550150&source=billboard&channel=Offline&status=missed".to_owned(),
            vec!["CA4", "CA2"],
        ),
        ("source=google".to_owned(), vec![]),
        ("tag=north&disposition=Booked".to_owned(), vec!["CA1"]),
        ("qualified=true".to_owned(), vec!["CA1"]),
        ("q=zebra%20doe".to_owned(), vec!["CA1"]),
        ("q=zebra%20nobody".to_owned(), vec![]),
        (format!("from={third}"), vec!["CA5", "CA4", "CA3"]),
        (format!("to={third}"), vec!["CA2", "CA1"]),
        (format!("to={third}&status=missed"), vec!["CA2"]),
    ];
    // At once from Redis; from the warehouse it is the same.
    app.reported().await;
    for (query, expected) in &cases {
        let path = format!("/v1/calls?site=one&{query}");
        assert_eq!(ids(&json_of(&app, &path).await), *expected, "{query}");
        let (mut walked, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..20 {
            let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = json_of(&app, &format!("{path}&limit=1{next}")).await;
            walked.extend(ids(&page));
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(walked, *expected, "page by page: {query}");
        assert_eq!(cursor, None, "{query}");
    }
    // Last of all: a clock that is set ahead makes the service forget what is old.
    for (query, expected) in &cases {
        assert_eq!(archived(&app, query).await, *expected, "from the warehouse: {query}");
    }
    for bad in [
        "status=eaten",
        "from=yesterday",
        "caller=nobody",
        "cursor=x",
        "limit=0",
        "q=a+b+c+d+e+f+g+h+i",
    ] {
        let answer = app.get(&format!("/v1/calls?site=one&{bad}"), "rt_admin").await;
        assert_eq!(answer.status(), 400, "{bad}");
    }
    assert_eq!(app.get("/v1/calls/export?site=one", "rt_reader").await.status(), 403);
    app.stop().await;
}

/// What the archive alone answers: every call is older than what Redis is asked for.
async fn archived(app: &TestApp, query: &str) -> Vec<String> {
    app.app()
        .clock()
        .set(ringtrace::platform::clock::Millis::system_now().plus(40 * 24 * 3_600_000));
    let listed = json_of(app, &format!("/v1/calls?site=one&{query}")).await;
    app.app().clock().follow_system();
    ids(&listed)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_score_calls_and_call_backs_are_told() {
    let mut app = TestApp::on_a_free_port();
    let rules = r#"
[sites.scoring]
qualified_from = 50
[[sites.scoring.rules]]
points = 60
when = { min_talk_s = 60 }
[[sites.scoring.rules]]
points = 15
when = { dispositions = ["booked"] }
"#;
    let text = app.configuration(&["0190"]);
    let (one, two) = text.split_once("[[sites]]\nid = \"two\"").expect("two sites");
    let text = format!("{one}{rules}[[sites]]\nid = \"two\"{two}");
    let config =
        ringtrace::config::load::load_text("the test", &text).expect("a good configuration");
    app.app =
        Some(ringtrace::app::App::start(config, Default::default()).await.expect("it starts"));
    call(&app, "CA1", "+14155550133", Some(95)).await;
    call(&app, "CA2", "+14155550134", None).await;
    let listed = json_of(&app, "/v1/calls?site=one").await;
    let (missed, talked) = (&listed["calls"][0], &listed["calls"][1]);
    assert_eq!((&talked["lead_score"], &talked["qualified"]), (&json!(60), &json!(true)));
    assert_eq!((&missed["lead_score"], &missed["qualified"]), (&json!(0), &json!(false)));
    let path = format!("/v1/calls/{}", talked["id"].as_str().expect("an id"));
    let (_, told) = send(&app, "PATCH", &path, json!({ "disposition": "booked" })).await;
    assert_eq!((&told["lead_score"], told["outcome"].get("lead_score")), (&json!(75), None));
    let (_, told) = send(&app, "PATCH", &path, json!({ "qualified": false })).await;
    assert_eq!((&told["lead_score"], &told["qualified"]), (&json!(75), &json!(false)));

    let events = format!("/v1/calls/{}/events", missed["id"].as_str().expect("an id"));
    let now = jiff::Timestamp::now();
    let at = |seconds: i64| (now + jiff::SignedDuration::from_secs(seconds)).to_string();
    for (id, seconds, answered) in [("b2", 120, true), ("b1", 60, false), ("b1", 60, false)] {
        let told =
            json!({ "id": id, "type": "called_back", "at": at(seconds), "answered": answered });
        assert_eq!(send(&app, "POST", &events, told).await.0, 200);
    }
    let told = json!({ "id": "b3", "type": "called_back" });
    assert_eq!(send(&app, "POST", &events, told).await.0, 400);
    let told = json_of(&app, &events.replace("/events", "")).await;
    let moment =
        |name: &str| told[name].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let rounded =
        |seconds: i64| at(seconds).parse::<jiff::Timestamp>().ok().map(|t| t.as_millisecond());
    assert_eq!(moment("called_back_at").map(|t| t.as_millisecond()), rounded(60), "{told}");
    assert_eq!(moment("reached_at").map(|t| t.as_millisecond()), rounded(120));
    app.reported().await;
    app.stop().await;
}
