//! Learns when a site's callers call, from its calls and all their candidates. Pure.
//!
//! Expectation-maximisation: given the delays, each component of each call gets the part that is
//! probably its; given the parts, the delays follow. No call needs to be known to be somebody's: tel
//! clicks pull the parts of their own calls, and late calls are not forgotten over them. The prior counts
//! as [`PRIOR_CALLS`] calls more, so that ten calls change little and a thousand decide.

use std::collections::BTreeMap;

use crate::attribution::delays::{Delays, Means, Population, Shares, prior};
use crate::attribution::observation::Observation;
use crate::platform::clock::Millis;

/// How many calls the prior's shares are worth.
const PRIOR_CALLS: f64 = 40.0;
/// How many calls of a component the prior's mean delay is worth.
const PRIOR_DELAYS: f64 = 40.0;
/// How many calls the prior's share of nobody is worth: on a busy number late callers come at any time,
/// too, and little tells the two apart.
const PRIOR_NOBODY: f64 = 400.0;
/// How many holders the prior's population is worth.
const PRIOR_HOLDERS: f64 = 30.0;
/// How many calls of a channel it takes until what was learnt of it counts as much as the prior: that all
/// channels call alike.
const PRIOR_CHANNEL: f64 = 15.0;
/// Most channels that are told apart.
const MAX_CHANNELS: usize = 64;

/// Rounds of both steps; the shares move by less than a thousandth long before.
const ROUNDS: u32 = 60;
/// Below this change of every share nothing more is learnt.
const ENOUGH: f64 = 1e-5;

/// Most calls that a fit learns from, the newest.
pub const MAX_CALLS: usize = 2_000;

/// The components' parts of all calls, and their delays weighted by them.
#[derive(Clone, Debug, Default)]
struct Parts<'a> {
    shares: [f64; 6],
    delays: [f64; 4],
    delayed: [f64; 4],
    /// Calls of each channel, and candidates.
    channels: BTreeMap<&'a str, (f64, f64)>,
}

/// What `calls` teach: fit number `version`, made at `now`.
pub fn fit(calls: &[Observation], version: u32, now: Millis) -> Delays {
    let calls = &calls[calls.len().saturating_sub(MAX_CALLS)..];
    let mut delays = Delays { population: population(calls), ..prior() };
    for _ in 0..ROUNDS {
        let mut parts = Parts::default();
        for call in calls {
            expect(&delays, call, &mut parts);
        }
        let before = listed(&delays.shares);
        maximise(&mut delays, &parts, calls.len());
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
fn population(calls: &[Observation]) -> Population {
    let assumed = prior().population;
    let mut holders = PRIOR_HOLDERS;
    let mut page_s = assumed.page_s * PRIOR_HOLDERS;
    let mut clicks = assumed.clicks * PRIOR_HOLDERS;
    let mut between = assumed.holders_per_s * 3_600.0;
    let mut span_s = 3_600.0;
    for call in calls {
        let candidates = call.candidates() as f64;
        holders += candidates;
        page_s += call.page_s;
        clicks += f64::from(call.clicks);
        between += (candidates - 2.0).max(0.0);
        span_s += call.span_s;
    }
    Population {
        page_s: (page_s / holders).max(1.0),
        clicks: (clicks / holders).clamp(1e-4, 1.0),
        holders_per_s: between / span_s,
    }
}

/// Adds the parts that each component probably has of one call.
fn expect<'a>(delays: &Delays, call: &'a Observation, parts: &mut Parts<'a>) {
    let mut weights = [0.0; 6];
    let mut delayed = [0.0; 4];
    let mut late = |weights: &mut [f64; 6], idle_s: f64, times: f64| {
        let gone = delays.gone(idle_s).map(|density| density * times);
        for (n, weight) in gone.into_iter().enumerate() {
            weights[2 + n] += weight;
            delayed[1 + n] += weight * idle_s;
        }
        gone.iter().sum::<f64>()
    };
    let mut by_click_s = 0.0;
    let mut each = Vec::with_capacity(call.near.len());
    for near in &call.near {
        let times = f64::from(near.factor) * delays.of_channel(&near.channel);
        let seen = match near.idle_s {
            Some(idle_s) => late(&mut weights, f64::from(idle_s), times),
            None => {
                weights[1] += delays.on_page() * times;
                delays.on_page() * times
            }
        };
        let ago_s = near.clicked_s.map(f64::from);
        let clicked = ago_s.map_or(0.0, |ago_s| delays.by_click(ago_s) * times);
        weights[0] += clicked;
        // What waits for minutes is not of the quick kind whose mean is learnt.
        by_click_s += clicked * ago_s.unwrap_or(0.0).min(6.0 * delays.means.click);
        each.push(seen + clicked);
    }
    for (idle_s, count) in call.far_s() {
        late(&mut weights, idle_s, count);
    }
    delayed[0] = by_click_s;
    weights[5] = delays.of_nobody();
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return;
    }
    for (part, weight) in parts.shares.iter_mut().zip(weights) {
        *part += weight / total;
    }
    let with_delay = [weights[0], weights[2], weights[3], weights[4]];
    for n in 0..4 {
        parts.delayed[n] += with_delay[n] / total;
        parts.delays[n] += delayed[n] / total;
    }
    for (near, weight) in call.near.iter().zip(each).filter(|(near, _)| !near.channel.is_empty()) {
        let (calls, candidates) = parts.channels.entry(&near.channel).or_default();
        *calls += weight / total;
        // Who called is not there by chance.
        *candidates += 1.0 - weight / total;
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

/// The delays that fit the parts best, with the prior among the calls.
fn maximise(delays: &mut Delays, parts: &Parts<'_>, calls: usize) {
    let assumed = prior();
    let prior = listed(&assumed.shares);
    let all = calls as f64 + PRIOR_CALLS;
    let share = |n: usize| (parts.shares[n] + prior[n] * PRIOR_CALLS) / all;
    let mean = |n: usize, prior: f64| {
        (parts.delays[n] + prior * PRIOR_DELAYS) / (parts.delayed[n] + PRIOR_DELAYS)
    };
    let [click, page, just, day, later, nobody] = [0, 1, 2, 3, 4, 5].map(share);
    let somebody = 1.0 - nobody;
    let nobody = (nobody * all + prior[5] * PRIOR_NOBODY) / (all + PRIOR_NOBODY);
    let [click, page, just, day, later] =
        [click, page, just, day, later].map(|share| share * (1.0 - nobody) / somebody);
    delays.shares = Shares { click, page, just, day, later, nobody };
    let Means { click, just, day, later } = assumed.means;
    delays.means = Means {
        click: mean(0, click).clamp(1.0, 60.0),
        just: mean(1, just).clamp(30.0, 1_800.0),
        day: mean(2, day).clamp(1_800.0, 43_200.0),
        later: mean(3, later).clamp(43_200.0, 20.0 * 86_400.0),
    };
}

fn listed(shares: &Shares) -> [f64; 6] {
    let Shares { click, page, just, day, later, nobody } = *shares;
    [click, page, just, day, later, nobody]
}
