//! What each alert finds.

use std::collections::HashMap;

use duckdb::types::Value;
use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::alert::model::{Finding, Remembered, Verdict};
use crate::alert::question::{Reports, against_benchmark, against_bounds};
use crate::alert::store;
use crate::config::Installation;
use crate::config::model::{Alert, AlertKind, Pool, SilentOf, Site};
use crate::forecast::backtest::{learn, total};
use crate::forecast::model::{ForecastGrain, History};
use crate::forecast::rules::expect;
use crate::forecast::store::history;
use crate::lease::pools::load;
use crate::platform::clock::Millis;
use crate::platform::ids::DestinationId;
use crate::platform::redis::Redis;
use crate::warehouse::question::Question;
use crate::warehouse::store::{Warehouse, WarehouseError};
use crate::warehouse::zone::{local_time, site_zone};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const WEEK_MS: i64 = 7 * DAY_MS;
/// Weeks before, whose same hours tell what is usual.
const WEEKS: usize = 4;
/// Silence that happens by chance more often than this is no news.
const BY_CHANCE: f64 = 0.01;
/// Fewest visitors of a pool from which its overflow is judged.
const FEWEST_VISITORS: u64 = 20;
/// Fewest whole days from which a day is called unusual.
const FEWEST_DAYS: usize = 28;

/// Looks at alerts.
pub struct Judge<'a> {
    /// The warehouse.
    pub warehouse: &'a Warehouse,
    /// Redis.
    pub redis: &'a Redis,
    /// The configuration in force.
    pub installation: &'a Installation,
    /// Asks reports.
    pub reports: &'a Reports,
    /// The moment it is.
    pub now: Millis,
}

