//! Credit by every model, in every report, against sums computed by hand; and that whole calls sum to the number of calls,
//! fractional ones to the sum of their confidences.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use proptest::prelude::*;
use ringtrace::attribution::credit::{Contact, credits};
use ringtrace::attribution::model::{Attribution, Basis};
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::config::Live;
use ringtrace::config::model::{ApiKey, Scope};
use ringtrace::http::auth::key_hash;
use ringtrace::http::limits::ApiLimiter;
use ringtrace::ledger::model::Envelope;
use ringtrace::platform::clock::{Clock, Millis};
use ringtrace::platform::ids::SiteId;
use ringtrace::platform::schedule::Ran;
use ringtrace::report::credits::model::{Bounds, ByClock, Crediting, Model, Weight};
use ringtrace::report::credits::worker::EffectsWorker;
use ringtrace::report::model::{Period, ReportKind, ReportQuery, SpamFilter};
use ringtrace::report::query::benchmarks::Benchmarks;
use ringtrace::report::store::answer;
use ringtrace::visit::model::{Touch, Visit};
use ringtrace::warehouse::question::Question;
use ringtrace::warehouse::rules::facts;
use ringtrace::warehouse::store::Warehouse;
use ringtrace::warehouse::zone::site_zone;
use serde_json::Value;
use utoipa_actix_web::AppExt;

use super::Engine;
use crate::support::facts::{at, call, call_event, config, made_by, session_event, source, visit};
use crate::support::redis::TestRedis;

struct World {
    _folder: tempfile::TempDir,
    _engine: Engine,
    live: Live,
    clock: Clock,
    warehouse: Warehouse,
}

const ALL: &str = "from=2026-02-20&to=2026-03-09";

impl World {
    fn new(site: &SiteId) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path(), &[(site, "UTC")]);
        config.api_keys = vec![ApiKey {
            name: "reader".to_owned(),
            sha256: key_hash("reader"),
            scope: Scope::Reader,
            sites: Vec::new(),
            expires_at: None,
        }];
        let engine = Engine::start();
        engine.configure(&mut config);
        let warehouse = Warehouse::of(&config).expect("a warehouse");
        let live = Live::new(config);
        let clock = Clock::default();
        clock.set(at("2026-03-09T12:00:00Z"));
        World { _folder: folder, _engine: engine, live, clock, warehouse }
    }

    async fn write(&self, envelopes: &[Envelope]) {
        let installation = self.live.now_full();
        let facts = facts(envelopes.iter(), |e| site_zone(&installation, &e.site));
        self.warehouse.write(facts, Vec::new()).await.expect("written");
    }

    async fn text(&self, path: &str) -> (StatusCode, String) {
        let (app, _) = App::new()
            .app_data(web::Data::new(ApiLimiter::new(&self.live.now().config.limits)))
            .app_data(web::Data::new(self.live.clone()))
            .app_data(web::Data::new(self.clock.clone()))
            .app_data(web::Data::new(self.warehouse.clone()))
            .app_data(web::Data::new(Benchmarks::embedded().expect("benchmarks")))
            .into_utoipa_app()
            .configure(ringtrace::report::http::routes)
            .split_for_parts();
        let app = init_service(app).await;
        let request = TestRequest::get()
            .uri(path)
            .insert_header(("authorization", "Bearer reader"))
            .to_request();
        let response = call_service(&app, request).await;
        let status = response.status();
        let body = read_body(response).await;
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.text(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// The calls of each row by its `name`; rows without any are left out.
    async fn calls(&self, report: &str, query: &str, name: &str) -> BTreeMap<String, f64> {
        let report = self.get(&format!("/v1/reports/{report}?{query}")).await;
        let rows = report["rows"].as_array().expect("rows").iter();
        let calls = rows.map(|row| {
            let key = row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned);
            (key, row["calls"].as_f64().expect("a number"))
        });
        let mut sums = BTreeMap::new();
        calls.for_each(|(key, calls)| *sums.entry(key).or_default() += calls);
        sums.retain(|_, calls| *calls > 0.0);
        sums
    }

    async fn count(&self, question: &'static str) -> i64 {
        let asked = Question::new("count", question, Vec::new());
        let row = self.warehouse.ask_one(asked).await.expect("an answer").expect("a row");
        row.get(0).expect("a number")
    }
}

