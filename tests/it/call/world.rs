//! One installation with one site, its own Redis and its own spool.

use std::sync::{Arc, OnceLock};

use actix_web::http::StatusCode;
use actix_web::{App, test, web};
use base64::Engine;
use hmac::{Hmac, Mac};
use ringtrace::call::archive::Archive;
use ringtrace::call::command::worker::{CommandWorker, Commander};
use ringtrace::call::live::hub::Hub;
use ringtrace::call::model::Call;
use ringtrace::call::providers::accounts::client::ApiClient;
use ringtrace::call::recorder::Recorder;
use ringtrace::call::spool::{Spool, SpoolOptions};
use ringtrace::call::worker::CallWorker;
use ringtrace::call::{http, store::CallStore};
use ringtrace::config::Live;
use ringtrace::config::model::Config;
use ringtrace::http::auth::key_hash;
use ringtrace::http::limits::ApiLimiter;
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::{Clock, Millis};
use ringtrace::platform::ids::{CallId, SessionId, SiteId};
use ringtrace::platform::keys::{Shards, SiteKeys};
use ringtrace::platform::redis::Redis;
use ringtrace::platform::shutdown::Shutdown;
use ringtrace::visit::tables::Tables;
use ringtrace::warehouse::store::Warehouse;
use tempfile::TempDir;
use utoipa_actix_web::AppExt;

use crate::support::caller_keys;
use crate::support::redis::TestRedis;

pub const PUBLIC_URL: &str = "https://calls.example.com";
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub const GENERIC_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/// Of the seed 00, 01, … 1f.
pub const TELNYX_PUBLIC_KEY: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
pub const CALLER: &str = "+14155550100";
pub const TRACKING: &str = "+14155550199";
/// 2026-01-02T03:04:05Z
pub const T: i64 = 1_767_323_045_000;

/// Everything a webhook needs.
pub struct World {
    pub redis: TestRedis,
    pub site: SiteId,
    pub live: Live,
    pub clock: Clock,
    pub spool: Spool,
    pub recorder: Recorder,
    pub commander: Commander,
    /// Ends the worker of the commander.
    _over: Shutdown,
    pub warehouse: Warehouse,
    pub data: TempDir,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub content_type: String,
    pub body: String,
}

/// Nothing waits: what is not done is replayed at once, what is done is forgotten at once.
pub fn impatient() -> SpoolOptions {
    SpoolOptions {
        grace: std::time::Duration::ZERO,
        settle_after: std::time::Duration::ZERO,
        ..SpoolOptions::default()
    }
}

fn config(site: &SiteId) -> Config {
    let mut config: toml::Table =
        toml::from_str(include_str!("../../../config/ringtrace.toml")).expect("the defaults");
    let more = format!(
        r#"
        [[api_keys]]
        name = "analyst"
        sha256 = "{analyst}"
        scope = "analyst"
        [[api_keys]]
        name = "reader"
        sha256 = "{reader}"
        scope = "reader"
        [[api_keys]]
        name = "elsewhere"
        sha256 = "{elsewhere}"
        scope = "admin"
        sites = ["other"]
        [[sites]]
        id = "{site}"
        key = "pk_test"
        forward_to = "+14155550111"
        [sites.telephony.twilio]
        auth_token = "{TOKEN}"
        [sites.telephony.generic]
        secret = "{GENERIC_SECRET}"
        [[sites.telephony.signalwire]]
        signing_key = "PSK_of_another_project"
        [[sites.telephony.signalwire]]
        signing_key = "{TOKEN}"
        [sites.telephony.telnyx]
        public_key = "{TELNYX_PUBLIC_KEY}"
        [sites.telephony.plivo]
        auth_token = "the token before"
        second_auth_token = "{TOKEN}"
        [sites.telephony.vonage]
        signature_secret = "{TOKEN}"
        [sites.telephony.bandwidth]
        username = "ringtrace"
        password = "{TOKEN}"
        [sites.telephony.freeswitch]
        token = "{TOKEN}"
        [sites.telephony.asterisk]
        token = "{TOKEN}"
        [sites.telephony.kamailio]
        token = "{TOKEN}"
        [[sites.static_numbers]]
        number = "+14155550188"
        source = "billboard"
        [[sites.conversions]]
        name = "qualified"
        when = {{ answered = true, min_talk_s = 60 }}
        destinations = ["network"]
        [[sites]]
        id = "other"
        key = "pk_other"
        forward_to = "+14155550112"
        "#,
        analyst = key_hash("analyst-key"),
        reader = key_hash("reader-key"),
        elsewhere = key_hash("elsewhere-key"),
    );
    config.extend(toml::from_str::<toml::Table>(&more).expect("the site"));
    let mut config: Config = config.try_into().expect("a configuration");
    config.server.public_url = PUBLIC_URL.to_owned();
    // Many tests share the machine: that a call waits no longer than it may is for `faults`.
    config.limits.webhook_wait = jiff::SignedDuration::from_secs(4);
    config
}

