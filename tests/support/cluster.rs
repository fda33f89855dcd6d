//! A real Redis Cluster on loopback ports.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use ringtrace::platform::redis::place::{Login, Place};
use ringtrace::platform::redis::{Deployment, Patience, Redis};

use super::redis::{Backend, very_patient};
use super::servers::{Server, until};

/// A Redis Cluster of three masters, and as many replicas when asked for.
pub struct TestCluster {
    /// Masters first; the replica of master `n` is at `n + 3`.
    pub nodes: Vec<Server>,
    ids: Vec<String>,
}

const MASTERS: usize = 3;

impl TestCluster {
    /// Three masters.
    pub async fn start() -> Self {
        Self::with_replicas(0, 5_000).await
    }

    /// Three masters with `replicas` (0 or 1) each; a node is taken for dead after `timeout_ms`.
    pub async fn with_replicas(replicas: usize, timeout_ms: u64) -> Self {
        let timeout = timeout_ms.to_string();
        let count = MASTERS * (1 + replicas);
        let arguments = [
            ["--cluster-enabled", "yes"],
            ["--cluster-node-timeout", &timeout],
            ["--cluster-require-full-coverage", "no"],
            ["--cluster-replica-validity-factor", "0"],
            ["--enable-debug-command", "local"],
            ["--repl-diskless-sync-delay", "0"],
        ]
        .concat();
        let nodes = join_all((0..count).map(|_| Server::start(&arguments))).await;
        let mut ids = Vec::new();
        for (n, node) in nodes.iter().enumerate() {
            let epoch = (n + 1).to_string();
            node.ask::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await;
            ids.push(node.ask::<String>(&["CLUSTER", "MYID"]).await);
        }
        for (n, master) in nodes[..MASTERS].iter().enumerate() {
            let (first, last) = (n * 16_384 / MASTERS, (n + 1) * 16_384 / MASTERS - 1);
            let range = [first.to_string(), last.to_string()];
            master.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", &range[0], &range[1]]).await;
        }
        let first_port = nodes[0].port.to_string();
        let bus: String =
            nodes[0].ask::<(String, String)>(&["CONFIG", "GET", "cluster-port"]).await.1;
        for node in &nodes[1..] {
            node.ask::<()>(&["CLUSTER", "MEET", "127.0.0.1", &first_port, &bus]).await;
        }
        let cluster = TestCluster { nodes, ids };
        cluster.all_agree(count).await;
        for n in MASTERS..count {
            let node = &cluster.nodes[n];
            node.ask::<()>(&["CLUSTER", "REPLICATE", &cluster.ids[n - MASTERS]]).await;
        }
        for n in MASTERS..count {
            cluster.nodes[n].follows(&cluster.nodes[n - MASTERS]).await;
        }
        cluster
    }

    /// Waits until the replica of master `n` has what that master wrote so far.
    pub async fn replica_has_all(&self, n: usize) {
        self.nodes[n + MASTERS].has_all_of(&self.nodes[n]).await;
    }

    async fn all_agree(&self, count: usize) {
        for node in &self.nodes {
            until("the cluster", async || {
                let info: String = node.try_ask(&["CLUSTER", "INFO"]).await?;
                let known = info.contains(&format!("cluster_known_nodes:{count}"));
                let whole = info.contains("cluster_slots_assigned:16384");
                (known && whole && info.contains("cluster_state:ok")).then_some(())
            })
            .await;
        }
    }

    /// URLs of the masters it was started with.
    pub fn urls(&self) -> Vec<String> {
        self.nodes[..MASTERS].iter().map(Server::url).collect()
    }

    /// The cluster as the service knows it, with this patience.
    pub fn deployment(&self, patience: Patience) -> Arc<Deployment> {
        let urls = self.urls();
        let urls = urls.iter().map(String::as_str);
        let place = Place::cluster(urls, Login::default()).expect("good URLs");
        Deployment::new(place, patience)
    }

    /// Which of the first masters has the slot of `key`, and that slot.
    pub async fn master_of(&self, key: &str) -> (usize, usize) {
        let slot: usize = self.nodes[0].ask(&["CLUSTER", "KEYSLOT", key]).await;
        let owner = (0..MASTERS).rfind(|n| n * 16_384 / MASTERS <= slot);
        (owner.expect("every slot has an owner"), slot)
    }

    /// Moves a slot key by key, as operators do while everything runs; pauses between two keys.
    pub async fn move_slot(&self, slot: usize, from: usize, to: usize, pause: Duration) -> usize {
        let (source, target) = (&self.nodes[from], &self.nodes[to]);
        let (slot, port) = (slot.to_string(), target.port.to_string());
        let importing = ["CLUSTER", "SETSLOT", &slot, "IMPORTING", &self.ids[from]];
        target.ask::<()>(&importing).await;
        source.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &self.ids[to]]).await;
        let mut moved = 0;
        loop {
            let keys: Vec<String> = source.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "10"]).await;
            if keys.is_empty() {
                break;
            }
            for key in keys {
                let words = ["MIGRATE", "127.0.0.1", &port, &key, "0", "5000"];
                source.ask::<()>(&words).await;
                moved += 1;
                tokio::time::sleep(pause).await;
            }
        }
        for node in [target, source] {
            node.ask::<()>(&["CLUSTER", "SETSLOT", &slot, "NODE", &self.ids[to]]).await;
        }
        moved
    }
}

impl Backend for TestCluster {
    fn patient_handle(&self) -> Redis {
        Redis::over(&self.deployment(very_patient()))
    }
}
