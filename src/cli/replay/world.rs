//! The service without its doors: a private Redis, the leases, the calls, and the trace's clock.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, try_join_all};
use tempfile::TempDir;

use crate::attribution::delays::Delays;
use crate::attribution::rules::Kept;
use crate::attribution::store::save_delays;
use crate::call::caller::caller_number;
use crate::call::model::{Call, CallEvent, CallEventKind, Caller};
use crate::call::recorder::Recorder;
use crate::cli::CliError;
use crate::cli::replay::plan::Plan;
use crate::config::model::{Pool, Site};
use crate::config::{Installation, Live};
use crate::lease::holders::holders;
use crate::lease::model::{Holder, PageSign, SignKind};
use crate::lease::numbers::sync::sync_pools;
use crate::lease::pools::load::Grants;
use crate::lease::reply::Outcome;
use crate::lease::rules::Times;
use crate::lease::serve::{Clerk, Wish, serve, sign_of_life};
use crate::lease::store::LeaseStore;
use crate::lease::trackers::Plan as Serving;
use crate::lease::view::View;
use crate::lease::wire::{Shown, Want};
use crate::lease::worker::sweep;
use crate::platform::caller_keys::CallerKeys;
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::{SessionId, VisitorId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::{Patience, Redis, StoreError};
use crate::platform::redis_server::RedisServer;
use crate::platform::signing::SigningKeys;
use crate::visit::bot::{Evidence, judge};
use crate::visit::model::{Consent, Place};
use crate::visit::place::{Located, Places};
use crate::visit::tables::Tables;
use crate::visit::token::{Marks, SessionToken};

/// A private Redis that waits on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Entries of the ledger that are kept: nobody reads them.
const LEDGER: usize = 100;

/// The private Redis; killed when dropped.
pub struct Ground {
    server: RedisServer,
    /// Removed when dropped.
    _folder: TempDir,
}

impl Ground {
    /// Starts a Redis that saves nothing.
    pub async fn start(plan: &Plan) -> Result<Self, CliError> {
        let folder = tempfile::Builder::new().prefix("ringtrace-replay-").tempdir();
        let folder = folder.map_err(|e| CliError::Replay(format!("no temporary folder: {e}")))?;
        let program = &plan.config.redis.program;
        let server = RedisServer::start_forgetful(program, folder.path()).await;
        let server = server.map_err(|error| CliError::Replay(error.to_string()))?;
        Ok(Ground { server, _folder: folder })
    }

    /// Ends it.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// One site in a world of its own.
pub struct World {
    /// The configuration.
    pub installation: Arc<Installation>,
    /// The keys of the site.
    pub keys: SiteKeys,
    /// The trace's clock.
    pub clock: Clock,
    /// What sources and programs are.
    pub tables: Arc<Tables>,
    store: LeaseStore,
    grants: Grants,
    recorder: Recorder,
    places: Places,
    /// Copies of the databases of places; removed when dropped.
    _scratch: TempDir,
}

impl World {
    /// Puts the numbers of `plan` into the Redis of `ground`, which was empty.
    pub async fn new(ground: &Ground, plan: &Plan) -> Result<Self, CliError> {
        let cannot = |error: &dyn std::fmt::Display| CliError::Replay(error.to_string());
        let live = Live::new(plan.config.clone());
        let installation = live.now_full();
        let patience = Patience { response: PATIENCE, connection: PATIENCE, ..Patience::default() };
        let redis = Redis::standalone(ground.server.url(), patience);
        let redis = redis.map_err(|e| cannot(&e))?;
        let tables = Arc::new(Tables::load().map_err(|e| cannot(&e))?);
        let (clock, store) = (Clock::default(), LeaseStore::new(redis.clone()));
        clock.set(Millis(0));
        sync_pools(&store, &installation, &clock).await.map_err(|e| cannot(&e))?;
        let scratch = tempfile::tempdir().map_err(|e| cannot(&e))?;
        let places = Places::open(&plan.config.place.databases, scratch.path());
        // Callers are known by their hash under a key that nobody needs to guess here.
        let keys = CallerKeys::new(SigningKeys::from_master(&[0; 32]), &[[0; 32]]);
        let world = World {
            keys: installation.shards.keys(&plan.site().id),
            recorder: Recorder::new(redis, live, clock.clone(), keys, tables.clone())
                .keeping(Kept::ALL),
            places: places.map_err(CliError::Place)?,
            _scratch: scratch,
            installation,
            clock,
            tables,
            store,
            grants: Grants::default(),
        };
        world.rehearse().await?;
        Ok(world)
    }

    /// Loads the scripts: a beat of nobody asks for both, and changes nothing.
    async fn rehearse(&self) -> Result<(), StoreError> {
        let nobody = SessionToken {
            session: SessionId(uuid::Uuid::nil()),
            visitor: None,
            seen: Millis(0),
            touch: 0,
            consent: Consent::default(),
            told: true,
            marks: Marks::default(),
        };
        let page = "nobody"
            .parse()
            .map_err(|_| StoreError::Unreadable { what: "a page id", why: "nobody".to_owned() })?;
        let sign = PageSign { page, seq: 1, kind: SignKind::Beat, done: Vec::new(), path: None };
        self.sign(nobody, sign, Shown::new()).await?;
        self.sweep_and_count().await.map(|_| ())
    }

    /// The site.
    pub fn site(&self) -> &Site {
        &self.installation.config.sites[0]
    }

    /// Its pools.
    pub fn pools(&self) -> &[Pool] {
        &self.site().pools
    }

    /// The durations of a pool.
    pub fn times(&self, pool: &Pool) -> Times {
        Times::of(self.site(), pool)
    }

    /// What serves the targets of a session with `marks`.
    pub fn serving(&self, marks: Marks) -> Serving<'_> {
        self.installation.trackers(&self.site().id).plan(self.site(), marks)
    }

    /// What the databases know of an address; nothing where it is not told.
    pub fn locate(&self, address: Option<IpAddr>) -> Located {
        address.map(|address| self.places.locate(address)).unwrap_or_default()
    }

    /// Whether a program shows the page, by what the service would know; `agent` is `None` for some
    /// browser.
    pub fn is_program(&self, agent: Option<&str>, located: &Located) -> bool {
        let network = &located.network;
        let network = self.installation.config.bots.data_centres.then_some(network);
        match agent {
            Some(user_agent) => {
                let evidence = Evidence { user_agent, network, ..Evidence::default() };
                judge(&self.tables, &evidence).is_some()
            }
            None => network.is_some_and(|network| self.tables.data_centre(network).is_some()),
        }
    }

    fn clerk(&self) -> Clerk<'_> {
        let site = &self.site().id;
        let (trackers, rules) = (self.installation.trackers(site), self.installation.rules(site));
        Clerk {
            store: &self.store,
            clock: &self.clock,
            grants: &self.grants,
            trackers,
            rules,
            guard: None,
        }
    }

    /// A page view at `url` from `place`: as `POST /v1/lease` serves it.
    pub async fn view(
        &self,
        mut view: View,
        sign: PageSign,
        shown: Shown,
        (url, place): (String, Place),
    ) -> Result<(Option<VisitorId>, Outcome), StoreError> {
        let nearby = self.pools().iter().any(|pool| pool.match_area);
        let place = nearby.then_some(&place);
        let wish = Wish { sign: &sign, want: Want::Now, shown: &shown, url: &url, place };
        serve(&self.clerk(), &self.keys, self.site(), &mut view, wish).await
    }

    /// A sign of life: as `POST /v1/beat` serves it.
    pub async fn sign(
        &self,
        token: SessionToken,
        sign: PageSign,
        shown: Shown,
    ) -> Result<Outcome, StoreError> {
        let site = self.site();
        sign_of_life(&self.clerk(), &self.keys, site, &token, &sign, &shown).await
    }

    /// A call that arrives now, the `nth` of the trace: recorded and joined as a webhook would be.
    pub async fn call(&self, nth: u64, caller: &str, to: &PhoneNumber) -> Result<Call, CliError> {
        let (site, now) = (self.site(), self.clock.now());
        let number = caller_number(caller, &site.country);
        let event = CallEvent {
            controlled: None,
            provider: "replay".to_owned(),
            provider_call_id: nth.to_string(),
            dedup: "received".to_owned(),
            site: site.id.clone(),
            at: now,
            received_at: now,
            to: Some(to.clone()),
            from: Caller { number, ..Caller::default() },
            sip_call_id: None,
            stage: Default::default(),
            dialled: None,
            kind: CallEventKind::Received,
        };
        self.recorder.record(&event).await.map_err(|error| CliError::Replay(error.to_string()))
    }

    /// Who was shown a number that is called now, newest first.
    pub async fn holders(&self, number: &PhoneNumber) -> Result<Vec<Holder>, StoreError> {
        let (redis, now) = (self.store.redis(), self.clock.now());
        let window = self.site().attribution_window;
        Ok(holders(redis, &self.keys, number, now, None, window).await?.holders)
    }

    /// Judges the calls that follow by these delays.
    pub async fn learn(&self, delays: &Delays) -> Result<(), StoreError> {
        save_delays(self.store.redis(), &self.keys, delays).await
    }

    /// The sweeper's turn, in one round trip however much is due. Returns how many numbers are held
    /// afterwards.
    pub async fn sweep_and_count(&self) -> Result<u64, StoreError> {
        let sweeps = self.pools().iter().map(|pool| {
            // Each number is looked at twice at most: its leases, and its pin.
            let at_once = u32::try_from(pool.numbers.len() * 2 + 1).unwrap_or(u32::MAX);
            sweep(&self.store, &self.keys, pool, &self.clock, at_once)
        });
        let mut pipeline = redis::pipe();
        for pool in self.pools() {
            pipeline.cmd("ZCARD").arg(self.keys.pool_held(&pool.id));
        }
        let ledger = self.keys.shard.ledger();
        pipeline.cmd("XTRIM").arg(ledger).arg("MAXLEN").arg("~").arg(LEDGER).ignore();
        let counted = self.store.redis().pipeline("held numbers", &pipeline);
        let (swept, counted) = join(try_join_all(sweeps), counted).await;
        swept?;
        let held: Vec<u64> = counted?;
        Ok(held.iter().sum())
    }

    /// Ends keys whose time is over.
    pub async fn end(&self, keys: &[std::rc::Rc<str>]) -> Result<(), StoreError> {
        let mut command = redis::cmd("UNLINK");
        for key in keys {
            command.arg(&**key);
        }
        self.store.redis().command("keys that are over", &command).await
    }
}
