//! Thousands of conversions through a platform that misbehaves, while workers die and Redis is killed: each is taken
//! exactly once by its key, and what we say of each is what the platform says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringtrace::platform::redis_server::RedisServer;
use ringtrace::platform::shutdown::Shutdown;
use ringtrace::postback::model::Postback;
use wiremock::matchers::path;
use wiremock::{Mock, Request, ResponseTemplate};

use super::{World, key_of};

/// How many, unless RINGTRACE_STORM says so.
const CONVERSIONS: usize = 300;

/// What the platform did with each key.
#[derive(Default)]
struct Record {
    taken: HashMap<String, u32>,
    refused: HashMap<String, u32>,
    asked: u64,
}

/// A number that looks random and is the same for the same key and try.
fn dice(key: &str, nth: u64) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325 ^ nth.wrapping_mul(0x9e37_79b9), |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }) >> 17
}

/// Takes, refuses for good, or fails in all its ways; a key that it has is taken again without counting.
fn misbehave(record: &Mutex<Record>, request: &Request) -> ResponseTemplate {
    let mut record = record.lock().expect("nobody panicked");
    record.asked += 1;
    let (key, nth) = (key_of(request), record.asked);
    if dice(&key, 0).is_multiple_of(20) {
        *record.refused.entry(key).or_default() += 1;
        return ResponseTemplate::new(422).set_body_string("no such click");
    }
    match dice(&key, nth) % 100 {
        0..4 => ResponseTemplate::new(500).set_body_string("oops"),
        4 => ResponseTemplate::new(429).insert_header("Retry-After", "1"),
        5..8 => ResponseTemplate::new(503),
        // It takes it, and the answer comes too late or never.
        8..12 => {
            record.taken.entry(key).or_insert(1);
            ResponseTemplate::new(200).set_delay(Duration::from_secs(3))
        }
        _ => {
            record.taken.entry(key).or_insert(1);
            ResponseTemplate::new(200)
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_conversion_is_taken_once_through_every_fault() {
    let count = std::env::var("RINGTRACE_STORM").ok().and_then(|text| text.parse().ok());
    let count: usize = count.unwrap_or(CONVERSIONS);
    let world = World::with(|config| {
        config.postback.timeout = SignedDuration::from_millis(400);
        config.postback.retry_base = SignedDuration::from_millis(50);
        config.postback.retry_max = SignedDuration::from_millis(500);
        config.postback.per_destination = 32;
    })
    .await;
    let record = Arc::new(Mutex::new(Record::default()));
    let platform = record.clone();
    Mock::given(path("/pb"))
        .respond_with(move |request: &Request| misbehave(&platform, request))
        .mount(&world.receiver)
        .await;
    world.clock.follow_system();
    let postbacks: Vec<Postback> = (0..count).map(|_| world.postback("ads")).collect();
    world.enqueue(&postbacks).await;

    let end = Instant::now() + Duration::from_secs(60 + count as u64 / 20);
    let mut restarted: Option<RedisServer> = None;
    let mut round = 0_u64;
    loop {
        // A worker lives for a moment and dies with whatever it holds.
        let deliverer = world.deliverer();
        let shutdown = Shutdown::default();
        let running = tokio::spawn(deliverer.run(shutdown.signal()));
        let life = 300 + dice("life", round) % 600 + 1_000 * round;
        tokio::time::sleep(Duration::from_millis(life.min(8_000))).await;
        running.abort();
        round += 1;
        if round % 3 == 1 && round < 8 {
            let pid = restarted.as_ref().and_then(RedisServer::pid).unwrap_or(world.redis.pid());
            kill(Pid::from_raw(i32::try_from(pid).expect("a process id")), Signal::SIGKILL)
                .expect("it can be killed");
            let again = RedisServer::start("redis-server", &world.redis.folder()).await;
            restarted = Some(again.expect("it starts again on what it kept"));
        }
        let depth = world.outbox.depth(world.live.now().shards).await;
        if depth.is_ok_and(|depth| depth.due == 0) {
            break;
        }
        assert!(Instant::now() < end, "it does not become empty");
    }

    let told = world.told().await;
    let record = record.lock().expect("nobody panicked");
    let mut verdicts: HashMap<String, Vec<&'static str>> = HashMap::new();
    for fact in told {
        let word = fact.verdict.word();
        if word != "retry" {
            verdicts.entry(fact.id).or_default().push(word);
        }
    }
    assert_eq!(verdicts.len(), count);
    for postback in &postbacks {
        let said = &verdicts[&postback.id];
        let (taken, refused) = (record.taken.get(&postback.id), record.refused.get(&postback.id));
        match (taken, refused) {
            (Some(times), None) => assert_eq!((*times, said.as_slice()), (1, &["delivered"][..])),
            (None, Some(_)) => assert_eq!(said.as_slice(), &["rejected"]),
            other => panic!("{}: {other:?}, {said:?}", postback.id),
        }
    }
    println!("{count} conversions, {} requests, {round} workers", record.asked);
}
