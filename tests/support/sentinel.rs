//! A master, its replica, and three real sentinels on loopback ports.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringtrace::platform::redis::place::{Login, Place};
use ringtrace::platform::redis::{Deployment, Patience, Redis};

use super::redis::{Backend, very_patient};
use super::servers::{Server, until};

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
        let master = Server::start(&undelayed).await;
        let port = master.port.to_string();
        let mut of_master = undelayed.to_vec();
        let of = format!("127.0.0.1 {port}");
        of_master.extend(["--replicaof", &of]);
        let replica = Server::start(&of_master).await;
        replica.follows(&master).await;
        let config = format!(
            "sentinel monitor main 127.0.0.1 {port} 2\nsentinel down-after-milliseconds main 700\n\
             sentinel failover-timeout main 3000\n"
        );
        let sentinels: Vec<Server> = (0..3).map(|_| Server::sentinel(&config)).collect();
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
