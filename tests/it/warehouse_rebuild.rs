//! A warehouse made anew from segments and ledger is the one that was; what differs is found.

use ringtrace::call::model::CallStatus;
use ringtrace::ledger::model::Envelope;
use ringtrace::platform::ids::SiteId;
use ringtrace::platform::redis::{Patience, Redis};
use ringtrace::warehouse::rebuild::{RebuildError, rebuild};
use ringtrace::warehouse::store::{Warehouse, sql};
use ringtrace::warehouse::verify::{Verified, verify};

use crate::support::facts::{World, at, call, call_event, made_by, session_event, source, visit};
use crate::support::process::Home;
use crate::support::unique_site;

/// Some days of visits and calls in several versions.
pub fn events(site: &SiteId, days: std::ops::Range<i64>) -> Vec<Envelope> {
    let mut events = Vec::new();
    for day in days {
        let noon = at("2026-03-01T12:00:00Z").plus(day * 86_400_000);
        let visit = visit(site, noon, source("google", "cpc", "spring", "Paid Search"), "/");
        events.push(session_event(&visit));
        for (version, status) in (1..).zip([CallStatus::Received, CallStatus::Answered]) {
            let attribution = Some(made_by(&visit, 0.9));
            let told = call(site, &format!("c{day}"), noon.plus(60_000), status);
            events.push(call_event(&ringtrace::call::model::Call { version, attribution, ..told }));
        }
    }
    events
}

async fn compared(world: &World) -> Verified {
    let redis = Redis::standalone(world.redis.url(), Patience::of_workers()).expect("a handle");
    verify(redis, &world.live).await.expect("it can be compared")
}

/// The world with its warehouse closed, so that others may open the file.
async fn closed(mut world: World) -> World {
    world.warehouse.checkpoint().await.expect("a checkpoint");
    let elsewhere = world.folder.path().join("elsewhere");
    world.warehouse = Warehouse::open(&elsewhere, 1).expect("another warehouse");
    world
}

async fn tamper(world: &World, text: &'static str) {
    let warehouse = Warehouse::open(world.folder.path(), 1).expect("the warehouse");
    let changed = warehouse.change(move |c| c.execute_batch(text).map_err(sql("be tampered with")));
    changed.await.expect("changed");
    warehouse.checkpoint().await.expect("a checkpoint");
}

#[tokio::test]
async fn what_was_changed_by_hand_is_found_and_a_rebuild_mends_it() {
    let site = unique_site();
    let world = World::start(&[(&site, "Europe/Berlin")]).await;
    world.add(&events(&site, 0..6)).await;
    world.drain().await;
    // One day more waits in the ledger.
    world.add(&events(&site, 6..7)).await;
    let world = closed(world).await;

    let sound = compared(&world).await;
    assert_eq!(sound.differences, []);
    assert_eq!((sound.rows["calls"], sound.waiting, sound.damages), (6, 3, 0));

    tamper(&world, "DELETE FROM calls WHERE local_date = DATE '2026-03-03'").await;
    tamper(&world, "UPDATE sessions SET source = 'bing' WHERE local_date = DATE '2026-03-04'")
        .await;
    tamper(&world, "INSERT INTO touches SELECT * REPLACE ('gone' AS site) FROM touches LIMIT 1")
        .await;
    let found = compared(&world).await.differences;
    let told: Vec<_> = found
        .iter()
        .map(|one| {
            let rows = (one.found.rows, one.expected.rows);
            (one.part.table, one.part.site.as_str(), one.part.day.as_str(), rows)
        })
        .collect();
    let expected = [
        ("calls", site.as_str(), "2026-03-03", (0, 1)),
        ("sessions", site.as_str(), "2026-03-04", (1, 1)),
        ("touches", "gone", "2026-03-01", (1, 0)),
    ];
    assert_eq!(told, expected);

    let redis = Redis::standalone(world.redis.url(), Patience::of_workers()).expect("a handle");
    let rebuilt = rebuild(redis, &world.live, false).await.expect("a new warehouse");
    let rows = |table| rebuilt.rows.iter().find(|(name, _)| *name == table).map(|(_, rows)| *rows);
    assert_eq!((rows("sessions"), rows("calls"), rows("touches")), (Some(7), Some(7), Some(7)));
    let after = compared(&world).await;
    assert_eq!((after.differences, after.waiting), (vec![], 0));
    for left in ["rebuild", "verify"] {
        assert!(!world.folder.path().join(left).exists(), "{left} is left");
    }
}

#[tokio::test]
async fn damaged_segments_leave_the_old_warehouse_unless_that_is_wanted() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    for day in 0..30 {
        world.add(&events(&site, day..day + 1)).await;
        world.drain().await;
    }
    let world = closed(world).await;
    let folder = world.folder.path().join("segments");
    let shard = std::fs::read_dir(&folder).expect("shards").flatten().next().expect("a shard");
    let path = shard.path().join("open.ndjson.zst");
    let mut bytes = std::fs::read(&path).expect("a segment");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8].fill(0xff);
    std::fs::write(&path, bytes).expect("written");

    let handle = || Redis::standalone(world.redis.url(), Patience::of_workers()).expect("a handle");
    // What Redis still has would mend it.
    let forget = redis::cmd("FLUSHALL");
    let forgotten = world.redis.handle().command::<()>("a test", &forget).await;
    forgotten.expect("Redis forgets");
    let refused = rebuild(handle(), &world.live, false).await;
    assert!(matches!(refused, Err(RebuildError::Damaged(1..))), "{refused:?}");
    let old = Warehouse::open(world.folder.path(), 1).expect("the old one");
    let calls = |c: &duckdb::Connection| {
        let counted = c.query_row("SELECT count(*) FROM calls", [], |row| row.get(0));
        counted.map_err(sql("be counted"))
    };
    assert_eq!(old.read::<u64>(calls).await.expect("rows"), 30);
    drop(old);

    let rebuilt = rebuild(handle(), &world.live, true).await.expect("what there is");
    assert!(rebuilt.damages > 0);
    let new = Warehouse::open(world.folder.path(), 1).expect("the new one");
    let left = new.read::<u64>(calls).await.expect("rows");
    assert!((1..30).contains(&left), "{left} calls could be read");
}

#[tokio::test]
async fn what_opens_the_file_itself_is_refused_while_the_service_has_it() {
    let home = Home::new();
    home.write(&home.configuration(&["0190"]));
    let process = home.serve_ready().await;
    let config = home.data().with_file_name("ringtrace.toml");
    let file = home.data().with_file_name("calls.parquet");
    let file = file.to_str().expect("a text");
    let ask = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ringtrace"));
        command.args(words).arg("--config").arg(&config).output().expect("it runs")
    };
    let all: [&[&str]; 3] = [
        &["warehouse", "rebuild"],
        &["warehouse", "verify"],
        &["export", "calls", "--output", file],
    ];
    for words in all {
        let refused = ask(words);
        let told = String::from_utf8_lossy(&refused.stderr);
        let says_why = told.contains("in use by another Ringtrace");
        assert!(!refused.status.success() && says_why, "{words:?}: {told}");
    }
    drop(process);
    for pid in home.redis_servers() {
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
    }
    for words in all {
        let done = ask(words);
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    assert!(std::fs::read(file).expect("the file").ends_with(b"PAR1"));
}
