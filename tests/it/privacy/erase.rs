//! Somebody is forgotten: not a byte of them is left, and nobody else is touched.

use ringtrace::platform::ids::{SessionId, VisitorId};
use ringtrace::platform::signing::SigningKeys;
use serde_json::{Value, json};

use crate::privacy::world::{
    Person, everything, get, places, post, raw, start, start_again, visit_and_call,
};
use crate::support::app::TestApp;

/// The marks of a caller: what their number is known by, call, what was told of it, lead. The number itself, which is
/// last, stands nowhere.
fn marks_of_the_caller(app: &TestApp, person: &Person) -> Vec<(&'static str, Vec<u8>)> {
    let signing = SigningKeys::load_or_create(app.folder()).expect("the key");
    vec![
        ("hash", signing.caller_hash("one", person.number).into()),
        ("provider's id", person.mark("CA0000").into()),
        ("name", person.mark(" Name").into()),
        ("recording", person.mark("-recording").into()),
        ("notes", person.mark("-notes").into()),
        ("lead", person.mark(" form").into()),
        ("call", person.call.clone().into()),
        ("call in Redis' short form", raw(&person.call)),
        ("e-mail address, hashed", person.email_hash().into()),
        ("number", person.number[1..].into()),
    ]
}

fn marks_of_the_visitor(person: &Person) -> Vec<(&'static str, Vec<u8>)> {
    let visitor: VisitorId = person.visitor.parse().expect("a visitor");
    let session: SessionId = person.session.parse().expect("a session");
    let mut marks = vec![
        ("click id", person.mark("-click-id").into()),
        ("landing page", person.mark("-path").into()),
        ("lead", person.mark(" form").into()),
        ("e-mail address, hashed", person.email_hash().into()),
    ];
    for id in [visitor.0, session.0] {
        marks.push(("id", id.simple().to_string().into()));
        marks.push(("id with hyphens", id.hyphenated().to_string().into()));
        marks.push(("short id", SessionId(id).short().into()));
        marks.push(("id as bytes", id.as_bytes().to_vec()));
    }
    marks
}

