//! A lead as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::lead::model::Lead;

/// One lead. What is not known is absent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeadView {
    /// Our id.
    pub id: String,
    /// The site.
    pub site: String,
    /// What it is: `form`, `chat`, ….
    pub kind: String,
    /// When it came, RFC 3339.
    pub at: String,
    /// What the form or chat is called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The session that it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The number that it gave, E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its medium.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// Its campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// Its channel group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Landing page of its session: host and path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub landing_page: String,
}

impl From<&Lead> for LeadView {
    fn from(lead: &Lead) -> Self {
        let source = lead.source.as_ref();
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        LeadView {
            id: lead.id.to_string(),
            site: lead.site.to_string(),
            kind: lead.kind.clone(),
            at: lead.at.to_string(),
            name: lead.name.clone(),
            session: lead.session.map(|session| session.to_string()),
            caller: lead.caller.as_ref().map(ToString::to_string),
            source: source.and_then(|s| some(&s.source)),
            medium: source.and_then(|s| some(&s.medium)),
            campaign: source.and_then(|s| some(&s.campaign)),
            channel: source.and_then(|s| some(&s.channel)),
            landing_page: format!("{}{}", lead.landing_host, lead.landing_page),
        }
    }
}
