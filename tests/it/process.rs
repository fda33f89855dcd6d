//! The real binary: signals, reloads, what it leaves behind, and what it says when it cannot start.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use nix::sys::signal::{Signal, kill};
use reqwest::Client;
use ringtrace::platform::redis_server::RedisServer;
use ringtrace::platform::tls::client_builder;
use serde_json::{Value, json};
use sha1::Sha1;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::app::{AUTH_TOKEN, BROWSER};
use crate::support::process::Home;

fn client() -> Client {
    client_builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client")
}

fn view(page: &str, session: Option<&str>) -> String {
    json!({
        "v": 1, "key": "pk_one", "page": page, "seq": 1, "session": session,
        "url": "https://www.one.example/plumbing?utm_source=google",
    })
    .to_string()
}

/// A page view; the session and the number it got.
async fn page_view(home: &Home, page: &str, session: Option<&str>) -> (String, String) {
    let asked = client().post(home.url("/v1/lease")).header("user-agent", BROWSER);
    let reply: Value =
        asked.body(view(page, session)).send().await.unwrap().json().await.expect("JSON");
    let number = reply["targets"][0]["tracking"]["number"].as_str().unwrap_or_default();
    (reply["session"].as_str().unwrap_or_default().to_owned(), number.to_owned())
}

async fn twilio(home: &Home, event: &str, fields: &[(&str, &str)]) -> u16 {
    let url = home.url(&format!("/v1/telephony/twilio/one/{event}"));
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let mut mac = Hmac::<Sha1>::new_from_slice(AUTH_TOKEN.as_bytes()).expect("any length");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let asked = client()
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", signature)
        .body(body);
    asked.send().await.expect("an answer").status().as_u16()
}

