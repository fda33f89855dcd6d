//! Jobs that run once in a cluster: whoever takes the job's lease in Redis does it.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `job:<name>:lease` | STR | who does it now | as long as a run may take |
//! | `job:<name>:last` | STR | when the last run began that came to its end (ms) | – |
//!
//! A process that dies leaves the lease, and the job is done when it has run out. A run that takes
//! longer than its lease is given up: two may then run for a moment, so a job must not mind that.

use std::time::Duration;

use jiff::SignedDuration;
use uuid::Uuid;

use crate::platform::clock::Millis;
use crate::platform::keys::{job_last, job_lease};
use crate::platform::redis::script::Script;
use crate::platform::redis::{Redis, StoreError};

/// Lets go of a lease that is still ours.
const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
                       return redis.call('DEL', KEYS[1]) end return 0";

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran<T> {
    /// It was done here.
    Done(T),
    /// Somebody does it now, or died with it, or it was given up: worth trying again soon.
    Held,
    /// Somebody did it not long ago.
    Recent,
}

/// Takes turns with the other processes on this Redis.
pub struct Scheduler {
    redis: Redis,
    me: String,
    release: Script,
}

impl Scheduler {
    /// A process among those on this Redis.
    pub fn new(redis: Redis) -> Self {
        Scheduler { redis, me: Uuid::new_v4().to_string(), release: Script::new(RELEASE) }
    }

    /// Does `work` unless somebody else does it now or began it less than `every` ago. `longest`:
    /// when a run counts as dead.
    pub async fn run<T>(
        &self,
        job: &str,
        every: SignedDuration,
        longest: Duration,
        now: Millis,
        work: impl Future<Output = T>,
    ) -> Result<Ran<T>, StoreError> {
        let lease = job_lease(job);
        let mut take = redis::cmd("SET");
        take.arg(&lease).arg(&self.me).arg("NX").arg("PX").arg(longest.as_millis() as u64);
        let taken: Option<String> = self.redis.command("a job's lease", &take).await?;
        if taken.is_none() {
            return Ok(Ran::Held);
        }
        let done = self.run_when_due(job, every, longest, now, work).await;
        let mut release = self.release.key(&lease);
        release.arg(&self.me);
        // A lease that is not let go of runs out by itself.
        let _ = self.redis.script::<i64>("a job's lease", &release).await;
        done
    }

    async fn run_when_due<T>(
        &self,
        job: &str,
        every: SignedDuration,
        longest: Duration,
        now: Millis,
        work: impl Future<Output = T>,
    ) -> Result<Ran<T>, StoreError> {
        let mut read = redis::cmd("GET");
        let last: Option<i64> =
            self.redis.command("a job's last run", read.arg(job_last(job))).await?;
        let age = last.map(|last| now.since(Millis(last)));
        if age.is_some_and(|age| (0..every.as_millis() as i64).contains(&age)) {
            return Ok(Ran::Recent);
        }
        let Ok(done) = tokio::time::timeout(longest, work).await else {
            tracing::error!(job, "a job took too long and was given up");
            return Ok(Ran::Held);
        };
        let mut write = redis::cmd("SET");
        self.redis.command::<()>("a job's last run", write.arg(job_last(job)).arg(now.0)).await?;
        Ok(Ran::Done(done))
    }
}
