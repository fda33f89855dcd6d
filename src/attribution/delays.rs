//! When callers call: what is assumed, or was learnt of a site ([`Delays`]), and the density that
//! follows from it.
//!
//! A session's calls come from one of five components: by a `tel:` click, from the page, just after the visit,
//! the same day, later. Its density of calls at a moment is the sum of what the components say, in
//! calls per second of one session; a sixth component are the calls of nobody, in calls per second of
//! one number. All are on one scale, so they may be compared and added.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::attribution::stays::{Moment, Pace};
use crate::platform::clock::Millis;

/// Seconds without a sign of life after which a page that was never heard to be left is taken for
/// gone: a visible page beats every 30 s, a hidden one every 60 s.
pub const ON_PAGE_S: f64 = 75.0;

/// A call within this time after a `tel:` click may come from it.
pub const CLICKED_S: f64 = 900.0;

/// Part of the clicks whose call waits: the dialler stays open, somebody is asked first.
const SLOW_CLICKS: f64 = 0.12;
/// How long such a call waits on average, in seconds.
const SLOW_CLICK_S: f64 = 150.0;

/// So many means later nothing of an exponential law is left.
const NEGLIGIBLE: f64 = 40.0;

/// Shares of all calls by where they come from; they sum to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Moments after a `tel:` click.
    pub click: f64,
    /// From the page, without a click.
    pub page: f64,
    /// Just after the visit.
    pub just: f64,
    /// The same day.
    pub day: f64,
    /// Later.
    pub later: f64,
    /// Of nobody who was shown the number.
    pub nobody: f64,
}

/// Mean delays of the components that have one, in seconds: from the click, or from the last sign of
/// life.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Means {
    /// From a click to its call.
    pub click: f64,
    /// Just after the visit.
    pub just: f64,
    /// The same day.
    pub day: f64,
    /// Later.
    pub later: f64,
}

/// What sessions and numbers are like, whoever calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// Seconds that a session is on the page.
    pub page_s: f64,
    /// Share of sessions that click the number.
    pub clicks: f64,
    /// New holders of a number in a second.
    pub holders_per_s: f64,
}

/// When callers of a site call, and who calls more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delays {
    /// Rises with every fit of the site; 0: the prior, nothing was learnt.
    pub version: u32,
    /// When it was fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted_at: Option<Millis>,
    /// How many calls it was learnt from.
    pub calls: u32,
    /// Shares of the components.
    pub shares: Shares,
    /// Their mean delays.
    pub means: Means,
    /// What sessions are like.
    pub population: Population,
    /// How much likelier a session calls at one moment on the page than at another.
    #[serde(default)]
    pub pace: Pace,
    /// How much more a session of a channel calls than one of them all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<String, f64>,
}

/// What is assumed while nothing was learnt: rounded estimates for sites where most callers dial while
/// the page is open. A prior, not a measurement.
pub fn prior() -> Delays {
    let shares =
        Shares { click: 0.36, page: 0.26, just: 0.13, day: 0.11, later: 0.07, nobody: 0.07 };
    let means = Means { click: 10.0, just: 300.0, day: 4.0 * 3_600.0, later: 5.0 * 86_400.0 };
    let population = Population { page_s: 150.0, clicks: 0.04, holders_per_s: 1.0 / 1_800.0 };
    let (pace, channels) = (Pace::default(), BTreeMap::new());
    Delays { version: 0, fitted_at: None, calls: 0, shares, means, population, pace, channels }
}

impl Delays {
    /// Density of the call of a session that clicked `ago_s` before.
    pub fn by_click(&self, ago_s: f64) -> f64 {
        if !(0.0..=CLICKED_S).contains(&ago_s) {
            return 0.0;
        }
        let quick = exponential(ago_s, self.means.click);
        let slow = exponential(ago_s, SLOW_CLICK_S.max(self.means.click));
        let density = (1.0 - SLOW_CLICKS) * quick + SLOW_CLICKS * slow;
        self.shares.click / self.population.clicks * density
    }

