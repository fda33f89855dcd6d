//! From the ledger into ClickHouse: several processes, a server that goes and comes back, tables that are lost.

use ringtrace::call::model::CallStatus;
use ringtrace::ledger::model::Envelope;
use ringtrace::ledger::segments::Segments;
use ringtrace::platform::ids::SiteId;
use ringtrace::warehouse::question::Question;
use ringtrace::warehouse::store::{Warehouse, WarehouseError};
use ringtrace::warehouse::worker::{Outcome, Projector, ProjectorError};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::clickhouse::TestClickHouse;
use crate::support::facts::{World, at, call, call_event, drain};
use crate::support::unique_site;

const CALLS: &str = "SELECT count(*) FROM calls";

fn calls(site: &SiteId, range: std::ops::Range<i64>) -> Vec<Envelope> {
    let noon = at("2026-03-02T12:00:00Z");
    let event = |n: i64| call_event(&call(site, &n.to_string(), noon.plus(n), CallStatus::Busy));
    range.map(event).collect()
}

#[tokio::test]
async fn while_it_is_down_events_wait_in_the_ledger_and_none_is_lost() {
    let mut clickhouse = TestClickHouse::start();
    if !clickhouse.is_own() {
        return;
    }
    let site = unique_site();
    let world = World::with(&[(&site, "UTC")], |config| clickhouse.configure(config)).await;
    let mut projector = world.projector();
    world.add(&calls(&site, 0..30)).await;
    assert_eq!(drain(&mut projector).await, 30);

    clickhouse.stop();
    world.add(&calls(&site, 20..50)).await;
    for _ in 0..2 {
        let outcome = projector.run_once().await;
        let Outcome::Failed(ProjectorError::Warehouse(why)) = outcome else {
            panic!("it is down: {outcome:?}")
        };
        assert!(matches!(why, WarehouseError::Unreachable { .. }), "{why}");
    }
    assert!(world.warehouse.ping().await.is_err());
    assert!(world.consumer("looker").lag().await.expect("the lag") >= 30);

    clickhouse.start_again();
    assert_eq!(drain(&mut projector).await, 30);
    assert_eq!(world.count(CALLS).await, 50);
    assert_eq!(world.consumer("looker").lag().await.expect("the lag"), 0);
}

#[tokio::test]
async fn several_processes_share_the_work_and_each_brings_back_what_it_has() {
    let clickhouse = TestClickHouse::start();
    let site = unique_site();
    let world = World::with(&[(&site, "UTC")], |config| {
        clickhouse.configure(config);
        config.warehouse.batch_rows = 10;
    })
    .await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut other = world.live.now().config.clone();
    other.data_folder = elsewhere.path().to_owned();
    let other = Warehouse::of(&other).expect("a warehouse");
    assert_ne!(other.writer(), world.warehouse.writer());
    let second = || {
        let segments = Segments::closing_at(&elsewhere.path().join("segments"), 64 * 1024);
        let consumer = world.consumer(other.writer());
        Projector::with_segments(consumer, other.clone(), segments, world.live.clone())
    };
    let (mut one, mut two) = (world.projector(), second());
    world.add(&calls(&site, 0..200)).await;
    let mut taken = [0, 0];
    loop {
        let outcomes = futures_util::future::join(one.run_once(), two.run_once()).await;
        let mut idle = true;
        for (taken, outcome) in taken.iter_mut().zip([outcomes.0, outcomes.1]) {
            match outcome {
                Outcome::Wrote { events, .. } => (*taken, idle) = (*taken + events, false),
                Outcome::Idle => {}
                Outcome::Failed(error) => panic!("{error}"),
            }
        }
        if idle {
            break;
        }
    }
    assert!(taken[0] > 0 && taken[1] > 0, "{taken:?}");
    assert_eq!(world.count(CALLS).await, 200);

    // All tables are lost, and everything is trimmed from the stream: each process has its own part.
    let shard = world.shards().of(&site);
    world.consumer("looker").trim(shard).await.expect("trimmed");
    for table in ["calls", "call_snapshots", "offsets", "schema_version"] {
        let drop = Question::new("lose a table", format!("DROP TABLE {table} SYNC"), Vec::new());
        world.warehouse.run(vec![drop]).await.expect("dropped");
    }
    assert!(world.warehouse.ask(Question::new("look", CALLS, Vec::new())).await.is_err());
    assert!(other.ask(Question::new("look", CALLS, Vec::new())).await.is_err());
    for mut projector in [world.projector(), second()] {
        drain(&mut projector).await;
    }
    assert_eq!(world.count(CALLS).await, 200);
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused() {
    let clickhouse = TestClickHouse::start();
    let site = unique_site();
    let world = World::with(&[(&site, "UTC")], |config| clickhouse.configure(config)).await;
    let newer = Question::new("be newer", "INSERT INTO schema_version VALUES (99)", Vec::new());
    world.warehouse.run(vec![newer]).await.expect("written");
    let again = Warehouse::of(&world.live.now().config).expect("a warehouse");
    let refused = again.ping().await.expect_err("newer tables");
    assert!(matches!(refused, WarehouseError::Newer { found: 99, .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_it_reports_what_happens_and_serves_while_it_is_down() {
    let mut clickhouse = TestClickHouse::start();
    let mut app = TestApp::start_with(&clickhouse.toml()).await;
    app.page_view("page-one", "utm_source=google&utm_medium=cpc&utm_campaign=spring", None).await;
    let running = app.app.as_ref().expect("it runs");
    assert!(running.wait_until_reported(std::time::Duration::from_secs(60)).await);
    let path = "/v1/reports/query?metrics=visits&dimensions=source&period=today&site=one";
    let report: Value = app.get(path, "rt_admin").await.json().await.expect("JSON");
    assert_eq!(report["rows"], json!([{"source": "google", "visits": 1}]), "{report}");
    let ready = app.get("/readyz", "rt_admin").await;
    assert_eq!(ready.status(), 200);
    assert_eq!(
        ready.json::<Value>().await.expect("JSON"),
        json!({"redis": true, "warehouse": true, "ending": false})
    );
    if clickhouse.is_own() {
        clickhouse.stop();
        let view = app.page_view("page-two", "", None).await;
        assert!(view["session_id"].is_string(), "{view}");
        let ready = app.get("/readyz", "rt_admin").await;
        assert_eq!(ready.status(), 200);
        assert_eq!(ready.json::<Value>().await.expect("JSON")["warehouse"], false);
        assert_eq!(app.get(path, "rt_admin").await.status(), 503);
    }
    app.stop().await;
}
