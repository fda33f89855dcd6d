//! How long sessions stay on the page, and how much likelier they call at one moment of a stay than at another.
//! Pure.
//!
//! A visitor calls once, however long the page is open: the longer somebody stayed without calling, the
//! less likely they call in the next second. How fast that falls is a matter of how long visits last,
//! which is counted, and of when in a visit people call, which is learnt.

use serde::{Deserialize, Serialize};

use crate::attribution::delays::ON_PAGE_S;

/// Bins of the time that a session has been on the page.
pub const BINS: usize = 10;
/// Where they end, in seconds; the last one does not.
const ENDS_S: [f64; BINS - 1] = [8.0, 20.0, 40.0, 75.0, 130.0, 220.0, 400.0, 800.0, 1_800.0];
/// A page beats every 30 s while it is looked at: after this long without a beat it is hidden, or gone and
/// not heard to be.
const QUIET_S: f64 = 35.0;
/// Nobody calls faster than this, in seconds: shorter stays count as so long.
const SHORTEST_S: f64 = 10.0;

/// How many calls of a bin the prior is worth: that a visit's call comes at any moment of it alike.
const PRIOR_CALLS: f64 = 30.0;
/// How many calls of quiet pages the prior is worth, and what it is: half of them are gone.
const PRIOR_QUIET: f64 = 20.0;
const ASSUMED_QUIET: f64 = 0.5;
/// A bin that holds less than this part of everything says nothing.
const LEAST: f64 = 1e-4;

/// A moment of a stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The bin of the time since the page was opened.
    stay: u8,
    /// Whether it should have beaten since.
    quiet: bool,
}

impl Moment {
    /// So many seconds after the number was shown, `idle_s` after the last sign of life.
    pub fn of(stayed_s: f64, idle_s: f64) -> Self {
        let stay = ENDS_S.iter().take_while(|end| stayed_s >= **end).count();
        Moment { stay: stay as u8, quiet: idle_s > QUIET_S }
    }

    fn bin(self) -> usize {
        usize::from(self.stay).min(BINS - 1)
    }
}

/// Stays, summed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stays {
    /// Seconds in each bin.
    seconds: [f64; BINS],
    /// Stays in each bin: of each the part of its time that it was there.
    parts: [f64; BINS],
    /// Those that ended unheard.
    unheard: f64,
}

impl Stays {
    /// Adds one of so many seconds from the first to the last sign of life.
    pub fn add(&mut self, seconds: f64, ended_unheard: bool) {
        let part = 1.0 / seconds.max(SHORTEST_S);
        let mut from = 0.0;
        for (bin, end) in ENDS_S.into_iter().chain([f64::INFINITY]).enumerate() {
            if seconds <= from {
                break;
            }
            let inside = seconds.min(end) - from;
            self.seconds[bin] += inside;
            self.parts[bin] += inside * part;
            from = end;
        }
        self.unheard += f64::from(u8::from(ended_unheard));
    }

    /// Adds others.
    pub fn merge(&mut self, others: &Stays) {
        for bin in 0..BINS {
            self.seconds[bin] += others.seconds[bin];
            self.parts[bin] += others.parts[bin];
        }
        self.unheard += others.unheard;
    }

    /// Seconds that these sessions were taken to be on the page.
    pub fn seconds(&self) -> f64 {
        self.seconds.iter().sum::<f64>() + ON_PAGE_S * self.unheard
    }

    /// The part of all time that was quiet.
    fn quiet(&self) -> f64 {
        (ON_PAGE_S - QUIET_S) * self.unheard / self.seconds().max(1.0)
    }
}

/// Calls from the page by the moment of the stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls {
    bins: [f64; BINS],
    quiet: f64,
    all: f64,
}

impl Calls {
    /// Adds a part of one.
    pub fn add(&mut self, moment: Moment, part: f64) {
        self.bins[moment.bin()] += part;
        self.quiet += if moment.quiet { part } else { 0.0 };
        self.all += part;
    }
}