    /// Density of the call of a session that is on the page, at a moment of its stay.
    pub fn on_page(&self, moment: Moment) -> f64 {
        self.shares.page / self.population.page_s * self.pace.at(moment)
    }

    /// Density of the call of a session that was seen last `idle_s` before and is gone: just after,
    /// same day, later.
    pub fn gone(&self, idle_s: f64) -> [f64; 3] {
        let Delays { shares, means, .. } = self;
        [
            shares.just * exponential(idle_s, means.just),
            shares.day * exponential(idle_s, means.day),
            shares.later * exponential(idle_s, means.later),
        ]
    }

    /// How much more a session of this channel calls than one of them all; 1 when that is not known.
    pub fn of_channel(&self, channel: &str) -> f64 {
        self.channels.get(channel).copied().unwrap_or(1.0)
    }

    /// Density of calls of nobody to one number.
    pub fn of_nobody(&self) -> f64 {
        self.shares.nobody * self.population.holders_per_s
    }

    /// Density of calls of holders that are not known one by one any more, those seen last between
    /// `from_s` and `to_s` before.
    pub fn of_older(&self, from_s: f64, to_s: f64) -> f64 {
        let [from, to] = [from_s, to_s].map(|s| self.beyond(s).iter().sum::<f64>());
        self.population.holders_per_s * (from - to).max(0.0)
    }

    /// Share of the calls that come more than `idle_s` after the last sign of life: just after, same day,
    /// later.
    pub fn beyond(&self, idle_s: f64) -> [f64; 3] {
        let Shares { just, day, later, .. } = self.shares;
        let [just_s, day_s, later_s] = self.late_means();
        let part = |share: f64, mean: f64| share * (-idle_s / mean).exp();
        [part(just, just_s), part(day, day_s), part(later, later_s)]
    }

    /// Mean delays of those who call after the visit, in seconds.
    pub fn late_means(&self) -> [f64; 3] {
        [self.means.just, self.means.day, self.means.later]
    }

    /// Share of the calls of known sessions that come within `idle_ms` after the last sign of life.
    pub fn share_by(&self, idle_ms: i64) -> f64 {
        if idle_ms < 0 {
            return 0.0;
        }
        let Delays { shares, means, .. } = self;
        let idle_s = idle_ms as f64 / 1_000.0;
        let by = |share: f64, mean: f64| share * (1.0 - (-idle_s / mean).exp());
        let late =
            by(shares.just, means.just) + by(shares.day, means.day) + by(shares.later, means.later);
        (shares.click + shares.page + late) / (1.0 - shares.nobody)
    }
}

/// Density of an exponential law at `t`; 0 where it is below a part in 10^17 of that at 0.
fn exponential(t: f64, mean: f64) -> f64 {
    let means = t.max(0.0) / mean;
    // A busy number has a thousand holders, most of them of days ago: they need no exponential of five minutes.
    if means > NEGLIGIBLE { 0.0 } else { (-means).exp() / mean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_assumed_is_a_law() {
        let prior = prior();
        let Shares { click, page, just, day, later, nobody } = prior.shares;
        assert!((click + page + just + day + later + nobody - 1.0).abs() < 1e-9);
        assert_eq!(prior.share_by(-1), 0.0);
        assert!((prior.share_by(i64::MAX) - 1.0).abs() < 1e-9);
        assert!(prior.share_by(0) < prior.share_by(60_000));
        // The densities of a session that is gone sum to its shares.
        let step = 5.0;
        let sum: f64 = (0..2_000_000)
            .map(|n| prior.gone((f64::from(n) + 0.5) * step).iter().sum::<f64>() * step)
            .sum();
        assert!((sum - just - day - later).abs() < 1e-3, "{sum}");
        let older = prior.of_older(0.0, 1e9) / prior.population.holders_per_s;
        assert!((older - just - day - later).abs() < 1e-9);
    }
}
