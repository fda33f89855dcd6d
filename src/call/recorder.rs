//! Event → saved call: load, decide, save, and again when somebody else was faster.

use std::sync::Arc;

use crate::attribution;
use crate::attribution::answer::Kept;
use crate::attribution::beside::KnownCaller;
use crate::attribution::model::{Attribution, Basis};
use crate::attribution::rings;
use crate::call::caller::{CallerRecord, counted, is_first_time};
use crate::call::model::{Call, CallEvent};
use crate::call::outcome::model::OutcomeChange;
use crate::call::rules;
use crate::call::store::{CallStore, Change, CountedCaller, Saved};
use crate::config::model::Site;
use crate::config::{Installation, Live};
use crate::lease::areas::AreaTable;
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

/// From this confidence on no second look is taken.
const SURE: f64 = 0.95;

/// From this confidence on a call tells whose its caller is.
const SURE_ENOUGH: f64 = 0.4;

/// Records events; cheap to clone, one per worker as it holds the worker's connection.
#[derive(Clone)]
pub struct Recorder {
    store: CallStore,
    live: Live,
    clock: Clock,
    signing: SigningKeys,
    tables: Arc<Tables>,
    areas: Arc<AreaTable>,
    kept: Kept,
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
        let areas = Arc::new(AreaTable::load());
        Recorder {
            store: CallStore::new(redis),
            live,
            clock,
            signing,
            tables,
            areas,
            kept: Kept::default(),
        }
    }

    /// The same, keeping other candidates with its calls.
    pub fn keeping(self, kept: Kept) -> Self {
        Recorder { kept, ..self }
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
        let now = self.clock.now();
        let give_up_after = installation.config.postback.give_up_after;
        let postbacks = postback::rules::decide(site, &call, now, give_up_after);
        let expected = before.map_or(0, |before| before.version);
        let change = Change { expected, call: &call, caller, postbacks: &postbacks, at, now };
        match self.store.save(&keys, &change).await? {
            Saved::Saved { .. } => {
                if before.is_none_or(|before| before.attribution.is_none())
                    && let (Some(number), Some(joined)) = (&call.tracking_number, &call.attribution)
                {
                    let ring = (call.id, call.started_at);
                    rings::note(self.store.redis(), &keys, number, ring, joined).await?;
                }
                count_final(before, &call);
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
        call.destination.get_or_insert_with(|| site.forward_to.clone());
        // A first event out of order knows neither the number nor the time of arrival.
        let asks_the_same = |before: &Call| {
            before.tracking_number == call.tracking_number && before.started_at == call.started_at
        };
        let number = call.caller.number.as_ref();
        let hash = number.map(|number| self.signing.caller_hash(site.id.as_str(), number.as_str()));
        let joins = call.attribution.is_none() || !before.is_some_and(asks_the_same);
        let rejoins = !joins && is_worth_another_look(before, &call);
        let counts = call.first_time.is_none();
        let known = match &hash {
            Some(hash) if joins || rejoins || counts => self.store.load_caller(keys, hash).await?,
            _ => None,
        };
        if joins || rejoins {
            let lookup = attribution::Lookup {
                redis: self.store.redis(),
                shards: installation.shards,
                tables: &self.tables,
                areas: &self.areas,
                kept: self.kept,
                rules: installation.rules(&site.id),
                caller: known.as_ref().and_then(|known| known_before(known, &call)),
                // Scripts go by a clock that was set, and by Redis' own otherwise.
                ours: self.clock.script_arg().is_none().then(|| self.clock.now()),
            };
            let found = attribution::join(lookup, site, &call).await?;
            if joins || is_better(&found, call.attribution.as_ref()) {
                call.attribution = Some(found);
            }
        }
        let caller = hash.filter(|_| counts).map(|hash| count_caller(site, &mut call, hash, known));
        Ok((call, caller))
    }
}

/// Whether a call that ends now should be joined once more: what its visitor did before it may have been
/// told meanwhile, as a phone's dialler holds the page's messages back.
fn is_worth_another_look(before: Option<&Call>, call: &Call) -> bool {
    let ends = call.status.is_final() && before.is_some_and(|before| !before.status.is_final());
    let weak = |joined: &Attribution| joined.observed.is_some() && joined.confidence < SURE;
    ends && call.attribution.as_ref().is_some_and(weak)
}

/// Whether a second look found more than the first.
fn is_better(found: &Attribution, before: Option<&Attribution>) -> bool {
    let surer = before.is_none_or(|before| found.confidence > before.confidence);
    found.basis == Basis::Holder && surer
}

/// Counts `call` for its caller, who is known by `hash`.
fn count_caller(
    site: &Site,
    call: &mut Call,
    hash: String,
    known: Option<CallerRecord>,
) -> CountedCaller {
    let look_back = site.caller_look_back;
    call.first_time = Some(is_first_time(known.as_ref(), call.id, call.started_at, look_back));
    call.caller_hash = Some(hash.clone());
    let joined = call.attribution.as_ref().filter(|joined| joined.confidence >= SURE_ENOUGH);
    let before = known.as_ref().and_then(|known| known.last_session);
    CountedCaller {
        hash,
        expected_count: known.as_ref().map_or(0, |known| known.count),
        record: counted(known, call.id, call.started_at),
        last_session: joined
            .and_then(|joined| Some((joined.session?, joined.confidence)))
            .or(before),
        keep: look_back,
    }
}

/// What earlier calls tell of the caller of `call`; nothing when it is the only one.
fn known_before(known: &CallerRecord, call: &Call) -> Option<KnownCaller> {
    let earlier = known.last_call != call.id && known.first_at <= call.started_at;
    earlier.then_some(KnownCaller { session: known.last_session, first_at: known.first_at })
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
