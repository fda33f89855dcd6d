//! The lease scripts against a real Redis, with a clock of their own: each rule, values and lives.

use jiff::SignedDuration;
use ringtrace::lease::holders::holders;
use ringtrace::lease::model::{Lease, SignKind, Tier};
use ringtrace::lease::worker;
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::{SessionId, VisitorId};
use serde_json::json;

use crate::support::redis::TestRedis;
use crate::support::world::{START, World, number, sign};

fn got(lease: &Lease) -> (String, Tier) {
    let number = lease.number.as_ref().map(ToString::to_string).unwrap_or_default();
    (number, lease.tier)
}

fn told(n: u16, tier: Tier) -> (String, Tier) {
    (number(n).to_string(), tier)
}

#[tokio::test]
async fn a_new_session_gets_a_number_of_its_own_and_everything_is_written_down() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 2, json!({})).await;
    let session = SessionId::new();
    let lease = world.view(session, "page-one", 1).await;
    assert_eq!(got(&lease), told(0, Tier::Own));
    assert_eq!(lease.since, START);

    let (keys, pool) = (&world.keys, &world.pool().id);
    let key = keys.lease(pool, &session);
    let (now, ends) = (START.0, START.0 + 180_000);
    let value: String = world.redis(&["GET", &key]).await;
    assert_eq!(value, format!("{} own {now} {now} {ends} 0 page-one=1", number(0)));
    // hold + linger + rest + session timeout
    let life: i64 = world.redis(&["PTTL", &key]).await;
    assert!((2_960_000..=2_970_000).contains(&life), "{life}");

    let free: Vec<String> = world.redis(&["ZRANGE", &keys.pool_free(pool), "0", "-1"]).await;
    assert_eq!(free, [number(1).to_string()]);
    let held: Vec<String> =
        world.redis(&["ZRANGE", &keys.pool_held(pool), "0", "-1", "WITHSCORES"]).await;
    assert_eq!(held, [number(0).to_string(), ends.to_string()]);
    for unused in [keys.pool_live(pool), keys.pool_share(pool), keys.pool_pinned(pool)] {
        let exists: bool = world.redis(&["EXISTS", &unused]).await;
        assert!(!exists, "{unused}");
    }
    let list = keys.holders(&number(0));
    let entries: Vec<String> = world.redis(&["LRANGE", &list, "0", "-1"]).await;
    assert_eq!(entries, [format!("{} {now} {now} own 0 0 main", session.short())]);
    let life: i64 = world.redis(&["PTTL", &list]).await;
    assert!(life > 29 * 24 * 3_600_000, "{life}");

    let ledger: Vec<(String, Vec<String>)> =
        world.redis(&["XRANGE", &keys.shard.ledger(), "-", "+"]).await;
    assert_eq!(ledger.len(), 1);
    let envelope: Envelope = serde_json::from_str(&ledger[0].1[1]).expect("an envelope");
    assert_eq!(envelope.at, START);
    assert_eq!(envelope.id, format!("{session}.main.own"));
    let Event::Lease(fact) = &envelope.event else { panic!("a lease: {envelope:?}") };
    assert_eq!((fact.session, fact.tier), (session, Tier::Own));
    assert_eq!(fact.number, Some(number(0)));
    assert_eq!(serde_json::from_str::<Envelope>(&envelope.to_json()).ok(), Some(envelope));
}

#[tokio::test]
async fn rule_1_a_session_renews_what_it_holds_and_nothing_but_its_lease_moves() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 2, json!({})).await;
    let session = SessionId::new();
    let first = world.view(session, "page-one", 1).await;
    assert!(first.is_new);
    let first = Lease { is_new: false, ..first };
    world.at(170);
    assert_eq!(world.view(session, "page-two", 1).await, first);
    world.at(340);
    assert_eq!(world.beat(session, "page-one", 2).await, Some(first.clone()));
    let held: String =
        world.redis(&["ZSCORE", &world.keys.pool_held(&world.pool().id), number(0).as_str()]).await;
    assert_eq!(held, (START.0 + 180_000).to_string());
    // Late and reordered messages change nothing and are answered all the same.
    world.at(400);
    assert_eq!(world.beat(session, "page-one", 2).await, Some(first.clone()));
    assert_eq!(world.leave(session, "page-one", 1).await, Some(first));
    let value: String = world.redis(&["GET", &world.keys.lease(&world.pool().id, &session)]).await;
    assert!(value.ends_with(" page-one=2 page-two=1"), "{value}");
    assert!(value.contains(&(START.0 + 340_000).to_string()), "{value}");
}

