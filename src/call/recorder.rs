//! Event → saved call: load, decide, save, and again when somebody else was faster.

use std::sync::Arc;

use crate::attribution;
use crate::call::caller::{counted, is_first_time};
use crate::call::import::model::Imported;
use crate::call::live::publish;
use crate::call::model::{Call, CallEvent, CallOrigin};
use crate::call::outcome::model::OutcomeChange;
use crate::call::store::{CallStore, Change, CountedCaller, Saved};
use crate::call::{rules, scoring};
use crate::config::model::Site;
use crate::config::{Installation, Live};
use crate::http::problem::Problem;
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::{CallId, SessionId, SiteId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::platform::signing::SigningKeys;
use crate::postback;
use crate::visit::tables::Tables;

/// Why an event could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration has no such site any more.
    #[error("there is no site {0} in the configuration")]
    UnknownSite(SiteId),
    /// Others changed the same call or caller each time.
    #[error("the call changed {0} times while it was being saved")]
    Contended(u32),
}

impl RecordError {
    /// What is told outside.
    pub fn into_problem(self) -> Problem {
        match self {
            RecordError::Store(error) => error.into(),
            RecordError::UnknownSite(_) => Problem::NotFound { what: "site" },
            RecordError::Contended(_) => Problem::Unavailable { what: "the call record" },
        }
    }

    /// Whether waiting for Redis helps.
    pub fn is_outage(&self) -> bool {
        matches!(self, RecordError::Store(StoreError::Unavailable(_)))
    }
}

/// What is known of a call before a change.
#[derive(Clone, Copy)]
struct Known<'a> {
    /// How it stood.
    call: Option<&'a Call>,
    /// The version that Redis has; 0 when it has none.
    expected: u32,
}

impl<'a> Known<'a> {
    fn nothing() -> Self {
        Known { call: None, expected: 0 }
    }

    /// A call that Redis has, if it does.
    fn kept(call: Option<&'a Call>) -> Self {
        Known { call, expected: call.map_or(0, |call| call.version) }
    }

    /// The same, or else one that only the archive has.
    fn of(kept: Option<&'a Call>, archived: Option<&'a Call>) -> Self {
        Known { call: kept.or(archived), expected: kept.map_or(0, |call| call.version) }
    }

    /// The call, when only the archive has it.
    fn archived(&self) -> Option<&'a Call> {
        self.call.filter(|_| self.expected == 0)
    }
}

/// Most tries to save one event. Writers of one call are its few webhooks.
const MAX_TRIES: u32 = 8;

/// Records events; cheap to clone, one per worker as it holds the worker's connection.
#[derive(Clone)]
pub struct Recorder {
    store: CallStore,
    live: Live,
    clock: Clock,
    signing: SigningKeys,
    tables: Arc<Tables>,
}

impl Recorder {
    /// A recorder on this connection.
    pub fn new(
        redis: Redis,
        live: Live,
        clock: Clock,
        signing: SigningKeys,
        tables: Arc<Tables>,
    ) -> Self {
        Recorder { store: CallStore::new(redis), live, clock, signing, tables }
    }

    /// The calls it writes.
    pub fn store(&self) -> &CallStore {
        &self.store
    }