impl World {
    pub async fn start() -> Self {
        let redis = TestRedis::start().await;
        let site = crate::support::unique_site();
        let live = Live::new(config(&site));
        let clock = Clock::default();
        clock.set(Millis(T));
        let data = tempfile::tempdir().expect("a folder");
        let spool = Spool::open(&data.path().join("spool"), impatient()).expect("a spool");
        let recorder = recorder_on(redis.handle(), &live, &clock);
        let warehouse = Warehouse::open(data.path(), 1).expect("a warehouse");
        let over = Shutdown::default();
        let (commander, commands) = commander(&live, &spool, &clock);
        tokio::spawn(commands.run(over.signal()));
        World { redis, site, live, clock, spool, recorder, commander, _over: over, warehouse, data }
    }

    pub fn keys(&self) -> SiteKeys {
        self.shards().keys(&self.site)
    }

    pub fn shards(&self) -> Shards {
        self.live.now().shards
    }

    pub fn worker(&self) -> CallWorker {
        CallWorker::new(self.recorder.clone(), self.spool.clone(), self.commander.clone())
    }

    pub async fn send(&self, request: test::TestRequest) -> Reply {
        self.send_to(&self.recorder, request).await
    }

    /// Sends a request to a service with this recorder.
    pub async fn send_to(&self, recorder: &Recorder, request: test::TestRequest) -> Reply {
        let app = App::new()
            .app_data(web::Data::new(ApiLimiter::new(&self.live.now().config.limits)))
            .app_data(web::Data::new(self.live.clone()))
            .app_data(web::Data::new(recorder.clone()))
            .app_data(web::Data::new(self.spool.clone()))
            .app_data(web::Data::new(self.commander.clone()))
            .app_data(web::Data::new(Archive::new(self.warehouse.clone(), caller_keys())))
            .app_data(web::Data::new(Hub::new(
                self.redis.handle(),
                self.live.clone(),
                caller_keys(),
            )))
            .app_data(web::Data::from(tables()))
            .into_utoipa_app()
            .configure(http::routes)
            .into_app();
        let app = test::init_service(app).await;
        let response = test::call_service(&app, request.to_request()).await;
        let status = response.status();
        let header = response.headers().get("content-type");
        let content_type =
            header.map(|v| v.to_str().expect("ascii").to_owned()).unwrap_or_default();
        let body = test::read_body(response).await;
        let body = String::from_utf8(body.to_vec()).expect("a text");
        Reply { status, content_type, body }
    }

    /// Sends a webhook as Twilio signs it, for the address the world knows, not for `Host`.
    pub async fn twilio(&self, event: &str, form: &[(&str, &str)]) -> Reply {
        self.send(self.signed(event, form)).await
    }

    /// The same, not sent yet.
    pub fn signed(&self, event: &str, form: &[(&str, &str)]) -> test::TestRequest {
        let path = format!("/v1/telephony/twilio/{}/{event}", self.site);
        let signature = twilio_signature(TOKEN, &format!("{PUBLIC_URL}{path}"), form);
        test::TestRequest::post()
            .uri(&path)
            .insert_header(("host", "10.0.0.7:9999"))
            .insert_header(("x-forwarded-proto", "http"))
            .insert_header(("x-twilio-signature", signature))
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload(encoded(form))
    }

    pub async fn get(&self, path: &str, key: &str) -> Reply {
        let bearer = ("authorization", format!("Bearer {key}"));
        self.send(test::TestRequest::get().uri(path).insert_header(bearer)).await
    }

    pub async fn call(&self, provider: &str, provider_call_id: &str) -> Option<Call> {
        let id = CallId::of(&self.site, provider, provider_call_id);
        let store = CallStore::new(self.recorder.store().redis().clone(), caller_keys());
        store.load(&self.keys(), id).await.expect("redis answers")
    }

    /// How many events the spool would hand out: asked through its queue, so after all notes.
    pub async fn unsaved(&self) -> usize {
        self.spool.replayable(1_000).await.expect("the spool lives").len()
    }

    pub async fn ask<T: redis::FromRedisValue>(&self, command: &mut redis::Cmd) -> T {
        let redis = self.recorder.store().redis();
        redis.command("a test", command).await.expect("redis answers")
    }

