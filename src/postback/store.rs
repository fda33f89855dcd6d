//! The outbox in Redis: one per shard, so that it can be written by the script that writes the
//! call.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `outbox:due:<site>:<destination>` | ZSET | postback id → due at (ms); while claimed, the end of the claim: the queue of one destination | until settled |
//! | `outbox:due` | ZSET | the same: the queue of what needs only its verdict | until settled |
//! | `outbox:queues` | ZSET | key of a queue → its earliest score | while something waits in it |
//! | `outbox:body` | HASH | postback id → [`Postback`] as JSON | until settled |
//! | `outbox:done` | ZSET | postback id → settled at (ms) | as calls, 30 d, or `postback.keep` if longer |
//! | `outbox:done:body` | HASH | postback id → [`SettledPostback`](crate::postback::model::SettledPostback) as JSON | `postback.keep`, at most [`MOST_KEPT`] |
//! | `outbox:dead` | ZSET | postback id → given up at (ms) | as `outbox:done` |
//! | `outbox:dead:body` | HASH | postback id → [`SettledPostback`](crate::postback::model::SettledPostback) as JSON | as `outbox:done:body` |
//!
//! **Who moves what.** A producer adds an id to its queue ([`Queue::of`]) and to `body` together, and only when none of
//! `body`, `done` and `dead` has it: the call stage does so inside the script that saves the call,
//! everybody else by [`Outbox::enqueue`]. The worker looks which queues have something that is due ([`Outbox::look`]),
//! claims from those whose destination has free places (the score moves on, nothing is
//! removed) and settles: to `done` (delivered, retracted, rejected, skipped), to `dead` (given up), or back
//! into the queue. A settlement adds its ledger entry in the same script. What may be
//! sent once only is marked before ([`Outbox::mark`]). People
//! replay from `done` and `dead` into the queue. Pruning forgets the oldest of `done` and `dead`:
//! their bodies, and later their ids. An id that was forgotten could be queued again when its call
//! changes, which is why ids are kept as long as calls.
//!
//! `outbox:queues` never says later than the truth, so that nothing is overlooked; where it says earlier, the claim that
//! finds nothing corrects it. Versions before queues of destinations put everything into `outbox:due`, and
//! entered it nowhere: every look enters it, and what is found there and belongs to a destination moves to its
//! queue ([`Outbox::sort`]).
//!
//! The end of a claim is also its token: a later claim of the same entry can only start when this
//! one has ended and so ends later, and whoever settles moves the score. A settlement with another
//! score than the claim's is refused.

use std::sync::Arc;

use futures_util::future::try_join_all;
use redis::FromRedisValue;

use crate::call::store::KEEP_CALLS;
use crate::ledger::model::ENVELOPE_FIELD;
use crate::platform::clock::Millis;
use crate::platform::keys::{Shard, Shards};
use crate::platform::redis::script::{Invocation, Script};
use crate::platform::redis::{Redis, StoreError};
use crate::postback::model::Postback;
use crate::postback::queue::Queue;

/// Most bodies of the delivery log, and of the dead set, that one shard keeps.
pub const MOST_KEPT: usize = 20_000;

/// Entries that one pruning step forgets at most.
const PRUNE_STEP: usize = 500;

/// The way to the outbox; cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    redis: Redis,
    scripts: Arc<Scripts>,
}

struct Scripts {
    enqueue: Script,
    look: Script,
    claim: Script,
    sort: Script,
    settle: Script,
    mark: Script,
    prune: Script,
    replay: Script,
}

/// One claimed entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The queue it is in.
    pub queue: Queue,
    /// Its id.
    pub id: String,
    /// The [`Postback`] as JSON.
    pub body: String,
    /// When the claim ends, and the token that settles it.
    pub until: Millis,
}

/// What waits in a shard.
#[derive(Clone, Debug)]
pub struct Look {
    /// The moment by the clock that claims run on.
    pub now: Millis,
    /// Queues with the earliest moment at which something of theirs is due (or a claim ends): all in which something is
    /// due, and the next one.
    pub queues: Vec<(Queue, Millis)>,
}

/// What one look into a queue found.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The moment of the claim by the clock that the claims run on.
    pub now: Millis,
    /// What was claimed.
    pub entries: Vec<Claimed>,
    /// When the queue's next entry comes due (or the next claim ends).
    pub next_due: Option<Millis>,
}

/// Where a claimed entry goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Into the delivery log.
    Done {
        /// When it was settled.
        at: Millis,
        /// A [`SettledPostback`](crate::postback::model::SettledPostback) as JSON.
        body: String,
        /// The ledger envelope as JSON.
        ledger: String,
    },
    /// Into the dead set.
    Dead {
        /// When it was given up.
        at: Millis,
        /// A `SettledPostback` as JSON.
        body: String,
        /// The ledger envelope as JSON; empty: none.
        ledger: String,
    },
    /// Back into the queue.
    Later {
        /// When it is due again.
        at: Millis,
        /// The [`Postback`] as JSON.
        body: String,
        /// The ledger envelope as JSON; empty: none.
        ledger: String,
    },
}

