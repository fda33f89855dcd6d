//! The service and its Redis are killed at random moments while two hundred calls go through at a time: what was
//! acknowledged is there once, whatever died.

use std::time::{Duration, Instant};

use super::how_many;
use super::load::{Load, Platform, reckon};
use crate::support::service::{Plan, Service, redis_pids};

/// Calls on the line at a time.
const AT_A_TIME: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_call_is_lost_or_doubled_by_kills() {
    let (calls, deaths) = (how_many(300, 2_000), how_many(6, 40));
    let platform = Platform::start().await;
    let mut service = Service::start(&platform.conversions()).await;
    let load = Load::start(Plan {
        calls: 0..calls,
        at_a_time: AT_A_TIME,
        pause: Duration::from_millis(800),
        may_die: true,
        ..service.plan()
    });
    let mut longest = Duration::ZERO;
    for death in 0..deaths {
        load.reached((death as f64 + rand::random::<f64>()) / deaths as f64 * 0.9).await;
        // Two deaths of the service, one of its Redis.
        if death % 3 == 1 {
            assert!(service.kill_redis());
        } else {
            let killed = Instant::now();
            service.kill();
            service.start_again().await;
            longest = longest.max(killed.elapsed());
        }
    }
    let seen = load.end().await;
    assert_eq!(seen.errors, [""; 0], "a living service takes every webhook and every page");
    reckon(&service, &platform, calls).await;
    assert_eq!(redis_pids(&service.data()).len(), 1, "a killed service leaves no Redis behind");
    println!("{deaths} kills; ready again after {longest:?} at the latest; {} pages", seen.views());
}