/// How much likelier a session calls at a moment of its stay than at any other; 1 on average over all time on
/// pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    bins: [f64; BINS],
    quiet: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { bins: [1.0; BINS], quiet: 1.0 }
    }
}

impl Pace {
    /// The factor at a moment.
    pub fn at(&self, moment: Moment) -> f64 {
        self.bins[moment.bin()] * if moment.quiet { self.quiet } else { 1.0 }
    }

    /// What `calls` teach against the time there was for them; the prior where there was none.
    pub fn learnt(stays: &Stays, calls: &Calls) -> Self {
        let time: f64 = stays.seconds.iter().sum();
        let parts: f64 = stays.parts.iter().sum();
        if time <= 0.0 || parts <= 0.0 {
            return Pace::default();
        }
        let share = |bin: usize| stays.seconds[bin] / time;
        let of = |bin: usize| (stays.parts[bin] / parts + LEAST) / (share(bin) + LEAST);
        let assumed = level(std::array::from_fn(of), share);
        let factor = |bin: usize| {
            let expected = share(bin) * calls.all;
            (calls.bins[bin] + PRIOR_CALLS * assumed[bin]) / (expected + PRIOR_CALLS)
        };
        let expected = stays.quiet() * calls.all;
        let quiet = (calls.quiet + PRIOR_QUIET * ASSUMED_QUIET) / (expected + PRIOR_QUIET);
        Pace { bins: level(std::array::from_fn(factor), share), quiet }
    }
}

/// Factors that are 1 on average over bins of these shares.
fn level(factors: [f64; BINS], share: impl Fn(usize) -> f64) -> [f64; BINS] {
    let mean: f64 = factors.iter().enumerate().map(|(bin, factor)| factor * share(bin)).sum();
    factors.map(|factor| factor / mean.max(LEAST))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_stays_call_less_a_second_unless_calls_say_otherwise() {
        let mut stays = Stays::default();
        for seconds in [15.0, 30.0, 60.0, 120.0, 600.0, 900.0] {
            stays.add(seconds, false);
        }
        let early = Moment::of(5.0, 0.0);
        let late = Moment::of(700.0, 0.0);
        let assumed = Pace::learnt(&stays, &Calls::default());
        assert!(assumed.at(early) > 2.0 * assumed.at(late), "{assumed:?}");
        let mut calls = Calls::default();
        calls.add(late, 500.0);
        let learnt = Pace::learnt(&stays, &calls);
        let late_to_early = |pace: &Pace| pace.at(late) / pace.at(early);
        assert!(late_to_early(&learnt) > 5.0 * late_to_early(&assumed), "{learnt:?}");
        assert_eq!(Pace::learnt(&Stays::default(), &calls), Pace::default());
    }

    proptest! {
        #[test]
        fn a_pace_is_one_on_average(
            stays in prop::collection::vec((0.0..20_000.0f64, any::<bool>()), 1..50),
            called in prop::collection::vec((0.0..20_000.0f64, 0.0..80.0f64, 0.0..1.0f64), 0..50),
        ) {
            let mut all = Stays::default();
            stays.iter().for_each(|(seconds, unheard)| all.add(*seconds, *unheard));
            let sum: f64 = stays.iter().map(|(seconds, _)| seconds).sum();
            prop_assert!((all.seconds.iter().sum::<f64>() - sum).abs() < 1e-6 * sum.max(1.0));
            let mut calls = Calls::default();
            for (stayed, idle, part) in called {
                calls.add(Moment::of(stayed, idle), part);
            }
            let pace = Pace::learnt(&all, &calls);
            prop_assert!(pace.bins.iter().all(|factor| factor.is_finite() && *factor > 0.0));
            let mean: f64 = (0..BINS).map(|bin| pace.bins[bin] * all.seconds[bin] / sum.max(1e-9)).sum();
            prop_assert!(sum < 1.0 || (mean - 1.0).abs() < 1e-6, "{mean}");
        }
    }
}
