//! A real `redis-server` of the test process's own.

use std::path::PathBuf;
use std::time::Duration;

use ringtrace::platform::redis::{Patience, Redis};
use ringtrace::platform::redis_server::RedisServer;
use tempfile::TempDir;

/// A Redis of any kind.
pub trait Backend {
    /// A handle that waits for as long as a busy machine may need: for tests about anything but
    /// patience.
    fn patient_handle(&self) -> Redis;
}

/// The patience of [`Backend::patient_handle`].
pub fn very_patient() -> Patience {
    Patience {
        response: Duration::from_secs(20),
        connection: Duration::from_secs(20),
        ..Patience::default()
    }
}

/// A Redis that lives as long as this value: unix socket, AOF, a temporary folder.
pub struct TestRedis {
    server: RedisServer,
    folder: TempDir,
}

impl TestRedis {
    /// Starts a server; takes a few milliseconds.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = RedisServer::start("redis-server", folder.path())
            .await
            .expect("redis-server must be installed for the tests");
        TestRedis { server, folder }
    }

    /// `unix://…`
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Where its files are.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Its process id, to stop or kill it.
    pub fn pid(&self) -> u32 {
        self.server.pid().expect("the server runs")
    }

    /// A handle that waits for as long as a busy machine may need: for tests about anything but
    /// patience.
    pub fn patient_handle(&self) -> Redis {
        Redis::standalone(self.url(), very_patient()).expect("a handle")
    }

    /// A handle as the hot paths have it, with a breaker of its own; a second more patient, since many
    /// tests share the machine.
    pub fn handle(&self) -> Redis {
        let second = Duration::from_secs(1);
        let patience = Patience { response: second, connection: second, ..Patience::default() };
        Redis::standalone(self.url(), patience).expect("a handle")
    }
}

impl Backend for TestRedis {
    fn patient_handle(&self) -> Redis {
        TestRedis::patient_handle(self)
    }
}