#[tokio::test]
async fn a_renewal_is_one_script_that_reads_and_writes_once() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 2, json!({})).await;
    let session = SessionId::new();
    world.view(session, "page-one", 1).await;
    world.beat(session, "page-one", 2).await;
    let _: String = world.redis(&["CONFIG", "RESETSTAT"]).await;
    world.view(session, "page-two", 1).await;
    world.beat(session, "page-two", 2).await;
    let stats: String = world.redis(&["INFO", "commandstats"]).await;
    let mut calls: Vec<&str> = stats
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_")?.split(',').next())
        .filter(|calls| !calls.starts_with("config"))
        .collect();
    calls.sort_unstable();
    assert_eq!(calls, ["evalsha:calls=2", "get:calls=2", "set:calls=2"]);
}

#[tokio::test]
async fn rules_2_to_5_numbers_rest_longest_idle_first() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 2, json!({})).await;
    let [a, b, c, d] = std::array::from_fn(|_| SessionId::new());
    assert_eq!(got(&world.view(a, "page-aaa", 1).await), told(0, Tier::Own));
    world.at(10);
    assert_eq!(got(&world.view(b, "page-bbb", 1).await), told(1, Tier::Own));
    world.at(100);
    world.beat(a, "page-aaa", 2).await;
    // b ended first (190 s), then a (280 s): b's number has been idle for longer.
    world.at(300);
    assert_eq!(got(&world.view(c, "page-ccc", 1).await), told(1, Tier::Unrested));
    // a's last sign of life was at 100 s; 15 minutes later its number has rested.
    world.at(100 + 900);
    assert_eq!(got(&world.view(d, "page-ddd", 1).await), told(0, Tier::Own));
    let entries: Vec<String> =
        world.redis(&["LRANGE", &world.keys.holders(&number(0)), "0", "-1"]).await;
    let (from, seen, until) = (START.0, START.0 + 100_000, START.0 + 280_000);
    assert_eq!(entries[1], format!("{} {from} {seen} own 0 {until} main", a.short()));
}

#[tokio::test]
async fn rule_3_a_session_and_with_consent_its_visitor_come_back_to_their_number() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 3, json!({})).await;
    let (visitor, a) = (VisitorId::new(), SessionId::new());
    let first = world.view_as(a, Some(visitor), "page-aaa", 1, None).await;
    assert_eq!(got(&first), told(0, Tier::Own));
    world.leave(a, "page-aaa", 2).await;
    // Over after the linger; nobody had the number since: still its own.
    world.at(200);
    let again = world.view_as(a, Some(visitor), "page-aab", 1, None).await;
    assert_eq!(got(&again), told(0, Tier::Own));
    assert_eq!(again.since, START.plus(200_000));
    // Another session of the visitor, a day later; never used numbers would come first otherwise.
    world.at(86_400);
    let b = SessionId::new();
    assert_eq!(
        got(&world.view_as(b, Some(visitor), "page-bbb", 1, None).await),
        told(0, Tier::Own)
    );
    // Without consent nobody is known again.
    world.at(2 * 86_400);
    assert_eq!(got(&world.view(SessionId::new(), "page-ccc", 1).await), told(1, Tier::Own));
}

#[tokio::test]
async fn a_visitor_does_not_take_back_a_number_whose_last_holder_may_still_call() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 2, json!({})).await;
    let (visitor, a, other) = (VisitorId::new(), SessionId::new(), SessionId::new());
    world.view_as(a, Some(visitor), "page-aaa", 1, None).await;
    world.leave(a, "page-aaa", 2).await;
    world.at(1_000);
    assert_eq!(got(&world.view(other, "page-bbb", 1).await), told(1, Tier::Own));
    world.at(1_010);
    let third = SessionId::new();
    assert_eq!(got(&world.view(third, "page-ccc", 1).await), told(0, Tier::Own));
    world.leave(other, "page-bbb", 2).await;
    world.at(1_100);
    world.leave(third, "page-ccc", 2).await;
    // Both rest; the visitor's own was somebody else's a moment ago, the other one idles for longer.
    world.at(1_400);
    let back = world.view_as(SessionId::new(), Some(visitor), "page-ddd", 1, None).await;
    assert_eq!(got(&back), told(1, Tier::Unrested));
}

