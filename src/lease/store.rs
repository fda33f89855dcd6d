//! Leases in Redis.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `lease:<pool>:<session>` | STR | number, tier, times and pages; stays as the memory of where the session was | [`Times::lease_key`] |
//! | `pool:<pool>:free` | ZSET | number → released at, 0 when never used | – |
//! | `pool:<pool>:held` | ZSET | number → earliest end of its leases as known when last looked at | – |
//! | `pool:<pool>:live` | HASH | shared number → who holds it | – |
//! | `pool:<pool>:share` | ZSET | shared numbers, least likely to ring first | – |
//! | `pool:<pool>:pinned` | ZSET | number → pinned until | – |
//! | `pool:<pool>:draining` | HASH | number → since | – |
//! | `pool:<pool>:areas` | HASH | number → labels of its areas ([`AreaTable`]), where the pool matches areas | – |
//! | `pool:<pool>:free:<area>` | ZSET | as `free`, of one area | – |
//! | `holders:<number>` | LIST | who was shown it ([`crate::lease::holders`]) | attribution window |
//! | `visitor:<visitor>` | ZSET | among its touches, `<pool>=<number>` that it had last → granted at | look-back |
//!
//! `beat` moves nothing but the lease value; `acquire` and the sweeper move numbers between the
//! sets, and write the `lease` ledger entry in the same script as the grant.

use std::sync::{Arc, OnceLock};

use crate::config::model::{Pool, Site};
use crate::lease::beats::{Beat, Beats, More};
use crate::lease::model::{Gesture, Lease, PageSign, SignKind, Tier};
use crate::lease::rules::{OverflowPlan, Times};
use crate::lease::scripts::{self, Scripts};
use crate::ledger::model::ENVELOPE_VERSION;
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::{PoolId, SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::{Redis, StoreError};
use crate::visit::areas::{AreaTable, Steps};
use crate::visit::model::Place;
use crate::visit::opening::Opening;

/// The leases, over one connection; one per worker.
#[derive(Clone)]
pub struct LeaseStore {
    redis: Redis,
    beats: Arc<Beats>,
    scripts: Arc<Scripts>,
    /// Read when a pool that matches areas asks for it first.
    areas: Arc<OnceLock<AreaTable>>,
}

/// Who asks for a number.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// The session.
    pub session: SessionId,
    /// Its visitor, with consent: gets the number of an earlier session back when it is free.
    pub visitor: Option<VisitorId>,
    /// The message that asks. A `View` may get any number; a `Beat` only the one that it shows.
    pub sign: &'a PageSign,
    /// The number that the page says it shows.
    pub shown: Option<&'a PhoneNumber>,
    /// What happens when no number is free.
    pub overflow: OverflowPlan<'a>,
    /// Where the visitor is, for pools that match areas.
    pub place: Option<&'a Place>,
    /// The session's own record, when it is new and not written yet: one script writes both.
    pub opening: Option<&'a Opening<'a>>,
}

impl LeaseStore {
    /// A store over `redis`.
    pub fn new(redis: Redis) -> Self {
        let beats = Beats::new(scripts::beat());
        LeaseStore { redis, beats: Arc::new(beats), scripts: Arc::default(), areas: Arc::default() }
    }

    /// The connection below.
    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// Where numbers and visitors are at home.
    pub(super) fn areas(&self) -> &AreaTable {
        self.areas.get_or_init(AreaTable::load)
    }

    pub(super) fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    /// Renews whatever the session holds in `pools`, in their order and one round trip; a late
    /// message changes nothing. `None` where [`LeaseStore::acquire`] must decide.
    pub async fn renew(
        &self,
        keys: &SiteKeys,
        site: &Site,
        pools: &[&Pool],
        session: &SessionId,
        sign: &PageSign,
        clock: &Clock,
    ) -> Result<Vec<Option<Lease>>, StoreError> {
        if pools.is_empty() {
            return Ok(Vec::new());
        }
        // Only a leave, and what is done with a number, touch more than the leases themselves.
        let more = sign.kind == SignKind::Leave || !sign.done.is_empty();
        let of_pool = |pool: &&Pool| More {
            held: keys.pool_held(&pool.id),
            share: keys.pool_share(&pool.id),
            pinned: keys.pool_pinned(&pool.id),
            done: done_arg(sign, &pool.id),
        };
        let lease = |pool: &&Pool| (keys.lease(&pool.id, session), Times::of(site, pool));
        let beat = Beat {
            page: sign.page.clone(),
            seq: sign.seq,
            kind: kind_arg(sign),
            leases: pools.iter().map(lease).collect(),
            more: pools.iter().filter(|_| more).map(of_pool).collect(),
        };
        let now = now_arg(clock);
        let answers = if more || !now.is_empty() {
            self.beats.alone(&self.redis, &beat, &now).await?
        } else {
            self.beats.together(&self.redis, keys.shard, beat).await?
        };
        pools.iter().zip(&answers).map(|(pool, answer)| read(&pool.id, answer)).collect()
    }

