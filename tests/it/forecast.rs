//! Forecast, staffing and what-if over HTTP, on a real warehouse.

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use ringtrace::call::model::CallStatus;
use ringtrace::config::Live;
use ringtrace::config::model::{ApiKey, Scope};
use ringtrace::http::auth::key_hash;
use ringtrace::http::limits::ApiLimiter;
use ringtrace::ledger::model::Envelope;
use ringtrace::platform::clock::{Clock, Millis};
use ringtrace::platform::ids::SiteId;
use ringtrace::warehouse::rules::facts;
use ringtrace::warehouse::store::Warehouse;
use ringtrace::warehouse::zone::site_zone;
use serde_json::{Value, json};
use utoipa_actix_web::AppExt;

use super::Engine;
use crate::support::facts::{at, call, call_event, config, made_by, session_event, source, visit};

struct World {
    _folder: tempfile::TempDir,
    _engine: Engine,
    live: Live,
    clock: Clock,
    warehouse: Warehouse,
}

impl World {
    /// Ten weeks of a site in New York that ends on 8 March 2026, when clocks go forward: ten calls on working days at
    /// 10:00 local time, of which eight are answered for 300 s, and two at 20:00, that nobody answers.
    async fn new() -> Self {
        let site: SiteId = "shop".parse().expect("a site id");
        let other: SiteId = "other".parse().expect("a site id");
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path(), &[(&site, "America/New_York"), (&other, "UTC")]);
        config.api_keys = vec![ApiKey {
            name: "reader".to_owned(),
            sha256: key_hash("reader"),
            scope: Scope::Reader,
            sites: vec![site.clone()],
            expires_at: None,
        }];
        let engine = Engine::start();
        engine.configure(&mut config);
        let warehouse = Warehouse::of(&config).expect("a warehouse");
        let live = Live::new(config);
        let clock = Clock::default();
        clock.set(at("2026-03-09T12:00:00Z"));
        let mut envelopes = Vec::new();
        let first = at("2025-12-29T15:00:00Z");
        for day in 0..70_i64 {
            if day % 7 >= 5 {
                continue;
            }
            let morning = first.plus(day * 86_400_000);
            for n in 0..12_i64 {
                let started = morning.plus(n * 60_000 + if n >= 10 { 10 * 3_600_000 } else { 0 });
                envelopes.extend(one_call(&site, &format!("{day}-{n}"), started, n < 8));
            }
        }
        let world = World { _folder: folder, _engine: engine, live, clock, warehouse };
        let installation = world.live.now_full();
        let facts = facts(envelopes.iter(), |e| site_zone(&installation, &e.site));
        world.warehouse.write(facts, Vec::new()).await.expect("written");
        world
    }

    async fn ask(&self, request: TestRequest) -> (StatusCode, Value) {
        let (app, _) = App::new()
            .app_data(web::Data::new(ApiLimiter::new(&self.live.now().config.limits)))
            .app_data(web::Data::new(self.live.clone()))
            .app_data(web::Data::new(self.clock.clone()))
            .app_data(web::Data::new(self.warehouse.clone()))
            .into_utoipa_app()
            .configure(ringtrace::forecast::http::routes)
            .split_for_parts();
        let app = init_service(app).await;
        let request = request.insert_header(("authorization", "Bearer reader")).to_request();
        let response = call_service(&app, request).await;
        let status = response.status();
        let body = read_body(response).await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(TestRequest::get().uri(path)).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }
}

fn one_call(site: &SiteId, name: &str, started: Millis, answered: bool) -> Vec<Envelope> {
    let visit = visit(site, started, source("google", "cpc", "", "Paid Search"), "/");
    let status = if answered { CallStatus::Answered } else { CallStatus::NoAnswer };
    let mut call = call(site, name, started, status);
    call.attribution = Some(made_by(&visit, 0.9));
    call.ended_at = Some(started.plus(300_000));
    if answered {
        call.answered_at = Some(started);
        call.talk_s = Some(300);
    }
    vec![session_event(&visit), call_event(&call)]
}

