//! Decides what a call that waits is told: the pure rules of [`routing`], and the
//! one question to Redis that they may need.

use crate::call::answer::{Step, Target};
use crate::call::model::{Call, CallEvent, CallEventKind, DialOutcome};
use crate::call::providers::{Over, Provider, Wants};
use crate::call::routing::mark::{Mark, Place};
use crate::call::routing::model::RouteStep;
use crate::call::routing::rules::{Asked, decide};
use crate::call::routing::scene::Scene;
use crate::call::routing::site::SiteRouting;
use crate::call::routing::store::RoutingStore;
use crate::call::routing::{pick, render};
use crate::config::Installation;
use crate::config::model::Site;
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::{CallId, PoolId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;

/// A provider that waits for what to do with a call.
#[derive(Clone, Copy)]
pub struct Waiting<'a> {
    /// The provider.
    pub provider: &'a dyn Provider,
    /// What it waits for.
    pub wants: &'a Wants,
}

impl<'a> Waiting<'a> {
    /// The step of the call that it waits for; `None`: nothing that routing decides.
    pub fn hop(&self) -> Option<u8> {
        match self.wants {
            Wants::Route => Some(1),
            Wants::Next { over: Over::Dial | Over::Gather, mark } => {
                Some(Mark::parse(mark)?.stage.hop.saturating_add(1))
            }
            Wants::GoOn { hop, .. } => Some(*hop),
            _ => None,
        }
    }

    /// Whether it waits for steps, not only for a receipt or for what somebody else hears.
    pub fn is_for_steps(&self) -> bool {
        matches!(self.wants, Wants::Route | Wants::Next { .. } | Wants::GoOn { .. })
    }

    /// Which of the steps of an answer are over.
    pub fn done(&self) -> u8 {
        match self.wants {
            Wants::GoOn { done, .. } => *done,
            _ => 0,
        }
    }

    /// What is left of the steps of an answer that was given before.
    pub fn left_of(&self, steps: Vec<Step>) -> Vec<Step> {
        steps.into_iter().skip(usize::from(self.done())).collect()
    }

    fn mark(&self) -> Option<Mark> {
        match self.wants {
            Wants::Next { mark, .. } => Mark::parse(mark),
            _ => None,
        }
    }
}

/// The step that comes next, or none.
pub async fn next(
    store: &RoutingStore,
    keys: &SiteKeys,
    clock: &Clock,
    scene: &Scene<'_>,
    waiting: &Waiting<'_>,
    event: &CallEvent,
) -> Result<Option<RouteStep>, StoreError> {
    let mark = waiting.mark();
    let Some(asked) = asked(waiting, mark.as_ref(), scene.call, Some(event)) else {
        return Ok(None);
    };
    let is_spam = scene.call.is_some_and(Call::is_spam);
    let Some(chain) = decide(scene, asked, is_spam) else { return Ok(None) };
    let picked = match scene.call.filter(|_| pick::needs_counting(&chain)) {
        Some(call) => store.reserve(keys, clock, call.id, scene, &chain).await?,
        None => pick::uncounted(scene, &chain),
    };
    let step = pick::step(scene, &chain, picked);
    metrics::counter!("ringtrace_routes_total",
        "why" => step.why.word(), "action" => step.action.word())
    .increment(1);
    Ok(Some(step))
}

