//! What keeps every call whole: replays spooled events, forgets what Redis has surely saved,
//! closes calls whose end never came.

use std::time::Duration;

use crate::call::command::rules::job;
use crate::call::command::worker::Commander;
use crate::call::model::CallEvent;
use crate::call::providers;
use crate::call::recorder::{RecordError, Recorder, Routed};
use crate::call::router::Waiting;
use crate::call::spool::{Spool, SpoolError, SpoolId};
use crate::call::store::LONGEST_CALL;
use crate::platform::redis::StoreError;
use crate::platform::shutdown::ShutdownSignal;

/// Events replayed in one run.
const REPLAY_BATCH: usize = 256;
/// Calls of one site closed in one run.
const SWEEP_BATCH: usize = 64;
/// Pause between two looks at the spool.
const PAUSE: Duration = Duration::from_secs(1);
/// Looks at the spool between two sweeps: open calls are hours old, a minute more is nothing.
const RUNS_PER_SWEEP: u32 = 60;

/// What one run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Spooled events that Redis has now.
    pub replayed: usize,
    /// Spooled events that were put off: waiting for Redis does not help them.
    pub postponed: usize,
    /// Spooled events that are gone for good, as Redis has surely saved them.
    pub settled: usize,
    /// Calls closed without an end.
    pub closed: usize,
    /// Redis could not be asked; the rest waits for the next run.
    pub outage: bool,
}

impl Outcome {
    /// Whether another run at once is likely to find more.
    pub fn has_more(&self) -> bool {
        self.replayed == REPLAY_BATCH && !self.outage
    }
}

/// The worker of the call stage.
pub struct CallWorker {
    recorder: Recorder,
    spool: Spool,
    commander: Commander,
}

impl CallWorker {
    /// A worker with a connection of its own in `recorder`.
    pub fn new(recorder: Recorder, spool: Spool, commander: Commander) -> Self {
        CallWorker { recorder, spool, commander }
    }

    /// Runs until shutdown.
    pub async fn run(self, mut shutdown: ShutdownSignal) {
        for sweeps in (0..RUNS_PER_SWEEP).map(|turn| turn == 0).cycle() {
            let outcome = match self.turn(sweeps).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::error!(%error, "the call worker lost its spool and ends");
                    return;
                }
            };
            let pause = if outcome.has_more() { Duration::ZERO } else { PAUSE };
            if shutdown.sleep(pause).await {
                return;
            }
        }
    }

    /// Settles, replays and sweeps once. Fails only when the spool is closed.
    pub async fn run_once(&self) -> Result<Outcome, SpoolError> {
        self.turn(true).await
    }

    async fn turn(&self, with_sweep: bool) -> Result<Outcome, SpoolError> {
        let mut outcome = Outcome::default();
        // First of all, so that what is replayed to a Redis is counted as saved by that one.
        self.settle(&mut outcome).await?;
        if !outcome.outage {
            self.replay(&mut outcome).await?;
        }
        if with_sweep && !outcome.outage {
            self.sweep(&mut outcome).await;
        }
        Ok(outcome)
    }

    async fn replay(&self, outcome: &mut Outcome) -> Result<(), SpoolError> {
        for (id, event) in self.spool.replayable(REPLAY_BATCH).await? {
            if self.commander.is_under_way(id) {
                continue;
            }
            match self.record(id, &event).await {
                Ok(()) => outcome.replayed += 1,
                Err(error) if error.is_outage() => {
                    outcome.outage = true;
                    break;
                }
                Err(error) => {
                    tracing::error!(%error, site = %event.site,
                        "a spooled call event cannot be recorded; it stays in the spool");
                    self.spool.postpone(id).await;
                    outcome.postponed += 1;
                }
            }
        }
        metrics::counter!("ringtrace_spool_replayed_total").increment(outcome.replayed as u64);
        Ok(())
    }

    /// Records an event. It is done then, or once the commands that its call waits for are: those that were
    /// sent before are known by their ids, and those that would come too late are given up.
    async fn record(&self, id: SpoolId, event: &CallEvent) -> Result<(), RecordError> {
        let installation = self.recorder.live().now_full();
        let site = installation.site(&event.site);
        let controlled = site.zip(event.controlled.as_deref()).and_then(|(site, at)| {
            let mut ways = providers::ways(&event.provider, &site.telephony).into_iter();
            Some((site, at, ways.find(|provider| provider.control().is_some())?))
        });
        let Some((site, at, provider)) = controlled else {
            self.recorder.record(event).await?;
            self.spool.done(id);
            return Ok(());
        };
        let waiting = Waiting { provider, wants: &at.wants };
        let Routed { call, steps, .. } = self.recorder.route(event, &waiting).await?;
        let of = (&*installation, site);
        match job(of, &waiting, event, Some(&call), steps, Some(id)) {
            Some(job) => self.commander.send(job),
            None => self.spool.done(id),
        }
        Ok(())
    }

    async fn settle(&self, outcome: &mut Outcome) -> Result<(), SpoolError> {
        match self.surely_saving_redis().await {
            Ok(Some(run_id)) => outcome.settled = self.spool.settle(&run_id).await?.settled,
            Ok(None) => {}
            Err(_) => outcome.outage = true,
        }
        Ok(())
    }

    /// The `run_id` of a Redis whose last write to its append-only file went well; of a cluster,
    /// those of all masters: after a failover it is another. A Redis without an append-only file
    /// saves nothing surely; its operator chose that, and the spool cannot keep all calls for ever.
    async fn surely_saving_redis(&self) -> Result<Option<String>, StoreError> {
        let mut info = redis::pipe();
        info.cmd("INFO").arg("server").cmd("INFO").arg("persistence");
        let redis = self.recorder.store().redis();
        let masters: Vec<(_, (String, String))> = redis.on_every_master("INFO", &info).await?;
        let field = |text: &str, name: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned))
        };
        let mut run_ids = Vec::with_capacity(masters.len());
        for (address, (server, persistence)) in &masters {
            if field(persistence, "aof_last_write_status").is_some_and(|status| status != "ok") {
                tracing::error!(
                    server = address,
                    "Redis cannot write its append-only file; the call spool keeps all"
                );
                return Ok(None);
            }
            let Some(run_id) = field(server, "run_id") else { return Ok(None) };
            run_ids.push(run_id);
        }
        run_ids.sort_unstable();
        Ok(Some(run_ids.join(",")))
    }

    async fn sweep(&self, outcome: &mut Outcome) {
        let installation = self.recorder.live().now_full();
        let now = self.recorder.clock().now();
        let before = now.plus(-(LONGEST_CALL.as_millis() as i64));
        for site in &installation.config.sites {
            let keys = installation.shards.keys(&site.id);
            if let Err(error) = self.recorder.store().prune(&keys, now).await {
                tracing::debug!(%error, site = %site.id, "old calls were not forgotten");
            }
            let open = self.recorder.store().open_since_before(&keys, before, SWEEP_BATCH).await;
            for call in open.unwrap_or_default() {
                match self.recorder.give_up(&site.id, call).await {
                    Ok(closed) => outcome.closed += usize::from(closed.is_some()),
                    Err(RecordError::Store(StoreError::Unavailable(_))) => {
                        outcome.outage = true;
                        return;
                    }
                    Err(error) => {
                        tracing::error!(%error, site = %site.id, %call, "cannot close a call");
                    }
                }
            }
        }
        metrics::counter!("ringtrace_calls_given_up_total").increment(outcome.closed as u64);
    }
}
