//! How busy a pool was, hour by hour.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `pool:<pool>:load:<week>` | HASH | `<hour>:<tier>` → sessions that were answered so; `<hour>:held` and `<hour>:looks` → numbers held, summed over the looks of the sweeper | [`KEPT_WEEKS`] |
//!
//! Hours and weeks are counted since 1970 UTC. Any number of processes may write: sums stay sums.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;

use crate::lease::model::Tier;
use crate::lease::pools::sizing::HourLoad;
use crate::platform::clock::Millis;
use crate::platform::ids::{PoolId, SiteId};
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};

/// Weeks that are remembered.
pub const KEPT_WEEKS: i64 = 5;
const HOUR_MS: i64 = 3_600_000;
const WEEK_HOURS: i64 = 168;

/// Sessions that were given a number, or could not be, since they were last written down. Shared by
/// all workers of a process; what a crash loses of it are seconds.
#[derive(Debug, Default)]
pub struct Grants(Mutex<HashMap<(SiteId, PoolId), [u64; 5]>>);

impl Grants {
    /// Counts one session that asked for a number of `pool` and was answered with `tier`.
    pub fn count(&self, site: &SiteId, pool: &PoolId, tier: Tier) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tiers) = counted.get_mut(&(site.clone(), pool.clone())) {
            tiers[tier as usize] += 1;
        } else {
            let mut tiers = [0; 5];
            tiers[tier as usize] = 1;
            counted.insert((site.clone(), pool.clone()), tiers);
        }
    }

    /// Takes what was counted for a pool.
    fn take(&self, site: &SiteId, pool: &PoolId) -> [u64; 5] {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.remove(&(site.clone(), pool.clone())).unwrap_or_default()
    }

    /// Puts back what could not be written down.
    fn put_back(&self, site: &SiteId, pool: &PoolId, tiers: [u64; 5]) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counted.entry((site.clone(), pool.clone())).or_default();
        for (known, more) in known.iter_mut().zip(tiers) {
            *known += more;
        }
    }
}

/// What one hour of a pool was like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// Sessions by how they were answered, in the order of [`Tier`].
    pub by_tier: [u64; 5],
    /// Numbers held, summed over the looks.
    pub held: u64,
    /// How often was looked.
    pub looks: u64,
}

impl Hour {
    /// Sessions that asked.
    pub fn arrivals(&self) -> u64 {
        self.by_tier.iter().sum()
    }

    /// Sessions that got a number of their own, rested or not.
    pub fn with_own(&self) -> u64 {
        self.by_tier[Tier::Own as usize] + self.by_tier[Tier::Unrested as usize]
    }
}

/// Writes down what was counted for a pool, and that `held` of its numbers are held now.
pub async fn write(
    redis: &Redis,
    keys: &SiteKeys,
    grants: &Grants,
    (site, pool): (&SiteId, &PoolId),
    held: u64,
    now: Millis,
) -> Result<(), StoreError> {
    let hour = now.0.div_euclid(HOUR_MS);
    let key = keys.pool_load(pool, hour.div_euclid(WEEK_HOURS));
    let mut pipeline = redis::pipe();
    let mut add = |what: &str, more: u64| {
        if more > 0 {
            pipeline.cmd("HINCRBY").arg(&key).arg(format!("{hour}:{what}")).arg(more).ignore();
        }
    };
    let counted = grants.take(site, pool);
    for tier in Tier::ALL {
        add(tier.word(), counted[tier as usize]);
    }
    add("held", held);
    add("looks", 1);
    let kept = (KEPT_WEEKS + 1) * WEEK_HOURS * HOUR_MS;
    pipeline.cmd("PEXPIRE").arg(&key).arg(kept).ignore();
    let written = redis.pipeline::<()>("the load of a pool", &pipeline).await;
    if written.is_err() {
        grants.put_back(site, pool, counted);
    }
    written
}

/// The hours of a pool in the last weeks, by hours since 1970; those with nothing are left out.
pub async fn read(
    redis: &Redis,
    keys: &SiteKeys,
    pool: &PoolId,
    now: Millis,
) -> Result<BTreeMap<i64, Hour>, StoreError> {
    let week = now.0.div_euclid(HOUR_MS * WEEK_HOURS);
    let mut pipeline = redis::pipe();
    for week in week - KEPT_WEEKS..=week {
        pipeline.cmd("HGETALL").arg(keys.pool_load(pool, week));
    }
    let weeks: Vec<HashMap<String, u64>> = redis.pipeline("the load of a pool", &pipeline).await?;
    let oldest = now.0.div_euclid(HOUR_MS) - KEPT_WEEKS * WEEK_HOURS;
    let mut hours: BTreeMap<i64, Hour> = BTreeMap::new();
    for (field, count) in weeks.into_iter().flatten() {
        let Some((hour, what)) = field.split_once(':') else { continue };
        let Some(hour) = hour.parse().ok().filter(|hour| *hour > oldest) else { continue };
        let hour = hours.entry(hour).or_default();
        match what {
            "held" => hour.held = count,
            "looks" => hour.looks = count,
            tier => {
                let tier = Tier::from_word(tier);
                tier.into_iter().for_each(|tier| hour.by_tier[tier as usize] = count);
            }
        }
    }
    Ok(hours)
}

