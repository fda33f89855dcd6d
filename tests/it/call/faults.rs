//! Redis dies, the process dies, the disk refuses: callers get through and calls are kept.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringtrace::call::model::CallStatus;
use ringtrace::call::spool::Spool;
use ringtrace::call::worker::CallWorker;
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::CallId;
use ringtrace::platform::redis::{Patience, Redis};
use ringtrace::platform::redis_server::RedisServer;

use super::world::{T, World, answered_call, impatient, recorder_on};

fn kill_redis(world: &World) {
    kill(Pid::from_raw(world.redis.pid() as i32), Signal::SIGKILL).expect("killed");
}

fn handle(url: &str) -> Redis {
    Redis::standalone(url, Patience::default()).expect("a handle")
}

#[tokio::test]
async fn a_call_during_which_redis_dies_is_forwarded_and_complete_after_the_restart() {
    let mut world = World::start().await;
    let session = world.holder(T - 4_000).await;
    let story = answered_call("CA1");
    let (before, during) = story.split_at(2);
    for (event, form) in before {
        world.twilio(event, form).await;
    }
    kill_redis(&world);
    for (event, form) in during {
        let began = Instant::now();
        assert!(world.twilio(event, form).await.status.is_success());
        assert!(began.elapsed() < Duration::from_secs(2), "the caller waits");
    }
    let (event, form) = answered_call("CA2").remove(0);
    let reply = world.twilio(event, &form).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.body.contains("+14155550111"));
    let reply_of_forward = reply.body;
    // Beside them what that call was told.
    assert_eq!(world.unsaved().await, during.len() + 2);
    assert!(world.worker().run_once().await.expect("the spool lives").outage);

    let server = RedisServer::start("redis-server", &world.redis.folder()).await.expect("restarts");
    world.recorder = recorder_on(handle(server.url()), &world.live, &world.clock);
    let outcome = world.worker().run_once().await.expect("the spool lives");
    // Those that were saved before, too: this Redis might have lost its last second.
    assert_eq!((outcome.replayed, outcome.outage), (story.len() + 2, false));
    assert_eq!(world.unsaved().await, 0);

    let call = world.call("twilio", "CA1").await.expect("the call");
    assert_eq!((call.status, call.talk_s), (CallStatus::Answered, Some(95)));
    assert_eq!(world.queued_postbacks().await.len(), 1);
    let second = world.call("twilio", "CA2").await.expect("the call that came meanwhile");
    assert_eq!(second.started_at, Millis(T), "its own time, not that of the replay");
    assert_eq!(second.attribution.and_then(|found| found.session), Some(session));
    let reply = world.get(&format!("/v1/calls/{}", second.id), "analyst-key").await;
    let shown: serde_json::Value = serde_json::from_str(&reply.body).expect("JSON");
    let heard = &shown["route"][0];
    assert_eq!((&heard["why"], &heard["blind"]), (&"fail_safe".into(), &true.into()), "{heard}");
    assert_eq!(heard["targets"], serde_json::json!(["+14155550111"]));
    // Its webhook once more, now that Redis is back: it hears the same.
    let again = world.twilio(event, &form).await;
    assert_eq!(again.body, reply_of_forward);
    assert_eq!(second.first_time, Some(true), "both came at the same moment");
    let settled = world.worker().run_once().await.expect("the spool lives");
    assert_eq!((settled.replayed, settled.settled), (0, story.len() + 3));
    let left = std::fs::read_dir(world.data.path().join("spool")).expect("the folder").count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_crash_between_saving_and_noting_it_replays_without_doubling() {
    let world = World::start().await;
    let story = answered_call("CA1");
    for (event, form) in &story {
        world.twilio(event, form).await;
    }
    let ledger = world.ledger().await;
    // A process that starts now reads a spool in which nothing is settled.
    let spool = Spool::open(&world.data.path().join("spool"), impatient()).expect("a spool");
    assert_eq!(spool.backlog(), story.len());
    let worker = CallWorker::new(world.recorder.clone(), spool, world.commander.clone());
    assert_eq!(worker.run_once().await.expect("alive").replayed, story.len());
    assert_eq!(worker.run_once().await.expect("alive").replayed, 0);
    assert_eq!(world.ledger().await, ledger);
    assert_eq!(world.queued_postbacks().await.len(), 1);
}

#[tokio::test]
async fn without_a_disk_the_call_goes_on_and_is_recorded() {
    let world = World::start().await;
    std::fs::remove_dir_all(world.data.path().join("spool")).expect("removed");
    for (event, form) in answered_call("CA1") {
        assert!(world.twilio(event, &form).await.status.is_success());
    }
    let call = world.call("twilio", "CA1").await.expect("the call");
    assert_eq!(call.status, CallStatus::Answered);
}