    /// A number of `pool` for a session, by the rules of the lease in order. `None` when a beat
    /// comes from a session that was shown nothing here.
    pub async fn acquire(
        &self,
        keys: &SiteKeys,
        site: &Site,
        pool: &Pool,
        asker: &Asker<'_>,
        clock: &Clock,
    ) -> Result<Option<Lease>, StoreError> {
        let times = Times::of(site, pool);
        let Asker { session, sign, overflow, .. } = asker;
        let mut call = self.scripts.acquire.prepare_invoke();
        call.key(keys.lease(&pool.id, session))
            .key(keys.pool_free(&pool.id))
            .key(keys.pool_held(&pool.id))
            .key(keys.pool_live(&pool.id))
            .key(keys.pool_share(&pool.id))
            .key(keys.pool_pinned(&pool.id))
            .key(keys.pool_draining(&pool.id))
            .key(keys.shard.ledger());
        if let Some(opening) = asker.opening {
            opening.add_keys(&mut call);
        }
        let mut area_steps = Vec::new();
        if pool.match_area {
            call.key(keys.pool_areas(&pool.id));
            let place = asker.place.map(|place| self.areas().of_visitor(place));
            let Steps(steps) = place.unwrap_or_default();
            for label in steps.iter().flatten() {
                call.key(keys.pool_free_of(&pool.id, label));
            }
            area_steps = steps.iter().map(|step| step.len().to_string()).collect();
        }
        if let Some(visitor) = &asker.visitor {
            call.key(keys.visitor(visitor));
        }
        let kind = match sign.kind {
            SignKind::View => kind_arg(sign),
            SignKind::Beat | SignKind::Leave => SignKind::Beat.word().to_owned(),
        };
        call.arg(now_arg(clock))
            .arg(session.short())
            .arg(sign.page.as_str())
            .arg(sign.seq)
            .arg(kind)
            .arg(times.hold)
            .arg(times.lease_key)
            .arg(times.rest)
            .arg(times.pin)
            .arg(times.window)
            .arg(overflow.max_sharers)
            .arg(overflow.source.map_or("", |number| number.as_str()))
            .arg(u8::from(overflow.source_first))
            .arg(done_arg(sign, &pool.id))
            .arg(keys.lease_prefix(&pool.id))
            .arg(keys.holders_prefix())
            .arg(pool.id.as_str())
            .arg(envelope(site, pool, session))
            .arg(asker.shown.map_or("", PhoneNumber::as_str))
            .arg(area_prefix(keys, pool))
            .arg(area_steps.join(" "));
        if let Some(opening) = asker.opening {
            call.arg(opening.ledger_entry());
            opening.add_args(&mut call);
        }
        let answer: String = self.redis.script("a lease", &call).await?;
        read(&pool.id, &answer)
    }
}

/// "" lets the script ask Redis for the time.
pub(super) fn now_arg(clock: &Clock) -> String {
    clock.script_arg().map(|now| now.0.to_string()).unwrap_or_default()
}

/// Prefix of a pool's area sets; "" for a pool that matches no areas.
pub(super) fn area_prefix(keys: &SiteKeys, pool: &Pool) -> String {
    if pool.match_area { keys.pool_free_prefix(&pool.id) } else { String::new() }
}

/// What a page says, and which page it is where scripts shall know it.
fn kind_arg(sign: &PageSign) -> String {
    match (&sign.path, sign.kind) {
        (Some(path), SignKind::View) => format!("{}@{path}", SignKind::View.word()),
        (_, kind) => kind.word().to_owned(),
    }
}

/// What was done with the number of `pool`, as `lua/gestures.lua` reads it.
fn done_arg(sign: &PageSign, pool: &PoolId) -> String {
    if sign.done.iter().all(|done| &done.pool != pool) {
        return String::new();
    }
    let ago = |gesture| {
        let done = sign.done.iter().filter(|done| &done.pool == pool && done.gesture == gesture);
        done.map(|done| done.ago_ms).min().map(|ago| ago.to_string()).unwrap_or_default()
    };
    Gesture::ALL.map(ago).join("/")
}

/// The `lease` ledger envelope as JSON, open where only the script knows: `@at`, `@tier`, and
/// `@number`, which becomes the whole member or nothing. No id can hold an `@` or a quote.
fn envelope(site: &Site, pool: &Pool, session: &SessionId) -> String {
    let (site, pool) = (&site.id, &pool.id);
    let uuid = session.0;
    format!(
        r#"{{"v":{ENVELOPE_VERSION},"site":"{site}","at":@at,"id":"{session}.{pool}.@tier","kind":"lease","body":{{"session":"{uuid}","site":"{site}","pool":"{pool}",@number"tier":"@tier"}}}}"#
    )
}

fn read(pool: &PoolId, answer: &str) -> Result<Option<Lease>, StoreError> {
    if answer.is_empty() {
        return Ok(None);
    }
    let parsed = || {
        let mut words = answer.split(' ');
        let number = match words.next()? {
            "-" => None,
            number => Some(number.parse().ok()?),
        };
        let tier = Tier::from_word(words.next()?)?;
        let since = Millis(words.next()?.parse().ok()?);
        let is_new = words.next() == Some("new");
        Some(Lease { pool: pool.clone(), number, tier, since, is_new })
    };
    let unreadable = || StoreError::Unreadable { what: "a lease", why: answer.to_owned() };
    parsed().map(Some).ok_or_else(unreadable)
}
