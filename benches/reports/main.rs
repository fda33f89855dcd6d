//! How long reports take: over HTTP, the same SQL in DuckDB itself, and the same questions in SQLite, over a million and
//! ten million calls. `cargo bench --bench reports` writes the table of docs/benchmarks.md; REPORTS_CALLS="1000000" asks for
//! other sizes. Every figure is the best of several runs.

mod ask;
mod peers;
mod table;

use std::path::Path;
use std::time::{Duration, Instant};

use ringtrace::platform::clock::Millis;
use ringtrace::report::query::run::several;
use ringtrace::warehouse::store::{Warehouse, sql};

use ask::{Service, planned, questions};
use table::{Measured, Row};

/// Sizes, and how many visits there are for each call.
const SIZES: [u64; 2] = [1_000_000, 10_000_000];
const VISITS_PER_CALL: u64 = 4;
/// SQLite is asked about the smallest size alone: it takes minutes.
const LARGEST_FOR_SQLITE: u64 = 1_000_000;

fn main() {
    let told = std::env::var("REPORTS_CALLS").ok();
    let sizes: Vec<u64> = match &told {
        Some(told) => told.split(',').map(|n| n.trim().parse().expect("a number")).collect(),
        None => SIZES.to_vec(),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut measured: Vec<Measured> = Vec::new();
    for calls in sizes {
        measured.push(runtime.block_on(measure(calls)));
        println!("{}", table::last(&measured));
    }
    if told.is_none() {
        table::write(&measured);
    }
}

async fn measure(calls: u64) -> Measured {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path(), calls).await;
    let opening = opening(folder.path()).await;
    let mut rows = Vec::new();
    // A machine has slower and faster minutes: what is compared is measured one right after the other.
    for (question, (name, plan, selection)) in questions().into_iter().zip(planned()) {
        assert_eq!(question.name, name);
        let service = Service::start(folder.path()).await;
        let took = service.best(&question.path).await;
        service.stop().await;
        let direct = peers::duckdb(folder.path(), &plan, &selection);
        eprintln!("{name} {took:.0} ms, {direct:.0} ms in DuckDB");
        rows.push(Row { name, took, direct });
    }
    let service = Service::start(folder.path()).await;
    let overview = service.overview().await;
    service.stop().await;
    let sqlite = (calls <= LARGEST_FOR_SQLITE).then(|| peers::sqlite(folder.path()));
    Measured { calls, opening, overview, rows, sqlite: sqlite.unwrap_or_default() }
}

async fn fill(folder: &Path, calls: u64) {
    let started = Instant::now();
    let warehouse = Warehouse::open(folder, 0).expect("a warehouse");
    let text = include_str!("fill.sql")
        .replace("{visits}", &(calls * VISITS_PER_CALL).to_string())
        .replace("{calls}", &calls.to_string());
    let filled = warehouse.change(move |c| c.execute_batch(&text).map_err(sql("be filled")));
    filled.await.expect("facts");
    eprintln!("{calls} calls generated in {:.0} s", started.elapsed().as_secs_f64());
}

/// Seconds from the closed file to the first answer.
async fn opening(folder: &Path) -> f64 {
    let started = Instant::now();
    let warehouse = Warehouse::open(folder, 0).expect("a warehouse");
    let (_, plan, selection) = planned().remove(0);
    let (limit, now) = (Duration::from_secs(60), Millis::system_now());
    let answers = several(&warehouse, vec![Some((plan, selection))], limit, now).await;
    let rows = answers.expect("an answer").remove(0).expect("rows");
    assert!(!rows.groups.is_empty());
    started.elapsed().as_secs_f64()
}
