//! Data-driven credit: how many calls would be lost without a channel. Pure.
//!
//! Visitors walk from channel to channel, and end in a call or in silence. The walks of all visitors make a
//! Markov chain of first order; the removal effect of a channel is the part of the calls that the chain
//! loses when everybody who would come to it is silent instead (Anderl and others 2016, "Mapping the
//! customer journey", IJRM 33(3)). Effects are shared out so that they sum to 1.

use std::collections::BTreeMap;

/// Rounds until the chance of a call is settled; each shrinks what is left by the chance to go on.
const ROUNDS: u32 = 10_000;
const ENOUGH: f64 = 1e-12;

/// Visitors who took the same way.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The channels in order; the same one twice in a row is one step.
    pub channels: Vec<String>,
    /// How many of them called; fractions count, too.
    pub calls: f64,
    /// How many of them did not.
    pub silences: f64,
}

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Channel(usize),
    Call,
    Silence,
}

/// Each channel's removal effect: the part of the calls that would be lost without it, 0.0 to 1.0. Empty where
/// nobody called.
pub fn effects(paths: &[Path]) -> BTreeMap<String, f64> {
    let mut names: Vec<&str> =
        paths.iter().flat_map(|path| &path.channels).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let chain = Chain::of(paths, &names);
    let with_all = chain.chance(None);
    if with_all <= 0.0 {
        return BTreeMap::new();
    }
    let effect = |n: usize| (1.0 - chain.chance(Some(n)) / with_all).clamp(0.0, 1.0);
    names.iter().enumerate().map(|(n, name)| ((*name).to_owned(), effect(n))).collect()
}

/// Each channel's share of all calls by these removal effects; they sum to 1.
pub fn shares_of(effects: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let sum: f64 = effects.values().sum();
    effects.iter().map(|(name, effect)| (name.clone(), effect / sum)).collect()
}

/// Each channel's share of all calls; they sum to 1. Empty where nobody called.
pub fn shares(paths: &[Path]) -> BTreeMap<String, f64> {
    shares_of(&effects(paths))
}

/// The credit of each step of one visitor's way, by the shares of all; they sum to 1. A step whose channel
/// has no share gets none, unless none has: then all get the same.
pub fn credits(channels: &[&str], shares: &BTreeMap<String, f64>) -> Vec<f64> {
    let weights: Vec<f64> =
        channels.iter().map(|name| shares.get(*name).copied().unwrap_or(0.0)).collect();
    let sum: f64 = weights.iter().sum();
    match sum > 0.0 {
        true => weights.iter().map(|weight| weight / sum).collect(),
        false => vec![1.0 / channels.len().max(1) as f64; channels.len()],
    }
}

/// The chances of every step.
struct Chain {
    start: BTreeMap<Place, f64>,
    steps: Vec<BTreeMap<Place, f64>>,
}

impl Chain {
    fn of(paths: &[Path], names: &[&str]) -> Self {
        let mut chain = Chain { start: BTreeMap::new(), steps: vec![BTreeMap::new(); names.len()] };
        for path in paths {
            let weight = path.calls.max(0.0) + path.silences.max(0.0);
            let mut from = None;
            for name in &path.channels {
                // Every name is there: they were collected from these paths.
                let Ok(to) = names.binary_search(&name.as_str()) else { continue };
                if from != Some(to) {
                    chain.add(from, Place::Channel(to), weight);
                    from = Some(to);
                }
            }
            if from.is_some() {
                chain.add(from, Place::Call, path.calls.max(0.0));
                chain.add(from, Place::Silence, path.silences.max(0.0));
            }
        }
        for steps in chain.steps.iter_mut().chain([&mut chain.start]) {
            let sum: f64 = steps.values().sum();
            if sum > 0.0 {
                steps.values_mut().for_each(|weight| *weight /= sum);
            }
        }
        chain
    }

    fn add(&mut self, from: Option<usize>, to: Place, weight: f64) {
        let steps = match from {
            Some(from) => &mut self.steps[from],
            None => &mut self.start,
        };
        *steps.entry(to).or_default() += weight;
    }