/// What to say without Redis, and the step that it is: an arriving call goes to the number's fail-safe,
/// and what was begun goes on as far as its mark tells.
pub fn without_redis(
    installation: &Installation,
    site: &Site,
    waiting: &Waiting<'_>,
    event: Option<&CallEvent>,
    at: Millis,
) -> (Option<RouteStep>, Vec<Step>) {
    if waiting.hop().is_none() {
        return (None, Vec::new());
    }
    let called = event.and_then(|event| event.to.as_ref());
    let call = event.map(|event| CallId::of(&event.site, &event.provider, &event.provider_call_id));
    let routing = installation.routing(&site.id);
    let draw = call.map_or(0, draw_of);
    let scene = Scene {
        site,
        routing,
        provider: waiting.provider,
        call: None,
        called,
        pool: called.and_then(|called| routing.pool_of(called)),
        at,
        now: routing.moment(at),
        last_agent: None,
        draw,
    };
    let step = match waiting.wants {
        Wants::Route => Some(pick::fail_safe(&scene)),
        _ => {
            let mark = waiting.mark();
            let asked = asked(waiting, mark.as_ref(), None, event);
            let chain = asked.and_then(|asked| decide(&scene, asked, false));
            chain.map(|chain| pick::step(&scene, &chain, pick::uncounted(&scene, &chain)))
        }
    };
    let steps = step.as_ref().map(|step| render::steps(&scene, step)).unwrap_or_default();
    (step, steps)
}

/// What the provider's wish comes to; `None`: nothing more is to be done.
fn asked<'a>(
    waiting: &Waiting<'_>,
    mark: Option<&'a Mark>,
    call: Option<&Call>,
    event: Option<&'a CallEvent>,
) -> Option<Asked<'a>> {
    let over = match waiting.wants {
        Wants::Route => return Some(Asked::Arrived),
        Wants::Next { over, .. } => over,
        // It goes on with what it was told; when that is not known any more, it must still get through.
        Wants::GoOn { hop, .. } => return Some(Asked::Lost { hop: *hop }),
        _ => return None,
    };
    let kind = event.map(|event| &event.kind);
    match over {
        Over::Dial => {
            let mark = mark.filter(|mark| matches!(mark.place, Place::Dial { .. }))?;
            let known = call.and_then(|call| call.facts.dial_of(mark.stage.hop));
            let known = known.and_then(|dial| Some(dial.word(dial.end()?)));
            let told = match kind {
                Some(CallEventKind::DialEnded { outcome, .. }) => Some(*outcome),
                _ => None,
            };
            let taken = known.or(told) == Some(DialOutcome::Answered);
            Some(Asked::Dialled { mark, taken })
        }
        Over::Gather => {
            let digits = match kind {
                Some(CallEventKind::KeysPressed { digits, .. }) => digits.as_str(),
                _ => "",
            };
            Some(Asked::Keys { mark, digits })
        }
        Over::Voicemail | Over::Transfer => None,
    }
}

/// What is known of a call that is decided on. `added`: the pool of its number, where that was added over
/// the API.
pub fn scene<'a>(
    site: &'a Site,
    routing: &'a SiteRouting,
    waiting: &Waiting<'a>,
    call: &'a Call,
    added: Option<&'a PoolId>,
    at: Millis,
) -> Scene<'a> {
    let called = call.tracking_number.as_ref();
    let last_agent = call.route.as_ref().and_then(|route| route.agent.as_deref());
    Scene {
        site,
        routing,
        provider: waiting.provider,
        call: Some(call),
        called,
        pool: called.and_then(|called| routing.pool_of(called)).or(added),
        at,
        now: routing.moment(at),
        last_agent,
        draw: draw_of(call.id),
    }
}

/// A draw of a call: its id is a hash, so all draws are equally probable, and the same call draws the
/// same again.
fn draw_of(call: CallId) -> u32 {
    let bytes = call.0.as_bytes();
    u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]])
}

/// Where the call went: who took it, or who was dialled last; without a route the number's fail-safe.
pub fn destination(site: &Site, call: &Call) -> Option<Target> {
    let called: Option<&PhoneNumber> = call.tracking_number.as_ref();
    let Some(route) = call.route.as_ref().filter(|route| !route.steps.is_empty()) else {
        let known = call.destination.clone();
        return known.or_else(|| Some(Target::Phone(site.fail_safe(called).clone())));
    };
    let last = || route.steps.iter().rev().find_map(|step| step.targets.first().cloned());
    call.answered_by().or_else(last)
}
