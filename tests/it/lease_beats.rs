//! Signs of life that come at one moment, by Redis' own clock.

use futures_util::future::join_all;
use ringtrace::lease::model::Lease;
use ringtrace::platform::clock::Clock;
use ringtrace::platform::ids::SessionId;
use serde_json::json;

use crate::support::redis::TestRedis;
use crate::support::world::World;

const SESSIONS: u16 = 150;

/// As many sessions with a number each, on the clock that production has.
async fn lively(redis: &TestRedis) -> (World, Vec<(SessionId, Lease)>) {
    let mut world = World::with_pool(redis, SESSIONS, json!({})).await;
    world.clock = Clock::default();
    let mut held = Vec::new();
    for _ in 0..SESSIONS {
        let session = SessionId::new();
        let lease = world.view(session, "page-one", 1).await;
        held.push((session, Lease { is_new: false, ..lease }));
    }
    (world, held)
}

/// How often Redis ran a script.
async fn scripts_run(world: &World) -> u32 {
    let stats: String = world.redis(&["INFO", "commandstats"]).await;
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    line.and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn beats_of_one_moment_go_together_and_each_hears_of_its_own_number() {
    let redis = TestRedis::start().await;
    let (world, held) = lively(&redis).await;
    let before = scripts_run(&world).await;
    let beats = held.iter().map(|(session, _)| world.beat(*session, "page-one", 2));
    let stranger = world.beat(SessionId::new(), "page-one", 2);
    let (told, stranger) = futures_util::join!(join_all(beats), stranger);
    let expected: Vec<_> = held.iter().map(|(_, lease)| Some(lease.clone())).collect();
    assert_eq!(told, expected);
    assert_eq!(stranger, None);
    // Three of beats, and one that looks for what the stranger's page may show.
    assert_eq!(scripts_run(&world).await - before, 4);
    for (session, _) in &held {
        let key = world.keys.lease(&world.pool().id, session);
        let value: String = world.redis(&["GET", &key]).await;
        assert!(value.ends_with(" page-one=2"), "{value}");
    }
}

#[tokio::test]
async fn who_goes_away_holds_up_nobody() {
    let redis = TestRedis::start().await;
    let (world, held) = lively(&redis).await;
    let mut beats: Vec<_> =
        held.iter().map(|(session, _)| Box::pin(world.beat(*session, "page-one", 2))).collect();
    // The first one has asked for all to be sent, then its browser closes the connection.
    for beat in &mut beats {
        assert!(futures_util::poll!(beat).is_pending());
    }
    drop(beats.remove(0));
    let told = join_all(beats).await;
    let expected: Vec<_> = held[1..].iter().map(|(_, lease)| Some(lease.clone())).collect();
    assert_eq!(told, expected);
}
