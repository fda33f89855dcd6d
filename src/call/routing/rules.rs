//! Which routes come into question for a call, in order. Pure.
//!
//! The first rule that holds names a route; from there it goes on by itself: past closed hours, into
//! the caller's area, and past destinations that have enough calls. What is left to ask is which
//! destinations have room: [`Chain`].

use crate::call::routing::mark::{Mark, Place};
use crate::call::routing::model::Why;
use crate::call::routing::order::rounds;
use crate::call::routing::scene::Scene;
use crate::config::model::{DialRoute, RingOrder, RouteEntry, RouteKind};
use crate::platform::ids::{RouteId, RuleId};

/// Most routes that are followed for one step.
const MAX_FOLLOWED: usize = 32;

/// What may be done with a call, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain<'a> {
    /// Which step of the call it is.
    pub hop: u8,
    /// The rule that held.
    pub rule: Option<&'a RuleId>,
    /// Dials, of which the first that has room is taken.
    pub dials: Vec<Candidate<'a>>,
    /// What is done when none has, or there are none.
    pub last: Last<'a>,
}

/// A dial that comes into question.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<'a> {
    /// Its route.
    pub id: &'a RouteId,
    /// What the route says.
    pub dial: &'a DialRoute,
    /// Why it comes into question.
    pub why: Why,
    /// What its order is drawn with; `None`: Redis counts whose turn it is.
    pub seed: Option<u32>,
    /// The place of the caller's agent.
    pub agent: Option<usize>,
    /// The rounds that are left, each with its place; without one it is the agent's.
    pub rounds: Vec<(Option<usize>, Vec<usize>)>,
}

/// What is done without a dial.
#[derive(Clone, Debug, PartialEq)]
pub enum Last<'a> {
    /// The call goes to the number's fail-safe.
    Forward(Why),
    /// A route that dials nobody.
    Route {
        /// The route.
        entry: &'a RouteEntry,
        /// Why.
        why: Why,
        /// How often a menu asked before.
        asked: u32,
    },
    /// An unwanted caller is asked for a key.
    Challenge,
    /// An unwanted caller who pressed no key is turned away.
    TurnAway,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Asked<'a> {
    /// It arrived.
    Arrived,
    /// It was told something at this step, and nobody knows what.
    Lost {
        /// The step.
        hop: u8,
    },
    /// A dial is over; whether somebody took it.
    Dialled {
        /// What the dial brought back.
        mark: &'a Mark,
        /// Whether somebody took it.
        taken: bool,
    },
    /// The caller was asked for keys; empty: none was pressed.
    Keys {
        /// What the question brought back; `None`: it was none of ours.
        mark: Option<&'a Mark>,
        /// The keys.
        digits: &'a str,
    },
}

/// What may be done with the call; `None`: nothing more. `is_spam`: what the spam screen says of a call
/// that arrives.
pub fn decide<'a>(scene: &Scene<'a>, asked: Asked<'_>, is_spam: bool) -> Option<Chain<'a>> {
    let spam = &scene.site.spam;
    match asked {
        Asked::Arrived if is_spam && !spam.challenge.is_empty() => {
            Some(Chain { hop: 1, rule: None, dials: Vec::new(), last: Last::Challenge })
        }
        Asked::Arrived => Some(match spam.route.as_ref().filter(|_| is_spam) {
            Some(route) => follow(scene, 1, route, Why::Spam),
            None => by_rule(scene, 1),
        }),
        Asked::Lost { hop } => Some(forward(hop, Why::Gone)),
        Asked::Dialled { mark, taken } => {
            let hop = next_hop(mark)?;
            if taken || !mark.stage.more {
                return None;
            }
            after_dial(scene, hop, mark)
        }
        Asked::Keys { mark: None, .. } => Some(forward(1, Why::Gone)),
        Asked::Keys { mark: Some(mark), digits } => {
            let Some(hop) = next_hop(mark) else {
                return Some(Chain { last: Last::TurnAway, ..forward(mark.stage.hop, Why::NoKey) });
            };
            Some(match &mark.place {
                Place::Challenge if digits == "1" => by_rule(scene, hop),
                Place::Challenge => Chain { last: Last::TurnAway, ..forward(hop, Why::Spam) },
                Place::Menu { route, asked } => after_menu(scene, hop, route, *asked, digits),
                _ => forward(hop, Why::Gone),
            })
        }
    }
}

fn next_hop(mark: &Mark) -> Option<u8> {
    (mark.stage.hop < crate::call::answer::MAX_HOPS).then(|| mark.stage.hop + 1)
}

fn forward<'a>(hop: u8, why: Why) -> Chain<'a> {
    Chain { hop, rule: None, dials: Vec::new(), last: Last::Forward(why) }
}

fn by_rule<'a>(scene: &Scene<'a>, hop: u8) -> Chain<'a> {
    let all = &scene.site.routing.rules;
    let held = scene.routing.rules().find_map(|(place, when)| {
        let rule = all.get(place)?;
        let name = scene.provider.name();
        let is_for = rule.providers.is_empty() || rule.providers.iter().any(|of| of == name);
        (is_for && when.is_none_or(|when| when.holds(scene))).then_some(rule)
    });
    match held {
        Some(rule) => Chain { rule: Some(&rule.id), ..follow(scene, hop, &rule.route, Why::Rule) },
        None => forward(hop, Why::NoRule),
    }
}

