//! What became of a postback, in words that reports, metrics and people share.

use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;

/// Why a conversion is not told to a destination: the closed list that the API, the ledger and the documentation share.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The visit brought no click id of this platform.
    NoClickId,
    /// It has a click id that no platform could have made.
    TestValue,
    /// Nothing that the platform could match the visitor by.
    NoIdentifier,
    /// The visitor did not allow it, or took that back.
    NoConsent,
    /// The conversation was too short.
    TooShort,
    /// The call was not answered as the rule wants it.
    NotAnswered,
    /// The call does not meet another condition of the rule.
    RuleNotMet,
    /// The call is flagged as unwanted.
    Spam,
    /// It is older than the platform takes.
    TooOld,
    /// The same caller, click or conversion was told before.
    Duplicate,
    /// The destination takes nothing back.
    NotAdjustable,
    /// The call is judged anew, and no conversion any more.
    Withdrawn,
    /// A macro that must have a value has none.
    MissingValue,
    /// The destination said that it is gone.
    DestinationGone,
    /// The destination is no longer configured, or wrongly.
    Misconfigured,
    /// Anything else.
    #[default]
    Other,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [SkipReason; 16] = [
        SkipReason::NoClickId,
        SkipReason::TestValue,
        SkipReason::NoIdentifier,
        SkipReason::NoConsent,
        SkipReason::TooShort,
        SkipReason::NotAnswered,
        SkipReason::RuleNotMet,
        SkipReason::Spam,
        SkipReason::TooOld,
        SkipReason::Duplicate,
        SkipReason::NotAdjustable,
        SkipReason::Withdrawn,
        SkipReason::MissingValue,
        SkipReason::DestinationGone,
        SkipReason::Misconfigured,
        SkipReason::Other,
    ];

    /// The word used in the API, the ledger and the documentation.
    pub fn word(self) -> &'static str {
        match self {
            SkipReason::NoClickId => "no_click_id",
            SkipReason::TestValue => "test_value",
            SkipReason::NoIdentifier => "no_identifier",
            SkipReason::NoConsent => "no_consent",
            SkipReason::TooShort => "too_short",
            SkipReason::NotAnswered => "not_answered",
            SkipReason::RuleNotMet => "rule_not_met",
            SkipReason::Spam => "spam",
            SkipReason::TooOld => "too_old",
            SkipReason::Duplicate => "duplicate",
            SkipReason::NotAdjustable => "not_adjustable",
            SkipReason::Withdrawn => "withdrawn",
            SkipReason::MissingValue => "missing_value",
            SkipReason::DestinationGone => "destination_gone",
            SkipReason::Misconfigured => "misconfigured",
            SkipReason::Other => "other",
        }
    }
}

/// Why something is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The reason.
    pub reason: SkipReason,
    /// The same for people.
    pub why: String,
}

impl Skip {
    /// A reason with its words.
    pub fn new(reason: SkipReason, why: impl Into<String>) -> Self {
        Skip { reason, why: why.into() }
    }
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The destination took it.
    Delivered,
    /// The destination took it back.
    Retracted,
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
        /// The reason as a word.
        #[serde(default)]
        reason: SkipReason,
        /// The same for people.
        why: String,
    },
    /// The latest moment passed; it is in the dead set.
    GaveUp {
        /// What the last attempt said.
        why: String,
    },
}

impl From<Skip> for Verdict {
    fn from(Skip { reason, why }: Skip) -> Self {
        Verdict::Skipped { reason, why }
    }
}

impl Verdict {
    /// The word used in the API, metrics and the ledger.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Delivered => "delivered",
            Verdict::Retracted => "retracted",
            Verdict::Rejected { .. } => "rejected",
            Verdict::Retry { .. } => "retry",
            Verdict::Skipped { .. } => "skipped",
            Verdict::GaveUp { .. } => "gave_up",
        }
    }

    /// The reason, empty when the destination took it.
    pub fn why(&self) -> &str {
        match self {
            Verdict::Delivered | Verdict::Retracted => "",
            Verdict::Rejected { why }
            | Verdict::Retry { why, .. }
            | Verdict::Skipped { why, .. }
            | Verdict::GaveUp { why } => why,
        }
    }
}
