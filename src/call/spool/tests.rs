//! Crashes: torn lines, ends between append and done, a Redis that lost its last second.

use std::time::Duration;

use super::*;
use crate::call::model::{CallEvent, CallEventKind, Caller};
use crate::platform::clock::Millis;

const AT_ONCE: SpoolOptions = SpoolOptions {
    grace: Duration::ZERO,
    settle_after: Duration::ZERO,
    postpone: Duration::from_secs(60),
    segment_bytes: 4096,
};

fn event(name: &str) -> CallEvent {
    CallEvent {
        controlled: None,
        provider: "twilio".to_owned(),
        provider_call_id: name.to_owned(),
        dedup: "voice:".to_owned(),
        site: "demo".parse().expect("a site id"),
        at: Millis(1),
        received_at: Millis(1),
        to: None,
        from: Caller { name: "line\nend \"quoted\" ü".to_owned(), ..Caller::default() },
        sip_call_id: None,
        stage: Default::default(),
        dialled: None,
        kind: CallEventKind::Received,
    }
}

fn open(folder: &Path) -> Spool {
    Spool::open(folder, AT_ONCE).expect("a spool")
}

async fn waiting(spool: &Spool) -> Vec<String> {
    let events = spool.replayable(10_000).await.expect("the spool lives");
    events.into_iter().map(|(_, event)| event.provider_call_id).collect()
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the folder").map(|f| f.expect("a file").path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn what_was_not_done_comes_back_after_a_crash_in_its_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = open(folder.path());
    for name in ["a", "b", "c"] {
        spool.append(&event(name)).await.expect("kept");
    }
    drop(spool);
    let spool = open(folder.path());
    assert_eq!(waiting(&spool).await, ["a", "b", "c"]);
    assert_eq!(spool.replayable(1).await.expect("alive")[0].1, event("a"));
    assert_eq!(spool.backlog(), 3);
}

#[tokio::test]
async fn done_is_believed_only_once_redis_has_surely_saved_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = open(folder.path());
    let a = spool.append(&event("a")).await.expect("kept");
    spool.append(&event("b")).await.expect("kept");
    spool.done(a);
    assert_eq!(waiting(&spool).await, ["b"]);
    drop(spool);
    let spool = open(folder.path());
    assert_eq!(waiting(&spool).await, ["a", "b"], "done was in memory only");
    for (id, _) in spool.replayable(1).await.expect("alive") {
        spool.done(id);
    }
    let first_look = spool.settle("run-1").await.expect("alive");
    assert_eq!(first_look, Settled { settled: 0, reopened: 1 }, "that Redis may have restarted");
    for (id, _) in spool.replayable(1).await.expect("alive") {
        spool.done(id);
    }
    assert_eq!(spool.settle("run-1").await.expect("alive").settled, 1);
    drop(spool);
    assert_eq!(waiting(&open(folder.path())).await, ["b"]);
}

#[tokio::test]
async fn another_redis_gets_everything_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SpoolOptions { settle_after: Duration::from_secs(3600), ..AT_ONCE };
    let spool = Spool::open(folder.path(), options).expect("a spool");
    spool.settle("run-1").await.expect("alive");
    let a = spool.append(&event("a")).await.expect("kept");
    spool.done(a);
    assert_eq!(spool.settle("run-1").await.expect("alive"), Settled::default(), "too early");
    assert_eq!(spool.settle("run-2").await.expect("alive").reopened, 1);
    assert_eq!(waiting(&spool).await, ["a"]);
}

