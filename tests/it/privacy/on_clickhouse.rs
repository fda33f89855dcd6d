//! The same with the warehouse in ClickHouse: forgetting, telling, retention and other keys reach its tables.

use ringtrace::platform::clock::Millis;
use ringtrace::warehouse::question::Question;
use ringtrace::warehouse::store::Warehouse;
use serde_json::{Value, json};

use crate::privacy::world::{Person, configuration, get, post, start_on, visit_and_call};
use crate::support::app::TestApp;
use crate::support::clickhouse::TestClickHouse;

const TABLES: [&str; 7] =
    ["sessions", "leases", "calls", "touches", "call_snapshots", "leads", "postbacks"];

/// A service on a database of its own, and a way to that.
async fn start(clickhouse: &TestClickHouse, more: &str) -> (TestApp, Warehouse) {
    let mut app = TestApp::on_a_free_port();
    let text = format!("{}{}", configuration(&app, more), clickhouse.toml());
    start_on(&mut app, &text).await;
    let warehouse = Warehouse::of(&app.app().live().now().config).expect("a warehouse");
    (app, warehouse)
}

/// Everything that the tables say, by table.
async fn tables(warehouse: &Warehouse) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for table in TABLES {
        let text = format!("SELECT toString(tuple(*)) FROM {table}");
        let rows = warehouse.ask(Question::new("look", text, Vec::new())).await.expect("rows");
        all.extend(rows.iter().map(|row| (table, row.get::<String>(0).expect("a text"))));
    }
    all
}

fn places(all: &[(&'static str, String)], mark: &str) -> Vec<&'static str> {
    all.iter().filter(|(_, row)| row.contains(mark)).map(|(table, _)| *table).collect()
}

/// The id as the tables write it.
fn hyphenated(id: &str) -> String {
    uuid::Uuid::try_parse(id).expect("an id").hyphenated().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_and_forgotten_there_and_others_are_not_touched() {
    let clickhouse = TestClickHouse::start();
    let (mut app, warehouse) = start(&clickhouse, "").await;
    let mut ann = Person::new("ANNMARK", "+12125550177");
    let mut bob = Person::new("BOBMARK", "+13105550188");
    visit_and_call(&app, &mut ann).await;
    visit_and_call(&app, &mut bob).await;
    let before = tables(&warehouse).await;
    for person in [&ann, &bob] {
        assert_eq!(places(&before, &person.number[1..]), [""; 0], "it is sealed");
        assert!(!places(&before, &person.mark("-notes")).is_empty());
    }
    let asked = json!({ "site": "one", "caller": ann.number });
    let told = post(&app, "/v1/privacy/export", &asked).await;
    let tables_told = &told["sites"][0]["warehouse"];
    assert_eq!(tables_told["calls"][0]["id"], hyphenated(&ann.call), "{told}");
    assert!(told.to_string().contains(ann.number) && !told.to_string().contains("BOBMARK"));

    let told = post(&app, "/v1/privacy/erase", &asked).await;
    assert_eq!(told["erased"][0]["calls"], 1, "{told}");
    assert!(told["erased"][0]["warehouse"].as_u64() > Some(2), "{told}");
    let visitor = json!({ "site": "one", "visitor": bob.visitor });
    post(&app, "/v1/privacy/erase", &visitor).await;
    let after = tables(&warehouse).await;
    let ids = [&ann.call, &bob.session].map(|id| hyphenated(id));
    for mark in [ann.mark("-notes"), ann.mark(" Name")].into_iter().chain(ids) {
        assert_eq!(places(&after, &mark), [""; 0], "{mark}");
    }
    // Bob's call is his as a caller; the visit that it was joined with is gone.
    let call = get(&app, &format!("/v1/calls/{}", bob.call)).await;
    assert_eq!(call["caller"]["number"], bob.number, "{call}");
    assert_eq!(call["attribution"]["session"], Value::Null, "{call}");
    let report =
        get(&app, "/v1/reports/query?metrics=calls&dimensions=source&period=today&site=one").await;
    assert_eq!(report["rows"], json!([{ "source": "(unknown)", "calls": 1 }]), "{report}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_goes_there_and_numbers_get_under_another_key() {
    let clickhouse = TestClickHouse::start();
    let rules =
        "[sites.retention]\nnotes = \"24h\"\nplace = \"24h\"\nleads = \"24h\"\nvisits = \"48h\"";
    let (mut app, warehouse) = start(&clickhouse, rules).await;
    let mut ann = Person::new("ANNMARK", "+12125550177");
    visit_and_call(&app, &mut ann).await;
    let key = |all: &[(&'static str, String)]| {
        let (_, row) = all.iter().find(|(_, row)| row.contains("sealed:")).expect("a number");
        let from = row.find("sealed:").expect("a number") + "sealed:".len() + 33;
        row[from..from + 8].to_owned()
    };
    let before = tables(&warehouse).await;
    let resealed = post(&app, "/v1/privacy/reseal", &json!({ "new_key": true })).await;
    assert!(resealed["resealed"][0]["calls"].as_u64() > Some(0), "{resealed}");
    let after = tables(&warehouse).await;
    assert_ne!(key(&before), key(&after));
    assert_eq!(places(&after, &format!(":{}:", key(&before))), [""; 0]);

    let keep = async |hours: i64| {
        app.app().clock().set(Millis::system_now().plus(hours * 3_600_000));
        post(&app, "/v1/privacy/retention", &json!({ "site": "one" })).await
    };
    let done = keep(25).await;
    let all = tables(&warehouse).await;
    assert_eq!(places(&all, &ann.mark("-notes")), [""; 0], "{done}");
    assert!(
        all.iter().all(|(table, _)| *table != "leads")
            && !places(&all, &hyphenated(&ann.call)).is_empty()
    );
    keep(49).await;
    let all = tables(&warehouse).await;
    assert!(all.iter().all(|(table, _)| !["sessions", "leases"].contains(table)));
    assert!(!places(&all, &hyphenated(&ann.call)).is_empty(), "calls are kept");
    let again = keep(49).await;
    for place in ["segments", "calls", "rows"] {
        assert_eq!(again["outdated"][0][place], 0, "{place}: {again}");
    }
    app.stop().await;
}
