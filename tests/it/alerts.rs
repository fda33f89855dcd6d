//! Alerts and reports by the clock: real Redis, a real warehouse, a mail server and a webhook that keep what they are told.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, HttpServer, web};
use ringtrace::alert::question::Reports;
use ringtrace::alert::store;
use ringtrace::alert::worker::AlertWorker;
use ringtrace::call::model::CallStatus;
use ringtrace::config::Live;
use ringtrace::config::model::Site;
use ringtrace::lease::model::Tier;
use ringtrace::lease::pools::load::{self, Grants};
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::Clock;
use ringtrace::platform::ids::{CallId, SiteId};
use ringtrace::platform::keys::SiteKeys;
use ringtrace::postback::model::{PostbackFact, Verdict};
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

    fn keys(&self) -> SiteKeys {
        self.live.now_full().shards.keys(&self.site)
    }

    /// Calls on a day, so many of them answered.
    async fn calls(&self, day: &str, calls: usize, answered: usize) {
        self.write(&self.made(day, calls, answered)).await;
    }

    /// What happens in these calls and the visits that make them.
    fn made(&self, day: &str, calls: usize, answered: usize) -> Vec<Envelope> {
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
        envelopes
    }

    /// Postbacks to a shop's own system that were settled at `moment`, so many of them refused.
    async fn postbacks(&self, moment: &str, settled: usize, refused: usize) {
        let envelope = |n: usize| {
            let id = format!("{moment}-{n}");
            let verdict = match n < refused {
                true => Verdict::Rejected { why: "400".to_owned() },
                false => Verdict::Delivered,
            };
            let fact = PostbackFact {
                id: id.clone(),
                site: self.site.clone(),
                destination: "crm".parse().expect("a destination id"),
                call: CallId::of(&self.site, "test", &id),
                conversion: "long_call".to_owned(),
                attempts: 1,
                verdict,
            };
            let event = Event::Postback(Box::new(fact));
            Envelope::new(self.site.clone(), at(moment), format!("{id}.1"), event)
        };
        let envelopes: Vec<Envelope> = (0..settled).map(envelope).collect();
        self.write(&envelopes).await;
    }

    /// Visitors who asked the pool `main` for a number at `moment`, so many of whom had to share one.
    async fn visitors(&self, moment: &str, visitors: usize, sharing: usize) {
        let (grants, pool) = (Grants::default(), "main".parse().expect("a pool id"));
        for n in 0..visitors {
            let tier = if n < sharing { Tier::Shared } else { Tier::Own };
            grants.count(&self.site, &pool, tier);
        }
        let (keys, of) = (self.keys(), (&self.site, &pool));
        let written = load::write(&self.redis, &keys, &grants, of, 0, at(moment)).await;
        written.expect("Redis is there");
    }

    async fn look_at(&self, moment: &str) {
        self.clock.set(at(moment));
        self.worker.look_at_all().await.expect("Redis is there");
    }
}

/// Alert, subject and news of each that was told, by alert.
fn heads(told: &[Value]) -> Vec<[&str; 3]> {
    let fields = ["alert", "subject", "news"];
    let heads = told.iter().map(|one| fields.map(|field| one[field].as_str().expect("a word")));
    let mut heads: Vec<[&str; 3]> = heads.collect();
    heads.sort_unstable();
    heads
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
    // On the eighth day the silent week stands among the weeks before.
    world.look_at("2026-03-17T12:00:00Z").await;
    let news = taken(&told);
    assert!(heads(&news).contains(&["silent", "google", "goes_on"]), "{news:?}");
    world.calls("2026-03-17", 12, 10).await;
    world.look_at("2026-03-17T12:05:00Z").await;
    let news = taken(&told);
    assert!(heads(&news).contains(&["silent", "google", "is_over"]), "{news:?}");
}

