//! The outcome of a call.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::attribution::named::Named;
use crate::platform::clock::Millis;
use crate::platform::email::EmailHashes;

/// What is known of what came of a call; what nobody told is absent or empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// What it came to, in the words of the site: `booked`, `price too high`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub disposition: String,
    /// Marks.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Who talked to the caller.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// Whether it is a lead worth pursuing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualified: Option<bool>,
    /// Whether it became business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converted: Option<bool>,
    /// Whether an appointment was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appointment: Option<bool>,
    /// Whether the caller's matter was settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
    /// Whether that took no other contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_contact_resolution: Option<bool>,
    /// Whether somebody above had to deal with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalated: Option<bool>,
    /// Whether it was unwanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spam: Option<bool>,
    /// Revenue as a decimal in the site's currency: `149.90`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// How good a lead it is, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_score: Option<u8>,
    /// How content the caller was, 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csat: Option<u8>,
    /// How likely they are to recommend the business, 0 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nps: Option<u8>,
    /// Seconds of work after the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrap_up_s: Option<u32>,
    /// When somebody should get back to the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up_at: Option<Millis>,
    /// Who changed it last: the name of an API key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
}

/// A change of an outcome: `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutcomeChange {
    pub(super) fields: Vec<Field>,
    /// The visitor whose call it was, where that is told.
    pub named: Named,
    /// The caller's e-mail address, where that is told; it is no part of the outcome.
    pub email: Option<EmailHashes>,
}

/// One field with what it becomes; the empty text and `None` clear it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Disposition(String),
    Tags(BTreeSet<String>),
    Notes(String),
    Agent(String),
    Qualified(Option<bool>),
    Converted(Option<bool>),
    Appointment(Option<bool>),
    Resolved(Option<bool>),
    FirstContactResolution(Option<bool>),
    Escalated(Option<bool>),
    Spam(Option<bool>),
    Value(Option<String>),
    LeadScore(Option<u8>),
    Csat(Option<u8>),
    Nps(Option<u8>),
    WrapUp(Option<u32>),
    FollowUpAt(Option<Millis>),
}
