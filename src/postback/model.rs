//! What is delivered, to whom, and what became of it.

use serde::{Deserialize, Serialize};

use crate::call::answer::Target;
use crate::call::routing::model::{Action, RouteStep, Why};
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, DestinationId, RouteId, RuleId, SessionId, SiteId};
pub use crate::postback::verdict::{Skip, SkipReason, Verdict};
use crate::visit::ad_ids::AdIds;
use crate::visit::learnt::Labels;
use crate::visit::model::Consent;

/// One conversion on its way to one destination. Everything it says is frozen when the conversion
/// is decided; secrets and URLs are looked up in the configuration at sending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Postback {
    /// Natural idempotency key: `<call>.<conversion>.<destination>`, visible ASCII. It is told to
    /// the destination with every attempt and never changes.
    pub id: String,
    /// The site.
    pub site: SiteId,
    /// The destination.
    pub destination: DestinationId,
    /// The call.
    pub call: CallId,
    /// Name of the conversion rule that was met.
    pub conversion: String,
    /// When the conversion happened (the call's end).
    pub converted_at: Millis,
    /// When it was queued.
    pub queued_at: Millis,
    /// Not told before this moment: somebody may still say that it is none.
    #[serde(default)]
    pub not_before: Millis,
    /// Given up after this moment.
    pub latest_at: Millis,
    /// Attempts that failed or were answered so far. An answer that refuses our credentials (401,
    /// 403) is no attempt of this postback.
    pub attempts: u32,
    /// What the last attempt said, redacted; empty before the first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_answer: String,
    /// What is told about the call.
    pub facts: ConversionFacts,
    /// What it corrects, where the destination heard of the conversion before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Correction>,
    /// Why it is not to be sent, or not any more; none while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Skip>,
    /// What must be told once only, whichever call brings it: a caller or a click. None: the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<String>,
    /// What was sent last and what was answered, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Box<Exchange>>,
    /// It was taken, and the platform is asked later what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// It may have been sent, to a destination that knows no key to tell repeats by.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
}

/// One request and its answer as people may see them: without secrets, callers' numbers (hashed ones, too), addresses
/// and user agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Exchange {
    /// Method and URL.
    pub request: String,
    /// What was told of this conversion; empty without a body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// HTTP status; 0: no answer.
    pub status: u16,
    /// The answer's beginning, or why there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

/// A platform's word that it took a request whose rows it looks at later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The platform's id of the request.
    pub request: String,
    /// Which row of it this is, from 0.
    pub row: usize,
    /// When it was taken.
    pub at: Millis,
}

/// Conversions have rules' names; what webhooks hear of besides has these.
pub fn is_event(conversion: &str) -> bool {
    conversion.contains('.')
}

/// What became of a conversion that a destination was told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Id of the postback that told of it.
    pub of: String,
    /// What it is now.
    pub change: CorrectionKind,
    /// Why: a word of [`Because`](crate::attribution::revision::Because), or `first_time`.
    pub because: String,
}

/// What a conversion that was told is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// It stands, with other facts.
    Restated,
    /// The call no longer meets the rule.
    Retracted,
}

impl Postback {
    /// A postback that waits to be told, from now on and for ever, with nothing special about it.
    pub fn new(
        id: String,
        (site, destination, call): (SiteId, DestinationId, CallId),
        conversion: String,
        (converted_at, queued_at): (Millis, Millis),
        facts: ConversionFacts,
    ) -> Self {
        Postback {
            id,
            site,
            destination,
            call,
            conversion,
            converted_at,
            queued_at,
            not_before: Millis::default(),
            latest_at: Millis(i64::MAX),
            attempts: 0,
            last_answer: String::new(),
            facts,
            corrects: None,
            withheld: None,
            once: None,
            exchange: None,
            receipt: None,
            in_doubt: false,
        }
    }

    /// When it is due first.
    pub fn due_at(&self) -> Millis {
        self.queued_at.max(self.not_before)
    }