/// Waits until Redis has removed its old files, then looks for each mark.
async fn nothing_is_left(app: &TestApp, marks: &[(&'static str, Vec<u8>)]) {
    let mut found = Vec::new();
    for _ in 0..50 {
        let all = everything(app).await;
        found = marks
            .iter()
            .flat_map(|(what, mark)| {
                places(&all, mark).into_iter().map(move |at| (*what, at.to_owned()))
            })
            // The list knows whom it is about.
            .filter(|(what, at)| *what != "hash" || !at.ends_with("erasures.ndjson"))
            .collect();
        if found.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("still there: {found:?}");
}

/// What the site's reports and lists say, of those who stay.
async fn of_the_others(app: &TestApp, person: &Person) -> Vec<Value> {
    let call = get(app, &format!("/v1/calls/{}", person.call)).await;
    let landing = get(app, "/v1/reports/landing-pages?site=one").await;
    let row = landing["rows"].as_array().expect("rows").iter();
    let row = row.filter(|row| row.to_string().contains(&person.mark("-path")));
    vec![call, Value::Array(row.cloned().collect())]
}

async fn two_people() -> (TestApp, Person, Person) {
    let app = start("").await;
    let mut ann = Person::new("ANNMARK", "+12125550177");
    let mut bob = Person::new("BOBMARK", "+13105550188");
    visit_and_call(&app, &mut ann).await;
    visit_and_call(&app, &mut bob).await;
    (app, ann, bob)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_erased_to_the_last_byte() {
    let (mut app, ann, bob) = two_people().await;
    let before = of_the_others(&app, &bob).await;
    assert_eq!(before[1].as_array().map(Vec::len), Some(1), "{before:?}");
    let all = everything(&app).await;
    for (what, mark) in marks_of_the_caller(&app, &ann).iter().take(7) {
        let found = places(&all, mark);
        assert!(found.iter().any(|place| place.contains("redis ")), "{what}: {found:?}");
    }
    let hash = ann.email_hash();
    let hashed = places(&all, hash.as_bytes());
    assert!(hashed.iter().any(|place| place.contains(":email:")), "{hashed:?}");
    assert!(!hashed.iter().any(|place| place.contains("segments")), "{hashed:?}");
    for clear in [ann.email(), ann.email().to_lowercase()] {
        assert_eq!(places(&all, clear.as_bytes()), [""; 0], "nobody keeps the address itself");
    }
    let exported = post(&app, "/v1/privacy/export", &json!({ "caller": ann.number })).await;
    let text = exported.to_string();
    for (what, mark) in marks_of_the_caller(&app, &ann).iter().take(7) {
        assert!(text.contains(&String::from_utf8_lossy(mark).into_owned()), "{what} is not told");
    }
    assert!(!text.contains("BOBMARK"), "somebody else's data");
    let asked = json!({ "site": "one", "caller": "(212) 555-0177" });
    let told = post(&app, "/v1/privacy/erase", &asked).await;
    let erased = &told["erased"][0];
    assert_eq!((&erased["calls"], &erased["leads"]), (&json!(1), &json!(1)), "{told}");
    assert_eq!(erased["redis_file_rewritten"], true, "{told}");
    nothing_is_left(&app, &marks_of_the_caller(&app, &ann)).await;
    assert_eq!(of_the_others(&app, &bob).await, before, "somebody else was touched");
    assert_eq!(app.get(&format!("/v1/calls/{}", ann.call), "rt_admin").await.status(), 404);
    let waiting = get(&app, "/v1/postbacks?site=one").await.to_string();
    assert!(!waiting.contains(&ann.call) && waiting.contains(&bob.call), "{waiting}");
    let own = json!({ "site": "one", "caller": "+14155550190" });
    let request = app.client.post(format!("{}/v1/privacy/erase", app.base)).json(&own);
    let refused = request.bearer_auth("rt_admin").send().await.expect("an answer");
    assert_eq!(refused.status(), 409, "a number of the installation");

    // The warehouse is made anew from what is left, and forgets her as well.
    app.stop().await;
    std::fs::remove_file(app.folder().join("warehouse.duckdb")).expect("a warehouse");
    start_again(&mut app, "").await;
    app.reported().await;
    nothing_is_left(&app, &marks_of_the_caller(&app, &ann)).await;
    assert_eq!(of_the_others(&app, &bob).await[0], before[0]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_is_erased_and_their_call_stays_with_its_caller() {
    let (mut app, ann, bob) = two_people().await;
    let before = of_the_others(&app, &bob).await;
    let all = everything(&app).await;
    for (what, mark) in &marks_of_the_visitor(&ann)[..4] {
        assert!(!places(&all, mark).is_empty(), "{what} is nowhere");
    }
    let visitor: VisitorId = ann.visitor.parse().expect("a visitor");
    assert!(!places(&all, visitor.0.as_bytes()).is_empty(), "the visit has its visitor");
    let exported = post(&app, "/v1/privacy/export", &json!({ "visitor": ann.visitor })).await;
    assert!(exported.to_string().contains(&ann.mark("-click-id")), "{exported}");
    let told =
        post(&app, "/v1/privacy/erase", &json!({ "visitor": ann.visitor, "site": "one" })).await;
    let erased = &told["erased"][0];
    assert_eq!((&erased["visits"], &erased["calls"]), (&json!(1), &json!(0)), "{told}");
    assert_eq!(erased["cleaned"], 1, "{told}");
    nothing_is_left(&app, &marks_of_the_visitor(&ann)).await;
    let call = get(&app, &format!("/v1/calls/{}", ann.call)).await;
    assert!(call["attribution"]["session"].is_null(), "{call}");
    assert_eq!(call["caller"]["number"], ann.number);
    assert_eq!(of_the_others(&app, &bob).await, before, "somebody else was touched");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_the_list_does_not_come_back_with_a_backup() {
    let (mut app, ann, bob) = two_people().await;
    app.stop().await;
    let old = tempfile::tempdir().expect("a folder");
    copy(app.folder(), old.path());
    start_again(&mut app, "").await;
    post(&app, "/v1/privacy/erase", &json!({ "caller": ann.number, "site": "one" })).await;
    app.stop().await;
    let list = std::fs::read(app.folder().join("erasures.ndjson")).expect("a list");
    assert!(places(&[("list".to_owned(), list)], &ann.number.as_bytes()[1..]).is_empty());

    // The folder as it was before, with the list as it is now.
    for name in ["warehouse.duckdb", "spool", "segments", "redis"] {
        let path = app.folder().join(name);
        if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) }
            .expect("removed");
        copy(&old.path().join(name), &path);
    }
    std::fs::remove_file(app.folder().join("erasures.done")).expect("what was done");
    start_again(&mut app, "").await;
    assert_eq!(app.get(&format!("/v1/calls/{}", ann.call), "rt_admin").await.status(), 404);
    nothing_is_left(&app, &marks_of_the_caller(&app, &ann)).await;
    assert_eq!(get(&app, &format!("/v1/calls/{}", bob.call)).await["caller"]["number"], bob.number);
    app.stop().await;
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    if !from.is_dir() {
        // The socket of a Redis that has ended is none.
        if from.is_file() {
            std::fs::copy(from, to).expect("copied");
        }
        return;
    }
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}