/// The attribution to the last of these visits, with credit for all of them.
fn earned_by(visits: &[&Visit], called_at: Millis, confidence: f64) -> Attribution {
    let touches: Vec<Touch> = visits.iter().map(|visit| visit.touch()).collect();
    let contact = Contact { call: called_at, first: called_at };
    let last = visits.last().expect("a visit");
    let own = touches.iter().rev().find(|touch| !touch.source.is_direct()).or(touches.last());
    Attribution {
        source: own.map(|touch| touch.source.clone()),
        touches: credits(&touches, contact),
        ..made_by(last, confidence)
    }
}

/// Ann came by an ad, two weeks before a newsletter brought her back one week before she came by herself and called; Bob
/// by the same ad a week before a search, after which he called and nobody answered; Cid by the ad, and stayed silent. One
/// call came to a billboard's number, one is nobody's.
fn fixture(site: &SiteId) -> (Vec<Envelope>, Visit) {
    let ad = source("google", "cpc", "spring", "Paid Search");
    let mail = source("newsletter", "email", "", "Email");
    let direct = source("(direct)", "(none)", "", "Direct");
    let search = source("google", "organic", "", "Organic Search");
    let of = |moment: &str, source, page: &str, who: u128| Visit {
        visitor: Some(ringtrace::platform::ids::VisitorId(uuid::Uuid::from_u128(who))),
        ..visit(site, at(moment), source, page)
    };
    let ann = [
        of("2026-02-22T09:00:00Z", ad.clone(), "/ad", 1),
        of("2026-03-01T09:00:00Z", mail, "/mail", 1),
        of("2026-03-08T09:00:00Z", direct, "/home", 1),
    ];
    let bob = [
        of("2026-02-27T11:00:00Z", ad.clone(), "/ad", 2),
        of("2026-03-06T11:00:00Z", search, "/search", 2),
    ];
    let cid = of("2026-03-03T08:00:00Z", ad, "/ad", 3);
    let when = |moment: &str| at(moment);
    let of_ann = Call {
        attribution: Some(earned_by(
            &ann.iter().collect::<Vec<_>>(),
            when("2026-03-08T09:05:00Z"),
            0.8,
        )),
        talk_s: Some(100),
        conversions: vec!["sale".to_owned()],
        ..call(site, "ann", when("2026-03-08T09:05:00Z"), CallStatus::Answered)
    };
    let of_bob = Call {
        attribution: Some(earned_by(
            &bob.iter().collect::<Vec<_>>(),
            when("2026-03-06T12:00:00Z"),
            0.5,
        )),
        ..call(site, "bob", when("2026-03-06T12:00:00Z"), CallStatus::NoAnswer)
    };
    let billboard = Attribution {
        basis: Basis::Static,
        session: None,
        visitor: None,
        session_started_at: None,
        source: Some(source("billboard", "offline", "", "Offline")),
        landing_host: String::new(),
        landing_page: String::new(),
        touches: Vec::new(),
        ..made_by(&cid, 1.0)
    };
    let of_board = Call {
        attribution: Some(billboard),
        ..call(site, "board", when("2026-03-07T10:00:00Z"), CallStatus::Answered)
    };
    let of_nobody = call(site, "nobody", when("2026-03-07T11:00:00Z"), CallStatus::Answered);
    let mut events: Vec<Envelope> =
        ann.iter().chain(&bob).chain([&cid]).map(session_event).collect();
    events.extend([of_ann, of_bob, of_board, of_nobody].iter().map(call_event));
    (events, cid)
}

fn site() -> SiteId {
    "shop".parse().expect("a site id")
}

/// What each model gives Ann's three touches (ad, newsletter, direct) and Bob's two (ad, search). The removal effects of
/// the ways ad → newsletter → direct → call, ad → search → call and ad → silence are 1 for the ad and 1/2 for each of the
/// others, so the ad's share is 0.4 and theirs 0.2: of Ann's 0.8 the ad has a half, of Bob's 0.6 two thirds.
const BY_HAND: [(&str, [f64; 3], [f64; 2]); 10] = [
    ("first", [1.0, 0.0, 0.0], [1.0, 0.0]),
    ("last", [0.0, 0.0, 1.0], [0.0, 1.0]),
    ("last_non_direct", [0.0, 1.0, 0.0], [0.0, 1.0]),
    ("last_paid", [1.0, 0.0, 0.0], [1.0, 0.0]),
    ("lead_creation", [0.0, 0.0, 1.0], [0.0, 1.0]),
    ("linear", [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0], [0.5, 0.5]),
    ("position_based", [0.4, 0.2, 0.4], [0.5, 0.5]),
    ("w_shaped", [0.3, 0.1, 0.6], [1.0 / 3.0, 2.0 / 3.0]),
    ("time_decay", [1.0 / 7.0, 2.0 / 7.0, 4.0 / 7.0], [1.0 / 3.0, 2.0 / 3.0]),
    ("data_driven", [0.5, 0.25, 0.25], [2.0 / 3.0, 1.0 / 3.0]),
];

