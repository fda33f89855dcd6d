//! The `redis-server` child that Ringtrace starts when no Redis URL is configured: unix socket, no
//! TCP port, append-only file in the data folder.
//!
//! Two servers on one append-only file would destroy it. So the child holds the lock on
//! `redis.lock` itself: it inherits the locked file as its standard input, and has it exactly as
//! long as it (or a process it forked to rewrite the file) lives. When Ringtrace was killed, its
//! child lives on; the next start finds the lock taken and ends that child before it starts one.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::platform::data_folder::{note_owner, open_lock, owner};
use crate::platform::shutdown::ShutdownSignal;

/// How long the child may load its append-only file.
const LOADING: Duration = Duration::from_secs(60);

/// How long a server may take to write everything and end.
const ENDING: Duration = Duration::from_secs(10);

/// Why the child did not start.
#[derive(Debug, thiserror::Error)]
pub enum RedisServerError {
    /// The program is not installed.
    #[error("cannot run `{program}`: {source}; install redis-server (>= 6.2) or set redis.url")]
    NotInstalled {
        /// The program that was tried.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder for its data cannot be made.
    #[error("cannot make the folder {path} for Redis: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended at once, or did not answer in time.
    #[error("redis-server did not come up; its log is {log}")]
    NotUp {
        /// Where it wrote why.
        log: PathBuf,
    },
    /// The server of an earlier run has the files and does not end.
    #[error("another redis-server works in {folder} and does not end; stop it first")]
    StillRuns {
        /// The folder.
        folder: PathBuf,
    },
}

/// A running child. Dropping it without [`RedisServer::stop`] kills it; the append-only file
/// survives that.
pub struct RedisServer {
    child: Child,
    url: String,
}

/// Unix socket paths may have 107 bytes; a longer one moves to the temporary folder.
fn socket_path(data: &Path) -> PathBuf {
    let wanted = data.join("redis.sock");
    if wanted.as_os_str().len() <= 100 {
        return wanted;
    }
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(data.as_os_str().as_encoded_bytes());
    std::env::temp_dir().join(format!("ringtrace-{}.sock", hex::encode(&digest[..8])))
}

impl RedisServer {
    /// Starts `program` with its data in `folder` and waits until it answers (it may first load
    /// its append-only file).
    pub async fn start(program: &str, folder: &Path) -> Result<Self, RedisServerError> {
        Self::start_with(program, folder, &["--appendonly", "yes", "--appendfsync", "everysec"])
            .await
    }

    /// As [`RedisServer::start`], but nothing is ever saved: what it holds ends with it.
    pub async fn start_forgetful(program: &str, folder: &Path) -> Result<Self, RedisServerError> {
        Self::start_with(program, folder, &["--appendonly", "no"]).await
    }