    /// The versions of all calls in the ledger, in ledger order.
    pub async fn ledger(&self) -> Vec<Call> {
        type Rows = Vec<(String, Vec<(String, String)>)>;
        let stream = self.keys().shard.ledger();
        let rows: Rows = self.ask(redis::cmd("XRANGE").arg(stream).arg("-").arg("+")).await;
        let envelopes = rows.iter().map(|(_, fields)| {
            assert_eq!(fields.len(), 1);
            let envelope: Envelope = serde_json::from_str(&fields[0].1).expect("an envelope");
            let Event::Call(call) = envelope.event else { panic!("a call's entry") };
            assert_eq!(envelope.id, format!("{}.{}", call.id, call.version));
            *call
        });
        envelopes.collect()
    }

    pub async fn queued_postbacks(&self) -> Vec<String> {
        let body = self.keys().shard.outbox_body();
        self.ask(redis::cmd("HKEYS").arg(body)).await
    }

    /// A session that came from a Google ad and holds the tracking number since a minute.
    pub async fn holder(&self, tel_click_at: i64) -> SessionId {
        let session = SessionId::new();
        let visit = serde_json::json!({
            "session": session, "site": self.site, "started_at": T - 60_000,
            "source": "google", "medium": "cpc", "campaign": "spring", "channel": "Paid Search",
            "click_ids": [{"name": "gclid", "value": "abc"}], "landing_host": "www.example.com",
            "landing_page": "/plumbing", "device": "mobile",
            "consent": {"analytics": false, "ads": true},
        });
        let keys = self.keys();
        let key = keys.session(&session);
        let _: String = self.ask(redis::cmd("SET").arg(key).arg(visit.to_string())).await;
        let (from, seen) = (T - 60_000, T - 5_000);
        let entry = format!("{} {from} {seen} own {tel_click_at} {seen} main", session.short());
        let number = TRACKING.parse().expect("a number");
        let holders = keys.holders(&number);
        let _: i64 = self.ask(redis::cmd("RPUSH").arg(holders).arg(entry)).await;
        session
    }
}

/// A commander, and the worker that it needs to do anything.
pub fn commander(live: &Live, spool: &Spool, clock: &Clock) -> (Commander, CommandWorker) {
    let client = ApiClient::new(&live.now().config.providers).expect("a client");
    Commander::new(client, spool.clone(), clock.clone())
}

pub fn recorder_on(redis: Redis, live: &Live, clock: &Clock) -> Recorder {
    Recorder::new(redis, live.clone(), clock.clone(), caller_keys(), tables())
}

/// Read once: that takes its time.
fn tables() -> Arc<Tables> {
    static TABLES: OnceLock<Arc<Tables>> = OnceLock::new();
    TABLES.get_or_init(|| Arc::new(Tables::load().expect("the tables"))).clone()
}

pub fn encoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

pub fn twilio_signature(token: &str, url: &str, form: &[(&str, &str)]) -> String {
    let mut sorted = form.to_vec();
    sorted.sort();
    let text: String = sorted.iter().flat_map(|(name, value)| [*name, *value]).collect();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()).expect("any key");
    mac.update(url.as_bytes());
    mac.update(text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// The webhooks of one answered call: 10 s of ringing, 95 s of talk.
pub fn answered_call(sid: &'static str) -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let parent = vec![("CallSid", sid), ("From", CALLER), ("To", TRACKING)];
    let with = |more: &[(&'static str, &'static str)]| [parent.clone(), more.to_vec()].concat();
    let leg = |status: &'static str, time: &'static str| {
        let ids = [("CallSid", "CA-leg"), ("ParentCallSid", sid)];
        [&ids[..], &[("CallStatus", status), ("Timestamp", time), ("To", "+14155550111")]].concat()
    };
    vec![
        ("voice", with(&[("CallStatus", "ringing"), ("FromCountry", "US"), ("CallerName", "")])),
        ("leg", leg("ringing", "Fri, 02 Jan 2026 03:04:07 +0000")),
        ("leg", leg("in-progress", "Fri, 02 Jan 2026 03:04:15 +0000")),
        ("leg", leg("completed", "Fri, 02 Jan 2026 03:05:50 +0000")),
        (
            "dial",
            with(&[
                ("DialCallSid", "CA-leg"),
                ("DialCallStatus", "completed"),
                ("DialBridged", "true"),
                ("DialCallDuration", "95"),
            ]),
        ),
        (
            "status",
            with(&[
                ("CallStatus", "completed"),
                ("CallDuration", "105"),
                ("Timestamp", "Fri, 02 Jan 2026 03:05:50 +0000"),
            ]),
        ),
    ]
}
