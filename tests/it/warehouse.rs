//! From the ledger into DuckDB: whatever happens, each thing counts once.

use ringtrace::call::model::CallStatus;
use ringtrace::lease::model::Tier;
use ringtrace::platform::redis_server::RedisServer;
use ringtrace::platform::shutdown::Shutdown;
use ringtrace::warehouse::store::{Means, Warehouse, WarehouseError, sql};
use ringtrace::warehouse::worker::{Outcome, ProjectorError};

use crate::on_duckdb::query::world::lease_in;
use crate::support::facts::{
    World, at, call, call_event, drain, made_by, session_event, source, visit,
};
use crate::support::unique_site;

const NOON: &str = "2026-03-02T12:00:00Z";

#[tokio::test]
async fn the_newest_version_of_a_call_wins_in_any_order_and_brings_its_touches() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let visit = visit(&site, at(NOON), source("google", "cpc", "spring", "Paid Search"), "/");
    let first = call(&site, "one", at(NOON), CallStatus::Received);
    let mut second = first.clone();
    second.version = 2;
    second.attribution = Some(made_by(&visit, 0.9));
    let mut third = second.clone();
    third.version = 3;
    third.status = CallStatus::Answered;
    third.talk_s = Some(95);

    // Newest first, the others in a later batch, then everything again in one batch.
    for batch in [vec![&third], vec![&first, &second], vec![&second, &third, &first, &second]] {
        let events: Vec<_> = batch.into_iter().map(call_event).collect();
        world.add(&events).await;
        assert_eq!(world.drain().await, events.len());
        assert_eq!(world.count("SELECT count(*) FROM calls").await, 1);
        let newest = "SELECT count(*) FROM calls WHERE version = 3 AND outcome = 'answered' \
                      AND talk_s = 95 AND source = 'google' AND local_hour = 12 \
                      AND local_weekday = 1 AND local_date = DATE '2026-03-02' \
                      AND caller = 4822678189205111";
        assert_eq!(world.count(newest).await, 1);
        assert_eq!(world.count("SELECT count(*) FROM touches").await, 1);
    }
}

#[tokio::test]
async fn every_kind_of_event_becomes_a_row() {
    use ringtrace::lease::model::{LeaseFact, Tier};
    use ringtrace::ledger::model::{Envelope, Event};
    use ringtrace::platform::ids::CallId;
    use ringtrace::postback::model::{PostbackFact, Verdict};

    let site = unique_site();
    let world = World::start(&[(&site, "America/New_York")]).await;
    let visit = visit(&site, at(NOON), source("bing", "organic", "", "Organic Search"), "/a");
    let lease = LeaseFact {
        session: visit.session,
        site: site.clone(),
        pool: "main".parse().expect("a pool id"),
        target: None,
        number: "+14155550199".parse().ok(),
        tier: Tier::Unrested,
    };
    let postback = PostbackFact {
        id: "p".to_owned(),
        site: site.clone(),
        destination: "crm".parse().expect("a destination id"),
        call: CallId::of(&site, "test", "one"),
        conversion: "long_call".to_owned(),
        attempts: 2,
        verdict: Verdict::Retry { at: at(NOON), why: "503".to_owned() },
    };
    let envelope = |id: &str, event| Envelope::new(site.clone(), at(NOON), id.to_owned(), event);
    let events = [
        session_event(&visit),
        envelope("l", Event::Lease(Box::new(lease))),
        envelope("p.2", Event::Postback(Box::new(postback))),
    ];
    world.add(&events).await;
    world.add(&events).await;
    assert_eq!(world.drain().await, 6);
    for (rows, sql) in [
        (1, "SELECT count(*) FROM sessions WHERE local_hour = 7 AND medium = 'organic'"),
        (1, "SELECT count(*) FROM sessions"),
        (1, "SELECT count(*) FROM leases WHERE tier = 'unrested' AND target IS NULL"),
        (1, "SELECT count(*) FROM postbacks WHERE verdict = 'retry' AND why = '503'"),
        (0, "SELECT count(*) FROM calls"),
    ] {
        assert_eq!(world.count(sql).await, rows, "{sql}");
    }
}

