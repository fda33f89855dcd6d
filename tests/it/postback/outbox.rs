//! Claims, settlements and pruning, without sending anything.

use ringtrace::platform::clock::Millis;
use ringtrace::postback::model::{SettledPostback, Verdict};
use ringtrace::postback::store::{Claimed, Move, Outbox};

use super::World;

const CLAIM_MS: i64 = 70_000;

async fn claim(world: &World) -> Vec<Claimed> {
    let now = world.clock.script_arg();
    let claims = world.outbox.claim(world.shard(), now, CLAIM_MS, 32).await.expect("Redis answers");
    claims.entries
}

async fn settle(outbox: &Outbox, claimed: &Claimed, at: Millis) -> bool {
    let postback = serde_json::from_str(&claimed.body).expect("a postback");
    let settled = SettledPostback { postback, settled_at: at, verdict: Verdict::Delivered };
    let body = serde_json::to_string(&settled).expect("JSON");
    let done = Move::Done { at, body, ledger: String::new() };
    outbox.settle(claimed, &done).await.expect("Redis answers")
}

#[tokio::test]
async fn a_claim_hides_an_entry_until_it_ends_and_takes_nothing_out() {
    let world = World::new().await;
    let postback = world.postback("ads");
    world.enqueue(std::slice::from_ref(&postback)).await;
    let first = claim(&world).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].until, world.clock.now().plus(CLAIM_MS));
    assert!(claim(&world).await.is_empty());
    world.advance(CLAIM_MS - 1);
    assert!(claim(&world).await.is_empty());
    world.advance(1);
    let second = claim(&world).await;
    assert_eq!(second[0].id, postback.id);
    assert_eq!(second[0].body, first[0].body);
}

#[tokio::test]
async fn only_the_present_claim_settles() {
    let world = World::new().await;
    world.enqueue(&[world.postback("ads")]).await;
    let never = Claimed { until: Millis(1), ..claim(&world).await.remove(0) };
    assert!(!settle(&world.outbox, &never, world.clock.now()).await);

    world.advance(CLAIM_MS);
    let late = claim(&world).await.remove(0);
    world.advance(CLAIM_MS);
    let present = claim(&world).await.remove(0);
    assert!(!settle(&world.outbox, &late, world.clock.now()).await, "its claim ran out");
    assert!(settle(&world.outbox, &present, world.clock.now()).await);
    assert!(!settle(&world.outbox, &present, world.clock.now()).await, "it is settled already");
    let depth = world.outbox.depth(world.live.now().shards).await.expect("Redis answers");
    assert_eq!((depth.due, depth.dead), (0, 0));
}

#[tokio::test]
async fn a_late_worker_cannot_undo_a_retry() {
    let world = World::new().await;
    world.enqueue(&[world.postback("ads")]).await;
    let late = claim(&world).await.remove(0);
    world.advance(CLAIM_MS);
    let present = claim(&world).await.remove(0);
    let later = Move::Later {
        at: world.clock.now().plus(1),
        body: present.body.clone(),
        ledger: String::new(),
    };
    assert!(world.outbox.settle(&present, &later).await.expect("Redis answers"));
    assert!(!settle(&world.outbox, &late, world.clock.now()).await);
    world.advance(1);
    assert_eq!(claim(&world).await.len(), 1);
}

#[tokio::test]
async fn a_claim_is_bounded_and_takes_the_oldest() {
    let world = World::new().await;
    let mut postbacks: Vec<_> = (0..5).map(|_| world.postback("ads")).collect();
    for (i, postback) in (0..).zip(&mut postbacks) {
        postback.queued_at = world.clock.now().plus(-i);
    }
    world.enqueue(&postbacks).await;
    let now = world.clock.script_arg();
    let claims = world.outbox.claim(world.shard(), now, CLAIM_MS, 2).await.expect("Redis answers");
    let ids: Vec<_> = claims.entries.iter().map(|claimed| claimed.id.as_str()).collect();
    assert_eq!(ids, [&postbacks[4].id, &postbacks[3].id]);
    assert_eq!(claims.next_due, Some(postbacks[2].queued_at));
}

#[tokio::test]
async fn an_id_without_a_body_does_not_stay_for_ever() {
    let world = World::new().await;
    let mut orphan = redis::cmd("ZADD");
    orphan.arg(world.shard().outbox_due()).arg(1).arg("orphan");
    let _: i64 = world.redis.handle().command("a test", &orphan).await.expect("Redis answers");
    assert!(claim(&world).await.is_empty());
    let depth = world.outbox.depth(world.live.now().shards).await.expect("Redis answers");
    assert_eq!(depth.due, 0);
}

#[tokio::test]
async fn pruning_forgets_the_oldest_by_age() {
    let world = World::new().await;
    let old = world.postback("ads");
    world.enqueue(std::slice::from_ref(&old)).await;
    assert!(settle(&world.outbox, &claim(&world).await[0], world.clock.now()).await);
    world.advance(10_000);
    let young = world.postback("ads");
    world.enqueue(std::slice::from_ref(&young)).await;
    assert!(settle(&world.outbox, &claim(&world).await[0], world.clock.now()).await);

    let (shard, now) = (world.shard(), world.clock.script_arg());
    assert_eq!(world.outbox.prune(shard, now, 5_000).await.expect("Redis answers"), 1);
    assert_eq!(world.outbox.prune(shard, now, 5_000).await.expect("Redis answers"), 0);
    let shards = world.live.now().shards;
    assert!(world.outbox.find(shards, &old.id).await.expect("Redis answers").is_none());
    assert!(world.outbox.find(shards, &young.id).await.expect("Redis answers").is_some());

    // Its call may still change: what was sent is not sent again.
    assert_eq!(world.enqueue(std::slice::from_ref(&old)).await, 0);
    world.advance(31 * 24 * 3_600_000);
    let now = world.clock.script_arg();
    assert_eq!(world.outbox.prune(shard, now, 5_000).await.expect("Redis answers"), 2);
    assert_eq!(world.enqueue(std::slice::from_ref(&old)).await, 1, "nothing is kept for ever");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_goes_to_the_dead_set() {
    let world = World::new().await;
    let mut broken = redis::pipe();
    broken.hset(world.shard().outbox_body(), "broken", "{").zadd(
        world.shard().outbox_due(),
        "broken",
        1,
    );
    let _: (i64, i64) =
        world.redis.handle().pipeline("a test", &broken).await.expect("Redis answers");
    world.drain(&world.deliverer()).await;
    let depth = world.outbox.depth(world.live.now().shards).await.expect("Redis answers");
    assert_eq!((depth.due, depth.dead), (0, 1));
    assert!(world.told().await.is_empty());
}
