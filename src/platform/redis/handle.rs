//! The handle: asks behind a breaker, and in bounded time.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::select_ok;
use redis::{Cmd, FromRedisValue, Pipeline, Value};
use tracing::Instrument as _;

use crate::platform::keys;
use crate::platform::redis::breaker::{Breaker, Breakers};
use crate::platform::redis::error::{StoreError, is_outage, too_late};
use crate::platform::redis::place::Place;
use crate::platform::redis::route::{Lines, Question};
use crate::platform::redis::script::{Invocation, Script};
use crate::platform::redis::topology::Topology;
use crate::platform::traces;

/// How patient those are who ask.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest wait for an answer, whatever it takes to get it.
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

impl Patience {
    /// The patience of stream consumers, workers and administration: a batch of thousands of
    /// entries takes its time, and a Redis that rewrites its log may pause.
    pub fn of_workers() -> Self {
        Patience {
            response: Duration::from_secs(5),
            connection: Duration::from_secs(2),
            ..Patience::default()
        }
    }

    /// Longest wait for all steps of one request together.
    fn request(&self) -> Duration {
        self.response + self.response / 3
    }
}

/// Between two looks at who is master behind Sentinel.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// What a probe runs: it needs everything that a request needs.
const PROBE: &str = "return redis.call('SET', KEYS[1], '1', 'PX', 1000)";

/// A Redis as this process knows it; all handles over it share its map and its breakers.
pub struct Deployment {
    topology: Topology,
    breakers: Breakers,
    patience: Patience,
    probe: Script,
}

impl Deployment {
    /// The Redis at `place`. Connects when it is first asked. Call it inside the runtime.
    pub fn new(place: Place, patience: Patience) -> Arc<Self> {
        crate::platform::tls::install_provider();
        let on_cluster = matches!(place, Place::Cluster { .. });
        let behind_sentinel = matches!(place, Place::Sentinel { .. });
        let deployment = Arc::new(Deployment {
            topology: Topology::new(place),
            breakers: Breakers::new(on_cluster),
            patience,
            probe: Script::new(PROBE),
        });
        if behind_sentinel {
            tokio::spawn(Deployment::follow(Arc::downgrade(&deployment)));
        }
        deployment
    }

    pub(super) fn topology(&self) -> &Topology {
        &self.topology
    }

    pub(super) fn patience(&self) -> &Patience {
        &self.patience
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.topology.place(), Place::Cluster { .. })
    }

    /// Follows the master that the sentinels name, until nobody needs this any more.
    async fn follow(this: Weak<Self>) {
        loop {
            tokio::time::sleep(FOLLOW_EVERY).await;
            let Some(deployment) = this.upgrade() else { return };
            deployment.topology.refresh().await;
        }
    }
}

/// A handle to Redis; cheap to clone, one connection to each server for all clones.
#[derive(Clone)]
pub struct Redis {
    deployment: Arc<Deployment>,
    lines: Arc<Lines>,
}

impl Redis {
    /// A handle with connections of its own, which are made when they are first used and again
    /// when they break.
    pub fn over(deployment: &Arc<Deployment>) -> Self {
        Redis { deployment: deployment.clone(), lines: Arc::default() }
    }

    /// A handle to one server, with a breaker of its own. Fails when `url` is none.
    pub fn standalone(url: &str, patience: Patience) -> Result<Self, StoreError> {
        let refused = |source| StoreError::Refused { what: "the configured URL", source };
        let place = Place::standalone(url).map_err(refused)?;
        Ok(Redis::over(&Deployment::new(place, patience)))
    }

    /// Runs one command. `what` names it in errors.
    pub async fn command<T: FromRedisValue>(
        &self,
        what: &'static str,
        command: &Cmd,
    ) -> Result<T, StoreError> {
        self.ask(what, Question::Command(command)).await
    }

    /// Runs a pipeline in one round trip. On a cluster it is a transaction.
    pub async fn pipeline<T: FromRedisValue>(
        &self,
        what: &'static str,
        pipeline: &Pipeline,
    ) -> Result<T, StoreError> {
        self.ask(what, Question::Pipeline(pipeline)).await
    }

    /// Runs a script by its hash, or by its text where Redis does not have it (one that was
    /// restarted, or took over).
    pub async fn script<T: FromRedisValue>(
        &self,
        what: &'static str,
        invocation: &Invocation<'_>,
    ) -> Result<T, StoreError> {
        self.ask(what, Question::Script(invocation)).await
    }