/// Sessions of one hour of the week that are enough to tell its own mean hold.
const ENOUGH: u64 = 30;

/// The average hour of each of the 168 of a week, by the clock of `zone`, over the hours that were
/// looked at; an hour of the week that was never looked at is left out.
///
/// The mean hold is the numbers held on average, divided by how many sessions a second got one of
/// their own (Little's law); an hour of the week with few of them has that of the whole time. An hour
/// that was looked at less often than others was watched for a part of it only.
pub fn week(hours: &BTreeMap<i64, Hour>, zone: &TimeZone) -> Vec<HourLoad> {
    let mut of_week: BTreeMap<(i8, i8), Slot> = BTreeMap::new();
    let mut whole = Slot::default();
    let most_looks = hours.values().map(|hour| hour.looks).max().unwrap_or(0);
    for (since_1970, hour) in hours.iter().filter(|(_, hour)| hour.looks > 0) {
        let watched = hour.looks as f64 / most_looks as f64;
        let Ok(at) = jiff::Timestamp::from_second(since_1970 * 3600) else { continue };
        let local = at.to_zoned(zone.clone());
        let slot = (local.weekday().to_monday_one_offset(), local.hour());
        of_week.entry(slot).or_default().add(hour, watched);
        whole.add(hour, watched);
    }
    let load = |((weekday, hour), slot): ((i8, i8), Slot)| HourLoad {
        weekday,
        hour,
        arrivals_per_hour: slot.arrivals as f64 / slot.hours,
        mean_hold_s: if slot.with_own >= ENOUGH { &slot } else { &whole }.mean_hold_s(),
    };
    of_week.into_iter().map(load).collect()
}

/// Hours that are told as one.
#[derive(Default)]
struct Slot {
    hours: f64,
    arrivals: u64,
    with_own: u64,
    held_hours: f64,
}

impl Slot {
    /// Adds an hour of which the part `watched` was seen.
    fn add(&mut self, hour: &Hour, watched: f64) {
        self.hours += watched;
        self.arrivals += hour.arrivals();
        self.with_own += hour.with_own();
        self.held_hours += watched * hour.held as f64 / hour.looks as f64;
    }

    fn mean_hold_s(&self) -> f64 {
        if self.with_own > 0 { self.held_hours / self.with_own as f64 * 3600.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_week_by_the_site_s_clock() {
        // 2026-03-02 was a Monday; 09:00 in New York is 14:00 UTC before the clocks change on the
        // 8th, and 13:00 UTC after it.
        let monday_nine = 1_772_460_000 / 3600;
        let own =
            |arrivals: u64, held: u64| Hour { by_tier: [arrivals, 0, 0, 0, 0], held, looks: 2 };
        let hours = BTreeMap::from([
            (monday_nine, own(100, 20)),
            (monday_nine + 167, own(60, 12)),
            (monday_nine + 5, Hour { by_tier: [20, 9, 6, 3, 2], held: 12, looks: 2 }),
            (monday_nine + 6, Hour { looks: 0, ..own(9, 9) }),
        ]);
        let zone = TimeZone::get("America/New_York").expect("a time zone");
        let week = week(&hours, &zone);
        let slots: Vec<_> = week.iter().map(|h| (h.weekday, h.hour, h.arrivals_per_hour)).collect();
        assert_eq!(slots, [(1, 9, 80.0), (1, 14, 40.0)]);
        // 16 number-hours held by 160 sessions; then 22 by 189, since 29 alone say little.
        let holds: Vec<f64> = week.iter().map(|hour| hour.mean_hold_s).collect();
        assert!((holds[0] - 360.0).abs() < 1e-9, "{holds:?}");
        assert!((holds[1] - 22.0 / 189.0 * 3600.0).abs() < 1e-9, "{holds:?}");
    }

    #[test]
    fn what_could_not_be_written_is_counted_later() {
        let (site, pool) = ("a".parse().expect("a site"), "main".parse().expect("a pool"));
        let grants = Grants::default();
        grants.count(&site, &pool, Tier::Own);
        let taken = grants.take(&site, &pool);
        assert_eq!(grants.take(&site, &pool), [0; 5]);
        grants.count(&site, &pool, Tier::Shared);
        grants.put_back(&site, &pool, taken);
        assert_eq!(grants.take(&site, &pool), [1, 0, 1, 0, 0]);
    }
}
