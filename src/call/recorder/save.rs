//! Saving: what the events do not tell is added, and what a new version causes goes with it.

use crate::attribution;
use crate::attribution::answer::TOLD;
use crate::attribution::known::{KnownCaller, ToldBy, remembered};
use crate::attribution::model::{Attribution, Basis};
use crate::attribution::rings;
use crate::call::caller::{CallerRecord, Home, counted};
use crate::call::live::model::LiveEvent;
use crate::call::model::{Call, CallOrigin};
use crate::call::recorder::look::Around;
use crate::call::recorder::{RecordError, Recorder};
use crate::call::router;
use crate::call::routing::store::free;
use crate::call::scoring;
use crate::call::spam::history::{Asked, History, history, learn};
use crate::call::spam::rules::judge;
use crate::call::store::{Change, CountedCaller, Saved};
use crate::config::Installation;
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::keys::SiteKeys;
use crate::postback;
use crate::postback::model::Postback;
use crate::postback::rules::sent;
use crate::privacy::mask;

/// From this confidence on no second look is taken.
pub(super) const SURE: f64 = 0.95;

/// What is known of a call before a change.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// How it stood.
    pub(super) call: Option<&'a Call>,
    /// The version that Redis has; 0 when it has none.
    pub(super) expected: u32,
}

impl<'a> Known<'a> {
    pub(super) fn nothing() -> Self {
        Known { call: None, expected: 0 }
    }

    /// A call that Redis has, if it does.
    pub(super) fn kept(call: Option<&'a Call>) -> Self {
        Known { call, expected: call.map_or(0, |call| call.version) }
    }

    /// The same, or else one that only the archive has.
    pub(super) fn of(kept: Option<&'a Call>, archived: Option<&'a Call>) -> Self {
        Known { call: kept.or(archived), expected: kept.map_or(0, |call| call.version) }
    }

    /// The call, when only the archive has it.
    fn archived(&self) -> Option<&'a Call> {
        self.call.filter(|_| self.expected == 0)
    }
}

impl Recorder {
    /// Completes and saves a new version; `None` when somebody else was faster.
    pub(super) async fn save(
        &self,
        installation: &Installation,
        site: &Site,
        known: Known<'_>,
        around: Around,
        call: Call,
        at: Millis,
    ) -> Result<Option<Call>, RecordError> {
        let keys = installation.shards.keys(&site.id);
        let (call, caller) =
            self.complete(installation, site, &keys, known.call, around, call).await?;
        self.put(installation, site, known, call, caller, at).await
    }

