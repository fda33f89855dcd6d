//! Looks at every alert and schedule by the clock, once in a cluster.

use std::collections::HashMap;
use std::time::Duration;

use jiff::SignedDuration;

use crate::alert::judge::Judge;
use crate::alert::letter;
use crate::alert::mail::Letter;
use crate::alert::model::{Finding, Remembered};
use crate::alert::question::Reports;
use crate::alert::rules::{is_to_be_told, look};
use crate::alert::schedule::When;
use crate::alert::send::{Teller, Told, recipient_hash};
use crate::alert::store;
use crate::config::model::{Alert, Schedule, Site};
use crate::config::{Installation, Live};
use crate::platform::clock::{Clock, Millis};
use crate::platform::redis::{Redis, StoreError};
use crate::platform::schedule::{Ran, Scheduler};
use crate::platform::shutdown::ShutdownSignal;
use crate::warehouse::store::Warehouse;
use crate::warehouse::zone::site_zone;

/// Between two looks, and when one counts as dead.
const EVERY: SignedDuration = SignedDuration::from_mins(5);
const LONGEST: Duration = Duration::from_secs(600);
/// Between two looks whether one is due.
const PAUSE: Duration = Duration::from_secs(30);
/// Reports that could not be sent for so long are given up, in milliseconds: a day.
const LATEST_MS: i64 = 86_400_000;
/// What was found of a subject that is not looked at any more is forgotten after this, in milliseconds: a week.
const FORGOTTEN_MS: i64 = 7 * 86_400_000;

/// Looks at alerts and schedules by the clock.
pub struct AlertWorker {
    warehouse: Warehouse,
    redis: Redis,
    live: Live,
    clock: Clock,
    reports: Reports,
    scheduler: Scheduler,
}

impl AlertWorker {
    /// A worker that takes turns with others on `redis`.
    pub fn new(
        warehouse: Warehouse,
        live: Live,
        clock: Clock,
        redis: Redis,
        reports: Reports,
    ) -> Self {
        let scheduler = Scheduler::new(redis.clone());
        AlertWorker { warehouse, redis, live, clock, reports, scheduler }
    }

    /// Looks at everything unless somebody did so not long ago.
    pub async fn run_once(&self) -> Result<Ran<Result<(), StoreError>>, StoreError> {
        let now = self.clock.now();
        self.scheduler.run("alerts", EVERY, LONGEST, now, self.look_at_all()).await
    }

    /// Runs until `shutdown`.
    pub async fn run(self, mut shutdown: ShutdownSignal) {
        while !shutdown.is_over() {
            match self.run_once().await {
                Ok(Ran::Done(Err(error))) | Err(error) => {
                    tracing::warn!(%error, "alerts will be looked at again");
                }
                Ok(_) => {}
            }
            shutdown.sleep(PAUSE).await;
        }
    }

    /// Looks at every alert and schedule of every site now.
    pub async fn look_at_all(&self) -> Result<(), StoreError> {
        let installation = self.live.now_full();
        let teller = Teller::new(&installation.config);
        let mut wrong = 0;
        for site in &installation.config.sites {
            wrong += self.look_at(&installation, &teller, site).await?;
            for schedule in &site.schedules {
                self.send_when_due(&installation, &teller, site, schedule).await?;
            }
        }
        metrics::gauge!("ringtrace_alerts").set(f64::from(wrong));
        Ok(())
    }

    /// How much is wrong at a site.
    async fn look_at(
        &self,
        installation: &Installation,
        teller: &Teller,
        site: &Site,
    ) -> Result<u32, StoreError> {
        if site.alerts.is_empty() {
            return Ok(0);
        }
        let keys = installation.shards.keys(&site.id);
        let mut known = store::load(&self.redis, &keys).await?;
        let (warehouse, redis, reports) = (&self.warehouse, &self.redis, &self.reports);
        let now = self.clock.now();
        let judge = Judge { warehouse, redis, installation, reports, now };
        let mut wrong = 0;
        for alert in &site.alerts {
            let found = judge.look(site, alert, &known).await;
            for finding in found {
                let field = store::field(&alert.id, &finding.subject);
                let before = known.remove(&field).unwrap_or_default();
                let mut after = news(alert, &finding, &before, now);
                wrong += u32::from(after.since.is_some());
                store::save(redis, &keys, &field, &after).await?;
                if is_to_be_told(&after) {
                    let dashboard = &installation.config.server.public_url;
                    tell(teller, (site, alert, &finding.subject, dashboard), &mut after).await;
                    store::save(redis, &keys, &field, &after).await?;
                }
            }
        }
        store::forget(redis, &keys, &forgotten(known, site, now)).await?;
        Ok(wrong)
    }

