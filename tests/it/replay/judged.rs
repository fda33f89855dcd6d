//! How good answers are on traffic that the model was not made for: other lengths of visits, other delays, other
//! shares of taps and of wrong numbers than its prior assumes. Margins are wide: a trace is one draw.

use clap::Parser;
use ringtrace::cli::simulate::simulate;
use ringtrace::cli::{Cli, Command};

use serde_json::json;

use super::{Value, beat, call, calls_of, leave, play, view};

/// A trace by `ringtrace simulate` with these assumptions. Many visits call, so that few lines have many
/// calls.
fn drawn(options: &str) -> String {
    let words = ["ringtrace", "simulate", "--out", "-", "--bots", "0"];
    let cli = Cli::try_parse_from(words.into_iter().chain(options.split_whitespace()));
    let Command::Simulate(args) = cli.expect(options).command else {
        unreachable!("it is a simulation");
    };
    let mut out = Vec::new();
    simulate(&args, &mut out).expect("it is written");
    String::from_utf8(out).expect("JSON is text")
}

const SHORT_VISITS: &str = "--seed 71 --days 2 --visits 1100 --visit 4m --visit-sigma 0.6 --tel-clicks 0.5 \
    --wrong-numbers 0.04 --repeat 0.2 --sources google-ads=40:0.35,organic=40:0.2,direct=20:0.1";
const LONG_VISITS: &str = "--seed 72 --days 3 --visits 900 --visit 9m --visit-sigma 1.1 --tel-clicks 0.15 \
    --wrong-numbers 0.11 --silent 0.25 --sources google-ads=50:0.3,organic=50:0.2 \
    --delays page=0.5,just=0.2:9m,day=0.2:5h,later=0.1:2d";

#[tokio::test]
async fn a_tenth_of_the_numbers_joins_more_than_half_of_them_by_the_markets_rules() {
    let trace = drawn(SHORT_VISITS);
    // Erlang's formula asks for some 60 numbers in the busiest hour.
    let share = async |options: &str| {
        let (summary, _) = play(&trace, options).await.expect("played");
        summary.score.callers.share.expect("callers")
    };
    let (tenth, quarter) =
        (share("--numbers 6 --refit 250").await, share("--numbers 15 --refit 250").await);
    let market_half = share("--numbers 30 --policy market --refit 0").await;
    let market_quarter = share("--numbers 15 --policy market --refit 0").await;
    assert!(tenth >= market_half, "{tenth} {market_half}");
    assert!(quarter >= 2.0 * market_quarter, "{quarter} {market_quarter}");
}

#[tokio::test]
async fn confidence_is_what_it_says_and_wrong_numbers_are_seen() {
    let (summary, _) = play(&drawn(LONG_VISITS), "--numbers 30 --refit 300").await.expect("played");
    let score = &summary.score;
    assert!(score.calls > 550, "{}", score.calls);
    let error = score.quality.all.error().expect("calls");
    assert!(error < 0.1, "{error}");
    let auc = score.quality.auc_nobody().expect("wrong numbers");
    assert!(auc > 0.7, "{auc}");
}

/// Two share the only number and may have made the first call alike. Four others were shown it since when the caller
/// calls again: it is still one of those two, and a stranger is none of them.
#[tokio::test]
async fn whoever_may_have_called_before_may_call_again() {
    const DAY: i64 = 86_400;
    let mut lines = vec![view(0, "a"), view(1, "b"), beat(31, "a"), beat(32, "b"), call(40, "a")];
    lines.extend([leave(50, "a"), leave(51, "b")]);
    let others = ["c", "d", "e", "f"];
    lines.extend((0..).zip(others).map(|(n, name)| view(2 * DAY + n, name)));
    lines.push(call(2 * DAY + 60, "a"));
    let stranger = json!({ "type": "call", "at": 2 * DAY + 61, "caller": "+16175550199",
        "dials_number_shown_to": "c" });
    lines.push(stranger);
    let (_, calls) = calls_of(&lines, "--numbers 1").await;
    let of = |call: &Value, names: &[&str]| -> f64 {
        let all = call["candidates"].as_array().expect("candidates");
        let of_these =
            all.iter().filter(|one| names.contains(&one["session"].as_str().unwrap_or("")));
        of_these.map(|one| one["probability"].as_f64().expect("a number")).sum()
    };
    let first = of(&calls[0], &["a", "b"]);
    assert!(first > 0.9 && of(&calls[0], &["a"]) < 0.6, "{}", calls[0]);
    assert!(of(&calls[1], &["a", "b"]) > 0.9 * first, "{}", calls[1]);
    assert!(of(&calls[2], &others) > 0.8, "{}", calls[2]);
}
