//! How fast facts flow: ledger entries through real Redis streams into a real DuckDB file, and the
//! three reports over a million calls. `cargo bench --bench facts`; prints one table.
//!
//! Two hundred thousand entries are read once, and a report takes its best of several runs: an
//! ordinary stopwatch says what is to be known.

#[path = "../tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

use std::time::Instant;

use ringtrace::call::model::{Call, CallStatus};
use ringtrace::lease::model::{LeaseFact, Tier};
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::SiteId;
use ringtrace::report::model::{Period, ReportKind, ReportQuery};
use ringtrace::report::store::answer;
use ringtrace::warehouse::store::{Warehouse, sql};

use support::facts::{World, at, call, call_event, drain, made_by, session_event, source, visit};

/// Entries of the ledger run.
const ENTRIES: usize = 200_000;
/// Calls and visits that the reports are asked about.
const CALLS: u64 = 1_000_000;
const VISITS: u64 = 4_000_000;
/// Each report is asked this often, and the best time counts.
const ROUNDS: usize = 7;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        ledger_to_warehouse().await;
        reports().await;
    });
}

async fn ledger_to_warehouse() {
    let sites: Vec<SiteId> =
        (0..40).map(|n| format!("bench-{n}").parse().expect("a site id")).collect();
    let zoned: Vec<(&SiteId, &str)> = sites.iter().map(|site| (site, "Europe/Berlin")).collect();
    let world = World::start(&zoned).await;
    let envelopes = envelopes(&sites);
    let bytes: usize = envelopes.iter().map(|envelope| envelope.to_json().len()).sum();
    world.add(&envelopes).await;
    let mut projector = world.projector();
    let started = Instant::now();
    let events = drain(&mut projector).await;
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(events, envelopes.len());
    println!("ledger to warehouse, {events} entries of {} bytes on average:", bytes / events);
    println!("  {:.0} entries/s ({seconds:.1} s)", events as f64 / seconds);
}

/// Of every ten entries four are sessions, three leases, and three the versions of one call.
fn envelopes(sites: &[SiteId]) -> Vec<Envelope> {
    let start = at("2026-03-02T00:00:00Z");
    let mut made = Vec::with_capacity(ENTRIES);
    for n in 0.. {
        if made.len() >= ENTRIES {
            break;
        }
        let site = &sites[n % sites.len()];
        let when = start.plus(n as i64 * 60_000);
        let campaign = format!("campaign-{}", n % 50);
        let from = source("google", "cpc", &campaign, "Paid Search");
        let page = format!("/services/page-{}", n % 200);
        let visits: Vec<_> =
            (0..4).map(|v| visit(site, when.plus(v * 9_000), from.clone(), &page)).collect();
        made.extend(visits.iter().map(session_event));
        made.extend(visits.iter().take(3).map(|visit| {
            let fact = LeaseFact {
                session: visit.session,
                site: site.clone(),
                pool: "main".parse().expect("a pool id"),
                target: None,
                number: "+14155550199".parse().ok(),
                tier: Tier::Own,
            };
            let id = format!("{}.main.own", visit.session);
            Envelope::new(site.clone(), when, id, Event::Lease(Box::new(fact)))
        }));
        let statuses = [CallStatus::Received, CallStatus::InProgress, CallStatus::Answered];
        made.extend(statuses.into_iter().zip(1..).map(|(status, version)| {
            call_event(&Call {
                version,
                talk_s: (status == CallStatus::Answered).then_some(95),
                attribution: Some(made_by(&visits[0], 0.9)),
                ..call(site, &n.to_string(), when.plus(30_000), status)
            })
        }));
    }
    made
}

async fn reports() {
    let folder = tempfile::tempdir().expect("a folder");
    let sites: Vec<SiteId> =
        (0..4).map(|n| format!("bench-{n}").parse().expect("a site id")).collect();
    let warehouse = Warehouse::open(folder.path(), 0).expect("a warehouse");
    let filled = warehouse.read(|connection| {
        connection.execute_batch(&fill()).map_err(sql("fill the bench's tables"))
    });
    filled.await.expect("facts");
    println!("reports over {CALLS} calls and {VISITS} visits, best of {ROUNDS}:");
    for (span, from, to) in
        [("30 of 365 days", "2026-03-01", "2026-03-30"), ("365 days", "2026-01-01", "2026-12-31")]
    {
        for kind in [ReportKind::Sources, ReportKind::Hours, ReportKind::LandingPages] {
            let day = |text: &str| text.parse().expect("a date");
            let period = Period::Days { from: day(from), to: day(to) };
            let mut best = f64::MAX;
            for _ in 0..ROUNDS {
                let query = ReportQuery {
                    kind,
                    sites: sites.clone(),
                    period,
                    time_zone: None,
                    spam: Default::default(),
                    conversion: String::new(),
                    credit: None,
                };
                let started = Instant::now();
                let report = answer(&warehouse, query, Millis(0)).await.expect("an answer");
                best = best.min(started.elapsed().as_secs_f64() * 1e3);
                let totals = &report.totals;
                assert!(totals.calls.get() > 0.0 && totals.visits > totals.calls);
            }
            println!("  {:<14} {span:<15} {best:>6.0} ms", kind.word());
        }
    }
}

/// A year of facts of four sites, made by DuckDB itself: a quarter of the calls has no visit, and
/// there are 300 sources with campaign and 400 landing pages.
fn fill() -> String {
    let moment = "1767225600000 + (n * 98765431) % 31536000000";
    let local = "DATE '2026-01-01' + ((n * 98765431) % 31536000000 // 86400000)::INTEGER, \
                 ((n * 98765431) % 86400000 // 3600000)::TINYINT, \
                 (1 + (n * 98765431) % 604800000 // 86400000)::TINYINT";
    let source = "'source-' || n % 10, 'cpc', 'campaign-' || n % 300, '', '', '', \
                  'Paid Search', 'google', 'www.example.com', 'shop.example', \
                  '/services/page-' || n % 400, 'mobile'";
    let details = "'', '', '', 'Chrome', 'Android', 'US', 'CA', 'Oakland', '', '', ''";
    format!(
        "CREATE TEMP TABLE ids AS SELECT n, uuid() AS id FROM range({VISITS}) t(n); \
         INSERT INTO sessions SELECT id, 1, 'bench-' || n % 4, NULL, {moment}, {local}, {source}, \
         {details}, false FROM ids; \
         INSERT INTO calls SELECT uuid(), 3, 'bench-' || n % 4, 'twilio', 'CA' || n, \
         '+14155550199', '+14155550100', hash(n % 700000), 'US', 'CA', '', n % 10 < 7, 'answered', \
         CASE n % 5 WHEN 0 THEN 'missed' ELSE 'answered' END, {moment}, NULL, NULL, NULL, 12, \
         n % 600, {local}, n % 4 > 0, 'holder', 0.5 + (n % 50) / 100, 'own', \
         CASE n % 4 WHEN 0 THEN NULL ELSE id END, NULL, NULL, {source}, \
         {details} FROM ids WHERE n < {CALLS}; \
         DROP TABLE ids; CHECKPOINT"
    )
}
