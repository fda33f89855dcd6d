//! The ledger's streams and segments.

use ringtrace::call::model::CallStatus;
use ringtrace::ledger::model::{Entry, EntryId};
use ringtrace::ledger::segments::{SegmentError, Segments};
use ringtrace::ledger::store::Which;
use ringtrace::platform::keys::Shard;

use crate::support::facts::{World, at, call, call_event, drain};
use crate::support::unique_site;

const SHARD: Shard = Shard(3);

fn id(ms: u64) -> EntryId {
    EntryId { ms, seq: 0 }
}

/// Entries `from..to`, each a call of its own.
fn lines(from: u64, to: u64) -> Vec<(EntryId, String)> {
    let site = "a-site".parse().expect("a site id");
    let line = |ms: u64| {
        let call = call(&site, &ms.to_string(), at("2026-03-02T10:00:00Z"), CallStatus::Answered);
        (id(ms), call_event(&call).to_json())
    };
    (from..to).map(line).collect()
}

fn ids(segments: &Segments, after: u64) -> Vec<u64> {
    let parts = segments.after(SHARD, id(after)).expect("segments");
    parts.flat_map(|part| part.expect("readable")).map(|entry: Entry| entry.id.ms).collect()
}

#[test]
fn segments_give_back_what_was_written_after_an_offset_over_many_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut segments = Segments::closing_at(folder.path(), 2_000);
    for batch in 0..20 {
        segments.append(SHARD, &lines(batch * 10 + 1, batch * 10 + 11)).expect("written");
    }
    assert_eq!(ids(&segments, 0), (1..=200).collect::<Vec<_>>());
    assert_eq!(ids(&segments, 137), (138..=200).collect::<Vec<_>>());
    assert_eq!(ids(&segments, 200), Vec::<u64>::new());
    let files = std::fs::read_dir(folder.path().join("s03")).expect("a folder").count();
    assert!(files > 3, "files must be closed at their size, found {files}");
    let nothing = segments.after(Shard(4), id(0)).expect("no folder is no error").count();
    assert_eq!(nothing, 0);
}

#[test]
fn a_half_written_end_is_cut_off_and_writing_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = folder.path().join("s03/open.ndjson.zst");
    Segments::new(folder.path()).append(SHARD, &lines(1, 11)).expect("written");
    let whole = std::fs::read(&open).expect("the open file");
    Segments::new(folder.path()).append(SHARD, &lines(11, 21)).expect("written");
    let longer = std::fs::read(&open).expect("the open file");
    // A crash can leave any part of the last frame, or zeros in its place.
    let mut zeros = whole.clone();
    zeros.extend(vec![0; 300]);
    let cut = |end: usize| longer[..end].to_vec();
    let ends = [whole.len() + 1, whole.len() + 9, longer.len() - 1].map(cut);
    for damaged in ends.into_iter().chain([zeros]) {
        std::fs::write(&open, &damaged).expect("written");
        let mut segments = Segments::new(folder.path());
        segments.append(SHARD, &lines(11, 31)).expect("written");
        assert_eq!(ids(&segments, 0), (1..31).collect::<Vec<_>>());
    }
}

#[test]
fn a_damaged_part_of_a_closed_file_is_reported_and_the_rest_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut segments = Segments::new(folder.path());
    segments.append(SHARD, &lines(1, 11)).expect("written");
    let open = folder.path().join("s03/open.ndjson.zst");
    let first = std::fs::metadata(&open).expect("the open file").len() as usize;
    segments.append(SHARD, &lines(11, 21)).expect("written");
    let mut bytes = std::fs::read(&open).expect("the open file");
    // The checksum at the end of the first frame.
    bytes[first - 1] ^= 0xff;
    std::fs::write(&open, bytes).expect("written");
    let parts: Vec<_> = segments.after(SHARD, id(0)).expect("segments").collect();
    assert!(matches!(parts[0], Err(SegmentError::Damaged { .. })));
    let rest = parts[1].as_ref().expect("the second frame is whole");
    assert_eq!(rest.first().map(|entry| entry.id.ms), Some(11));
}

