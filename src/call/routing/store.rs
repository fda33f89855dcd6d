//! Counters of routing in Redis.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `slots:<address>` | ZSET | call id → until (ms) of the calls that occupy a destination | the last one's |
//! | `day:<date>:<address>` | SET | ids of the calls that rang there on that date | two days |
//! | `turn:<route>` | STR | whose turn it is in a round robin | – |
//!
//! `lua/reserve.lua` takes places, in one step; [`RoutingStore::give_back`] returns those of calls
//! that are over. A place whose end is never told ends with [`LONGEST_CALL`], as the call itself does.

use std::sync::Arc;

use serde::Serialize;

use crate::call::answer::Target;
use crate::call::model::Call;
use crate::call::routing::pick::Picked;
use crate::call::routing::rules::{Candidate, Chain};
use crate::call::routing::scene::Scene;
use crate::call::store::LONGEST_CALL;
use crate::config::model::{Destined, Site};
use crate::platform::clock::Clock;
use crate::platform::ids::CallId;
use crate::platform::keys::SiteKeys;
use crate::platform::redis::script::Script;
use crate::platform::redis::{Redis, StoreError};

/// How long the set of a day is kept: its day lasts at most a day longer somewhere.
const DAY_S: u64 = 2 * 24 * 3600;

/// The counters; cheap to clone.
#[derive(Clone)]
pub struct RoutingStore {
    redis: Redis,
    reserve: Arc<Script>,
}

/// Keys by their index from 1; 0 is none.
#[derive(Default)]
struct Keys(Vec<String>);

impl Keys {
    fn index(&mut self, key: String) -> usize {
        let known = self.0.iter().position(|other| *other == key);
        known.unwrap_or_else(|| {
            self.0.push(key);
            self.0.len() - 1
        }) + 1
    }
}

#[derive(Serialize)]
struct Ask {
    call: String,
    now: i64,
    hold: i64,
    day_s: u64,
    targets: Vec<AskTarget>,
    dials: Vec<AskDial>,
}

#[derive(Serialize)]
struct AskTarget {
    day: usize,
    per_day: u32,
    slots: usize,
    at_a_time: u32,
}

#[derive(Serialize)]
struct AskDial {
    turn: usize,
    count: usize,
    lead: usize,
    rounds: Vec<Vec<AskPlace>>,
}

#[derive(Serialize)]
struct AskPlace {
    place: usize,
    target: usize,
}

impl RoutingStore {
    /// The counters on this connection.
    pub fn new(redis: Redis) -> Self {
        let reserve = Arc::new(Script::new(include_str!("lua/reserve.lua")));
        RoutingStore { redis, reserve }
    }

    /// Takes the first dial of `chain` that has room, for this call; `None`: none has.
    pub async fn reserve(
        &self,
        keys: &SiteKeys,
        clock: &Clock,
        call: CallId,
        scene: &Scene<'_>,
        chain: &Chain<'_>,
    ) -> Result<Option<Picked>, StoreError> {
        let mut names = Keys::default();
        let mut ask = Ask {
            call: call.to_string(),
            now: clock.script_arg().map_or(0, |now| now.0),
            hold: LONGEST_CALL.as_millis() as i64,
            day_s: DAY_S,
            targets: Vec::new(),
            dials: Vec::new(),
        };
        for candidate in &chain.dials {
            let first = ask.targets.len();
            let date = scene.now.date.to_string();
            let target = |to: &Destined| target(&mut names, keys, &date, to);
            ask.targets.extend(candidate.dial.to.iter().map(target));
            ask.dials.push(dial(&mut names, keys, candidate, first));
        }
        // A script on a cluster needs a key to be sent by.
        if names.0.is_empty() {
            names.index(keys.turn(chain.dials.first().map_or("-", |dial| dial.id.as_str())));
        }
        let json = serde_json::to_string(&ask).map_err(|error| StoreError::Unreadable {
            what: "a question of routing",
            why: error.to_string(),
        })?;
        let mut script = self.reserve.prepare_invoke();
        for name in &names.0 {
            script.key(name);
        }
        script.arg(json);
        let taken: Vec<i64> = self.redis.script("room of destinations", &script).await?;
        Ok(read(&taken))
    }

