//! A backup that is made while the service works, put into a clean folder: the same reports, byte for byte.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use ringtrace::platform::caller_keys::KEY_FILE;
use ringtrace::platform::redis_server::RedisServer;
use ringtrace::platform::tls::client_builder;
use serde_json::{Value, json};

use crate::support::app::{AUTH_TOKEN, BROWSER, twilio_signature};
use crate::support::process::Home;

const ASKED: [&str; 5] = [
    "/v1/reports/sources?from=2020-01-01&to=2035-12-31&format=csv",
    "/v1/reports/landing-pages?from=2020-01-01&to=2035-12-31&format=csv",
    "/v1/calls?site=one",
    "/v1/leads?site=one",
    "/v1/sites/one/pools/main/numbers",
];

fn run(arguments: &[&str], config: &Path) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringtrace"));
    command.args(arguments).env("RINGTRACE_CONFIG", config).env("RINGTRACE_KEY", "rt_admin");
    let said = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a text");
    if said.status.success() { Ok(text(said.stdout)) } else { Err(text(said.stderr)) }
}

fn config_of(home: &Home) -> PathBuf {
    home.data().with_file_name("ringtrace.toml")
}

async fn visitor_calls(home: &Home, n: u32) {
    let client = client_builder().no_proxy().build().expect("a client");
    let view = json!({
        "v": 1, "key": "pk_one", "page": format!("page-{n:04}"), "seq": 1,
        "url": format!("https://www.one.example/page-{n}?utm_source=google&utm_campaign=c{n}"),
    });
    let asked = client.post(home.url("/v1/lease")).header("user-agent", BROWSER);
    let reply: Value = asked.body(view.to_string()).send().await.unwrap().json().await.unwrap();
    let number = reply["targets"][0]["tracking"]["number"].as_str().unwrap_or("+14155550190");
    let (sid, from) = (format!("CA{n:032}"), format!("+1212555{n:04}"));
    let all = [("CallSid", sid.as_str()), ("From", from.as_str()), ("To", number)];
    for (event, told) in [
        ("voice", &[("CallStatus", "ringing"), ("Direction", "inbound")][..]),
        ("status", &[("CallStatus", "completed"), ("CallDuration", "12")]),
    ] {
        let fields = [&all[..], told].concat();
        let url = home.url(&format!("/v1/telephony/twilio/one/{event}"));
        let signed =
            client.post(&url).header("x-twilio-signature", twilio_signature(&url, &fields));
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let told = signed.header("content-type", "application/x-www-form-urlencoded").body(body);
        assert!(told.send().await.expect("an answer").status().is_success());
    }
}

async fn read(home: &Home, path: &str) -> String {
    let client = client_builder().no_proxy().build().expect("a client");
    let answer =
        client.get(home.url(path)).bearer_auth("rt_admin").send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.expect("a text")
}

