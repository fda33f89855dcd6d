//! Event → saved call: load, decide, save, and again when somebody else was faster.

mod first_time;
mod look;
mod rejoin;
mod save;

use std::sync::Arc;

use crate::attribution::revision::Because;
use crate::attribution::rules::Kept;
use crate::call::answer::Step;
use crate::call::import::model::Imported;
use crate::call::model::{Call, CallEvent};
use crate::call::moved;
use crate::call::outcome::model::OutcomeChange;
use crate::call::recorder::look::{Around, Looked};
use crate::call::recorder::save::Known;
use crate::call::router::{self, Waiting};
use crate::call::routing::render;
use crate::call::routing::site::SiteRouting;
use crate::call::routing::store::RoutingStore;
use crate::call::rules;
use crate::call::store::CallStore;
use crate::config::model::Site;
use crate::config::{Installation, Live};
use crate::http::problem::Problem;
use crate::lease::numbers::registry;
use crate::lease::store::LeaseStore;
use crate::platform::caller_keys::CallerKeys;
use crate::platform::clock::Clock;
use crate::platform::ids::{CallId, PoolId, SiteId};
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::{Redis, StoreError};
use crate::privacy::list::ErasureList;
use crate::privacy::subject::Subject;
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

/// A call whose provider waited.
#[derive(Debug)]
pub struct Routed {
    /// The call.
    pub call: Call,
    /// What it is told next.
    pub steps: Vec<Step>,
    /// Whether the event was recorded before.
    pub again: bool,
}

/// Most tries to save one event. Writers of one call are its few webhooks.
const MAX_TRIES: u32 = 8;

/// Records events; cheap to clone, one per worker as it holds the worker's connection.
#[derive(Clone)]
pub struct Recorder {
    store: CallStore,
    routing: RoutingStore,
    numbers: LeaseStore,
    live: Live,
    clock: Clock,
    keys: CallerKeys,
    tables: Arc<Tables>,
    kept: Kept,
    erasures: Option<ErasureList>,
}

impl Recorder {
    /// A recorder on this connection.
    pub fn new(
        redis: Redis,
        live: Live,
        clock: Clock,
        keys: CallerKeys,
        tables: Arc<Tables>,
    ) -> Self {
        let routing = RoutingStore::new(redis.clone());
        let numbers = LeaseStore::new(redis.clone());
        Recorder {
            store: CallStore::new(redis, keys.clone()),
            routing,
            numbers,
            live,
            clock,
            keys,
            tables,
            kept: Kept::default(),
            erasures: None,
        }
    }

    /// The keys that callers are hashed and sealed with.
    pub fn keys(&self) -> &CallerKeys {
        &self.keys
    }

    /// The same, keeping other candidates with its calls.
    pub fn keeping(self, kept: Kept) -> Self {
        Recorder { kept, ..self }
    }

    /// The same, leaving out what other systems still know of callers who were forgotten.
    pub fn forgetting(self, list: ErasureList) -> Self {
        Recorder { erasures: Some(list), ..self }
    }