#[tokio::test]
async fn rule_6_a_full_pool_is_shared_and_everybody_is_told() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 2, json!({ "max_sharers": 2 })).await;
    let [a, b, c, d, e] = std::array::from_fn(|_| SessionId::new());
    world.view(a, "page-aaa", 1).await;
    world.at(1);
    world.view(b, "page-bbb", 1).await;
    world.at(60);
    world.beat(a, "page-aaa", 2).await;
    // b was heard of longest ago.
    assert_eq!(got(&world.view(c, "page-ccc", 1).await), told(1, Tier::Shared));
    assert_eq!(got(&world.beat(b, "page-bbb", 2).await.expect("b")), told(1, Tier::Shared));
    assert_eq!(got(&world.beat(a, "page-aaa", 3).await.expect("a")), told(0, Tier::Own));
    // a's number has fewer holders.
    assert_eq!(got(&world.view(d, "page-ddd", 1).await), told(0, Tier::Shared));
    // Both have two: the pool is used up.
    assert_eq!(got(&world.view(e, "page-eee", 1).await), (String::new(), Tier::Original));
    assert_eq!(
        got(&world.beat(e, "page-eee", 2).await.expect("e")),
        (String::new(), Tier::Original)
    );

    let at = world.at(61);
    let known = holders(
        world.store.redis(),
        &world.keys,
        &number(1),
        at,
        None,
        SignedDuration::from_hours(24),
    )
    .await
    .expect("redis answers")
    .holders;
    let facts: Vec<_> = known.iter().map(|h| (h.session, h.tier, h.last_seen, h.live)).collect();
    let seen = START.plus(60_000);
    assert_eq!(facts, [(c, Tier::Shared, seen, true), (b, Tier::Shared, seen, true)]);
}

#[tokio::test]
async fn rule_6_the_number_of_the_source_comes_where_the_chain_has_it() {
    let redis = TestRedis::start().await;
    let id = crate::support::unique_site();
    for (chain, expected) in [
        (json!(["shared", "source"]), told(0, Tier::Shared)),
        (json!(["source", "shared"]), told(9, Tier::Source)),
        (json!(["source"]), told(9, Tier::Source)),
        (json!([]), (String::new(), Tier::Original)),
    ] {
        world_with_chain(&redis, &format!("{id}{}", chain.as_array().map_or(0, Vec::len)), &chain)
            .await
            .check(expected)
            .await;
        let _: () = redis_flush(&redis).await;
    }
}

struct Chain(World);

async fn world_with_chain(redis: &TestRedis, id: &str, chain: &serde_json::Value) -> Chain {
    let mut site = crate::support::world::site_json(id, 1, json!({ "overflow": chain }));
    site["static_numbers"] = json!([{ "number": number(9).to_string(), "source": "google" }]);
    Chain(World::new(redis, json!([site])).await)
}

impl Chain {
    async fn check(&self, expected: (String, Tier)) {
        let Chain(world) = self;
        world.view(SessionId::new(), "page-aaa", 1).await;
        let b = SessionId::new();
        let lease = world.view_as(b, None, "page-bbb", 1, Some("google")).await;
        assert_eq!(got(&lease), expected);
        let beat = world.beat(b, "page-bbb", 2).await.expect("the reply tells it again");
        assert_eq!(got(&beat), expected);
    }
}

async fn redis_flush(redis: &TestRedis) {
    let _: String =
        redis.handle().command("a test", &redis::cmd("FLUSHALL")).await.expect("redis answers");
}