    /// The chance that a visitor calls, when whoever comes to `removed` is silent.
    fn chance(&self, removed: Option<usize>) -> f64 {
        let mut chances = vec![0.0; self.steps.len()];
        let after = |steps: &BTreeMap<Place, f64>, chances: &[f64]| {
            let step = |(to, weight): (&Place, &f64)| match to {
                Place::Channel(to) if Some(*to) == removed => 0.0,
                Place::Channel(to) => weight * chances[*to],
                Place::Call => *weight,
                Place::Silence => 0.0,
            };
            steps.iter().map(step).sum::<f64>()
        };
        for _ in 0..ROUNDS {
            let mut moved: f64 = 0.0;
            for n in 0..self.steps.len() {
                let chance = after(&self.steps[n], &chances);
                moved = moved.max((chance - chances[n]).abs());
                chances[n] = chance;
            }
            if moved < ENOUGH {
                break;
            }
        }
        after(&self.start, &chances)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(channels: &[&str], calls: f64, silences: f64) -> Path {
        Path { channels: channels.iter().map(|name| (*name).to_owned()).collect(), calls, silences }
    }

    /// Three visitors: A → B → call, A → silence, B → call.
    ///
    /// Start leads to A with 2/3 and to B with 1/3; A to B with 1/2 and to silence with 1/2; B always to a
    /// call. So a visitor calls with 2/3·1/2 + 1/3 = 2/3. Without A it is 1/3: an effect of 1/2. Without B it is
    /// 0: an effect of 1. The shares are 1/3 and 2/3.
    #[test]
    fn the_shares_are_those_computed_by_hand() {
        let paths = [path(&["A", "B"], 1.0, 0.0), path(&["A"], 0.0, 1.0), path(&["B"], 1.0, 0.0)];
        let shares = shares(&paths);
        assert!((shares["A"] - 1.0 / 3.0).abs() < 1e-9, "{shares:?}");
        assert!((shares["B"] - 2.0 / 3.0).abs() < 1e-9, "{shares:?}");
        let credits = credits(&["A", "B", "A"], &shares);
        assert!((credits[1] - 0.5).abs() < 1e-9 && (credits[0] - 0.25).abs() < 1e-9, "{credits:?}");
    }

    /// A and B lead to one another: start to A; A to B with 1/2, to a call with 1/4, to silence with 1/4; B
    /// to A with 1/2, to silence with 1/2. a = 1/4 + b/2, b = a/2: a = 1/3. Without B a = 1/4: an effect of
    /// 1/4. Without A it is 0: an effect of 1.
    #[test]
    fn ways_may_lead_in_circles() {
        let paths =
            [path(&["A", "B", "A"], 1.0, 0.0), path(&["A", "B"], 0.0, 1.0), path(&["A"], 0.0, 1.0)];
        let shares = shares(&paths);
        assert!((shares["A"] - 0.8).abs() < 1e-9 && (shares["B"] - 0.2).abs() < 1e-9, "{shares:?}");
    }

    #[test]
    fn without_calls_there_are_no_shares() {
        assert!(shares(&[path(&["A"], 0.0, 5.0), path(&[], 3.0, 0.0)]).is_empty());
        assert_eq!(credits(&["A", "B"], &BTreeMap::new()), [0.5, 0.5]);
    }

    proptest! {
        #[test]
        fn shares_and_credits_sum_to_one(
            drawn in prop::collection::vec((prop::collection::vec(0u8..6, 1..6), 0f64..5.0, 0f64..5.0), 1..30),
        ) {
            let name = |n: u8| format!("c{n}");
            let paths: Vec<Path> = drawn.into_iter().map(|(channels, calls, silences)| {
                Path { channels: channels.into_iter().map(name).collect(), calls, silences }
            }).collect();
            let shares = shares(&paths);
            let called = paths.iter().any(|path| path.calls > 0.0);
            let sum: f64 = shares.values().sum();
            let fits = if called { (sum - 1.0).abs() < 1e-9 } else { shares.is_empty() };
            prop_assert!(fits, "{:?}", shares);
            let way: Vec<&str> = paths[0].channels.iter().map(String::as_str).collect();
            let credits = credits(&way, &shares);
            prop_assert!((credits.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}
