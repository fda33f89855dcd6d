//! Visitors who come, stay and go while something happens to Redis, and what must be true of them
//! afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::RngExt;
use ringtrace::lease::model::{Lease, PageSign, SignKind, Tier};
use ringtrace::lease::rules::overflow;
use ringtrace::lease::store::{Asker, LeaseStore};
use ringtrace::platform::clock::Clock;
use ringtrace::platform::ids::SessionId;
use ringtrace::platform::phone::PhoneNumber;
use ringtrace::platform::redis::{Deployment, Redis, StoreError};
use tokio::task::JoinSet;

use super::world::{World, sign};

/// A page that is open.
#[derive(Clone, Debug)]
pub struct Visitor {
    session: SessionId,
    seq: u32,
    /// What stands on it, and how good it was said to be.
    shown: Option<(PhoneNumber, Tier)>,
}

/// What clients were told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Answers with a number.
    pub leased: usize,
    /// Requests that got their fallback.
    pub fallbacks: usize,
    /// The longest that a fallback took.
    pub slowest_fallback: Duration,
    /// When answers with a number came.
    moments: Vec<Instant>,
}

impl Told {
    /// The longest time after `from` without any answer with a number.
    pub fn longest_gap(&self, from: Instant) -> Duration {
        let mut moments: Vec<Instant> =
            self.moments.iter().copied().filter(|moment| *moment >= from).collect();
        moments.push(from);
        moments.sort_unstable();
        let gaps = moments.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.max().unwrap_or_default()
    }

    fn add(&mut self, other: Told) {
        self.leased += other.leased;
        self.fallbacks += other.fallbacks;
        self.slowest_fallback = self.slowest_fallback.max(other.slowest_fallback);
        self.moments.extend(other.moments);
    }
}

impl Visitor {
    /// Somebody who just came.
    pub fn new() -> Self {
        Visitor { session: SessionId::new(), seq: 0, shown: None }
    }

    /// The number on the page and its tier.
    pub fn shown(&self) -> Option<(&PhoneNumber, Tier)> {
        self.shown.as_ref().map(|(number, tier)| (number, *tier))
    }

    /// A view while nothing is shown, else a beat, as the routes do it.
    pub async fn speak(&mut self, world: &World, store: &LeaseStore) -> Result<(), StoreError> {
        self.seq += 1;
        let kind = if self.shown.is_none() { SignKind::View } else { SignKind::Beat };
        let sign = sign("page-001", self.seq, kind, None);
        let told = self.ask(world, store, &sign).await?;
        let Some(Lease { number: Some(number), tier, .. }) = told else {
            assert!(self.shown.is_none(), "{self:?} was told that it holds nothing");
            return Ok(());
        };
        if let Some((shown, _)) = &self.shown {
            assert_eq!(*shown, number, "a number on a screen was changed");
        }
        self.shown = Some((number, tier));
        Ok(())
    }

    async fn ask(
        &self,
        world: &World,
        store: &LeaseStore,
        sign: &PageSign,
    ) -> Result<Option<Lease>, StoreError> {
        let (site, pool, clock) = (world.site(), world.pool(), Clock::default());
        let asked = async {
            let renewed =
                store.renew(&world.keys, site, &[pool], &self.session, sign, &clock).await?;
            let shown = self.shown.as_ref().map(|(number, _)| number);
            let renewed = renewed.into_iter().flatten().next();
            // Redis may have forgotten that it gave this page more than its overflow.
            if let Some(lease) = renewed.filter(|lease| shown.is_none() || lease.number.is_some()) {
                return Ok(Some(lease));
            }
            let session = self.session;
            let overflow = overflow(pool, None);
            let asker =
                Asker { session, visitor: None, sign, shown, overflow, place: None, opening: None };
            store.acquire(&world.keys, site, pool, &asker, &clock).await
        };
        store.redis().in_time(asked).await
    }

    async fn leave(&mut self, world: &World, store: &LeaseStore) -> Result<(), StoreError> {
        self.seq += 1;
        let sign = sign("page-001", self.seq, SignKind::Leave, None);
        let (site, pool, clock) = (world.site(), world.pool(), Clock::default());
        store.renew(&world.keys, site, &[pool], &self.session, &sign, &clock).await.map(|_| ())
    }
}

