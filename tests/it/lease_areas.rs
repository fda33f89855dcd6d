//! Numbers near the visitor: area code, region, country, any; and what is left behind in Redis.

use ringtrace::config::Installation;
use ringtrace::lease::model::{Lease, Tier};
use ringtrace::lease::numbers::sync::sync_pools;
use ringtrace::lease::worker;
use ringtrace::platform::ids::SessionId;
use ringtrace::visit::model::Place;
use serde_json::{Value, json};

use crate::support::redis::TestRedis;
use crate::support::world::{World, config, site_json};

const OAKLAND: &str = "+15105550100";
const SAN_FRANCISCO: &str = "+14155550100";
const NEW_YORK: &str = "+12125550100";
const LONDON: &str = "+442079460000";
const TOLL_FREE: &str = "+18005550199";

fn local(numbers: &[&str], more: Value) -> Value {
    let mut pool = json!({ "numbers": numbers, "match_area": true });
    if let (Value::Object(all), Value::Object(more)) = (&mut pool, more) {
        all.extend(more);
    }
    pool
}

fn place(country: &str, region: &str, city: &str) -> Place {
    let [country, region, city] = [country, region, city].map(str::to_owned);
    Place { country, region, city, ..Place::default() }
}

async fn view_from(world: &World, place: &Place) -> Lease {
    world.view_at(SessionId::new(), None, "page-aaa", 1, None, Some(place)).await
}

fn told(lease: &Lease) -> (&str, Tier) {
    (lease.number.as_ref().expect("a number").as_str(), lease.tier)
}

async fn areas_left(world: &World) -> Vec<String> {
    let sets = world.keys.pool_free_of(&world.pool().id, "*");
    let mut keys: Vec<String> = world.redis(&["KEYS", &sets]).await;
    let hash: Vec<String> = world.redis(&["KEYS", &world.keys.pool_areas(&world.pool().id)]).await;
    keys.extend(hash);
    keys.sort();
    keys
}

#[tokio::test]
async fn the_nearest_rested_number_is_taken() {
    let redis = TestRedis::start().await;
    let all = [OAKLAND, SAN_FRANCISCO, NEW_YORK, LONDON, TOLL_FREE];
    let world = World::with_pool(&redis, 0, local(&all, json!({}))).await;
    let oakland = place("US", "CA", "Oakland");
    let got = [
        view_from(&world, &oakland).await,
        view_from(&world, &oakland).await,
        view_from(&world, &oakland).await,
        view_from(&world, &place("GB", "ENG", "London")).await,
        view_from(&world, &oakland).await,
    ];
    // Area code, region, country; the city elsewhere; any.
    let expected = [OAKLAND, SAN_FRANCISCO, NEW_YORK, LONDON, TOLL_FREE];
    for (lease, number) in got.iter().zip(expected) {
        assert_eq!(told(lease), (number, Tier::Own));
    }
}

#[tokio::test]
async fn rest_comes_before_nearness_and_nearness_before_idleness() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 0, local(&[OAKLAND, NEW_YORK], json!({}))).await;
    let (oakland, new_york) = (place("US", "CA", "Oakland"), place("US", "NY", "New York"));
    assert_eq!(told(&view_from(&world, &oakland).await), (OAKLAND, Tier::Own));
    // Oakland's is free again, but has not rested; New York's has.
    world.at(200);
    assert_eq!(told(&view_from(&world, &oakland).await), (NEW_YORK, Tier::Own));
    // Neither has rested: the near one, though the other lies idle as long or longer.
    world.at(800);
    assert_eq!(told(&view_from(&world, &new_york).await), (NEW_YORK, Tier::Unrested));
    world.at(801);
    assert_eq!(told(&view_from(&world, &new_york).await), (OAKLAND, Tier::Unrested));
}

#[tokio::test]
async fn a_visitor_from_nowhere_gets_the_longest_idle_number() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 0, local(&[OAKLAND, NEW_YORK], json!({}))).await;
    assert_eq!(told(&view_from(&world, &Place::default()).await), (NEW_YORK, Tier::Own));
    let lease = world.view(SessionId::new(), "page-bbb", 1).await;
    assert_eq!(told(&lease), (OAKLAND, Tier::Own));
}

#[tokio::test]
async fn areas_follow_the_configuration_and_survive_those_who_do_not_mind_them() {
    let redis = TestRedis::start().await;
    let id = crate::support::unique_site();
    let site = |pool: Value| Installation::new(config(json!([site_json(id.as_str(), 0, pool)])));
    let both = local(&[OAKLAND, NEW_YORK], json!({}));
    let world = World::new(&redis, json!([site_json(id.as_str(), 0, both.clone())])).await;
    let sets = |labels: &[&str]| -> Vec<String> {
        let pool = &world.pool().id;
        let mut keys: Vec<String> =
            labels.iter().map(|label| world.keys.pool_free_of(pool, label)).collect();
        keys.push(world.keys.pool_areas(pool));
        keys.sort();
        keys
    };
    assert_eq!(areas_left(&world).await, sets(&["+1212", "+1510", "US", "US-CA", "US-NY"]));

    // Another process with an older configuration takes a number and does not mind areas.
    let plain = site(local(&[OAKLAND, NEW_YORK], json!({ "match_area": false })));
    let store = ringtrace::lease::store::LeaseStore::new(redis.patient_handle());
    let other =
        World { installation: plain, store, keys: world.keys.clone(), clock: world.clock.clone() };
    let taken = other.view(SessionId::new(), "page-aaa", 1).await;
    assert_eq!(told(&taken), (NEW_YORK, Tier::Own));
    // It is in the sets of its areas still, and nobody gets it.
    let new_york = place("US", "NY", "New York");
    assert_eq!(told(&view_from(&world, &new_york).await), (OAKLAND, Tier::Own));
    assert_eq!(told(&view_from(&world, &new_york).await).1, Tier::Shared);

    // Freed by that other one it is missing from them until the next sync.
    world.at(10_000);
    worker::run_once(&other.store, &other.installation, &other.clock).await.expect("it sweeps");
    assert_eq!(areas_left(&world).await, sets(&[]));
    sync_pools(&world.store, &world.installation, &world.clock).await.expect("in step");
    assert_eq!(areas_left(&world).await, sets(&["+1212", "+1510", "US", "US-CA", "US-NY"]));

    // A drained number leaves its areas; without matching nothing of them is left.
    let one = site(local(&[OAKLAND], json!({})));
    sync_pools(&world.store, &one, &world.clock).await.expect("in step");
    assert_eq!(areas_left(&world).await, sets(&["+1510", "US", "US-CA"]));
    sync_pools(&world.store, &other.installation, &world.clock).await.expect("in step");
    assert_eq!(areas_left(&world).await, [""; 0]);
}
