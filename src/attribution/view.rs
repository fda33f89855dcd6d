//! Whose call it was, as the API shows it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::attribution::credit::Credits;
use crate::attribution::model::{Attribution, Candidate, Reason, TouchCredit};
use crate::attribution::revision::{Because, Revision};
use crate::lease::model::Tier;

/// Whose call it was.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttributionView {
    /// `holder`: a session held the number; `static`: the number has one source; `inferred`: the session
    /// of the caller's earlier call; `imported`: another system said so; `provided`: the ad platform that connected
    /// the call told its campaign; `told`: an outcome or a form named the visitor; `none`.
    pub basis: &'static str,
    /// Probability of the chosen candidate, 0.0 to 1.0.
    pub confidence: f64,
    /// Probability that it was nobody who was shown the number.
    pub nobody: f64,
    /// Which fit of the site's delays judged it; 0: what is assumed before anything is learnt.
    pub fit: u32,
    /// How the number was held.
    pub tier: Tier,
    /// The chosen session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Source of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Medium of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// Campaign of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// Channel group of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Landing page of the chosen session: host and path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub landing_page: String,
    /// Path of the page that it had opened last before the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub page: String,
    /// External ids that the chosen session's pages told with `identify`, with consent to analytics.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<String, String>,
    /// Tags that the chosen session's pages told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The most probable candidates, best first.
    pub candidates: Vec<CandidateView>,
    /// The visits of the chosen session's visitor that earned the call, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<TouchView>,
    /// Why it replaced an earlier answer; absent while it is the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revised: Option<RevisionView>,
}

/// Why an answer replaced the one before it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RevisionView {
    /// What it was for.
    pub because: Because,
    /// When.
    pub at: String,
    /// Who told: the name of an API key; absent when the visitor's page did.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// The session before; absent when none was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_before: Option<String>,
    /// The confidence before.
    pub confidence_before: f64,
}

impl From<&Revision> for RevisionView {
    fn from(revision: &Revision) -> Self {
        RevisionView {
            because: revision.because,
            at: revision.at.to_string(),
            by: revision.by.clone(),
            session_before: revision.session_before.map(|session| session.to_string()),
            confidence_before: revision.confidence_before,
        }
    }
}

/// A session that may have made the call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CandidateView {
    /// The session.
    pub session: String,
    /// Probability, 0.0 to 1.0.
    pub probability: f64,
    /// How it held the number.
    pub tier: Tier,
    /// Seconds between its last sign of life and the call.
    pub idle_s: i64,
    /// Whether it clicked the number's `tel:` link shortly before.
    pub tel_click: bool,
    /// What speaks for it or against it.
    pub reasons: Vec<Reason>,
}

impl From<&Attribution> for AttributionView {
    fn from(found: &Attribution) -> Self {
        let source = found.source.as_ref();
        AttributionView {
            basis: found.basis.word(),
            confidence: found.confidence,
            nobody: found.nobody,
            fit: found.fit,
            tier: found.tier,
            session: found.session.map(|session| session.to_string()),
            source: source.map(|s| s.source.clone()),
            medium: source.map(|s| s.medium.clone()),
            campaign: source.map(|s| s.campaign.clone()).filter(|campaign| !campaign.is_empty()),
            channel: source.map(|s| s.channel.clone()),
            landing_page: format!("{}{}", found.landing_host, found.landing_page),
            page: found.page.clone(),
            ids: found.labels.ids.clone(),
            tags: found.labels.tags.clone(),
            candidates: found.candidates.iter().map(CandidateView::from).collect(),
            touches: found.touches.iter().map(TouchView::from).collect(),
            revised: found.revised.as_ref().map(RevisionView::from),
        }
    }
}

/// A visit with its share of the call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TouchView {
    /// The session.
    pub session: String,
    /// When it began.
    pub at: String,
    /// Where it came from.
    pub source: String,
    /// By what medium.
    pub medium: String,
    /// Of which campaign, empty when none.
    pub campaign: String,
    /// Of which channel group.
    pub channel: String,
    /// Path of its first page.
    pub landing_page: String,
    /// Its share under each model, 0.0 to 1.0.
    #[schema(value_type = Object)]
    pub credits: Credits,
}

impl From<&TouchCredit> for TouchView {
    fn from(touch: &TouchCredit) -> Self {
        TouchView {
            session: touch.session.to_string(),
            at: touch.at.to_string(),
            source: touch.source.source.clone(),
            medium: touch.source.medium.clone(),
            campaign: touch.source.campaign.clone(),
            channel: touch.source.channel.clone(),
            landing_page: touch.landing_page.clone(),
            credits: touch.credits,
        }
    }
}

impl From<&Candidate> for CandidateView {
    fn from(candidate: &Candidate) -> Self {
        CandidateView {
            session: candidate.session.to_string(),
            probability: candidate.probability,
            tier: candidate.tier,
            idle_s: candidate.idle_ms / 1000,
            tel_click: candidate.tel_click,
            reasons: candidate.reasons.clone(),
        }
    }
}
