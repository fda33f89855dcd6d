//! A warehouse with the report routes in front of it, and a day of a business in it.

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use ringtrace::call::facts::{CallBack, CallFacts};
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::config::Live;
use ringtrace::config::model::{ApiKey, Config, Scope};
use ringtrace::costs::model::{Cost, CostKind, Staffing};
use ringtrace::export::store::Exports;
use ringtrace::http::auth::key_hash;
use ringtrace::http::limits::ApiLimiter;
use ringtrace::lead::model::Lead;
use ringtrace::lease::model::{LeaseFact, Tier};
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::Clock;
use ringtrace::platform::ids::{LeadId, SiteId};
use ringtrace::report::query::benchmarks::Benchmarks;
use ringtrace::visit::model::Visit;
use ringtrace::warehouse::rules::facts;
use ringtrace::warehouse::setting::Setting;
use ringtrace::warehouse::store::Warehouse;
use serde_json::{Value, json};
use utoipa_actix_web::AppExt;

use super::super::Engine;
use crate::support::facts::{at, call, call_event, config, made_by, session_event, source, visit};

/// Facts without a ledger, and the routes.
pub struct World {
    folder: tempfile::TempDir,
    _engine: Engine,
    pub live: Live,
    pub clock: Clock,
    pub warehouse: Warehouse,
}

impl World {
    /// Sites with their zones; the keys `reader` and `analyst` see all, `shop` and `shop analyst` one of them. It is 2026-03-09, noon.
    pub fn new(sites: &[(&str, &str)]) -> Self {
        Self::with(sites, |_| {})
    }

    /// The same with a changed configuration.
    pub fn with(sites: &[(&str, &str)], change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ids: Vec<(SiteId, &str)> = sites.iter().map(|(id, zone)| (site(id), *zone)).collect();
        let ids: Vec<(&SiteId, &str)> = ids.iter().map(|(id, zone)| (id, *zone)).collect();
        let mut config = config(folder.path(), &ids);
        let key = |name: &str, scope, sites| ApiKey {
            name: name.to_owned(),
            sha256: key_hash(name),
            scope,
            sites,
            expires_at: None,
        };
        config.api_keys = vec![
            key("reader", Scope::Reader, Vec::new()),
            key("shop", Scope::Reader, vec![site("shop")]),
            key("analyst", Scope::Analyst, Vec::new()),
            key("shop analyst", Scope::Analyst, vec![site("shop")]),
        ];
        change(&mut config);
        let engine = Engine::start();
        engine.configure(&mut config);
        let warehouse = Warehouse::of(&config).expect("a warehouse");
        let clock = Clock::default();
        clock.set(at("2026-03-09T12:00:00Z"));
        World { folder, _engine: engine, live: Live::new(config), clock, warehouse }
    }

    pub async fn write(&self, envelopes: &[Envelope]) {
        let installation = self.live.now_full();
        let rows = facts(envelopes.iter(), |e| Setting::of(&installation, &e.site));
        self.warehouse.write(rows, Vec::new()).await.expect("written");
    }