#[tokio::test]
async fn without_disk_and_redis_callers_still_get_through_and_reports_may_come_again() {
    let world = World::start().await;
    std::fs::remove_dir_all(world.data.path().join("spool")).expect("removed");
    kill_redis(&world);
    for (event, form) in answered_call("CA1") {
        let status = world.twilio(event, &form).await.status;
        let expected = match event {
            "voice" | "dial" => StatusCode::OK,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        assert_eq!(status, expected, "{event}");
    }
}

#[tokio::test]
async fn an_event_of_a_site_that_left_the_configuration_waits_and_stops_nobody() {
    let world = World::start().await;
    let installation = world.live.now_full();
    kill_redis(&world);
    world.twilio("voice", &answered_call("CA1")[0].1).await;
    let server = RedisServer::start("redis-server", &world.redis.folder()).await.expect("restarts");
    let mut config = installation.config.clone();
    config.sites.retain(|site| site.id != world.site);
    world.live.replace(config);
    let recorder = recorder_on(handle(server.url()), &world.live, &world.clock);
    let outcome = CallWorker::new(recorder, world.spool.clone(), world.commander.clone())
        .run_once()
        .await
        .expect("alive");
    // The call, and what it was told.
    assert_eq!((outcome.replayed, outcome.postponed), (0, 2));
    assert_eq!(world.unsaved().await, 0, "not handed out for a while");
    assert_eq!(world.spool.backlog(), 2, "kept");
}

#[tokio::test]
async fn old_calls_leave_the_index_also_where_nobody_calls_any_more() {
    const DAY: i64 = 24 * 3_600_000;
    let world = World::start().await;
    for (event, form) in &answered_call("CA1") {
        world.twilio(event, form).await;
    }
    let index = world.keys().calls();
    for (days, left) in [(30, 1), (31, 0)] {
        world.clock.set(Millis(T + days * DAY));
        world.worker().run_once().await.expect("alive");
        let calls: i64 = world.ask(redis::cmd("ZCARD").arg(&index)).await;
        assert_eq!(calls, left, "after {days} days");
    }
    let key = world.keys().call(&CallId::of(&world.site, "twilio", "CA1"));
    let life: i64 = world.ask(redis::cmd("TTL").arg(key)).await;
    assert!((1..=30 * DAY / 1000).contains(&life), "{life}");
}

#[tokio::test]
async fn a_call_whose_end_never_comes_is_closed_after_four_hours() {
    let world = World::start().await;
    for (event, form) in &answered_call("CA1")[..3] {
        world.twilio(event, form).await;
    }
    world.clock.set(Millis(T + 3 * 3_600_000));
    assert_eq!(world.worker().run_once().await.expect("alive").closed, 0);
    world.clock.set(Millis(T + 4 * 3_600_000 + 1));
    assert_eq!(world.worker().run_once().await.expect("alive").closed, 1);
    assert_eq!(world.worker().run_once().await.expect("alive").closed, 0);
    let call = world.call("twilio", "CA1").await.expect("the call");
    assert_eq!((call.status, call.talk_s), (CallStatus::Answered, None));
}

#[tokio::test]
async fn a_call_waits_for_a_redis_that_hangs_as_long_as_it_may_and_no_longer() {
    let world = World::start().await;
    let (event, form) = answered_call("CA1").remove(0);
    kill(Pid::from_raw(world.redis.pid() as i32), Signal::SIGSTOP).expect("it hangs");
    for allowed in [150, 450].map(Duration::from_millis) {
        let mut config = world.live.now_full().config.clone();
        config.limits.webhook_wait = allowed.try_into().expect("short");
        world.live.replace(config);
        // A connection of its own, whose breaker is closed.
        let redis = Redis::standalone(world.redis.url(), patient()).expect("a handle");
        let recorder = recorder_on(redis, &world.live, &world.clock);
        let began = Instant::now();
        let reply = world.send_to(&recorder, world.signed(event, &form)).await;
        assert!(reply.body.contains("+14155550111"), "{}", reply.body);
        assert!(began.elapsed() >= allowed, "{:?}", began.elapsed());
        assert!(began.elapsed() < patient().response, "{:?}", began.elapsed());
    }
}

fn patient() -> Patience {
    let long = Duration::from_secs(8);
    Patience { response: long, connection: long, ..Patience::default() }
}
