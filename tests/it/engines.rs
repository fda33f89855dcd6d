//! Both engines on the same random world: every metric by every dimension, filters, credit, comparison, pages, named reports
//! and forecasts tell the same.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use ringtrace::attribution::credit::{Contact, credits};
use ringtrace::attribution::model::Attribution;
use ringtrace::call::facts::CallBack;
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::costs::model::CostKind;
use ringtrace::forecast::store::{history, week};
use ringtrace::lead::model::Lead;
use ringtrace::lease::model::Tier;
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::{LeadId, SiteId};
use ringtrace::report::presets::PRESETS;
use ringtrace::report::query::dimensions::DIMENSIONS;
use ringtrace::report::query::metrics::METRICS;
use ringtrace::visit::model::{Touch, Visit};
use serde_json::{Value, json};

use crate::on_clickhouse::query::world::World as OnClickHouse;
use crate::on_duckdb::query::world::{World as OnDuckDb, cost, hash, lease_in, site};
use crate::support::facts::{at, call, call_event, made_by, session_event, source, visit};

const SITES: [(&str, &str); 2] = [("shop", "Europe/Berlin"), ("york", "America/New_York")];
const FROM: &str = "2026-02-20";
const TO: &str = "2026-04-05";

struct Both {
    duckdb: OnDuckDb,
    clickhouse: OnClickHouse,
}

impl Both {
    /// Six weeks in which clocks go forward on both sides of the Atlantic.
    async fn new(seed: u64) -> Self {
        let (duckdb, clickhouse) = (OnDuckDb::new(&SITES), OnClickHouse::new(&SITES));
        for clock in [&duckdb.clock, &clickhouse.clock] {
            clock.set(at("2026-04-06T12:00:00Z"));
        }
        let both = Both { duckdb, clickhouse };
        let mut random = StdRng::seed_from_u64(seed);
        let events = events(&mut random);
        // In several batches, older versions after newer ones, some twice.
        for batch in events.chunks(97).chain([&events[..50]]) {
            both.duckdb.write(batch).await;
            both.clickhouse.write(batch).await;
        }
        both
    }

    async fn post(&self, path: &str, question: &Value) -> Value {
        let one = self.duckdb.post(path, question.clone()).await;
        let other = self.clickhouse.post(path, question.clone()).await;
        assert_eq!(one.0, other.0, "{question}\n{}\n{}", one.1, other.1);
        assert!(one.0.is_success(), "{question}: {}", one.1);
        assert_same(&one.1, &other.1, &format!("{path} {question}"));
        one.1
    }

    async fn get(&self, path: &str) {
        let (one, other) = (self.duckdb.get(path).await, self.clickhouse.get(path).await);
        assert_eq!(one.0, other.0, "{path}\n{}\n{}", one.1, other.1);
        assert!(one.0.is_success(), "{path}: {}", one.1);
        assert_same(&one.1, &other.1, path);
    }

    async fn ask(&self, mut question: Value) -> Value {
        let fields = question.as_object_mut().expect("an object");
        fields.entry("from").or_insert(json!(FROM));
        fields.entry("to").or_insert(json!(TO));
        self.post("/v1/reports/query", &question).await
    }
}

/// The same but for the last digits of floating point numbers.
fn assert_same(one: &Value, other: &Value, of: &str) {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            let close = (a - b).abs() <= 1e-7 * a.abs().max(b.abs()).max(1.0);
            assert!(close, "{of}: {a} and {b}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{of}\n{one}\n{other}");
            a.iter().zip(b).enumerate().for_each(|(n, (a, b))| {
                assert_same(a, b, &format!("{of} [{n}]"));
            });
        }
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{of}\n{one}\n{other}");
            a.iter().for_each(|(name, a)| assert_same(a, &b[name], &format!("{of}.{name}")));
        }
        _ => assert_eq!(one, other, "{of}"),
    }
}

