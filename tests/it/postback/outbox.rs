//! Claims, settlements and pruning, without sending anything.

use ringtrace::platform::clock::Millis;
use ringtrace::postback::model::{Postback, SettledPostback, Skip, SkipReason, Verdict};
use ringtrace::postback::queue::Queue;
use ringtrace::postback::store::{Claimed, Claims, Move, Outbox};

use wiremock::ResponseTemplate;

use super::World;
use super::standin::dice;

const CLAIM_MS: i64 = 70_000;

async fn claims(world: &World, queue: &Queue, most: usize) -> Claims {
    let now = world.clock.script_arg();
    world.outbox.claim(queue, now, CLAIM_MS, most).await.expect("Redis answers")
}

/// Claims from the queue of the destination `ads`.
async fn claim(world: &World) -> Vec<Claimed> {
    claims(world, &ads(world), 32).await.entries
}

fn ads(world: &World) -> Queue {
    Queue::of(world.shard(), &world.postback("ads"))
}

/// The queue of what needs no destination.
fn nobodys(world: &World) -> Queue {
    Queue { shard: world.shard(), to: None }
}

/// What is known of queues: what is due now, and the next one.
async fn look(world: &World) -> Vec<(Queue, Millis)> {
    let look = world.outbox.look(world.shard(), world.clock.script_arg()).await;
    look.expect("Redis answers").queues
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
    let claims = claims(&world, &ads(&world), 2).await;
    let ids: Vec<_> = claims.entries.iter().map(|claimed| claimed.id.as_str()).collect();
    assert_eq!(ids, [&postbacks[4].id, &postbacks[3].id]);
    assert_eq!(claims.next_due, Some(postbacks[2].queued_at));
}

