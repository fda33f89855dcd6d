//! The outcome of a call as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::call::outcome::model::Outcome;

/// What came of a call. What nobody told is absent.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct OutcomeView {
    /// What it came to, in the words of the site; at most 64 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub disposition: String,
    /// Marks: at most 32, each at most 64 characters without commas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// For people; at most 4 000 characters.
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
    /// When somebody should get back to the caller, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up_at: Option<String>,
    /// Who changed it last: the name of an API key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl From<&Outcome> for OutcomeView {
    fn from(outcome: &Outcome) -> Self {
        let outcome = outcome.clone();
        OutcomeView {
            disposition: outcome.disposition,
            tags: outcome.tags.into_iter().collect(),
            notes: outcome.notes,
            agent: outcome.agent,
            qualified: outcome.qualified,
            converted: outcome.converted,
            appointment: outcome.appointment,
            resolved: outcome.resolved,
            first_contact_resolution: outcome.first_contact_resolution,
            escalated: outcome.escalated,
            spam: outcome.spam,
            value: outcome.value,
            lead_score: outcome.lead_score,
            csat: outcome.csat,
            nps: outcome.nps,
            wrap_up_s: outcome.wrap_up_s,
            follow_up_at: outcome.follow_up_at.map(|at| at.to_string()),
            by: outcome.by,
            at: outcome.at.map(|at| at.to_string()),
        }
    }
}