#[actix_web::test]
async fn calls_are_held_against_the_own_past_on_days_that_are_over() {
    let (port, _) = mail_server().await;
    let (url, _, told) = webhook().await;
    let alert = format!(
        "[[list]]\nid = 'few'\nkind = 'benchmark'\nmetric = 'calls'\nperiod = 'today'\nto = ['{url}']"
    );
    let world = World::new(|site| site.alerts = parsed(&alert), port).await;
    // Twelve weeks, and Sunday, 8 March.
    let first = at("2025-12-14T00:00:00Z");
    let days = (0..85).map(|day| first.plus(day * 86_400_000).to_string());
    let past: Vec<Envelope> = days.flat_map(|day| world.made(&day[..10], 10, 10)).collect();
    world.write(&past).await;
    // Five past midnight in Berlin: nobody called yet today.
    world.look_at("2026-03-08T23:05:00Z").await;
    assert!(taken(&told).is_empty(), "yesterday was as usual");

    world.calls("2026-03-09", 2, 2).await;
    world.look_at("2026-03-10T06:00:00Z").await;
    let news = taken(&told);
    assert_eq!(heads(&news), [["few", "", "begins"]], "{news:?}");
    let found = news[0]["found"].as_str().expect("a text");
    assert!(found.starts_with("calls is 2 (2026-03-09); usual: 10 to 10"), "{found}");
    world.look_at("2026-03-10T07:00:00Z").await;
    assert!(taken(&told).is_empty(), "nobody hears of it twice within the hold-off");

    world.calls("2026-03-10", 1, 1).await;
    world.look_at("2026-03-11T06:00:00Z").await;
    assert_eq!(heads(&taken(&told)), [["few", "", "goes_on"]]);
    world.calls("2026-03-11", 10, 10).await;
    world.look_at("2026-03-12T06:00:00Z").await;
    assert_eq!(heads(&taken(&told)), [["few", "", "is_over"]]);
}

#[actix_web::test]
async fn a_pool_that_is_too_small_and_postbacks_that_fail_are_told_again_and_when_it_is_over() {
    let (port, _) = mail_server().await;
    let (url, _, told) = webhook().await;
    let alert = |id: &str, kind: &str| {
        format!("[[list]]\nid = '{id}'\nkind = '{kind}'\nhold_off = '1h'\nto = ['{url}']\n")
    };
    let alerts = alert("crowded", "overflow") + &alert("failing", "postbacks");
    let change = |site: &mut Site| {
        site.alerts = parsed(&alerts);
        site.pools = parsed("[[list]]\nid = 'main'\nnumbers = ['+14155550110']");
    };
    let world = World::new(change, port).await;
    world.visitors("2026-03-09T11:00:00Z", 25, 10).await;
    world.postbacks("2026-03-09T11:00:00Z", 25, 10).await;
    world.look_at("2026-03-09T12:00:00Z").await;
    let news = taken(&told);
    let both = |news| [["crowded", "main", news], ["failing", "crm", news]];
    assert_eq!(heads(&news), both("begins"), "{news:?}");
    for one in &news {
        assert!(one["found"].as_str().expect("a text").starts_with("10 of 25 "), "{one}");
    }
    world.look_at("2026-03-09T12:55:00Z").await;
    assert!(taken(&told).is_empty(), "nobody hears of it twice within the hold-off");
    world.look_at("2026-03-09T13:00:00Z").await;
    assert_eq!(heads(&taken(&told)), both("goes_on"));

    world.visitors("2026-03-10T11:00:00Z", 25, 0).await;
    world.postbacks("2026-03-10T11:30:00Z", 25, 0).await;
    world.look_at("2026-03-10T12:00:00Z").await;
    assert_eq!(heads(&taken(&told)), both("is_over"));

    // Wrong again within the hold-off: told when that is over.
    world.postbacks("2026-03-10T12:10:00Z", 25, 20).await;
    world.look_at("2026-03-10T12:15:00Z").await;
    assert!(taken(&told).is_empty(), "it flaps");
    world.look_at("2026-03-10T13:00:00Z").await;
    let news = taken(&told);
    assert_eq!(heads(&news), [["failing", "crm", "begins"]]);
    assert!(news[0]["since"].as_str().expect("a time").starts_with("2026-03-10T12:15"), "{news:?}");
}

#[actix_web::test]
async fn a_schedule_sends_its_reports_once_by_the_sites_wall() {
    let (port, letters) = mail_server().await;
    let schedule = "[[list]]\nid = 'monday'\nevery = 'week'\nat = '07:00'\n\
                    reports = ['campaigns', 'sauces', 'sources', 'hours', 'landing-pages']\n\
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
    for name in ["campaigns", "sources", "hours"] {
        assert!(letter.contains(&format!("{name}-last_week.csv")), "{letter}");
    }
    // Lines may be cut anywhere on their way.
    let whole = letter.replace("=\n", "");
    assert!(whole.contains("Landing pages: visits") && whole.contains("landing_host"), "{letter}");
    assert!(
        whole.contains("sauces") && whole.contains("This report could not be made"),
        "{letter}"
    );
    assert!(letter.contains("spring") && letter.contains("multipart/alternative"), "{letter}");
    world.look_at("2026-03-16T06:06:00Z").await;
    assert!(taken(&letters).is_empty(), "once");
    let done = store::done(&world.redis, &world.keys(), &"monday".parse().expect("an id")).await;
    assert_eq!(done.expect("Redis"), Some(at("2026-03-16T06:00:00Z")));
}
