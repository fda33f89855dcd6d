//! Numbers of callers at rest: sealed in every byte, and there for everybody who may ask.

use duckdb::Connection;
use ringtrace::platform::caller_keys::KEY_FILE;
use serde_json::{Value, json};

use crate::privacy::world::{
    Person, everything, get, places, post, start, start_again, visit_and_call,
};
use crate::support::app::TestApp;

/// The number that the network forwarded a call from.
const FIRST_DIALLED: &str = "+12125550166";

/// Ann calls by way of another number.
async fn ann_calls(app: &TestApp) -> Person {
    let mut ann = Person::new("ANNMARK", "+12125550177");
    visit_and_call(app, &mut ann).await;
    let told = [
        ("CallSid", "CA2"),
        ("From", ann.number),
        ("To", "+14155550191"),
        ("ForwardedFrom", FIRST_DIALLED),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
    ];
    assert!(app.twilio("voice", &told).await.status().is_success());
    app.reported().await;
    ann
}

/// Digits of a number that nobody may find.
fn digits(number: &str) -> &[u8] {
    &number.as_bytes()[2..]
}

/// What the tables say in clear; the file's own bytes may be packed.
fn texts_of_the_warehouse(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    let file = app.folder().join("warehouse.duckdb");
    let reader = Connection::open(file).expect("nobody else has it");
    let mut all = Vec::new();
    for text in [
        "SELECT snapshot || searchable FROM call_snapshots",
        "SELECT calls::VARCHAR FROM calls",
        "SELECT leads::VARCHAR FROM leads",
    ] {
        let mut statement = reader.prepare(text).expect("SQL");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        all.extend(rows.map(|row| (text.to_owned(), row.expect("a text").into_bytes())));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_a_number_in_what_is_stored_and_whoever_may_ask_is_told() {
    let mut app = start("").await;
    let ann = ann_calls(&app).await;
    let all = everything(&app).await;
    for number in [ann.number, FIRST_DIALLED] {
        assert_eq!(places(&all, digits(number)), [""; 0], "{number}");
    }
    assert!(places(&all, b"sealed:").len() > 3, "it is there, sealed");

    let call = get(&app, &format!("/v1/calls/{}", ann.call)).await;
    assert_eq!(call["caller"]["number"], ann.number);
    let leads = get(&app, "/v1/leads?site=one").await;
    assert_eq!(leads["leads"][0]["caller"], ann.number);
    // Found by the whole number, in Redis and in the warehouse.
    for asked in ["caller=%2B12125550177", "q=%2B12125550177", "q=%2B12125550177+google"] {
        let found = get(&app, &format!("/v1/calls?site=one&{asked}")).await;
        assert!(found["calls"].as_array().is_some_and(|calls| !calls.is_empty()), "{asked}");
        let nobody = asked.replace("0177", "0178");
        let found = get(&app, &format!("/v1/calls?site=one&{nobody}")).await;
        assert_eq!(found["calls"], json!([]), "{nobody}");
    }
    let asked = json!({ "site": "one", "caller": ann.number });
    let told = post(&app, "/v1/privacy/export", &asked).await.to_string();
    assert!(told.contains(ann.number) && told.contains(FIRST_DIALLED), "{told}");
    assert!(!told.contains("sealed:"), "{told}");

    // Forgotten as a caller, and as whom another call was forwarded from.
    let theirs = json!({ "site": "one", "caller": FIRST_DIALLED });
    post(&app, "/v1/privacy/erase", &theirs).await;
    let calls = get(&app, "/v1/calls?site=one").await;
    assert_eq!(calls["calls"][0]["caller"]["forwarded_from"], Value::Null, "{calls}");
    assert_eq!(calls["calls"][0]["caller"]["number"], ann.number, "{calls}");

    app.stop().await;
    let rows = texts_of_the_warehouse(&app);
    assert!(!places(&rows, b"sealed:").is_empty());
    for number in [ann.number, FIRST_DIALLED] {
        assert_eq!(places(&rows, digits(number)), [""; 0], "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_gets_under_a_new_key_and_the_old_one_opens_nothing() {
    let mut app = start("").await;
    let ann = ann_calls(&app).await;
    app.stop().await;
    let file = app.folder().join(KEY_FILE);
    let old = std::fs::read_to_string(&file).expect("the keys");
    start_again(&mut app, "").await;
    let token = |all: &[(String, Vec<u8>)]| {
        let stored = all.iter().find(|(name, _)| name.contains(":call:")).expect("a call");
        let text = String::from_utf8_lossy(&stored.1).into_owned();
        let from = text.find("sealed:").expect("a sealed number") + "sealed:".len() + 33;
        text[from..from + 8].to_owned()
    };
    let before = token(&everything(&app).await);
    let body = json!({ "new_key": true, "forget_old": true });
    let url = format!("{}/v1/privacy/reseal", app.base);
    let resealed: Value = loop {
        let asked = app.client.post(&url).bearer_auth("rt_admin").json(&body);
        let answer = asked.send().await.expect("an answer");
        // What the spool has of the time before is recorded once more first.
        if answer.status() != 409 {
            break answer.json().await.expect("JSON");
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let one = &resealed["resealed"][0];
    for place in ["segments", "calls", "redis"] {
        assert!(one[place].as_u64() > Some(0), "{place}: {resealed}");
    }
    let all = everything(&app).await;
    assert_ne!(token(&all), before);
    // The spool has for some seconds more what Redis may lose.
    let all: Vec<_> = all.into_iter().filter(|(name, _)| !name.contains("/spool/")).collect();
    assert_eq!(places(&all, format!(":{before}:").as_bytes()), [""; 0], "under the old key");
    let keys = std::fs::read_to_string(&file).expect("the keys");
    assert!(
        !keys.contains(old.trim()) && keys.lines().count() == 1,
        "{} keys",
        keys.lines().count()
    );
    let again = post(&app, "/v1/privacy/reseal", &json!({})).await;
    for place in ["segments", "calls", "redis"] {
        assert_eq!(again["resealed"][0][place], 0, "{place}: {again}");
    }
    let call = get(&app, &format!("/v1/calls/{}", ann.call)).await;
    assert_eq!(call["caller"]["number"], ann.number);
    let leads = get(&app, "/v1/leads?site=one").await;
    assert_eq!(leads["leads"][0]["caller"], ann.number);
    app.stop().await;

    // Another key: the calls stay whose they are, without their numbers, and go on.
    std::fs::write(&file, "0".repeat(64)).expect("a key");
    start_again(&mut app, "").await;
    let call = get(&app, &format!("/v1/calls/{}", ann.call)).await;
    assert_eq!(call["caller"]["number"], Value::Null, "{call}");
    assert_eq!(call["caller"]["first_time"], true, "{call}");
    let notes = json!({ "notes": "called back" });
    let url = format!("{}/v1/calls/{}", app.base, ann.call);
    let answer = app.client.patch(url).bearer_auth("rt_admin").json(&notes).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    app.stop().await;
    // Somebody finds the file again, and nothing is lost.
    std::fs::write(&file, keys).expect("the keys");
    start_again(&mut app, "").await;
    let call = get(&app, &format!("/v1/calls/{}", ann.call)).await;
    assert_eq!(call["caller"]["number"], ann.number, "{call}");
    assert_eq!(call["outcome"]["notes"], "called back", "{call}");
    app.stop().await;
}
