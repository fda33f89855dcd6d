//! A chain and what has room → one step. Pure.

use crate::call::answer::{Feature, Stage, Target};
use crate::call::routing::mark::{Mark, Place};
use crate::call::routing::model::{Action, RouteStep, Why};
use crate::call::routing::order::rounds;
use crate::call::routing::rules::{Candidate, Chain, Last};
use crate::call::routing::scene::Scene;
use crate::config::model::{RingOrder, RouteKind};

/// What has room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// Which dial of the chain.
    pub dial: usize,
    /// Whose turn it was, where Redis counts that.
    pub turn: Option<u32>,
    /// Which of its rounds.
    pub round: usize,
    /// Which places of that round have room.
    pub places: Vec<usize>,
}

/// Whether Redis must be asked before the chain can be picked from.
pub fn needs_counting(chain: &Chain<'_>) -> bool {
    chain.dials.first().is_some_and(|first| {
        let counts_turns = first.seed.is_none() && first.rounds.iter().any(|(i, _)| i.is_some());
        counts_turns || first.dial.to.iter().any(|to| to.is_capped())
    })
}

/// What is taken when nobody counts: the first dial there is.
pub fn uncounted(scene: &Scene<'_>, chain: &Chain<'_>) -> Option<Picked> {
    let first = chain.dials.first()?;
    let (place, _) = first.rounds.first()?;
    // Whose turn it is does not matter for the caller's own agent.
    let turn = (first.seed.is_none() && place.is_some()).then_some(scene.draw);
    let rounds = turn.map_or_else(|| first.rounds.clone(), |turn| turned(first, turn));
    let (_, places) = rounds.into_iter().next()?;
    Some(Picked { dial: 0, turn, round: 0, places })
}

/// The rounds of a candidate once it is known whose turn it is.
fn turned(candidate: &Candidate<'_>, turn: u32) -> Vec<(Option<usize>, Vec<usize>)> {
    let known: Vec<_> = candidate.rounds.iter().map(|(place, _)| *place).collect();
    let all = rounds(candidate.dial, turn, candidate.agent);
    let of = |place: Option<usize>| match place {
        None => candidate.agent.map(|agent| vec![agent]),
        Some(place) => all.get(place).cloned(),
    };
    known.into_iter().filter_map(|place| Some((place, of(place)?))).collect()
}

/// The step of a call that arrives while nobody can be asked about it.
pub fn fail_safe(scene: &Scene<'_>) -> RouteStep {
    RouteStep {
        hop: 1,
        at: scene.at,
        why: Why::FailSafe,
        rule: None,
        route: None,
        action: Action::Dial,
        targets: vec![Target::Phone(scene.fail_safe().clone())],
        in_turn: false,
        blind: true,
        full: Vec::new(),
        mark: String::new(),
    }
}

/// The step that the chain comes to.
pub fn step(scene: &Scene<'_>, chain: &Chain<'_>, picked: Option<Picked>) -> RouteStep {
    let rule = chain.rule.cloned();
    let passed = picked.as_ref().map_or(chain.dials.len(), |picked| picked.dial);
    let full = chain.dials.iter().take(passed).map(|dial| dial.id.clone()).collect();
    let blank = RouteStep {
        hop: chain.hop,
        at: scene.at,
        why: Why::NoRule,
        rule,
        route: None,
        action: Action::Dial,
        targets: Vec::new(),
        in_turn: false,
        blind: false,
        full,
        mark: String::new(),
    };
    if let Some(picked) = picked
        && let Some(candidate) = chain.dials.get(picked.dial)
    {
        return dial_step(scene, candidate, &picked, blank);
    }
    let why = |why| if chain.dials.is_empty() { why } else { Why::Full };
    match &chain.last {
        Last::Forward(reason) => RouteStep {
            why: why(*reason),
            targets: vec![Target::Phone(scene.fail_safe().clone())],
            mark: last_mark(chain.hop),
            ..blank
        },
        Last::Challenge => {
            let mark = mark(chain.hop, true, Place::Challenge);
            RouteStep { why: Why::Spam, action: Action::Challenge, mark, ..blank }
        }
        Last::TurnAway => RouteStep { why: Why::Spam, action: Action::Reject, ..blank },
        Last::Route { entry, why: reason, asked } => {
            let route = entry.id.clone();
            let (action, place) = match &entry.kind {
                RouteKind::Menu(_) => {
                    (Action::Menu, Some(Place::Menu { route: route.clone(), asked: *asked }))
                }
                RouteKind::Voicemail(_) => {
                    (Action::Voicemail, Some(Place::Voicemail { route: route.clone() }))
                }
                _ => (Action::Reject, None),
            };
            let more = action == Action::Menu;
            let mark = place.map(|place| mark(chain.hop, more, place)).unwrap_or_default();
            RouteStep { why: why(*reason), route: Some(route), action, mark, ..blank }
        }
    }
}

fn mark(hop: u8, more: bool, place: Place) -> String {
    Mark { stage: Stage { hop, more }, place }.to_string()
}

/// The mark of a dial that nothing follows and that is of no route. The first step needs none: a call
/// that is only forwarded is answered as it always was.
fn last_mark(hop: u8) -> String {
    if hop <= 1 { String::new() } else { format!("{}.f", Stage { hop, more: false }) }
}

fn dial_step(
    scene: &Scene<'_>,
    candidate: &Candidate<'_>,
    picked: &Picked,
    blank: RouteStep,
) -> RouteStep {
    let rounds = match picked.turn {
        Some(turn) => turned(candidate, turn),
        None => candidate.rounds.clone(),
    };
    let seed = picked.turn.or(candidate.seed);
    let round = rounds.get(picked.round).and_then(|(place, _)| *place);
    let left = rounds.get(picked.round + 1..).unwrap_or_default();
    let address = |place: &usize| candidate.dial.to.get(*place).map(|to| to.address.clone());
    let mut targets: Vec<Target> = picked.places.iter().filter_map(address).collect();
    let asks = scene.provider.can(Feature::AskNext);
    let mut in_turn = false;
    if !asks && candidate.dial.order != RingOrder::AtOnce {
        // Nobody asks again: the provider must know all of them now.
        targets.extend(left.iter().flat_map(|(_, places)| places).filter_map(address));
        in_turn = targets.len() > 1;
    }
    let more = asks && (!left.is_empty() || candidate.dial.otherwise.is_some());
    let place = Place::Dial { route: candidate.id.clone(), seed, round, agent: candidate.agent };
    RouteStep {
        why: candidate.why,
        route: Some(candidate.id.clone()),
        targets,
        in_turn,
        mark: mark(blank.hop, more, place),
        ..blank
    }
}