/// Visits with leases, calls in several versions with touches and outcomes, leads and costs of both sites, shuffled.
fn events(random: &mut StdRng) -> Vec<Envelope> {
    let mut events = Vec::new();
    for (id, _) in SITES {
        let site = site(id);
        let visits: Vec<Visit> = (0..90).map(|_| a_visit(random, &site)).collect();
        for visit in &visits {
            events.push(session_event(visit));
            if random.random_bool(0.6) {
                let tiers = [Tier::Own, Tier::Unrested, Tier::Shared, Tier::Original];
                let tier = tiers[random.random_range(0..4)];
                let number = (tier != Tier::Original).then_some("+14155550101");
                let pools = ["main", "foot"].into_iter().take(random.random_range(1..3));
                events.extend(pools.map(|pool| lease_in(pool, visit, tier, number)));
            }
        }
        for n in 0..160 {
            let newest = a_call(random, &site, n, &visits);
            for version in 1..=newest.version {
                let mut call = Call { version, ..newest.clone() };
                if version < newest.version {
                    call.status = CallStatus::Ringing;
                    call.outcome = Default::default();
                    call.started_at = call.started_at.plus(86_400_000 * 20);
                }
                events.push(call_event(&call));
            }
        }
        for n in 0..25 {
            events.push(a_lead(random, &site, n));
            let kinds = [CostKind::Ad, CostKind::Fee, CostKind::Production, CostKind::Other];
            let day = format!("2026-03-{:02}", random.random_range(1..29));
            let amount =
                format!("{}.{:02}", random.random_range(0..500), random.random_range(0..99));
            let mut spent = cost(&site, &day, kinds[n % 4], &amount);
            spent.id = format!("{id}.{}", spent.id);
            events.push(spent);
        }
    }
    for n in (1..events.len()).rev() {
        events.swap(n, random.random_range(0..=n));
    }
    events
}

fn moment(random: &mut StdRng) -> Millis {
    at("2026-02-20T00:00:00Z").plus(random.random_range(0..45 * 86_400_000))
}

fn a_visit(random: &mut StdRng, site: &SiteId) -> Visit {
    let sources = [
        source("google", "cpc", "spring", "Paid Search"),
        source("google", "organic", "", "Organic Search"),
        source("(direct)", "(none)", "", "Direct"),
        source("news", "email", "märz", "Email"),
        source("coupons", "affiliate", "c'1", "Affiliates"),
    ];
    let source = sources[random.random_range(0..5)].clone();
    let page = ["/", "/plumbing", "/roof?x=1"][random.random_range(0..3)];
    let mut made = visit(site, moment(random), source, page);
    if random.random_bool(0.7) {
        let visitor = u128::from(random.random_range(0..25_u8));
        made.visitor = Some(ringtrace::platform::ids::VisitorId(uuid::Uuid::from_u128(visitor)));
    }
    if random.random_bool(0.3) {
        made.labels.tags = ["variant:b".to_owned(), "publisher:acme".to_owned()].into();
    }
    made.place.country = ["", "DE", "US"][random.random_range(0..3)].to_owned();
    made
}

fn a_call(random: &mut StdRng, site: &SiteId, n: usize, visits: &[Visit]) -> Call {
    let statuses = [
        CallStatus::Answered,
        CallStatus::Answered,
        CallStatus::Answered,
        CallStatus::NoAnswer,
        CallStatus::Canceled,
        CallStatus::Busy,
        CallStatus::Voicemail,
        CallStatus::Rejected,
    ];
    let status = statuses[random.random_range(0..statuses.len())];
    let mut made = call(site, &n.to_string(), moment(random), status);
    made.version = random.random_range(1..4);
    let caller = char::from(b'a' + random.random_range(0..30_u8) % 26);
    made.caller_hash = random.random_bool(0.9).then(|| hash(caller)).flatten();
    made.first_time = random.random_bool(0.9).then(|| random.random_bool(0.5));
    let mut maybe =
        |chance: f64, most: u32| random.random_bool(chance).then(|| random.random_range(0..most));
    made.wait_s = maybe(0.8, 60);
    made.hold_s = maybe(0.2, 90);
    made.queue_s = maybe(0.2, 90);
    if status == CallStatus::Answered {
        made.talk_s = maybe(0.9, 900);
        made.answered_at = maybe(0.8, 60).map(|s| made.started_at.plus(i64::from(s) * 1_000));
    }
    made.ended_at = maybe(0.8, 900).map(|s| made.started_at.plus(i64::from(s) * 1_000));
    made.transferred_at = maybe(0.2, 2).map(|_| made.started_at);
    let mut flag = || maybe(0.5, 2).map(|n| n == 1);
    let outcome = &mut made.outcome;
    outcome.qualified = flag();
    outcome.converted = flag();
    outcome.appointment = flag();
    outcome.resolved = flag();
    outcome.first_contact_resolution = flag();
    outcome.escalated = flag();
    outcome.spam = maybe(0.1, 2).map(|n| n == 1);
    outcome.value = maybe(0.4, 90_000).map(|n| format!("{}.{:02}", n / 100, n % 100));
    outcome.lead_score = maybe(0.3, 100).map(|n| n as u8);
    outcome.csat = maybe(0.3, 5).map(|n| n as u8 + 1);
    outcome.nps = maybe(0.3, 11).map(|n| n as u8);
    outcome.wrap_up_s = maybe(0.3, 100);
    outcome.at = maybe(0.7, 500_000).map(|s| made.started_at.plus(i64::from(s) * 1_000));
    outcome.follow_up_at = maybe(0.1, 2).map(|_| made.started_at);
    outcome.disposition =
        ["", "booked", "won't", "info"][maybe(1.0, 4).unwrap_or(0) as usize].to_owned();
    outcome.agent = ["", "ann", "bob"][maybe(1.0, 3).unwrap_or(0) as usize].to_owned();
    outcome.tags = ["vip", "new", "vipper"]
        .into_iter()
        .filter(|_| maybe(0.3, 2).is_some())
        .map(str::to_owned)
        .collect();
    if let Some(s) = maybe(0.3, 90_000) {
        let back =
            CallBack { at: made.started_at.plus(i64::from(s) * 1_000), answered: s % 2 == 0 };
        made.facts.call_backs = vec![back];
    }
    if maybe(0.4, 2).is_some() {
        made.conversions = vec!["won".to_owned(), "long_call".to_owned()];
    }
    if let Some(winner) = maybe(0.8, visits.len() as u32) {
        made.attribution =
            Some(earned(&visits[winner as usize], visits, &made, f64::from(winner % 10) / 10.0));
    }
    made
}