    async fn start_with(
        program: &str,
        folder: &Path,
        saving: &[&str],
    ) -> Result<Self, RedisServerError> {
        let folder_error = |source| RedisServerError::Folder { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(folder_error)?;
        let folder = folder.canonicalize().map_err(folder_error)?;
        let socket = socket_path(&folder);
        let url = format!("unix://{}", socket.display());
        let mut lock = claim(&folder, &url).await?;
        let inherited = lock.try_clone().map_err(folder_error)?;
        let _ = std::fs::remove_file(&socket);
        let log = folder.join("redis.log");
        let child = Command::new(program)
            .args(["--port", "0", "--unixsocketperm", "700", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(&folder)
            .args(saving)
            .args(["--save", ""])
            .args(["--maxmemory-policy", "noeviction", "--daemonize", "no", "--logfile"])
            .arg(&log)
            .stdin(Stdio::from(inherited))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in the terminal must reach Ringtrace alone: it stops the child last.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| RedisServerError::NotInstalled {
                program: program.to_owned(),
                source,
            })?;
        let mut server = RedisServer { child, url };
        note_owner(&mut lock, server.child.id().unwrap_or(0)).map_err(folder_error)?;
        drop(lock);
        let deadline = Instant::now() + LOADING;
        loop {
            if answers(&server.url).await {
                return Ok(server);
            }
            let ended = matches!(server.child.try_wait(), Ok(Some(_)) | Err(_));
            if ended || Instant::now() > deadline {
                return Err(RedisServerError::NotUp { log });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The URL of the child's socket.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The child's process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Runs the child until `shutdown`, and starts it again whenever it ends by itself.
    pub async fn supervise(self, program: String, folder: PathBuf, mut shutdown: ShutdownSignal) {
        let mut server = self;
        loop {
            tokio::select! {
                () = shutdown.over() => return server.stop().await,
                ended = server.child.wait() => {
                    tracing::error!(?ended, "redis-server ended by itself and is started again");
                    metrics::counter!("ringtrace_redis_restarts_total").increment(1);
                }
            }
            server = loop {
                let started = tokio::select! {
                    () = shutdown.over() => return,
                    started = RedisServer::start(&program, &folder) => started,
                };
                match started {
                    Ok(started) => break started,
                    Err(error) => tracing::error!(%error, "redis-server does not start"),
                }
                if shutdown.sleep(Duration::from_secs(1)).await {
                    return;
                }
            };
        }
    }

    /// Asks the child to write everything and end, and waits for it.
    pub async fn stop(mut self) {
        if let Some(pid) = self.child.id() {
            let _ = kill(Pid::from_raw(pid as i32), Signal::SIGTERM);
        }
        let ended = tokio::time::timeout(ENDING, self.child.wait()).await;
        if ended.is_err() {
            tracing::warn!("redis-server did not end in time and is killed");
            let _ = self.child.kill().await;
        }
    }
}

impl Drop for RedisServer {
    /// Its folder may be removed next: nothing must be written into it any more. A kill takes milliseconds.
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        for _ in 0..1_000 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Takes the lock of `folder`, ending the server of an earlier run that still holds it.
async fn claim(folder: &Path, url: &str) -> Result<File, RedisServerError> {
    let folder_error = |source| RedisServerError::Folder { path: folder.to_owned(), source };
    let mut lock = open_lock(&folder.join("redis.lock")).map_err(folder_error)?;
    let ways = [None, Some(Signal::SIGTERM), Some(Signal::SIGKILL)];
    for way in ways {
        match way {
            // It may be ending by itself at this moment.
            None => {}
            Some(signal) => end_orphan(&mut lock, folder, url, signal).await,
        }
        let patience = if way.is_none() { Duration::from_millis(200) } else { ENDING };
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match lock.try_lock() {
                Ok(()) => {
                    // Whoever is written down there is gone.
                    lock.set_len(0).map_err(folder_error)?;
                    return Ok(lock);
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(folder_error(source)),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Err(RedisServerError::StillRuns { folder: folder.to_owned() })
}

/// Ends the server that holds `lock`: by its process id, or when that was never written down
/// (Ringtrace was killed in that very moment) over its socket.
async fn end_orphan(lock: &mut File, folder: &Path, url: &str, signal: Signal) {
    tracing::warn!(folder = %folder.display(), %signal, "ending the redis-server of an earlier run");
    match owner(lock).map(Pid::from_raw).filter(|pid| works_in(*pid, folder)) {
        Some(pid) => {
            let _ = kill(pid, signal);
        }
        None => {
            let mut command = redis::cmd("SHUTDOWN");
            let _ = ask::<()>(url, command.arg("NOSAVE")).await;
        }
    }
}

/// Whether the process works in `folder`: its number may be somebody else's by now. Where the
/// system does not tell, the lock is trusted.
fn works_in(pid: Pid, folder: &Path) -> bool {
    match std::fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(works_in) => works_in == folder,
        Err(_) => !Path::new("/proc/self").exists(),
    }
}

async fn answers(url: &str) -> bool {
    ask::<String>(url, &redis::cmd("PING")).await.is_some()
}

async fn ask<T: redis::FromRedisValue>(url: &str, command: &redis::Cmd) -> Option<T> {
    let client = redis::Client::open(url).ok()?;
    let asked = async {
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        command.query_async::<T>(&mut connection).await.ok()
    };
    tokio::time::timeout(Duration::from_millis(500), asked).await.ok()?
}
