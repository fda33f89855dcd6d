//! Redis stands still, is away, is full, is read-only, while calls and page views go on.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::how_many;
use super::load::{Load, Platform, reckon};
use crate::support::servers::Server;
use crate::support::service::{Plan, Service};

/// What a page or a caller may wait on a machine with much else to do: less than Redis stands still, so that nobody
/// has waited for it. 150 ms is what is configured, and what it was is printed.
const SOON: Duration = Duration::from_millis(3_500);
/// From the moment that Redis works again until a page gets a number, on such a machine.
const BACK: Duration = Duration::from_secs(10);

const FAULTS: [&str; 4] = ["stands still for 4 s", "is away for 2 s", "is full", "is read-only"];

/// Redis suffers from `fault`; the moment at which it was over.
async fn suffer(redis: &mut Server, fault: &str) -> Instant {
    let wait = |ms| tokio::time::sleep(Duration::from_millis(ms));
    match fault {
        "stands still for 4 s" => {
            redis.signal(Signal::SIGSTOP);
            wait(4_000).await;
            redis.signal(Signal::SIGCONT);
        }
        "is away for 2 s" => {
            redis.kill();
            wait(2_000).await;
            redis.start_again(&[]);
            redis.ask::<String>(&["PING"]).await;
        }
        "is full" => {
            redis.ask::<()>(&["CONFIG", "SET", "maxmemory", "1mb"]).await;
            wait(1_500).await;
            redis.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
        }
        _ => {
            redis.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
            wait(1_500).await;
            redis.ask::<()>(&["REPLICAOF", "NO", "ONE"]).await;
        }
    }
    Instant::now()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_callers_are_served_soon_whatever_redis_suffers_from_and_no_call_is_lost() {
    let calls = how_many(100, 1_000);
    let mut redis = Server::start(&["--maxmemory-policy", "noeviction"]).await;
    let platform = Platform::start().await;
    let url = redis.url();
    let service = Service::start_with(
        &platform.conversions(),
        &[("RINGTRACE__REDIS__URL", &url), ("RINGTRACE__LIMITS__WEBHOOK_WAIT", "150ms")],
    )
    .await;
    for (nth, fault) in FAULTS.into_iter().enumerate() {
        let load = Load::start(Plan {
            calls: nth * calls..(nth + 1) * calls,
            at_a_time: calls.min(200),
            pause: Duration::from_millis(1_500),
            ..service.plan()
        });
        load.reached(0.1).await;
        let over = suffer(&mut redis, fault).await;
        let seen = load.end().await;
        let back = seen.back_after(over);
        println!(
            "Redis {fault}: webhooks within {:?}, pages within {:?}, {} of {} pages kept their number; back after {back:?}",
            seen.slowest_webhook,
            seen.slowest_view,
            seen.fallbacks(),
            seen.views(),
        );
        assert_eq!(seen.errors, [""; 0], "{fault}");
        assert!(seen.fallbacks() > 0, "{fault}: nobody noticed");
        assert!(seen.slowest_webhook < SOON && seen.slowest_view < SOON, "{fault}");
        assert!(back < BACK, "{fault}: {back:?}");
    }
    reckon(&service, &platform, FAULTS.len() * calls).await;
}
