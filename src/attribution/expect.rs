//! The first step of a fit: which part each component probably has of each call. Pure.

use std::collections::BTreeMap;

use crate::attribution::delays::Delays;
use crate::attribution::observation::Observation;
use crate::attribution::stays::Calls;

/// A history that is all still to come teaches nothing.
const LEAST_SEEN: f64 = 0.05;

/// The components' parts of all calls, and their delays weighted by them. Components: click, page, just, day,
/// later, nobody; those with a delay: click, just, day, later.
#[derive(Clone, Debug, Default)]
pub struct Parts<'a> {
    /// All calls, those not yet to be seen too.
    pub calls: f64,
    /// Calls of each component.
    pub shares: [f64; 6],
    /// Their delays, summed.
    pub delays: [f64; 4],
    /// Calls that have one.
    pub delayed: [f64; 4],
    /// Calls of each channel, and candidates.
    pub channels: BTreeMap<&'a str, (f64, f64)>,
    /// Calls from the page.
    pub page: Calls,
}

/// Adds the parts that each component probably has of one call.
pub fn expect<'a>(delays: &Delays, call: &'a Observation, parts: &mut Parts<'a>) {
    let mut weights = [0.0; 6];
    let mut delayed = [0.0; 4];
    let mut late = |weights: &mut [f64; 6], densities: [f64; 3], idle_s: [f64; 3]| {
        for (n, density) in densities.into_iter().enumerate() {
            weights[2 + n] += density;
            delayed[1 + n] += density * idle_s[n];
        }
        densities.iter().sum::<f64>()
    };
    let mut by_click_s = 0.0;
    let mut each = Vec::with_capacity(call.near.len());
    for near in &call.near {
        let times = f64::from(near.factor) * delays.of_channel(&near.channel);
        let (mut page, mut gone) = (0.0, 0.0);
        match near.idle_s.map(f64::from) {
            Some(idle_s) => {
                let densities = delays.gone(idle_s).map(|density| density * times);
                gone = late(&mut weights, densities, [idle_s; 3]);
            }
            None => page = delays.on_page(near.moment) * times,
        }
        let ago_s = near.clicked_s.map(f64::from);
        let clicked = ago_s.map_or(0.0, |ago_s| delays.by_click(ago_s) * times);
        weights[0] += clicked;
        weights[1] += page;
        // What waits for minutes is not of the quick kind whose mean is learnt.
        by_click_s += clicked * ago_s.unwrap_or(0.0).min(6.0 * delays.means.click);
        each.push((page, page + gone + clicked));
    }
    for (idle_s, count) in call.far_s() {
        late(&mut weights, delays.gone(idle_s).map(|density| density * count), [idle_s; 3]);
    }
    if let Some(from_s) = call.older_s.map(f64::from) {
        let means = delays.late_means().map(|mean| from_s + mean);
        let older = delays.beyond(from_s).map(|part| part * delays.population.holders_per_s);
        late(&mut weights, older, means);
    }
    delayed[0] = by_click_s;
    weights[5] = delays.of_nobody();
    let total: f64 = weights.iter().sum();
    if total <= 0.0 || call.fresh <= 0.0 {
        return;
    }
    let part = |weight: f64| weight / total * call.fresh;
    parts.calls += call.fresh;
    for (sum, weight) in parts.shares.iter_mut().zip(weights) {
        *sum += part(weight);
    }
    let with_delay = [weights[0], weights[2], weights[3], weights[4]];
    for n in 0..4 {
        parts.delayed[n] += part(with_delay[n]);
        parts.delays[n] += part(delayed[n]);
    }
    for (near, (page, all)) in call.near.iter().zip(each) {
        parts.page.add(near.moment, part(page));
        if !near.channel.is_empty() {
            let (calls, candidates) = parts.channels.entry(&near.channel).or_default();
            *calls += part(all);
            // Who called is not there by chance.
            *candidates += call.fresh - part(all);
        }
    }
    unseen(delays, call, parts);
}

/// Adds the calls that are not to be seen yet. A number that is shown since yesterday has no callers of last
/// week; they would be missed, and held for callers of nobody, if it was not known that they cannot be
/// there.
fn unseen(delays: &Delays, call: &Observation, parts: &mut Parts<'_>) {
    if call.older_s.is_some() {
        return;
    }
    let beyond = delays.beyond(call.span_s);
    let seen = (1.0 - beyond.iter().sum::<f64>()).max(LEAST_SEEN);
    for (n, (share, mean)) in beyond.into_iter().zip(delays.late_means()).enumerate() {
        let part = share / seen * call.fresh;
        parts.calls += part;
        parts.shares[2 + n] += part;
        parts.delayed[1 + n] += part;
        parts.delays[1 + n] += part * (call.span_s + mean);
    }
}
