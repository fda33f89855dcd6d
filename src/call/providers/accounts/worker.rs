//! Looks through providers' lists of calls for those that no webhook told, on start and once an hour,
//! once in a cluster.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::call::archive::{Archive, ArchiveError};
use crate::call::model::CallEvent;
use crate::call::providers::accounts::account::Account;
use crate::call::providers::accounts::client::{ApiClient, ApiError};
use crate::call::providers::accounts::model::Access;
use crate::call::providers::accounts::reconcile::{PastCall, past_calls, window};
use crate::call::providers::accounts::{ALL, AccountApi};
use crate::call::recorder::{RecordError, Recorder};
use crate::call::spool::Spool;
use crate::config::model::Site;
use crate::lease::numbers::registry;
use crate::lease::store::LeaseStore;
use crate::platform::clock::Millis;
use crate::platform::ids::CallId;
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;
use crate::platform::schedule::{Ran, Scheduler};
use crate::platform::shutdown::ShutdownSignal;

/// The job's name among those of the cluster.
const JOB: &str = "reconcile";
/// Longest run: who holds the job and is gone lets others have it after that.
const LONGEST_RUN: Duration = Duration::from_secs(10 * 60);
/// Pause between two looks at whether it is due.
const PAUSE: Duration = Duration::from_secs(30);
/// On start it is due unless somebody looked this short a time ago.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// Where an account could not be asked, it is asked again this soon.
const RETRY: SignedDuration = SignedDuration::from_mins(5);
/// Calls that are looked up at once.
const AT_ONCE: usize = 200;

/// Why one account was not looked through.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The provider.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A call cannot be recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The warehouse cannot say whether it knows a call.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The disk does not take a call, and neither does Redis.
    #[error("a call could not be kept")]
    Lost,
}

/// What one run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Accounts that were looked through.
    pub looked: usize,
    /// Accounts that could not be.
    pub failed: usize,
    /// Calls that nobody had told of.
    pub found: usize,
    /// Calls whose end nobody had told.
    pub ended: usize,
    /// Somebody else did it a moment ago.
    pub recent: bool,
    /// Somebody else does it, or Redis is away: nothing was done.
    pub held: bool,
}

/// Looks for calls that webhooks did not tell.
pub struct Reconciler {
    recorder: Recorder,
    spool: Spool,
    leases: LeaseStore,
    archive: Archive,
    scheduler: Scheduler,
    client: ApiClient,
}

impl Reconciler {
    /// A worker with connections of its own.
    pub fn new(
        recorder: Recorder,
        spool: Spool,
        leases: LeaseStore,
        archive: Archive,
        client: ApiClient,
    ) -> Self {
        let scheduler = Scheduler::new(recorder.store().redis().clone());
        Reconciler { recorder, spool, leases, archive, scheduler, client }
    }

    /// Runs until shutdown.
    pub async fn run(self, mut shutdown: ShutdownSignal) {
        let mut due = FRESH;
        loop {
            let config = &self.recorder.live().now_full().config;
            // What the spool still holds is told by webhooks, only not recorded yet.
            if config.providers.reconcile && self.spool.backlog() == 0 {
                tokio::select! {
                    () = shutdown.over() => return,
                    outcome = self.run_once(due) => {
                        // Whoever holds the job may have died with it: it stays due.
                        if !outcome.held {
                            tracing::debug!(?outcome, "looked through providers' calls");
                            due = match outcome.failed {
                                0 => config.providers.reconcile_every,
                                _ => RETRY.min(config.providers.reconcile_every),
                            };
                        }
                    }
                }
            }
            if shutdown.sleep(PAUSE).await {
                return;
            }
        }
    }

    /// Looks through every account, unless somebody did so less than `due` ago.
    pub async fn run_once(&self, due: SignedDuration) -> Outcome {
        let now = self.recorder.clock().now();
        let work = self.look_through_all(now);
        match self.scheduler.run(JOB, due, LONGEST_RUN, now, work).await {
            Ok(Ran::Done(outcome)) => outcome,
            Ok(Ran::Recent) => Outcome { recent: true, ..Outcome::default() },
            Ok(Ran::Held) => Outcome { held: true, ..Outcome::default() },
            Err(error) => {
                tracing::warn!(%error, "providers' calls are looked through later");
                Outcome { held: true, ..Outcome::default() }
            }
        }
    }

