//! How fast facts flow: ledger entries through real Redis streams into a real DuckDB file, as fast as they can be had, and
//! how long each waits when as many come as the aim is. `cargo bench --bench facts`.
//!
//! Two hundred thousand entries are read once: an ordinary stopwatch says what is to be known.

#[path = "../tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

use std::time::{Duration, Instant};

use ringtrace::call::model::{Call, CallStatus};
use ringtrace::lease::model::{LeaseFact, Tier};
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::ids::SiteId;
use ringtrace::warehouse::worker::{Outcome, Projector};

use support::facts::{World, at, call, call_event, drain, made_by, session_event, source, visit};

/// Entries of the ledger run.
const ENTRIES: usize = 200_000;
/// So many come every tenth of a second: 20 000 a second.
const AT_ONCE: usize = 2_000;
const PACE: Duration = Duration::from_millis(100);
/// As `warehouse.batch_wait`.
const BATCH_WAIT: Duration = Duration::from_millis(500);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        ledger_to_warehouse().await;
        waiting().await;
    });
}

/// Entries come at a steady pace; each waits from then until it is in the warehouse.
async fn waiting() {
    let sites: Vec<SiteId> =
        (0..40).map(|n| format!("bench-{n}").parse().expect("a site id")).collect();
    let zoned: Vec<(&SiteId, &str)> = sites.iter().map(|site| (site, "Europe/Berlin")).collect();
    let world = World::start(&zoned).await;
    let envelopes = envelopes(&sites);
    let started = Instant::now();
    let parts = envelopes.len() / AT_ONCE;
    let came = |part: usize| started + PACE * u32::try_from(part).unwrap_or(u32::MAX);
    let coming = async {
        for (part, some) in envelopes.chunks(AT_ONCE).enumerate() {
            tokio::time::sleep_until(came(part).into()).await;
            world.add(some).await;
        }
    };
    let (waits, ()) = tokio::join!(projected(world.projector(), parts, came), coming);
    let of = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_millis();
    println!(
        "{} entries/s for {parts} times {PACE:?}:",
        AT_ONCE as u128 * 1_000 / PACE.as_millis()
    );
    println!(
        "  from there until they are in the warehouse p50 {} ms, p99 {} ms",
        of(0.5),
        of(0.99)
    );
}

/// How long each part waited, shortest first.
async fn projected(
    mut projector: Projector,
    parts: usize,
    came: impl Fn(usize) -> Instant,
) -> Vec<Duration> {
    let (mut waits, mut written) = (Vec::new(), 0);
    while waits.len() < parts {
        match projector.run_once().await {
            Outcome::Wrote { events, full } => {
                written += events;
                while (waits.len() + 1) * AT_ONCE <= written {
                    waits.push(came(waits.len()).elapsed());
                }
                if full {
                    continue;
                }
            }
            Outcome::Idle => {}
            Outcome::Failed(error) => panic!("the projector failed: {error}"),
        }
        tokio::time::sleep(BATCH_WAIT).await;
    }
    waits.sort_unstable();
    waits
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
