//! A master dies under load and its replica takes over: behind Sentinel and in a cluster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringtrace::lease::model::Tier;
use ringtrace::lease::store::LeaseStore;
use ringtrace::platform::redis::{Patience, Redis};
use serde_json::json;

use crate::support::cluster::TestCluster;
use crate::support::redis::Backend;
use crate::support::sentinel::TestSentinel;
use crate::support::servers::{Server, until};
use crate::support::visitors::{Traffic, Visitor, check, speak_patiently};
use crate::support::world::World;

fn short_lived() -> serde_json::Value {
    json!({ "hold": "60s", "linger": "300ms", "rest": "1s" })
}

/// When a server calls itself master.
async fn promoted(server: &Server) -> Instant {
    until("the failover", async || {
        let info: String = server.try_ask(&["INFO", "replication"]).await?;
        info.contains("role:master").then(Instant::now)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_sentinel_the_replica_takes_over_under_load() {
    let mut redis = TestSentinel::start().await;
    let world = Arc::new(World::with_pool(&redis, 40, short_lived()).await);
    let traffic = Traffic::start(&world, &redis.deployment(Patience::default()), 6, 5);
    tokio::time::sleep(Duration::from_millis(500)).await;
    redis.master.kill();
    let killed = Instant::now();
    let promoted = promoted(&redis.replica).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (told, mut open) = traffic.stop().await;
    println!(
        "Sentinel: promoted after {:?}, leases again {:?} later; {} leased, {} fallbacks, slowest {:?}",
        promoted - killed,
        told.longest_gap(promoted),
        told.leased,
        told.fallbacks,
        told.slowest_fallback
    );
    assert!(told.fallbacks > 0 && told.slowest_fallback < Duration::from_secs(1));
    // The sentinels tell of it when the replica obeyed; after that it is ours.
    assert!(told.longest_gap(promoted) < Duration::from_secs(3));
    let store = LeaseStore::new(redis.patient_handle());
    check(&world, &store, &mut open).await;

    // The old master comes back as what it was, and is made a replica: nobody writes to it.
    redis.master.start_again(&[]);
    until("the demotion", async || {
        let info: String = redis.master.try_ask(&["INFO", "replication"]).await?;
        info.contains("master_link_status:up").then_some(())
    })
    .await;
    check(&world, &store, &mut open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_the_replica_takes_over_under_load_and_other_shards_do_not_notice() {
    let mut cluster = TestCluster::with_replicas(1, 1_200).await;
    let world = Arc::new(World::with_pool(&cluster, 40, short_lived()).await);
    let (dies, _) = cluster.master_of(&world.keys.calls()).await;
    // A shard that lives on another master.
    let mut others = Vec::new();
    for shard in world.installation.shards.all() {
        let ledger = shard.ledger();
        if cluster.master_of(&ledger).await.0 != dies {
            others.push(ledger);
        }
    }
    let deployment = cluster.deployment(Patience::default());
    let elsewhere = Redis::over(&deployment);
    let traffic = Traffic::start(&world, &deployment, 6, 5);
    tokio::time::sleep(Duration::from_millis(500)).await;

    cluster.nodes[dies].kill();
    let killed = Instant::now();
    let mut unserved = 0;
    let promoted = {
        let promoted = promoted(&cluster.nodes[dies + 3]);
        tokio::pin!(promoted);
        loop {
            tokio::select! {
                at = &mut promoted => break at,
                () = tokio::time::sleep(Duration::from_millis(20)) => {
                    let mut ask = redis::cmd("XLEN");
                    let asked = elsewhere.command::<u64>("a test", ask.arg(&others[0])).await;
                    unserved += usize::from(asked.is_err());
                }
            }
        }
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (told, mut open) = traffic.stop().await;
    println!(
        "cluster: promoted after {:?}, leases again {:?} later; {} leased, {} fallbacks, slowest {:?}; another shard failed {unserved} times",
        promoted - killed,
        told.longest_gap(promoted),
        told.leased,
        told.fallbacks,
        told.slowest_fallback
    );
    assert!(told.fallbacks > 0 && told.slowest_fallback < Duration::from_secs(1));
    assert!(told.longest_gap(promoted) < Duration::from_secs(2));
    // One slow answer may happen on a busy machine; a shard that goes down with another may not.
    assert!(unserved <= 2, "{unserved}");
    let store = LeaseStore::new(cluster.patient_handle());
    check(&world, &store, &mut open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubles_of_a_failover_that_lost_writes_become_shared() {
    let mut cluster = TestCluster::with_replicas(1, 1_200).await;
    let world = World::with_pool(&cluster, 4, json!({})).await;
    let store = LeaseStore::new(Redis::over(&cluster.deployment(Patience::default())));
    let (dies, _) = cluster.master_of(&world.keys.calls()).await;
    // One lease that the replica knows, then the replica is cut off, then three that it never hears of.
    let mut before: Vec<Visitor> = (0..4).map(|_| Visitor::new()).collect();
    speak_patiently(&world, &store, &mut before[0]).await;
    cluster.replica_has_all(dies).await;
    let (master, replica) = (&cluster.nodes[dies], &cluster.nodes[dies + 3]);
    replica.ask::<()>(&["CONFIG", "SET", "masterauth", "nobody-asked-for-one"]).await;
    master.ask::<()>(&["CLIENT", "KILL", "TYPE", "replica"]).await;
    until("the cut", async || {
        let info: String = replica.try_ask(&["INFO", "replication"]).await?;
        info.contains("master_link_status:down").then_some(())
    })
    .await;
    for visitor in &mut before[1..] {
        speak_patiently(&world, &store, visitor).await;
        assert_eq!(visitor.shown().expect("a number").1, Tier::Own);
    }
    cluster.nodes[dies].kill();
    promoted(&cluster.nodes[dies + 3]).await;

    // Nobody knows of the three: their numbers go to others.
    let mut after: Vec<Visitor> = (0..3).map(|_| Visitor::new()).collect();
    for visitor in &mut after {
        speak_patiently(&world, &store, visitor).await;
        assert_eq!(visitor.shown().expect("a number").1, Tier::Own, "nobody said anything yet");
    }
    let mut open = [before, after].concat();
    let store = LeaseStore::new(cluster.patient_handle());
    assert_eq!(check(&world, &store, &mut open).await, 3, "every double is known as one");
    let kept = open[0].shown().expect("a number").1;
    assert_eq!(kept, Tier::Own, "what the replica knew, holds");
}
