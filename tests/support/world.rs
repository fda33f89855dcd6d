//! A site with one pool on a Redis of its own, and a clock that the test sets.

use std::time::{Duration, Instant};

use ringtrace::config::Installation;
use ringtrace::config::model::{Config, Pool, Site};
use ringtrace::lease::model::{Done, Gesture, Lease, PageSign, SignKind};
use ringtrace::lease::numbers::sync::sync_pools;
use ringtrace::lease::rules::{overflow, static_number};
use ringtrace::lease::store::{Asker, LeaseStore};
use ringtrace::platform::clock::{Clock, Millis};
use ringtrace::platform::ids::{SessionId, VisitorId};
use ringtrace::platform::keys::SiteKeys;
use ringtrace::platform::phone::PhoneNumber;
use ringtrace::platform::redis::StoreError;
use ringtrace::visit::model::{Place, Source};
use serde_json::{Value, json};

use super::redis::Backend;

/// A round moment to count from.
pub const START: Millis = Millis(1_700_000_000_000);

/// A pool number by its place, `+1415555` and four digits.
pub fn number(n: u16) -> PhoneNumber {
    format!("+1415555{n:04}").parse().expect("a number")
}

/// A configuration with `sites`; everything else is the default.
pub fn config(sites: Value) -> Config {
    let defaults = include_str!("../../config/ringtrace.toml");
    let mut value: toml::Table = defaults.parse().expect("the defaults are TOML");
    let sites = toml::Value::try_from(sites).expect("sites as TOML");
    value.insert("sites".to_owned(), sites);
    value.try_into().expect("a configuration")
}

/// The configuration of a site with `numbers` pooled numbers and what `pool` adds to its pool.
pub fn site_json(id: &str, numbers: u16, pool: Value) -> Value {
    let numbers: Vec<String> = (0..numbers).map(|n| number(n).to_string()).collect();
    let mut pool_json = json!({ "id": "main", "numbers": numbers });
    if let (Value::Object(all), Value::Object(more)) = (&mut pool_json, pool) {
        all.extend(more);
    }
    json!({
        "id": id, "key": format!("pk_{id}"), "forward_to": "+18005550100",
        "origins": ["https://www.example.com"],
        "targets": [{ "id": "main", "number": "+18005550100", "pool": "main" }],
        "pools": [pool_json],
    })
}

/// One site's leases.
pub struct World {
    /// The whole configuration; the site is its first.
    pub installation: Installation,
    /// The leases.
    pub store: LeaseStore,
    /// The keys of the site.
    pub keys: SiteKeys,
    /// Starts at [`START`].
    pub clock: Clock,
}

impl World {
    /// The first of `sites` on `redis`, its numbers added.
    pub async fn new(redis: &impl Backend, sites: Value) -> Self {
        let installation = Installation::new(config(sites));
        let store = LeaseStore::new(redis.patient_handle());
        let keys = installation.shards.keys(&installation.config.sites[0].id);
        let clock = Clock::default();
        clock.set(START);
        sync_pools(&store, &installation, &clock).await.expect("the numbers are added");
        World { installation, store, keys, clock }
    }

    /// A site with `numbers` pooled numbers and what `pool` adds to its pool.
    pub async fn with_pool(redis: &impl Backend, numbers: u16, pool: Value) -> Self {
        let id = super::unique_site();
        Self::new(redis, json!([site_json(id.as_str(), numbers, pool)])).await
    }

    /// The site.
    pub fn site(&self) -> &Site {
        &self.installation.config.sites[0]
    }

    /// Its pool.
    pub fn pool(&self) -> &Pool {
        &self.site().pools[0]
    }

    /// Sets the clock to this many seconds after the start.
    pub fn at(&self, seconds: i64) -> Millis {
        let now = START.plus(seconds * 1000);
        self.clock.set(now);
        now
    }

    /// What the lease route does for a page view.
    pub async fn view(&self, session: SessionId, page: &str, seq: u32) -> Lease {
        self.view_as(session, None, page, seq, None).await
    }

    /// A page view of a visitor with a source.
    pub async fn view_as(
        &self,
        session: SessionId,
        visitor: Option<VisitorId>,
        page: &str,
        seq: u32,
        source: Option<&str>,
    ) -> Lease {
        self.view_at(session, visitor, page, seq, source, None).await
    }