    /// What the ledger is told when this postback gets `verdict`.
    pub fn fact(&self, verdict: Verdict) -> PostbackFact {
        PostbackFact {
            id: self.id.clone(),
            site: self.site.clone(),
            destination: self.destination.clone(),
            call: self.call,
            conversion: self.conversion.clone(),
            attempts: self.attempts,
            verdict,
        }
    }
}

/// A postback that is no longer waiting, as the delivery log and the dead set keep it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettledPostback {
    /// The postback, with its attempts.
    #[serde(flatten)]
    pub postback: Postback,
    /// When it was settled.
    pub settled_at: Millis,
    /// How; never [`Verdict::Retry`].
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The frozen facts a postback may tell; which of them it tells is the destination's matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConversionFacts {
    /// Source of the call.
    pub source: String,
    /// Medium of the call.
    pub medium: String,
    /// Campaign of the call.
    pub campaign: String,
    /// Keyword.
    pub term: String,
    /// Content.
    pub content: String,
    /// Click ids by lower-case parameter name; empty without consent to advertising.
    pub click_ids: Vec<(String, String)>,
    /// Landing page (host and path).
    pub landing_page: String,
    /// When the call arrived.
    pub call_started_at: Millis,
    /// Seconds talked.
    pub talk_s: u32,
    /// Final status word of the call.
    pub status: String,
    /// First-time caller.
    pub first_time: Option<bool>,
    /// Probability of the attribution.
    pub confidence: f64,
    /// Value of the conversion as a decimal text, when the rule has one.
    pub value: Option<String>,
    /// ISO 4217 currency of the value.
    pub currency: String,
    /// The tracking number that was called.
    pub tracking_number: String,
    /// ISO 3166-1 alpha-2 country of the caller, empty when unknown.
    pub country: String,
    /// Keyed hash of the caller; never the number in clear.
    pub caller_hash: Option<String>,
    /// Channel group of the call.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// The visit that the call is attributed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// When it began: the click.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clicked_at: Option<Millis>,
    /// What its visitor allowed by the time of the call; asked again at sending.
    #[serde(default)]
    pub consent: Consent,
    /// What tags know its browser by; empty without consent to advertising.
    #[serde(default, skip_serializing_if = "AdIds::is_empty")]
    pub ad_ids: AdIds,
    /// What it came to, in the words of the site.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub disposition: String,
    /// How good a lead it is, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// The pool that it is about; empty where it is about a call.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pool: String,
    /// Where it was sent; told with `call.routed` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed: Option<RoutedFacts>,
    /// What the page told of the visitor by the time of the call: ids of other systems, which need
    /// consent to analytics, and tags.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// What routing decided of a call, as webhooks hear it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoutedFacts {
    /// The step, from 1: what happened when the call arrived is the first.
    pub step: u8,
    /// What is done.
    pub action: Action,
    /// Why.
    pub why: Why,
    /// The rule that held, where one did.
    pub rule: Option<RuleId>,
    /// The route that was taken; `None`: the number's fail-safe, or the spam screen.
    pub route: Option<RouteId>,
    /// Who is dialled; empty for every other action.
    pub targets: Vec<Target>,
    /// Whether they ring one after the other, and not at once.
    pub in_turn: bool,
}

impl From<&RouteStep> for RoutedFacts {
    fn from(step: &RouteStep) -> Self {
        RoutedFacts {
            step: step.hop,
            action: step.action,
            why: step.why,
            rule: step.rule.clone(),
            route: step.route.clone(),
            targets: step.targets.clone(),
            in_turn: step.in_turn,
        }
    }
}

/// The body of a `postback` ledger event: the verdict of one postback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostbackFact {
    /// The postback.
    pub id: String,
    /// The site.
    pub site: SiteId,
    /// The destination.
    pub destination: DestinationId,
    /// The call.
    pub call: CallId,
    /// Name of the conversion rule.
    pub conversion: String,
    /// Attempts made.
    pub attempts: u32,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}
