//! A call as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::attribution::view::AttributionView;
use crate::call::attestation::Level;
use crate::call::facts::KeyPress;
use crate::call::model::{Call, CallOrigin, CallStatus};
use crate::call::outcome::model::Outcome;
use crate::call::outcome::view::OutcomeView;
use crate::call::routing::model::{Action, RouteStep, Why};
use crate::call::spam::model::Reason as SpamReason;
use crate::call::spam::rules::passed;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

/// One call. Times are RFC 3339 in UTC, durations whole seconds; what was never reported is absent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallView {
    /// Our id.
    pub id: String,
    /// The site.
    pub site: String,
    /// Rises with every change.
    pub version: u32,
    /// The telephony provider.
    pub provider: String,
    /// The provider's id.
    pub provider_call_id: String,
    /// Where it stands.
    pub status: CallStatus,
    /// The number that was called, E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// Where it was forwarded to, E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Who called.
    pub caller: CallerView,
    /// When it arrived.
    pub started_at: String,
    /// When the destination rang.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<String>,
    /// When a person answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Seconds until answered or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_s: Option<u32>,
    /// Seconds that it rang until answered or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_s: Option<u32>,
    /// Seconds talked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk_s: Option<u32>,
    /// Who of the business talked with the caller: as somebody told, or else as the telephone system did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When the caller came to a queue first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<String>,
    /// The caller waits in a queue now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub queued: bool,
    /// The conversation is on hold now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// Seconds waited in queues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_s: Option<u32>,
    /// Seconds on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_s: Option<u32>,
    /// When it was handed on first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transferred_at: Option<String>,
    /// When it was closed because nobody had told its end for four hours; absent once somebody has. Its status is what was
    /// known by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_up_at: Option<String>,
    /// The keys that the caller pressed, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyPressView>,
    /// Where it was sent, step by step; absent when Redis could not be asked in time, and for calls that
    /// somebody else routed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<RouteStepView>,
    /// Whether it is unwanted.
    pub spam: SpamView,
    /// Link to a recording at the provider, or else to the message that the caller left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording_url: Option<String>,
    /// How it came to be known.
    pub origin: CallOrigin,
    /// When the business first called back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called_back_at: Option<String>,
    /// When it first reached the caller by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached_at: Option<String>,
    /// How good a lead it is, 0 to 100: as somebody told, or else by the site's scoring rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_score: Option<u8>,
    /// Whether it is a lead worth pursuing: as somebody told, or else by the site's scoring rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualified: Option<bool>,
    /// What came of it; absent while nobody told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeView>,
    /// Whose call it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<AttributionView>,
}

/// Who called.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallerView {
    /// E.164; absent when withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Name shown by the network, empty when none.
    pub name: String,
    /// North American area code (`+1415`), empty elsewhere.
    pub area_code: String,
    /// City by the number's prefix, empty when unknown.
    pub city: String,
    /// Region by the number's prefix, empty when unknown.
    pub region: String,
    /// ISO 3166-1 alpha-2 country, empty when unknown.
    pub country: String,
    /// No earlier call inside the look-back; absent when the caller is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_time: Option<bool>,
    /// The number that the caller dialled first, E.164, when the call was forwarded from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<String>,
    /// What the network vouches for (STIR/SHAKEN).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation: Option<AttestationView>,
}

/// What the network vouches for about the caller's number.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttestationView {
    /// Whether the signature was checked and good.
    pub validated: bool,
    /// How well the first network knows the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
}

/// One step of a call's route.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RouteStepView {
    /// Its place among the steps, from 1.
    pub hop: u8,
    /// When it was decided.
    pub at: String,
    /// What is done.
    pub action: Action,
    /// Why.
    pub why: Why,
    /// The rule that held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The route that was taken; absent: the number's fail-safe, or the spam screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Who is dialled: E.164 or `sip:…`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Said without Redis, which could not be asked in time: nobody knew who calls, and no turn or cap was
    /// counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blind: bool,
    /// Routes before it whose destinations all had enough calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub full: Vec<String>,
}