    async fn send_when_due(
        &self,
        installation: &Installation,
        teller: &Teller,
        site: &Site,
        schedule: &Schedule,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let zone = site_zone(installation, &site.id);
        let due = When::of(schedule).ok().and_then(|when| when.last_due(&zone, now));
        let Some(due) = due else { return Ok(()) };
        let keys = installation.shards.keys(&site.id);
        let done = store::done(&self.redis, &keys, &schedule.id).await?;
        if done.is_some_and(|done| done >= due) {
            return Ok(());
        }
        // A schedule that is new begins with its next time.
        let is_wanted = done.is_some() && now.since(due) < LATEST_MS;
        if is_wanted {
            match letter::compose(&self.reports, site, schedule, now).await {
                Ok(letter) => {
                    if !self.send_report(teller, site, schedule, &letter).await {
                        return Ok(());
                    }
                }
                Err(why) => {
                    tracing::warn!(site = %site.id, schedule = %schedule.id, why, "reports will be tried again");
                    return Ok(());
                }
            }
        }
        store::set_done(&self.redis, &keys, &schedule.id, due).await
    }

    /// Whether anybody took it: then it is not sent again, or those would have it twice.
    async fn send_report(
        &self,
        teller: &Teller,
        site: &Site,
        schedule: &Schedule,
        letter: &Letter,
    ) -> bool {
        let mut taken = false;
        for to in &schedule.to {
            let sent = teller.letter(to.reveal(), letter).await;
            counted(sent.is_ok());
            taken |= sent.is_ok();
            if let Err(error) = sent {
                tracing::warn!(site = %site.id, schedule = %schedule.id, %error, "a report was not sent");
            }
        }
        taken
    }
}

fn news(alert: &Alert, finding: &Finding, before: &Remembered, now: Millis) -> Remembered {
    let hold_off_ms = i64::try_from(alert.hold_off.as_millis()).unwrap_or(i64::MAX);
    let recipients: Vec<String> = alert.to.iter().map(recipient_hash).collect();
    look(before, &finding.verdict, now, hold_off_ms, &recipients).0
}

/// Tells everybody who was not told yet.
async fn tell(
    teller: &Teller,
    (site, alert, subject, dashboard): (&Site, &Alert, &str, &str),
    known: &mut Remembered,
) {
    let Some(news) = known.news else { return };
    for to in &alert.to {
        let hash = recipient_hash(to);
        if !known.untold.contains(&hash) {
            continue;
        }
        let told = Told { site, alert, subject, news, known, dashboard };
        let sent = teller.tell(to, &told).await;
        counted(sent.is_ok());
        match sent {
            Ok(()) => known.untold.retain(|untold| *untold != hash),
            Err(error) => {
                tracing::warn!(site = %site.id, alert = %alert.id, %error, "an alert was not told; it will be tried again");
            }
        }
    }
}

fn counted(sent: bool) {
    let result = if sent { "sent" } else { "failed" };
    metrics::counter!("ringtrace_alerts_told_total", "result" => result).increment(1);
}

/// Fields of alerts that are gone, and of subjects that were not looked at for long.
fn forgotten(left: HashMap<String, Remembered>, site: &Site, now: Millis) -> Vec<String> {
    let is_gone = |field: &str| {
        let (id, _) = store::parts(field);
        !site.alerts.iter().any(|alert| alert.id.as_str() == id)
    };
    let old = left
        .into_iter()
        .filter(|(field, known)| is_gone(field) || now.since(known.looked_at) > FORGOTTEN_MS);
    old.map(|(field, _)| field).collect()
}
