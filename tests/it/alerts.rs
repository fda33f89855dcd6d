//! Alerts and reports by the clock: real Redis, a real warehouse, a mail server and a webhook that keep what they are told.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, HttpServer, web};
use ringtrace::alert::question::Reports;
use ringtrace::alert::store;
use ringtrace::alert::worker::AlertWorker;
use ringtrace::call::model::CallStatus;
use ringtrace::config::Live;
use ringtrace::config::model::Site;
use ringtrace::ledger::model::Envelope;
use ringtrace::platform::clock::Clock;
use ringtrace::platform::ids::SiteId;
use ringtrace::report::query::benchmarks::Benchmarks;
use ringtrace::warehouse::rules::facts;
use ringtrace::warehouse::store::Warehouse;
use ringtrace::warehouse::zone::site_zone;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::Engine;
use crate::support::facts::{at, call, call_event, config, made_by, session_event, source, visit};
use crate::support::redis::TestRedis;

type Kept<T> = Arc<Mutex<Vec<T>>>;

fn taken<T>(kept: &Kept<T>) -> Vec<T> {
    std::mem::take(&mut kept.lock().expect("a list"))
}

/// A mail server that takes everything; gives its port and the letters.
async fn mail_server() -> (u16, Kept<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let letters: Kept<String> = Kept::default();
    let kept = letters.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                let mut letter: Option<String> = None;
                let _ = write.write_all(b"220 test\r\n").await;
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer = match (&mut letter, line.as_str()) {
                        (Some(text), ".") => {
                            kept.lock().expect("a list").push(std::mem::take(text));
                            letter = None;
                            "250 taken\r\n"
                        }
                        (Some(text), line) => {
                            text.push_str(line);
                            text.push('\n');
                            continue;
                        }
                        (None, "DATA") => {
                            letter = Some(String::new());
                            "354 go on\r\n"
                        }
                        (None, "QUIT") => "221 bye\r\n",
                        (None, _) => "250 test\r\n",
                    };
                    let _ = write.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    (port, letters)
}