impl Judge<'_> {
    /// What `alert` of `site` finds, one for each thing that it watches; `known` is what is remembered of the site's
    /// alerts. What cannot be judged now is [`Verdict::Unknown`], and logged.
    pub async fn look(
        &self,
        site: &Site,
        alert: &Alert,
        known: &HashMap<String, Remembered>,
    ) -> Vec<Finding> {
        let found = match &alert.kind {
            AlertKind::Threshold { metric, filter, period, above, below, at_least } => {
                let told = self.reports.ask(site, (metric, filter), period, None, self.now).await;
                told.map(|told| one(against_bounds(&told, *above, *below, *at_least)))
            }
            AlertKind::Benchmark { metric, filter, period, against, at_least } => {
                let told =
                    self.reports.ask(site, (metric, filter), period, Some(against), self.now).await;
                told.map(|told| one(against_benchmark(&told, *at_least)))
            }
            AlertKind::Forecast {} => self.unusual_day(site).await.map_err(|e| e.to_string()),
            AlertKind::Silent { source, of, quiet } => {
                let before = wrong_before(alert, known);
                let silent = self.silent(site, source, *of, *quiet, &before).await;
                silent.map_err(|error| error.to_string())
            }
            AlertKind::Overflow { pool } => {
                let pools =
                    site.pools.iter().filter(|one| pool.as_ref().is_none_or(|id| *id == one.id));
                let mut found = Vec::new();
                for pool in pools {
                    found.push(self.overflow(site, pool).await);
                }
                Ok(found)
            }
            AlertKind::Postbacks { destination, above, at_least } => {
                let failing = self.failing(site, destination.as_ref(), *above, *at_least).await;
                failing.map_err(|error| error.to_string())
            }
        };
        found.unwrap_or_else(|why| {
            tracing::warn!(site = %site.id, alert = %alert.id, why, "an alert cannot be judged now");
            one(Verdict::Unknown)
        })
    }

    async fn unusual_day(&self, site: &Site) -> Result<Vec<Finding>, WarehouseError> {
        let today = local_time(self.now, &self.zone(site)).date;
        let mut known = history(self.warehouse, &site.id, today).await?;
        let Some(yesterday) = known.days.pop() else { return Ok(one(Verdict::Unknown)) };
        let calls = total(&yesterday);
        let judged = tokio::task::spawn_blocking(move || unusual(&known, calls)).await;
        Ok(one(judged.unwrap_or(Verdict::Unknown)))
    }

    /// Sources that were there in the same hours of each of the last weeks, and are not now; and those that were silent
    /// `before`, until they are there again.
    async fn silent(
        &self,
        site: &Site,
        source: &str,
        of: SilentOf,
        quiet: SignedDuration,
        before: &[&str],
    ) -> Result<Vec<Finding>, WarehouseError> {
        let table = match of {
            SilentOf::Visits => "sessions",
            SilentOf::Calls => "calls",
        };
        let known_ms = WEEKS as i64 * WEEK_MS;
        // Names of tables are ours alone; all else is bound.
        let question = format!(
            "SELECT source, (($2 - started_at - ($2 - started_at) % {WEEK_MS}) / {WEEK_MS})::BIGINT, count(*) FROM {table}
             WHERE site = $1 AND started_at > $2 - $3 - {known_ms} AND started_at <= $2
               AND ($2 - started_at) % {WEEK_MS} < $3 AND source NOT LIKE '(%' AND ($4 = '' OR source = $4)
             GROUP BY ALL"
        );
        let (site, now, source) = (site.id.to_string(), self.now.0, source.to_owned());
        let quiet_ms = i64::try_from(quiet.as_millis()).unwrap_or(DAY_MS).clamp(1, WEEK_MS);
        let bound = vec![Value::Text(site), now.into(), quiet_ms.into(), Value::Text(source)];
        let asked = Question::new("look for silent sources", question, bound);
        let mut by_source = std::collections::BTreeMap::<String, [f64; WEEKS + 1]>::new();
        for row in self.warehouse.ask(asked).await? {
            let weeks = by_source.entry(row.get(0)?).or_default();
            let week = usize::try_from(row.get::<i64>(1)?).ok();
            let week = week.and_then(|week| weeks.get_mut(week));
            let count: f64 = row.get(2)?;
            week.into_iter().for_each(|known| *known += count);
        }
        let what = if of == SilentOf::Visits { "visits" } else { "calls" };
        let judged = by_source.into_iter().map(|(source, weeks)| {
            let was_silent = before.contains(&source.as_str());
            let verdict = silence(&source, weeks, what, quiet, was_silent);
            Finding { subject: source, verdict }
        });
        Ok(judged.collect())
    }

    async fn overflow(&self, site: &Site, pool: &Pool) -> Finding {
        let keys = self.installation.shards.keys(&site.id);
        let hours = load::read(self.redis, &keys, &pool.id, self.now).await;
        let verdict = hours.map_or(Verdict::Unknown, |hours| {
            let day = hours.range(self.now.0.div_euclid(HOUR_MS) - 23..);
            let (asked, own) =
                day.fold((0, 0), |(a, o), (_, hour)| (a + hour.arrivals(), o + hour.with_own()));
            let share = asked.saturating_sub(own) as f64 / asked.max(1) as f64;
            let text = format!(
                "{} of {asked} visitors of the pool {} got no number of their own in the last 24 hours ({}; aim: at most {})",
                asked.saturating_sub(own), pool.id, percent(share), percent(pool.overflow_target)
            );
            match asked >= FEWEST_VISITORS && share > pool.overflow_target {
                true => Verdict::Wrong(text),
                false => Verdict::Fine(text),
            }
        });
        Finding { subject: pool.id.to_string(), verdict }
    }

    async fn failing(
        &self,
        site: &Site,
        destination: Option<&DestinationId>,
        above: f64,
        at_least: f64,
    ) -> Result<Vec<Finding>, WarehouseError> {
        let question =
            "SELECT destination, count(*) FILTER (WHERE verdict IN ('rejected', 'gave_up')),
                count(*) FILTER (WHERE verdict IN ('rejected', 'gave_up', 'delivered'))
             FROM postbacks WHERE site = $1 AND settled_at > $2 AND ($3 = '' OR destination = $3)
             GROUP BY ALL ORDER BY ALL";
        let wanted = destination.map_or_else(String::new, |id| id.to_string());
        let (site, since) = (site.id.to_string(), self.now.0 - DAY_MS);
        let bound = vec![Value::Text(site), since.into(), Value::Text(wanted)];
        let counted = self.warehouse.ask(Question::new("count failed postbacks", question, bound));
        let mut judged = Vec::new();
        for row in counted.await? {
            let (destination, failed, settled): (String, f64, f64) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let share = failed / settled.max(1.0);
            let text = format!(
                "{failed} of {settled} postbacks to {destination} failed in the last 24 hours ({})",
                percent(share)
            );
            let is_wrong = settled >= at_least.max(1.0) && share > above;
            let verdict = if is_wrong { Verdict::Wrong(text) } else { Verdict::Fine(text) };
            judged.push(Finding { subject: destination, verdict });
        }
        Ok(judged)
    }

    fn zone(&self, site: &Site) -> TimeZone {
        site_zone(self.installation, &site.id)
    }
}

