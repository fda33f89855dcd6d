//! The service on a real Redis Cluster, and a slot that moves while visitors come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringtrace::config::model::RedisMode;
use ringtrace::config::reach;
use ringtrace::lease::store::LeaseStore;
use ringtrace::platform::redis::script::Script;
use ringtrace::platform::redis::{Patience, Redis, StoreError};
use ringtrace::platform::secret::Secret;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::cluster::TestCluster;
use crate::support::redis::Backend;
use crate::support::servers::Server;
use crate::support::visitors::{Traffic, Visitor, check};
use crate::support::world::{World, config};

fn toml_of(cluster: &TestCluster) -> String {
    format!("\n[redis]\nmode = \"cluster\"\nnodes = {:?}\n", cluster.urls())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_and_its_call_go_through_a_cluster_into_the_report() {
    let cluster = TestCluster::start().await;
    let service = TestApp::start_with(&toml_of(&cluster)).await;
    assert_eq!(service.get("/readyz", "rt_admin").await.status(), 200);
    let reply = service.page_view("page-0001", "utm_source=google&utm_medium=cpc", None).await;
    assert_eq!(reply["targets"][0]["tier"], "own", "{reply}");
    let number = reply["targets"][0]["tracking"]["number"].as_str().expect("a number");
    let call = [
        ("CallSid", "CA00000000000000000000000000000001"),
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("From", "+14155550123"),
        ("To", number),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
    ];
    let answer = service.twilio("voice", &call).await;
    assert!(answer.text().await.expect("a text").contains("+14155550111"));
    service.reported().await;
    let totals = service.totals("sources").await;
    assert_eq!((&totals["visits"], &totals["calls"]), (&1.into(), &1.into()), "{totals}");
    assert_eq!(totals["attributed_rate"]["numerator"], 1, "{totals}");
    for path in ["/v1/calls", "/v1/postbacks", "/v1/postbacks/nobody"] {
        let status = service.get(path, "rt_admin").await.status();
        assert!(!status.is_server_error(), "{path}: {status}");
    }
}

#[tokio::test]
async fn the_check_asks_every_master() {
    let cluster = TestCluster::start().await;
    let mut config = config(json!([]));
    config.redis.mode = RedisMode::Cluster;
    config.redis.nodes = vec![Secret::new(cluster.nodes[1].url())];
    let said = reach::redis(&config).await;
    assert!(said.is_empty(), "{said:?}");

    cluster.nodes[2].ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
    let said = reach::redis(&config).await;
    assert_eq!(said.len(), 1, "{said:?}");
    let port = cluster.nodes[2].port.to_string();
    assert!(said[0].message.contains(&port), "it names the server: {said:?}");

    config.redis.mode = RedisMode::Standalone;
    config.redis.url = Secret::new(cluster.nodes[0].url());
    let said = reach::redis(&config).await;
    assert!(said.iter().any(|complaint| complaint.path == "redis.mode"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_moves_under_load_and_no_number_is_lost_or_doubled() {
    let cluster = TestCluster::start().await;
    let pool = json!({ "hold": "60s", "linger": "300ms", "rest": "1s" });
    let world = Arc::new(World::with_pool(&cluster, 40, pool).await);
    let deployment = cluster.deployment(Patience::default());
    let traffic = Traffic::start(&world, &deployment, 6, 5);
    tokio::time::sleep(Duration::from_millis(500)).await;

    let key = world.keys.pool_free(&world.pool().id);
    let (from, slot) = cluster.master_of(&key).await;
    let to = (from + 1) % 3;
    let began = Instant::now();
    let moved = cluster.move_slot(slot, from, to, Duration::from_millis(2)).await;
    let (over, moving) = (Instant::now(), began.elapsed());
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let (told, mut open) = traffic.stop().await;

    println!(
        "{moved} keys moved in {moving:?}; {} leased, {} fallbacks, slowest {:?}, back after {:?}",
        told.leased,
        told.fallbacks,
        told.slowest_fallback,
        told.longest_gap(over)
    );
    assert!(moved > 30 && told.leased > 100, "{told:?}");
    assert!(told.slowest_fallback < Duration::from_secs(1), "{:?}", told.slowest_fallback);
    assert!(told.longest_gap(over) < Duration::from_secs(1), "{:?}", told.longest_gap(over));
    let left: u64 =
        cluster.nodes[from].ask(&["CLUSTER", "COUNTKEYSINSLOT", &slot.to_string()]).await;
    assert_eq!(left, 0, "nothing was written where the slot was");
    let store = LeaseStore::new(cluster.patient_handle());
    check(&world, &store, &mut open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_never_runs_on_half_of_its_keys() {
    let cluster = TestCluster::start().await;
    let world = World::with_pool(&cluster, 4, json!({})).await;
    let store = LeaseStore::new(Redis::over(&cluster.deployment(Patience::default())));
    let mut visitor = Visitor::new();
    visitor.speak(&world, &store).await.expect("it is leased");
    let (number, _) = visitor.shown().map(|(n, tier)| (n.clone(), tier)).expect("a number");

    let whole = format!("rt:{}:whole", world.keys.shard);
    world.redis::<()>(&["SET", &whole, "yes"]).await;

    // One key is on its way already: the list of who held the number, which no script declares.
    let (from, slot) = cluster.master_of(&world.keys.holders(&number)).await;
    let (source, target) = (&cluster.nodes[from], &cluster.nodes[(from + 1) % 3]);
    let slot = slot.to_string();
    let id = async |node: &Server| -> String { node.ask(&["CLUSTER", "MYID"]).await };
    let (from_id, to_id) = (id(source).await, id(target).await);
    target.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]).await;
    source.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]).await;
    let (port, key) = (target.port.to_string(), world.keys.holders(&number));
    source.ask::<()>(&["MIGRATE", "127.0.0.1", &port, &key, "0", "5000"]).await;

    // It would write, and then stumble over what is gone.
    let stumbles =
        Script::new("redis.call('SET', KEYS[1], 'no') return redis.call('LLEN', ARGV[1])");
    let mut call = stumbles.key(&whole);
    call.arg(&key);
    let fresh = Redis::over(&cluster.deployment(Patience::default()));
    let answer = fresh.script::<u64>("a test", &call).await;
    assert!(
        matches!(&answer, Err(StoreError::Unavailable(why)) if why.contains("rehashing")),
        "{answer:?}"
    );
    let kept: String = source.ask(&["GET", &whole]).await;
    assert_eq!(kept, "yes", "it did not begin");

    let digest = async || -> String { source.ask(&["DEBUG", "DIGEST"]).await };
    let before = digest().await;
    let mut other = Visitor::new();
    for _ in 0..3 {
        assert!(other.speak(&world, &store).await.is_err(), "it cannot be done now");
        assert!(visitor.speak(&world, &store).await.is_err(), "nor this");
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert_eq!(digest().await, before, "and nothing of it was done");
    target.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "STABLE"]).await;
    source.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "STABLE"]).await;
}
