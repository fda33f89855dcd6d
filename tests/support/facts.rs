//! A whole pipeline of the test's own: Redis, warehouse, segments, configuration, and events to
//! put in.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use ringtrace::attribution::credit::Credits;
use ringtrace::attribution::model::{Attribution, Basis, TouchCredit};
use ringtrace::call::model::{Call, CallStatus, Caller};
use ringtrace::config::Live;
use ringtrace::config::model::Config;
use ringtrace::lease::model::Tier;
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::ledger::segments::Segments;
use ringtrace::ledger::store::{Consumer, WAREHOUSE_GROUP, append};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::{CallId, SessionId, SiteId};
use ringtrace::platform::keys::{Shard, Shards};
use ringtrace::platform::redis::{Patience, Redis, StoreError};
use ringtrace::visit::model::{Consent, Device, Machine, Place, Source, Visit};
use ringtrace::warehouse::question::Question;
use ringtrace::warehouse::store::Warehouse;
use ringtrace::warehouse::worker::{Outcome, Projector, ProjectorError};
use tempfile::TempDir;

use crate::support::redis::TestRedis;

/// The default configuration with these sites and time zones, and data in `folder`.
pub fn config(folder: &Path, sites: &[(&SiteId, &str)]) -> Config {
    let mut config: toml::Table =
        toml::from_str(include_str!("../../config/ringtrace.toml")).expect("the defaults");
    config.insert("data_folder".to_owned(), folder.display().to_string().into());
    let site = |(id, zone): &(&SiteId, &str)| {
        let mut site = toml::Table::new();
        site.insert("id".to_owned(), id.to_string().into());
        site.insert("key".to_owned(), format!("pk_{id}").into());
        site.insert("time_zone".to_owned(), (*zone).into());
        site.insert("forward_to".to_owned(), "+18005550100".into());
        toml::Value::Table(site)
    };
    let sites = sites.iter().map(site).collect();
    config.insert("sites".to_owned(), toml::Value::Array(sites));
    toml::Value::Table(config).try_into().expect("a configuration")
}

/// The moment that `text` (RFC 3339) names.
pub fn at(text: &str) -> Millis {
    text.parse::<jiff::Timestamp>().expect("an RFC 3339 time").into()
}

/// A source with its campaign and channel.
pub fn source(source: &str, medium: &str, campaign: &str, channel: &str) -> Source {
    Source {
        source: source.to_owned(),
        medium: medium.to_owned(),
        campaign: campaign.to_owned(),
        channel: channel.to_owned(),
        ..Source::default()
    }
}

/// A session that began at `started_at` on `example.com`.
pub fn visit(site: &SiteId, started_at: Millis, source: Source, landing_page: &str) -> Visit {
    Visit {
        session: SessionId::new(),
        visitor: None,
        site: site.clone(),
        started_at,
        source,
        click_ids: Vec::new(),
        ad_ids: Default::default(),
        labels: Default::default(),
        referrer_host: String::new(),
        landing_host: "example.com".to_owned(),
        landing_page: landing_page.to_owned(),
        machine: Machine { device: Device::Mobile, ..Machine::default() },
        place: Place::default(),
        network: None,
        carried: None,
        consent: Consent::default(),
    }
}

/// A call at `started_at` that nobody is known for.
pub fn call(site: &SiteId, name: &str, started_at: Millis, status: CallStatus) -> Call {
    Call {
        facts: Default::default(),
        id: CallId::of(site, "test", name),
        version: 1,
        site: site.clone(),
        provider: "test".to_owned(),
        provider_call_id: name.to_owned(),
        tracking_number: "+14155550199".parse().ok(),
        caller: Caller { number: "+14155550111".parse().ok(), ..Caller::default() },
        caller_hash: Some("00112233445566778899aabbccddeeff".to_owned()),
        first_time: Some(true),
        status,
        started_at,
        ringing_at: None,
        answered_at: None,
        ended_at: None,
        wait_s: None,
        talk_s: None,
        dial_outcome: None,
        destination: None,
        recording_url: None,
        sip_call_id: None,
        queue_s: None,
        hold_s: None,
        transferred_at: None,
        keys: Vec::new(),
        home: Default::default(),
        screen: None,
        route: None,
        outcome: Default::default(),
        score: None,
        conversions: Vec::new(),
        attribution: None,
        applied: Vec::new(),
    }
}