/// How many entries there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting, claimed ones included.
    pub due: u64,
    /// In the dead set.
    pub dead: u64,
}

impl Outbox {
    /// An outbox behind a handle with the patience of workers.
    pub fn new(redis: Redis) -> Self {
        let scripts = Scripts {
            enqueue: Script::new(include_str!("lua/enqueue.lua")),
            look: Script::new(include_str!("lua/look.lua")),
            claim: Script::new(include_str!("lua/claim.lua")),
            sort: Script::new(include_str!("lua/sort.lua")),
            settle: Script::new(include_str!("lua/settle.lua")),
            mark: Script::new(include_str!("lua/mark.lua")),
            prune: Script::new(include_str!("lua/prune.lua")),
            replay: Script::new(include_str!("lua/replay.lua")),
        };
        Outbox { redis, scripts: Arc::new(scripts) }
    }

    /// The connection.
    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// Queues `postbacks`; answers how many were new. Those already queued, settled or given up
    /// are left alone.
    pub async fn enqueue(
        &self,
        shards: Shards,
        postbacks: &[Postback],
    ) -> Result<usize, StoreError> {
        let mut queued = 0;
        for postback in postbacks {
            let shard = shards.of(&postback.site);
            let queue = Queue::of(shard, postback);
            let mut invocation = self.scripts.enqueue.key(queue.key());
            invocation
                .key(shard.outbox_queues())
                .key(shard.outbox_body())
                .key(shard.outbox_done())
                .key(shard.outbox_dead())
                .arg(&postback.id)
                .arg(postback.due_at().0)
                .arg(to_json(postback)?);
            queued += self.run::<usize>("queueing a postback", &invocation).await?;
        }
        Ok(queued)
    }

    /// Looks which queues of `shard` have something that is due. `now`: `None` is Redis' time.
    pub async fn look(&self, shard: Shard, now: Option<Millis>) -> Result<Look, StoreError> {
        const WHAT: &str = "looking into the outbox";
        let mut invocation = self.scripts.look.key(shard.outbox_queues());
        invocation.key(shard.outbox_due()).arg(clock_arg(now));
        let mut reply = self.run::<Vec<redis::Value>>(WHAT, &invocation).await?.into_iter();
        let now = read(WHAT, reply.next().unwrap_or(redis::Value::Nil)).map(Millis)?;
        let mut queues = Vec::new();
        while let (Some(key), Some(score)) = (reply.next(), reply.next()) {
            let (key, earliest): (String, f64) = (read(WHAT, key)?, read(WHAT, score)?);
            match Queue::parse(shard, &key) {
                Some(queue) => queues.push((queue, Millis(earliest as i64))),
                None => tracing::warn!(key, "no queue of the outbox has this name"),
            }
        }
        Ok(Look { now, queues })
    }

    /// Claims up to `most` due entries of `queue` for `claim_ms`. `now`: `None` is Redis' time.
    pub async fn claim(
        &self,
        queue: &Queue,
        now: Option<Millis>,
        claim_ms: i64,
        most: usize,
    ) -> Result<Claims, StoreError> {
        const WHAT: &str = "claiming postbacks";
        let mut invocation = self.scripts.claim.key(queue.key());
        invocation
            .key(queue.shard.outbox_queues())
            .key(queue.shard.outbox_body())
            .arg(clock_arg(now))
            .arg(claim_ms)
            .arg(most);
        let mut reply = self.run::<Vec<redis::Value>>(WHAT, &invocation).await?.into_iter();
        let mut moment = || read::<i64>(WHAT, reply.next().unwrap_or(redis::Value::Nil));
        let (now, next) = (Millis(moment()?), moment()?);
        let texts =
            reply.map(|value| read(WHAT, value)).collect::<Result<Vec<String>, StoreError>>()?;
        let until = now.plus(claim_ms);
        let claimed = |pair: &[String]| {
            let (id, body) = (pair[0].clone(), pair[1].clone());
            Claimed { queue: queue.clone(), id, body, until }
        };
        let entries = texts.chunks_exact(2).map(claimed).collect();
        Ok(Claims { now, entries, next_due: (next >= 0).then_some(Millis(next)) })
    }

    /// Moves entries of one claim into `queue`, where they are due at `at`; answers how many, which are those whose claim
    /// still held.
    pub async fn sort(
        &self,
        entries: &[Claimed],
        queue: &Queue,
        at: Millis,
    ) -> Result<usize, StoreError> {
        let Some(first) = entries.first() else { return Ok(0) };
        let mut invocation = self.scripts.sort.key(first.queue.key());
        invocation.key(queue.key()).key(queue.shard.outbox_queues()).arg(first.until.0).arg(at.0);
        for claimed in entries {
            invocation.arg(&claimed.id);
        }
        self.run("sorting postbacks", &invocation).await
    }

