//! Learns every day when each site's callers call.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `delays:turn:<site>` | STR | nothing: some process is fitting, or did so just now | an hour |

use std::time::Duration;

use jiff::SignedDuration;

use crate::attribution::delays::Delays;
use crate::attribution::fit::{MAX_CALLS, fit};
use crate::attribution::store::{load_delays, save_delays};
use crate::call::recorder::Recorder;
use crate::platform::keys::SiteKeys;
use crate::platform::redis::StoreError;
use crate::platform::shutdown::ShutdownSignal;

/// Between two fits of a site.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// Between two looks whether one is due.
const PAUSE: Duration = Duration::from_secs(300);
/// How long one process has a site for itself.
const TURN_S: i64 = 3_600;
/// Calls that are read from Redis at a time.
const BATCH: usize = 100;

/// Fits delays; cheap to clone.
#[derive(Clone)]
pub struct Fitter {
    recorder: Recorder,
}

impl Fitter {
    /// A fitter of the calls that `recorder` writes.
    pub fn new(recorder: Recorder) -> Self {
        Fitter { recorder }
    }

    /// Learns from the newest calls that Redis has of a site and puts the fit in force.
    pub async fn fit_site(&self, keys: &SiteKeys) -> Result<Delays, StoreError> {
        let store = self.recorder.store();
        let before = load_delays(store.redis(), keys).await?;
        let mut observed = Vec::new();
        let mut looked_at = 0;
        while observed.len() < MAX_CALLS {
            let listed = store.page(keys, None, looked_at, BATCH).await?;
            looked_at += listed.len();
            let ids: Vec<_> = listed.iter().map(|(id, _)| *id).collect();
            let calls = store.load_all(keys, &ids).await?;
            observed.extend(calls.into_iter().filter_map(|call| call.attribution?.observed));
            if listed.len() < BATCH {
                break;
            }
        }
        observed.truncate(MAX_CALLS);
        let fitted = fit(&observed, before.version.saturating_add(1), self.recorder.clock().now());
        save_delays(store.redis(), keys, &fitted).await?;
        metrics::counter!("ringtrace_fits_total", "site" => keys.site().to_string()).increment(1);
        Ok(fitted)
    }

    /// Fits the sites whose last fit is a day old and that nobody else is fitting. Returns how many.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let installation = self.recorder.live().now_full();
        let redis = self.recorder.store().redis();
        let mut fitted = 0;
        for site in &installation.config.sites {
            let keys = installation.shards.keys(&site.id);
            let delays = load_delays(redis, &keys).await?;
            let now = self.recorder.clock().now();
            let every = EVERY.as_millis() as i64;
            if delays.fitted_at.is_some_and(|at| now.since(at) < every) {
                continue;
            }
            let mut turn = redis::cmd("SET");
            turn.arg(keys.delays_turn()).arg("").arg("NX").arg("EX").arg(TURN_S);
            let ours: Option<String> = redis.command("a turn to fit", &turn).await?;
            if ours.is_some() {
                self.fit_site(&keys).await?;
                fitted += 1;
            }
        }
        Ok(fitted)
    }

    /// Runs until shutdown.
    pub async fn run(self, mut shutdown: ShutdownSignal) {
        while !shutdown.sleep(PAUSE).await {
            if let Err(error) = self.run_once().await {
                tracing::warn!(%error, "the delays of calls were not learnt; it is tried again");
            }
        }
    }
}