/// What is known of a call being unwanted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SpamView {
    /// Whether it is: what people tell counts, else what was found, unless the caller passed the challenge.
    pub is_spam: bool,
    /// What the screen found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<SpamReason>,
    /// Whether the caller pressed the key that lets them through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passed_challenge: bool,
}

/// Keys that the caller pressed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeyPressView {
    /// When.
    pub at: String,
    /// Mark of the step that asked for them; empty when none did.
    pub mark: String,
    /// Digits, `*` and `#`.
    pub digits: String,
}

impl From<&Call> for CallView {
    fn from(call: &Call) -> Self {
        let number = |number: &PhoneNumber| number.to_string();
        let time = |at: Millis| at.to_string();
        CallView {
            id: call.id.to_string(),
            site: call.site.to_string(),
            version: call.version,
            provider: call.provider.clone(),
            provider_call_id: call.provider_call_id.clone(),
            status: call.status,
            tracking_number: call.tracking_number.as_ref().map(number),
            destination: call.destination.as_ref().map(ToString::to_string),
            caller: CallerView {
                number: call.caller.number.as_ref().map(number),
                name: call.caller.name.clone(),
                city: call.city().to_owned(),
                region: call.region().to_owned(),
                country: call.country().to_owned(),
                area_code: call.home.area().to_owned(),
                first_time: call.first_time,
                forwarded_from: call.caller.forwarded_from.as_ref().map(number),
                attestation: call
                    .caller
                    .attestation
                    .map(|told| AttestationView { validated: told.validated, level: told.level }),
            },
            started_at: time(call.started_at),
            ringing_at: call.ringing_at.map(time),
            answered_at: call.answered_at.map(time),
            ended_at: call.ended_at.map(time),
            wait_s: call.wait_s,
            ring_s: call.ring_s(),
            talk_s: call.talk_s,
            agent: Some(call.agent().to_owned()).filter(|agent| !agent.is_empty()),
            queued_at: call.facts.queued_at.map(time),
            queued: call.is_queued(),
            held: call.is_held(),
            queue_s: call.queue_s,
            hold_s: call.hold_s,
            transferred_at: call.transferred_at.map(time),
            given_up_at: call.given_up_at().map(time),
            keys: call.keys.iter().map(KeyPressView::from).collect(),
            route: call
                .route
                .iter()
                .flat_map(|route| &route.steps)
                .map(RouteStepView::from)
                .collect(),
            spam: SpamView::from(call),
            recording_url: call.recording_url.clone(),
            origin: call.origin(),
            called_back_at: call.called_back().0.map(time),
            reached_at: call.called_back().1.map(time),
            lead_score: call.lead_score(),
            qualified: call.qualified(),
            outcome: (call.outcome != Outcome::default()).then(|| OutcomeView::from(&call.outcome)),
            attribution: call.attribution.as_ref().map(AttributionView::from),
        }
    }
}

impl From<&RouteStep> for RouteStepView {
    fn from(step: &RouteStep) -> Self {
        RouteStepView {
            hop: step.hop,
            at: step.at.to_string(),
            action: step.action,
            why: step.why,
            rule: step.rule.as_ref().map(ToString::to_string),
            route: step.route.as_ref().map(ToString::to_string),
            targets: step.targets.iter().map(ToString::to_string).collect(),
            blind: step.blind,
            full: step.full.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Call> for SpamView {
    fn from(call: &Call) -> Self {
        let reasons = call.screen.as_ref().map(|screen| screen.reasons.clone());
        SpamView {
            is_spam: call.is_spam(),
            reasons: reasons.unwrap_or_default(),
            passed_challenge: passed(call),
        }
    }
}

impl From<&KeyPress> for KeyPressView {
    fn from(press: &KeyPress) -> Self {
        let (mark, digits) = (press.mark.clone(), press.digits.clone());
        KeyPressView { at: press.at.to_string(), mark, digits }
    }
}