    /// Ends a claim; `false` when the claim was lost meanwhile, and nothing changed.
    pub async fn settle(&self, claimed: &Claimed, to: &Move) -> Result<bool, StoreError> {
        let (word, at, body, ledger) = match to {
            Move::Done { at, body, ledger } => ("done", at, body, ledger.as_str()),
            Move::Dead { at, body, ledger } => ("dead", at, body, ledger.as_str()),
            Move::Later { at, body, ledger } => ("later", at, body, ledger.as_str()),
        };
        let shard = claimed.queue.shard;
        let mut invocation = self.scripts.settle.key(claimed.queue.key());
        invocation
            .key(shard.outbox_queues())
            .key(shard.outbox_body())
            .key(shard.outbox_done())
            .key(shard.outbox_done_body())
            .key(shard.outbox_dead())
            .key(shard.outbox_dead_body())
            .key(shard.ledger())
            .arg(&claimed.id)
            .arg(claimed.until.0)
            .arg(word)
            .arg(at.0)
            .arg(body)
            .arg(ENVELOPE_FIELD)
            .arg(ledger);
        let answer: String = self.run("settling a postback", &invocation).await?;
        Ok(answer == "settled")
    }

    /// Writes into entries of one claim that they may have been sent; answers whose claim still
    /// holds.
    pub async fn mark(
        &self,
        claimed: &Claimed,
        entries: &[(String, String)],
    ) -> Result<Vec<String>, StoreError> {
        let mut invocation = self.scripts.mark.key(claimed.queue.key());
        invocation.key(claimed.queue.shard.outbox_body()).arg(claimed.until.0);
        for (id, body) in entries {
            invocation.arg(id).arg(body);
        }
        self.run("marking postbacks", &invocation).await
    }

    /// Forgets what became of the postbacks that `shard` settled or gave up more than `keep_ms` ago,
    /// and of those beyond [`MOST_KEPT`]; later that they ever were. Answers how many entries.
    pub async fn prune(
        &self,
        shard: Shard,
        now: Option<Millis>,
        keep_ms: i64,
    ) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        for (set, bodies) in [
            (shard.outbox_done(), shard.outbox_done_body()),
            (shard.outbox_dead(), shard.outbox_dead_body()),
        ] {
            let mut invocation = self.scripts.prune.key(set);
            invocation.key(bodies).arg(clock_arg(now)).arg(keep_ms).arg(MOST_KEPT);
            let ids_ms = keep_ms.max(KEEP_CALLS.as_millis() as i64);
            invocation.arg(ids_ms).arg(PRUNE_STEP);
            loop {
                let step: usize = self.run("pruning postbacks", &invocation).await?;
                forgotten += step;
                if step < PRUNE_STEP {
                    break;
                }
            }
        }
        Ok(forgotten)
    }

    /// How many entries wait and how many were given up, over all shards.
    pub async fn depth(&self, shards: Shards) -> Result<Depth, StoreError> {
        let counts = try_join_all(shards.all().map(async |shard| {
            let mut pipeline = redis::pipe();
            pipeline.hlen(shard.outbox_body()).hlen(shard.outbox_dead_body());
            self.pipeline::<(u64, u64)>("counting postbacks", &pipeline).await
        }));
        let sum = |all: Depth, (due, dead)| Depth { due: all.due + due, dead: all.dead + dead };
        Ok(counts.await?.into_iter().fold(Depth::default(), sum))
    }

    /// Queues a settled entry again, due at `at`, unless it is no longer `was`. `from` and
    /// `bodies` name the set it is in.
    pub(super) async fn requeue(
        &self,
        queue: &Queue,
        (from, bodies): (String, String),
        (was, postback): (&str, &Postback),
        at: Millis,
    ) -> Result<bool, StoreError> {
        let mut invocation = self.scripts.replay.key(queue.key());
        invocation
            .key(queue.shard.outbox_queues())
            .key(queue.shard.outbox_body())
            .key(from)
            .key(bodies)
            .arg(&postback.id)
            .arg(was)
            .arg(to_json(postback)?)
            .arg(at.0);
        let answer: String = self.run("replaying a postback", &invocation).await?;
        Ok(answer == "replayed")
    }

    /// Runs a pipeline of reads in one shard.
    pub(super) async fn pipeline<T: FromRedisValue>(
        &self,
        what: &'static str,
        pipeline: &redis::Pipeline,
    ) -> Result<T, StoreError> {
        self.redis.pipeline(what, pipeline).await
    }

    async fn run<T: FromRedisValue>(
        &self,
        what: &'static str,
        invocation: &Invocation<'_>,
    ) -> Result<T, StoreError> {
        self.redis.script(what, invocation).await
    }
}

/// A record as the JSON text that Redis keeps.
pub(super) fn to_json<T: serde::Serialize>(record: &T) -> Result<String, StoreError> {
    serde_json::to_string(record)
        .map_err(|e| StoreError::Unreadable { what: "a postback", why: e.to_string() })
}

fn clock_arg(now: Option<Millis>) -> String {
    now.map(|now| now.0.to_string()).unwrap_or_default()
}

fn read<T: FromRedisValue>(what: &'static str, value: redis::Value) -> Result<T, StoreError> {
    redis::from_redis_value(value).map_err(|e| StoreError::Unreadable { what, why: e.to_string() })
}