#[tokio::test]
async fn files_go_when_all_of_their_events_are_settled() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = open(folder.path());
    spool.settle("run-1").await.expect("alive");
    let mut ids = Vec::new();
    for i in 0..60 {
        ids.push(spool.append(&event(&format!("call-{i}"))).await.expect("kept"));
    }
    let rotated = files(folder.path()).len();
    assert!(rotated > 2, "4 kB files hold fewer than 60 events");
    for id in &ids[1..] {
        spool.done(*id);
    }
    spool.settle("run-1").await.expect("alive");
    assert_eq!(files(folder.path()).len(), 1, "the file of the first event stays");
    drop(spool);
    let spool = open(folder.path());
    assert_eq!(waiting(&spool).await, ["call-0"]);
    let next = spool.append(&event("next")).await.expect("kept");
    assert!(next > ids[0]);
    spool.settle("run-1").await.expect("alive");
    for (id, _) in spool.replayable(10).await.expect("alive") {
        spool.done(id);
    }
    spool.settle("run-1").await.expect("alive");
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn a_torn_tail_is_skipped_and_nothing_else_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = open(folder.path());
    for name in ["a", "b", "c"] {
        spool.append(&event(name)).await.expect("kept");
    }
    drop(spool);
    let file = files(folder.path()).remove(0);
    let whole = std::fs::read(&file).expect("the file");
    let last_line = whole[..whole.len() - 1].iter().rposition(|&b| b == b'\n').expect("lines") + 1;
    for cut in last_line..whole.len() - 1 {
        std::fs::write(&file, &whole[..cut]).expect("cut");
        let spool = open(folder.path());
        assert_eq!(waiting(&spool).await, ["a", "b"], "cut at {cut}");
        // The note must stand on a line of its own, not behind the torn one.
        spool.settle("run-1").await.expect("alive");
        let (a, _) = spool.replayable(1).await.expect("alive")[0].clone();
        spool.done(a);
        spool.settle("run-1").await.expect("alive");
        drop(spool);
        assert_eq!(waiting(&open(folder.path())).await, ["b"]);
    }
    let mut flipped = whole.clone();
    flipped[20] ^= 1;
    std::fs::write(&file, &flipped).expect("damaged");
    assert_eq!(waiting(&open(folder.path())).await, ["b", "c"]);
}

#[tokio::test]
async fn a_folder_that_is_gone_is_an_error_and_not_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = open(&folder.path().join("spool"));
    std::fs::remove_dir_all(folder.path().join("spool")).expect("removed");
    let kept = spool.append(&event("a")).await;
    assert!(matches!(kept, Err(SpoolError::Write(_))));
    std::fs::create_dir_all(folder.path().join("spool")).expect("made again");
    spool.append(&event("b")).await.expect("it recovers");
    assert_eq!(waiting(&spool).await, ["b"]);
}

#[tokio::test]
async fn many_appends_share_a_disk_wait_and_all_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = open(folder.path());
    let names: Vec<String> = (0..500).map(|i| format!("call-{i}")).collect();
    let events: Vec<CallEvent> = names.iter().map(|name| event(name)).collect();
    let appends = events.iter().map(|event| spool.append(event));
    futures_util::future::try_join_all(appends).await.expect("all kept");
    drop(spool);
    let spool = open(folder.path());
    let mut back = waiting(&spool).await;
    back.sort();
    let mut expected = names;
    expected.sort();
    assert_eq!(back, expected);
}

#[tokio::test]
async fn what_is_erased_is_gone_from_the_files_and_the_rest_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = open(folder.path());
    spool.settle("run-1").await.expect("alive");
    let settled = spool.append(&event("erased-and-settled")).await.expect("kept");
    for name in ["a", "erased-and-waiting", "b"] {
        spool.append(&event(name)).await.expect("kept");
    }
    spool.done(settled);
    assert_eq!(spool.settle("run-1").await.expect("alive").settled, 1);
    let erased = spool.erase(|json| json.windows(6).any(|part| part == b"erased")).await;
    assert_eq!(erased.expect("rewritten"), 2);
    assert_eq!((waiting(&spool).await, spool.backlog()), (vec!["a".into(), "b".into()], 2));
    spool.append(&event("c")).await.expect("it goes on");
    drop(spool);
    assert_eq!(waiting(&open(folder.path())).await, ["a", "b", "c"]);
    for file in files(folder.path()) {
        let bytes = std::fs::read(file).expect("a file");
        assert!(!bytes.windows(6).any(|part| part == b"erased"));
    }
}