    /// Whether one of these events is of a caller who was forgotten after it.
    pub fn is_forgotten(&self, events: &[CallEvent]) -> bool {
        let Some(list) = &self.erasures else { return false };
        events.iter().any(|event| {
            let number = event.from.number.as_ref();
            number.is_some_and(|number| {
                list.covers(&Subject::caller(self.keys.signing(), &event.site, number), event.at)
            })
        })
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
        let id = moved::call_of(self.store.redis(), &keys, event).await?;
        for _ in 0..MAX_TRIES {
            let Looked { before, around } = self.look(site, &keys, id, event).await?;
            let (call, changed) = rules::apply(before.clone(), event);
            if !changed {
                return Ok(call);
            }
            let known = Known::kept(before.as_ref());
            let saved = self.save(&installation, site, known, around, call, event.at).await?;
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
    ) -> Result<Routed, RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, &event.site)?;
        let keys = installation.shards.keys(&site.id);
        let routing = installation.routing(&site.id);
        let id = moved::call_of(self.store.redis(), &keys, event).await?;
        let mut decided = None;
        for _ in 0..MAX_TRIES {
            let Looked { before, around } = self.look(site, &keys, id, event).await?;
            let (call, changed) = rules::apply(before.clone(), event);
            let again = before.as_ref().is_some_and(|call| call.applied.contains(&event.dedup));
            let known =
                |call: &Call| waiting.hop().and_then(|hop| call.route.as_ref()?.step(hop)).cloned();
            if let Some(step) = known(&call)
                && !changed
            {
                let scene = router::scene(site, routing, waiting, &call, None, event.at);
                let steps = waiting.left_of(render::steps(&scene, &step));
                return Ok(Routed { call, steps, again });
            }
            let (mut call, caller) =
                self.complete(&installation, site, &keys, before.as_ref(), around, call).await?;
            let added = match (known(&call), &call.tracking_number) {
                (None, Some(number)) => self.added_pool(site, routing, number).await?,
                _ => None,
            };
            let scene = router::scene(site, routing, waiting, &call, added.as_ref(), event.at);
            let was_told = known(&call).is_some();
            let step = match known(&call).or(decided.take()) {
                Some(step) => Some(step),
                None => {
                    let store = &self.routing;
                    router::next(store, &keys, &self.clock, &scene, waiting, event).await?
                }
            };
            let mut steps =
                step.as_ref().map(|step| render::steps(&scene, step)).unwrap_or_default();
            if was_told {
                steps = waiting.left_of(steps);
            }
            let before = Known::kept(before.as_ref());
            let was = before.expected;
            if let Some(step) = &step {
                call = rules::routed(call, step.clone());
                call.version = was.saturating_add(1);
            }
            if call.version == was {
                return Ok(Routed { call, steps, again });
            }
            let saved = self.put(&installation, site, before, call, caller, event.at).await?;
            if let Some(call) = saved {
                return Ok(Routed { call, steps, again });
            }
            decided = step;
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// The pool that `number` was put into over the API, where a rule of the site asks for pools.
    async fn added_pool(
        &self,
        site: &Site,
        routing: &SiteRouting,
        number: &PhoneNumber,
    ) -> Result<Option<PoolId>, StoreError> {
        if !routing.must_look_up(number) {
            return Ok(None);
        }
        let known = registry::read(&self.numbers, &[number]).await?.pop().flatten();
        let of_site = known.filter(|known| known.claim.site == site.id);
        Ok(of_site.map(|known| known.claim.pool))
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
            let saved = self
                .save(&installation, site, Known::kept(Some(&before)), Around::default(), call, now)
                .await?;
            if saved.is_some() {
                return Ok(saved);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// Changes what came of a call, told by `by`, and whose it was where the change names the visitor. The call, and whether that is another version; `None`
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
            let (mut call, changed) = rules::amend(before.clone(), change, by, now);
            let told = self.told(site, &keys, before, &change.named, (Because::Outcome, by, now));
            if let Some(found) = told.await? {
                call.attribution = Some(found);
                call.version = before.version.saturating_add(1);
            } else if !changed {
                return Ok(Some((call, false)));
            }
            let saved = self.save(&installation, site, known, Around::default(), call, now).await?;
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
        let id = moved::call_of(self.store.redis(), &keys, event).await?;
        for _ in 0..MAX_TRIES {
            let kept = self.store.load(&keys, id).await?;
            let known = Known::of(kept.as_ref(), archived);
            let (call, changed) = rules::apply(known.call.cloned(), event);
            if !changed {
                return Ok(call);
            }
            let saved =
                self.save(&installation, site, known, Around::default(), call, event.at).await?;
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
        if self.is_forgotten(&imported.events) {
            return Ok(false);
        }
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
            let saved = self
                .save(&installation, site, Known::nothing(), Around::default(), call, first.at)
                .await?;
            if saved.is_some() {
                return Ok(true);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }
}

fn site_of<'a>(installation: &'a Installation, id: &SiteId) -> Result<&'a Site, RecordError> {
    installation.site(id).ok_or_else(|| RecordError::UnknownSite(id.clone()))
}
