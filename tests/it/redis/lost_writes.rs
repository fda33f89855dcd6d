//! What is true of two pages with one number when Redis forgot the newest it was told: they are
//! found, and both learn that they share.

use ringtrace::lease::model::{SignKind, Tier};
use ringtrace::platform::ids::SessionId;
use serde_json::json;

use crate::support::redis::TestRedis;
use crate::support::world::{World, number, sign};

/// Every key of the world's Redis, as it is now.
async fn remember(world: &World) -> Vec<(String, Vec<u8>)> {
    let keys: Vec<String> = world.redis(&["KEYS", "*"]).await;
    let mut all = Vec::new();
    for key in keys {
        let dump = world.redis(&["DUMP", &key]).await;
        all.push((key, dump));
    }
    all
}

/// Forgets everything that was written since.
async fn go_back(world: &World, to: &[(String, Vec<u8>)]) {
    world.flush().await;
    for (key, dump) in to {
        let mut restore = redis::cmd("RESTORE");
        restore.arg(key).arg(0).arg(dump);
        world.store.redis().command::<()>("a test", &restore).await.expect("it is restored");
    }
}

#[tokio::test]
async fn a_forgotten_holder_and_the_next_one_share() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 1, json!({})).await;
    let [first, second] = std::array::from_fn(|_| SessionId::new());
    let before = remember(&world).await;
    assert_eq!(world.view(first, "page-aaa", 1).await.tier, Tier::Own);
    go_back(&world, &before).await;
    world.at(1);
    assert_eq!(world.view(second, "page-bbb", 1).await.tier, Tier::Own, "nobody else is known");

    world.at(2);
    let beat = sign("page-aaa", 2, SignKind::Beat, None);
    let found = world.acquire(first, &beat, Some(&number(0))).await.expect("it is on the page");
    assert_eq!((found.number, found.tier), (Some(number(0)), Tier::Shared));
    let told = world.beat(second, "page-bbb", 2).await.expect("it holds one");
    assert_eq!((told.number, told.tier), (Some(number(0)), Tier::Shared));
    let holders: Vec<String> =
        world.redis(&["LRANGE", &world.keys.holders(&number(0)), "0", "-1"]).await;
    for session in [first, second] {
        assert!(holders.iter().any(|entry| entry.starts_with(&session.short())), "{holders:?}");
    }
}

#[tokio::test]
async fn who_was_forgotten_to_have_got_better_than_the_overflow_shares_too() {
    for overflow in [json!([]), json!(["source"])] {
        let redis = TestRedis::start().await;
        let pool = json!({ "overflow": overflow });
        let world = World::with_pool(&redis, 1, pool).await;
        let [holder, late, third] = std::array::from_fn(|_| SessionId::new());
        world.at(0);
        world.view(holder, "page-aaa", 1).await;
        let without = world.view(late, "page-bbb", 1).await;
        assert_eq!(without.tier, Tier::Original);
        world.leave(holder, "page-aaa", 2).await;
        let before = remember(&world).await;
        world.at(200);
        let got = world.view(late, "page-bbb", 2).await;
        assert_eq!(got.number, Some(number(0)), "{overflow}");
        go_back(&world, &before).await;
        assert_eq!(world.view(third, "page-ccc", 1).await.number, Some(number(0)));

        let beat = sign("page-bbb", 3, SignKind::Beat, None);
        let found = world.acquire(late, &beat, Some(&number(0))).await.expect("it is on the page");
        assert_eq!((found.number, found.tier), (Some(number(0)), Tier::Shared));
        let told = world.beat(third, "page-ccc", 2).await.expect("it holds one");
        assert_eq!(told.tier, Tier::Shared);
    }
}
