//! `redis-server`s on loopback ports, as many as a test wants.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use redis::FromRedisValue;
use tempfile::TempDir;

use crate::support::ports::free_port;

/// One server; dropping it kills it.
pub struct Server {
    child: Option<Child>,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    folder: TempDir,
    args: Vec<String>,
}

impl Server {
    /// A server with an append-only file and these arguments more; it answers.
    pub async fn start(args: &[&str]) -> Self {
        let mut all: Vec<String> = ["--appendonly", "yes", "--save", "", "--bind", "127.0.0.1"]
            .iter()
            .chain(args)
            .map(ToString::to_string)
            .collect();
        let port = free_port();
        all.extend(["--port".to_owned(), port.to_string()]);
        if args.contains(&"--cluster-enabled") {
            all.extend(["--cluster-port".to_owned(), free_port().to_string()]);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Server { child: None, port, folder, args: all };
        server.start_again(&[]);
        assert!(server.comes_up().await, "redis-server does not come up");
        server
    }

    /// A sentinel with this configuration, to which its own address is added.
    pub fn sentinel(config: &str) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("sentinel.conf");
        let config = format!("port {port}\nbind 127.0.0.1\n{config}");
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

    fn url_with_password(&self) -> String {
        let required = self.args.windows(2).find(|pair| pair[0] == "--requirepass");
        let password = required.map(|pair| format!(":{}@", pair[1])).unwrap_or_default();
        format!("redis://{password}127.0.0.1:{}", self.port)
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
            let client = redis::Client::open(self.url_with_password()).expect("a URL");
            let mut connection = client.get_multiplexed_async_connection().await.ok()?;
            command.query_async(&mut connection).await.ok()
        };
        tokio::time::timeout(Duration::from_secs(3), asked).await.ok()?
    }

    /// What it answers.
    pub async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        until("an answer", async || self.try_ask(words).await).await
    }

    /// Waits until this replica of the empty `master` hears what is written there.
    ///
    /// A link that is up says less: after the first copy a master keeps what is written until the replica
    /// sends a sign of its own, which it does once a second.
    pub async fn follows(&self, master: &Server) {
        master.ask::<()>(&["FLUSHALL"]).await;
        self.has_all_of(master).await;
    }

    /// Waits until this replica has what `master` wrote so far. `WAIT` does not tell: it counts only the
    /// writes of its own connection.
    pub async fn has_all_of(&self, master: &Server) {
        let written =
            until("an offset", async || master.info("replication", "master_repl_offset").await)
                .await;
        until("replication", async || {
            let read = self.info("replication", "slave_repl_offset").await?;
            (written <= read).then_some(())
        })
        .await;
    }

    /// A number that it says about itself.
    async fn info(&self, section: &str, name: &str) -> Option<u64> {
        let info: String = self.try_ask(&["INFO", section]).await?;
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().parse().ok()
    }

    /// Waits until it answers; `false` when it ended instead. Another test's server may listen there.
    async fn comes_up(&mut self) -> bool {
        loop {
            let child = self.child.as_mut().expect("it was started");
            let pid = u64::from(child.id());
            if child.try_wait().expect("it can be asked").is_some() {
                self.child = None;
                return false;
            }
            if self.info("server", "process_id").await == Some(pid) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
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