    async fn look_through_all(&self, now: Millis) -> Outcome {
        let installation = self.recorder.live().now_full();
        let mut outcome = Outcome::default();
        for site in &installation.config.sites {
            for api in ALL {
                // The lists that are read name calls told by commands otherwise than their webhooks do: they would
                // count twice.
                let accesses = api.accesses(&site.telephony).into_iter();
                for access in accesses.filter(|access| !access.by_commands) {
                    let looked = self.look_through(api, access, site, now).await;
                    let result = match &looked {
                        Ok((found, ended)) => {
                            outcome.looked += 1;
                            outcome.found += found;
                            outcome.ended += ended;
                            "looked"
                        }
                        Err(error) => {
                            outcome.failed += 1;
                            tracing::error!(%error, site = %site.id, provider = api.name(),
                                "a provider's calls cannot be looked through; the next look covers the same time");
                            "failed"
                        }
                    };
                    metrics::counter!("ringtrace_reconcile_looks_total",
                        "provider" => api.name(), "result" => result)
                    .increment(1);
                }
            }
        }
        outcome
    }

    /// Looks through one account; how many calls were new, and how many were closed.
    async fn look_through(
        &self,
        api: &'static dyn AccountApi,
        access: Access,
        site: &Site,
        now: Millis,
    ) -> Result<(usize, usize), ReconcileError> {
        let installation = self.recorder.live().now_full();
        let keys = installation.shards.keys(&site.id);
        let mark = keys.reconciled(api.name(), &access.account);
        let redis = self.recorder.store().redis();
        let mut read = redis::cmd("GET");
        let last: Option<i64> = redis.command("the last look", read.arg(&mark)).await?;
        let look_back = installation.config.providers.reconcile_look_back.as_millis() as i64;
        let window = window(last.map(Millis), look_back, now);

        let account = Account::new(api, access, self.client.clone());
        let legs = account.calls(window, now).await?;
        let ours = self.numbers_of(site).await?;
        let calls = past_calls(api.name(), site, &legs, window, |number| ours.contains(number));
        let (mut found, mut ended) = (0, 0);
        for some in calls.chunks(AT_ONCE) {
            let (fresh, open) = self.unknown(&keys, some).await?;
            let fresh = |call: &&PastCall| {
                fresh.contains(&call.id) && !self.recorder.is_forgotten(&call.events)
            };
            for call in some.iter().filter(fresh) {
                self.keep(&call.events).await?;
                found += 1;
            }
            for call in some.iter().filter(|call| open.contains(&call.id)) {
                self.keep(&call.clone().without_mark().collect::<Vec<_>>()).await?;
                ended += 1;
            }
        }
        let mut write = redis::cmd("SET");
        redis.command::<()>("the last look", write.arg(&mark).arg(window.to.0)).await?;
        let provider = api.name();
        metrics::counter!("ringtrace_reconciled_calls_total", "provider" => provider)
            .increment(found as u64);
        metrics::gauge!("ringtrace_reconcile_last_seconds", "provider" => provider)
            .set(now.0 as f64 / 1000.0);
        if found > 0 {
            tracing::warn!(site = %site.id, provider, found, "calls were found that no webhook told of");
        }
        Ok((found, ended))
    }

    /// The numbers whose calls are this site's: configured, added, and taken out not long ago.
    async fn numbers_of(&self, site: &Site) -> Result<HashSet<PhoneNumber>, StoreError> {
        let mut ours: HashSet<_> = site.tracking_numbers().cloned().collect();
        let claimed = registry::read_all(&self.leases).await?.into_iter();
        let of_site = claimed.filter(|(_, known)| known.claim.site == site.id);
        ours.extend(of_site.map(|(number, _)| number));
        Ok(ours)
    }

    /// Which of these calls nobody knows, and which are known without an end.
    async fn unknown(
        &self,
        keys: &SiteKeys,
        calls: &[PastCall],
    ) -> Result<(HashSet<CallId>, HashSet<CallId>), ReconcileError> {
        let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
        let known = self.recorder.store().load_all(keys, &ids).await?;
        let open = known.iter().filter(|call| !call.status.is_final()).map(|call| call.id);
        let mut fresh: HashSet<CallId> = ids.into_iter().collect();
        for call in &known {
            fresh.remove(&call.id);
        }
        let asked: Vec<CallId> = fresh.iter().copied().collect();
        for call in self.archive.load(vec![keys.site().clone()], asked).await? {
            fresh.remove(&call.id);
        }
        Ok((fresh, open.collect()))
    }

    /// The way of every event: to the disk, then to Redis, and from the disk again when that failed.
    async fn keep(&self, events: &[CallEvent]) -> Result<(), ReconcileError> {
        let spooled = join_all(events.iter().map(|event| self.spool.append(event))).await;
        for (event, spooled) in events.iter().zip(spooled) {
            match (self.recorder.record(event).await, spooled) {
                (Ok(_), Ok(id)) => self.spool.done(id),
                (Ok(_), Err(_)) => {}
                (Err(error), Ok(_)) if error.is_outage() => {}
                (Err(error), Ok(_)) => return Err(error.into()),
                (Err(_), Err(_)) => return Err(ReconcileError::Lost),
            }
        }
        Ok(())
    }
}
