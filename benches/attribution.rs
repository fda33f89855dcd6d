//! What an attribution costs: `cargo bench --bench attribution`. The aim is 20 000 a second on one core.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::SignedDuration;
use ringtrace::attribution::answer::{Joined, attribute};
use ringtrace::attribution::delays::prior;
use ringtrace::attribution::evidence::Evidence;
use ringtrace::attribution::fit::fit;
use ringtrace::attribution::observation::Observation;
use ringtrace::attribution::rules::{Kept, likeliest_first, rank};
use ringtrace::attribution::store::LOOKED_AT;
use ringtrace::lease::model::{Holder, Tier};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::SessionId;
use uuid::Uuid;

const NOW: Millis = Millis(1_767_323_045_000);
const HOLD_MS: i64 = 180_000;

/// Holders of a busy number, one every ten minutes.
fn holders(count: u32) -> Option<Vec<Holder>> {
    let pool: ringtrace::platform::ids::PoolId = "main".parse().ok()?;
    let holder = |n: u32| {
        let seen = NOW.plus(-i64::from(n) * 600_000 - 5_000);
        Holder {
            session: SessionId(Uuid::from_u128(u128::from(n))),
            from: seen.plus(-90_000),
            last_seen: seen,
            tier: Tier::Own,
            tel_click: n.is_multiple_of(20).then_some(seen),
            copied: None,
            long_press: None,
            live: n == 0,
            until: seen.plus(HOLD_MS),
            pool: pool.clone(),
            page: None,
        }
    };
    Some((0..count).map(holder).collect())
}

fn attribution(criterion: &mut Criterion) {
    let delays = prior();
    let look_back = SignedDuration::from_hours(90 * 24);
    let mut group = criterion.benchmark_group("attribution");
    group.throughput(Throughput::Elements(1));
    for count in [1, 16, 64, 256, 1_024] {
        let Some(holders) = holders(count) else { return };
        group.bench_function(format!("{count} holders"), |bench| {
            bench.iter(|| {
                let mut candidates: Vec<Evidence> =
                    holders.iter().map(|holder| Evidence::of(holder, NOW, HOLD_MS)).collect();
                likeliest_first(&mut candidates, &delays, LOOKED_AT);
                let ranking = rank(black_box(&candidates), &delays, None, Kept::STORED);
                let observed = Some(Observation::of(NOW, &candidates, None, false));
                attribute(Joined { at: NOW, ranking, observed, ..Joined::default() }, look_back)
            });
        });
    }
    group.finish();
    let Some(holders) = holders(96) else { return };
    let candidates: Vec<Evidence> =
        holders.iter().map(|holder| Evidence::of(holder, NOW, HOLD_MS)).collect();
    let calls = vec![Observation::of(NOW, &candidates, None, false); 2_000];
    criterion.bench_function("a fit of 2 000 calls", |bench| {
        bench.iter(|| fit(black_box(&calls), 1, NOW));
    });
}

criterion_group!(benches, attribution);
criterion_main!(benches);
