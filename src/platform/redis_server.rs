//! The `redis-server` child that Ringtrace starts when no Redis URL is configured: unix socket, no
//! TCP port, append-only file in the data folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::platform::shutdown::ShutdownSignal;

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
    /// It ended, or did not answer in time.
    #[error("redis-server did not come up within {seconds} s; its log is {log}")]
    NotUp {
        /// How long was waited.
        seconds: u64,
        /// Where it wrote why.
        log: PathBuf,
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
        let folder_error = |source| RedisServerError::Folder { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(folder_error)?;
        let folder = folder.canonicalize().map_err(folder_error)?;
        let socket = socket_path(&folder);
        let _ = std::fs::remove_file(&socket);
        let log = folder.join("redis.log");
        let mut child = Command::new(program)
            .arg("--port")
            .arg("0")
            .arg("--unixsocket")
            .arg(&socket)
            .arg("--unixsocketperm")
            .arg("700")
            .arg("--dir")
            .arg(&folder)
            .arg("--appendonly")
            .arg("yes")
            .arg("--appendfsync")
            .arg("everysec")
            .arg("--save")
            .arg("")
            .arg("--maxmemory-policy")
            .arg("noeviction")
            .arg("--daemonize")
            .arg("no")
            .arg("--logfile")
            .arg(&log)
            .stdin(Stdio::null())
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
        let url = format!("unix://{}", socket.display());
        let seconds = 60;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(seconds);
        loop {
            if answers(&url).await {
                return Ok(RedisServer { child, url });
            }
            let ended = matches!(child.try_wait(), Ok(Some(_)) | Err(_));
            if ended || tokio::time::Instant::now() > deadline {
                return Err(RedisServerError::NotUp { seconds, log });
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
                match RedisServer::start(&program, &folder).await {
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
            let pid = nix::unistd::Pid::from_raw(pid as i32);
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        }
        let ended = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        if ended.is_err() {
            tracing::warn!("redis-server did not end within 10 s and is killed");
            let _ = self.child.kill().await;
        }
    }
}

async fn answers(url: &str) -> bool {
    let Ok(client) = redis::Client::open(url) else { return false };
    let asked = async {
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        redis::cmd("PING").query_async::<String>(&mut connection).await.ok()
    };
    matches!(tokio::time::timeout(Duration::from_millis(500), asked).await, Ok(Some(_)))
}
