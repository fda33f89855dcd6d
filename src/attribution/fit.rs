//! Learns when a site's callers call, from its calls and all their candidates. Pure.
//!
//! Expectation-maximisation: given the delays, each component of each call gets the part that is
//! probably its ([`expect`](mod@crate::attribution::expect)); given the parts, the delays follow. No call needs to be
//! known to be somebody's: tel clicks pull the parts of their own calls, and late calls are not forgotten over them.
//! A caller who called before is known by that: such a call says nothing of when people call first.
//! The prior counts as some calls more, so that ten calls change little and a thousand decide.

use std::collections::BTreeMap;

use crate::attribution::delays::{Delays, Means, Population, Shares, prior};
use crate::attribution::expect::{Parts, expect};
use crate::attribution::observation::Observation;
use crate::attribution::stays::{Pace, Stays};
use crate::platform::clock::Millis;

/// How many calls the prior's shares are worth.
const PRIOR_CALLS: f64 = 40.0;
/// How many calls of a component the prior's mean delay is worth.
const PRIOR_DELAYS: f64 = 12.0;
/// How many calls the prior's share of nobody is worth, and that of calls of days ago: on a busy number both
/// come at any time, and little tells the two apart.
const PRIOR_NOBODY: f64 = 300.0;
const PRIOR_LATER: f64 = 100.0;
/// How many holders the prior's population is worth.
const PRIOR_HOLDERS: f64 = 30.0;
/// How many calls of a channel it takes until what was learnt of it counts as much as the prior: that all
/// channels call alike.
const PRIOR_CHANNEL: f64 = 4.0;
/// Most channels that are told apart.
const MAX_CHANNELS: usize = 64;

/// Rounds of both steps; the shares move by less than a thousandth long before.
const ROUNDS: u32 = 60;
/// Below this change of every share nothing more is learnt.
const ENOUGH: f64 = 1e-5;

/// Most calls that a fit learns from, the newest.
pub const MAX_CALLS: usize = 2_000;

/// What `calls` teach: fit number `version`, made at `now`.
pub fn fit(calls: &[Observation], version: u32, now: Millis) -> Delays {
    let calls = &calls[calls.len().saturating_sub(MAX_CALLS)..];
    let mut stays = Stays::default();
    calls.iter().for_each(|call| stays.merge(&call.stays));
    let mut delays = Delays { population: population(calls, &stays), ..prior() };
    for _ in 0..ROUNDS {
        let mut parts = Parts::default();
        for call in calls {
            expect(&delays, call, &mut parts);
        }
        let before = listed(&delays.shares);
        delays.shares = shares(&parts);
        delays.means = means(&parts);
        delays.pace = Pace::learnt(&stays, &parts.page);
        delays.channels = channels(&parts);
        let after = listed(&delays.shares);
        if before.iter().zip(after).all(|(before, after)| (before - after).abs() < ENOUGH) {
            break;
        }
    }
    let calls = u32::try_from(calls.len()).unwrap_or(u32::MAX);
    Delays { version, fitted_at: Some(now), calls, ..delays }
}

/// What sessions and numbers are like by the candidates of all calls. The first holder of a number
/// begins its span and the last one may be the caller: the holders between them are counted.
fn population(calls: &[Observation], stays: &Stays) -> Population {
    let assumed = prior().population;
    let mut holders = PRIOR_HOLDERS;
    let mut clicks = assumed.clicks * PRIOR_HOLDERS;
    let mut between = assumed.holders_per_s * 3_600.0;
    let mut span_s = 3_600.0;
    for call in calls {
        let candidates = call.candidates() as f64;
        holders += candidates;
        clicks += f64::from(call.clicks);
        between += (candidates - 2.0).max(0.0);
        span_s += call.span_s;
    }
    let page_s = stays.seconds() + assumed.page_s * PRIOR_HOLDERS;
    Population {
        page_s: (page_s / holders).max(1.0),
        clicks: (clicks / holders).clamp(1e-4, 1.0),
        holders_per_s: between / span_s,
    }
}

/// How much more a session of each channel calls than one of them all.
fn channels(parts: &Parts<'_>) -> BTreeMap<String, f64> {
    let (calls, candidates) =
        parts.channels.values().fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
    let factor = |(channel, (of_calls, of_candidates)): (&&str, &(f64, f64))| {
        let expected = calls * of_candidates / candidates.max(f64::EPSILON);
        let factor = (of_calls + PRIOR_CHANNEL) / (expected + PRIOR_CHANNEL);
        ((*channel).to_owned(), factor)
    };
    parts.channels.iter().take(MAX_CHANNELS).map(factor).collect()
}

/// The shares that fit the parts best. What is known least has the strongest prior, so they are decided one
/// by one: nobody against everybody, then later against the rest, then those that are left among themselves.
fn shares(parts: &Parts<'_>) -> Shares {
    let assumed = listed(&prior().shares);
    let (mut left, mut assumed_left, mut calls) = (1.0, 1.0, parts.calls);
    let mut against_the_rest = |n: usize, worth: f64| {
        let share = (parts.shares[n] + assumed[n] / assumed_left * worth) / (calls + worth);
        let decided = left * share;
        (left, assumed_left, calls) =
            (left - decided, assumed_left - assumed[n], calls - parts.shares[n]);
        decided
    };
    let nobody = against_the_rest(5, PRIOR_NOBODY);
    let later = against_the_rest(4, PRIOR_LATER);
    let [click, page, just, day] = [0, 1, 2, 3].map(|n| {
        let worth = assumed[n] / assumed_left * PRIOR_CALLS;
        left * (parts.shares[n] + worth) / (calls + PRIOR_CALLS)
    });
    Shares { click, page, just, day, later, nobody }
}

/// The mean delays that fit the parts best.
fn means(parts: &Parts<'_>) -> Means {
    let mean = |n: usize, prior: f64| {
        (parts.delays[n] + prior * PRIOR_DELAYS) / (parts.delayed[n] + PRIOR_DELAYS)
    };
    let Means { click, just, day, later } = prior().means;
    Means {
        click: mean(0, click).clamp(1.0, 60.0),
        just: mean(1, just).clamp(30.0, 1_800.0),
        day: mean(2, day).clamp(1_800.0, 43_200.0),
        later: mean(3, later).clamp(43_200.0, 20.0 * 86_400.0),
    }
}

fn listed(shares: &Shares) -> [f64; 6] {
    let Shares { click, page, just, day, later, nobody } = *shares;
    [click, page, just, day, later, nobody]
}
