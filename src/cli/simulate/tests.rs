//! A trace is what was assumed.

use clap::Parser;
use serde_json::Value;

use super::{SimulateArgs, simulate};

#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    args: SimulateArgs,
}

fn args(options: &str) -> SimulateArgs {
    let words = ["simulate", "--out", "-"].into_iter().chain(options.split_whitespace());
    Options::try_parse_from(words).expect(options).args
}

fn lines(options: &str) -> Vec<Value> {
    let args = args(options);
    args.check().expect("it can be");
    let mut out = Vec::new();
    simulate(&args, &mut out).expect("it is written");
    let text = String::from_utf8(out).expect("JSON is text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_seed_draws_one_trace_in_time_order() {
    let options = "--days 3 --visits 300 --seed 5";
    let once = lines(options);
    assert_eq!(once, lines(options));
    assert_ne!(once, lines("--days 3 --visits 300 --seed 6"));
    assert!(once.windows(2).all(|two| two[0]["at"].as_i64() <= two[1]["at"].as_i64()));
}

#[test]
fn the_shares_are_those_that_were_asked_for() {
    let all = lines(
        "--days 14 --visits 1500 --tel-clicks 0.3 --wrong-numbers 0.1 --repeat 0 --idle-clicks 0 --bots 0.2",
    );
    let of = |kind: &str| all.iter().filter(|line| line["type"] == kind).collect::<Vec<_>>();
    let calls = of("call");
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    let wrong = calls.iter().filter(|call| call["dials"] == "any").count();
    assert!((share(wrong, calls.len()) - 0.1).abs() < 0.01);
    let taps = of("beat").iter().filter(|beat| beat["tel_click"] == true).count();
    assert!((share(taps, calls.len() - wrong) - 0.3).abs() < 0.04, "{taps}");
    let views = of("view");
    let programs =
        views.iter().filter(|v| v["user_agent"].as_str().is_some_and(|a| a.contains("bot")));
    let programs = programs.count();
    let sessions: std::collections::BTreeSet<_> =
        views.iter().filter_map(|view| view["session"].as_str()).collect();
    assert!((share(programs, sessions.len() - programs) - 0.2).abs() < 0.02);
    let nights = views.iter().filter(|view| view["at"].as_i64().expect("ms") / 3_600_000 % 24 < 6);
    assert!(share(nights.count(), views.len()) < 0.06);
}

#[test]
fn what_cannot_be_is_told() {
    for (options, word) in [
        ("--tel-clicks 1.5", "--tel-clicks"),
        ("--hours 1,2", "--hours"),
        ("--visits 0", "--visits"),
        ("--wrong-numbers 1", "--wrong-numbers"),
        ("--sources billboard=1:0.1", "billboard"),
        ("--delays page=0", "--delays"),
    ] {
        let wrong = args(options).check().expect_err(options);
        assert!(wrong.contains(word), "{wrong}");
    }
    for options in ["--delays noon=1", "--sources google-ads=1", "--delays just=x"] {
        let words = ["simulate", "--out", "-"].into_iter().chain(options.split_whitespace());
        assert!(Options::try_parse_from(words).is_err(), "{options}");
    }
}
