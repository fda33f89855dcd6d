//! Random histories of sessions, pages and clocks: the scripts answer what a plain model answers,
//! and what must always hold, holds in Redis.

use std::collections::HashMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use ringtrace::lease::model::{Lease, Tier};
use ringtrace::lease::numbers::sync::sync_pools;
use ringtrace::lease::worker;
use ringtrace::platform::ids::{SessionId, VisitorId};
use ringtrace::visit::areas::AreaTable;
use ringtrace::visit::model::Place;
use serde_json::{Value, json};

use crate::support::cluster::TestCluster;
use crate::support::lease_model::{Kind, Message, Model, Rules};
use crate::support::redis::{Backend, TestRedis};
use crate::support::world::{START, World};

const SESSIONS: usize = 7;
const PAGES: usize = 2;
/// Read once: it is asked at every step.
static AREAS: LazyLock<AreaTable> = LazyLock::new(AreaTable::load);

#[derive(Clone, Debug)]
struct Step {
    /// Milliseconds since the step before.
    after: i64,
    session: usize,
    page: usize,
    /// `None`: the next one of the page; else an old one, this far back.
    late: Option<u32>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Say(Kind),
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop_oneof![
        6 => 1i64..30_000,
        2 => 30_000i64..200_000,
        1 => 200_000i64..1_200_000,
    ];
    let what = prop_oneof![
        5 => Just(What::Say(Kind::View)),
        4 => Just(What::Say(Kind::Beat)),
        3 => Just(What::Say(Kind::Leave)),
        1 => (0i64..2_000).prop_map(|ago| What::Say(Kind::Click(ago))),
        1 => Just(What::Sweep),
    ];
    let late = prop_oneof![6 => Just(None), 1 => (0u32..3).prop_map(Some)];
    (after, 0..SESSIONS, 0..PAGES, late, what).prop_map(|(after, session, page, late, what)| Step {
        after,
        session,
        page,
        late,
        what,
    })
}

/// Plays a history against Redis and the model, and then looks at everything.
async fn play(world: &World, rules: Rules, steps: &[Step]) -> Result<(), TestCaseError> {
    let numbers = world.pool().numbers.len();
    world.flush().await;
    sync_pools(&world.store, &world.installation, &world.clock).await.expect("numbers are added");

    let mut model = Model::new(rules, numbers);
    let places: Vec<Place> = (0..SESSIONS).map(place).collect();
    if world.pool().match_area {
        let homes = world.pool().numbers.iter().map(|number| AREAS.of_number(number));
        let near = places.iter().map(|place| AREAS.of_visitor(place).0);
        model.match_areas(homes.collect(), near.collect());
    }
    let sessions: [SessionId; SESSIONS] = std::array::from_fn(|_| SessionId::new());
    let visitors: [VisitorId; 2] = std::array::from_fn(|_| VisitorId::new());
    // The first three sessions belong to two visitors who consented.
    let visitor_of = |session: usize| (session < 3).then_some(session % 2);
    for (i, session) in sessions.iter().enumerate() {
        let Some(visitor) = visitor_of(i) else { continue };
        let (key, touch) = (world.keys.visitor(&visitors[visitor]), session.short());
        let _: i64 = world.redis(&["ZADD", &key, &START.0.to_string(), &touch]).await;
    }
    for visitor in 0..visitors.len() {
        model.know(visitor, (0..SESSIONS).filter(|&i| visitor_of(i) == Some(visitor)).collect());
    }
    let mut seqs: HashMap<(usize, usize), u32> = HashMap::new();
    let mut now = START;
    for step in steps {
        now = now.plus(step.after);
        world.clock.set(now);
        let What::Say(kind) = step.what else {
            worker::run_once(&world.store, &world.installation, &world.clock)
                .await
                .expect("redis answers");
            model.settle_all(now.0);
            continue;
        };
        let newest = seqs.entry((step.session, step.page)).or_default();
        let seq = match step.late {
            None => {
                *newest += 1;
                *newest
            }
            Some(back) => newest.saturating_sub(back).max(1),
        };
        let visitor = visitor_of(step.session);
        let message = Message { session: step.session, page: step.page, seq, kind };
        let visitor_id = visitor.map(|visitor| visitors[visitor]);
        let place = &places[step.session];
        let answer = say(world, sessions[step.session], visitor_id, place, message).await;
        // Only a view tells the script of a visitor.
        let visitor = visitor.filter(|_| kind == Kind::View);
        let expected = model.hear(message, visitor, now.0);
        let told = answer.map(|lease| (lease.number, lease.tier, lease.since.0));
        let expected = expected
            .map(|(n, tier, since)| (n.map(|n| world.pool().numbers[n].clone()), tier, since));
        prop_assert_eq!(told, expected, "{:?}", step);
        check_numbers(world, &model, numbers, &sessions).await?;
    }
    now = now.plus(1);
    world.clock.set(now);
    worker::run_once(&world.store, &world.installation, &world.clock).await.expect("redis answers");
    model.settle_all(now.0);
    check_holders(world, &mut model, numbers, &sessions).await
}

