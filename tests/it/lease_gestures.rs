//! What visitors do with the number on the page: clicks, copies, long presses.

use ringtrace::lease::holders::holders;
use ringtrace::lease::model::{Gesture, Holder};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::SessionId;
use serde_json::json;

use crate::support::redis::TestRedis;
use crate::support::world::{World, number};

/// Who was shown the only number before `now`, newest first.
async fn shown(world: &World, now: Millis) -> Vec<Holder> {
    let (redis, window) = (world.store.redis(), world.site().attribution_window);
    let shown = holders(redis, &world.keys, &number(0), now, None, window).await;
    shown.expect("redis answers").holders
}

fn done(holder: &Holder) -> [Option<Millis>; 3] {
    [holder.tel_click, holder.copied, holder.long_press]
}

#[tokio::test]
async fn what_is_done_with_a_number_is_remembered_and_only_a_click_pins_it() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 1, json!({ "overflow": [] })).await;
    let session = SessionId::new();
    world.view(session, "page-aaa", 1).await;
    world.at(10);
    world.gesture(session, ("page-aaa", 2), Gesture::Copied, 400).await;
    let pinned: usize = world.redis(&["ZCARD", &world.keys.pool_pinned(&world.pool().id)]).await;
    assert_eq!(pinned, 0);
    world.gesture(session, ("page-aaa", 3), Gesture::TelClick, 100).await;
    let told = world.gesture(session, ("page-aaa", 4), Gesture::LongPress, 0).await;
    assert_eq!(told.expect("it holds one").number, Some(number(0)));
    let pinned: usize = world.redis(&["ZCARD", &world.keys.pool_pinned(&world.pool().id)]).await;
    assert_eq!(pinned, 1);

    // The same while the lease runs, after it, and when the lease was lost on the way.
    let at = world.clock.now();
    let expected = [100, 400, 0].map(|ago| Some(at.plus(-ago)));
    assert_eq!(done(&shown(&world, at).await[0]), expected);
    world.leave(session, "page-aaa", 5).await;
    let later = world.at(5_000);
    let other = world.view(SessionId::new(), "page-bbb", 1).await;
    assert_eq!(other.number, Some(number(0)));
    let all = shown(&world, later).await;
    assert_eq!(all.len(), 2);
    assert_eq!(done(&all[1]), expected);
    assert_eq!(done(&all[0]), [None; 3]);
}