    /// Gives back the places of destinations that the call no longer occupies.
    pub async fn give_back(
        &self,
        keys: &SiteKeys,
        call: CallId,
        free: &[Target],
    ) -> Result<(), StoreError> {
        if free.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for target in free {
            pipeline.cmd("ZREM").arg(keys.slots(target.as_str())).arg(call.to_string()).ignore();
        }
        self.redis.pipeline("places of a call", &pipeline).await
    }
}

fn target(names: &mut Keys, keys: &SiteKeys, date: &str, to: &Destined) -> AskTarget {
    let address = to.address.as_str();
    let day = to.per_day.map_or(0, |_| names.index(keys.day(date, address)));
    let slots = to.at_a_time.map_or(0, |_| names.index(keys.slots(address)));
    let (per_day, at_a_time) = (to.per_day.unwrap_or(0), to.at_a_time.unwrap_or(0));
    AskTarget { day, per_day, slots, at_a_time }
}

/// Where turns count, everybody who is left may be next: not only as many as are tried.
fn dial(names: &mut Keys, keys: &SiteKeys, candidate: &Candidate<'_>, first: usize) -> AskDial {
    let place = |place: usize| AskPlace { place, target: first + place + 1 };
    let count = candidate.dial.to.len();
    let by_turn = candidate.seed.is_none() && candidate.rounds.iter().any(|(at, _)| at.is_some());
    let rounds = candidate.rounds.iter();
    if !by_turn {
        let rounds = rounds.map(|(_, who)| who.iter().map(|&at| place(at)).collect()).collect();
        return AskDial { turn: 0, count, lead: 0, rounds };
    }
    let lead = rounds.take_while(|(at, _)| at.is_none());
    let lead: Vec<Vec<AskPlace>> =
        lead.map(|(_, who)| who.iter().map(|&at| place(at)).collect()).collect();
    let others = (0..count).filter(|at| Some(*at) != candidate.agent).map(|at| vec![place(at)]);
    let turn = names.index(keys.turn(candidate.id.as_str()));
    AskDial { turn, count, lead: lead.len(), rounds: lead.into_iter().chain(others).collect() }
}

fn read(taken: &[i64]) -> Option<Picked> {
    let [dial, turn, round, places @ ..] = taken else { return None };
    let places = places.iter().filter_map(|place| usize::try_from(*place).ok()).collect();
    Some(Picked {
        dial: usize::try_from(*dial).ok()?,
        turn: u32::try_from(*turn).ok(),
        round: usize::try_from(*round).ok()?,
        places,
    })
}

/// The capped destinations that `call` rang and no longer occupies: all when it is over, those of
/// earlier steps, and those that somebody else of the same step picked up before.
pub fn free(site: &Site, call: &Call) -> Vec<Target> {
    let Some(route) = &call.route else { return Vec::new() };
    let last = route.last().map(|step| step.hop);
    let capped = |target: &Target| {
        let routes = site.routing.routes.iter();
        let mut to = routes.flat_map(|route| route.kind.destinations());
        to.any(|to| to.at_a_time.is_some() && to.address == *target)
    };
    let dials = route.steps.iter().flat_map(|step| {
        let taken_by = call.facts.dial_of(step.hop).and_then(|dial| dial.taken_by.as_ref());
        let is_over = call.status.is_final() || Some(step.hop) != last;
        step.targets.iter().filter(move |target| {
            is_over || taken_by.is_some_and(|by| by.address != target.as_str())
        })
    });
    // Somebody of an earlier step may ring again in the last one.
    let rings = |target: &Target| {
        let last = route.last().filter(|_| !call.status.is_final());
        last.is_some_and(|step| step.targets.contains(target) && step.targets.len() == 1)
    };
    let mut free: Vec<Target> = Vec::new();
    for target in dials.filter(|target| capped(target) && !rings(target)) {
        if !free.contains(target) {
            free.push(target.clone());
        }
    }
    free
}
