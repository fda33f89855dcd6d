//! Wiring, and nothing else: parts are made, handed to the routes and the workers, and ended in order.

mod model;
mod redis_part;
mod steps;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{HttpServer, web};
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::alert::question::Reports;
use crate::alert::worker::AlertWorker;
use crate::attribution::worker::Fitter;
use crate::audit::keys::note as note_keys;
use crate::audit::store::AuditLog;
use crate::backup::snapshot::Backups;
use crate::call::archive::Archive;
use crate::call::command::worker::Commander;
use crate::call::late_clicks::LateClickWorker;
use crate::call::live::hub::Hub;
use crate::call::providers::accounts::client::ApiClient;
use crate::call::providers::accounts::worker::Reconciler;
use crate::call::recorder::Recorder;
use crate::call::spool::{Spool, SpoolOptions};
use crate::call::worker::CallWorker;
use crate::config::Live;
use crate::config::keys;
use crate::config::model::Config;
use crate::export::store::Exports;
use crate::http;
use crate::http::ended::EndedSessions;
use crate::http::limits::{ApiLimiter, SnippetLimiter};
use crate::lease;
use crate::lease::clicks::late_clicks;
use crate::lease::exhausted::exhaustions;
use crate::lease::numbers::sync::{NumbersError, sync_pools};
use crate::lease::pools::load::Grants;
use crate::lease::store::LeaseStore;
use crate::ledger::store::{Consumer, WAREHOUSE_GROUP};
use crate::platform::caller_keys::CallerKeys;
use crate::platform::clock::Clock;
use crate::platform::data_folder::DataFolder;
use crate::platform::redis::place::Place;
use crate::platform::redis::{Deployment, Patience, Redis};
use crate::platform::shutdown::Shutdown;
use crate::platform::signing::SigningKeys;
use crate::platform::telemetry;
use crate::postback::overflow::OverflowWorker;
use crate::postback::store::Outbox;
use crate::postback::worker::{Deliverer, DeliveryKeys};
use crate::privacy;
use crate::privacy::eraser::Eraser;
use crate::privacy::list::ErasureList;
use crate::report::credits::worker::EffectsWorker;
use crate::report::query::benchmarks::Benchmarks;
use crate::visit::client::ClientKey;
use crate::visit::place::worker::Watcher;
use crate::visit::place::{self, Places};
use crate::visit::tables::Tables;
use crate::warehouse::store::Warehouse;
use crate::warehouse::worker::Projector;
pub use model::{ExtraRoutes, Options, StartError};
use redis_part::RedisPart;
use steps::{fill_pools, in_time, read_by_this_program};

/// How long the projector, and then the warehouse, may take to write what is left at the end.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// The running service. What is made first ends last: data folder, Redis, everything else.
pub struct App {
    service: Service,
    redis: RedisPart,
    _folder: DataFolder,
}

/// Everything that stands on Redis.
struct Service {
    live: Live,
    clock: Clock,
    address: SocketAddr,
    leases: LeaseStore,
    hub: Hub,
    /// Asks for a look at the databases of places.
    look_at_places: Arc<Notify>,
    server: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    workers: Vec<JoinHandle<()>>,
    work_over: Shutdown,
    /// It ends after the other workers: the last thing that they do is written to the ledger.
    projector: JoinHandle<()>,
    projector_over: Shutdown,
    deliverer: Deliverer,
    unread: Consumer,
    warehouse: Warehouse,
    /// Tells balancers, and clients that keep a connection, that it is about to end.
    ending: Shutdown,
    /// How long it goes on serving then.
    drain: Duration,
    /// How long requests in flight, and then the workers, may take at the end.
    patience: Duration,
}