    /// The configuration it goes by.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// The clock it goes by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Applies `event` to its call and saves it with its ledger entry and its postbacks. An event
    /// that was recorded before changes nothing.
    pub async fn record(&self, event: &CallEvent) -> Result<Call, RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, &event.site)?;
        let keys = installation.shards.keys(&site.id);
        let id = CallId::of(&event.site, &event.provider, &event.provider_call_id);
        for _ in 0..MAX_TRIES {
            let before = self.store.load(&keys, id).await?;
            let (call, changed) = rules::apply(before.clone(), event);
            if !changed {
                return Ok(call);
            }
            let saved = self
                .save(&installation, site, Known::kept(before.as_ref()), call, event.at)
                .await?;
            if let Some(call) = saved {
                return Ok(call);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// Closes a call that nothing more is expected of. `None` when Redis no longer has it.
    pub async fn give_up(&self, site: &SiteId, id: CallId) -> Result<Option<Call>, RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, site)?;
        let keys = installation.shards.keys(&site.id);
        let now = self.clock.now();
        for _ in 0..MAX_TRIES {
            let Some(before) = self.store.load(&keys, id).await? else {
                self.store.forget_open(&keys, id).await?;
                return Ok(None);
            };
            let (call, changed) = rules::give_up(before.clone(), now);
            if !changed {
                return Ok(Some(call));
            }
            let saved =
                self.save(&installation, site, Known::kept(Some(&before)), call, now).await?;
            if saved.is_some() {
                return Ok(saved);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// Changes what came of a call, told by `by`. The call, and whether that is another version; `None`
    /// when nobody has it. `archived` is the call where Redis may no longer have it.
    pub async fn amend(
        &self,
        site: &SiteId,
        id: CallId,
        change: &OutcomeChange,
        by: &str,
        archived: Option<&Call>,
    ) -> Result<Option<(Call, bool)>, RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, site)?;
        let keys = installation.shards.keys(&site.id);
        let now = self.clock.now();
        for _ in 0..MAX_TRIES {
            let kept = self.store.load(&keys, id).await?;
            let known = Known::of(kept.as_ref(), archived);
            let Some(before) = known.call else { return Ok(None) };
            let (call, changed) = rules::amend(before.clone(), change, by, now);
            if !changed {
                return Ok(Some((call, false)));
            }
            let saved = self.save(&installation, site, known, call, now).await?;
            if let Some(call) = saved {
                return Ok(Some((call, true)));
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// Adds what somebody tells of a call that Redis may no longer have: `archived` then says how it
    /// stood.
    pub async fn record_late(
        &self,
        event: &CallEvent,
        archived: Option<&Call>,
    ) -> Result<Call, RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, &event.site)?;
        let keys = installation.shards.keys(&site.id);
        let id = CallId::of(&event.site, &event.provider, &event.provider_call_id);
        for _ in 0..MAX_TRIES {
            let kept = self.store.load(&keys, id).await?;
            let known = Known::of(kept.as_ref(), archived);
            let (call, changed) = rules::apply(known.call.cloned(), event);
            if !changed {
                return Ok(call);
            }
            let saved = self.save(&installation, site, known, call, event.at).await?;
            if let Some(call) = saved {
                return Ok(call);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// Takes over a call from another system, with the attribution and the outcome that it had there.
    /// `false` when it is known already: it stays as it is.
    pub async fn import(&self, imported: &Imported) -> Result<bool, RecordError> {
        let Some(first) = imported.events.first() else { return Ok(false) };
        let installation = self.live.now_full();
        let site = site_of(&installation, &first.site)?;
        let keys = installation.shards.keys(&site.id);
        let id = CallId::of(&first.site, &first.provider, &first.provider_call_id);
        for _ in 0..MAX_TRIES {
            if self.store.load(&keys, id).await?.is_some() {
                return Ok(false);
            }
            let apply = |call, event| Some(rules::apply(call, event).0);
            let Some(mut call) = imported.events.iter().fold(None, apply) else { return Ok(false) };
            call.version = 1;
            call.attribution = Some(imported.attribution.clone());
            call.outcome = imported.outcome.clone();
            call.first_time = imported.first_time;
            call.destination.clone_from(&imported.destination);
            let saved = self.save(&installation, site, Known::nothing(), call, first.at).await?;
            if saved.is_some() {
                return Ok(true);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// Looks again at the last call of the caller with this hash, who turned out to be `session`: when the call
    /// is inside the attribution window of that visit, and the visit began before it, it becomes its call. Says
    /// whether it did.
    pub async fn rejoin(
        &self,
        site: &SiteId,
        caller_hash: &str,
        session: SessionId,
    ) -> Result<bool, RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, site)?;
        let keys = installation.shards.keys(&site.id);
        let Some(caller) = self.store.load_caller(&keys, caller_hash).await? else {
            return Ok(false);
        };
        for _ in 0..MAX_TRIES {
            let Some(before) = self.store.load(&keys, caller.last_call).await? else {
                return Ok(false);
            };
            let redis = self.store.redis();
            let joined = attribution::join_known(redis, &keys, site, &before, session).await?;
            let Some(joined) = joined else { return Ok(false) };
            let mut call = before.clone();
            call.attribution = Some(joined);
            call.version = before.version.saturating_add(1);
            let (known, now) = (Known::kept(Some(&before)), self.clock.now());
            if self.save(&installation, site, known, call, now).await?.is_some() {
                return Ok(true);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// Completes and saves a new version; `None` when somebody else was faster.
    async fn save(
        &self,
        installation: &Installation,
        site: &Site,
        known: Known<'_>,
        call: Call,
        at: Millis,
    ) -> Result<Option<Call>, RecordError> {
        let keys = installation.shards.keys(&site.id);
        let (mut call, caller) = self.complete(installation, site, &keys, known.call, call).await?;
        call.score = scoring::score(&site.scoring, &call);
        let now = self.clock.now();
        let give_up_after = installation.config.postback.give_up_after;
        let mut postbacks = postback::rules::decide(site, &call, now, give_up_after);
        match (call.origin(), known.archived()) {
            // What became of it was told by the system that it comes from.
            (CallOrigin::Imported, _) => postbacks.clear(),
            // The outbox has forgotten what it sent so long ago.
            (_, Some(before)) => {
                let told = postback::rules::decide(site, before, now, give_up_after);
                postbacks.retain(|new| told.iter().all(|old| old.id != new.id));
            }
            (_, None) => {}
        }
        let expected = known.expected;
        let change = Change { expected, call: &call, caller, postbacks: &postbacks, at, now };
        match self.store.save(&keys, &change).await? {
            Saved::Saved { .. } => {
                count_final(known.call, &call);
                publish(self.store.redis(), &keys, known.call, &call);
                Ok(Some(call))
            }
            Saved::Conflict => {
                metrics::counter!("ringtrace_call_save_conflicts_total").increment(1);
                Ok(None)
            }
        }
    }

    /// Adds what the events do not tell: where it was forwarded to, whether the caller is new,
    /// whose call it was. Each is decided once, at the call's own time, and stays.
    async fn complete(
        &self,
        installation: &Installation,
        site: &Site,
        keys: &SiteKeys,
        before: Option<&Call>,
        mut call: Call,
    ) -> Result<(Call, Option<CountedCaller>), RecordError> {
        let imported = call.origin() == CallOrigin::Imported;
        if !imported {
            call.destination.get_or_insert_with(|| site.forward_to.clone());
        }
        // A first event out of order knows neither the number nor the time of arrival.
        let asks_the_same = |before: &Call| {
            before.tracking_number == call.tracking_number && before.started_at == call.started_at
        };
        let asked = before.is_some_and(asks_the_same) || imported;
        if call.attribution.is_none() || !asked {
            let lookup = attribution::Lookup {
                redis: self.store.redis(),
                shards: installation.shards,
                tables: &self.tables,
                rules: installation.rules(&site.id),
                // Scripts go by a clock that was set, and by Redis' own otherwise.
                ours: self.clock.script_arg().is_none().then(|| self.clock.now()),
            };
            call.attribution = Some(attribution::join(lookup, site, &call).await?);
        }
        let caller = match &call.caller.number {
            Some(number) if call.caller_hash.is_none() => {
                let hash = self.signing.caller_hash(site.id.as_str(), number.as_str());
                Some(self.count_caller(site, keys, &mut call, hash).await?)
            }
            _ => None,
        };
        Ok((call, caller))
    }

    async fn count_caller(
        &self,
        site: &Site,
        keys: &SiteKeys,
        call: &mut Call,
        hash: String,
    ) -> Result<CountedCaller, RecordError> {
        let known = self.store.load_caller(keys, &hash).await?;
        let look_back = site.caller_look_back;
        let first_time = is_first_time(known.as_ref(), call.id, call.started_at, look_back);
        call.first_time.get_or_insert(first_time);
        call.caller_hash = Some(hash.clone());
        Ok(CountedCaller {
            hash,
            expected_count: known.as_ref().map_or(0, |known| known.count),
            record: counted(known, call.id, call.started_at),
            last_session: call.attribution.as_ref().and_then(|a| a.session),
            keep: look_back,
        })
    }
}

fn site_of<'a>(installation: &'a Installation, id: &SiteId) -> Result<&'a Site, RecordError> {
    installation.site(id).ok_or_else(|| RecordError::UnknownSite(id.clone()))
}

fn count_final(before: Option<&Call>, call: &Call) {
    let was_final = before.is_some_and(|before| before.status.is_final());
    if call.status.is_final() && !was_final {
        metrics::counter!("ringtrace_calls_total", "status" => call.status.word()).increment(1);
    }
}