#[tokio::test]
async fn an_id_without_a_body_does_not_stay_for_ever() {
    let world = World::new().await;
    let key = nobodys(&world).key();
    let mut orphan = redis::cmd("ZADD");
    orphan.arg(&key).arg(1).arg("orphan");
    let _: i64 = world.redis.handle().command("a test", &orphan).await.expect("Redis answers");
    assert_eq!(look(&world).await, [(nobodys(&world), Millis(1))]);
    assert!(claims(&world, &nobodys(&world), 32).await.entries.is_empty());
    assert!(look(&world).await.is_empty());
    let exists = redis::cmd("EXISTS").arg(key).to_owned();
    let left: i64 = world.redis.handle().command("a test", &exists).await.expect("Redis answers");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_is_due_is_known_queue_by_queue() {
    let world = World::new().await;
    let now = world.clock.now();
    let mut ads_later = world.postback("ads");
    ads_later.not_before = now.plus(9_000);
    let mut crm_later = world.postback("crm");
    crm_later.not_before = now.plus(5_000);
    let mut withheld = world.postback("crm");
    withheld.withheld = Some(Skip::new(SkipReason::RuleNotMet, "a test"));
    withheld.not_before = now.plus(7_000);
    let crm = Queue::of(world.shard(), &crm_later);
    world.enqueue(&[ads_later, crm_later, withheld]).await;
    assert_eq!(look(&world).await, [(crm.clone(), now.plus(5_000))], "only the next one");

    world.enqueue(&[world.postback("ads")]).await;
    let both = [(ads(&world), now), (crm.clone(), now.plus(5_000))];
    assert_eq!(look(&world).await, both);
    assert_eq!(claim(&world).await.len(), 1);
    world.advance(8_000);
    let nobodys = (nobodys(&world), now.plus(7_000));
    let due = [(crm, now.plus(5_000)), nobodys, (ads(&world), now.plus(9_000))];
    assert_eq!(look(&world).await, due);
}

/// A random history: whatever is done, every queue in which something waits is known with its earliest moment.
#[tokio::test]
async fn no_queue_is_overlooked_whatever_happens() {
    let world = World::new().await;
    let mut held: Vec<Claimed> = Vec::new();
    for step in 0..600_u64 {
        let roll = dice("step", step);
        let now = world.clock.now();
        match roll % 6 {
            0 | 1 => {
                let mut postback = world.postback(if roll & 64 == 0 { "ads" } else { "crm" });
                postback.not_before = now.plus((roll >> 8) as i64 % 20_000);
                if roll & 128 == 0 {
                    postback.withheld = Some(Skip::new(SkipReason::RuleNotMet, "a test"));
                }
                world.enqueue(&[postback]).await;
            }
            2 | 3 => {
                let due = look(&world).await;
                let Some((queue, _)) = due.get((roll >> 8) as usize % due.len().max(1)) else {
                    continue;
                };
                let found = claims(&world, queue, 1 + (roll >> 16) as usize % 3).await;
                held.extend(found.entries);
            }
            4 if !held.is_empty() => {
                let claimed = held.swap_remove((roll >> 8) as usize % held.len());
                let body = claimed.body.clone();
                let to = match (roll >> 16) % 3 {
                    0 => Move::Done { at: now, body, ledger: String::new() },
                    1 => Move::Dead { at: now, body, ledger: String::new() },
                    _ => Move::Later { at: now.plus(3_000), body, ledger: String::new() },
                };
                world.outbox.settle(&claimed, &to).await.expect("Redis answers");
            }
            _ => world.advance((roll >> 8) as i64 % 4_000),
        }
        if roll.is_multiple_of(31) {
            // Whoever held them is gone.
            held.clear();
        }
        assert_eq!(world.queues().await, world.waiting().await, "after step {step}");
    }

    // In the end all of it has an end.
    let mut settled = 0;
    for _ in 0..2_000 {
        let due = look(&world).await;
        let Some((queue, at)) = due.first() else { break };
        world.clock.set(world.clock.now().max(*at));
        for claimed in claims(&world, queue, 500).await.entries {
            assert!(settle(&world.outbox, &claimed, world.clock.now()).await);
            settled += 1;
        }
    }
    assert!(settled > 20, "{settled}");
    let depth = world.outbox.depth(world.live.now().shards).await.expect("Redis answers");
    assert_eq!(depth.due, 0);
    assert!(world.queues().await.is_empty());
}

#[tokio::test]
async fn what_versions_with_one_queue_for_all_have_queued_is_delivered() {
    let world = World::new().await;
    world.answer_all(ResponseTemplate::new(200)).await;
    let mut old: Vec<_> = (0..40).map(|i| world.postback(["ads", "crm"][i % 2])).collect();
    old.push(world.postback("removed"));
    old[7].withheld = Some(Skip::new(SkipReason::RuleNotMet, "a test"));
    old[8].not_before = world.clock.now().plus(60_000);
    let mut queue = redis::pipe();
    for postback in &old {
        let body = serde_json::to_string(postback).expect("JSON");
        queue.hset(world.shard().outbox_body(), &postback.id, body).ignore();
        queue.zadd(world.shard().outbox_due(), &postback.id, postback.due_at().0).ignore();
    }
    let _: () = world.redis.handle().pipeline("a test", &queue).await.expect("Redis answers");
    let depth = world.outbox.depth(world.live.now().shards).await.expect("Redis answers");
    assert_eq!(depth.due, old.len() as u64);
    // Whether it is read, or somebody dies while it is claimed: nothing of it is lost.
    let shards = world.live.now().shards;
    let found = world.outbox.find(shards, &old[8].id).await.expect("Redis").expect("it waits");
    assert_eq!(found.at, old[8].not_before);
    assert_eq!(claims(&world, &nobodys(&world), 5).await.entries.len(), 5);
    world.drain(&world.deliverer()).await;

    let mut told: Vec<_> =
        world.told().await.into_iter().map(|fact| (fact.id, fact.verdict.word())).collect();
    told.sort();
    let skipped = |postback: &Postback| {
        postback.withheld.is_some() || postback.destination.as_str() == "removed"
    };
    let mut expected: Vec<_> = old
        .iter()
        .map(|old| (old.id.clone(), if skipped(old) { "skipped" } else { "delivered" }))
        .collect();
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(world.received().await.len(), 39);
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
