//! Who called, and how sure we are. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::attribution::delays::Delays;
use crate::attribution::evidence::Evidence;
use crate::attribution::known::Known;
use crate::attribution::model::{Candidate, Reason};
use crate::attribution::nearness::Nearness;
use crate::lease::model::Tier;

/// "None of them" is the answer only when it is so many times as likely as the best candidate: a wrong
/// name costs a report less than a caller who is given up.
pub const NOBODY_LEAD: f64 = 10.0;

/// How likely a repeated call is of the session, or the visitor, of the call before, if that was joined
/// right. The rest stands for phones that several people use, and for people who came back as somebody
/// else.
const KNOWN: f64 = 0.95;
/// Two sessions of one person of which neither is likely by the delay share what is known alike.
const LEAST: f64 = 1e-12;

/// Milliseconds since the last sign of life that a reason calls "just after" and "the same day".
const JUST_MS: i64 = 15 * 60_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// Holders whom the list has no room for: those seen last between so many seconds before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Older {
    /// The newest of them.
    pub from_s: f64,
    /// The attribution window.
    pub to_s: f64,
}

/// Which candidates are listed, beside the best one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kept {
    /// Most of them.
    pub most: usize,
    /// How likely they must be.
    pub probability: f64,
}

impl Kept {
    /// What the service stores.
    pub const STORED: Kept = Kept { most: 16, probability: 0.002 };
    /// All that matter to a sum over them.
    pub const ALL: Kept = Kept { most: 1_024, probability: 1e-5 };
}

impl Default for Kept {
    fn default() -> Self {
        Kept::STORED
    }
}

/// Who may have made a call, best first, and how likely it was none of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Sessions that were shown the number, each once, the most probable first.
    pub candidates: Vec<Candidate>,
    /// Probability that it was none of them; 1 when there is no candidate.
    pub nobody: f64,
}

impl Default for Ranking {
    fn default() -> Self {
        Ranking { candidates: Vec::new(), nobody: 1.0 }
    }
}

impl Ranking {
    /// The candidate that is named; `None`: none of them.
    pub fn best(&self) -> Option<&Candidate> {
        self.candidates.first().filter(|best| best.probability * NOBODY_LEAD >= self.nobody)
    }
}

/// Weighs the holders of the called number by the `delays` of the site. Each session is there once, as
/// it stood at the call: what happened later is not looked at, so a call that is judged late gets the
/// same answer. All are weighed; listed are those to be `kept`.
pub fn rank(candidates: &[Evidence], delays: &Delays, older: Option<Older>, kept: Kept) -> Ranking {
    let mut weights: Vec<f64> = candidates.iter().map(|one| one.weight(delays)).collect();
    let older = older.map_or(0.0, |older| delays.of_older(older.from_s, older.to_s));
    let nobody = delays.of_nobody() + older;
    let total = nobody + weights.iter().sum::<f64>();
    // A caller who is known calls because of the earlier call, whenever that is; if they are none of those who may
    // have been it, it says nothing.
    let known_share = known_share(candidates);
    let mut of_person: BTreeMap<usize, f64> = BTreeMap::new();
    for (weight, known) in
        weights.iter().zip(candidates).filter_map(|(w, one)| Some((w, one.beside.known?)))
    {
        *of_person.entry(known.person).or_default() += weight + LEAST;
    }
    for (weight, one) in weights.iter_mut().zip(candidates) {
        let share =
            |known: Known| KNOWN * known.sure * (*weight + LEAST) / of_person[&known.person];
        *weight = one.beside.known.map_or(0.0, share) + (1.0 - known_share) * *weight / total;
    }
    let live = candidates.iter().filter(|one| one.on_page).count();
    let listed = best_first(candidates, &weights, kept).into_iter().map(|n| {
        let one = &candidates[n];
        let tel_click =
            one.spent < 0.5 && one.clicked_s.is_some_and(|ago| delays.by_click(ago) > 0.0);
        Candidate {
            session: one.session,
            probability: weights[n],
            tier: one.tier,
            idle_ms: one.idle_ms,
            tel_click,
            reasons: reasons(one, tel_click, live),
        }
    });
    Ranking { candidates: listed.collect(), nobody: nobody / total * (1.0 - known_share) }
}

/// The places of the candidates to be kept, the most probable first: always one.
fn best_first(candidates: &[Evidence], probabilities: &[f64], kept: Kept) -> Vec<usize> {
    // Equally likely: the one seen last, then the one who came last.
    let order = |a: &usize, b: &usize| {
        let (one, other) = (&candidates[*a], &candidates[*b]);
        probabilities[*b]
            .total_cmp(&probabilities[*a])
            .then_with(|| one.idle_ms.cmp(&other.idle_ms))
            .then_with(|| other.from.cmp(&one.from))
            .then_with(|| other.session.cmp(&one.session))
    };
    let likely = |n: &usize| probabilities[*n] >= kept.probability;
    let mut places: Vec<usize> = (0..candidates.len()).filter(likely).collect();
    if places.is_empty() {
        places.extend((0..candidates.len()).min_by(order));
    }
    if places.len() > kept.most {
        places.select_nth_unstable_by(kept.most, order);
        places.truncate(kept.most);
    }
    places.sort_unstable_by(order);
    places
}

/// Puts the candidates first whom the delay alone makes likeliest, so many of them in order.
pub fn likeliest_first(candidates: &mut [Evidence], delays: &Delays, most: usize) {
    // The bits of positive numbers are in their order.
    let mut places: Vec<(Reverse<u64>, usize)> = (candidates.iter().enumerate())
        .map(|(place, one)| (Reverse(one.density(delays).to_bits()), place))
        .collect();
    if places.len() > most {
        places.select_nth_unstable(most);
        places.truncate(most);
    }
    places.sort_unstable();
    for place in 0..places.len() {
        let mut from = places[place].1;
        // Who stood in a place that was filled before went where its new holder came from.
        while from < place {
            from = places[from].1;
        }
        candidates.swap(place, from);
    }
}

/// How likely the call is of one of the people whom the caller may be: 0 when none of them is among the candidates.
pub fn known_share(candidates: &[Evidence]) -> f64 {
    let known = candidates.iter().filter_map(|one| one.beside.known);
    let sure: BTreeMap<usize, f64> = known.map(|known| (known.person, known.sure)).collect();
    KNOWN * sure.values().sum::<f64>()
}

fn reasons(one: &Evidence, tel_click: bool, live: usize) -> Vec<Reason> {
    let seen = match one.idle_ms {
        _ if one.on_page => Reason::OnPage,
        idle_ms if idle_ms <= JUST_MS => Reason::JustAfter,
        idle_ms if idle_ms <= DAY_MS => Reason::SameDay,
        _ => Reason::Later,
    };
    let near = match one.beside.nearness {
        Nearness::Unknown | Nearness::SameCountry => None,
        Nearness::SameArea => Some(Reason::SameArea),
        Nearness::SameRegion => Some(Reason::SameRegion),
        Nearness::OtherCountry => Some(Reason::OtherCountry),
    };
    let others = live > usize::from(one.on_page);
    [
        tel_click.then_some(Reason::TelClick),
        one.gesture.then_some(Reason::Gesture),
        Some(seen),
        one.is_known().then_some(one.beside.told_by.reason()),
        near,
        others.then_some(Reason::Shared),
        (one.tier == Tier::Unrested).then_some(Reason::Unrested),
    ]
    .into_iter()
    .flatten()
    .collect()
}
