//! What is delivered, to whom, and what became of it.

use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, DestinationId, SiteId};
use crate::visit::learnt::Labels;

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
    /// Why it is not to be sent any more; empty while it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub withdrawn: String,
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
    /// What the page told of the visitor by the time of the call: ids of other systems, which need
    /// consent to analytics, and tags.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The destination took it.
    Delivered,
    /// The destination will never take it.
    Rejected {
        /// Its reason in plain words.
        why: String,
    },
    /// Try again.
    Retry {
        /// Not before this moment.
        at: Millis,
        /// Why it did not work.
        why: String,
    },
    /// It was not sent on purpose.
    Skipped {
        /// Why not.
        why: String,
    },
    /// The latest moment passed; it is in the dead set.
    GaveUp {
        /// What the last attempt said.
        why: String,
    },
}

impl Verdict {
    /// The word used in the API, metrics and the ledger.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Delivered => "delivered",
            Verdict::Rejected { .. } => "rejected",
            Verdict::Retry { .. } => "retry",
            Verdict::Skipped { .. } => "skipped",
            Verdict::GaveUp { .. } => "gave_up",
        }
    }

    /// The reason, empty when delivered.
    pub fn why(&self) -> &str {
        match self {
            Verdict::Delivered => "",
            Verdict::Rejected { why }
            | Verdict::Retry { why, .. }
            | Verdict::Skipped { why }
            | Verdict::GaveUp { why } => why,
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
