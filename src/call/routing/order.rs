//! In which order the destinations of a dial ring. Pure.
//!
//! A dial is a list of rounds; whoever is in one rings together. The caller's agent, where the route
//! wants that, is a round of their own before all others.

use crate::config::model::{DialRoute, RingOrder};

/// The rounds of `dial` for a call with this seed, without the one of the caller's agent. Where one is
/// rung after the other, the agent does not come again.
///
/// The seed is the first one's place (round robin), or what the order is drawn with (weighted).
pub fn rounds(dial: &DialRoute, seed: u32, agent: Option<usize>) -> Vec<Vec<usize>> {
    let count = dial.to.len();
    let mut rounds: Vec<Vec<usize>> = match dial.order {
        RingOrder::AtOnce => vec![(0..count).collect()],
        RingOrder::InTurn => singles(0..count, agent),
        RingOrder::Weighted => {
            let weights: Vec<u32> = dial.to.iter().map(|to| to.weight).collect();
            singles(weighted(&weights, seed).into_iter(), agent)
        }
        RingOrder::RoundRobin => {
            let first = seed as usize % count.max(1);
            singles((first..count).chain(0..first), agent)
        }
    };
    if let Some(tries) = dial.tries {
        let left = (tries as usize).saturating_sub(usize::from(agent.is_some()));
        rounds.truncate(left);
    }
    rounds
}

fn singles(order: impl Iterator<Item = usize>, without: Option<usize>) -> Vec<Vec<usize>> {
    order.filter(|place| Some(*place) != without).map(|place| vec![place]).collect()
}

/// The places of `weights` in an order drawn without putting back: each next one with a probability
/// of its weight among those that are left. Those of weight 0 come last, as they stand.
fn weighted(weights: &[u32], seed: u32) -> Vec<usize> {
    let mut state = u64::from(seed);
    let mut left: Vec<usize> = (0..weights.len()).filter(|&place| weights[place] > 0).collect();
    let mut order = Vec::with_capacity(weights.len());
    while !left.is_empty() {
        let total: u64 = left.iter().map(|&place| u64::from(weights[place])).sum();
        let mut draw = scaled(next(&mut state), total);
        let taken = left.iter().position(|&place| {
            let weight = u64::from(weights[place]);
            let is_here = draw < weight;
            draw = draw.saturating_sub(weight);
            is_here
        });
        order.push(left.remove(taken.unwrap_or(0)));
    }
    order.extend((0..weights.len()).filter(|&place| weights[place] == 0));
    order
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A draw as a number below `total`, all equally probable.
fn scaled(draw: u64, total: u64) -> u64 {
    ((u128::from(draw) * u128::from(total)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dial(order: &str, weights: &[u32]) -> DialRoute {
        let to: Vec<_> = weights
            .iter()
            .enumerate()
            .map(|(i, weight)| serde_json::json!({"address": format!("+141555501{i:02}"), "weight": weight}))
            .collect();
        serde_json::from_value(serde_json::json!({"to": to, "order": order})).expect("a dial")
    }

    #[test]
    fn each_order_rings_as_it_says() {
        let order = |name, seed, agent| rounds(&dial(name, &[1, 1, 1]), seed, agent);
        assert_eq!(order("at_once", 7, None), [[0, 1, 2]]);
        assert_eq!(order("at_once", 7, Some(1)), [[0, 1, 2]]);
        assert_eq!(order("in_turn", 7, None), [[0], [1], [2]]);
        assert_eq!(order("in_turn", 7, Some(1)), [[0], [2]]);
        assert_eq!(order("round_robin", 1, None), [[1], [2], [0]]);
        assert_eq!(order("round_robin", 4, Some(2)), [[1], [0]]);
    }

    #[test]
    fn only_so_many_are_tried() {
        let mut two = dial("in_turn", &[1, 1, 1]);
        two.tries = Some(2);
        assert_eq!(rounds(&two, 0, None), [[0], [1]]);
        assert_eq!(rounds(&two, 0, Some(2)), [[0]]);
    }

    #[test]
    fn the_first_of_a_weighted_order_comes_by_its_weight() {
        let dial = dial("weighted", &[6, 3, 1, 0]);
        let mut first = [0u32; 4];
        (0..20_000u32).for_each(|seed| first[rounds(&dial, seed, None)[0][0]] += 1);
        for (count, expected) in first.into_iter().zip([12_000, 6_000, 2_000, 0]) {
            assert!(count.abs_diff(expected) < 400, "{first:?}");
        }
    }

    proptest! {
        #[test]
        fn everybody_is_there_once_whatever_is_drawn(
            weights in prop::collection::vec(0u32..1000, 1..20), seed: u32, name in "in_turn|weighted|round_robin",
        ) {
            let mut places: Vec<usize> = rounds(&dial(&name, &weights), seed, None).concat();
            places.sort_unstable();
            prop_assert_eq!(places, (0..weights.len()).collect::<Vec<_>>());
        }
    }
}