#[tokio::test]
async fn a_tel_click_pins_its_number_until_nothing_else_is_left() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 2, json!({ "max_sharers": 3 })).await;
    let [a, b, c, d] = std::array::from_fn(|_| SessionId::new());
    world.view(a, "page-aaa", 1).await;
    world.tel_click(a, "page-aaa", 2, 500).await;
    world.view(b, "page-bbb", 1).await;
    // a is quiet for longer, but is about to call.
    world.at(100);
    world.beat(b, "page-bbb", 2).await;
    assert_eq!(got(&world.view(c, "page-ccc", 1).await), told(1, Tier::Shared));
    // a's lease is over, its pin is not: the number is not given away while another can be shared.
    world.at(200);
    world.beat(b, "page-bbb", 3).await;
    world.beat(c, "page-ccc", 2).await;
    assert_eq!(got(&world.view(d, "page-ddd", 1).await), told(1, Tier::Shared));
    // Nothing else is left now.
    assert_eq!(got(&world.view(SessionId::new(), "page-eee", 1).await), told(0, Tier::Unrested));
    let known = holders(
        world.store.redis(),
        &world.keys,
        &number(0),
        START.plus(150_000),
        None,
        SignedDuration::from_hours(1),
    )
    .await
    .expect("redis answers")
    .holders;
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].tel_click, Some(Millis(START.0 - 500)));
    assert!(known[0].live);
}

#[tokio::test]
async fn a_lease_ends_a_linger_after_the_last_page_left() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 1, json!({ "overflow": [] })).await;
    let a = SessionId::new();
    world.view(a, "page-one", 1).await;
    world.view(a, "page-two", 1).await;
    world.at(10);
    world.leave(a, "page-one", 2).await;
    world.at(105);
    // The other page is still there.
    assert_eq!(world.view(SessionId::new(), "page-xxx", 1).await.tier, Tier::Original);
    world.leave(a, "page-two", 2).await;
    // A late beat of a page that left does not bring it back.
    world.at(110);
    world.beat(a, "page-two", 1).await;
    world.at(194);
    assert_eq!(world.view(SessionId::new(), "page-yyy", 1).await.tier, Tier::Original);
    world.at(195);
    let outcome = worker::run_once(&world.store, &world.installation, &world.clock).await;
    let outcome = outcome.expect("redis answers");
    assert_eq!((outcome.looked_at, outcome.freed), (1, 1));
    assert_eq!(got(&world.view(SessionId::new(), "page-zzz", 1).await), told(0, Tier::Unrested));
    // Again changes nothing.
    let outcome = worker::run_once(&world.store, &world.installation, &world.clock).await;
    assert_eq!(outcome.expect("redis answers"), worker::Outcome::default());
}

#[tokio::test]
async fn a_number_on_a_page_is_taken_back_or_shared_after_the_lease_ran_out() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 1, json!({ "max_sharers": 1 })).await;
    let [a, b] = std::array::from_fn(|_| SessionId::new());
    world.view(a, "page-aaa", 1).await;
    world.at(400);
    let back = world.beat(a, "page-aaa", 2).await.expect("it is on the page");
    assert_eq!(got(&back), told(0, Tier::Own));
    assert_eq!(back.since, START.plus(400_000));
    world.at(600);
    assert_eq!(got(&world.view(b, "page-bbb", 1).await), told(0, Tier::Unrested));
    // It is on a's page still: both share it, whatever the limit of sharers says.
    let back = world.beat(a, "page-aaa", 3).await.expect("it is on the page");
    assert_eq!(got(&back), told(0, Tier::Shared));
    assert_eq!(got(&world.beat(b, "page-bbb", 2).await.expect("b")), told(0, Tier::Shared));
    // A leave after the end takes nothing back; nor does a beat of somebody unknown.
    world.at(2_000);
    world.leave(a, "page-aaa", 4).await;
    let free: i64 = world.redis(&["ZCARD", &world.keys.pool_held(&world.pool().id)]).await;
    assert_eq!(free, 1, "still as last looked at");
    assert_eq!(world.beat(SessionId::new(), "page-ccc", 1).await, None);
}

#[tokio::test]
async fn scripts_survive_a_redis_that_forgot_them() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 1, json!({})).await;
    let a = SessionId::new();
    let first = Lease { is_new: false, ..world.view(a, "page-aaa", 1).await };
    let _: String = world.redis(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(world.beat(a, "page-aaa", 2).await, Some(first));
}

