//! `ringtrace report …` against a running service.

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStdout, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

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

/// What is printed, line by line, and the thread that reads it.
fn lines(from: Option<ChildStdout>) -> (UnboundedReceiver<String>, JoinHandle<()>) {
    let lines = BufReader::new(from.expect("a pipe")).lines();
    let (send, told) = tokio::sync::mpsc::unbounded_channel();
    let reading = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    (told, reading)
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_asks_again_and_sees_what_is_new() {
    let mut app = service().await;
    let mut watching = command(&app, &["query", "--metrics=cost", "--format=csv", "--watch=1"]);
    let mut watching = watching.stdout(Stdio::piped()).spawn().expect("the binary runs");
    let (mut told, reading) = lines(watching.stdout.take());
    assert_eq!(told.recv().await.as_deref(), Some("cost"));
    assert_eq!(told.recv().await.as_deref(), Some("450"));
    let more = json!({ "costs": [{ "date": "2026-03-04", "source": "bing", "medium": "cpc", "amount": 50 }] });
    let asked = app.client.post(format!("{}/v1/costs?site=one", app.base)).bearer_auth("rt_admin");
    assert_eq!(asked.json(&more).send().await.expect("an answer").status(), 200);
    let seen = async { while told.recv().await.expect("it goes on") != "500" {} };
    tokio::time::timeout(Duration::from_secs(30), seen).await.expect("the new figure");
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
    let watched = run(&app, &["query", "--metrics=kalls", "--watch=1"]).await;
    let told = String::from_utf8_lossy(&watched.stderr);
    assert!(!watched.status.success() && told.contains("did you mean `calls`"), "{told}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_goes_on_when_there_is_no_answer() {
    let server = MockServer::start().await;
    let answer =
        |calls: u8| ResponseTemplate::new(200).set_body_string(format!("calls\n{calls}\n"));
    let failed = ResponseTemplate::new(503).set_body_json(json!({ "detail": "out for lunch" }));
    for answer in [failed.clone(), answer(1), failed, answer(2)] {
        Mock::given(any()).respond_with(answer).up_to_n_times(1).mount(&server).await;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringtrace"));
    command.args(["report", "query", "--format=csv", "--watch=1"]).stdin(Stdio::null());
    command.env("RINGTRACE_URL", server.uri()).env("RINGTRACE_KEY", "rt_admin");
    let mut watching =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let (mut told, reading) = lines(watching.stdout.take());
    let seen = async { while told.recv().await.expect("it goes on") != "2" {} };
    tokio::time::timeout(Duration::from_secs(30), seen).await.expect("the second answer");
    watching.kill().expect("it can be ended");
    watching.wait().expect("it ended");
    let mut errors = String::new();
    let mut stderr = watching.stderr.take().expect("a pipe");
    stderr.read_to_string(&mut errors).expect("text");
    assert!(errors.matches("out for lunch; asking again in 1 s").count() >= 2, "{errors}");
    drop(told);
    reading.join().expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_can_be_asked_the_command_can_be_asked() {
    let mut app = service().await;
    let of = |words: &[&'static str]| [&QUERY[..], words].concat();
    let json = |text: String| serde_json::from_str::<Value>(&text).expect("JSON");
    let page = json(text(&app, &of(&["--limit=1", "--totals=false", "--format=json"])).await);
    assert_eq!((&page["rows"][0]["source"], &page["totals"]), (&json!("google"), &Value::Null));
    let cursor = format!("--cursor={}", page["next"].as_str().expect("another page"));
    let table = text(&app, &of(&["--limit=1"])).await;
    assert!(table.contains("Next page: --cursor "), "{table}");
    let next = [&of(&["--limit=1", "--format=json"])[..], &[cursor.as_str()]].concat();
    let next = json(text(&app, &next).await);
    assert_eq!((&next["rows"][0]["source"], &next["next"]), (&json!("bing"), &Value::Null));

    text(&app, &of(&["--spam=only"])).await;
    let refused = run(&app, &of(&["--spam=maybe"])).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("`only`"));

    let analysis = ["query", "--metrics=cost", "--filter=source:equals:google", "--analyse"];
    let analysis = text(&app, &analysis).await;
    for (row, cost) in
        [("(none)", "450"), ("alone", "400"), ("all but this", "450"), ("(all)", "400")]
    {
        let line = analysis.lines().find(|line| line.contains(row));
        assert!(line.is_some_and(|line| line.contains(cost)), "{row}, {cost}:\n{analysis}");
    }
    assert!(analysis.contains("source = google"), "{analysis}");

    let pages = text(&app, &["landing-pages", "--a=/one", "--b=/two"]).await;
    assert!(pages.contains("They cannot be compared"), "{pages}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_written_whole_or_not_at_all() {
    let mut app = service().await;
    let folder = tempfile::tempdir().expect("a folder");
    let output = |name: &str| format!("--output={}", folder.path().join(name).display());
    let formats: [(&str, &[u8]); 4] = [
        ("parquet", b"PAR1"),
        ("arrow", &[0xff; 4]),
        ("csv", b"source,cost"),
        ("table", b"query, 2026-03-01"),
    ];
    for (format, begins) in formats {
        let (format, name) = (format!("--format={format}"), format!("rows.{format}"));
        let piped = run(&app, &[&QUERY[..], &[format.as_str()]].concat()).await;
        assert!(piped.stdout.starts_with(begins), "{name}");
        let told =
            text(&app, &[&QUERY[..], &[format.as_str(), output(&name).as_str()]].concat()).await;
        let written = std::fs::read(folder.path().join(&name)).expect("the file");
        assert!(written.starts_with(begins), "{name}");
        assert!(told.contains(&format!("{} bytes", written.len())), "{told}");
    }
    let refused = run(&app, &["sources", "--format=parquet", &output("sources.parquet")]).await;
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && told.contains("`json` or `csv`"), "{told}");
    assert_eq!(folder.path().read_dir().expect("the folder").count(), 4, "and no parts");
    app.stop().await;
}