#[tokio::test]
async fn what_a_dead_consumer_left_is_taken_over() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let shard = world.shards().of(&site);
    let call = call(&site, "one", at("2026-03-02T10:00:00Z"), CallStatus::Answered);
    world.add(&[call_event(&call)]).await;
    let dead = world.consumer("dead");
    dead.ensure_groups().await.expect("groups");
    assert_eq!(dead.read(shard, Which::New, 10).await.expect("read").len(), 1);

    let heir = world.consumer("heir");
    assert_eq!(heir.read(shard, Which::New, 10).await.expect("read").len(), 0);
    assert_eq!(heir.lag().await.expect("lag"), 1);
    assert!(!heir.claim_abandoned(shard, 60_000).await.expect("asked"), "it may be alive");
    assert!(heir.claim_abandoned(shard, 0).await.expect("asked"));
    let pending = heir.read(shard, Which::Pending, 10).await.expect("read");
    assert_eq!(pending.len(), 1);
    heir.acknowledge(shard, &[pending[0].id]).await.expect("acknowledged");
    assert_eq!(heir.lag().await.expect("lag"), 0);
}

#[tokio::test]
async fn a_stream_is_trimmed_only_after_everybody_has_read_it() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let shard = world.shards().of(&site);
    let calls = (0..1_000).map(|number| {
        let at = at("2026-03-02T10:00:00Z").plus(number);
        call_event(&call(&site, &number.to_string(), at, CallStatus::Answered))
    });
    world.add(&calls.collect::<Vec<_>>()).await;
    let consumer = world.consumer("projector");
    consumer.ensure_groups().await.expect("groups");
    assert_eq!(consumer.trim(shard).await.expect("trimmed"), 0, "nothing was read");

    let mut projector = world.projector();
    assert_eq!(drain(&mut projector).await, 1_000);
    // The projector may have trimmed by itself already.
    consumer.trim(shard).await.expect("trimmed");
    let left = length(&world, shard).await;
    assert!(left <= 200, "whole nodes of what is in segments go, {left} stay");
    let kept = world.segments().after(shard, EntryId::default()).expect("segments");
    assert_eq!(kept.map(|part| part.expect("readable").len()).sum::<usize>(), 1_000);
}

async fn length(world: &World, shard: Shard) -> usize {
    let mut length = redis::cmd("XLEN");
    length.arg(shard.ledger());
    world.redis.patient_handle().command("a test", &length).await.expect("a length")
}

#[tokio::test]
async fn a_long_stream_is_trimmed_at_once_however_much_was_read() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let shard = world.shards().of(&site);
    let consumer = world.consumer("projector");
    consumer.ensure_groups().await.expect("groups");
    // More than Redis trims with one command of its own accord.
    let mut pipeline = redis::pipe();
    for _ in 0..25_000 {
        pipeline.cmd("XADD").arg(shard.ledger()).arg("*").arg("e").arg("{}").ignore();
    }
    let handle = world.redis.patient_handle();
    handle.pipeline::<()>("a test", &pipeline).await.expect("added");
    let read = consumer.read(shard, Which::New, 25_000).await.expect("read");
    let ids: Vec<EntryId> = read.iter().map(|message| message.id).collect();
    consumer.acknowledge(shard, &ids).await.expect("acknowledged");
    consumer.trim(shard).await.expect("trimmed");
    let kept = length(&world, shard).await;
    assert!(kept <= 200, "{kept} entries are kept");
}

#[tokio::test]
async fn a_redis_that_pauses_is_waited_for() {
    let site = unique_site();
    let world = World::start(&[(&site, "UTC")]).await;
    let consumer = world.consumer("projector");
    consumer.ensure_groups().await.expect("groups");
    let redis = nix::unistd::Pid::from_raw(world.redis.pid() as i32);
    nix::sys::signal::kill(redis, nix::sys::signal::Signal::SIGSTOP).expect("stopped");
    let goes_on = async {
        // Longer than the client library waits by default.
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
        nix::sys::signal::kill(redis, nix::sys::signal::Signal::SIGCONT).expect("goes on");
    };
    let (lag, ()) = tokio::join!(consumer.lag(), goes_on);
    assert_eq!(lag.expect("an answer"), 0);
}
