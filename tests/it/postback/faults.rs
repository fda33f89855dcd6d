//! Receivers that hang, workers that die, endings.

use std::time::Duration;

use jiff::SignedDuration;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringtrace::platform::clock::Millis;
use ringtrace::platform::redis_server::RedisServer;
use ringtrace::platform::shutdown::Shutdown;
use ringtrace::postback::lanes::WAITING_PER_SENDING;
use ringtrace::postback::model::{Skip, SkipReason, Verdict};
use ringtrace::postback::queue::Queue;
use ringtrace::postback::worker::{Outcome, Tally};
use wiremock::matchers::path;
use wiremock::{Mock, ResponseTemplate};

use super::{World, key_of};

/// Waits until `done`, for at most ten seconds.
async fn until<F: Future<Output = bool>>(what: &str, done: impl Fn() -> F) {
    let wait = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect(what);
}

#[tokio::test]
async fn a_worker_that_dies_after_sending_leaves_the_same_key_to_the_next() {
    let world = World::new().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    world.answer_in_turn([slow]).await;
    let postback = world.postback("ads");
    world.enqueue(std::slice::from_ref(&postback)).await;

    let (dying, now) = (world.deliverer(), world.clock.script_arg());
    let task = tokio::spawn(async move { dying.run_once(now).await });
    until("it was sent", || async { world.received().await.len() == 1 }).await;
    task.abort();

    world.answer_all(ResponseTemplate::new(200)).await;
    let next = world.deliverer();
    let Outcome::NextDueAt(claim_ends) = world.round(&next).await else { panic!("it was lost") };
    assert!(claim_ends > world.clock.now());
    world.drain(&next).await;
    let received = world.received().await;
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|request| key_of(request) == postback.id));
    assert_eq!(world.told().await.len(), 1);
}

#[tokio::test]
async fn a_receiver_that_hangs_is_cut_off_and_tried_again() {
    let world =
        World::with(|config| config.postback.timeout = SignedDuration::from_millis(150)).await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    world.answer_in_turn([slow, ResponseTemplate::new(200)]).await;
    world.enqueue(&[world.postback("ads")]).await;
    let deliverer = world.deliverer();
    assert_eq!(world.tally(&deliverer).await, Tally { retried: 1, ..Tally::default() });
    world.drain(&deliverer).await;
    assert_eq!(world.told().await[0].verdict, Verdict::Delivered);
    assert_eq!(world.received().await.len(), 2);
}

#[tokio::test]
async fn a_slow_destination_does_not_delay_a_fast_one() {
    let world = World::new().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    Mock::given(path("/pb")).respond_with(slow).mount(&world.receiver).await;
    Mock::given(path("/hook"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&world.receiver)
        .await;
    world.clock.follow_system();
    // They are due before everything else.
    let mut waiting: Vec<_> = (0..2_000).map(|_| world.postback("ads")).collect();
    waiting.iter_mut().for_each(|postback| postback.queued_at = Millis(1));
    world.enqueue(&waiting).await;
    let slow = Queue::of(world.shard(), &waiting[0]);

    let shutdown = Shutdown::default();
    let running = tokio::spawn(world.deliverer().run(shutdown.signal()));
    until("the slow one is busy", || async { !world.received().await.is_empty() }).await;
    let fast: Vec<_> = (0..20).map(|_| world.postback("crm")).collect();
    world.enqueue(&fast).await;
    let mut withheld = world.postback("ads");
    withheld.withheld = Some(Skip::new(SkipReason::RuleNotMet, "a test"));
    world.enqueue(&[withheld]).await;
    until("the fast ones are told", || async { world.told().await.len() == 21 }).await;
    let told = world.told().await;
    let of_slow = told.iter().filter(|fact| fact.destination.as_str() == "ads");
    assert!(of_slow.map(|fact| fact.verdict.word()).eq(["skipped"]), "which needs no destination");

    // What finds no place is not touched at all.
    let untouched = world.scored(&slow.key()).await;
    let untouched = untouched.iter().filter(|(_, due)| *due == 1).count();
    let per_destination = world.live.now_full().config.postback.per_destination;
    assert_eq!(untouched, 2_000 - per_destination * (1 + WAITING_PER_SENDING));
    running.abort();
}

#[tokio::test]
async fn of_a_destination_that_rests_nothing_is_taken_until_one_finds_it_well() {
    let world = World::with(|config| config.postback.per_destination = 1).await;
    let busy = ResponseTemplate::new(429).insert_header("Retry-After", "120");
    world.answer_in_turn([busy]).await;
    world.answer_all(ResponseTemplate::new(200)).await;
    let deliverer = world.deliverer();
    world.enqueue(&[world.postback("ads")]).await;
    assert_eq!(world.tally(&deliverer).await, Tally { retried: 1, ..Tally::default() });
    let waiting: Vec<_> = (0..50).map(|_| world.postback("ads")).collect();
    world.enqueue(&waiting).await;
    let queue = Queue::of(world.shard(), &waiting[0]);
    let before = world.scored(&queue.key()).await;

    let Outcome::NextDueAt(awake) = world.round(&deliverer).await else { panic!("it must rest") };
    let rest = awake.since(world.clock.now());
    assert!((119_000..=121_000).contains(&rest), "{rest}");
    assert_eq!(world.scored(&queue.key()).await, before, "nothing was claimed");
    world.clock.set(awake);
    assert_eq!(world.tally(&deliverer).await, Tally { delivered: 1, ..Tally::default() });
    assert_eq!(world.tally(&deliverer).await.delivered, 33);
    world.drain(&deliverer).await;
    assert_eq!(world.told().await.len(), 51);
    assert_eq!(world.received().await.len(), 52);
}

#[tokio::test]
async fn at_shutdown_what_is_under_way_is_settled_and_the_rest_stays_queued() {
    let world = World::with(|config| config.postback.per_destination = 1).await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(1));
    world.answer_all(slow).await;
    world.clock.follow_system();
    world.enqueue(&[world.postback("ads"), world.postback("ads")]).await;
    let shutdown = Shutdown::default();
    let running = tokio::spawn(world.deliverer().run(shutdown.signal()));
    until("one is under way", || async { !world.received().await.is_empty() }).await;
    shutdown.begin();
    running.await.expect("it ends by itself");
    assert_eq!(world.told().await.len(), 1);
    let depth = world.outbox.depth(world.live.now().shards).await.expect("Redis answers");
    assert_eq!(depth.due, 1);

    // The one that waited for its turn is not held back by a claim.
    let next = world.deliverer();
    assert_eq!(world.tally(&next).await, Tally { delivered: 1, ..Tally::default() });
    assert_eq!(world.received().await.len(), 2);
}