/// The answer that `visit` made the call.
pub fn made_by(visit: &Visit, confidence: f64) -> Attribution {
    Attribution {
        basis: Basis::Holder,
        session: Some(visit.session),
        visitor: visit.visitor,
        confidence,
        fit: 0,
        observed: None,
        nobody: 0.0,
        tier: Tier::Own,
        source: Some(visit.source.clone()),
        landing_host: visit.landing_host.clone(),
        landing_page: visit.landing_page.clone(),
        page: visit.landing_page.clone(),
        referrer_host: visit.referrer_host.clone(),
        session_started_at: Some(visit.started_at),
        machine: visit.machine.clone(),
        place: visit.place.clone(),
        click_ids: Vec::new(),
        ad_ids: Default::default(),
        labels: visit.labels.clone(),
        consent: visit.consent,
        candidates: Vec::new(),
        touches: vec![TouchCredit {
            session: visit.session,
            at: visit.started_at,
            source: visit.source.clone(),
            landing_page: visit.landing_page.clone(),
            credits: Credits { first: 1.0, last: 1.0, ..Credits::default() },
        }],
        revised: None,
    }
}

/// The ledger event of a visit.
pub fn session_event(visit: &Visit) -> Envelope {
    let event = Event::Session(Box::new(visit.clone()));
    Envelope::new(visit.site.clone(), visit.started_at, visit.session.to_string(), event)
}

/// The ledger event of a call's snapshot.
pub fn call_event(call: &Call) -> Envelope {
    let id = format!("{}.{}", call.id, call.version);
    let event = Event::Call(Box::new(call.clone()));
    Envelope::new(call.site.clone(), call.started_at, id, event)
}

/// One pipeline; its parts can be stopped and started.
pub struct World {
    pub redis: TestRedis,
    pub folder: TempDir,
    pub live: Live,
    pub warehouse: Warehouse,
}

impl World {
    /// A pipeline for these sites and time zones.
    pub async fn start(sites: &[(&SiteId, &str)]) -> Self {
        Self::with(sites, |config| config.warehouse.threads = 1).await
    }

    /// The same with a changed configuration.
    pub async fn with(sites: &[(&SiteId, &str)], change: impl FnOnce(&mut Config)) -> Self {
        let redis = TestRedis::start().await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = config(folder.path(), sites);
        change(&mut config);
        let warehouse = Warehouse::of(&config).expect("a warehouse");
        World { redis, folder, live: Live::new(config), warehouse }
    }

    /// How the installation spreads its sites.
    pub fn shards(&self) -> Shards {
        self.live.now().shards
    }

    /// A member of the warehouse's consumer group.
    pub fn consumer(&self, name: &str) -> Consumer {
        let redis = Redis::standalone(self.redis.url(), Patience::of_workers());
        Consumer::new(redis.expect("a handle"), self.shards(), WAREHOUSE_GROUP, name)
    }

    /// The world's segments, closed at 64 kB.
    pub fn segments(&self) -> Segments {
        Segments::closing_at(&self.folder.path().join("segments"), 64 * 1024)
    }

    /// A projector as after a fresh start.
    pub fn projector(&self) -> Projector {
        let consumer = self.consumer(self.warehouse.writer());
        Projector::with_segments(
            consumer,
            self.warehouse.clone(),
            self.segments(),
            self.live.clone(),
        )
    }

    /// Adds events to their streams.
    pub async fn add(&self, envelopes: &[Envelope]) {
        let handle = self.redis.handle();
        // A command names one shard.
        let mut by_shard: BTreeMap<Shard, Vec<&Envelope>> = BTreeMap::new();
        for envelope in envelopes {
            by_shard.entry(self.shards().of(&envelope.site)).or_default().push(envelope);
        }
        for (shard, envelopes) in by_shard {
            for some in envelopes.chunks(500) {
                let mut pipeline = redis::pipe();
                some.iter().for_each(|envelope| append(&mut pipeline, shard, envelope));
                handle.pipeline::<()>("a test", &pipeline).await.expect("Redis takes events");
            }
        }
    }

    /// Projects everything that waits; says how many entries it was.
    pub async fn drain(&self) -> usize {
        drain(&mut self.projector()).await
    }

    /// One number from the warehouse.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let asked = Question::new("answer a test", sql, Vec::new());
        let row = self.warehouse.ask_one(asked).await.expect("an answer").expect("a row");
        row.get(0).expect("a number")
    }
}

/// Runs `projector` until nothing waits; says how many entries it took.
pub async fn drain(projector: &mut Projector) -> usize {
    let mut total = 0;
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        match projector.run_once().await {
            Outcome::Idle => return total,
            // A Redis that is back is noticed a tenth of a second later.
            Outcome::Failed(ProjectorError::Store(StoreError::Unavailable(_)))
                if Instant::now() < end =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Outcome::Wrote { events, .. } => total += events,
            Outcome::Failed(error) => panic!("the projector failed: {error}"),
        }
    }
}
