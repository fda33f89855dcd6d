//! Which touches earned a call: every model's shares over the winner's touches. Pure.

use serde::{Deserialize, Serialize};

use crate::attribution::model::TouchCredit;
use crate::platform::clock::Millis;
use crate::visit::model::{Source, Touch};

/// Days after which a touch counts half under `time_decay`.
const HALF_LIFE_MS: f64 = 7.0 * 86_400_000.0;

/// Channels that are paid for without "Paid" in their name.
const PAID_CHANNELS: [&str; 3] = ["Display", "Cross-network", "Affiliates"];

/// A touch's share of its call under each model; over all touches of a call each sums to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Credits {
    /// All to the oldest touch.
    pub first: f64,
    /// All to the newest.
    pub last: f64,
    /// All to the newest that is not direct; the newest when all are.
    pub last_non_direct: f64,
    /// All to the newest that was paid for; as `last_non_direct` when none was.
    pub last_paid: f64,
    /// All to the touch that was newest when the visitor made contact first.
    pub lead_creation: f64,
    /// The same to each.
    pub linear: f64,
    /// 40 % to the oldest, 40 % to the newest, 20 % to those between.
    pub position_based: f64,
    /// 30 % each to the oldest, the one of first contact and the newest, 10 % to the others.
    pub w_shaped: f64,
    /// Half as much for every seven days before the call.
    pub time_decay: f64,
}

/// When the visitor made contact: the call, and the first contact of all, at or before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contact {
    /// The call.
    pub call: Millis,
    /// The first contact.
    pub first: Millis,
}

/// The touches of a call's winner, oldest first and each once, with their credits.
pub fn credits(touches: &[Touch], contact: Contact) -> Vec<TouchCredit> {
    let count = touches.len();
    let last = count.saturating_sub(1);
    let newest = |fits: fn(&Source) -> bool| touches.iter().rposition(|touch| fits(&touch.source));
    let non_direct = newest(|source| !source.is_direct()).unwrap_or(last);
    let paid = newest(is_paid).unwrap_or(non_direct);
    let lead = touches.iter().rposition(|touch| touch.at <= contact.first).unwrap_or(0);
    let position = weighted(count, &[(0, 0.4), (last, 0.4)], 0.2);
    let w_shaped = weighted(count, &[(0, 0.3), (lead, 0.3), (last, 0.3)], 0.1);
    let decay = decayed(touches, contact.call);
    let all_to = |winner: usize, n: usize| f64::from(u8::from(winner == n));
    let credit = |(n, touch): (usize, &Touch)| TouchCredit {
        session: touch.session,
        at: touch.at,
        source: touch.source.clone(),
        landing_page: touch.landing_page.clone(),
        credits: Credits {
            first: all_to(0, n),
            last: all_to(last, n),
            last_non_direct: all_to(non_direct, n),
            last_paid: all_to(paid, n),
            lead_creation: all_to(lead, n),
            linear: 1.0 / count as f64,
            position_based: position[n],
            w_shaped: w_shaped[n],
            time_decay: decay[n],
        },
    };
    touches.iter().enumerate().map(credit).collect()
}

/// Whether somebody paid for the visit.
pub fn is_paid(source: &Source) -> bool {
    source.channel.starts_with("Paid ") || PAID_CHANNELS.contains(&source.channel.as_str())
}

/// Some places weigh what they are given, the others share `rest`; where nobody is left to share it, the
/// given ones grow until all is 1.
fn weighted(count: usize, given: &[(usize, f64)], rest: f64) -> Vec<f64> {
    let mut weights = vec![0.0; count];
    for &(place, weight) in given {
        if let Some(known) = weights.get_mut(place) {
            *known += weight;
        }
    }
    let others = weights.iter().filter(|weight| **weight == 0.0).count();
    for weight in weights.iter_mut().filter(|weight| **weight == 0.0) {
        *weight = rest / others as f64;
    }
    normalised(weights)
}

fn decayed(touches: &[Touch], call: Millis) -> Vec<f64> {
    // Relative to the newest, so that old touches among themselves do not vanish.
    let newest = touches.iter().map(|touch| touch.at).max().unwrap_or(call);
    let weight = |touch: &Touch| (-(newest.since(touch.at) as f64) / HALF_LIFE_MS).exp2();
    normalised(touches.iter().map(weight).collect())
}

fn normalised(mut weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}
