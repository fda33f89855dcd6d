//! How good answers are on traffic that the model was not made for: other lengths of visits, other delays, other
//! shares of taps and of wrong numbers than its prior assumes. Margins are wide: a trace is one draw.

use clap::Parser;
use ringtrace::cli::simulate::simulate;
use ringtrace::cli::{Cli, Command};

use super::play;

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
