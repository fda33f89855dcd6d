//! What is done by the clock: erasures that were not finished, and once a day what is too old.

use std::time::Duration;

use jiff::SignedDuration;

use crate::platform::ids::SiteId;
use crate::platform::schedule::{Ran, Scheduler};
use crate::platform::shutdown::ShutdownSignal;
use crate::privacy::eraser::Eraser;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(60);
/// How often retention is kept to; the first time a day after the start at the latest.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// When a run counts as dead.
const LONGEST_RUN: Duration = Duration::from_secs(6 * 3600);
const JOB: &str = "retention";

/// What one run of retention did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done here; so many sites had something too old.
    Done(usize),
    /// Somebody did it not long ago, or does it now.
    Idle,
    /// It failed, and is tried again.
    Failed,
}

/// Carries out what is left on the list of erasures; what cannot be done is told, and tried again later.
pub async fn finish(eraser: &Eraser) {
    if let Err(error) = eraser.finish().await {
        tracing::error!(%error, "an erasure of the list cannot be carried out yet");
    }
}

/// Keeps to the retention of all sites, unless that was done within a day.
pub async fn run_once(eraser: &Eraser, scheduler: &Scheduler) -> Outcome {
    let parts = eraser.parts();
    let installation = parts.live.now_full();
    let sites: Vec<SiteId> = installation.config.sites.iter().map(|site| site.id.clone()).collect();
    let work = eraser.keep_to_retention(&sites, false);
    // Where several processes write one warehouse, each has segments of its own.
    let job = match parts.warehouse.is_shared() {
        true => format!("{JOB}:{}", parts.warehouse.writer()),
        false => JOB.to_owned(),
    };
    match scheduler.run(&job, EVERY, LONGEST_RUN, parts.clock.now(), work).await {
        Ok(Ran::Done(Ok(done))) => {
            let some = done.iter().filter(|site| !site.is_empty());
            let some = some.inspect(|outdated| tracing::info!(?outdated, "retention was kept to"));
            Outcome::Done(some.count())
        }
        Ok(Ran::Held | Ran::Recent) => Outcome::Idle,
        Ok(Ran::Done(Err(error))) => {
            tracing::error!(%error, "retention cannot be kept to; the next day tries again");
            metrics::counter!("ringtrace_retention_failures_total").increment(1);
            Outcome::Failed
        }
        Err(error) => {
            tracing::warn!(%error, "retention waits for Redis");
            Outcome::Failed
        }
    }
}

/// Runs until `shutdown`.
pub async fn run(eraser: Eraser, mut shutdown: ShutdownSignal) {
    let scheduler = Scheduler::new(eraser.parts().redis.clone());
    loop {
        if shutdown.sleep(PAUSE).await {
            return;
        }
        let work = async {
            finish(&eraser).await;
            run_once(&eraser, &scheduler).await;
        };
        tokio::select! {
            () = shutdown.over() => return,
            () = work => {}
        }
    }
}