fn after_dial<'a>(scene: &Scene<'a>, hop: u8, mark: &Mark) -> Option<Chain<'a>> {
    let Place::Dial { route, seed, round, agent } = &mark.place else { return None };
    // Without the route nobody knows what follows: whoever waits is forwarded.
    let Some((id, dial)) = dial_route(scene, route) else { return Some(forward(hop, Why::Gone)) };
    let mut left = candidate(scene, id, dial, Why::NotTaken);
    left.seed = *seed;
    left.agent = agent.filter(|place| *place < dial.to.len());
    if seed.is_none() && dial.order != RingOrder::RoundRobin {
        left.seed = Some(scene.draw);
    }
    left.rounds = numbered(dial, left.seed.unwrap_or(0), left.agent);
    left.rounds.retain(|(place, _)| round.is_none_or(|done| place.is_some_and(|p| p > done)));
    let mut chain = forward(hop, Why::NotTaken);
    if !left.rounds.is_empty() {
        let has_room = always_has_room(&left);
        chain.dials.push(left);
        if has_room {
            return Some(chain);
        }
    }
    match &dial.otherwise {
        Some(otherwise) => go_on(scene, &mut chain, otherwise, Why::NotTaken),
        // Nobody else is there: it was told so when it was dialled.
        None if chain.dials.is_empty() => return None,
        None => {}
    }
    Some(chain)
}

fn after_menu<'a>(
    scene: &Scene<'a>,
    hop: u8,
    route: &RouteId,
    asked: u32,
    digits: &str,
) -> Chain<'a> {
    let entry = scene.site.routing.route(route);
    let Some((entry, RouteKind::Menu(menu))) = entry.map(|entry| (entry, &entry.kind)) else {
        return forward(hop, Why::Gone);
    };
    if let Some(choice) = menu.choices.iter().find(|choice| choice.key == digits) {
        return follow(scene, hop, &choice.route, Why::Key);
    }
    if asked + 1 < menu.tries {
        let last = Last::Route { entry, why: Why::NoKey, asked: asked + 1 };
        return Chain { last, ..forward(hop, Why::NoKey) };
    }
    match &menu.otherwise {
        Some(otherwise) => follow(scene, hop, otherwise, Why::NoKey),
        None => forward(hop, Why::NoKey),
    }
}

fn follow<'a>(scene: &Scene<'a>, hop: u8, route: &RouteId, why: Why) -> Chain<'a> {
    let mut chain = forward(hop, why);
    go_on(scene, &mut chain, route, why);
    chain
}

/// Adds `route` and what follows it by itself, up to what surely can be done.
fn go_on<'a>(scene: &Scene<'a>, chain: &mut Chain<'a>, route: &RouteId, why: Why) {
    let (mut route, mut why) = (route, why);
    for _ in 0..MAX_FOLLOWED {
        let Some(entry) = scene.site.routing.route(route) else {
            chain.last = Last::Forward(Why::Gone);
            return;
        };
        let next = match &entry.kind {
            RouteKind::Dial(dial) => match &dial.hours {
                Some(hours) if !scene.routing.is_open(hours, &scene.now) => {
                    (&dial.closed, Why::Closed)
                }
                _ => {
                    let candidate = candidate(scene, &entry.id, dial, why);
                    let has_room = always_has_room(&candidate);
                    chain.dials.push(candidate);
                    if has_room {
                        return;
                    }
                    (&dial.otherwise, Why::Full)
                }
            },
            RouteKind::Area(area) => {
                let mut labels =
                    scene.call.map(|call| call.labels()).unwrap_or_default().into_iter();
                let found = labels.find_map(|label| {
                    area.places.iter().find(|of| of.place.eq_ignore_ascii_case(&label))
                });
                match found {
                    Some(found) => {
                        (route, why) = (&found.route, Why::Area);
                        continue;
                    }
                    None => (&area.otherwise, Why::Area),
                }
            }
            RouteKind::Menu(_) | RouteKind::Voicemail(_) | RouteKind::Reject(_) => {
                chain.last = Last::Route { entry, why, asked: 0 };
                return;
            }
        };
        match next {
            (Some(next), next_why) => (route, why) = (next, next_why),
            (None, next_why) => {
                chain.last = Last::Forward(next_why);
                return;
            }
        }
    }
    chain.last = Last::Forward(why);
}

fn dial_route<'a>(scene: &Scene<'a>, id: &RouteId) -> Option<(&'a RouteId, &'a DialRoute)> {
    let entry = scene.site.routing.route(id)?;
    match &entry.kind {
        RouteKind::Dial(dial) => Some((&entry.id, dial)),
        _ => None,
    }
}

fn candidate<'a>(
    scene: &Scene<'a>,
    id: &'a RouteId,
    dial: &'a DialRoute,
    why: Why,
) -> Candidate<'a> {
    let known = scene.last_agent.filter(|_| dial.last_agent);
    let agent = known.and_then(|known| dial.to.iter().position(|to| to.address.as_str() == known));
    let seed = (dial.order != RingOrder::RoundRobin).then_some(scene.draw);
    let mut rounds = numbered(dial, seed.unwrap_or(0), agent);
    if let Some(agent) = agent {
        rounds.insert(0, (None, vec![agent]));
    }
    Candidate { id, dial, why, seed, agent, rounds }
}

fn numbered(dial: &DialRoute, seed: u32, agent: Option<usize>) -> Vec<(Option<usize>, Vec<usize>)> {
    rounds(dial, seed, agent).into_iter().enumerate().map(|(i, who)| (Some(i), who)).collect()
}

/// Whether some destination takes any number of calls.
fn always_has_room(candidate: &Candidate<'_>) -> bool {
    let places = candidate.rounds.iter().flat_map(|(_, places)| places);
    places.filter_map(|&place| candidate.dial.to.get(place)).any(|to| !to.is_capped())
}