/// Up to four touches, the last that of `winner`.
fn earned(winner: &Visit, visits: &[Visit], call: &Call, confidence: f64) -> Attribution {
    let mut touches: Vec<Touch> =
        visits.iter().take((confidence * 10.0) as usize % 4).map(Visit::touch).collect();
    touches.push(winner.touch());
    let contact = Contact { call: call.started_at, first: call.started_at };
    Attribution { touches: credits(&touches, contact), ..made_by(winner, confidence) }
}

fn a_lead(random: &mut StdRng, site: &SiteId, n: usize) -> Envelope {
    let lead = Lead {
        id: LeadId::of(site, &n.to_string()),
        site: site.clone(),
        kind: "form".to_owned(),
        at: moment(random),
        name: String::new(),
        session: None,
        visitor: None,
        caller: None,
        sealed_caller: None,
        caller_hash: hash(char::from(b'a' + random.random_range(0..26_u8))),
        source: Some(source("google", "organic", "", "Organic Search")),
        landing_host: String::new(),
        landing_page: String::new(),
    };
    let lead_at = lead.at;
    Envelope::new(site.clone(), lead_at, format!("lead-{n}"), Event::Lead(Box::new(lead)))
}

fn all_metrics() -> Value {
    METRICS.iter().map(|metric| metric.name).collect()
}

#[actix_web::test]
async fn every_metric_by_every_dimension_is_the_same_on_both_engines() {
    let both = Both::new(1).await;
    for dimension in DIMENSIONS {
        let question = json!({
            "metrics": all_metrics(), "dimensions": [dimension.name], "order": [dimension.name], "site": "shop",
        });
        both.ask(question).await;
    }
    let whole = both.ask(json!({"metrics": all_metrics(), "site": "york"})).await;
    assert!(whole["totals"]["calls"].as_f64().is_some_and(|calls| calls > 50.0), "{whole}");
    let four = json!(["date_hour", "source", "status", "first_time"]);
    both.ask(json!({"metrics": ["calls", "unique_callers"], "dimensions": four, "order": four}))
        .await;
}

