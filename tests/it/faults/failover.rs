//! A master dies while calls go through the whole service, and its replica takes over.

use std::time::{Duration, Instant};

use super::how_many;
use super::load::{Load, Platform, reckon};
use crate::support::cluster::TestCluster;
use crate::support::sentinel::TestSentinel;
use crate::support::servers::{Server, until};
use crate::support::service::{Plan, Service};

/// A page or a caller waits no longer, whatever is elected meanwhile.
const SOON: Duration = Duration::from_secs(2);

/// When a server calls itself master.
async fn promoted(server: &Server) -> Instant {
    until("the failover", async || {
        let info: String = server.try_ask(&["INFO", "replication"]).await?;
        info.contains("role:master").then(Instant::now)
    })
    .await
}

fn nodes(urls: &[String]) -> String {
    let quoted: Vec<String> = urls.iter().map(|url| format!("{url:?}")).collect();
    format!("[{}]", quoted.join(","))
}

/// Calls go on while `kill` kills a master and waits for its replica.
async fn calls_survive(environment: &[(&str, &str)], kill: impl AsyncFnOnce() -> Instant) {
    let calls = how_many(100, 1_000);
    let platform = Platform::start().await;
    let mut environment = environment.to_vec();
    environment.push(("RINGTRACE__LIMITS__WEBHOOK_WAIT", "150ms"));
    let service = Service::start_with(&platform.conversions(), &environment).await;
    let load = Load::start(Plan {
        calls: 0..calls,
        at_a_time: calls.min(200),
        pause: Duration::from_millis(2_000),
        ..service.plan()
    });
    load.reached(0.2).await;
    let killed = Instant::now();
    let promoted = kill().await;
    let seen = load.end().await;
    println!(
        "promoted after {:?}, numbers again {:?} later; webhooks within {:?}, pages within {:?}, {} of {} kept their number",
        promoted - killed,
        seen.back_after(promoted),
        seen.slowest_webhook,
        seen.slowest_view,
        seen.fallbacks(),
        seen.views(),
    );
    assert_eq!(seen.errors, [""; 0]);
    assert!(seen.slowest_webhook < SOON && seen.slowest_view < SOON);
    reckon(&service, &platform, calls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_when_a_sentinel_promotes_the_replica() {
    let mut redis = TestSentinel::start().await;
    let urls = nodes(&redis.urls());
    let environment = [
        ("RINGTRACE__REDIS__MODE", "sentinel"),
        ("RINGTRACE__REDIS__NODES", urls.as_str()),
        ("RINGTRACE__REDIS__SENTINEL_MASTER", "main"),
    ];
    calls_survive(&environment, async || {
        redis.master.kill();
        promoted(&redis.replica).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_when_a_master_of_a_cluster_dies() {
    let mut cluster = TestCluster::with_replicas(1, 1_200).await;
    let urls = nodes(&cluster.urls());
    let environment =
        [("RINGTRACE__REDIS__MODE", "cluster"), ("RINGTRACE__REDIS__NODES", urls.as_str())];
    // The master of the site's own keys.
    let site = "one".parse().expect("a site id");
    let keys = ringtrace::platform::keys::Shards(16).keys(&site);
    let (dies, _) = cluster.master_of(&keys.calls()).await;
    calls_survive(&environment, async || {
        cluster.nodes[dies].kill();
        promoted(&cluster.nodes[dies + 3]).await
    })
    .await;
}
