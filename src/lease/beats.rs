//! Signs of life on their way to Redis: those that one worker reads at the same moment go in one
//! script call, so that a busy site pays once for what every call costs. Nobody waits for more to
//! come: a worker looks at all its connections first, then sends what they said.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::sync::oneshot;

use crate::lease::rules::Times;
use crate::platform::ids::PageId;
use crate::platform::keys::Shard;
use crate::platform::redis::script::Script;
use crate::platform::redis::{Redis, StoreError};

/// Most sessions of one call: Redis serves nobody else meanwhile.
const AT_ONCE: usize = 64;

/// What one page says, and the leases that its session may hold.
pub(super) struct Beat {
    pub(super) page: PageId,
    pub(super) seq: u32,
    /// The word of its kind; a view of a further page names it: `view@/prices`.
    pub(super) kind: String,
    /// Keys and durations, one for each pool.
    pub(super) leases: Vec<(String, Times)>,
    /// One for each lease when the page leaves or something was done with a number; else none.
    pub(super) more: Vec<More>,
}

/// What a leave and a gesture touch besides the lease.
pub(super) struct More {
    pub(super) held: String,
    pub(super) share: String,
    pub(super) pinned: String,
    /// What was done with the pool's number; empty: nothing.
    pub(super) done: String,
}

type Answers = Result<Vec<String>, StoreError>;
type Waiting = Vec<(Beat, oneshot::Sender<Answers>)>;

/// The beats of one worker that were not sent yet, by the shard that they go to.
pub(super) struct Beats {
    script: Script,
    waiting: Mutex<HashMap<Shard, Waiting>>,
}

impl Beats {
    pub(super) fn new(script: Script) -> Self {
        Beats { script, waiting: Mutex::default() }
    }

    /// Sends `beat` with all others of this moment; what the script answers for each of its leases.
    pub(super) async fn together(
        self: &Arc<Self>,
        redis: &Redis,
        shard: Shard,
        beat: Beat,
    ) -> Answers {
        let (tell, told) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let waiting = waiting.entry(shard).or_default();
            waiting.push((beat, tell));
            waiting.len() == 1
        };
        if is_first {
            // A task of its own: this one ends when its browser goes away, the others wait on.
            let (beats, redis) = (self.clone(), redis.clone());
            tokio::spawn(async move { beats.send_waiting(&redis, shard).await });
        }
        told.await.unwrap_or_else(|_| Err(StoreError::Unavailable("this ends".to_owned())))
    }

    /// Sends `beat` alone, at the time `now` ("" lets Redis say it).
    pub(super) async fn alone(&self, redis: &Redis, beat: &Beat, now: &str) -> Answers {
        self.run(redis, &[beat], now).await
    }

    async fn send_waiting(&self, redis: &Redis, shard: Shard) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&shard);
        let mut waiting = waiting.unwrap_or_default();
        let mut batches = Vec::with_capacity(1);
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(AT_ONCE));
            batches.push(std::mem::replace(&mut waiting, rest));
        }
        join_all(batches.into_iter().map(|batch| self.send(redis, batch))).await;
    }

    async fn send(&self, redis: &Redis, batch: Waiting) {
        let beats: Vec<&Beat> = batch.iter().map(|(beat, _)| beat).collect();
        let mut answers = self.run(redis, &beats, "").await.map(Vec::into_iter);
        for (beat, tell) in batch {
            let told = match &mut answers {
                Ok(answers) => Ok(answers.take(beat.leases.len()).collect()),
                Err(error) => Err(error.clone()),
            };
            // Whoever went away does not wait for it.
            let _ = tell.send(told);
        }
    }

    async fn run(&self, redis: &Redis, beats: &[&Beat], now: &str) -> Answers {
        let mut call = self.script.prepare_invoke();
        let leases = || beats.iter().flat_map(|beat| beat.leases.iter().map(move |of| (*beat, of)));
        for (_, (key, _)) in leases() {
            call.key(key);
        }
        call.arg(now).arg(leases().count());
        for (beat, (_, times)) in leases() {
            call.arg(beat.page.as_str()).arg(beat.seq).arg(&beat.kind);
            call.arg(times.hold).arg(times.lease_key);
        }
        for beat in beats {
            for (more, (_, times)) in beat.more.iter().zip(&beat.leases) {
                call.key(&more.held).key(&more.share).key(&more.pinned);
                call.arg(times.linger).arg(times.pin).arg(&more.done);
            }
        }
        redis.script("a beat", &call).await
    }
}
