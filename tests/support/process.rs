//! The real binary in a process of its own, on a folder and port of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::support::app::configuration;
use crate::support::ports::free_port;

/// Where a service lives: configuration, data, log.
pub struct Home {
    folder: TempDir,
    /// The port of [`Home::write`]'s configuration.
    pub port: u16,
}

/// A running `ringtrace serve`; dropping it kills it.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Home {
    /// A folder and a free port.
    pub fn new() -> Self {
        Home { folder: tempfile::tempdir().expect("a temporary folder"), port: free_port() }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `http://127.0.0.1:<port><path>`
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The configuration of the tests' service with these numbers.
    pub fn configuration(&self, numbers: &[&str]) -> String {
        configuration(&self.data().display().to_string(), self.port, numbers)
    }

    /// Writes the configuration file.
    pub fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("ringtrace.toml"), text).expect("it can be written");
    }

    /// Starts `ringtrace serve`, with these environment variables.
    pub fn serve(&self, environment: &[(&str, &str)]) -> Process {
        let log = self.folder.path().join("log");
        let child = Command::new(env!("CARGO_BIN_EXE_ringtrace"))
            .arg("serve")
            .arg("--config")
            .arg(self.folder.path().join("ringtrace.toml"))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a log file"))
            .spawn()
            .expect("the binary runs");
        Process { child, log }
    }

    /// Starts it and waits until all its parts can serve.
    pub async fn serve_ready(&self) -> Process {
        self.serve_until("/readyz", &[]).await
    }

    /// Starts it with these environment variables and waits until `path` answers 200.
    pub async fn serve_until(&self, path: &str, environment: &[(&str, &str)]) -> Process {
        let mut process = self.serve(environment);
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if status_of(&self.url(path)).await == Some(200) {
                return process;
            }
            let ended = process.child.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "it ended: {ended:?}\n{}", process.log());
            assert!(Instant::now() < end, "it is not ready\n{}", process.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Process ids of every `redis-server` that works in the data folder.
    pub fn redis_servers(&self) -> Vec<Pid> {
        redis_servers(&self.data().join("redis"))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A killed service leaves one behind.
        for pid in self.redis_servers() {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

/// Process ids of every `redis-server` that works in `folder`.
pub fn redis_servers(folder: &Path) -> Vec<Pid> {
    let Ok(wanted) = folder.canonicalize() else { return Vec::new() };
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("a Linux system").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let here = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == wanted);
        if here && String::from_utf8_lossy(&command).contains("redis-server") {
            found.push(Pid::from_raw(pid));
        }
    }
    found
}

async fn status_of(url: &str) -> Option<u16> {
    let client = ringtrace::platform::tls::client_builder().no_proxy().build().ok()?;
    let answer = client.get(url).timeout(Duration::from_secs(2)).send().await.ok()?;
    Some(answer.status().as_u16())
}

impl Process {
    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until the log says `words`.
    pub async fn says(&self, words: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.log().contains(words) {
            assert!(Instant::now() < end, "it never says {words:?}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until it ended.
    pub async fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return status;
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let before = self.child.try_wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the service ({before:?}) had logged:\n{}", self.log());
        }
    }
}