    pub async fn send(&self, request: TestRequest) -> (StatusCode, web::Bytes) {
        let (app, _) = App::new()
            .app_data(web::Data::new(ApiLimiter::new(&self.live.now().config.limits)))
            .app_data(web::Data::new(self.live.clone()))
            .app_data(web::Data::new(self.clock.clone()))
            .app_data(web::Data::new(self.warehouse.clone()))
            .app_data(web::Data::new(Benchmarks::embedded().expect("benchmarks")))
            .app_data(web::Data::new(Exports::new(self.warehouse.clone(), self.folder.path())))
            .into_utoipa_app()
            .configure(ringtrace::report::http::routes)
            .configure(ringtrace::export::http::routes)
            .split_for_parts();
        let app = init_service(app).await;
        let response = call_service(&app, request.to_request()).await;
        (response.status(), read_body(response).await)
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = TestRequest::get().uri(path).insert_header(bearer("reader"));
        let (status, body) = self.send(request).await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    pub async fn post(&self, path: &str, question: Value) -> (StatusCode, Value) {
        let request = TestRequest::post().uri(path).insert_header(bearer("reader"));
        let (status, body) = self.send(request.set_payload(question.to_string())).await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// The answer to a question about the first days of March.
    pub async fn ask(&self, mut question: Value) -> Value {
        let fields = question.as_object_mut().expect("an object");
        if !fields.contains_key("period") {
            fields.entry("from").or_insert(json!("2026-03-01"));
            fields.entry("to").or_insert(json!("2026-03-08"));
        }
        let (status, answer) = self.post("/v1/reports/query", question).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }
}

pub fn bearer(key: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {key}"))
}

pub fn site(id: &str) -> SiteId {
    id.parse().expect("a site id")
}

/// The keyed hash of the caller with this letter.
pub fn hash(caller: char) -> Option<String> {
    Some(format!("{:016x}ffffffffffffffff", u32::from(caller)))
}

pub fn lease(of: &Visit, tier: Tier, number: Option<&str>) -> Envelope {
    lease_in("main", of, tier, number)
}

pub fn lease_in(pool: &str, of: &Visit, tier: Tier, number: Option<&str>) -> Envelope {
    let fact = LeaseFact {
        session: of.session,
        site: of.site.clone(),
        pool: pool.parse().expect("an id"),
        target: None,
        number: number.and_then(|number| number.parse().ok()),
        tier,
    };
    let id = format!("{}.{pool}.{}", of.session, tier.word());
    Envelope::new(of.site.clone(), of.started_at, id, Event::Lease(Box::new(fact)))
}

pub fn cost(site: &SiteId, date: &str, kind: CostKind, amount: &str) -> Envelope {
    let cost = Cost {
        date: date.parse().expect("a date"),
        source: "google".to_owned(),
        medium: "cpc".to_owned(),
        campaign: "spring".to_owned(),
        campaign_id: String::new(),
        channel: "Paid Search".to_owned(),
        publisher: String::new(),
        kind,
        amount: amount.to_owned(),
        currency: "USD".to_owned(),
    };
    let id = format!("{site}.{date}.{}", kind.word());
    Envelope::new(site.clone(), at("2026-03-09T00:00:00Z"), id, Event::Cost(Box::new(cost)))
}

/// Three visits, nine calls and one that is unwanted, a form, costs and an hour of one agent.
pub fn day(site: &SiteId) -> Vec<Envelope> {
    let ad = source("google", "cpc", "spring", "Paid Search");
    let first = visit(site, at("2026-03-02T09:10:00Z"), ad.clone(), "/plumbing");
    let second = visit(site, at("2026-03-02T09:20:00Z"), ad, "/plumbing");
    let search = source("google", "organic", "", "Organic Search");
    let third = visit(site, at("2026-03-02T09:30:00Z"), search, "/");
    let mut events = vec![
        session_event(&first),
        session_event(&second),
        session_event(&third),
        lease(&first, Tier::Own, Some("+14155550101")),
        lease(&second, Tier::Shared, Some("+14155550101")),
        lease(&third, Tier::Unrested, Some("+14155550102")),
        cost(site, "2026-03-02", CostKind::Ad, "100"),
        cost(site, "2026-03-02", CostKind::Fee, "20.00"),
    ];
    let staffing = Staffing {
        date: "2026-03-02".parse().expect("a date"),
        agent: "ann".to_owned(),
        shift: String::new(),
        seconds: 3_600,
        wage: Some("30".to_owned()),
        currency: "USD".to_owned(),
    };
    let staffing = Event::Staffing(Box::new(staffing));
    events.push(Envelope::new(
        site.clone(),
        at("2026-03-09T00:00:00Z"),
        "ann".to_owned(),
        staffing,
    ));
    let lead = Lead {
        id: LeadId::of(site, "f"),
        site: site.clone(),
        kind: "form".to_owned(),
        at: at("2026-03-02T16:00:00Z"),
        name: String::new(),
        session: None,
        visitor: None,
        caller: None,
        sealed_caller: None,
        caller_hash: hash('f'),
        source: Some(source("google", "organic", "", "Organic Search")),
        landing_host: String::new(),
        landing_page: String::new(),
    };
    let at_lead = lead.at;
    events.push(Envelope::new(site.clone(), at_lead, "f".to_owned(), Event::Lead(Box::new(lead))));
    events.extend(calls(site, &first).iter().map(call_event));
    events
}

fn calls(site: &SiteId, visit: &Visit) -> Vec<Call> {
    let of = |name: &str, time: &str, status, caller, is_first| Call {
        caller_hash: hash(caller),
        first_time: Some(is_first),
        ..call(site, name, at(&format!("2026-03-02T{time}Z")), status)
    };
    let mut booked = Call {
        attribution: Some(made_by(visit, 0.9)),
        wait_s: Some(10),
        talk_s: Some(100),
        hold_s: Some(30),
        transferred_at: Some(at("2026-03-02T09:16:00Z")),
        ..of("1", "09:15:00", CallStatus::Answered, 'a', true)
    };
    booked.outcome = serde_json::from_value(json!({
        "disposition": "booked", "tags": ["vip", "new"], "agent": "ann", "qualified": true, "converted": true,
        "appointment": true, "value": "250", "lead_score": 80, "csat": 5, "nps": 10, "resolved": true,
        "wrap_up_s": 20, "at": at("2026-03-04T09:15:00Z").0,
    }))
    .expect("an outcome");
    let mut asked = Call {
        attribution: Some(made_by(visit, 0.7)),
        wait_s: Some(30),
        talk_s: Some(200),
        ..of("2", "10:00:00", CallStatus::Answered, 'a', false)
    };
    asked.outcome = serde_json::from_value(json!({
        "disposition": "info", "tags": ["vip"], "agent": "ann", "qualified": true, "converted": false, "csat": 3,
        "nps": 6, "resolved": true,
    }))
    .expect("an outcome");
    let back = CallBack { at: at("2026-03-02T11:30:00Z"), answered: true };
    let gave_up = Call {
        wait_s: Some(12),
        ended_at: Some(at("2026-03-02T11:00:12Z")),
        facts: CallFacts { call_backs: vec![back], ..CallFacts::default() },
        ..of("3", "11:00:00", CallStatus::Canceled, 'b', true)
    };
    let at_once = Call { wait_s: Some(3), ..of("4", "12:00:00", CallStatus::Canceled, 'c', true) };
    let mut escalated = Call {
        wait_s: Some(15),
        talk_s: Some(60),
        answered_at: Some(at("2026-03-02T15:00:15Z")),
        ..of("7", "15:00:00", CallStatus::Answered, 'c', false)
    };
    escalated.caller.forwarded_from = "+14155550177".parse().ok();
    escalated.outcome = serde_json::from_value(json!({
        "disposition": "booked", "nps": 9, "escalated": true, "resolved": false, "qualified": false,
    }))
    .expect("an outcome");
    let unwanted = Call {
        screen: serde_json::from_value(json!({"reasons": ["rate"]})).ok(),
        ..of("9", "15:30:00", CallStatus::Answered, 'x', true)
    };
    vec![
        booked,
        asked,
        gave_up,
        at_once,
        of("5", "13:00:00", CallStatus::Busy, 'd', true),
        of("6", "14:00:00", CallStatus::Voicemail, 'c', false),
        escalated,
        of("8", "15:10:00", CallStatus::Rejected, 'e', true),
        unwanted,
        of("10", "16:20:00", CallStatus::Answered, 'f', false),
    ]
}
