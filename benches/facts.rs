//! How fast facts flow: ledger entries through real Redis streams into a real DuckDB file, as fast as they can be had, and
//! how old what happens is when a report sees it, at an everyday pace and at the aim's. `cargo bench --bench facts`;
//! FACTS_RATES="300" asks for other paces, FACTS_CALLS="1000000" for a warehouse that holds so many calls before.
//!
//! Two hundred thousand entries are read once: an ordinary stopwatch says what is to be known.

#[path = "../tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use duckdb::types::Value;
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::lease::model::{LeaseFact, Tier};
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::SiteId;
use ringtrace::platform::shutdown::Shutdown;
use ringtrace::warehouse::question::Question;
use ringtrace::warehouse::store::{Warehouse, sql};

use support::facts::{World, at, call, call_event, drain, made_by, session_event, source, visit};

/// Entries of the ledger run.
const ENTRIES: usize = 200_000;
/// Entries a second: an everyday load, and the aim.
const RATES: [usize; 2] = [300, 20_000];
/// They come in parts.
const PACE: Duration = Duration::from_millis(100);
const LASTING: Duration = Duration::from_secs(20);
/// How often a report is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Visits that are seen, and versions of calls, of every ten entries.
const SEEN_OF_TEN: i64 = 4 + 3;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let told = std::env::var("FACTS_RATES").ok();
    let rates: Vec<usize> = match &told {
        Some(told) => told.split(',').map(|n| n.trim().parse().expect("a number")).collect(),
        None => RATES.to_vec(),
    };
    runtime.block_on(async {
        if told.is_none() {
            ledger_to_warehouse().await;
        }
        for rate in rates {
            lag(rate).await;
        }
    });
}

fn sites() -> Vec<SiteId> {
    (0..40).map(|n| format!("bench-{n}").parse().expect("a site id")).collect()
}

async fn world() -> World {
    let sites = sites();
    let zoned: Vec<(&SiteId, &str)> = sites.iter().map(|site| (site, "Europe/Berlin")).collect();
    let world = World::start(&zoned).await;
    if let Ok(calls) = std::env::var("FACTS_CALLS") {
        let calls: u64 = calls.parse().expect("a number");
        let text = include_str!("reports/fill.sql")
            .replace("{visits}", &(calls * 4).to_string())
            .replace("{calls}", &calls.to_string());
        let filled =
            world.warehouse.change(move |c| c.execute_batch(&text).map_err(sql("be filled")));
        filled.await.expect("facts");
    }
    world
}

/// Entries come at a steady pace, stamped when they are written to the stream; the projector runs as in the service, and
/// somebody looks whether all that was stamped alike can be seen.
async fn lag(rate: usize) {
    let world = world().await;
    let sites = sites();
    let shutdown = Shutdown::default();
    let projector = tokio::spawn(world.projector().run(shutdown.signal()));
    let (tens, parts) = (rate / 100, LASTING.as_millis() / PACE.as_millis());
    let stamps = RefCell::new(VecDeque::new());
    let written = Cell::new(false);
    let writing = async {
        let mut ticks = tokio::time::interval(PACE);
        for part in 0..parts as usize {
            ticks.tick().await;
            let now = Millis::system_now();
            let of = |n| ten(&sites[n % sites.len()], now, now, part * tens + n);
            let some: Vec<Envelope> = (0..tens).flat_map(of).collect();
            // Stamped before: the way into the stream counts.
            stamps.borrow_mut().push_back(now);
            world.add(&some).await;
        }
        written.set(true);
    };
    let started = Instant::now();
    let seeing = seen(&world.warehouse, tens as i64 * SEEN_OF_TEN, &stamps, &written);
    let (mut ages, ()) = tokio::join!(seeing, writing);
    let seconds = started.elapsed().as_secs_f64();
    shutdown.begin();
    projector.await.expect("it ends");
    ages.sort_unstable();
    let of = |share: f64| ages[((ages.len() - 1) as f64 * share) as usize];
    println!("{rate} entries/s for {LASTING:?}, seen after {seconds:.1} s:");
    println!(
        "  age when a report sees them: p50 {} ms, p99 {} ms, max {} ms",
        of(0.5),
        of(0.99),
        of(1.0)
    );
}

/// How old each part was when all of it could be seen, in milliseconds.
async fn seen(
    warehouse: &Warehouse,
    whole: i64,
    stamps: &RefCell<VecDeque<Millis>>,
    written: &Cell<bool>,
) -> Vec<i64> {
    let mut ages = Vec::new();
    loop {
        let oldest = stamps.borrow().front().copied();
        let Some(oldest) = oldest else {
            if written.get() {
                return ages;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        let text = "SELECT started_at, sum(seen)::BIGINT FROM (
                SELECT started_at, count(*) AS seen FROM sessions WHERE started_at >= $1 GROUP BY started_at UNION ALL
                SELECT started_at, sum(version) FROM calls WHERE started_at >= $1 GROUP BY started_at)
            GROUP BY started_at HAVING sum(seen) >= $2";
        let bound = vec![Value::BigInt(oldest.0), Value::BigInt(whole)];
        let rows = warehouse.ask(Question::new("see", text, bound)).await.expect("an answer");
        let now = Millis::system_now();
        let there: Vec<i64> = rows.iter().map(|row| row.get(0).expect("a stamp")).collect();
        stamps.borrow_mut().retain(|stamp| {
            let is_there = there.contains(&stamp.0);
            if is_there {
                ages.push(now.0 - stamp.0);
            }
            !is_there
        });
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn ledger_to_warehouse() {
    let world = world().await;
    let envelopes = envelopes(&sites());
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

fn envelopes(sites: &[SiteId]) -> Vec<Envelope> {
    let start = at("2026-03-02T00:00:00Z");
    let of = |n: usize| {
        let when = start.plus(n as i64 * 60_000);
        ten(&sites[n % sites.len()], when, when.plus(30_000), n)
    };
    (0..ENTRIES / 10).flat_map(of).collect()
}

/// Four sessions, three leases, and three versions of one call.
fn ten(site: &SiteId, when: Millis, called_at: Millis, n: usize) -> Vec<Envelope> {
    let campaign = format!("campaign-{}", n % 50);
    let from = source("google", "cpc", &campaign, "Paid Search");
    let page = format!("/services/page-{}", n % 200);
    let visits: Vec<_> = (0..4).map(|_| visit(site, when, from.clone(), &page)).collect();
    let mut made: Vec<Envelope> = visits.iter().map(session_event).collect();
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
            ..call(site, &n.to_string(), called_at, status)
        })
    }));
    made
}