#[actix_web::test]
async fn filters_credit_comparison_and_pages_are_the_same_on_both_engines() {
    let both = Both::new(2).await;
    let metrics = json!([
        "calls",
        "visits",
        "leases",
        "unique_callers",
        "revenue",
        "average_wait",
        "call_rate"
    ]);
    for filter in [
        json!({"dimension": "source", "regex": "^(goo|n.ws$)"}),
        json!({"dimension": "campaign", "regex": "(?i)M.RZ"}),
        json!({"dimension": "disposition", "equals": "won't"}),
        json!({"dimension": "tag", "prefix": "vip"}),
        json!({"dimension": "tag", "contains": "ip"}),
        json!({"not": {"dimension": "tag", "equals": "vip"}}),
        json!({"dimension": "first_time", "null": true}),
        json!({"not": {"dimension": "qualified", "equals": false}}),
        json!({"dimension": "hour", "gte": 8, "lt": 18}),
        json!({"dimension": "week", "gt": "2026-W10", "lte": "2026-W12"}),
        json!({"dimension": "date_hour", "prefix": "2026-03-29T0"}),
        json!({"or": [
            {"dimension": "agent", "in": ["ann", ""]},
            {"and": [{"dimension": "source", "contains": "oogl"}, {"dimension": "hour_of_week", "gt": 100}]},
        ]}),
    ] {
        let question = json!({
            "metrics": metrics, "dimensions": ["source"], "order": ["source"], "filters": filter,
        });
        both.ask(question).await;
        let body =
            json!({"metrics": ["calls", "revenue"], "filters": filter, "from": FROM, "to": TO});
        both.post("/v1/reports/query/analyse", &body).await;
    }
    for model in
        ["first", "last_non_direct", "linear", "position_based", "time_decay", "data_driven"]
    {
        for (weight, clock) in [("calls", "call"), ("confidence", "visit")] {
            let question = json!({
                "metrics": ["calls", "revenue", "answered_calls", "unique_callers", "first_call_resolution"],
                "dimensions": ["channel", "month"], "order": ["channel", "month"], "model": model, "weight": weight,
                "clock": clock, "spam": "include",
            });
            both.ask(question).await;
        }
    }
    for more in [
        json!({"compare": "previous_period"}),
        json!({"benchmark": "own_past"}),
        json!({"grain": "day", "fill": true}),
        json!({"conversion": "won", "spam": "include"}),
        json!({"spam": "only"}),
        json!({"from": "2026-03-01T05:00:00Z", "to": "2026-03-20T17:30:00+02:00"}),
        json!({"period": "last_7_days"}),
    ] {
        let mut question =
            json!({"metrics": metrics, "dimensions": ["source"], "order": ["source"]});
        let fields = question.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        if !fields.contains_key("period") {
            both.ask(question).await;
        } else {
            both.post("/v1/reports/query", &question).await;
        }
    }
    let mut cursor = Value::Null;
    for _ in 0..4 {
        let mut question = json!({
            "metrics": ["calls"], "dimensions": ["date", "source"], "order": ["-calls", "date", "source"], "limit": 20,
        });
        if !cursor.is_null() {
            question["cursor"] = cursor;
        }
        cursor = both.ask(question).await["next"].clone();
        assert!(!cursor.is_null(), "there are more pages");
    }
}

#[actix_web::test]
async fn named_reports_credits_and_forecasts_are_the_same_on_both_engines() {
    let both = Both::new(3).await;
    let fixed = ["sources", "hours", "landing-pages"];
    for name in fixed.into_iter().chain(PRESETS.iter().map(|preset| preset.name)) {
        both.get(&format!("/v1/reports/{name}?from={FROM}&to={TO}")).await;
    }
    for more in ["", "&weight=confidence", "&clock=visit", "&conversion=won"] {
        both.get(&format!("/v1/reports/credits?from={FROM}&to={TO}{more}")).await;
    }
    // Effects that are kept are the same as those that were computed, and are computed anew when the data changes.
    both.get(&format!("/v1/reports/credits?from={FROM}&to={TO}")).await;
    let late = call(&site("shop"), "late", at("2026-03-30T10:00:00Z"), CallStatus::Answered);
    let made =
        visit(&site("shop"), at("2026-03-30T09:00:00Z"), source("x", "y", "", "Display"), "/");
    let late = Call { attribution: Some(made_by(&made, 1.0)), ..late };
    both.duckdb.write(&[session_event(&made), call_event(&late)]).await;
    both.clickhouse.write(&[session_event(&made), call_event(&late)]).await;
    both.get(&format!("/v1/reports/credits?from={FROM}&to={TO}")).await;
    let today = "2026-04-06".parse().expect("a day");
    for (id, _) in SITES {
        let (one, other) = (&both.duckdb.warehouse, &both.clickhouse.warehouse);
        let histories =
            (history(one, &site(id), today).await, history(other, &site(id), today).await);
        let (one_past, other_past) = (histories.0.expect("days"), histories.1.expect("days"));
        assert_eq!(one_past.from, other_past.from);
        assert_eq!(one_past.days, other_past.days);
        assert_eq!(one_past.handled, other_past.handled);
        let weeks =
            (week(one, &site(id), today, 28).await, week(other, &site(id), today, 28).await);
        assert_eq!(
            format!("{:?}", weeks.0.expect("a week")),
            format!("{:?}", weeks.1.expect("a week"))
        );
    }
    let nobody = "nobody".parse().expect("an id");
    let (one, other) = (&both.duckdb.warehouse, &both.clickhouse.warehouse);
    let nothing = history(other, &nobody, today).await.expect("no days");
    assert_eq!(nothing.from, history(one, &nobody, today).await.expect("no days").from);
    assert_eq!(nothing.handled, None);
}
