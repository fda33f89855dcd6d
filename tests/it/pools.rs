//! What is known of a pool: its state, how busy it was, and the advice on its size.

use jiff::tz::TimeZone;
use ringtrace::config::Live;
use ringtrace::lease::model::Tier;
use ringtrace::lease::pools::load::{Grants, read, week};
use ringtrace::lease::pools::model::PoolState;
use ringtrace::lease::pools::sizing::advise;
use ringtrace::lease::pools::state::{oldest_lease, state};
use ringtrace::lease::shares::Shares;
use ringtrace::lease::worker::Upkeep;
use ringtrace::platform::ids::SessionId;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::redis::TestRedis;
use crate::support::world::{START, World, config, site_json};

/// A session every minute for three hours, each holding a number for the 180 s after its only view:
/// three erlangs. What the sweeper saw of it every 15 s must say so, and the size follow from it.
#[tokio::test]
async fn the_load_that_is_measured_is_the_load_that_was() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 6, json!({})).await;
    let live = Live::new(config(json!([site_json(world.site().id.as_str(), 6, json!({}))])));
    let (mut upkeep, grants) = (Upkeep::default(), Grants::default());
    let shares = Shares::default();
    for quarter in 0..3 * 240 {
        world.at(quarter * 15);
        if quarter % 4 == 0 {
            let session = SessionId::new();
            for seq in 1..=2 {
                let lease = world.view(session, "page-one", seq).await;
                assert_eq!(lease.is_new, seq == 1, "a renewal is no arrival");
                if lease.is_new {
                    grants.count(&world.site().id, &world.pool().id, lease.tier);
                }
            }
        }
        upkeep
            .run_once(&world.store, &live, (&grants, &shares), &world.clock)
            .await
            .expect("Redis answers");
    }
    let now = world.at(3 * 3600);
    let redis = world.store.redis();
    let hours = read(redis, &world.keys, &world.pool().id, now).await.expect("Redis answers");
    let arrivals: u64 = hours.values().map(|hour| hour.arrivals()).sum();
    assert_eq!(arrivals, 180);
    let unrested: u64 = hours.values().map(|hour| hour.by_tier[Tier::Unrested as usize]).sum();
    assert!(unrested > 100, "six numbers do not rest for 15 minutes: {unrested}");
    let week = week(&hours, &TimeZone::UTC);
    for hour in &week {
        assert!((170.0..=200.0).contains(&hour.mean_hold_s), "{hour:?}");
        assert!((55.0..=65.0).contains(&hour.arrivals_per_hour), "{hour:?}");
    }
    let advice = advise(&week, 6, 0.01, None, |_| 0.0);
    assert!((2.8..=3.3).contains(&advice.offered_at_peak), "{advice:?}");
    assert_eq!(advice.needed.numbers, 8, "the tables' answer for three erlangs");

    let found = state(redis, &world.keys, world.pool(), now).await.expect("Redis answers");
    assert_eq!((found.numbers, found.held + found.resting + found.free), (6, 6));
    assert!(found.held >= 3 && found.free == 0, "{found:?}");
    let oldest = oldest_lease(redis, &world.keys, world.pool()).await.expect("Redis answers");
    let age = now.since(oldest.expect("some lease runs"));
    assert!((120_000..=195_000).contains(&age), "{age}");

    // Five weeks later all of it is forgotten, by whoever reads and by Redis.
    let later = START.plus(36 * 86_400_000);
    let hours = read(redis, &world.keys, &world.pool().id, later).await.expect("Redis answers");
    assert!(hours.is_empty());
    let key = world.keys.pool_load(&world.pool().id, START.0 / 3_600_000 / 168);
    let life: i64 = world.redis(&["TTL", &key]).await;
    assert!((41 * 86_400..=42 * 86_400).contains(&life), "{life}");
}

#[tokio::test]
async fn every_state_of_a_number_is_counted() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 4, json!({ "max_sharers": 3 })).await;
    let pool_state = async || {
        state(world.store.redis(), &world.keys, world.pool(), world.clock.now())
            .await
            .expect("Redis answers")
    };
    assert_eq!(pool_state().await, PoolState { numbers: 4, free: 4, ..PoolState::default() });
    let sessions: Vec<SessionId> = (0..5).map(|_| SessionId::new()).collect();
    for session in &sessions {
        world.view(*session, "page-one", 1).await;
    }
    let full = PoolState { numbers: 4, held: 4, shared: 1, utilisation: 1.0, ..Default::default() };
    assert_eq!(pool_state().await, full);
    world.tel_click(sessions[3], "page-one", 2, 0).await;
    assert_eq!(pool_state().await.pinned, 1);
    world.leave(sessions[3], "page-one", 3).await;
    world.at(181);
    ringtrace::lease::worker::run_once(&world.store, &world.installation, &world.clock)
        .await
        .expect("Redis answers");
    let resting = PoolState { numbers: 4, resting: 4, pinned: 1, ..PoolState::default() };
    assert_eq!(pool_state().await, resting);
    world.at(1_000);
    assert_eq!(pool_state().await.free, 4);
    let gone = oldest_lease(world.store.redis(), &world.keys, world.pool()).await;
    assert_eq!(gone.expect("Redis answers"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_tells_state_and_sizing_of_one_s_own_pools() {
    let mut app = TestApp::start().await;
    for page in ["page-one", "page-two", "page-three"] {
        app.page_view(page, "utm_source=a", None).await;
    }
    let told: Value = app.get("/v1/sites/one/pools", "rt_reader").await.json().await.expect("JSON");
    let pool = &told["pools"][0];
    for (field, expected) in [
        ("pool", json!("main")),
        ("numbers", json!(2)),
        ("held", json!(2)),
        ("shared", json!(1)),
        ("utilisation", json!(1.0)),
        ("overflow_target", json!(0.01)),
    ] {
        assert_eq!(pool[field], expected, "{field} in {pool}");
    }
    let path = "/v1/sites/one/pools/main/sizing?target=0.02&price=2";
    let told: Value = app.get(path, "rt_reader").await.json().await.expect("JSON");
    assert_eq!((&told["target"], &told["today"]["numbers"]), (&json!(0.02), &json!(2)));
    assert_eq!(told["today"]["monthly_cost"], json!(4.0));

    for (path, key, status) in [
        ("/v1/sites/two/pools", "rt_reader", 404),
        ("/v1/sites/nobody/pools", "rt_admin", 404),
        ("/v1/sites/one/pools/other/sizing", "rt_admin", 404),
        ("/v1/sites/one/pools/main/sizing?target=2", "rt_admin", 400),
        ("/v1/sites/one/pools/main/sizing?traget=0.1", "rt_admin", 400),
        ("/v1/sites/one/pools", "rt_nobody", 401),
    ] {
        assert_eq!(app.get(path, key).await.status(), status, "{path}");
    }
    app.stop().await;
}