async fn say(
    world: &World,
    session: SessionId,
    visitor: Option<VisitorId>,
    place: &Place,
    message: Message,
) -> Option<Lease> {
    let page = format!("page-{:03}", message.page);
    match message.kind {
        Kind::View => {
            let (seq, place) = (message.seq, Some(place));
            Some(world.view_at(session, visitor, &page, seq, None, place).await)
        }
        Kind::Beat => world.beat(session, &page, message.seq).await,
        Kind::Leave => world.leave(session, &page, message.seq).await,
        Kind::Click(ago) => world.tel_click(session, &page, message.seq, ago).await,
    }
}

/// No number is lost or double, and two running leases on one number are both shared.
async fn check_numbers(
    world: &World,
    model: &Model,
    numbers: usize,
    sessions: &[SessionId],
) -> Result<(), TestCaseError> {
    let (keys, pool) = (&world.keys, &world.pool().id);
    let free = scored(world, &keys.pool_free(pool)).await;
    let held: Vec<String> = world.redis(&["ZRANGE", &keys.pool_held(pool), "0", "-1"]).await;
    let mut all: Vec<String> = free.iter().map(|(number, _)| number.clone()).chain(held).collect();
    all.sort();
    check_areas(world, &free).await?;
    let expected: Vec<String> = world.pool().numbers.iter().map(ToString::to_string).collect();
    prop_assert_eq!(all, expected);

    let now = world.clock.now().0;
    let mut running: HashMap<String, Vec<Tier>> = HashMap::new();
    let leases: Vec<String> = sessions.iter().map(|session| keys.lease(pool, session)).collect();
    let mut get = vec!["MGET"];
    get.extend(leases.iter().map(String::as_str));
    let leases: Vec<Option<String>> = world.redis(&get).await;
    for value in leases.iter().flatten() {
        let words: Vec<&str> = value.split(' ').collect();
        if words[0] != "-" && words[4].parse::<i64>().expect("ms") > now {
            let tier = Tier::from_word(words[1]).expect("a tier");
            running.entry(words[0].to_owned()).or_default().push(tier);
        }
    }
    for (number, tiers) in &running {
        let alone = tiers.len() == 1;
        let shared = tiers.iter().all(|&tier| tier == Tier::Shared);
        prop_assert!(alone || shared, "{} is held as {:?}", number, tiers);
    }
    prop_assert!(running.len() <= (0..numbers).filter(|&n| !model.live(n).is_empty()).count());
    Ok(())
}

/// The members of a set with their scores, in order.
async fn scored(world: &World, key: &str) -> Vec<(String, String)> {
    world.redis(&["ZRANGE", key, "0", "-1", "WITHSCORES"]).await
}

