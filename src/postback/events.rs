//! What webhooks hear of besides conversions: calls on their way, and pools without a number. Pure.

use jiff::SignedDuration;

use crate::call::model::{Call, CallOrigin};
use crate::config::model::{DestinationKind, Site, WebhookEvent};
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, PoolId};
use crate::postback::model::{ConversionFacts, Postback, RoutedFacts};
use crate::postback::rules::{facts, id_part};

/// A pool that has no number for visitors is told once in this time.
const OVERFLOW_EVERY_MS: i64 = 3_600_000;

impl WebhookEvent {
    /// The word used in the configuration and as the message's type.
    pub fn word(self) -> &'static str {
        match self {
            WebhookEvent::CallStarted => "call.started",
            WebhookEvent::CallRouted => "call.routed",
            WebhookEvent::CallEnded => "call.ended",
            WebhookEvent::CallChanged => "call.changed",
            WebhookEvent::PoolOverflow => "pool.overflow",
        }
    }
}

/// The messages that a new version of a call causes; `before` is the version before. A call that is told late, out of a
/// provider's list or another system, is told of by nothing but its conversions.
pub fn of_call(
    site: &Site,
    before: Option<&Call>,
    call: &Call,
    now: Millis,
    give_up_after: SignedDuration,
) -> Vec<Postback> {
    if call.origin() != CallOrigin::Webhook {
        return Vec::new();
    }
    let told = happened(before, call);
    let mut messages = Vec::new();
    for (id, event) in listeners(site) {
        let Some((_, part)) = told.iter().find(|(happened, _)| *happened == event) else {
            continue;
        };
        let mut message = Postback::new(
            format!("{}.{}{part}.{id}", call.id, id_part(event.word())),
            (site.id.clone(), id.clone(), call.id),
            event.word().to_owned(),
            (now, now),
            ConversionFacts { routed: routed(event, call), ..facts(site, None, call) },
        );
        message.latest_at =
            now.plus(i64::try_from(give_up_after.as_millis()).unwrap_or(i64::MAX / 4));
        messages.push(message);
    }
    messages
}

/// The messages that tell of `pool`, which had no number for a visitor at `now`: the same for an hour.
pub fn of_pool(
    site: &Site,
    pool: &PoolId,
    now: Millis,
    give_up_after: SignedDuration,
) -> Vec<Postback> {
    let hour = now.0.div_euclid(OVERFLOW_EVERY_MS);
    let hears = listeners(site).filter(|(_, event)| *event == WebhookEvent::PoolOverflow);
    let told = hears.map(|(id, event)| {
        let facts = ConversionFacts { pool: pool.to_string(), ..ConversionFacts::default() };
        let mut message = Postback::new(
            format!("{pool}.{}~{hour}.{id}", id_part(event.word())),
            (site.id.clone(), id.clone(), CallId::default()),
            event.word().to_owned(),
            (now, now),
            facts,
        );
        message.latest_at =
            now.plus(i64::try_from(give_up_after.as_millis()).unwrap_or(i64::MAX / 4));
        message
    });
    told.collect()
}

/// Where the call was sent, for those who hear of that.
fn routed(event: WebhookEvent, call: &Call) -> Option<RoutedFacts> {
    let step = call.route.as_ref()?.last()?;
    (event == WebhookEvent::CallRouted).then(|| RoutedFacts::from(step))
}

/// Who hears of what.
fn listeners(
    site: &Site,
) -> impl Iterator<Item = (&crate::platform::ids::DestinationId, WebhookEvent)> {
    site.destinations.iter().flat_map(|destination| {
        let events = match &destination.kind {
            DestinationKind::Webhook(target) => target.events.as_slice(),
            _ => &[],
        };
        events.iter().map(|event| (&destination.id, *event))
    })
}

/// What happened between two versions, each with what makes its id another one where it can happen again.
fn happened(before: Option<&Call>, call: &Call) -> Vec<(WebhookEvent, String)> {
    let is_over = |call: &Call| call.status.is_final();
    let was_over = before.is_some_and(is_over);
    let is_routed = |call: &Call| call.route.as_ref().is_some_and(|route| !route.steps.is_empty());
    let mut told = Vec::new();
    if before.is_none() {
        told.push((WebhookEvent::CallStarted, String::new()));
    }
    if is_routed(call) && !before.is_some_and(is_routed) {
        told.push((WebhookEvent::CallRouted, String::new()));
    }
    if is_over(call) && !was_over {
        told.push((WebhookEvent::CallEnded, String::new()));
    }
    if before.is_some_and(|before| was_over && is_news(before, call)) {
        told.push((WebhookEvent::CallChanged, format!("~v{}", call.version)));
    }
    told
}

/// Whether people would say that something else is known of it.
fn is_news(before: &Call, after: &Call) -> bool {
    let source = |call: &Call| call.attribution.clone().map(|found| (found.session, found.source));
    before.outcome != after.outcome
        || before.status != after.status
        || before.talk_s != after.talk_s
        || source(before) != source(after)
}