#[tokio::test]
async fn a_consumer_that_dies_between_commit_and_acknowledgement_counts_nothing_twice() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let mut projector = world.projector();
    assert_eq!(drain(&mut projector).await, 0);
    // Segments that cannot be written stop the projector exactly there.
    let blocked = world.folder.path().join("segments");
    std::fs::write(&blocked, "a file where a folder should be").expect("written");
    world.add(&[call_event(&call(&site, "one", at(NOON), CallStatus::Answered))]).await;
    assert!(matches!(projector.run_once().await, Outcome::Failed(_)));
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 1, "it was committed");
    drop(projector);

    std::fs::remove_file(&blocked).expect("removed");
    world.add(&[call_event(&call(&site, "two", at(NOON), CallStatus::Answered))]).await;
    assert_eq!(world.drain().await, 2, "the first comes again");
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 2);
    assert_eq!(world.consumer("projector").lag().await.expect("lag"), 0);
    let shard = world.shards().of(&site);
    let kept = world.segments().after(shard, Default::default()).expect("segments");
    assert_eq!(kept.map(|part| part.expect("readable").len()).sum::<usize>(), 2);
}

#[tokio::test]
async fn a_message_that_nobody_can_read_becomes_a_dead_letter_and_the_others_go_on() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let shard = world.shards().of(&site);
    world.add(&[call_event(&call(&site, "one", at(NOON), CallStatus::Answered))]).await;
    let handle = world.redis.handle();
    let newer = r#"{"v":99,"kind":"from_the_future"}"#;
    for (field, value) in
        [("e", &b"{not json"[..]), ("e", &[0xff, 0xfe]), ("x", b"y"), ("e", newer.as_bytes())]
    {
        let mut add = redis::cmd("XADD");
        add.arg(shard.ledger()).arg("*").arg(field).arg(value);
        handle.command::<String>("a test", &add).await.expect("added");
    }
    world.add(&[call_event(&call(&site, "two", at(NOON), CallStatus::Answered))]).await;

    assert_eq!(world.drain().await, 6);
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 2);
    assert_eq!(world.consumer("projector").lag().await.expect("lag"), 0);
    let mut range = redis::cmd("XRANGE");
    range.arg(shard.ledger_dead()).arg("-").arg("+");
    let dead: redis::streams::StreamRangeReply =
        handle.command("a test", &range).await.expect("dead letters");
    let why = |letter: &redis::streams::StreamId| letter.get::<String>("why").expect("a reason");
    let reasons: Vec<String> = dead.ids.iter().map(why).collect();
    assert_eq!(reasons.len(), 4);
    assert!(reasons[1].contains("UTF-8") && reasons[2].contains("no envelope"), "{reasons:?}");
    assert!(reasons[3].contains("version 99"), "{reasons:?}");
    assert_eq!(world.drain().await, 0, "a dead letter does not come again");
}

#[tokio::test]
async fn a_lost_warehouse_is_rebuilt_from_segments_and_the_stream() {
    let site = unique_site();
    let mut world = World::start(&[(&site, "UTC")]).await;
    let shard = world.shards().of(&site);
    let calls = |range: std::ops::Range<i64>| -> Vec<_> {
        let event =
            |n: i64| call_event(&call(&site, &n.to_string(), at(NOON).plus(n), CallStatus::Busy));
        range.map(event).collect()
    };
    world.add(&calls(0..700)).await;
    world.drain().await;
    world.consumer("projector").trim(shard).await.expect("trimmed");
    world.add(&calls(700..710)).await;

    let elsewhere = tempfile::tempdir().expect("a folder");
    world.warehouse = Warehouse::open(elsewhere.path(), 1).expect("an empty warehouse");
    world.drain().await;
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 710);

    // Without segments the stream alone gives back what it still has.
    std::fs::remove_dir_all(world.folder.path().join("segments")).expect("removed");
    let elsewhere = tempfile::tempdir().expect("a folder");
    world.warehouse = Warehouse::open(elsewhere.path(), 1).expect("an empty warehouse");
    world.drain().await;
    assert!(world.count("SELECT count(*) FROM calls").await >= 10);
}