    /// Saves a new version with what it causes; `None` when somebody else was faster.
    pub(super) async fn put(
        &self,
        installation: &Installation,
        site: &Site,
        known: Known<'_>,
        mut call: Call,
        caller: Option<CountedCaller>,
        at: Millis,
    ) -> Result<Option<Call>, RecordError> {
        let keys = installation.shards.keys(&site.id);
        mask::call(site, &mut call);
        let is_imported = call.origin() == CallOrigin::Imported;
        if !is_imported {
            call.destination = router::destination(site, &call);
        }
        call.score = scoring::score(&site.scoring, &call);
        call.conversions =
            postback::rules::met(site, &call).map(|rule| rule.name.clone()).collect();
        let now = self.clock.now();
        let give_up_after = installation.config.postback.give_up_after;
        let mut postbacks = postback::rules::decide(site, &call, now, give_up_after);
        match known.archived() {
            // What became of it was told by the system that it comes from.
            _ if is_imported => postbacks.clear(),
            // The outbox has forgotten what it sent so long ago.
            Some(before) => {
                let told = postback::rules::decide(site, before, now, give_up_after);
                let is_new = |new: &Postback| sent(&told).all(|old| old.id != new.id);
                postbacks.retain(|new| new.withheld.is_none() && is_new(new));
            }
            None => {}
        }
        postbacks.extend(postback::events::of_call(site, known.call, &call, now, give_up_after));
        let mut revised = match known.call.filter(|_| !is_imported) {
            Some(before) => postback::revise::revise(site, (before, &call), now, give_up_after),
            None => Vec::new(),
        };
        if known.archived().is_some() {
            postbacks.extend(revised.drain(..).map(|revised| revised.correction));
        }
        let is_joined_now = known.call.is_none_or(|before| before.attribution.is_none());
        let joined = call.attribution.as_ref().filter(|_| is_joined_now);
        let change = Change {
            expected: known.expected,
            caller,
            postbacks: &postbacks,
            revised: &revised,
            ring: joined.and_then(|joined| rings::entry(call.id, call.started_at, joined)),
            told: LiveEvent::of(known.call, &call),
            call: Box::new(call),
            at,
            now,
        };
        let (saved, call) = self.store.save(&keys, change).await?;
        match saved {
            Saved::Saved { .. } => {
                count_final(known.call, &call);
                self.afterwards(site, &keys, known.call, &call).await;
                self.note_told(&keys, known.call, &call).await;
                Ok(Some(*call))
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

    /// The caller's next call is known by whose this one turned out to be. What fails here makes that call's answer
    /// less sure.
    async fn note_told(&self, keys: &SiteKeys, before: Option<&Call>, call: &Call) {
        let session = |call: &Call| call.attribution.as_ref().and_then(|found| found.session);
        let (Some(hash), Some(found)) = (&call.caller_hash, &call.attribution) else { return };
        let Some(session) = found.session.filter(|new| before.and_then(session) != Some(*new))
        else {
            return;
        };
        if found.revised.is_some() {
            let last = (call.id, session, found.confidence);
            if let Err(error) = self.store.note_session(keys, hash, last).await {
                tracing::debug!(%error, "whose a caller is was not noted");
            }
        }
    }

    /// Adds what the events do not tell: where the caller is at home, whether they are new or unwanted,
    /// whose call it was. Each is decided once, at the call's own time, and stays.
    pub(super) async fn complete(
        &self,
        installation: &Installation,
        site: &Site,
        keys: &SiteKeys,
        before: Option<&Call>,
        around: Around,
        mut call: Call,
    ) -> Result<(Call, Option<CountedCaller>), RecordError> {
        // A first event out of order knows neither the number nor the time of arrival.
        let asks_the_same = |before: &Call| {
            before.tracking_number == call.tracking_number && before.started_at == call.started_at
        };
        let hash = mask::caller_hash(self.keys.signing(), &site.id, &call.caller);
        let is_imported = call.origin() == CallOrigin::Imported;
        let asked = before.is_some_and(asks_the_same) || is_imported;
        let is_told = |found: &Attribution| found.basis == Basis::Told;
        let joins = match &call.attribution {
            Some(found) => !asked && !is_told(found),
            None => true,
        };
        let rejoins = !joins && is_worth_another_look(before, &call);
        let counts = call.caller_hash.is_none();
        let known = match (&hash, around.history) {
            (_, Some(history)) => history,
            (Some(hash), None) if joins || rejoins || counts => {
                let of = Asked { call: call.id, at: call.started_at, hash };
                history(self.store.redis(), keys, site, of).await?
            }
            _ => History::default(),
        };
        let areas = self.tables.areas();
        if joins || rejoins {
            let caller = known_before(&known, site, &call);
            let lookup = self.lookup(installation, site, caller.as_ref());
            let found = match around.sighted {
                Some(sighted) => {
                    attribution::join_sighted(lookup, site, &call, Some(sighted)).await?
                }
                None => attribution::join(lookup, site, &call).await?,
            };
            if joins || is_better(&found, call.attribution.as_ref()) {
                call.attribution = Some(found);
            }
        }
        let caller = match hash {
            Some(hash) if counts => {
                if let Some(number) = &call.caller.number {
                    let city = areas.city_of(number).unwrap_or_default().to_owned();
                    call.home = Home { labels: areas.of_number(number), city };
                }
                if call.first_time.is_none() {
                    let record = known.record.as_ref();
                    let first = self.first_time(installation, site, &hash, record, &call);
                    call.first_time = Some(first.await?);
                }
                Some(count_caller(site, &mut call, hash, known))
            }
            None if call.screen.is_none() && call.facts.received_at.is_some() => {
                screen(site, &mut call, &History::default());
                None
            }
            _ => None,
        };
        Ok((call, caller))
    }
}

impl Recorder {
    /// What a join looks into, for a caller of whom this is known.
    pub(super) fn lookup<'a>(
        &'a self,
        installation: &'a Installation,
        site: &Site,
        caller: Option<&'a KnownCaller>,
    ) -> attribution::Lookup<'a> {
        attribution::Lookup {
            redis: self.store.redis(),
            shards: installation.shards,
            tables: &self.tables,
            kept: self.kept,
            rules: installation.rules(&site.id),
            caller,
            ours: self.ours(),
        }
    }
}

/// Whether a call that ends now should be joined once more: what its visitor did before it may have been
/// told meanwhile, as a phone's dialler holds the page's messages back.
fn is_worth_another_look(before: Option<&Call>, call: &Call) -> bool {
    let ends = call.status.is_final() && before.is_some_and(|before| !before.status.is_final());
    let weak = |joined: &Attribution| {
        joined.observed.is_some() && joined.basis != Basis::Told && joined.confidence < SURE
    };
    ends && call.attribution.as_ref().is_some_and(weak)
}

/// Whether a second look found more than the first.
fn is_better(found: &Attribution, before: Option<&Attribution>) -> bool {
    let surer = before.is_none_or(|before| found.confidence > before.confidence);
    found.basis == Basis::Holder && surer
}

/// Counts `call` for its caller, who is known by `hash`, and screens it.
fn count_caller(site: &Site, call: &mut Call, hash: String, known: History) -> CountedCaller {
    screen(site, call, &known);
    if known.last_agent.is_some() {
        call.route.get_or_insert_default().agent = known.last_agent;
    }
    let known = known.record;
    let look_back = site.caller_look_back;
    call.caller_hash = Some(hash.clone());
    let expected_count = known.as_ref().map_or(0, |known| known.count);
    let before = known.as_ref().map_or(&[][..], |known| &known.sessions);
    let sessions = remembered(call.attribution.as_ref(), before);
    let record = CallerRecord { sessions, ..counted(known, call.id, call.started_at) };
    CountedCaller { hash, expected_count, record, keep: look_back }
}

/// What earlier calls and a lead tell of the caller of `call`; nothing when nobody heard of them before. Of
/// a call and a lead the surer one says which session they were.
pub(super) fn known_before(known: &History, site: &Site, call: &Call) -> Option<KnownCaller> {
    let record = known.record.as_ref();
    let by_call = record
        .filter(|known| known.last_call != call.id && known.first_at <= call.started_at)
        .map(|known| KnownCaller {
            sessions: known.sessions.clone(),
            told_by: ToldBy::Call,
            calls_again: known.first_at < call.started_at,
            first_at: known.first_at,
        });
    let window = site.attribution_window.as_millis() as i64;
    let by_lead = known
        .lead
        .filter(|(_, at)| (0..=window).contains(&call.started_at.since(*at)))
        .map(|(session, at)| KnownCaller {
            sessions: vec![(session, TOLD)],
            told_by: ToldBy::Lead,
            calls_again: false,
            first_at: at,
        });
    let (by_call, by_lead) = match (by_call, by_lead) {
        (Some(by_call), Some(by_lead)) => (by_call, by_lead),
        (by_call, by_lead) => return by_call.or(by_lead),
    };
    let sure = |known: &KnownCaller| known.sessions.first().map_or(0.0, |(_, sure)| *sure);
    let (calls_again, first_at) = (by_call.calls_again, by_call.first_at.min(by_lead.first_at));
    let surer = if sure(&by_call) > sure(&by_lead) { by_call } else { by_lead };
    Some(KnownCaller { calls_again, first_at, ..surer })
}

/// Judges the call, once.
fn screen(site: &Site, call: &mut Call, history: &History) {
    if call.screen.is_some() || call.origin() == CallOrigin::Imported {
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
