//! `redis-server`s on loopback ports: a cluster, and a master behind Sentinel.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use redis::FromRedisValue;
use ringtrace::platform::redis::place::{Login, Place};
use ringtrace::platform::redis::{Deployment, Patience, Redis};
use tempfile::TempDir;

use super::redis::{Backend, very_patient};

/// One server; dropping it kills it.
pub struct Server {
    child: Option<Child>,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    folder: TempDir,
    args: Vec<String>,
}

fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

impl Server {
    /// A server with an append-only file and these arguments more.
    pub fn start(args: &[&str]) -> Self {
        let [port] = free_ports();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut all: Vec<String> = ["--appendonly", "yes", "--save", "", "--bind", "127.0.0.1"]
            .iter()
            .chain(args)
            .map(ToString::to_string)
            .collect();
        all.extend(["--port".to_owned(), port.to_string()]);
        let mut server = Server { child: None, port, folder, args: all };
        server.start_again(&[]);
        server
    }

    fn sentinel(master: u16) -> Self {
        let [port] = free_ports();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds main 700\nsentinel failover-timeout main 3000\n"
        );
        let path = folder.path().join("sentinel.conf");
        std::fs::write(&path, config).expect("it can be written");
        let args = vec![path.display().to_string(), "--sentinel".to_owned()];
        let mut server = Server { child: None, port, folder, args };
        server.start_again(&[]);
        server
    }

    /// Starts it on its files, with these arguments more.
    pub fn start_again(&mut self, more: &[&str]) {
        assert!(self.child.is_none(), "it runs");
        let child = Command::new("redis-server")
            .args(&self.args)
            .args(more)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server must be installed for the tests");
        self.child = Some(child);
    }

    /// `redis://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        kill(Pid::from_raw(child.id() as i32), signal).expect("it takes a signal");
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ended");
        }
    }

    /// What it answers, `None` when it does not or it is an error.
    pub async fn try_ask<T: FromRedisValue>(&self, words: &[&str]) -> Option<T> {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let asked = async {
            let client = redis::Client::open(self.url()).expect("a URL");
            let mut connection = client.get_multiplexed_async_connection().await.ok()?;
            command.query_async(&mut connection).await.ok()
        };
        tokio::time::timeout(Duration::from_secs(3), asked).await.ok()?
    }

    /// What it answers.
    pub async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        until("an answer", async || self.try_ask(words).await).await
    }

    async fn is_up(&self) {
        until("the start", async || self.try_ask::<()>(&["PING"]).await).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "{what} did not happen in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

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
        let nodes: Vec<Server> = (0..count)
            .map(|_| {
                let [bus] = free_ports();
                Server::start(&[
                    "--cluster-enabled",
                    "yes",
                    "--cluster-port",
                    &bus.to_string(),
                    "--cluster-node-timeout",
                    &timeout,
                    "--cluster-require-full-coverage",
                    "no",
                    "--enable-debug-command",
                    "local",
                    "--cluster-replica-validity-factor",
                    "0",
                    "--repl-diskless-sync-delay",
                    "0",
                ])
            })
            .collect();
        let mut ids = Vec::new();
        for (n, node) in nodes.iter().enumerate() {
            node.is_up().await;
            let epoch = (n + 1).to_string();
            node.ask::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await;
            ids.push(node.ask::<String>(&["CLUSTER", "MYID"]).await);
        }
        for n in 0..MASTERS {
            let (first, last) = (n * 16_384 / MASTERS, (n + 1) * 16_384 / MASTERS - 1);
            let range = [first.to_string(), last.to_string()];
            nodes[n].ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", &range[0], &range[1]]).await;
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
            let node = &cluster.nodes[n];
            until("replication", async || {
                let info: String = node.try_ask(&["INFO", "replication"]).await?;
                info.contains("master_link_status:up").then_some(())
            })
            .await;
        }
        cluster
    }

    async fn all_agree(&self, count: usize) {
        for node in &self.nodes {
            until("the cluster", async || {
                let info: String = node.try_ask(&["CLUSTER", "INFO"]).await?;
                let known = info.contains(&format!("cluster_known_nodes:{count}"));
                (known && info.contains("cluster_state:ok")).then_some(())
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

/// A master, its replica, and three sentinels that call the master `main`.
pub struct TestSentinel {
    /// The first master.
    pub master: Server,
    /// Its replica.
    pub replica: Server,
    sentinels: Vec<Server>,
}

impl TestSentinel {
    /// Starts all, and waits until they know each other.
    pub async fn start() -> Self {
        let undelayed = ["--repl-diskless-sync-delay", "0"];
        let master = Server::start(&undelayed);
        master.is_up().await;
        let port = master.port.to_string();
        let mut of_master = undelayed.to_vec();
        let of = format!("127.0.0.1 {port}");
        of_master.extend(["--replicaof", &of]);
        let replica = Server::start(&of_master);
        until("replication", async || {
            let info: String = replica.try_ask(&["INFO", "replication"]).await?;
            info.contains("master_link_status:up").then_some(())
        })
        .await;
        let sentinels: Vec<Server> = (0..3).map(|_| Server::sentinel(master.port)).collect();
        for sentinel in &sentinels {
            until("the sentinels", async || {
                let words = ["SENTINEL", "MASTER", "main"];
                let master: BTreeMap<String, String> = sentinel.try_ask(&words).await?;
                let knows =
                    |what: &str, count: &str| master.get(what).map(String::as_str) == Some(count);
                (knows("num-other-sentinels", "2") && knows("num-slaves", "1")).then_some(())
            })
            .await;
        }
        TestSentinel { master, replica, sentinels }
    }

    /// URLs of the sentinels.
    pub fn urls(&self) -> Vec<String> {
        self.sentinels.iter().map(Server::url).collect()
    }

    /// The master as the service knows it, with this patience.
    pub fn deployment(&self, patience: Patience) -> Arc<Deployment> {
        let urls = self.urls();
        let urls = urls.iter().map(String::as_str);
        let place = Place::sentinel(urls, "main", Login::default()).expect("good URLs");
        Deployment::new(place, patience)
    }
}

impl Backend for TestSentinel {
    fn patient_handle(&self) -> Redis {
        Redis::over(&self.deployment(very_patient()))
    }
}