#[tokio::test]
async fn holders_keep_the_newest_1024() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 1, json!({})).await;
    for n in 0..1_030 {
        world.at(n * 1_000);
        world.view(SessionId::new(), "page-aaa", 1).await;
    }
    let count: i64 = world.redis(&["LLEN", &world.keys.holders(&number(0))]).await;
    assert_eq!(count, 1_024);
}

#[tokio::test]
async fn what_a_page_shows_is_taken_back_or_joined_and_nothing_else() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 3, json!({ "max_sharers": 1 })).await;
    let beat = |page, seq| sign(page, seq, SignKind::Beat, None);
    let [a, b, c] = std::array::from_fn(|_| SessionId::new());
    // Redis forgot a: its page still shows the third number, which is free.
    let lease = world.acquire(a, &beat("page-aaa", 9), Some(&number(2))).await;
    assert_eq!(got(&lease.expect("it is on the page")), told(2, Tier::Own));
    assert_eq!(got(&world.beat(a, "page-aaa", 10).await.expect("a")), told(2, Tier::Own));
    // b's page shows it, too: both are holders, both are told, whatever the limit of sharers.
    let lease = world.acquire(b, &beat("page-bbb", 9), Some(&number(2))).await;
    assert_eq!(got(&lease.expect("it is on the page")), told(2, Tier::Shared));
    assert_eq!(got(&world.beat(a, "page-aaa", 11).await.expect("a")), told(2, Tier::Shared));
    // A number of nobody, or of another pool, is no number of this one.
    for foreign in [number(7), "+442079460000".parse().expect("a number")] {
        assert_eq!(world.acquire(c, &beat("page-ccc", 1), Some(&foreign)).await, None);
    }
    let view = sign("page-ccc", 2, SignKind::View, None);
    let lease = world.acquire(c, &view, Some(&number(7))).await;
    assert_eq!(got(&lease.expect("a view is answered")), told(0, Tier::Own));

    // A frozen page resumes in a new session: it keeps its number, though others are free.
    world.at(7_200);
    let resumed = sign("page-aaa", 12, SignKind::View, None);
    let lease = world.acquire(SessionId::new(), &resumed, Some(&number(2))).await;
    assert_eq!(got(&lease.expect("a view is answered")), told(2, Tier::Own));
    // Another page of c took another number meanwhile; this one brings back what it shows.
    let lease = world.acquire(c, &beat("page-ccc", 3), Some(&number(1))).await;
    assert_eq!(got(&lease.expect("it is on the page")), told(1, Tier::Own));
    // What is late changes nothing.
    let late = world.acquire(c, &beat("page-ccc", 3), Some(&number(0))).await;
    assert_eq!(got(&late.expect("answered")), told(1, Tier::Own));
}

#[tokio::test]
async fn nobody_piles_sessions_without_end_upon_one_number() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 1, json!({})).await;
    let mut joined = 0;
    for _ in 0..80 {
        let beat = sign("page-xxx", 1, SignKind::Beat, None);
        joined +=
            usize::from(world.acquire(SessionId::new(), &beat, Some(&number(0))).await.is_some());
    }
    assert_eq!(joined, 64);
    assert_eq!(world.view(SessionId::new(), "page-yyy", 1).await.tier, Tier::Original);
}

/// A failover lost the lease of whoever holds a number: until its known end the number counts as held,
/// and who joins it writes no lease for the one that was lost.
#[tokio::test]
async fn a_lost_lease_is_joined_and_stays_lost() {
    let redis = TestRedis::start().await;
    let world = World::with_pool(&redis, 1, json!({})).await;
    let (lost, next) = (SessionId::new(), SessionId::new());
    world.view(lost, "page-one", 1).await;
    let key = world.keys.lease(&world.pool().id, &lost);
    let _: i64 = world.redis(&["DEL", &key]).await;
    world.at(10);
    let joined = world.view(next, "page-two", 1).await;
    assert_eq!(got(&joined), told(0, Tier::Shared));
    let exists: i64 = world.redis(&["EXISTS", &key]).await;
    assert_eq!(exists, 0, "a lease without an end");
    // The page that still shows it comes back as a sharer; both are told so.
    let back = sign("page-one", 2, SignKind::Beat, None);
    let back = world.acquire(lost, &back, Some(&number(0))).await.expect("it is on the page");
    assert_eq!(got(&back), told(0, Tier::Shared));
}