#[tokio::test]
async fn what_fails_until_its_latest_moment_is_given_up() {
    let world = World::new().await;
    world.answer_all(ResponseTemplate::new(500).set_body_string("broken")).await;
    let mut postback = world.postback("ads");
    postback.latest_at = world.clock.now().plus(3_600_000);
    let latest = postback.latest_at;
    world.enqueue(&[postback]).await;
    let deliverer = world.deliverer();
    let mut sent_at = None;
    // Whether the last attempt fails or a rest outlasts the latest moment is left to chance.
    for _ in 0..100 {
        let before = world.received().await.len();
        match world.round(&deliverer).await {
            Outcome::Idle => break,
            Outcome::NextDueAt(at) => world.clock.set(at),
            Outcome::Settled(_) if world.received().await.len() > before => {
                sent_at = Some(world.clock.now());
            }
            Outcome::Settled(_) => {}
        }
    }
    assert!(sent_at.is_some_and(|at| at <= latest), "nothing is sent after its latest moment");
    let told = world.told().await;
    let [fact] = told.as_slice() else { panic!("one verdict, not {}", told.len()) };
    assert_eq!(fact.verdict, Verdict::GaveUp { why: "HTTP 500: broken".to_owned() });
    assert_eq!(fact.attempts as usize, world.received().await.len());
    assert!(fact.attempts > 3);
    let depth = world.outbox.depth(world.live.now().shards).await.expect("Redis answers");
    assert_eq!((depth.due, depth.dead), (0, 1));
}

#[tokio::test]
async fn what_waits_for_a_rest_that_outlasts_its_latest_moment_is_given_up_unsent() {
    let world = World::new().await;
    let busy = ResponseTemplate::new(429).insert_header("Retry-After", "120");
    world.answer_in_turn([busy]).await;
    world.answer_all(ResponseTemplate::new(200)).await;
    let deliverer = world.deliverer();
    world.enqueue(&[world.postback("ads")]).await;
    assert_eq!(world.tally(&deliverer).await, Tally { retried: 1, ..Tally::default() });
    let mut short = world.postback("ads");
    short.latest_at = world.clock.now().plus(60_000);
    world.enqueue(std::slice::from_ref(&short)).await;
    world.drain(&deliverer).await;
    let told = world.told().await;
    let fact = told.iter().find(|fact| fact.id == short.id).expect("a verdict");
    assert_eq!(fact.verdict.word(), "gave_up");
    assert_eq!(fact.attempts, 0);
    assert_eq!(world.received().await.len(), 2, "the first one, twice");
}

#[tokio::test]
async fn what_is_found_too_late_is_given_up_unsent() {
    let world = World::new().await;
    world.enqueue(&[world.postback("ads")]).await;
    world.advance(73 * 3_600_000);
    let deliverer = world.deliverer();
    assert_eq!(world.tally(&deliverer).await, Tally { gave_up: 1, ..Tally::default() });
    assert!(world.received().await.is_empty());
}

#[tokio::test]
async fn a_redis_that_dies_before_the_result_is_written_causes_a_repeat_not_a_loss() {
    let world = World::new().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(1));
    world.answer_all(slow).await;
    let postback = world.postback("ads");
    world.enqueue(std::slice::from_ref(&postback)).await;
    let (deliverer, now) = (world.deliverer(), world.clock.script_arg());
    let first = deliverer.clone();
    let sending = tokio::spawn(async move { first.run_once(now).await });
    until("it is being sent", || async { world.received().await.len() == 1 }).await;

    let redis = Pid::from_raw(i32::try_from(world.redis.pid()).expect("a process id"));
    kill(redis, Signal::SIGKILL).expect("it can be killed");
    // An error when the other shards were still to be asked.
    if let Ok(outcome) = sending.await.expect("no panic") {
        assert_eq!(outcome, Outcome::Settled(Tally { lost: 1, ..Tally::default() }));
    }
    let restarted = RedisServer::start("redis-server", &world.redis.folder()).await;
    let _restarted = restarted.expect("it starts again on what it kept");

    world.drain(&deliverer).await;
    let received = world.received().await;
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|request| key_of(request) == postback.id));
    assert_eq!(world.told().await.len(), 1);
}
