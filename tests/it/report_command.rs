//! `ringtrace report …` against a running service.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::app::TestApp;

/// A service with costs of three days: figures that can be told by heart.
async fn service() -> TestApp {
    let app = TestApp::start().await;
    let costs: Vec<_> = [("2026-03-01", "google", 300), ("2026-03-02", "google", 100), ("2026-03-03", "bing", 50)]
        .map(|(date, source, amount)| json!({ "date": date, "source": source, "medium": "cpc", "amount": amount }))
        .to_vec();
    let told = app.client.post(format!("{}/v1/costs?site=one", app.base)).bearer_auth("rt_admin");
    let told = told.json(&json!({ "costs": costs })).send().await.expect("an answer");
    assert_eq!(told.status(), 200);
    app.reported().await;
    app
}

fn command(app: &TestApp, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringtrace"));
    command.arg("report").args(words).args(["--from=2026-03-01", "--to=2026-03-04", "--site=one"]);
    command.env("RINGTRACE_URL", &app.base).env("RINGTRACE_KEY", "rt_admin").stdin(Stdio::null());
    command
}

async fn run(app: &TestApp, words: &[&str]) -> Output {
    let mut command = command(app, words);
    let ran = tokio::task::spawn_blocking(move || command.output().expect("the binary runs"));
    ran.await.expect("it ends")
}

async fn text(app: &TestApp, words: &[&str]) -> String {
    let output = run(app, words).await;
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

const QUERY: [&str; 4] = ["query", "--metrics=cost,calls", "--dimensions=source", "--order=-cost"];

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_in_every_format() {
    let mut app = service().await;
    let of = |format| [&QUERY[..], &[format]].concat();
    let json: Value = serde_json::from_str(&text(&app, &of("--format=json")).await).expect("JSON");
    assert_eq!(json["rows"][0]["source"], "google");
    assert_eq!((&json["rows"][0]["cost"], &json["totals"]["cost"]), (&json!(400.0), &json!(450.0)));
    let lines = text(&app, &of("--format=ndjson")).await;
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(Value::from(lines), json["rows"]);
    let csv = text(&app, &of("--format=csv")).await;
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<_> = rows.records().map(|row| row.expect("a row")).collect();
    assert_eq!((&rows[0][0], &rows[0][1], rows.len()), ("google", "400", 2), "{csv}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_bars_and_times_have_a_sparkline() {
    let mut app = service().await;
    let table = text(&app, &QUERY).await;
    let bar_of = |name: &str| {
        let line =
            table.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{table}"));
        line.matches('#').count()
    };
    // A bar is as long as its figure: eight times as much.
    let (google, bing) = (bar_of("google"), bar_of("bing"));
    assert!(bing >= 1 && (6 * bing..=10 * bing).contains(&google), "{google} to {bing}:\n{table}");
    assert!(
        table.lines().any(|line| line.starts_with("Total") || line.contains(" Total ")),
        "{table}"
    );

    let days = text(&app, &["query", "--metrics=cost", "--grain=day", "--fill"]).await;
    let spark =
        days.lines().find(|line| line.starts_with("cost ")).unwrap_or_else(|| panic!("{days}"));
    let spark = spark.trim_start_matches("cost ");
    assert_eq!((spark.chars().count(), spark.chars().next()), (4, Some('#')), "{days}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_named_report_is_printed() {
    let mut app = service().await;
    for name in [
        "sources",
        "hours",
        "landing-pages",
        "campaigns",
        "keywords",
        "callers",
        "status",
        "agents",
        "dispositions",
        "publishers",
        "numbers",
        "pools",
        "geography",
        "money",
        "response",
    ] {
        let printed = text(&app, &[name]).await;
        assert!(
            printed.lines().count() >= 1 && printed.contains("2026-03-01"),
            "{name}: {printed}"
        );
        let csv = text(&app, &[name, "--format=csv"]).await;
        assert!(csv.lines().next().is_some_and(|header| header.contains("calls")), "{name}: {csv}");
    }
    let money = text(&app, &["money"]).await;
    assert!(money.contains("google") && money.contains("400"), "{money}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_asks_again_and_sees_what_is_new() {
    let mut app = service().await;
    let mut watching = command(&app, &["query", "--metrics=cost", "--format=csv", "--watch=1"]);
    let mut watching = watching.stdout(Stdio::piped()).spawn().expect("the binary runs");
    let lines = BufReader::new(watching.stdout.take().expect("a pipe")).lines();
    let (send, mut told) = tokio::sync::mpsc::unbounded_channel();
    let reading = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    assert_eq!(told.recv().await.as_deref(), Some("cost"));
    assert_eq!(told.recv().await.as_deref(), Some("450"));
    let more = json!({ "costs": [{ "date": "2026-03-04", "source": "bing", "medium": "cpc", "amount": 50 }] });
    let asked = app.client.post(format!("{}/v1/costs?site=one", app.base)).bearer_auth("rt_admin");
    assert_eq!(asked.json(&more).send().await.expect("an answer").status(), 200);
    let seen = async { while told.recv().await.expect("it goes on") != "500" {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), seen).await.expect("the new figure");
    watching.kill().expect("it can be ended");
    watching.wait().expect("it ended");
    drop(told);
    reading.join().expect("it ends");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_told_with_the_nearest_name() {
    let mut app = service().await;
    let refused = run(&app, &["query", "--metrics=kalls"]).await;
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && told.contains("did you mean `calls`"), "{told}");
    app.stop().await;
}
