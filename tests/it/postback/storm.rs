//! Thousands of conversions through a platform that misbehaves, while the service, workers beside it and Redis are killed:
//! each is taken exactly once by its key, and what we say of each is what the platform says.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringtrace::config::model::{DestinationKind, UrlTarget};
use ringtrace::platform::redis_server::RedisServer;
use ringtrace::platform::shutdown::Shutdown;
use ringtrace::postback::model::Postback;

use super::World;
use super::standin::{StandIn, dice};
use crate::support::service::Service;

/// How many, unless RINGTRACE_STORM says so.
const CONVERSIONS: usize = 300;

/// Deaths of Redis.
const MOST_REDIS_DEATHS: u64 = 3;

/// The platform as the destination of site `one`, for both kinds of workers.
fn target(base: &str) -> String {
    format!("{base}/pb?id={{txid}}")
}

/// A world in which workers of this process deliver to `base`.
async fn world(base: &str) -> World {
    let mut world = World::with(|config| {
        config.postback.timeout = SignedDuration::from_millis(400);
        config.postback.connect_timeout = SignedDuration::from_millis(400);
        config.postback.retry_base = SignedDuration::from_millis(50);
        config.postback.retry_max = SignedDuration::from_millis(500);
        config.postback.per_destination = 32;
        config.sites[0].id = "one".parse().expect("a site id");
        config.sites[0].destinations[0].kind =
            DestinationKind::Url(UrlTarget { url: target(base), ..UrlTarget::default() });
    })
    .await;
    world.site = "one".parse().expect("a site id");
    world.clock.follow_system();
    world
}

/// The same as a process of its own on the same Redis.
async fn service(world: &World, base: &str) -> Service {
    let destination = format!(
        "[[sites.destinations]]\nid = \"ads\"\nkind = \"url\"\nurl = \"{}\"\n",
        target(base)
    );
    let environment = [
        ("RINGTRACE__REDIS__URL", world.redis.url()),
        ("RINGTRACE__POSTBACK__TIMEOUT", "400ms"),
        ("RINGTRACE__POSTBACK__CONNECT_TIMEOUT", "400ms"),
        ("RINGTRACE__POSTBACK__RETRY_BASE", "50ms"),
        ("RINGTRACE__POSTBACK__RETRY_MAX", "500ms"),
        ("RINGTRACE__POSTBACK__PER_DESTINATION", "32"),
    ];
    Service::start_with(&destination, &environment).await
}

/// What we say of every postback: its states, by id.
async fn verdicts(service: &Service) -> HashMap<String, Vec<String>> {
    let mut verdicts: HashMap<String, Vec<String>> = HashMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/postbacks?site=one&limit=200{cursor}");
        let page = service.json(&path).await.expect("a page");
        for row in page["postbacks"].as_array().expect("rows") {
            let text = |field: &str| row[field].as_str().expect("a text").to_owned();
            verdicts.entry(text("id")).or_default().push(text("state"));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return verdicts,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_conversion_is_taken_once_through_every_fault() {
    let count = std::env::var("RINGTRACE_STORM").ok().and_then(|text| text.parse().ok());
    let count: usize = count.unwrap_or(CONVERSIONS);
    let platform = StandIn::start().await;
    let world = world(&platform.base).await;
    let postbacks: Vec<Postback> = (0..count).map(|_| world.postback("ads")).collect();
    world.enqueue(&postbacks).await;
    let mut service = service(&world, &platform.base).await;

    let began = Instant::now();
    let end = began + Duration::from_secs(60 + count as u64 / 20);
    let mut redis: Option<RedisServer> = None;
    let (mut round, mut redis_deaths) = (0_u64, 0_u64);
    loop {
        // A worker lives for a moment and dies with whatever it holds.
        let shutdown = Shutdown::default();
        let running = tokio::spawn(world.deliverer().run(shutdown.signal()));
        let life = 200 + dice("life", round) % 600 + 700 * round;
        tokio::time::sleep(Duration::from_millis(life.min(6_000))).await;
        running.abort();
        round += 1;
        if round % 3 == 1 && redis_deaths < MOST_REDIS_DEATHS {
            redis_deaths += 1;
            let pid = redis.as_ref().and_then(RedisServer::pid).unwrap_or(world.redis.pid());
            kill(Pid::from_raw(i32::try_from(pid).expect("a process id")), Signal::SIGKILL)
                .expect("it can be killed");
            let again = RedisServer::start("redis-server", &world.redis.folder()).await;
            redis = Some(again.expect("it starts again on what it kept"));
        } else {
            service.kill();
            service.start_again().await;
        }
        let depth = world.outbox.depth(world.live.now().shards).await;
        if depth.is_ok_and(|depth| depth.due == 0) {
            break;
        }
        assert!(Instant::now() < end, "it does not become empty");
    }

    let told = verdicts(&service).await;
    let record = platform.record.lock().expect("nobody panicked");
    assert_eq!(told.len(), count);
    for postback in &postbacks {
        let said = &told[&postback.id];
        let (taken, refused) =
            (record.taken.contains(&postback.id), record.refused.contains(&postback.id));
        match (taken, refused) {
            (true, false) => assert_eq!(said.as_slice(), &["delivered"], "{}", postback.id),
            (false, true) => assert_eq!(said.as_slice(), &["rejected"], "{}", postback.id),
            other => panic!("{}: {other:?}, {said:?}", postback.id),
        }
    }
    println!(
        "{count} conversions in {:.0} s and {} requests: {} taken, {} refused, none lost or taken twice; \
         killed: {round} workers, {} times the service, {redis_deaths} times Redis",
        began.elapsed().as_secs_f64(),
        record.asked,
        record.taken.len(),
        record.refused.len(),
        round - redis_deaths,
    );
}