    /// Runs a pipeline without keys on every server that takes writes, and says which answered
    /// what. Fails when one fails.
    pub async fn on_every_master<T: FromRedisValue>(
        &self,
        what: &'static str,
        pipeline: &Pipeline,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let Deployment { topology, patience, .. } = &*self.deployment;
        let asked = async {
            if topology.masters().is_empty() {
                topology.refresh().await;
            }
            let mut answers = Vec::new();
            for node in topology.masters() {
                let question = Question::Pipeline(pipeline);
                let answer = self.lines.send(&self.deployment, &node, &question, false).await?;
                answers.push((node.address.clone(), answer));
            }
            Ok(answers)
        };
        let asked = tokio::time::timeout(patience.response, asked).await;
        let answers =
            asked.unwrap_or_else(|_| Err(too_late())).map_err(|error| sort(what, error))?;
        if answers.is_empty() {
            return Err(StoreError::Unavailable("no server is known".to_owned()));
        }
        answers.into_iter().map(|(server, answer)| Ok((server, read(what, answer)?))).collect()
    }

    /// Whether Redis answers; of a cluster, any of its masters: the sites of the others are served.
    pub async fn answers(&self) -> bool {
        let Deployment { topology, patience, .. } = &*self.deployment;
        let ping = redis::cmd("PING");
        if !self.deployment.is_cluster() {
            return self.command::<String>("a ping", &ping).await.is_ok();
        }
        if topology.masters().is_empty() {
            topology.refresh().await;
        }
        let (masters, ping) = (topology.masters(), &Question::Command(&ping));
        let pings = masters.iter().map(|node| {
            let sent = self.lines.send(&self.deployment, node, ping, false);
            Box::pin(async move {
                let answer = tokio::time::timeout(patience.response, sent).await;
                answer.map_err(|_| ()).and_then(|answer| answer.map_err(|_| ()))
            })
        });
        !masters.is_empty() && select_ok(pings).await.is_ok()
    }

    /// Gives all steps of one request together a little longer than one of them may take.
    pub async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let whole = tokio::time::timeout(self.deployment.patience.request(), asked).await;
        whole.unwrap_or_else(|_| Err(StoreError::Unavailable(too_late().to_string())))
    }

    async fn ask<T: FromRedisValue>(
        &self,
        what: &'static str,
        question: Question<'_>,
    ) -> Result<T, StoreError> {
        let breaker = self.deployment.breakers.of(question.tag());
        if !breaker.is_closed() {
            return Err(StoreError::Unavailable("it did not answer a moment ago".to_owned()));
        }
        let answer = self.in_one_answer(breaker.slot, &question);
        match answer.instrument(traces::redis(what)).await {
            Ok(answer) => {
                breaker.succeeded();
                read(what, answer)
            }
            Err(error) if is_outage(&error) => {
                if breaker.failed(&error) {
                    self.give_up_lines(breaker.slot, &error);
                    tokio::spawn(self.clone().probe(breaker));
                }
                tracing::debug!(what, %error, "Redis did not answer");
                metrics::counter!("ringtrace_redis_failures_total", "what" => what).increment(1);
                Err(StoreError::Unavailable(error.to_string()))
            }
            Err(source) => {
                breaker.succeeded();
                Err(StoreError::Refused { what, source })
            }
        }
    }

    async fn in_one_answer(&self, slot: u16, question: &Question<'_>) -> redis::RedisResult<Value> {
        let asked = self.lines.route(&self.deployment, slot, question);
        let answer = tokio::time::timeout(self.deployment.patience.response, asked).await;
        answer.unwrap_or_else(|_| Err(too_late()))
    }

    /// A connection that broke, or over which nothing comes, may never work again: its server may
    /// have vanished without a word.
    fn give_up_lines(&self, slot: u16, why: &redis::RedisError) {
        let node = self.deployment.topology.node_of(slot);
        if let Some(node) = node.filter(|_| why.is_io_error() || why.is_timeout()) {
            node.renew();
        }
    }

    async fn probe(self, breaker: Arc<Breaker>) {
        let Deployment { topology, patience, probe, .. } = &*self.deployment;
        let invocation = probe.key(keys::probe(&breaker.tag));
        loop {
            tokio::time::sleep(patience.probe_every).await;
            topology.refresh().await;
            match self.in_one_answer(breaker.slot, &Question::Script(&invocation)).await {
                Ok(_) => return breaker.close(),
                Err(error) => self.give_up_lines(breaker.slot, &error),
            }
        }
    }
}

fn read<T: FromRedisValue>(what: &'static str, answer: Value) -> Result<T, StoreError> {
    let refused = |error: redis::ParsingError| StoreError::Refused { what, source: error.into() };
    T::from_redis_value(answer).map_err(refused)
}

fn sort(what: &'static str, error: redis::RedisError) -> StoreError {
    match is_outage(&error) {
        true => StoreError::Unavailable(error.to_string()),
        false => StoreError::Refused { what, source: error },
    }
}