#[tokio::test]
async fn a_damaged_log_is_set_aside_and_the_ledger_fills_the_gap() {
    let site = unique_site();
    let mut world = World::start(&[(&site, "UTC")]).await;
    let event =
        |n: i64| call_event(&call(&site, &n.to_string(), at(NOON).plus(n), CallStatus::Busy));
    world.add(&(0..50).map(event).collect::<Vec<_>>()).await;
    world.drain().await;
    world.warehouse.checkpoint().await.expect("a checkpoint");
    world.add(&(50..80).map(event).collect::<Vec<_>>()).await;
    world.drain().await;
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 80);

    // A copy of the files as a crash leaves them, with one flipped byte in the log.
    let crashed = tempfile::tempdir().expect("a folder");
    let copy = |name: &str| {
        let bytes = std::fs::read(world.folder.path().join(name)).expect("the file");
        std::fs::write(crashed.path().join(name), bytes).expect("written");
    };
    copy("warehouse.duckdb");
    copy("warehouse.duckdb.wal");
    let log = crashed.path().join("warehouse.duckdb.wal");
    let mut bytes = std::fs::read(&log).expect("the log");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&log, bytes).expect("written");

    world.warehouse = Warehouse::open(crashed.path(), 1).expect("the last checkpoint opens");
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 50);
    let aside = std::fs::read_dir(crashed.path())
        .expect("a folder")
        .any(|file| file.expect("a file").file_name().to_string_lossy().contains(".wal.damaged-"));
    assert!(aside, "the damaged log is kept");
    world.drain().await;
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 80);
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_written_does_not_end_the_reports() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let event =
        |n: i64| call_event(&call(&site, &n.to_string(), at(NOON).plus(n), CallStatus::Busy));
    world.add(&(0..50).map(event).collect::<Vec<_>>()).await;
    let mut projector = world.projector();
    drain(&mut projector).await;
    // As on a full disk: DuckDB gives up the file, and every connection with it.
    let abort = world.warehouse.read(|connection| {
        let abort = connection.execute_batch("SET debug_checkpoint_abort = 'before_header'");
        abort.map_err(ringtrace::warehouse::store::sql("prepare a test"))
    });
    abort.await.expect("set");
    let broken = world.warehouse.checkpoint().await.expect_err("it cannot be written");
    assert!(broken.is_fatal(), "{broken}");
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 50, "the file is open again");
    world.add(&(50..60).map(event).collect::<Vec<_>>()).await;
    assert_eq!(drain(&mut projector).await, 10);
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 60);
}

#[tokio::test]
async fn a_question_that_does_not_fit_into_its_memory_is_answered_by_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let means = Means { threads: 1, memory_mb: 100 };
    let warehouse = Warehouse::open(folder.path(), means).expect("a warehouse");
    let asked = warehouse.read(|connection| {
        let one = |text: &str| connection.query_row(text, [], |row| row.get::<_, String>(0));
        let groups = "SELECT count(*)::VARCHAR FROM (SELECT md5(n::VARCHAR) AS text, count(*) FROM range(2000000) t(n) GROUP BY text)";
        let limit = one("SELECT current_setting('memory_limit')").map_err(sql("tell its limit"))?;
        Ok((limit, one(groups).map_err(sql("count groups"))?))
    });
    let (limit, groups) = asked.await.expect("answers");
    assert_eq!(limit, "100.0 MiB");
    assert_eq!(groups, "2000000");
}

#[test]
fn a_second_process_is_told_who_has_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(Warehouse::open(folder.path(), 1).expect("a warehouse"));
    // A lock of an open file description conflicts even inside one process, as another process'
    // lock would.
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(folder.path().join("warehouse.duckdb"))
        .expect("the file");
    let whole_file = nix::libc::flock {
        l_type: nix::libc::F_WRLCK as i16,
        l_whence: nix::libc::SEEK_SET as i16,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_OFD_SETLK(&whole_file)).expect("locked");
    let refused = Warehouse::open(folder.path(), 1).err().expect("the file is taken");
    assert!(matches!(refused, WarehouseError::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("in use by another process"), "{refused}");
}