    /// A page view of a visitor with a source who is somewhere.
    pub async fn view_at(
        &self,
        session: SessionId,
        visitor: Option<VisitorId>,
        page: &str,
        seq: u32,
        source: Option<&str>,
        place: Option<&Place>,
    ) -> Lease {
        let sign = sign(page, seq, SignKind::View, None);
        let renewed = self.renew(session, &sign).await;
        if let Some(lease) = renewed {
            return lease;
        }
        let source = source.map(|name| Source { source: name.to_owned(), ..Source::direct() });
        let own = source.as_ref().and_then(|source| static_number(self.site(), source));
        let overflow = overflow(self.pool(), own);
        let asker =
            Asker { session, visitor, sign: &sign, shown: None, overflow, place, opening: None };
        let leased =
            self.store.acquire(&self.keys, self.site(), self.pool(), &asker, &self.clock).await;
        leased.expect("redis answers").expect("a view is always answered")
    }

    /// A page view that asks over another connection.
    pub async fn view_over(
        &self,
        store: &LeaseStore,
        session: SessionId,
        page: &str,
        seq: u32,
    ) -> Lease {
        let sign = sign(page, seq, SignKind::View, None);
        let overflow = overflow(self.pool(), None);
        let asker = Asker {
            session,
            visitor: None,
            sign: &sign,
            shown: None,
            overflow,
            place: None,
            opening: None,
        };
        let leased = store.acquire(&self.keys, self.site(), self.pool(), &asker, &self.clock).await;
        leased.expect("redis answers").expect("a view is always answered")
    }

    /// What the beat route does for a beat.
    pub async fn beat(&self, session: SessionId, page: &str, seq: u32) -> Option<Lease> {
        self.sign(session, &sign(page, seq, SignKind::Beat, None)).await
    }

    /// A beat with a tel click made `ago_ms` ago.
    pub async fn tel_click(
        &self,
        session: SessionId,
        page: &str,
        seq: u32,
        ago_ms: i64,
    ) -> Option<Lease> {
        self.sign(session, &sign(page, seq, SignKind::Beat, Some((self.pool(), ago_ms)))).await
    }

    /// A beat that tells what was done with the number `ago_ms` ago.
    pub async fn gesture(
        &self,
        session: SessionId,
        (page, seq): (&str, u32),
        gesture: Gesture,
        ago_ms: i64,
    ) -> Option<Lease> {
        let done = vec![Done { pool: self.pool().id.clone(), gesture, ago_ms }];
        self.sign(session, &PageSign { done, ..sign(page, seq, SignKind::Beat, None) }).await
    }

    /// What the beat route does for a leave.
    pub async fn leave(&self, session: SessionId, page: &str, seq: u32) -> Option<Lease> {
        self.renew(session, &sign(page, seq, SignKind::Leave, None)).await
    }

    async fn sign(&self, session: SessionId, sign: &PageSign) -> Option<Lease> {
        if let Some(lease) = self.renew(session, sign).await {
            return Some(lease);
        }
        self.acquire(session, sign, None).await
    }

    /// A message that is not renewed: its page shows `shown`.
    pub async fn acquire(
        &self,
        session: SessionId,
        sign: &PageSign,
        shown: Option<&PhoneNumber>,
    ) -> Option<Lease> {
        let overflow = overflow(self.pool(), None);
        let asker =
            Asker { session, visitor: None, sign, shown, overflow, place: None, opening: None };
        let leased =
            self.store.acquire(&self.keys, self.site(), self.pool(), &asker, &self.clock).await;
        leased.expect("redis answers")
    }

    async fn renew(&self, session: SessionId, sign: &PageSign) -> Option<Lease> {
        let (site, pools) = (self.site(), [self.pool()]);
        let renewed = self.store.renew(&self.keys, site, &pools, &session, sign, &self.clock).await;
        renewed.expect("redis answers").remove(0)
    }

    /// Forgets everything.
    pub async fn flush(&self) {
        let mut flush = redis::pipe();
        flush.cmd("FLUSHALL");
        let flushed = self.store.redis().on_every_master::<()>("a test", &flush).await;
        flushed.expect("redis answers");
    }

    /// Runs one Redis command on a key; once more where Redis was away meanwhile.
    pub async fn redis<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(word);
        }
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            match self.store.redis().command("a test", &command).await {
                Err(StoreError::Unavailable(_)) if Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                answer => return answer.expect("redis answers"),
            }
        }
    }
}

/// A click on the number of `pool`.
fn clicked(pool: &Pool, ago_ms: i64) -> Done {
    Done { pool: pool.id.clone(), gesture: Gesture::TelClick, ago_ms }
}

/// A message of a page.
pub fn sign(page: &str, seq: u32, kind: SignKind, click: Option<(&Pool, i64)>) -> PageSign {
    PageSign {
        page: page.parse().expect("a page id"),
        seq,
        kind,
        done: click.map(|(pool, ago_ms)| clicked(pool, ago_ms)).into_iter().collect(),
        path: None,
    }
}