#[actix_web::test]
async fn a_steady_past_is_expected_to_go_on() {
    let world = World::new().await;
    let told = world.get("/v1/sites/shop/forecast?days=7").await;
    assert_eq!(
        (told["time_zone"].as_str(), told["days_known"].as_u64()),
        (Some("America/New_York"), Some(70))
    );
    let days = told["expected"].as_array().expect("days");
    assert_eq!((days.len(), days[0]["date"].as_str()), (7, Some("2026-03-09")), "from today on");
    for day in &days[..5] {
        let calls = day["calls"].as_f64().expect("a number");
        assert!((calls - 12.0).abs() < 1.0, "{day}");
    }
    assert!(days[5]["calls"].as_f64().expect("a number") < 1.0, "a Saturday: {days:?}");
    let error = told["quality"]["mean_error"].as_f64().expect("weeks were held back");
    assert!(error < 1.0, "{told}");

    let hours = world.get("/v1/sites/shop/forecast?days=1&grain=hour").await;
    let of = |hour: usize| hours["expected"][hour]["calls"].as_f64().expect("a number");
    assert!((of(10) - 10.0).abs() < 1.0 && (of(20) - 2.0).abs() < 0.7 && of(3) < 0.2, "{hours}");
}

#[actix_web::test]
async fn staffing_follows_erlang_c_and_the_sites_own_handle_time() {
    let world = World::new().await;
    let told = world.get("/v1/sites/shop/staffing?days=1&away=0.5").await;
    assert_eq!(told["handle_time_s"].as_f64(), Some(300.0));
    assert_eq!(told["handle_time_from"], "measured");
    let ten = &told["hours"][10];
    // Ten calls of 300 s are 0.83 erlangs: three people answer 4 of 5 in 20 s, two do not.
    assert_eq!((ten["people"].as_u64(), ten["rostered"].as_u64()), (Some(3), Some(6)), "{ten}");
    assert!(ten["service_level"].as_f64().expect("a share") >= 0.8, "{ten}");
    assert_eq!(told["hours"][3]["people"].as_u64(), Some(0), "hardly anybody calls at three");
    let other = world.get("/v1/sites/shop/staffing?days=1&handle_time=600").await;
    assert_eq!(other["handle_time_from"], "given");
    assert!(other["hours"][10]["people"].as_u64() > Some(3), "{other}");
}

#[actix_web::test]
async fn other_hours_and_budgets_are_estimated_with_what_they_assume() {
    let world = World::new().await;
    let ask = |body: Value| {
        let request = TestRequest::post().uri("/v1/sites/shop/what-if").set_json(body);
        world.ask(request)
    };
    let (status, told) = ask(json!({ "open": ["mon-fri 09:00-21:00"] })).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    // Ten calls a week at 20:00, answered as at 10:00: eight of ten.
    let more = told["more_answered"]["estimate"].as_f64().expect("a number");
    assert!((more - 8.0).abs() < 1e-6, "{told}");
    assert!(!told["assumptions"].as_array().expect("a list").is_empty());
    let budget = json!({ "source": "google", "spent": 100.0, "would_be": 400.0 });
    let (_, told) = ask(json!({ "budgets": [budget], "elasticity": 0.5 })).await;
    let more = told["more_calls"]["estimate"].as_f64().expect("a number");
    assert!((more - 60.0).abs() < 1e-6, "twice the 60 calls a week: {told}");
    let (status, told) =
        ask(json!({ "budgets": [{ "source": "x", "spent": 1.0, "would_be": 2.0 }] })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{told}");
    let (status, _) = ask(json!({ "days": 3 })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn questions_out_of_bounds_and_other_sites_are_refused() {
    let world = World::new().await;
    for path in [
        "forecast?days=0",
        "forecast?days=93",
        "staffing?service_level=1",
        "staffing?away=-1",
        "staffing?within=NaN",
    ] {
        let (status, body) =
            world.ask(TestRequest::get().uri(&format!("/v1/sites/shop/{path}"))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {body}");
    }
    let (status, _) = world.ask(TestRequest::get().uri("/v1/sites/shop/staffing?hours=none")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    for site in ["other", "nobody"] {
        let (status, _) =
            world.ask(TestRequest::get().uri(&format!("/v1/sites/{site}/forecast"))).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{site}");
    }
}
