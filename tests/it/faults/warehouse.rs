//! The real program, killed again and again: what it acknowledged is in the warehouse, once.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use ringtrace::ledger::model::{EntryId, Event};
use ringtrace::ledger::segments::Segments;
use ringtrace::platform::keys::Shards;
use ringtrace::warehouse::store::{Warehouse, sql};

use crate::support::app::{TestApp, redis_pid};

const KILLS: usize = 20;

/// `ringtrace serve` as a process of its own, on the data folder of `world`.
fn serve(world: &TestApp) -> Child {
    let file = world.folder().join("served.toml");
    // Batches come as fast as they can, so that kills fall into them.
    let text = world.configuration(&["0190", "0191"]).replace(
        "[postback]\n",
        "[warehouse]\nbatch_wait = \"5ms\"\nbatch_rows = 20\n[postback]\n",
    );
    std::fs::write(&file, text).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringtrace"));
    command.arg("serve").arg("--config").arg(&file);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

async fn until_ready(world: &TestApp) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let asked = world.client.get(format!("{}/readyz", world.base)).send().await;
        if asked.is_ok_and(|answer| answer.status() == 200) {
            return;
        }
        assert!(Instant::now() < end, "it is not ready in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Kills the program at once. Its Redis ends in order: killed as well it may lose what came while a
/// slow disk synced, which is another promise.
async fn kill_it(world: &TestApp, program: &mut Child) {
    let redis = redis_pid(world);
    program.kill().expect("killed");
    program.wait().expect("ended");
    let _ = kill(redis, Signal::SIGTERM);
    let socket = world.folder().join("redis/redis.sock");
    let end = Instant::now() + Duration::from_secs(20);
    // It goes when everything is written.
    while socket.exists() {
        assert!(Instant::now() < end, "Redis does not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn end(program: &mut Child) {
    kill(Pid::from_raw(program.id() as i32), Signal::SIGTERM).expect("signalled");
    assert!(program.wait().expect("ended").success(), "it ends in order");
}

/// The calls (with their newest version) and the sessions that segments hold.
fn ledger(folder: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let segments = Segments::new(&folder.join("segments"));
    let (mut sessions, mut calls) = (BTreeSet::new(), BTreeSet::new());
    for shard in Shards(16).all() {
        for part in segments.after(shard, EntryId::default()).expect("segments") {
            for entry in part.expect("readable") {
                match entry.envelope.event {
                    Event::Session(visit) => sessions.insert(visit.session.0.to_string()),
                    Event::Call(call) => calls.insert(call.id.0.to_string()),
                    Event::Lease(_)
                    | Event::Postback(_)
                    | Event::Lead(_)
                    | Event::Cost(_)
                    | Event::Staffing(_) => false,
                };
            }
        }
    }
    (sessions, calls)
}

async fn ids(warehouse: &Warehouse, question: &'static str) -> Vec<String> {
    let asked = warehouse.read(move |connection| {
        let failed = sql("answer a test");
        let mut statement = connection.prepare(question).map_err(&failed)?;
        let rows = statement.query_map([], |row| row.get(0)).map_err(&failed)?;
        rows.collect::<Result<_, _>>().map_err(&failed)
    });
    asked.await.expect("an answer")
}

/// Every session and call of the ledger has one row, and there are no others.
async fn nothing_is_lost_or_doubled(world: &TestApp, views: usize, sids: &[String]) {
    let (sessions, calls) = ledger(world.folder());
    let warehouse = Warehouse::open(world.folder(), 1).expect("the warehouse");
    let rows = ids(&warehouse, "SELECT id::VARCHAR FROM sessions ORDER BY id::VARCHAR").await;
    assert_eq!(rows, sessions.into_iter().collect::<Vec<_>>());
    assert_eq!(rows.len(), views);
    let rows = ids(&warehouse, "SELECT id::VARCHAR FROM calls ORDER BY id::VARCHAR").await;
    assert_eq!(rows, calls.into_iter().collect::<Vec<_>>());
    let rows =
        ids(&warehouse, "SELECT provider_call_id FROM calls ORDER BY provider_call_id").await;
    assert_eq!(rows, sids);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_and_a_damaged_log_lose_and_double_nothing() {
    let world = TestApp::on_a_free_port();
    let mut rng = StdRng::seed_from_u64(7);
    let (mut views, mut sids) = (0, Vec::new());
    for round in 0..KILLS {
        let mut program = serve(&world);
        until_ready(&world).await;
        for n in 0..rng.random_range(1..12) {
            world.page_view(&format!("page-{round}-{n}"), "utm_source=google", None).await;
            views += 1;
            let sid = format!("CA{round:016}{n:016}");
            for (event, status) in [("voice", "ringing"), ("status", "completed")] {
                let fields = [
                    ("CallSid", sid.as_str()),
                    ("AccountSid", "AC00000000000000000000000000000001"),
                    ("From", "+14155550123"),
                    ("To", "+14155550190"),
                    ("CallStatus", status),
                    ("CallDuration", "61"),
                    ("Direction", "inbound"),
                ];
                assert!(world.twilio(event, &fields).await.status().is_success());
            }
            sids.push(sid);
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..40))).await;
        kill_it(&world, &mut program).await;
    }
    sids.sort();
    let mut program = serve(&world);
    until_ready(&world).await;
    end(&mut program);
    nothing_is_lost_or_doubled(&world, views, &sids).await;

    // A last kill, and one flipped byte in the log that DuckDB would replay.
    let mut program = serve(&world);
    until_ready(&world).await;
    let log = world.folder().join("warehouse.duckdb.wal");
    let size = || std::fs::metadata(&log).map_or(0, |log| log.len());
    let end_of_wait = Instant::now() + Duration::from_secs(20);
    // Several commits: damage in the last one would be a torn end, which DuckDB leaves off without a word.
    for page in ["page-one", "page-two", "page-last"] {
        let before = size();
        world.page_view(page, "utm_source=bing", None).await;
        views += 1;
        while size() <= before {
            assert!(Instant::now() < end_of_wait, "nothing is written to the log");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    kill_it(&world, &mut program).await;
    let mut bytes = std::fs::read(&log).expect("the log");
    // In what was written, not in how long it is: that would be a torn end as well.
    let written = bytes.windows(4).position(|some| some == b"bing").expect("the source of a visit");
    bytes[written] ^= 0xff;
    std::fs::write(&log, bytes).expect("written");
    let mut program = serve(&world);
    until_ready(&world).await;
    end(&mut program);
    let aside = std::fs::read_dir(world.folder())
        .expect("the folder")
        .any(|file| file.expect("a file").file_name().to_string_lossy().contains(".wal.damaged-"));
    assert!(aside, "the damaged log is kept");
    nothing_is_lost_or_doubled(&world, views, &sids).await;
}