/// Clients that run.
pub struct Traffic {
    over: Arc<AtomicBool>,
    clients: JoinSet<(Told, Vec<Visitor>)>,
}

impl Traffic {
    /// `clients` connections, each for `visitors` pages, until [`Traffic::stop`].
    pub fn start(
        world: &Arc<World>,
        deployment: &Arc<Deployment>,
        clients: usize,
        visitors: usize,
    ) -> Self {
        let over = Arc::<AtomicBool>::default();
        let mut running = JoinSet::new();
        for _ in 0..clients {
            let store = LeaseStore::new(Redis::over(deployment));
            running.spawn(client(world.clone(), store, visitors, over.clone()));
        }
        Traffic { over, clients: running }
    }

    /// Ends it: what was told, and the pages still open.
    pub async fn stop(mut self) -> (Told, Vec<Visitor>) {
        self.over.store(true, Ordering::Relaxed);
        let (mut told, mut open) = (Told::default(), Vec::new());
        while let Some(ended) = self.clients.join_next().await {
            let (client, visitors) = ended.expect("no client fails");
            told.add(client);
            open.extend(visitors);
        }
        (told, open)
    }
}

async fn client(
    world: Arc<World>,
    store: LeaseStore,
    visitors: usize,
    over: Arc<AtomicBool>,
) -> (Told, Vec<Visitor>) {
    let mut told = Told::default();
    let mut open: Vec<Visitor> = (0..visitors).map(|_| Visitor::new()).collect();
    while !over.load(Ordering::Relaxed) {
        let at = rand::rng().random_range(0..visitors);
        let goes = open[at].shown.is_some() && rand::rng().random_bool(0.1);
        let asked = Instant::now();
        let done = match goes {
            true => open[at].leave(&world, &store).await,
            false => open[at].speak(&world, &store).await,
        };
        match done {
            Ok(()) if goes => open[at] = Visitor::new(),
            Ok(()) => {
                told.leased += usize::from(open[at].shown.is_some());
                told.moments.push(Instant::now());
            }
            Err(StoreError::Unavailable(_)) => {
                told.fallbacks += 1;
                told.slowest_fallback = told.slowest_fallback.max(asked.elapsed());
            }
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    (told, open)
}

/// After everybody spoke twice: who shares a number knows it, nobody's number was changed, and the
/// pool is complete. Answers how many numbers have more than one page.
pub async fn check(world: &World, store: &LeaseStore, open: &mut [Visitor]) -> usize {
    for _ in 0..2 {
        for visitor in open.iter_mut() {
            speak_patiently(world, store, visitor).await;
        }
    }
    let mut pages: BTreeMap<&PhoneNumber, Vec<Tier>> = BTreeMap::new();
    for (number, tier) in open.iter().filter_map(Visitor::shown) {
        pages.entry(number).or_default().push(tier);
    }
    let doubles: Vec<_> = pages.values().filter(|tiers| tiers.len() > 1).collect();
    for tiers in &doubles {
        assert!(tiers.iter().all(|tier| *tier == Tier::Shared), "{pages:?}");
    }
    let (keys, pool) = (&world.keys, world.pool());
    let free: Vec<String> = world.redis(&["ZRANGE", &keys.pool_free(&pool.id), "0", "-1"]).await;
    let held: Vec<String> = world.redis(&["ZRANGE", &keys.pool_held(&pool.id), "0", "-1"]).await;
    let known: BTreeSet<&str> = free.iter().chain(&held).map(String::as_str).collect();
    assert_eq!(known.len(), free.len() + held.len(), "a number is free and held");
    let all: BTreeSet<&str> = pool.numbers.iter().map(PhoneNumber::as_str).collect();
    assert_eq!(known, all, "a number is lost");
    doubles.len()
}

/// Speaks until Redis answers.
pub async fn speak_patiently(world: &World, store: &LeaseStore, visitor: &mut Visitor) {
    let end = Instant::now() + Duration::from_secs(20);
    while let Err(error) = visitor.speak(world, store).await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        assert!(Instant::now() < end, "Redis does not come back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