fn one(verdict: Verdict) -> Vec<Finding> {
    vec![Finding { subject: String::new(), verdict }]
}

/// The subjects of which `alert` was wrong when it was looked at last.
fn wrong_before<'a>(alert: &Alert, known: &'a HashMap<String, Remembered>) -> Vec<&'a str> {
    let wrong = known.iter().filter(|(_, known)| known.since.is_some());
    let of_it = wrong.map(|(field, _)| store::parts(field));
    of_it.filter(|(id, _)| *id == alert.id.as_str()).map(|(_, subject)| subject).collect()
}

/// A share for people.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Whether a day with `calls` after `known` is one of twenty.
fn unusual(known: &History, calls: f64) -> Verdict {
    if known.days.len() < FEWEST_DAYS {
        return Verdict::Unknown;
    }
    let expected = expect(known, &learn(&known.days), ForecastGrain::Day, 1);
    let Some(expected) = expected.first() else { return Verdict::Unknown };
    let [low, high] = expected.in_95_percent.map(|calls| calls as f64);
    let text = format!(
        "{calls} calls on {}; {:.1} were expected, {low} to {high} on nineteen of twenty such days",
        expected.date, expected.calls
    );
    match (low..=high).contains(&calls) {
        true => Verdict::Fine(text),
        false => Verdict::Wrong(text),
    }
}

/// `weeks`: what came in these hours, and in those of each week before. Silence that was found is over when something
/// comes: after a week it stands among the weeks before, and would look usual.
fn silence(
    source: &str,
    weeks: [f64; WEEKS + 1],
    what: &str,
    quiet: SignedDuration,
    was_silent: bool,
) -> Verdict {
    let [now, before @ ..] = weeks;
    let usual = before.iter().sum::<f64>() / WEEKS as f64;
    let is_steady = before.iter().all(|count| *count > 0.0);
    let text = format!(
        "{now} {what} from {source} in the last {quiet:#}; the same hours of the last {WEEKS} weeks had {usual:.1} on average"
    );
    // No count at all has the probability e^-mean under Poisson's law.
    let is_unusual = is_steady && (-usual).exp() < BY_CHANCE;
    match now == 0.0 && (was_silent || is_unusual) {
        true => Verdict::Wrong(text),
        false => Verdict::Fine(text),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_source_is_silent_when_it_was_steady_and_chance_is_no_excuse() {
        let day = SignedDuration::from_hours(24);
        let judged = |weeks| silence("google", weeks, "visits", day, false);
        assert!(matches!(judged([0.0, 9.0, 5.0, 6.0, 8.0]), Verdict::Wrong(_)));
        assert!(matches!(judged([1.0, 90.0, 50.0, 60.0, 80.0]), Verdict::Fine(_)), "it is there");
        assert!(matches!(judged([0.0, 2.0, 1.0, 3.0, 1.0]), Verdict::Fine(_)), "that is chance");
        assert!(
            matches!(judged([0.0, 90.0, 0.0, 0.0, 0.0]), Verdict::Fine(_)),
            "one campaign long ago"
        );
    }

    #[test]
    fn a_silent_source_is_silent_until_it_is_there_again() {
        let day = SignedDuration::from_hours(24);
        let on_day_eight = [0.0, 0.0, 9.0, 5.0, 6.0];
        let judged = |weeks, was_silent| silence("google", weeks, "visits", day, was_silent);
        assert!(matches!(judged(on_day_eight, true), Verdict::Wrong(_)), "it is silent still");
        assert!(matches!(judged(on_day_eight, false), Verdict::Fine(_)));
        assert!(matches!(judged([1.0, 0.0, 9.0, 5.0, 6.0], true), Verdict::Fine(_)));
    }

    #[test]
    fn a_day_is_unusual_outside_of_its_interval_only() {
        let mut day = [0; 24];
        day[10] = 20;
        let known = History { from: date(2026, 1, 5), days: vec![day; 56], handled: None };
        assert!(matches!(unusual(&known, 22.0), Verdict::Fine(_)));
        assert!(matches!(unusual(&known, 3.0), Verdict::Wrong(_)));
        assert!(matches!(unusual(&known, 60.0), Verdict::Wrong(_)));
        let short = History { days: vec![day; 20], ..known };
        assert_eq!(unusual(&short, 60.0), Verdict::Unknown);
    }
}