/// A call of ten seconds that somebody answers.
async fn answered_call(home: &Home, number: &str) {
    let sid = "CA00000000000000000000000000000001";
    let call = [("CallSid", sid), ("From", "+14155550123"), ("To", number)];
    let with = |more: &[(&'static str, &'static str)]| [&call[..], more].concat();
    let ringing = with(&[("CallStatus", "ringing"), ("Direction", "inbound")]);
    assert_eq!(twilio(home, "voice", &ringing).await, 200);
    let dial = with(&[
        ("CallStatus", "in-progress"),
        ("DialCallStatus", "completed"),
        ("DialBridged", "true"),
        ("DialCallDuration", "10"),
    ]);
    assert_eq!(twilio(home, "dial", &dial).await, 200);
    let over = with(&[("CallStatus", "completed"), ("CallDuration", "12")]);
    assert_eq!(twilio(home, "status", &over).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_puts_a_good_configuration_in_force_and_leaves_a_running_one_alone() {
    let home = Home::new();
    home.write(&home.configuration(&["0190", "0191"]));
    let mut service = home.serve_ready().await;
    let (first, held) = page_view(&home, "page-0001", None).await;
    let (second, _) = page_view(&home, "page-0002", None).await;

    // A broken file changes nothing and is logged with its reason.
    home.write(&home.configuration(&["0190", "not a number"]));
    service.signal(Signal::SIGHUP);
    service.says("the configuration stays as it was").await;
    assert!(service.log().contains("sites[0].pools[0].numbers"), "{}", service.log());
    assert_eq!(page_view(&home, "page-0001", Some(&first)).await.1, held);

    // A number goes, one comes, and a site with them.
    let gone = &held[held.len() - 4..];
    let stays = if gone == "0190" { "0191" } else { "0190" };
    let text = home.configuration(&[stays, "0192"]);
    home.write(&format!(
        "{text}\n[[sites]]\nid = \"three\"\nkey = \"pk_three\"\nforward_to = \"+14155550113\"\n"
    ));
    service.signal(Signal::SIGHUP);
    service.says("configuration reloaded").await;
    assert!(service.log().contains("sites added: three"), "{}", service.log());
    assert!(service.log().contains("numbers: 1 added, 1 removed"), "{}", service.log());
    assert_eq!(page_view(&home, "page-0001", Some(&first)).await.1, held, "a lease was lost");
    assert_ne!(page_view(&home, "page-0002", Some(&second)).await.1, held);
    assert_eq!(page_view(&home, "page-0003", None).await.1, "+14155550192");
    let sites = client().get(home.url("/v1/sites")).bearer_auth("rt_admin").send().await.unwrap();
    assert_eq!(sites.json::<Value>().await.unwrap().as_array().unwrap().len(), 3);

    service.signal(Signal::SIGTERM);
    assert!(service.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_what_is_in_flight_finishes_and_nothing_is_left_behind() {
    let home = Home::new();
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let conversion = format!(
        "[[sites.conversions]]\nname = \"call\"\ndestinations = [\"slow\"]\n\
         [[sites.destinations]]\nid = \"slow\"\nkind = \"url\"\nurl = \"http://{}/?c={{call_id}}\"\n",
        receiver.local_addr().unwrap()
    );
    let next_site = "[[sites]]\nid = \"two\"";
    let text = home.configuration(&["0190", "0191"]);
    home.write(&text.replace(next_site, &format!("{conversion}{next_site}")));
    let mut service = home.serve_ready().await;
    let (session, number) = page_view(&home, "page-0001", None).await;
    answered_call(&home, &number).await;
    let (mut postback, _) = receiver.accept().await.unwrap();

    // A request whose body is still on its way.
    let body = view("page-0002", None);
    let mut request = TcpStream::connect(("127.0.0.1", home.port)).await.unwrap();
    let head = format!(
        "POST /v1/lease HTTP/1.1\r\nHost: x\r\nUser-Agent: {BROWSER}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{}",
        body.len(),
        &body[..10]
    );
    request.write_all(head.as_bytes()).await.unwrap();
    // Answered afterwards, so the workers have seen the request too.
    page_view(&home, "page-0003", None).await;

    service.signal(Signal::SIGTERM);
    service.says("no new requests").await;
    request.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut reply = String::new();
    request.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(reply.contains("\"tracking\""), "it got a number: {reply}");
    let mut sent = vec![0; 4096];
    let read = postback.read(&mut sent).await.unwrap();
    assert!(String::from_utf8_lossy(&sent[..read]).starts_with("GET /?c="));
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    postback.write_all(ok).await.unwrap();
    let status = service.ended().await;
    assert!(status.success(), "{status}\n{}", service.log());
    assert!(!service.log().contains("in time"), "{}", service.log());
    assert!(home.redis_servers().is_empty(), "an orphaned redis-server");

    // What was written at the end is there at the next start, which works at once.
    let mut service = home.serve_ready().await;
    assert_eq!(page_view(&home, "page-0001", Some(&session)).await.1, number);
    let postbacks =
        client().get(home.url("/v1/postbacks?state=delivered")).bearer_auth("rt_admin").send();
    let postbacks: Value = postbacks.await.unwrap().json().await.unwrap();
    assert_eq!(postbacks["postbacks"].as_array().unwrap().len(), 1, "{postbacks}");
    let report = client().get(home.url("/v1/reports/sources")).bearer_auth("rt_admin").send();
    let report: Value = report.await.unwrap().json().await.unwrap();
    assert_eq!(report["totals"]["calls"], 1, "the ledger was drained: {report}");
    service.signal(Signal::SIGTERM);
    assert!(service.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_and_in_order() {
    let home = Home::new();
    home.write(&home.configuration(&["0190"]));
    let mut service = home.serve_ready().await;
    let mut request = TcpStream::connect(("127.0.0.1", home.port)).await.unwrap();
    let head = "POST /v1/lease HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
    request.write_all(head.as_bytes()).await.unwrap();
    page_view(&home, "page-0001", None).await;
    service.signal(Signal::SIGTERM);
    service.says("no new requests").await;
    let asked = Instant::now();
    service.signal(Signal::SIGTERM);
    assert!(service.ended().await.success());
    // The body that never comes would be waited for as long as `server.shutdown_timeout`, 10 s.
    assert!(asked.elapsed() < Duration::from_secs(5), "took {:?}", asked.elapsed());
    assert!(home.redis_servers().is_empty(), "an orphaned redis-server");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_it_starts_ends_it_and_its_redis() {
    let home = Home::new();
    home.write(&home.configuration(&["0190"]));
    let mut service = home.serve(&[]);
    let end = Instant::now() + Duration::from_secs(20);
    while home.redis_servers().is_empty() {
        assert!(Instant::now() < end, "no redis-server:\n{}", service.log());
        tokio::task::yield_now().await;
    }
    service.signal(Signal::SIGTERM);
    assert!(service.ended().await.success(), "{}", service.log());
    let end = Instant::now() + Duration::from_secs(5);
    while !home.redis_servers().is_empty() {
        assert!(Instant::now() < end, "an orphaned redis-server");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_says_why_in_one_line_and_leaves_nothing_running() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (home, other, blocked) = (Home::new(), Home::new(), Home::new());
    let listen = taken.local_addr().unwrap().to_string();
    other.write(&other.configuration(&["0190"]));
    home.write(&home.configuration(&["0190"]));
    let running = home.serve_ready().await;

    // The data folder cannot be made: a file is in the way.
    let file = blocked.data();
    std::fs::write(&file, "").unwrap();
    let below = file.join("data").display().to_string();
    blocked.write(&blocked.configuration(&["0190"]));
    let home_data = home.data().display().to_string();

    for (world, environment, why) in [
        (&other, ("RINGTRACE__SERVER__LISTEN", listen.as_str()), "cannot listen on"),
        (&other, ("RINGTRACE__DATA_FOLDER", home_data.as_str()), "in use by another Ringtrace"),
        (&blocked, ("RINGTRACE__DATA_FOLDER", below.as_str()), "cannot use the data folder"),
        (&other, ("RINGTRACE__REDIS__PROGRAM", "no-such-program"), "cannot run `no-such-program`"),
        (&other, ("RINGTRACE__REDIS__PROGRAM", "false"), "redis-server did not come up"),
    ] {
        let mut failing = world.serve(&[environment, ("RINGTRACE__LOG__FILTER", "error")]);
        let status = failing.ended().await;
        assert_eq!(status.code(), Some(1), "{why}: {}", failing.log());
        let log = failing.log();
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.starts_with("ringtrace: ") && log.contains(why), "{log}");
        assert!(world.redis_servers().is_empty(), "{why}: an orphaned redis-server");
    }
    // Whoever was there before is not disturbed.
    assert_eq!(home.redis_servers().len(), 1);
    assert_eq!(page_view(&home, "page-0001", None).await.1, "+14155550190");
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_next_start_ends_the_orphan_and_keeps_its_data() {
    let home = Home::new();
    home.write(&home.configuration(&["0190", "0191"]));
    for stopped in [false, true] {
        let mut service = home.serve_ready().await;
        let (session, number) = page_view(&home, "page-0001", None).await;
        service.signal(Signal::SIGKILL);
        service.ended().await;
        let orphan = home.redis_servers();
        assert_eq!(orphan.len(), 1, "the child of a killed service lives on");
        if stopped {
            // It hears nothing but SIGKILL, and only that late.
            kill(orphan[0], Signal::SIGSTOP).unwrap();
        }

        let mut service = home.serve_ready().await;
        let now = home.redis_servers();
        assert_eq!(now.len(), 1, "two servers on one append-only file");
        assert_ne!(now, orphan);
        assert_eq!(page_view(&home, "page-0001", Some(&session)).await.1, number);
        service.signal(Signal::SIGTERM);
        assert!(service.ended().await.success());
        assert!(home.redis_servers().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_up_later_gets_its_numbers_then() {
    let home = Home::new();
    home.write(&home.configuration(&["0190"]));
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().canonicalize().unwrap().join("redis.sock");
    let url = format!("unix://{}", socket.display());
    let mut service = home.serve_until("/healthz", &[("RINGTRACE__REDIS__URL", &url)]).await;
    assert!(service.log().contains("redis.url: Redis cannot be used"), "{}", service.log());
    assert_eq!(page_view(&home, "page-0001", None).await.1, "", "the page keeps its number");
    let call = [
        ("CallSid", "CA00000000000000000000000000000001"),
        ("From", "+14155550123"),
        ("To", "+14155550190"),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
    ];
    assert_eq!(twilio(&home, "voice", &call).await, 200, "the caller is forwarded");

    let redis = RedisServer::start("redis-server", folder.path()).await.unwrap();
    let end = Instant::now() + Duration::from_secs(15);
    while page_view(&home, "page-0002", None).await.1.is_empty() {
        assert!(Instant::now() < end, "the pools stay empty:\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    service.signal(Signal::SIGTERM);
    assert!(service.ended().await.success());
    redis.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_logs_metrics_or_errors() {
    let home = Home::new();
    let secrets = [
        "hunter2-redis",
        "token-from-a-file",
        "rt_admin",
        "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
    ];
    let [redis, token, key, generic] = secrets;
    let file = home.data().with_file_name("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let next_site = "[[sites]]\nid = \"two\"";
    let generic = format!("[sites.telephony.generic]\nsecret = \"{generic}\"\n");
    let text = home
        .configuration(&["0190"])
        .replace(&format!("auth_token = \"{AUTH_TOKEN}\""), "auth_token_file = \"token\"")
        .replace(next_site, &format!("{generic}{next_site}"));
    home.write(&text);
    let url = format!("redis://:{redis}@127.0.0.1:1/");
    let environment =
        [("RINGTRACE__REDIS__URL", url.as_str()), ("RINGTRACE__LOG__FILTER", "debug")];
    let mut service = home.serve_until("/healthz", &environment).await;

    let mut seen = String::new();
    for path in ["/v1/sites", "/v1/postbacks", "/v1/calls", "/nowhere", "/metrics", "/openapi.json"]
    {
        let answer = client().get(home.url(path)).bearer_auth(key).send().await.unwrap();
        seen.push_str(&answer.text().await.unwrap());
    }
    page_view(&home, "page-0001", None).await;
    let fields = [("CallSid", "CA00000000000000000000000000000001"), ("To", "+14155550190")];
    assert_eq!(twilio(&home, "voice", &fields).await, 403, "the token comes from the file");
    service.signal(Signal::SIGHUP);
    service.says("configuration reloaded").await;
    service.signal(Signal::SIGTERM);
    service.ended().await;
    seen.push_str(&service.log());
    assert!(seen.contains("DEBUG"), "debug lines are looked at too");
    assert!(!seen.contains('\u{1b}'), "colours in a file");
    for secret in secrets {
        assert!(!seen.contains(secret), "{secret} leaks");
    }
    let config =
        ringtrace::config::load::load_text("a test", &home.configuration(&["0190"])).unwrap();
    assert!(!format!("{config:?}").contains(AUTH_TOKEN));
}