#[tokio::test]
async fn a_killed_redis_stops_nothing_for_good_and_loses_no_event() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let mut projector = world.projector();
    // With `everysec` a killed Redis may lose what came while a slow disk synced.
    let mut always = redis::cmd("CONFIG");
    always.arg("SET").arg("appendfsync").arg("always");
    world.redis.handle().command::<()>("a test", &always).await.expect("set");
    world.add(&[call_event(&call(&site, "one", at(NOON), CallStatus::Answered))]).await;
    assert_eq!(drain(&mut projector).await, 1);
    world.add(&[call_event(&call(&site, "two", at(NOON), CallStatus::Answered))]).await;

    let pid = nix::unistd::Pid::from_raw(world.redis.pid() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("killed");
    assert!(matches!(projector.run_once().await, Outcome::Failed(ProjectorError::Store(_))));
    let again = RedisServer::start("redis-server", &world.redis.folder()).await.expect("started");
    assert_eq!(drain(&mut projector).await, 1);
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 2);
    again.stop().await;
}

#[tokio::test]
async fn an_emptied_redis_is_survived_and_shutdown_drains_what_waits() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let mut projector = world.projector();
    assert_eq!(drain(&mut projector).await, 0);
    // As after a restart without data: streams and groups are gone.
    let handle = world.redis.handle();
    handle.command::<()>("a test", &redis::cmd("FLUSHALL")).await.expect("flushed");
    assert!(matches!(projector.run_once().await, Outcome::Failed(_)));
    assert_eq!(drain(&mut projector).await, 0, "it makes its groups again");

    let event =
        |n: i64| call_event(&call(&site, &n.to_string(), at(NOON).plus(n), CallStatus::Busy));
    world.add(&(0..20).map(event).collect::<Vec<_>>()).await;
    let shutdown = Shutdown::default();
    shutdown.begin();
    projector.run(shutdown.signal()).await;
    assert_eq!(world.count("SELECT count(*) FROM calls").await, 20);
}

#[tokio::test]
async fn events_of_a_site_that_is_no_longer_configured_are_kept_in_utc() {
    let site = unique_site();
    let world = World::start(&[]).await;
    let visit = visit(&site, at(NOON), source("(direct)", "(none)", "", "Direct"), "/");
    world.add(&[session_event(&visit)]).await;
    assert_eq!(world.drain().await, 1);
    assert_eq!(world.count("SELECT count(*) FROM sessions WHERE local_hour = 12").await, 1);
}

/// Reports count rows that are alone with their session without telling them apart.
#[tokio::test]
async fn a_lease_is_alone_while_its_session_has_no_other() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let noon = at("2026-03-02T12:00:00Z");
    let visits: Vec<_> =
        (0..6).map(|n| visit(&site, noon.plus(n), source("a", "b", "", "Direct"), "/")).collect();
    let number = Some("+14155550101");
    // One; two at once; a second one later; the same again; a third one later; one of another tier.
    let batches = [
        vec![
            (0, "main", Tier::Own),
            (1, "main", Tier::Own),
            (1, "foot", Tier::Own),
            (2, "main", Tier::Own),
        ],
        vec![(2, "foot", Tier::Own), (0, "main", Tier::Own), (3, "main", Tier::Own)],
        vec![
            (1, "side", Tier::Own),
            (4, "main", Tier::Own),
            (4, "main", Tier::Own),
            (3, "main", Tier::Shared),
        ],
        vec![(5, "main", Tier::Own)],
    ];
    for batch in batches {
        let events: Vec<_> = batch
            .iter()
            .map(|(n, pool, tier)| lease_in(pool, &visits[*n], *tier, number))
            .collect();
        world.add(&events).await;
        world.drain().await;
        let wrong = "SELECT count(*) FROM (SELECT alone, count(*) OVER (PARTITION BY session) AS rows FROM leases) \
                     WHERE alone <> (rows = 1)";
        assert_eq!(world.count(wrong).await, 0);
    }
    assert_eq!(world.count("SELECT count(*) FROM leases").await, 10);
    assert_eq!(world.count("SELECT count(*) FROM leases WHERE alone").await, 3);
}