/// Everything that is asked, once the ledger is in the warehouse: until `calls` are reported.
async fn all(home: &Home, calls: usize) -> Vec<String> {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let report = read(home, "/v1/reports/sources?from=2020-01-01&to=2035-12-31").await;
        let report: Value = serde_json::from_str(&report).expect("JSON");
        if report["totals"]["calls"] == calls {
            break;
        }
        assert!(std::time::Instant::now() < end, "never {calls} calls: {report}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut texts = Vec::new();
    for path in ASKED {
        texts.push(read(home, path).await);
    }
    texts
}

fn take_key(from: &Home, to: &Home) {
    std::fs::copy(from.data().join(KEY_FILE), to.data().join(KEY_FILE)).expect("a copy");
}

async fn restored(backup: &Path, environment: &[(&str, &str)]) -> Home {
    let other = Home::new();
    let mut text = other.configuration(&["0190", "0191"]);
    for (from, to) in environment {
        text = text.replace(from, to);
    }
    other.write(&text);
    run(&["restore", backup.to_str().unwrap()], &config_of(&other)).expect("it is restored");
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_service_makes_the_same_service_again() {
    let home = Home::new();
    home.write(&home.configuration(&["0190", "0191"]));
    let mut service = home.serve_ready().await;
    for n in 1..=6 {
        visitor_calls(&home, n).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("monday");
    let name = backup.to_str().unwrap();
    // What was answered before is in it, also what the warehouse has not read yet.
    let (told, ()) = tokio::join!(
        tokio::task::spawn_blocking({
            let (name, config) = (name.to_owned(), config_of(&home));
            move || run(&["backup", &name], &config)
        }),
        async {
            // The service goes on working meanwhile.
            for n in 100..110 {
                read(&home, &format!("/v1/calls?limit={n}")).await;
            }
        }
    );
    let told = told.unwrap().expect("a backup is made");
    assert!(told.contains("files"), "{told}");
    assert!(run(&["backup", name], &config_of(&home)).is_err(), "it would be overwritten");
    let before = all(&home, 6).await;
    visitor_calls(&home, 7).await;
    // Neither the copy nor what the service itself writes is for anybody else.
    for path in walk(&backup).into_iter().chain(walk(&home.data())) {
        let mode = std::fs::metadata(&path).map(|of| of.permissions().mode());
        assert!(mode.is_err() || mode.is_ok_and(|mode| mode & 0o077 == 0), "{path:?}");
    }

    let every_file: Vec<u8> =
        walk(&backup).iter().flat_map(|f| std::fs::read(f).unwrap()).collect();
    assert!(!contains(&every_file, AUTH_TOKEN.as_bytes()), "a secret of the configuration");
    assert!(!backup.join("signing.key").exists());

    // Numbers are sealed: their key is kept elsewhere.
    let other = restored(&backup, &[]).await;
    take_key(&home, &other);
    let mut again = other.serve_ready().await;
    assert_eq!(all(&other, 6).await, before);
    // It is a service like any other: calls go on where they were.
    visitor_calls(&other, 8).await;
    all(&other, 7).await;
    again.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(again.ended().await.success(), "{}", again.log());

    // A folder that has something, and a backup that was changed or is of tomorrow, are refused.
    let refused = run(&["restore", name], &config_of(&other)).unwrap_err();
    assert!(refused.contains("is not empty"), "{refused}");
    let clean = Home::new();
    clean.write(&clean.configuration(&["0190"]));
    let manifest = backup.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for (changed, why) in [
        (text.replace("\"format\": 1", "\"format\": 2"), "use the newer program"),
        (text.replace("\"warehouse\": ", "\"warehouse\": 9"), "use the newer program"),
        (text.replace("\"shards\": 16", "\"shards\": 8"), "set redis.shards"),
        (text.replace("\"bytes\": ", "\"bytes\": 1"), "not as it was written"),
        ("{".to_owned(), "is damaged"),
    ] {
        std::fs::write(&manifest, changed).unwrap();
        let refused = run(&["restore", name], &config_of(&clean)).unwrap_err();
        assert!(refused.contains(why), "{why}: {refused}");
    }
    service.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(service.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_service_left_moves_to_a_redis_of_ones_own_and_back() {
    let home = Home::new();
    home.write(&home.configuration(&["0190", "0191"]));
    let mut service = home.serve_ready().await;
    for n in 1..=3 {
        visitor_calls(&home, n).await;
    }
    let before = all(&home, 3).await;
    service.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(service.ended().await.success());
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    run(&["backup", first.to_str().unwrap(), "--with-keys"], &config_of(&home)).expect("a backup");
    assert!(first.join("signing.key").exists() && first.join("redis.rdb").exists());

    let redis = RedisServer::start("redis-server", &folder.path().join("redis")).await.unwrap();
    let section = format!("[redis]\nurl = \"{}\"\n[server]\n", redis.url());
    let other = restored(&first, &[("[server]\n", &section)]).await;
    let mut service = other.serve_ready().await;
    assert_eq!(all(&other, 3).await, before);
    run(&["backup", second.to_str().unwrap()], &config_of(&other)).expect("a backup");
    service.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(service.ended().await.success());
    assert!(second.join("redis.dump").exists());
    redis.stop().await;

    let back = restored(&second, &[]).await;
    take_key(&home, &back);
    let mut service = back.serve_ready().await;
    assert_eq!(all(&back, 3).await, before);
    service.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(service.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_starts_on_half_a_backup_or_on_what_a_newer_program_wrote() {
    let home = Home::new();
    home.write(&home.configuration(&["0190"]));
    let mut service = home.serve_ready().await;
    visitor_calls(&home, 1).await;
    all(&home, 1).await;
    service.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(service.ended().await.success());
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    run(&["backup", backup.to_str().unwrap()], &config_of(&home)).expect("a backup");

    // It breaks off where Redis is to get its part.
    let half = Home::new();
    let whole = half.configuration(&["0190"]);
    half.write(&format!("{whole}\n[redis]\nprogram = \"/bin/false\"\n"));
    let restore = ["restore", backup.to_str().unwrap()];
    run(&restore, &config_of(&half)).expect_err("there is no Redis");
    half.write(&whole);
    let mut service = half.serve(&[]);
    assert!(!service.ended().await.success());
    assert!(service.log().contains("restored"), "{}", service.log());
    let refused = run(&restore, &config_of(&half)).unwrap_err();
    assert!(refused.contains("restore again"), "{refused}");
    std::fs::remove_dir_all(half.data()).unwrap();
    let list = folder.path().join("nothing.ndjson");
    let with_erasures = [&restore[..], &["--erasures", list.to_str().unwrap()]].concat();
    run(&with_erasures, &config_of(&half)).expect_err("the list is not there");
    run(&restore, &config_of(&half)).expect("nothing was written before");
    let mut service = half.serve_ready().await;
    all(&half, 1).await;
    service.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(service.ended().await.success());

    let format = half.data().join("format");
    let ours: u32 = std::fs::read_to_string(&format).unwrap().trim().parse().expect("a number");
    std::fs::write(&format, (ours + 1).to_string()).unwrap();
    let mut service = half.serve(&[]);
    assert!(!service.ended().await.success());
    assert!(service.log().contains("use the newer program"), "{}", service.log());
    std::fs::remove_file(&format).unwrap();

    let redis = RedisServer::start("redis-server", &folder.path().join("redis")).await.unwrap();
    let mut connection = redis::Client::open(redis.url()).unwrap();
    redis::cmd("SET").arg("rt:{format}:format").arg(ours + 1).exec(&mut connection).unwrap();
    let mut service = half.serve(&[("RINGTRACE__REDIS__URL", redis.url())]);
    assert!(!service.ended().await.success());
    assert!(service.log().contains("Redis has data of form"), "{}", service.log());
    redis::cmd("DEL").arg("rt:{format}:format").exec(&mut connection).unwrap();
    let mut service = half.serve_until("/readyz", &[("RINGTRACE__REDIS__URL", redis.url())]).await;
    let noted: u32 = redis::cmd("GET").arg("rt:{format}:format").query(&mut connection).unwrap();
    assert_eq!(noted, ours);
    service.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(service.ended().await.success());
    redis.stop().await;
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(walk(&path)),
            path => found.push(path),
        }
    }
    found
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
