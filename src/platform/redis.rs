//! The way to Redis: one multiplexed connection per worker behind a circuit breaker, and a pool
//! for what blocks or holds a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, ScriptInvocation, ServerErrorKind,
};

/// Why Redis did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis is down, slow, full, loading or read-only; the caller takes its fallback. The breaker
    /// may have answered without asking.
    #[error("Redis is not available: {0}")]
    Unavailable(String),
    /// Redis answered, and the answer is an error or not of the expected shape: a bug, not a fault.
    #[error("Redis refused {what}: {source}")]
    Refused {
        /// What was being tried.
        what: &'static str,
        /// What Redis said.
        #[source]
        source: redis::RedisError,
    },
    /// What was stored cannot be read.
    #[error("cannot read what Redis holds for {what}: {why}")]
    Unreadable {
        /// Which record.
        what: &'static str,
        /// The decoder's reason.
        why: String,
    },
}

/// How patient the hot paths are.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest wait for an answer.
    pub response: Duration,
    /// Longest wait for a connection.
    pub connection: Duration,
    /// How often an open breaker asks whether Redis is back.
    pub probe_every: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            response: Duration::from_millis(150),
            connection: Duration::from_millis(150),
            probe_every: Duration::from_millis(100),
        }
    }
}

/// Opens after a failure: while it is open nobody waits for Redis. Whoever opened it leaves a probe
/// behind that asks until Redis answers, and closes it; no request ever waits to find that out.
#[derive(Debug)]
pub struct Breaker {
    open: AtomicBool,
    failures: AtomicU32,
    probe_every: Duration,
}

impl Breaker {
    /// A closed breaker that asks every `probe_every` once it is open.
    pub fn new(probe_every: Duration) -> Arc<Self> {
        Arc::new(Breaker { open: AtomicBool::new(false), failures: AtomicU32::new(0), probe_every })
    }

    /// Whether Redis may be asked.
    pub fn is_closed(&self) -> bool {
        !self.open.load(Ordering::Acquire)
    }

    /// Notes a good answer of a request.
    fn succeeded(&self) {
        // A read before the write: the good case must not share a cache line in anger.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Notes a failure; `true` when it opened the breaker, so that a probe is due.
    fn failed(&self, why: &redis::RedisError) -> bool {
        // One slow answer is not an outage; a broken connection is.
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if why.is_timeout() && failures < 3 {
            return false;
        }
        let opened = !self.open.swap(true, Ordering::AcqRel);
        if opened {
            tracing::warn!(error = %why, "Redis does not answer; fallbacks are in use");
            metrics::gauge!("ringtrace_redis_up").set(0.0);
        }
        opened
    }

    async fn probe(self: Arc<Self>, mut connection: ConnectionManager) {
        loop {
            tokio::time::sleep(self.probe_every).await;
            let ping = redis::cmd("PING");
            if ping.query_async::<String>(&mut connection).await.is_ok() {
                break;
            }
        }
        self.failures.store(0, Ordering::Relaxed);
        self.open.store(false, Ordering::Release);
        tracing::info!("Redis answers again");
        metrics::gauge!("ringtrace_redis_up").set(1.0);
    }
}

/// Questions that may wait for their answers on one connection before asking takes a turn: up to
/// here they reach Redis in the order in which they were first polled.
pub const IN_FLIGHT: usize = 1024;

/// A handle to Redis for hot paths; cheap to clone, one connection per worker.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    breaker: Arc<Breaker>,
}

impl Redis {
    /// A handle that connects when it is first used and reconnects by itself.
    pub fn lazy(url: &str, patience: Patience, breaker: Arc<Breaker>) -> Result<Self, StoreError> {
        let refused = |source| StoreError::Refused { what: "the configured URL", source };
        let client = redis::Client::open(url).map_err(refused)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(patience.response))
            .set_connection_timeout(Some(patience.connection))
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_millis(100))
            .set_pipeline_buffer_size(IN_FLIGHT);
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(refused)?;
        Ok(Redis { connection, breaker })
    }

    /// The breaker that all handles of a process share.
    pub fn breaker(&self) -> &Arc<Breaker> {
        &self.breaker
    }

    /// Runs one command. `what` names it in errors.
    pub async fn command<T: FromRedisValue>(
        &self,
        what: &'static str,
        command: &Cmd,
    ) -> Result<T, StoreError> {
        self.guard(what, async { command.query_async(&mut self.connection.clone()).await }).await
    }

    /// Runs a pipeline in one round trip.
    pub async fn pipeline<T: FromRedisValue>(
        &self,
        what: &'static str,
        pipeline: &Pipeline,
    ) -> Result<T, StoreError> {
        self.guard(what, async { pipeline.query_async(&mut self.connection.clone()).await }).await
    }

    /// Runs a script by its SHA, loading it again after NOSCRIPT (a restarted or failed-over Redis).
    pub async fn script<T: FromRedisValue>(
        &self,
        what: &'static str,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        self.guard(what, async { invocation.invoke_async(&mut self.connection.clone()).await })
            .await
    }

    async fn guard<T>(
        &self,
        what: &'static str,
        asked: impl Future<Output = redis::RedisResult<T>>,
    ) -> Result<T, StoreError> {
        if !self.breaker.is_closed() {
            return Err(StoreError::Unavailable("it did not answer a moment ago".to_owned()));
        }
        match asked.await {
            Ok(answer) => {
                self.breaker.succeeded();
                Ok(answer)
            }
            Err(error) if is_outage(&error) => {
                if self.breaker.failed(&error) {
                    tokio::spawn(self.breaker.clone().probe(self.connection.clone()));
                }
                tracing::debug!(what, %error, "Redis did not answer");
                metrics::counter!("ringtrace_redis_failures_total", "what" => what).increment(1);
                Err(StoreError::Unavailable(error.to_string()))
            }
            Err(source) => {
                self.breaker.succeeded();
                Err(StoreError::Refused { what, source })
            }
        }
    }
}

/// Whether an error means "Redis cannot serve now" rather than "the question was wrong".
pub fn is_outage(error: &redis::RedisError) -> bool {
    use redis::ErrorKind;
    if error.is_timeout() || error.is_io_error() || error.is_connection_dropped() {
        return true;
    }
    if error.is_connection_refusal() {
        return true;
    }
    match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ReadOnly
        ),
        _ => {
            matches!(error.code(), Some("OOM" | "MISCONF" | "LOADING" | "READONLY" | "NOREPLICAS"))
        }
    }
}

/// Longest wait of a worker for an answer: a batch of thousands of entries takes its time, and a
/// Redis that rewrites its log may pause.
const WORKER_RESPONSE: Duration = Duration::from_secs(5);
/// Longest wait of a worker for a connection, new or tested before it is used again.
const WORKER_CONNECTION: Duration = Duration::from_secs(2);

/// A pool for stream consumers, workers and administration; never for a page view or a call.
pub fn worker_pool(url: &str, size: usize) -> Result<deadpool_redis::Pool, StoreError> {
    let refused = |source| StoreError::Refused { what: "the configured URL", source };
    let connections = AsyncConnectionConfig::new()
        .set_response_timeout(Some(WORKER_RESPONSE))
        .set_connection_timeout(Some(WORKER_CONNECTION));
    let manager = deadpool_redis::Manager::new_with_config(url, connections).map_err(refused)?;
    deadpool_redis::Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(WORKER_RESPONSE))
        .create_timeout(Some(WORKER_CONNECTION))
        .recycle_timeout(Some(WORKER_CONNECTION))
        .runtime(deadpool_redis::Runtime::Tokio1)
        .build()
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}
