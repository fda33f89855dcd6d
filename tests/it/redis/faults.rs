//! Redis is slow, full, read-only, locked, loading, killed: a page keeps its number, soon and
//! without an error, and leases go on by themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringtrace::lease::store::LeaseStore;
use ringtrace::platform::ids::SessionId;
use ringtrace::platform::redis::place::Place;
use ringtrace::platform::redis::{Deployment, Patience, Redis, StoreError};
use ringtrace::platform::redis_server::RedisServer;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::redis::{TestRedis, very_patient};
use crate::support::servers::{Server, until};
use crate::support::visitors::{Traffic, Visitor, check};
use crate::support::world::World;

/// What a page may wait for its fallback on a machine with much else to do; measured 1 to 160 ms.
const SOON: Duration = Duration::from_secs(1);
/// From the moment that Redis works again until a page gets a number; measured 100 to 300 ms.
const BACK: Duration = Duration::from_secs(2);

/// Views of more pages of a session until they get a number, or until they get none; the slowest
/// reply, and how long it took.
async fn views_until(service: &TestApp, session: &str, leased: bool) -> (Duration, Duration) {
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    loop {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let page = SessionId::new().to_string();
        let asked = Instant::now();
        let reply = service.page_view(&page, "", Some(session)).await;
        slowest = slowest.max(asked.elapsed());
        let original = reply["targets"][0]["tier"] == "original";
        if original {
            assert_eq!(reply["targets"][0]["reason"], "store_unavailable", "{reply}");
        }
        if original != leased {
            return (slowest, began.elapsed());
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it stays as it was: {reply}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gets_its_fallback_soon_and_numbers_again_whatever_redis_suffers_from() {
    let redis = Server::start(&[]).await;
    let url = redis.url();
    let unlimited = "snippet_per_minute = 100000\nsnippet_burst = 100000";
    let more = format!("\n[redis]\nurl = {url:?}\n[limits]\n{unlimited}\n");
    let service = TestApp::start_with(&more).await;
    let opened = service.page_view("page-0001", "utm_source=google", None).await;
    let session = opened["session"].as_str().expect("a session");
    let faults: [(&str, &[&str], &[&str]); 4] = [
        ("full", &["CONFIG", "SET", "maxmemory", "1mb"], &["CONFIG", "SET", "maxmemory", "0"]),
        ("read-only", &["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"]),
        (
            "short of replicas",
            &["CONFIG", "SET", "min-replicas-to-write", "1"],
            &["CONFIG", "SET", "min-replicas-to-write", "0"],
        ),
        ("slow", &["CLIENT", "PAUSE", "5000", "WRITE"], &["CLIENT", "UNPAUSE"]),
    ];
    for (name, begin, end) in faults {
        redis.ask::<()>(begin).await;
        let (slowest, _) = views_until(&service, session, false).await;
        // The breaker is open: at once.
        let mut at_once = Duration::ZERO;
        for _ in 0..5 {
            at_once = at_once.max(views_until(&service, session, false).await.0);
        }
        redis.ask::<()>(end).await;
        let (_, back) = views_until(&service, session, true).await;
        println!("{name}: fallback within {slowest:?}, then {at_once:?}; back after {back:?}");
        assert!(slowest < SOON && at_once < SOON, "{name}: {slowest:?}, {at_once:?}");
        assert!(back < BACK, "{name}: {back:?}");
    }

    redis.signal(Signal::SIGSTOP);
    let (slowest, _) = views_until(&service, session, false).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (at_once, _) = views_until(&service, session, false).await;
    redis.signal(Signal::SIGCONT);
    let (_, back) = views_until(&service, session, true).await;
    println!("hung: fallback within {slowest:?}, then {at_once:?}; back after {back:?}");
    assert!(slowest < SOON && at_once < SOON && back < BACK, "{slowest:?} {at_once:?} {back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_redis_that_loads_are_outages_that_end() {
    let mut redis = Server::start(&["--requirepass", "right", "--key-load-delay", "400"]).await;
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", redis.port);
    let wrong = Redis::standalone(&url("wrong"), Patience::default()).expect("a handle");
    let right = Redis::standalone(&url("right"), Patience::default()).expect("a handle");
    let mut set = redis::cmd("SET");
    set.arg("rt:{s00}:a").arg(1);
    let set = &set;
    let works = async |redis: &Redis| redis.command::<()>("a test", set).await;
    until("the start", async || works(&right).await.ok()).await;
    let refused = works(&wrong).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let text = refused.expect_err("it is refused").to_string();
    assert!(!text.contains("wrong"), "a password is never told: {text}");

    // 5000 keys with 0.4 ms each: two seconds of LOADING.
    let mut fill = redis::cmd("EVAL");
    fill.arg("for i = 1, 5000 do redis.call('SET', KEYS[1] .. i, i) end").arg(1).arg("rt:{s00}:");
    right.command::<()>("a test", &fill).await.expect("they are set");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    redis.kill();
    redis.start_again(&[]);
    let (mut loading, mut slowest) = (0, Duration::ZERO);
    until("the end of loading", async || {
        let asked = Instant::now();
        let answer = works(&right).await;
        slowest = slowest.max(asked.elapsed());
        match answer {
            Ok(()) => return Some(()),
            Err(StoreError::Unavailable(_)) => loading += 1,
            Err(error) => panic!("{error}"),
        }
        None
    })
    .await;
    println!("loading: {loading} fallbacks, slowest {slowest:?}");
    assert!(loading > 5 && slowest < SOON, "{loading}, {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_killed_and_hangs_under_load_and_keeps_what_it_knows() {
    let redis = TestRedis::start().await;
    let pool = json!({ "hold": "60s", "linger": "300ms", "rest": "1s" });
    let world = Arc::new(World::with_pool(&redis, 40, pool).await);
    let place = Place::standalone(redis.url()).expect("a URL");
    let deployment = Deployment::new(place, Patience::default());
    let store = LeaseStore::new(Redis::standalone(redis.url(), very_patient()).expect("a handle"));
    // Somebody whom Redis knows for longer than the two seconds that it may lose.
    let mut known = Visitor::new();
    known.speak(&world, &store).await.expect("Redis answers");
    let traffic = Traffic::start(&world, &deployment, 6, 5);
    tokio::time::sleep(Duration::from_millis(2_500)).await;

    let pid = Pid::from_raw(redis.pid() as i32);
    kill(pid, Signal::SIGSTOP).expect("it hangs");
    tokio::time::sleep(Duration::from_secs(2)).await;
    kill(pid, Signal::SIGCONT).expect("it goes on");
    let goes_on = Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    kill(pid, Signal::SIGKILL).expect("it dies");
    let again = RedisServer::start("redis-server", &redis.folder()).await.expect("it restarts");
    let restarted = Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (told, mut open) = traffic.stop().await;
    println!(
        "hung: leases {:?} after it goes on; killed: {:?} after the restart; {} leased, {} fallbacks, slowest {:?}",
        told.longest_gap(goes_on),
        told.longest_gap(restarted),
        told.leased,
        told.fallbacks,
        told.slowest_fallback
    );
    assert!(told.fallbacks > 0 && told.slowest_fallback < SOON, "{:?}", told.slowest_fallback);
    assert!(told.longest_gap(restarted) < BACK, "{:?}", told.longest_gap(restarted));
    open.push(known);
    check(&world, &store, &mut open).await;
    let known = open.last().and_then(Visitor::shown).expect("its number");
    let holders: Vec<String> =
        world.redis(&["LRANGE", &world.keys.holders(known.0), "0", "-1"]).await;
    assert!(!holders.is_empty(), "what is older than two seconds is not lost");
    again.stop().await;
}
