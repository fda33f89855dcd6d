//! A better answer for a call that has one: who it was is told, or what its visitor did is told late.

use crate::attribution::join;
use crate::attribution::model::{Attribution, Basis};
use crate::attribution::named::{Named, join_named};
use crate::attribution::revision::{Because, replaced};
use crate::call::model::Call;
use crate::call::recorder::look::Around;
use crate::call::recorder::save::{Known, SURE, known_before};
use crate::call::recorder::{MAX_TRIES, RecordError, Recorder, site_of};
use crate::call::spam::history::{Asked, History, history};
use crate::config::Installation;
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SessionId, SiteId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;

/// Most calls that one news may attribute anew.
const MAX_CALLS: usize = 64;

/// What somebody told: what for, who told it, and when.
type Told<'a> = (Because, &'a str, Millis);

/// What may lead to a better answer.
#[derive(Clone, Copy)]
enum News<'a> {
    /// Somebody named the caller.
    Named(&'a Named, Told<'a>),
    /// A tap on the number became known at this moment.
    LateClick(Millis),
}

impl Recorder {
    /// Looks again at the calls of the caller with this hash, who turned out to be `session`, as a lead told: those
    /// inside the attribution window of a visit of theirs. Says how many became calls of that visitor.
    pub async fn rejoin(
        &self,
        site: &SiteId,
        caller_hash: &str,
        session: SessionId,
        by: &str,
    ) -> Result<usize, RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, site)?;
        let keys = installation.shards.keys(&site.id);
        let now = self.clock.now();
        let oldest = now.plus(-(site.attribution_window.as_millis() as i64));
        let mut calls = self.store.calls_of(&keys, caller_hash, (oldest, now)).await?;
        let record = self.store.load_caller(&keys, caller_hash).await?;
        calls.extend(record.map(|record| record.last_call).filter(|last| !calls.contains(last)));
        let named = Named::session(session);
        let news = News::Named(&named, (Because::Lead, by, now));
        let mut rejoined = 0;
        for id in calls.into_iter().rev().take(MAX_CALLS) {
            rejoined += usize::from(self.revise(&installation, site, id, news).await?);
        }
        Ok(rejoined)
    }

    /// Looks again at the calls to `number` since `since`, as a page told late that the number was tapped then. Says
    /// how many have another answer.
    pub async fn look_again(
        &self,
        site: &SiteId,
        number: &PhoneNumber,
        since: Millis,
    ) -> Result<usize, RecordError> {
        let installation = self.live.now_full();
        let site = site_of(&installation, site)?;
        let keys = installation.shards.keys(&site.id);
        let now = self.clock.now();
        let began = self.store.began_between(&keys, since, now, MAX_CALLS).await?;
        let calls = self.store.load_all(&keys, &began).await?;
        let is_of = |call: &&Call| call.tracking_number.as_ref() == Some(number);
        let mut changed = 0;
        for call in calls.iter().filter(is_of).filter(|call| is_weak(call)) {
            let news = News::LateClick(now);
            changed += usize::from(self.revise(&installation, site, call.id, news).await?);
        }
        Ok(changed)
    }

    /// The answer for `call` when its caller was who is `named`, where it is better than the one that it has.
    pub(super) async fn told(
        &self,
        site: &Site,
        keys: &SiteKeys,
        call: &Call,
        named: &Named,
        told: Told<'_>,
    ) -> Result<Option<Attribution>, RecordError> {
        let before = call.attribution.as_ref();
        if named.is_empty() || before.is_some_and(|before| before.basis.is_certain()) {
            return Ok(None);
        }
        let first_contact = match &call.caller_hash {
            Some(hash) => self.store.load_caller(keys, hash).await?.map(|known| known.first_at),
            None => None,
        };
        let of = (call, first_contact);
        let found = join_named(self.store.redis(), keys, site, of, named).await?;
        Ok(found.and_then(|found| replaced(before, found, told)))
    }

    /// Saves the call's next version with a better answer, if the news leads to one.
    async fn revise(
        &self,
        installation: &Installation,
        site: &Site,
        id: CallId,
        news: News<'_>,
    ) -> Result<bool, RecordError> {
        let keys = installation.shards.keys(&site.id);
        for _ in 0..MAX_TRIES {
            let Some(before) = self.store.load(&keys, id).await? else { return Ok(false) };
            let found = match news {
                News::Named(named, told) => self.told(site, &keys, &before, named, told).await?,
                News::LateClick(at) => self.clicked(installation, site, &keys, &before, at).await?,
            };
            let Some(found) = found else { return Ok(false) };
            let mut call = before.clone();
            call.attribution = Some(found);
            call.version = before.version.saturating_add(1);
            let (known, now) = (Known::kept(Some(&before)), self.clock.now());
            if self.save(installation, site, known, Around::default(), call, now).await?.is_some() {
                return Ok(true);
            }
        }
        Err(RecordError::Contended(MAX_TRIES))
    }

    /// The answer for `call` when who held its number is asked once more, where it is better than the one that it has.
    async fn clicked(
        &self,
        installation: &Installation,
        site: &Site,
        keys: &SiteKeys,
        call: &Call,
        now: Millis,
    ) -> Result<Option<Attribution>, RecordError> {
        if !is_weak(call) {
            return Ok(None);
        }
        let known = match &call.caller_hash {
            Some(hash) => {
                let of = Asked { call: call.id, at: call.started_at, hash };
                history(self.store.redis(), keys, site, of).await?
            }
            None => History::default(),
        };
        let caller = known_before(&known, site, call);
        let found = join(self.lookup(installation, site, caller.as_ref()), site, call).await?;
        Ok(replaced(call.attribution.as_ref(), found, (Because::LateClick, "", now)))
    }
}

/// Whether the holders of its number alone decided whose the call was, and not for sure.
fn is_weak(call: &Call) -> bool {
    let weak = |found: &Attribution| {
        found.observed.is_some() && found.basis != Basis::Told && found.confidence < SURE
    };
    call.attribution.as_ref().is_some_and(weak)
}