/// A webhook that answers `status`; gives its address, the status and what it was told.
async fn webhook() -> (String, Arc<Mutex<u16>>, Kept<Value>) {
    let (told, status): (Kept<Value>, _) = (Kept::default(), Arc::new(Mutex::new(200)));
    let (kept, answer) = (told.clone(), status.clone());
    let server = HttpServer::new(move || {
        let (kept, answer) = (kept.clone(), answer.clone());
        let handler = move |body: web::Json<Value>| {
            let status = *answer.lock().expect("a status");
            if status == 200 {
                kept.lock().expect("a list").push(body.into_inner());
            }
            let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
            async move { HttpResponse::new(status) }
        };
        App::new().route("/hook", web::post().to(handler))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    (format!("http://{address}/hook"), status, told)
}

struct World {
    _folder: tempfile::TempDir,
    _engine: Engine,
    _redis: TestRedis,
    redis: ringtrace::platform::redis::Redis,
    live: Live,
    clock: Clock,
    warehouse: Warehouse,
    worker: AlertWorker,
    site: SiteId,
}

impl World {
    async fn new(change: impl FnOnce(&mut Site), mail_port: u16) -> Self {
        let test_redis = TestRedis::start().await;
        let redis = test_redis.patient_handle();
        let site: SiteId = "shop".parse().expect("a site id");
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path(), &[(&site, "Europe/Berlin")]);
        change(&mut config.sites[0]);
        config.postback.allow_private_targets = true;
        config.mail.url =
            ringtrace::platform::secret::Secret::new(format!("smtp://127.0.0.1:{mail_port}"));
        config.mail.from = "Ringtrace <ringtrace@example.com>".to_owned();
        let engine = Engine::start();
        engine.configure(&mut config);
        let warehouse = Warehouse::of(&config).expect("a warehouse");
        let live = Live::new(config);
        let clock = Clock::default();
        clock.set(at("2026-03-09T12:00:00Z"));
        let benchmarks = Arc::new(Benchmarks::embedded().expect("benchmarks"));
        let reports = Reports::new(warehouse.clone(), live.clone(), benchmarks);
        let worker = AlertWorker::new(
            warehouse.clone(),
            live.clone(),
            clock.clone(),
            redis.clone(),
            reports,
        );
        World {
            _folder: folder,
            _engine: engine,
            _redis: test_redis,
            redis,
            live,
            clock,
            warehouse,
            worker,
            site,
        }
    }

    async fn write(&self, envelopes: &[Envelope]) {
        let installation = self.live.now_full();
        let facts = facts(envelopes.iter(), |e| site_zone(&installation, &e.site));
        self.warehouse.write(facts, Vec::new()).await.expect("written");
    }

    /// Calls on a day, so many of them answered.
    async fn calls(&self, day: &str, calls: usize, answered: usize) {
        let mut envelopes = Vec::new();
        for n in 0..calls {
            let started = at(&format!("{day}T09:00:00Z")).plus(n as i64 * 60_000);
            let visit =
                visit(&self.site, started, source("google", "cpc", "spring", "Paid Search"), "/");
            let status = if n < answered { CallStatus::Answered } else { CallStatus::NoAnswer };
            let mut call = call(&self.site, &format!("{day}-{n}"), started, status);
            call.attribution = Some(made_by(&visit, 0.9));
            call.ended_at = Some(started.plus(60_000));
            call.answered_at = (n < answered).then_some(started);
            call.talk_s = (n < answered).then_some(60);
            envelopes.extend([session_event(&visit), call_event(&call)]);
        }
        self.write(&envelopes).await;
    }

    async fn look_at(&self, moment: &str) {
        self.clock.set(at(moment));
        self.worker.look_at_all().await.expect("Redis is there");
    }
}

fn parsed<T: DeserializeOwned>(text: &str) -> T {
    let table: toml::Table = text.parse().expect("TOML");
    table["list"].clone().try_into().expect("what the configuration may hold")
}

#[actix_web::test]
async fn a_threshold_is_told_once_by_letter_and_webhook_and_so_is_its_end() {
    let (port, letters) = mail_server().await;
    let (url, status, told) = webhook().await;
    let alert = format!(
        "[[list]]\nid = 'missed'\nkind = 'threshold'\nmetric = 'completion_rate'\nperiod = 'today'\nbelow = 0.5\n\
         at_least = 5\nto = ['boss@example.com', '{url}', 'log']"
    );
    let world = World::new(|site| site.alerts = parsed(&alert), port).await;
    world.calls("2026-03-09", 4, 1).await;
    world.look_at("2026-03-09T12:00:00Z").await;
    assert!(taken(&letters).is_empty(), "four calls are too few to say");

    world.calls("2026-03-09", 10, 3).await;
    *status.lock().expect("a status") = 500;
    world.look_at("2026-03-09T12:05:00Z").await;
    let letter = taken(&letters);
    assert_eq!(letter.len(), 1, "{letter:?}");
    assert!(
        letter[0].contains("Subject: Alert: missed") && letter[0].contains("30.0"),
        "{letter:?}"
    );
    assert!(taken(&told).is_empty(), "the webhook did not take it");

    *status.lock().expect("a status") = 200;
    world.look_at("2026-03-09T12:10:00Z").await;
    assert!(taken(&letters).is_empty(), "nobody hears of it twice");
    let hook = taken(&told);
    assert_eq!(hook.len(), 1, "but who did not take it, hears of it again: {hook:?}");
    assert_eq!(
        (hook[0]["alert"].as_str(), hook[0]["news"].as_str()),
        (Some("missed"), Some("begins"))
    );
    assert!(hook[0]["text"].as_str().expect("a text").contains("3 of 10"), "{hook:?}");

    world.look_at("2026-03-10T12:00:00Z").await;
    assert!(taken(&told).is_empty(), "a day without calls says nothing");
    world.calls("2026-03-10", 10, 10).await;
    world.look_at("2026-03-10T12:05:00Z").await;
    assert_eq!(taken(&told)[0]["news"], "is_over");
    assert!(taken(&letters)[0].contains("Subject: Over: missed"));
    world.look_at("2026-03-10T12:10:00Z").await;
    assert!(taken(&told).is_empty() && taken(&letters).is_empty());
}

#[actix_web::test]
async fn a_source_that_falls_silent_and_a_day_without_calls_are_told() {
    let (port, _) = mail_server().await;
    let (url, _, told) = webhook().await;
    let alerts = format!(
        "[[list]]\nid = 'silent'\nkind = 'silent'\nto = ['{url}']\n[[list]]\nid = 'unusual'\nkind = 'forecast'\nto = ['{url}']"
    );
    let world = World::new(|site| site.alerts = parsed(&alerts), port).await;
    let first = at("2026-01-26T00:00:00Z");
    for day in 0..42 {
        let date = first.plus(day * 86_400_000).to_string();
        world.calls(&date[..10], 12, 10).await;
    }
    // The last calls are of Sunday, 8 March.
    world.look_at("2026-03-08T18:00:00Z").await;
    let calm = taken(&told);
    assert!(calm.is_empty(), "{calm:?}");
    world.look_at("2026-03-10T12:00:00Z").await;
    let mut news = taken(&told);
    news.sort_by_key(|one| one["alert"].to_string());
    assert_eq!(news.len(), 2, "{news:?}");
    assert_eq!(
        (news[0]["alert"].as_str(), news[0]["subject"].as_str()),
        (Some("silent"), Some("google"))
    );
    assert_eq!(news[1]["alert"], "unusual");
    assert!(
        news[1]["found"].as_str().expect("a text").starts_with("0 calls on 2026-03-09"),
        "{news:?}"
    );
}

#[actix_web::test]
async fn a_schedule_sends_its_reports_once_by_the_sites_wall() {
    let (port, letters) = mail_server().await;
    let schedule = "[[list]]\nid = 'monday'\nevery = 'week'\nat = '07:00'\nreports = ['campaigns', 'status']\n\
                    to = ['boss@example.com', 'desk@example.com']";
    let world = World::new(|site| site.schedules = parsed(schedule), port).await;
    world.calls("2026-03-11", 10, 7).await;
    world.look_at("2026-03-12T12:00:00Z").await;
    assert!(taken(&letters).is_empty(), "a new schedule begins with its next time");
    // 07:00 in Berlin is 06:00 UTC.
    world.look_at("2026-03-16T05:59:00Z").await;
    assert!(taken(&letters).is_empty());
    world.look_at("2026-03-16T06:01:00Z").await;
    let sent = taken(&letters);
    assert_eq!(sent.len(), 2, "one to each");
    let letter = &sent[0];
    assert!(letter.contains("2026-03-09 to 2026-03-15"), "last week: {letter}");
    assert!(
        letter.contains("campaigns-last_week.csv") && letter.contains("status-last_week.csv"),
        "{letter}"
    );
    assert!(letter.contains("spring") && letter.contains("multipart/alternative"), "{letter}");
    world.look_at("2026-03-16T06:06:00Z").await;
    assert!(taken(&letters).is_empty(), "once");
    let keys = world.live.now_full().shards.keys(&world.site);
    let done = store::done(&world.redis, &keys, &"monday".parse().expect("an id")).await;
    assert_eq!(done.expect("Redis"), Some(at("2026-03-16T06:00:00Z")));
}