fn near(found: &BTreeMap<String, f64>, expected: &[(&str, f64)], what: &str) {
    let expected: BTreeMap<String, f64> = expected
        .iter()
        .filter(|(_, calls)| *calls > 0.0)
        .map(|(name, calls)| ((*name).to_owned(), *calls))
        .collect();
    let same = found.len() == expected.len()
        && expected
            .iter()
            .all(|(key, calls)| (found.get(key).unwrap_or(&0.0) - calls).abs() < 1e-6);
    assert!(same, "{what}: {found:?}, by hand {expected:?}");
}

#[actix_web::test]
async fn every_model_is_what_it_is_by_hand_in_every_report() {
    let site = site();
    let world = World::new(&site);
    world.write(&fixture(&site).0).await;
    for (model, [ad, mail, direct], [bobs_ad, search]) in BY_HAND {
        for (weight, ann, bob, nobody) in [("calls", 1.0, 1.0, 1.0), ("confidence", 0.8, 0.5, 0.0)]
        {
            let what = format!("{model} by {weight}");
            let query = format!("{ALL}&model={model}&weight={weight}");
            let of_ad = ann * ad + bob * bobs_ad;
            let channels = world.calls("sources", &query, "channel").await;
            let expected = [
                ("Paid Search", of_ad),
                ("Email", ann * mail),
                ("Direct", ann * direct),
                ("Organic Search", bob * search),
                ("Offline", 1.0),
                ("Unknown", nobody),
            ];
            near(&channels, &expected, &what);
            let pages = world.calls("landing-pages", &query, "landing_page").await;
            let expected = [
                ("/ad", of_ad),
                ("/mail", ann * mail),
                ("/home", ann * direct),
                ("/search", bob * search),
                ("(none)", 1.0),
                ("(unknown)", nobody),
            ];
            near(&pages, &expected, &what);
            // Filed under the calls' hours, touches do not matter.
            let hours = world.calls("hours", &query, "hour").await;
            near(&hours, &[("9", ann), ("12", bob), ("10", 1.0), ("11", nobody)], &what);
            // Filed under the touches' hours, whole models move calls.
            let hours = world.calls("hours", &format!("{query}&clock=visit"), "hour").await;
            let nine = ann * (ad + mail + direct);
            let eleven = bob * (bobs_ad + search) + nobody;
            near(&hours, &[("9", nine), ("11", eleven), ("10", 1.0)], &what);
            let credits = world.get(&format!("/v1/reports/credits?{ALL}&weight={weight}")).await;
            let rows = credits["rows"].as_array().expect("rows");
            let sums = rows.iter().map(|row| {
                let channel = row["channel"].as_str().expect("a name").to_owned();
                (channel, row["credits"][model].as_f64().expect("a number"))
            });
            let sums: BTreeMap<String, f64> = sums.filter(|(_, credit)| *credit > 0.0).collect();
            let total: f64 = sums.values().sum();
            assert!((total - (ann + bob + 1.0 + nobody)).abs() < 1e-9, "{what}: {total}");
            assert_eq!(sums.len(), channels.len(), "{what}");
            let same = sums.iter().all(|(name, sum)| (channels[name] - sum).abs() < 1e-6);
            assert!(same, "{what}: {sums:?} {channels:?}");
        }
    }
}

