//! `ringtrace replay`: small traces whose right answers are known by hand, and busy ones on which
//! rules are compared.

mod judged;
mod sites;

use std::io::Cursor;
use std::process::Stdio;

use clap::Parser;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ringtrace::cli::replay::{Plan, ReplayArgs, Summary, replay};
use ringtrace::cli::{Cli, CliError, Command};
use serde_json::{Value, json};

use crate::support::traffic::{BUSY, Traffic, trace};

fn args(options: &str) -> ReplayArgs {
    let words = ["ringtrace", "replay", "trace.ndjson"];
    let cli = Cli::try_parse_from(words.into_iter().chain(options.split_whitespace()));
    match cli.expect(options).command {
        Command::Replay(args) => args,
        _ => unreachable!("it is a replay"),
    }
}

/// Plays `trace` and returns the summary and what was written of the calls.
async fn play(trace: &str, options: &str) -> Result<(Summary, String), CliError> {
    let args = args(options);
    let plan = Plan::of(&args)?;
    let trace = Cursor::new(trace.to_owned());
    let (summary, calls) = replay(args, plan, trace, Some(Vec::new())).await?;
    let calls = calls.expect("they are given back");
    Ok((summary, String::from_utf8(calls).expect("JSON is text")))
}

/// The calls of a trace that is given as JSON values, with `at` in seconds.
async fn calls_of(lines: &[Value], options: &str) -> (Summary, Vec<Value>) {
    let (summary, calls) = play(&text(lines), options).await.expect("it can be played");
    (summary, calls.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

fn text(lines: &[Value]) -> String {
    let ms = |line: &Value| {
        let mut line = line.clone();
        line["at"] = json!(1_772_438_400_000_i64 + line["at"].as_i64().expect("seconds") * 1000);
        format!("{line}\n")
    };
    lines.iter().map(ms).collect()
}

fn view(at: i64, session: &str) -> Value {
    json!({ "type": "view", "at": at, "session": session, "url": "https://www.example.com/" })
}

fn page(kind: &str, at: i64, session: &str, page: &str) -> Value {
    let url = "https://www.example.com/";
    json!({ "type": kind, "at": at, "session": session, "page": page, "url": url })
}

fn beat(at: i64, session: &str) -> Value {
    json!({ "type": "beat", "at": at, "session": session })
}

fn click(at: i64, session: &str) -> Value {
    json!({ "type": "beat", "at": at, "session": session, "tel_click": true })
}

fn leave(at: i64, session: &str) -> Value {
    json!({ "type": "leave", "at": at, "session": session })
}

fn call(at: i64, session: &str) -> Value {
    let caller = "+16175550123";
    json!({ "type": "call", "at": at, "caller": caller, "dials_number_shown_to": session })
}

/// What each call dialled, and which session was chosen with which tier.
fn answers(calls: &[Value]) -> Vec<(Option<&str>, Option<&str>, &str)> {
    let answer = |call| -> (Option<&str>, Option<&str>, &str) {
        let call: &Value = call;
        (call["to"].as_str(), call["session"].as_str(), call["tier"].as_str().expect("a tier"))
    };
    calls.iter().map(answer).collect()
}

const FIRST: Option<&str> = Some("+15550000000");
const SECOND: Option<&str> = Some("+15550000001");

#[tokio::test]
async fn a_call_from_the_page_is_joined_with_its_session() {
    let lines = [view(0, "a"), view(5, "b"), click(20, "a"), call(24, "a"), call(30, "b")];
    let (summary, calls) = calls_of(&lines, "--numbers 2").await;
    assert_eq!(answers(&calls), [(FIRST, Some("a"), "own"), (SECOND, Some("b"), "own")]);
    let a = &calls[0];
    assert_eq!((a["truth"].as_str(), a["caller"].as_str()), (Some("a"), Some("+16175550123")));
    assert_eq!(a["at"], json!(1_772_438_424_000_i64));
    assert_eq!(a["candidates"][0]["probability"], a["confidence"]);
    assert!(a["confidence"].as_f64() > calls[1]["confidence"].as_f64(), "it clicked");
    assert_eq!((summary.score.callers.calls, summary.score.callers.right), (2, 2));
    assert_eq!((summary.counts.sessions, summary.counts.leases["own"]), (2, 2));
}

#[tokio::test]
async fn who_shares_a_number_is_told_apart_by_the_click() {
    let lines = [view(0, "a"), view(5, "b"), click(20, "a"), beat(35, "b"), call(40, "a")];
    let (summary, calls) = calls_of(&lines, "--numbers 1").await;
    assert_eq!(answers(&calls), [(FIRST, Some("a"), "shared")]);
    let candidates = calls[0]["candidates"].as_array().expect("a list");
    assert_eq!(candidates.len(), 2);
    assert_eq!(candidates[1]["session"], "b");
    assert_eq!(summary.counts.leases["shared"], 1);
    assert_eq!(summary.counts.held.peak, 1);
}

#[tokio::test]
async fn who_saw_only_the_original_number_cannot_be_joined() {
    let lines = [view(0, "a"), view(5, "b"), call(10, "b"), call(12, "a")];
    let (summary, calls) = calls_of(&lines, "--numbers 1 --overflow none").await;
    assert_eq!(answers(&calls), [(None, None, "original"), (FIRST, Some("a"), "own")]);
    assert_eq!(
        (calls[0]["truth"].as_str(), calls[0]["confidence"].as_f64()),
        (Some("b"), Some(0.0))
    );
    assert_eq!(summary.score.without_number, 1);
    assert_eq!(summary.score.callers.share, Some(0.5));
    assert_eq!(summary.score.calibration.answers.calls, 1);
}

#[tokio::test]
async fn a_wrong_number_is_nobodys_and_a_late_call_may_be_anothers() {
    let wrong = json!({ "type": "call", "at": 1, "caller": null, "dials": "any" });
    let lines = [
        // Before anybody was shown anything.
        wrong,
        view(10, "a"),
        leave(20, "a"),
        // `a` is long gone, and `b` has its number.
        view(600, "b"),
        call(620, "a"),
        json!({ "type": "call", "at": 630, "caller": "anonymous", "to": "+15550000000" }),
        json!({ "type": "call", "at": 640, "caller": "anonymous", "to": "+442079460000" }),
    ];
    let (summary, calls) = calls_of(&lines, "--numbers 1").await;
    assert_eq!(
        answers(&calls),
        [
            (FIRST, None, "original"),
            (FIRST, Some("b"), "unrested"),
            (FIRST, Some("b"), "unrested"),
            (Some("+442079460000"), None, "original"),
        ]
    );
    assert_eq!((calls[0]["confidence"].as_f64(), calls[0]["caller"].is_null()), (Some(1.0), true));
    let score = summary.score;
    assert_eq!((score.wrong_numbers.calls, score.wrong_numbers.right), (1, 1));
    assert_eq!((score.callers.calls, score.callers.right, score.unknown_truth), (1, 0, 2));
    assert_eq!(score.tiers["unrested"].share, Some(0.0));
}

#[tokio::test]
async fn a_number_is_held_while_one_of_two_tabs_is_open() {
    let lines = [
        page("view", 0, "a", "one"),
        page("view", 5, "a", "two"),
        page("leave", 10, "a", "one"),
        page("beat", 40, "a", "two"),
        view(150, "b"),
        page("leave", 160, "a", "two"),
        // 90 s after the last page was left.
        view(249, "c"),
        view(251, "d"),
        call(252, "b"),
        call(253, "c"),
        call(254, "d"),
    ];
    let (_, calls) = calls_of(&lines, "--numbers 1 --overflow none").await;
    let got = [(None, None, "original"), (None, None, "original"), (FIRST, Some("d"), "unrested")];
    assert_eq!(answers(&calls), got);
}

#[tokio::test]
async fn without_pages_a_view_replaces_the_page_before() {
    let lines = [view(0, "a"), view(10, "a"), leave(20, "a"), view(111, "b"), call(115, "b")];
    let (_, calls) = calls_of(&lines, "--numbers 1 --overflow none").await;
    assert_eq!(answers(&calls), [(FIRST, Some("b"), "unrested")]);
}

#[tokio::test]
async fn messages_that_come_late_change_nothing() {
    let mut leave = page("leave", 20, "a", "one");
    leave["seq"] = json!(2);
    let mut newer = page("beat", 15, "a", "one");
    newer["seq"] = json!(3);
    let lines = [page("view", 0, "a", "one"), newer, leave, view(150, "b"), call(160, "b")];
    let (_, calls) = calls_of(&lines, "--numbers 1 --overflow none").await;
    assert_eq!(answers(&calls), [(None, None, "original")]);
}

#[tokio::test]
async fn programs_get_no_number_and_strangers_are_counted() {
    let mut robot = view(0, "r");
    robot["user_agent"] = json!("Mozilla/5.0 (compatible; Googlebot/2.1)");
    let lines = [robot, beat(10, "r"), beat(20, "x"), leave(21, "x"), view(30, "a"), call(40, "r")];
    let (summary, calls) = calls_of(&lines, "--numbers 1 --overflow none").await;
    assert_eq!(answers(&calls), [(None, None, "original")]);
    let counts = summary.counts;
    assert_eq!((counts.programs, counts.strays, counts.sessions), (1, 2, 1));
    assert_eq!(counts.leases.get("original"), None);
}

/// Two numbers; `v` had the second one last. Where `v` comes back, it gets that one as long as it is
/// remembered, else the first, which is idle for longer.
fn comes_back(after: i64, again: &str) -> Vec<Value> {
    let of_v = |at, session| {
        let mut view = view(at, session);
        view["visitor"] = json!("v");
        view
    };
    let (other, first) = (view(0, "w"), of_v(1, "v1"));
    vec![other, first, leave(2, "w"), leave(3, "v1"), of_v(after, again), call(after + 1, again)]
}

#[tokio::test]
async fn what_redis_would_have_forgotten_by_then_is_forgotten() {
    const MINUTE: i64 = 60;
    const DAY: i64 = 86_400;
    for (after, again, number) in
        [(40 * MINUTE, "v1", SECOND), (29 * DAY, "v2", SECOND), (31 * DAY, "v2", FIRST)]
    {
        let (_, calls) = calls_of(&comes_back(after, again), "--numbers 2").await;
        assert_eq!(answers(&calls), [(number, Some(again), "own")], "{after}");
    }
    // Without a visitor, only the session itself remembers its number, for less than an hour.
    for (after, number) in [(40 * MINUTE, SECOND), (120 * MINUTE, FIRST)] {
        let mut lines = comes_back(after, "v1");
        lines.iter_mut().for_each(|line| line["visitor"] = Value::Null);
        let (_, calls) = calls_of(&lines, "--numbers 2").await;
        assert_eq!(answers(&calls), [(number, Some("v1"), "own")], "{after}");
    }
    // A month later a call is nobody's.
    let lines = [view(0, "a"), leave(5, "a"), call(31 * DAY, "a")];
    let (_, calls) = calls_of(&lines, "--numbers 1").await;
    assert_eq!(answers(&calls), [(FIRST, None, "original")]);
}

#[tokio::test]
async fn a_trace_may_count_from_zero() {
    let view = r#"{"type":"view","at":0,"session":"a","url":"https://www.example.com/"}"#;
    let call = r#"{"type":"call","at":900,"caller":"+16175550123","dials_number_shown_to":"a"}"#;
    let (summary, calls) = play(&format!("{view}\n{call}\n"), "--numbers 1").await.expect("played");
    assert!(calls.contains(r#""tier":"own""#), "{calls}");
    assert_eq!(summary.from.as_deref(), Some("1970-01-01T00:00:00.000Z"));
}

#[tokio::test]
async fn a_bad_line_ends_the_replay_or_is_left_out() {
    let good = text(&[view(0, "a"), call(10, "a")]);
    let unknown = text(&[call(5, "x")]);
    for (bad, words) in [
        ("{\"type\":\"view\"\n".to_owned(), "line 1"),
        (unknown, "no session \"x\""),
        ("\u{1}\n".to_owned(), "line 1"),
    ] {
        let trace = format!("{bad}{good}");
        let error = play(&trace, "--numbers 1").await.expect_err("it cannot be played");
        let error = error.to_string();
        assert!(error.contains(words) && error.contains("trace.ndjson"), "{error}");
        let (summary, _) = play(&trace, "--numbers 1 --skip-bad").await.expect("it is left out");
        assert_eq!((summary.bad_lines, summary.score.callers.right), (1, 1));
    }
    let (empty, calls) = play("", "--numbers 1").await.expect("nothing happened");
    assert_eq!((empty.lines, empty.score.callers.share, calls.as_str()), (0, None, ""));
}

#[tokio::test]
async fn the_same_trace_gives_the_same_bytes_however_it_is_sent() {
    let busy = trace(Traffic { hours: 2, ..BUSY });
    for options in ["--numbers 3", "--numbers 9 --seed 7", "--numbers 5 --policy share"] {
        let (summary, calls) = play(&busy, options).await.expect("played");
        assert!(summary.score.callers.calls > 20, "{summary:?}");
        let again = play(&busy, options).await.expect("played");
        assert_eq!((&again.0, &again.1), (&summary, &calls), "{options}");
        let slowly = format!("{options} --one-at-a-time");
        let slowly = play(&busy, &slowly).await.expect("played");
        assert_eq!((slowly.0, slowly.1), (summary, calls), "{options}");
    }
}

/// Any lines at all: few sessions and visitors, tabs, messages out of order, seqs from 0, long and no
/// waits.
fn any_lines() -> impl Strategy<Value = Vec<Value>> {
    let what = prop_oneof![
        4 => Just("view"), 5 => Just("beat"), 3 => Just("leave"), 2 => Just("call"), 1 => Just("any")
    ];
    let after = prop_oneof![8 => 0i64..20, 3 => 20i64..120, 1 => 120i64..7_200];
    let page = prop::option::weighted(0.6, (0u8..3, prop::option::weighted(0.5, 0u32..5)));
    let line = (after, what, 0u8..8, page, any::<bool>());
    prop::collection::vec(line, 50..300).prop_map(|lines| {
        let mut now = 0;
        type Drawn = (i64, &'static str, u8, Option<(u8, Option<u32>)>, bool);
        let line = |(after, what, session, page, flag): Drawn| {
            now += after;
            let name = format!("s{session}");
            let mut line = match what {
                "view" => view(now, &name),
                "beat" => json!({ "type": "beat", "at": now, "session": name, "tel_click": flag }),
                "leave" => leave(now, &name),
                "call" => call(now, &name),
                _ => json!({ "type": "call", "at": now, "dials": "any" }),
            };
            if let Some((page, seq)) = page.filter(|_| what != "call" && what != "any") {
                line["page"] = json!(format!("p{page}"));
                line["seq"] = json!(seq);
            }
            if what == "view" && session < 3 && flag {
                line["visitor"] = json!(format!("v{}", session % 2));
            }
            line
        };
        lines.into_iter().map(line).collect()
    })
}

#[test]
fn sending_ahead_never_changes_an_answer() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let options = prop::sample::select(vec![
        "--numbers 2",
        "--numbers 3 --hold 30s --linger 0s",
        "--numbers 2 --overflow none",
        "--numbers 1 --policy share",
    ]);
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(any_lines(), options), |(lines, options)| {
        let (trace, options) = (text(&lines), format!("{options} --skip-bad"));
        let slowly = format!("{options} --one-at-a-time");
        let ahead = runtime.block_on(play(&trace, &options)).expect("played");
        let slowly = runtime.block_on(play(&trace, &slowly)).expect("played");
        prop_assert_eq!(ahead, slowly);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[tokio::test]
async fn ten_numbers_by_our_rules_join_more_than_eighty_by_the_markets() {
    let busy = trace(Traffic { hours: 6, ..BUSY });
    let share = async |options: &str| {
        let (summary, _) = play(&busy, options).await.expect("played");
        (summary.score.callers.share.expect("callers"), summary)
    };
    let (ours_10, ours) = share("--numbers 10").await;
    let (market_10, market) = share("--numbers 10 --policy market").await;
    let (market_80, _) = share("--numbers 80 --policy market").await;
    let (share_10, shared) = share("--numbers 10 --policy share").await;
    assert!(ours_10 > market_80 + 0.05, "{ours_10} {market_80}");
    assert!(market_80 > market_10 + 0.2, "{market_80} {market_10}");
    assert!(ours_10 > share_10 && share_10 > market_10, "{ours_10} {share_10} {market_10}");
    // Who holds for half an hour has more numbers out.
    assert!(market.counts.held.mean > ours.counts.held.mean + 1.0, "{:?}", market.counts);
    assert!(shared.counts.held.peak == 10 && ours.score.without_number == 0);
    assert!(market.score.without_number > market.score.callers.right);
    let calibration = ours.score.calibration;
    let right = calibration.answers.share.expect("answers");
    assert!((calibration.mean_confidence.expect("answers") - right).abs() < 0.2, "{calibration:?}");
}

/// The trace of the operations page is the generator's; `UPDATE_EXAMPLES=1` writes it anew.
#[test]
fn the_example_is_what_the_generator_makes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples/plumber.ndjson");
    let made = trace(Traffic { seed: 4, hours: 8, visits_at_peak: 60.0, ..BUSY });
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::write(path, &made).expect("it can be written");
    }
    let written = std::fs::read_to_string(path).expect("docs/examples/plumber.ndjson");
    assert!(written == made, "write it anew with UPDATE_EXAMPLES=1");
}

#[test]
fn the_program_plays_a_pipe_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ringtrace"));
        command.env("TMPDIR", folder.path()).args(["replay", "-", "--numbers", "1"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut playing = program().args(["--calls", "-"]).spawn().expect("it starts");
    let lines = text(&[view(0, "a"), call(5, "a")]);
    let mut trace = playing.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut trace, lines.as_bytes()).expect("it reads");
    drop(trace);
    let done = playing.wait_with_output().expect("it ends");
    let (calls, summary) =
        (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && calls.lines().count() == 1, "{calls}{summary}");
    assert!(summary.contains("joined right") && summary.contains("lines/s"), "{summary}");

    // A trace that never ends, and a signal.
    let mut playing = program().spawn().expect("it starts");
    let trace = playing.stdin.take().expect("a pipe");
    let is_up = || {
        let found = std::fs::read_dir(folder.path()).expect("a folder").flatten().next();
        found.is_some_and(|found| found.path().join("redis.sock").exists())
    };
    while !is_up() {
        assert_eq!(playing.try_wait().expect("it can be asked"), None, "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    kill(Pid::from_raw(playing.id() as i32), Signal::SIGTERM).expect("it runs");
    let done = playing.wait_with_output().expect("it ends");
    drop(trace);
    assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
