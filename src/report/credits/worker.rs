//! Keeps the removal effects ready that reports ask for without saying when: the last 30 days, this month and the one
//! before. Once in a cluster; whoever asks for another period has it computed then.

use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};

use crate::config::Live;
use crate::platform::clock::Clock;
use crate::platform::redis::{Redis, StoreError};
use crate::platform::schedule::{Ran, Scheduler};
use crate::platform::shutdown::ShutdownSignal;
use crate::report::credits::effects::current;
use crate::report::model::Period;
use crate::report::rules::{bounds, period};
use crate::warehouse::store::{Warehouse, WarehouseError};
use crate::warehouse::zone::{local_time, site_zone};

/// Between two runs, and when one counts as dead.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
const LONGEST: Duration = Duration::from_secs(1_800);
/// Between two looks whether one is due.
const PAUSE: Duration = Duration::from_secs(300);

/// Computes removal effects by the clock.
pub struct EffectsWorker {
    warehouse: Warehouse,
    live: Live,
    clock: Clock,
    scheduler: Scheduler,
}

impl EffectsWorker {
    /// A worker that takes turns with others on `redis`.
    pub fn new(warehouse: Warehouse, live: Live, clock: Clock, redis: Redis) -> Self {
        EffectsWorker { warehouse, live, clock, scheduler: Scheduler::new(redis) }
    }

    /// Brings the effects of every site up to date unless somebody did so not long ago. Says of how many periods.
    pub async fn run_once(&self) -> Result<Ran<Result<usize, WarehouseError>>, StoreError> {
        let now = self.clock.now();
        self.scheduler.run("removal-effects", EVERY, LONGEST, now, self.compute()).await
    }

    async fn compute(&self) -> Result<usize, WarehouseError> {
        let installation = self.live.now_full();
        let now = self.clock.now();
        let mut computed = 0;
        for site in &installation.config.sites {
            let zone = site_zone(&installation, &site.id);
            let today = local_time(now, &zone).date;
            for (from, to) in usual(today).into_iter().filter_map(|days| bounds(days, &zone)) {
                current(&self.warehouse, (site.id.clone(), from, to), now).await?;
                computed += 1;
            }
        }
        Ok(computed)
    }

    /// Runs until shutdown.
    pub async fn run(self, mut shutdown: ShutdownSignal) {
        while !shutdown.sleep(PAUSE).await {
            match self.run_once().await {
                Ok(Ran::Done(Err(error))) => tracing::warn!(%error, "removal effects wait"),
                Err(error) => tracing::warn!(%error, "removal effects wait"),
                Ok(_) => {}
            }
        }
    }
}

/// The periods that are asked for most on `today`.
fn usual(today: Date) -> Vec<Period> {
    let first = today.first_of_month();
    let before = first.checked_sub(1.day()).unwrap_or(first);
    let months = [(first, today), (before.first_of_month(), before)];
    let months = months.map(|(from, to)| Period::Days { from, to });
    period(None, None, today, Default::default()).into_iter().chain(months).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_usual_periods_are_the_last_days_and_two_months() {
        let days = |from, to| Period::Days { from, to };
        assert_eq!(
            usual(date(2026, 3, 8)),
            [
                days(date(2026, 2, 7), date(2026, 3, 8)),
                days(date(2026, 3, 1), date(2026, 3, 8)),
                days(date(2026, 2, 1), date(2026, 2, 28)),
            ]
        );
    }
}