#[actix_web::test]
async fn credit_has_two_clocks_a_filter_and_a_file() {
    let site = site();
    let world = World::new(&site);
    world.write(&fixture(&site).0).await;
    // From the fifth of March on only the last touches lie in the period, and the calls all do.
    let late = "from=2026-03-05&to=2026-03-09&model=linear";
    let by_call = world.calls("sources", late, "channel").await;
    near(
        &by_call,
        &[
            ("Paid Search", 5.0 / 6.0),
            ("Email", 1.0 / 3.0),
            ("Direct", 1.0 / 3.0),
            ("Organic Search", 0.5),
            ("Offline", 1.0),
            ("Unknown", 1.0),
        ],
        "clock of the call",
    );
    let by_visit = world.calls("sources", &format!("{late}&clock=visit"), "channel").await;
    near(
        &by_visit,
        &[("Direct", 1.0 / 3.0), ("Organic Search", 0.5), ("Offline", 1.0), ("Unknown", 1.0)],
        "clock of the visit",
    );
    let sales =
        world.calls("sources", &format!("{ALL}&model=first&conversion=sale"), "campaign").await;
    near(&sales, &[("spring", 1.0)], "sales");
    let whole = world.calls("sources", &format!("{ALL}&conversion=sale"), "channel").await;
    near(&whole, &[("Email", 1.0)], "sales by their own source");
    // Without a model calls are their own sources'; by the visit's clock Ann's falls on her last visit.
    let own = world.calls("sources", &format!("{ALL}&weight=confidence"), "channel").await;
    near(&own, &[("Email", 0.8), ("Organic Search", 0.5), ("Offline", 1.0)], "own sources");

    let report = world.get(&format!("/v1/reports/sources?{ALL}&model=linear")).await;
    assert_eq!(report["credit"]["model"], "linear");
    assert_eq!(report["totals"]["calls"], 4, "whole sums have no point");
    assert_eq!(report["totals"]["average_call_duration"], 100.0);
    assert_eq!(report["totals"]["visits"], 6);
    let plain = world.get(&format!("/v1/reports/sources?{ALL}")).await;
    assert!(plain.get("credit").is_none() && plain["rows"][0]["calls"].is_u64(), "{plain}");

    let (_, csv) = world.text(&format!("/v1/reports/sources?{ALL}&model=linear&format=csv")).await;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut rows = reader.records().map(|row| row.expect("a row"));
    let spring = rows.find(|row| &row[2] == "spring").expect("the ad's row");
    assert_eq!((&spring[4], &spring[5]), ("3", "0.833333333"));
    let (_, csv) = world.text(&format!("/v1/reports/credits?{ALL}&format=csv")).await;
    assert!(csv.starts_with("source,medium,campaign,channel,first,last,last_non_direct,"), "{csv}");
    assert_eq!(csv.lines().count(), 7);

    for (query, help) in [
        ("sources?model=best", "`model` is one of `first`"),
        ("hours?weight=2", "`weight` is one of"),
        ("landing-pages?clock=touch", "`clock` is one of `call`, `visit`"),
        ("sources?model=first&model=last", "given twice"),
        ("sources?conversion=", "`conversion` is the name"),
        ("credits?model=first", "shows every `model`"),
    ] {
        let (status, body) = world.text(&format!("/v1/reports/{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert!(body.contains(help), "{query}: {body}");
    }
}

#[actix_web::test]
async fn removal_effects_are_kept_until_the_data_changes() {
    let site = site();
    let world = World::new(&site);
    let (events, cid) = fixture(&site);
    world.write(&events).await;
    let learnt = async || {
        let report = world.get(&format!("/v1/reports/credits?{ALL}")).await;
        report["learnt_from"]["shop"].clone()
    };
    let first = learnt().await;
    assert_eq!((&first["sessions"], &first["calls"]), (&6.into(), &2.into()), "{first}");
    assert_eq!(first["from"], "2026-02-20T00:00:00.000Z");
    let effects = &first["removal_effects"];
    assert_eq!((&effects["Paid Search"], &effects["Email"]), (&1.0.into(), &0.5.into()));
    assert_eq!(world.count("SELECT count(*) FROM removal_periods").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM removal_effects WHERE share > 0").await, 4);
    // Asked again it is what was kept.
    world.clock.set(at("2026-03-09T13:00:00Z"));
    assert_eq!(learnt().await, first);
    // A late call of Cid's visit changes it.
    let late = at("2026-03-03T08:20:00Z");
    let of_cid = Call {
        attribution: Some(earned_by(&[&cid], late, 0.9)),
        ..call(&site, "cid", late, CallStatus::Answered)
    };
    world.write(&[call_event(&of_cid)]).await;
    let after = learnt().await;
    assert_eq!(
        (&after["calls"], &after["computed_at"]),
        (&3.into(), &"2026-03-09T13:00:00.000Z".into())
    );
    assert_ne!(after["removal_effects"], first["removal_effects"]);
    // A call that is attributed to nobody after all is another change.
    let nobody = Call { version: 2, attribution: None, ..of_cid };
    world.write(&[call_event(&nobody)]).await;
    assert_eq!(learnt().await["removal_effects"], first["removal_effects"]);
    assert_eq!(world.count("SELECT count(*) FROM removal_periods").await, 1);

    // The worker keeps the usual periods ready, once in an hour.
    let redis = TestRedis::start().await;
    let (warehouse, live, clock) =
        (world.warehouse.clone(), world.live.clone(), world.clock.clone());
    let worker = EffectsWorker::new(warehouse, live, clock, redis.patient_handle());
    let run = worker.run_once().await.expect("redis answers");
    assert!(matches!(run, Ran::Done(Ok(3))), "{run:?}");
    assert_eq!(world.count("SELECT count(*) FROM removal_periods").await, 4);
    let run = worker.run_once().await.expect("redis answers");
    assert!(matches!(run, Ran::Recent), "{run:?}");
}

/// A call: how many touches earned it, how sure that is, whether it is nobody's or a static number's.
type Drawn = (usize, f64, u8);

proptest! {
    #![proptest_config(ProptestConfig { cases: Engine::CASES, ..ProptestConfig::default() })]

    #[test]
    fn whole_calls_sum_to_calls_and_fractional_ones_to_confidences(
        drawn in proptest::collection::vec((1usize..6, 0.0f64..=1.0, 0u8..4), 1..12),
    ) {
        let site = site();
        let world = World::new(&site);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let (events, calls) = drawn_events(&site, &drawn);
        runtime.block_on(world.write(&events));
        let sure: f64 = calls.iter().filter_map(|call| Some(call.attribution.as_ref()?.confidence)).sum();
        let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-04-01T00:00:00Z"));
        let bounds: Bounds = vec![(site.clone(), from, to)];
        for kind in [ReportKind::Sources, ReportKind::Hours, ReportKind::LandingPages] {
            for model in Model::ALL.into_iter().map(Some).chain([None]) {
                for clock in [ByClock::Call, ByClock::Visit] {
                    for (weight, expected) in
                        [(Weight::Calls, calls.len() as f64), (Weight::Confidence, sure)]
                    {
                        let credit = Crediting { model, weight, clock };
                        let query = ReportQuery {
                            kind,
                            sites: vec![site.clone()],
                            period: Period::Moments { from, to },
                            time_zone: None,
                            spam: SpamFilter::default(),
                            conversion: String::new(),
                            credit: Some((credit, bounds.clone())),
                            filter: None,
                            pages: None,
                        };
                        let report = runtime.block_on(answer(&world.warehouse, query, to));
                        let report = report.expect("an answer");
                        let rows: f64 = report.rows.iter().map(|row| row.metrics.calls.get()).sum();
                        prop_assert!((rows - expected).abs() < 1e-6, "{kind:?} {credit:?}: {rows}");
                        let total = report.totals.calls.get();
                        prop_assert!((total - expected).abs() < 1e-6, "{kind:?} {credit:?}: {total}");
                    }
                }
            }
        }
    }
}

fn drawn_events(site: &SiteId, drawn: &[Drawn]) -> (Vec<Envelope>, Vec<Call>) {
    let channels = ["Paid Search", "Direct", "Email", "Organic Search"];
    let (mut events, mut calls) = (Vec::new(), Vec::new());
    for (n, &(touches, confidence, kind)) in drawn.iter().enumerate() {
        let called = at("2026-03-01T10:00:00Z").plus(n as i64 * 5_400_000);
        let visits: Vec<Visit> = (0..touches)
            .map(|back| {
                let when = called.plus(-(((touches - back) as i64) * 100_000_000) - n as i64);
                let channel = channels[(n + back) % channels.len()];
                let name = if channel == "Direct" { "(direct)" } else { "site" };
                visit(site, when, source(name, "m", "", channel), ["/", "/a"][back % 2])
            })
            .collect();
        let attribution = match kind {
            0 => None,
            1 => Some(Attribution {
                basis: Basis::Static,
                session: None,
                session_started_at: None,
                touches: Vec::new(),
                ..made_by(&visits[0], 1.0)
            }),
            _ => Some(earned_by(&visits.iter().collect::<Vec<_>>(), called, confidence)),
        };
        events.extend(visits.iter().map(session_event));
        let call = Call { attribution, ..call(site, &n.to_string(), called, CallStatus::Answered) };
        events.push(call_event(&call));
        calls.push(call);
    }
    (events, calls)
}
