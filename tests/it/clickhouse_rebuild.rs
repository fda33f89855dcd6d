//! Into ClickHouse each process sends what it has once more, and looks whether that is there; what others wrote stays.

use ringtrace::call::model::{Call, CallStatus};
use ringtrace::ledger::segments::Segments;
use ringtrace::platform::redis::{Patience, Redis};
use ringtrace::warehouse::question::Question;
use ringtrace::warehouse::rebuild::rebuild;
use ringtrace::warehouse::store::Warehouse;
use ringtrace::warehouse::verify::{Verified, verify};
use ringtrace::warehouse::worker::Projector;

use crate::support::clickhouse::TestClickHouse;
use crate::support::facts::{World, at, call, call_event, drain};
use crate::support::unique_site;
use crate::warehouse_rebuild::events;

fn redis(world: &World) -> Redis {
    Redis::standalone(world.redis.url(), Patience::of_workers()).expect("a handle")
}

async fn compared(world: &World) -> Verified {
    verify(redis(world), &world.live).await.expect("it can be compared")
}

/// What is told of each difference: table, day, rows that are there and rows that should be.
fn told(verified: &Verified) -> Vec<(&'static str, &str, (u64, u64))> {
    let told = verified
        .differences
        .iter()
        .map(|one| (one.part.table, one.part.day.as_str(), (one.found.rows, one.expected.rows)));
    told.collect()
}

async fn change(world: &World, text: &str) {
    let text = format!("{text} SETTINGS mutations_sync = 2");
    let changed = world.warehouse.run(vec![Question::new("change rows", text, Vec::new())]).await;
    changed.expect("changed");
}

#[tokio::test]
async fn each_process_finds_and_mends_what_it_has_written_and_leaves_what_others_did() {
    let clickhouse = TestClickHouse::start();
    let site = unique_site();
    let world = World::with(&[(&site, "Europe/Berlin")], |config| {
        clickhouse.configure(config);
        config.warehouse.batch_rows = 7;
    })
    .await;
    // Another process, whose segments are elsewhere, writes the second half of what happens.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut other = world.live.now().config.clone();
    other.data_folder = elsewhere.path().to_owned();
    let other = Warehouse::of(&other).expect("a warehouse");
    let segments = Segments::new(&elsewhere.path().join("segments"));
    let consumer = world.consumer(other.writer());
    let mut another = Projector::with_segments(consumer, other, segments, world.live.clone());
    world.add(&events(&site, 0..6)).await;
    world.drain().await;
    world.add(&events(&site, 6..9)).await;
    drain(&mut another).await;

    let sound = compared(&world).await;
    assert_eq!(told(&sound), []);
    assert_eq!((sound.rows["sessions"], sound.rows["calls"], sound.rows["touches"]), (6, 6, 6));
    assert_eq!((sound.newer, sound.waiting, sound.damages), (Some(0), 0, 0));

    let day = |day: u32| format!("local_date = '2026-03-{day:02}'::Date32");
    // Of this process: a call that is lost with its touches, a visit that says something else, a call that is older.
    change(&world, &format!("ALTER TABLE calls DELETE WHERE {}", day(3))).await;
    change(&world, &format!("ALTER TABLE sessions UPDATE source = 'bing' WHERE {}", day(4))).await;
    change(
        &world,
        &format!(
            "ALTER TABLE call_snapshots UPDATE snapshot = '{{}}' WHERE {}",
            "started_at < 1772452800000"
        ),
    )
    .await;
    // Of the other: what is not there is not known here.
    change(&world, &format!("ALTER TABLE calls DELETE WHERE {}", day(9))).await;
    let found = compared(&world).await;
    let expected = [
        ("call_snapshots", "2026-03-01", (1, 1)),
        ("calls", "2026-03-03", (0, 1)),
        ("sessions", "2026-03-04", (1, 1)),
        ("touches", "2026-03-03", (0, 1)),
    ];
    assert_eq!(told(&found), expected);

    // One more waits in the ledger when everything is sent once more.
    world.add(&events(&site, 9..10)).await;
    assert!(compared(&world).await.waiting >= 3);
    let rebuilt = rebuild(redis(&world), &world.live, false).await.expect("sent once more");
    assert_eq!((rebuilt.entries, rebuilt.damages), (21, 0));
    let mended = compared(&world).await;
    assert_eq!((told(&mended), mended.waiting, mended.rows["calls"]), (vec![], 0, 7));
    // The other's visits and calls are as they were, and so is what it lacks.
    assert_eq!(world.count("SELECT count(*) FROM sessions").await, 10);
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 9);

    // Somebody else has written a newer version: that is no difference.
    let at_noon = at("2026-03-02T12:01:00Z");
    let newer = Call { version: 9, ..call(&site, "c1", at_noon, CallStatus::Busy) };
    world.add(&[call_event(&newer)]).await;
    drain(&mut another).await;
    let after = compared(&world).await;
    assert_eq!((told(&after), after.newer, after.rows["calls"]), (vec![], Some(2), 6));
    let rebuilt = rebuild(redis(&world), &world.live, false).await.expect("sent once more");
    assert_eq!(rebuilt.entries, 21);
    assert_eq!(world.count("SELECT max(version) FROM calls").await, 9);
    assert!(!world.folder.path().join("verify").exists());
}