/// The set of each area has the free numbers of that area, with their scores.
async fn check_areas(world: &World, free: &[(String, String)]) -> Result<(), TestCaseError> {
    let (keys, pool) = (&world.keys, world.pool());
    if !pool.match_area {
        return Ok(());
    }
    let mut areas: Vec<_> =
        pool.numbers.iter().flat_map(|number| AREAS.of_number(number)).collect();
    areas.sort();
    areas.dedup();
    let home = |number: &str| AREAS.of_number(&number.parse().expect("a number"));
    for area in areas {
        let within = scored(world, &keys.pool_free_of(&pool.id, &area)).await;
        let expected: Vec<_> =
            free.iter().filter(|(number, _)| home(number).contains(&area)).cloned().collect();
        prop_assert_eq!(within, expected, "{}", area);
    }
    Ok(())
}

/// Every grant is remembered, with its last sign of life, tier, click and end once it is over.
async fn check_holders(
    world: &World,
    model: &mut Model,
    numbers: usize,
    sessions: &[SessionId],
) -> Result<(), TestCaseError> {
    for n in 0..numbers {
        let list = world.keys.holders(&world.pool().numbers[n]);
        let entries: Vec<String> = world.redis(&["LRANGE", &list, "0", "-1"]).await;
        let expected: Vec<String> = model
            .holders(n)
            .iter()
            .map(|entry| {
                let session = sessions[entry.session].short();
                let (tier, click) = (entry.tier.word(), entry.click);
                format!(
                    "{session} {} {} {tier} {click} {} main",
                    entry.from, entry.seen, entry.ends
                )
            })
            .collect();
        prop_assert_eq!(entries, expected);
    }
    Ok(())
}

/// Where a session is: near some numbers of [`LOCAL`], in their countries, or nowhere.
fn place(session: usize) -> Place {
    let places = [
        ("US", "CA", "Oakland"),
        ("US", "NY", "New York"),
        ("CA", "ON", "Toronto"),
        ("", "", ""),
        ("US", "CA", "San Francisco"),
        ("US", "TX", "Austin"),
    ];
    let (country, region, city) = places[session % places.len()];
    let [country, region, city] = [country, region, city].map(str::to_owned);
    Place { country, region, city, ..Place::default() }
}

/// Numbers of four areas and one of none, in their order.
const LOCAL: [&str; 5] =
    ["+12125550100", "+14155550100", "+14165550100", "+15105550100", "+18005550100"];

fn histories(numbers: u16, max_sharers: u32, overflow: Value) {
    let pool = json!({ "max_sharers": max_sharers, "overflow": overflow });
    histories_on(TestRedis::start(), 400, numbers, pool);
}

fn histories_on<B: Backend>(
    backend: impl Future<Output = B>,
    cases: u32,
    numbers: u16,
    pool: Value,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (_redis, world) = runtime.block_on(async {
        let redis = backend.await;
        let world = World::with_pool(&redis, numbers, pool).await;
        (redis, world)
    });
    let shared = !world.pool().overflow.is_empty();
    let rules = Rules {
        hold: 180_000,
        linger: 90_000,
        rest: 900_000,
        pin: 600_000,
        max_sharers: if shared { world.pool().max_sharers as usize } else { 0 },
    };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let steps = proptest::collection::vec(step(), 1..60);
    let outcome =
        TestRunner::new(config).run(&steps, |steps| runtime.block_on(play(&world, rules, &steps)));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn numbers_of_several_areas() {
    let pool = json!({ "numbers": LOCAL, "match_area": true, "max_sharers": 2 });
    histories_on(TestRedis::start(), 400, 0, pool);
}

#[test]
fn one_number_shared_by_two() {
    histories(1, 2, json!(["shared"]));
}

#[test]
fn the_same_on_a_cluster() {
    let pool = json!({ "max_sharers": 2, "overflow": ["shared"] });
    histories_on(TestCluster::start(), 60, 3, pool);
}

#[test]
fn three_numbers_shared_by_two() {
    histories(3, 2, json!(["shared"]));
}

#[test]
fn two_numbers_shared_by_four() {
    histories(2, 4, json!(["shared"]));
}

#[test]
fn two_numbers_that_are_not_shared() {
    histories(2, 4, json!([]));
}

#[test]
fn more_numbers_than_sessions() {
    histories(8, 4, json!(["shared"]));
}
