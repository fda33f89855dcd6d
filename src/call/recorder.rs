//! Event → saved call: load, decide, save, and again when somebody else was faster.

use std::sync::Arc;

use crate::attribution;
use crate::call::answer::Step;
use crate::call::caller::{Origin, counted, is_first_time};
use crate::call::model::{Call, CallEvent};
use crate::call::outcome::model::OutcomeChange;
use crate::call::router::{self, Waiting};
use crate::call::routing::render;
use crate::call::routing::store::{RoutingStore, free};
use crate::call::rules;
use crate::call::spam::history::{History, history, learn};
use crate::call::spam::rules::judge;
use crate::call::store::{CallStore, Change, CountedCaller, Saved};
use crate::config::model::Site;
use crate::config::{Installation, Live};
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::{CallId, SiteId};
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
    /// Whether waiting for Redis helps.
    pub fn is_outage(&self) -> bool {
        matches!(self, RecordError::Store(StoreError::Unavailable(_)))
    }
}

/// Most tries to save one event. Writers of one call are its few webhooks.
const MAX_TRIES: u32 = 8;

/// Records events; cheap to clone, one per worker as it holds the worker's connection.
#[derive(Clone)]
pub struct Recorder {
    store: CallStore,
    routing: RoutingStore,
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
        let routing = RoutingStore::new(redis.clone());
        Recorder { store: CallStore::new(redis), routing, live, clock, signing, tables }
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
            let saved = self.save(&installation, site, before.as_ref(), call, event.at).await?;
            if let Some(call) = saved {
                return Ok(call);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// As [`Recorder::record`], for a provider that waits for what to do: decides the call's next step, and
    /// saves it with the event. What was decided before is said again.
    pub async fn route(
        &self,
        event: &CallEvent,
        waiting: &Waiting<'_>,
    ) -> Result<(Call, Vec<Step>), RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, &event.site)?;
        let keys = installation.shards.keys(&site.id);
        let routing = installation.routing(&site.id);
        let id = CallId::of(&event.site, &event.provider, &event.provider_call_id);
        let mut decided = None;
        for _ in 0..MAX_TRIES {
            let before = self.store.load(&keys, id).await?;
            let (call, changed) = rules::apply(before.clone(), event);
            let known =
                |call: &Call| waiting.hop().and_then(|hop| call.route.as_ref()?.step(hop)).cloned();
            if let Some(step) = known(&call)
                && !changed
            {
                let scene = router::scene(site, routing, waiting, &call, event.at);
                let steps = render::steps(&scene, &step);
                return Ok((call, steps));
            }
            let (mut call, caller) =
                self.complete(&installation, site, &keys, before.as_ref(), call).await?;
            let scene = router::scene(site, routing, waiting, &call, event.at);
            let step = match known(&call).or(decided.take()) {
                Some(step) => Some(step),
                None => {
                    let store = &self.routing;
                    router::next(store, &keys, &self.clock, &scene, waiting, event).await?
                }
            };
            let steps = step.as_ref().map(|step| render::steps(&scene, step)).unwrap_or_default();
            let was = before.as_ref().map_or(0, |before| before.version);
            if let Some(step) = &step {
                call = rules::routed(call, step.clone());
                call.version = was.saturating_add(1);
            }
            if call.version == was {
                return Ok((call, steps));
            }
            let saved =
                self.put(&installation, site, before.as_ref(), call, caller, event.at).await?;
            if let Some(call) = saved {
                return Ok((call, steps));
            }
            decided = step;
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
            let saved = self.save(&installation, site, Some(&before), call, now).await?;
            if saved.is_some() {
                return Ok(saved);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// Changes what came of a call, told by `by`. The call, and whether that is another version; `None`
    /// when Redis no longer has it.
    pub async fn amend(
        &self,
        site: &SiteId,
        id: CallId,
        change: &OutcomeChange,
        by: &str,
    ) -> Result<Option<(Call, bool)>, RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, site)?;
        let keys = installation.shards.keys(&site.id);
        let now = self.clock.now();
        for _ in 0..MAX_TRIES {
            let Some(before) = self.store.load(&keys, id).await? else { return Ok(None) };
            let (call, changed) = rules::amend(before.clone(), change, by, now);
            if !changed {
                return Ok(Some((call, false)));
            }
            let saved = self.save(&installation, site, Some(&before), call, now).await?;
            if let Some(call) = saved {
                return Ok(Some((call, true)));
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// Completes and saves a new version; `None` when somebody else was faster.
    async fn save(
        &self,
        installation: &Installation,
        site: &Site,
        before: Option<&Call>,
        call: Call,
        at: Millis,
    ) -> Result<Option<Call>, RecordError> {
        let keys = installation.shards.keys(&site.id);
        let (call, caller) = self.complete(installation, site, &keys, before, call).await?;
        self.put(installation, site, before, call, caller, at).await
    }

    /// Saves a new version with what it causes; `None` when somebody else was faster.
    async fn put(
        &self,
        installation: &Installation,
        site: &Site,
        before: Option<&Call>,
        mut call: Call,
        caller: Option<CountedCaller>,
        at: Millis,
    ) -> Result<Option<Call>, RecordError> {
        let keys = installation.shards.keys(&site.id);
        call.destination = router::destination(site, &call);
        let now = self.clock.now();
        let give_up_after = installation.config.postback.give_up_after;
        let postbacks = postback::rules::decide(site, &call, now, give_up_after);
        let expected = before.map_or(0, |before| before.version);
        let change = Change { expected, call: &call, caller, postbacks: &postbacks, at, now };
        match self.store.save(&keys, &change).await? {
            Saved::Saved { .. } => {
                count_final(before, &call);
                self.afterwards(site, &keys, before, &call).await;
                Ok(Some(call))
            }
            Saved::Conflict => {
                metrics::counter!("ringtrace_call_save_conflicts_total").increment(1);
                Ok(None)
            }
        }
    }

    /// What a saved call changes elsewhere. What fails here heals: places end by themselves, and the rest
    /// only makes a preference late.
    async fn afterwards(&self, site: &Site, keys: &SiteKeys, before: Option<&Call>, call: &Call) {
        let was_free = before.map(|before| free(site, before)).unwrap_or_default();
        let is_free: Vec<_> =
            free(site, call).into_iter().filter(|target| !was_free.contains(target)).collect();
        let mut done = self.routing.give_back(keys, call.id, &is_free).await;
        let is_over = |call: &Call| call.status.is_final();
        if done.is_ok() && is_over(call) && !before.is_some_and(is_over) {
            done = learn(self.store.redis(), keys, site, call).await;
        }
        if let Err(error) = done {
            tracing::debug!(%error, site = %site.id, "what a call left behind is not noted");
        }
    }

    /// Adds what the events do not tell: where the caller is at home, whether they are new or unwanted,
    /// whose call it was. Each is decided once, at the call's own time, and stays.
    async fn complete(
        &self,
        installation: &Installation,
        site: &Site,
        keys: &SiteKeys,
        before: Option<&Call>,
        mut call: Call,
    ) -> Result<(Call, Option<CountedCaller>), RecordError> {
        // A first event out of order knows neither the number nor the time of arrival.
        let asks_the_same = |before: &Call| {
            before.tracking_number == call.tracking_number && before.started_at == call.started_at
        };
        if call.attribution.is_none() || !before.is_some_and(asks_the_same) {
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
        let caller = match call.caller.number.clone() {
            Some(number) if call.first_time.is_none() => {
                let areas = self.tables.areas();
                let city = areas.city_of(&number).unwrap_or_default().to_owned();
                call.origin = Origin { labels: areas.of_number(&number), city };
                let hash = self.signing.caller_hash(site.id.as_str(), number.as_str());
                Some(self.count_caller(site, keys, &mut call, hash).await?)
            }
            None if call.screen.is_none() && call.facts.received_at.is_some() => {
                screen(site, &mut call, &History::default());
                None
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
        let known = history(self.store.redis(), keys, site, &hash, call).await?;
        screen(site, call, &known);
        if known.last_agent.is_some() {
            call.route.get_or_insert_default().agent.clone_from(&known.last_agent);
        }
        let known = known.record;
        let look_back = site.caller_look_back;
        call.first_time = Some(is_first_time(known.as_ref(), call.id, call.started_at, look_back));
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

/// Judges the call, once.
fn screen(site: &Site, call: &mut Call, history: &History) {
    if call.screen.is_some() {
        return;
    }
    let found = judge(&site.spam, &call.caller, history);
    for reason in &found.reasons {
        metrics::counter!("ringtrace_spam_total", "reason" => reason.word()).increment(1);
    }
    call.screen = Some(found);
}

fn count_final(before: Option<&Call>, call: &Call) {
    let was_final = before.is_some_and(|before| before.status.is_final());
    if call.status.is_final() && !was_final {
        metrics::counter!("ringtrace_calls_total", "status" => call.status.word()).increment(1);
    }
}
