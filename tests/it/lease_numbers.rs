//! Numbers come from the configuration, are claimed once, and drain; many clients at once.

use std::collections::{HashMap, HashSet};

use futures_util::future::join_all;
use ringtrace::config::{Installation, Live};
use ringtrace::lease::model::Lease;
use ringtrace::lease::model::Tier;
use ringtrace::lease::numbers::sync::{NumbersError, Synced, sync_pools};
use ringtrace::lease::pools::load::Grants;
use ringtrace::lease::shares::Shares;
use ringtrace::lease::worker::Upkeep;
use ringtrace::platform::ids::SessionId;
use serde_json::json;

use crate::support::cluster::TestCluster;
use crate::support::redis::{Backend, TestRedis};
use crate::support::world::{World, config, number, site_json};

#[tokio::test]
async fn a_reload_adds_and_drains_numbers_and_loses_no_lease() {
    let redis = TestRedis::start().await;
    let id = crate::support::unique_site();
    let world = World::new(&redis, json!([site_json(id.as_str(), 2, json!({}))])).await;
    let [a, b] = std::array::from_fn(|_| SessionId::new());
    let first = world.view(a, "page-aaa", 1).await;
    assert_eq!(first.number, Some(number(0)));

    // The second start of the same configuration changes nothing.
    let again = sync_pools(&world.store, &world.installation, &world.clock).await;
    assert_eq!(again.expect("nothing is in the way"), Synced::default());

    // a's number goes, number 2 comes.
    let numbers = json!({ "numbers": [number(1).as_str(), number(2).as_str()] });
    let changed = Installation::new(config(json!([site_json(id.as_str(), 0, numbers)])));
    let synced = sync_pools(&world.store, &changed, &world.clock).await;
    assert_eq!(
        synced.expect("nothing is in the way"),
        Synced { added: 1, drained: 1, ..Synced::default() }
    );
    let first = Lease { is_new: false, ..first };
    assert_eq!(world.beat(a, "page-aaa", 2).await, Some(first));

    // Long after a is gone nobody gets its number, except a while its page still shows it.
    world.at(10_000);
    assert_eq!(world.view(b, "page-bbb", 1).await.number, Some(number(1)));
    for n in 0..4 {
        let lease = world.view(SessionId::new(), "page-xxx", 1).await;
        assert_ne!(lease.number, Some(number(0)), "{n}");
    }
    let back = world.beat(a, "page-aaa", 3).await.expect("it is on the page");
    assert_eq!((back.number, back.tier), (Some(number(0)), Tier::Own));

    // Everything is drained when the site goes, and comes back with it.
    let empty = Installation::new(config(json!([])));
    let synced = sync_pools(&world.store, &empty, &world.clock).await;
    assert_eq!(synced.expect("nothing is in the way").drained, 2);
    let synced = sync_pools(&world.store, &world.installation, &world.clock).await;
    // Both numbers are held: they are simply no longer on their way out.
    assert_eq!(synced.expect("nothing is in the way"), Synced::default());
    let draining: Vec<String> =
        world.redis(&["HKEYS", &world.keys.pool_draining(&world.pool().id)]).await;
    assert_eq!(draining, [number(2).to_string()]);
}

#[tokio::test]
async fn a_number_belongs_to_one_pool() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 2, json!({})).await;
    let other = Installation::new(config(json!([site_json("other", 3, json!({}))])));
    let refused = sync_pools(&world.store, &other, &world.clock).await;
    let Err(NumbersError::Taken { number: taken, wanted, owner, .. }) = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!((taken, wanted.as_str()), (&number(0), "other/main"));
    assert_eq!(*owner, format!("{}/main", world.site().id));
    let claimed: Option<String> =
        world.redis(&["HGET", "rt:{numbers}:owner", number(2).as_str()]).await;
    assert_eq!(claimed, None, "nothing was changed");

    let twice = json!([site_json("one", 1, json!({})), site_json("two", 1, json!({}))]);
    let twice = Installation::new(config(twice));
    let refused = sync_pools(&world.store, &twice, &world.clock).await;
    assert!(matches!(refused, Err(NumbersError::Taken { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_at_once_never_make_two_of_one() {
    never_two_of_one(&TestRedis::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_at_once_never_make_two_of_one_on_a_cluster() {
    never_two_of_one(&TestCluster::start().await).await;
}

async fn never_two_of_one(redis: &impl Backend) {
    let world = World::with_pool(redis, 24, json!({})).await;
    let sessions: Vec<SessionId> = (0..12).map(|_| SessionId::new()).collect();
    // 32 clients, each for all sessions, each on a connection of its own and a page of its own.
    let (world, sessions) = (&world, &sessions);
    let clients = (0..32).map(|client| {
        let store = ringtrace::lease::store::LeaseStore::new(redis.patient_handle());
        async move {
            let page = format!("page-{client:03}");
            let mut got = Vec::new();
            for turn in 0..sessions.len() {
                let session = sessions[(turn + client) % sessions.len()];
                got.push((session, world.view_over(&store, session, &page, 1).await.number));
            }
            got
        }
    });
    let mut numbers: HashMap<SessionId, HashSet<_>> = HashMap::new();
    for (session, number) in join_all(clients).await.into_iter().flatten() {
        numbers.entry(session).or_default().insert(number.expect("there are enough"));
    }
    assert!(numbers.values().all(|own| own.len() == 1), "{numbers:?}");
    let all: HashSet<_> = numbers.values().flatten().collect();
    assert_eq!(all.len(), sessions.len(), "every session has another number");
    let (keys, pool) = (&world.keys, &world.pool().id);
    let held: usize = world.redis(&["ZCARD", &keys.pool_held(pool)]).await;
    let free: usize = world.redis(&["ZCARD", &keys.pool_free(pool)]).await;
    assert_eq!((held, free), (12, 12));
}

#[tokio::test]
async fn the_sweeper_fills_the_pools_of_a_redis_that_lost_its_data() {
    let redis = TestRedis::start().await;
    let id = crate::support::unique_site();
    let world = World::new(&redis, json!([site_json(id.as_str(), 2, json!({}))])).await;
    let live = Live::new(world.installation.config.clone());
    let (mut upkeep, grants) = (Upkeep::default(), Grants::default());
    let shares = Shares::default();
    upkeep
        .run_once(&world.store, &live, (&grants, &shares), &world.clock)
        .await
        .expect("Redis answers");
    let flush = ::redis::cmd("FLUSHALL");
    let flush: String = world.store.redis().command("a test", &flush).await.expect("it obeys");
    assert_eq!(flush, "OK");
    for _ in 0..4 {
        upkeep
            .run_once(&world.store, &live, (&grants, &shares), &world.clock)
            .await
            .expect("Redis answers");
    }
    let lease = world.view(SessionId::new(), "page-aaa", 1).await;
    assert_eq!(lease.number, Some(number(0)));
}