impl App {
    /// Starts every part and begins to serve. On an error nothing is left running.
    pub async fn start(config: Config, options: Options) -> Result<Self, StartError> {
        let folder = DataFolder::claim(&config.data_folder)?;
        let redis = RedisPart::start(&config).await?;
        match Service::start(config, options, redis.place.clone()).await {
            Ok(service) => Ok(App { service, redis, _folder: folder }),
            Err(error) => {
                redis.end().await;
                Err(error)
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.service.address
    }

    /// The configuration in force.
    pub fn live(&self) -> &Live {
        &self.service.live
    }

    /// The clock that all parts share.
    pub fn clock(&self) -> &Clock {
        &self.service.clock
    }

    /// The worker that delivers postbacks.
    pub fn deliverer(&self) -> Deliverer {
        self.service.deliverer.clone()
    }

    /// Starts the delivery of postbacks when [`Options::hold_postbacks`] kept it.
    pub fn start_delivery(&mut self) {
        self.service.start_delivery();
    }

    /// Opens the databases of places anew where they changed, after a reload.
    pub fn places_changed(&self) {
        self.service.look_at_places.notify_one();
    }

    /// Puts added numbers into their pools and drains removed ones at once, after a reload. When it
    /// fails, the sweeper does it as soon as it can.
    pub async fn numbers_changed(&self) -> Result<(), NumbersError> {
        let Service { leases, live, clock, .. } = &self.service;
        let synced = sync_pools(leases, &live.now_full(), clock).await?;
        tracing::info!(added = synced.added, drained = synced.drained, "pools are in step");
        Ok(())
    }

    /// Waits until every ledger entry written so far is in the warehouse; `false` after `longest`.
    pub async fn wait_until_reported(&self, longest: Duration) -> bool {
        let end = tokio::time::Instant::now() + longest;
        while tokio::time::Instant::now() < end {
            if matches!(self.service.unread.lag().await, Ok(0)) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Returns when the HTTP server ends although nobody asked for it.
    pub async fn until_dead(&mut self) {
        let _ = (&mut self.service.serving).await;
    }

    /// Ends in order: no new requests, those in flight finish, the outbox and then the ledger
    /// drain, the warehouse is written out, the private Redis ends last. Every step is bounded;
    /// what is left comes at the next start.
    pub async fn stop(self) {
        self.stop_unless_hurried(std::future::pending()).await;
    }

    /// The same; once `hurry` is ready, nothing but Redis is waited for any more.
    pub async fn stop_unless_hurried(mut self, hurry: impl Future<Output = ()>) {
        tokio::select! {
            () = self.service.wind_down() => {}
            () = hurry => tracing::warn!("ending at once; what is left comes at the next start"),
        }
        self.redis.end().await;
    }
}

impl Service {
    async fn start(config: Config, options: Options, place: Place) -> Result<Self, StartError> {
        let data = config.data_folder.clone();
        let snippets = data.join("snippet");
        let metrics = telemetry::start_metrics();
        let clock = Clock::default();
        let signing = SigningKeys::load_or_create(&data)?;
        let client_key = ClientKey::load_or_create(&data)?;
        let caller_keys = CallerKeys::load_or_create(&data, signing.clone())?;
        let delivery_keys =
            DeliveryKeys::load_or_create(&data, caller_keys.clone(), client_key.clone())?;
        let warehouse = Warehouse::of(&config)?;
        let spool =
            Spool::open(&data.join("spool"), SpoolOptions::default()).map_err(StartError::Spool)?;
        let patience = Patience {
            response: config.redis.response_timeout.unsigned_abs(),
            connection: config.redis.connection_timeout.unsigned_abs(),
            ..Patience::default()
        };
        // Whoever answers pages and calls must not wait behind a worker's thousands of entries.
        let for_workers = Deployment::new(place.clone(), Patience::of_workers());
        let for_workers = Redis::over(&for_workers);
        let deployment = Deployment::new(place, patience);
        let redis = Redis::over(&deployment);
        let live = Live::new(config);
        let spool = spool.sealed(live.clone(), caller_keys.clone());
        let known_keys = keys::load(&live, &live.now().config.keys_file())?;
        let audit = AuditLog::new(&data);
        let places = Places::default();
        let mut watcher = Watcher::new(places.clone(), live.clone(), data);
        watcher.run_once();
        let leases = LeaseStore::new(redis.clone());
        read_by_this_program(&redis).await?;
        fill_pools(&leases, &live, &clock).await?;

        let installation = live.now_full();
        let Config { server, limits, .. } = &installation.config;
        let outbox = Outbox::new(for_workers.clone());
        let deliverer = Deliverer::new(live.clone(), outbox.clone(), clock.clone(), delivery_keys)?;
        let api = ApiClient::new(&installation.config.providers)?;
        let (commander, commands) = Commander::new(api.clone(), spool.clone(), clock.clone());
        let (late_clicks, told_late) = late_clicks();
        let (exhaustions, exhausted) = exhaustions();
        let overflow = OverflowWorker::new(live.clone(), outbox.clone(), exhausted);
        let ending = Shutdown::default();
        let ended_sessions = EndedSessions::new(for_workers.clone(), clock.clone());
        ended_sessions.look().await;
        let projector = Projector::new(for_workers.clone(), warehouse.clone(), live.clone());
        let eraser = Eraser::new(privacy::eraser::Parts {
            live: live.clone(),
            clock: clock.clone(),
            redis: for_workers.clone(),
            warehouse: warehouse.clone(),
            spool: spool.clone(),
            files: projector.files(),
            keys: caller_keys.clone(),
            list: ErasureList::open(&installation.config.data_folder)
                .map_err(StartError::Erasures)?,
        });
        // Nobody must see whom a restored backup brought back.
        privacy::worker::finish(&eraser).await;
        let parts = http::Parts {
            live: live.clone(),
            clock: clock.clone(),
            signing,
            caller_keys: caller_keys.clone(),
            metrics,
            warehouse: warehouse.clone(),
            spool: spool.clone(),
            commander: commander.clone(),
            limiter: web::Data::new(SnippetLimiter::new(limits)),
            api_limiter: web::Data::new(ApiLimiter::new(limits)),
            tables: web::Data::new(Tables::load()?),
            benchmarks: web::Data::new(Benchmarks::embedded()?),
            grants: web::Data::new(Grants::default()),
            shares: web::Data::default(),
            late_clicks: web::Data::new(late_clicks),
            exhaustions: web::Data::new(exhaustions),
            places,
            client_key,
            hub: Hub::new(for_workers.clone(), live.clone(), caller_keys.clone()),
            ending: ending.signal(),
            outbox: outbox.clone(),
            deliverer: deliverer.clone(),
            audit: audit.clone(),
            ended_sessions: ended_sessions.clone(),
            eraser: eraser.clone(),
            exports: Exports::new(warehouse.clone(), &installation.config.data_folder),
            backups: Backups::new(live.clone(), for_workers.clone(), warehouse.clone()),
            snippet: Arc::new(http::snippet::routes(&snippets)),
            dashboard: Arc::new(crate::dashboard::http::routes(
                options.demo_key,
                &installation.config.dashboard.folder,
            )),
            extra_routes: options.extra_routes,
        };
        let grants = parts.grants.clone().into_inner();
        let shares = parts.shares.clone().into_inner();
        let recorder_on = |redis| {
            let tables = parts.tables.clone().into_inner();
            Recorder::new(redis, live.clone(), clock.clone(), caller_keys.clone(), tables)
                .forgetting(eraser.list().clone())
        };
        let note_keys = {
            let (log, live, clock) = (audit, live.clone(), clock.clone());
            move |changes: &[keys::KeyChange]| {
                note_keys(&log, changes, clock.now(), live.now_full().config.audit.keep)
            }
        };
        let hub = parts.hub.clone();
        let reconciler = Reconciler::new(
            recorder_on(for_workers.clone()),
            spool.clone(),
            LeaseStore::new(for_workers.clone()),
            Archive::new(warehouse.clone(), caller_keys.clone()),
            api,
        );
        let fitter = Fitter::new(recorder_on(for_workers.clone()));
        let late_clicks = LateClickWorker::new(recorder_on(for_workers.clone()), told_late);
        let calls = CallWorker::new(recorder_on(redis), spool, commander);
        let (redis, reports) = (for_workers.clone(), warehouse.clone());
        let effects = EffectsWorker::new(reports, live.clone(), clock.clone(), redis);
        let benchmarks = parts.benchmarks.clone().into_inner();
        let reports = Reports::new(warehouse.clone(), live.clone(), benchmarks);
        let (redis, facts) = (for_workers.clone(), warehouse.clone());
        let alerts = AlertWorker::new(facts, live.clone(), clock.clone(), redis, reports);
        let unread = Consumer::new(for_workers, installation.shards, WAREHOUSE_GROUP, "watcher");

        let factory = move || http::application(parts.clone(), Redis::over(&deployment));
        let listen_error = |source| StartError::Listen { address: server.listen, source };
        let mut http = HttpServer::new(factory)
            .disable_signals()
            .shutdown_timeout(server.shutdown_timeout.as_secs().unsigned_abs());
        if server.workers > 0 {
            http = http.workers(server.workers);
        }
        let http = http.bind(server.listen).map_err(listen_error)?;
        let address = http.addrs().first().copied().unwrap_or(server.listen);
        let running = http.run();

        let (work_over, projector_over) = (Shutdown::default(), Shutdown::default());
        let signal = || work_over.signal();
        let look_at_places = Arc::new(Notify::new());
        let workers = vec![
            tokio::spawn(place::worker::run(watcher, look_at_places.clone(), signal())),
            tokio::spawn(calls.run(signal())),
            tokio::spawn(commands.run(signal())),
            tokio::spawn(fitter.run(signal())),
            tokio::spawn(late_clicks.run(signal())),
            tokio::spawn(overflow.run(signal())),
            tokio::spawn(effects.run(signal())),
            tokio::spawn(alerts.run(signal())),
            tokio::spawn(reconciler.run(signal())),
            tokio::spawn(hub.clone().run(signal())),
            tokio::spawn(ended_sessions.run(signal())),
            tokio::spawn(keys::watch(live.clone(), known_keys, note_keys, signal())),
            tokio::spawn(privacy::worker::run(eraser, signal())),
            tokio::spawn(lease::worker::run(
                leases.clone(),
                live.clone(),
                (grants, shares),
                clock.clone(),
                signal(),
            )),
            tokio::spawn(telemetry::upkeep(signal())),
        ];
        let mut service = Service {
            live,
            clock,
            address,
            leases,
            hub,
            look_at_places,
            server: running.handle(),
            serving: tokio::spawn(running),
            workers,
            work_over,
            projector: tokio::spawn(projector.run(projector_over.signal())),
            projector_over,
            deliverer,
            unread,
            warehouse,
            ending,
            drain: server.drain.unsigned_abs(),
            patience: server.shutdown_timeout.unsigned_abs(),
        };
        if !options.hold_postbacks {
            service.start_delivery();
        }
        Ok(service)
    }

    fn start_delivery(&mut self) {
        let delivery = self.deliverer.clone().run(self.work_over.signal());
        self.workers.push(tokio::spawn(delivery));
    }

    async fn wind_down(&mut self) {
        self.ending.begin();
        tokio::time::sleep(self.drain).await;
        // Their requests would never be finished.
        self.hub.close();
        self.server.stop(true).await;
        self.work_over.begin();
        // The deliverer waits as long itself for what is being sent, then lets go of it.
        let patience = self.patience + Duration::from_secs(1);
        in_time("the workers", patience, join_all(&mut self.workers)).await;
        self.projector_over.begin();
        in_time("the projector", LAST_WRITES, &mut self.projector).await;
        if let Some(Err(error)) =
            in_time("the warehouse", LAST_WRITES, self.warehouse.checkpoint()).await
        {
            tracing::warn!(%error, "the warehouse was not written out; its log is read at the next start");
        }
    }
}
