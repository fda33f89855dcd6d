//! Whose call it was, and how sure we are.

use serde::{Deserialize, Serialize};

use crate::attribution::credit::Credits;
use crate::attribution::observation::Observation;
use crate::attribution::revision::Revision;
use crate::lease::model::Tier;
use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, VisitorId};
use crate::visit::ad_ids::AdIds;
use crate::visit::learnt::Labels;
use crate::visit::model::{ClickId, Consent, Machine, Place, Source};

/// A session that may have made the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The session.
    pub session: SessionId,
    /// Probability, 0.0 to 1.0.
    pub probability: f64,
    /// How it held the number.
    pub tier: Tier,
    /// Milliseconds between its last sign of life and the call; 0 while it lives.
    pub idle_ms: i64,
    /// Whether it clicked the number's `tel:` link shortly before.
    pub tel_click: bool,
    /// What speaks for it or against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

/// What speaks for a candidate or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It clicked the number's `tel:` link shortly before.
    TelClick,
    /// It copied the number, or pressed it long, shortly before.
    Gesture,
    /// It was on the page.
    OnPage,
    /// It had left moments before.
    JustAfter,
    /// It was seen on the same day.
    SameDay,
    /// It was seen days before.
    Later,
    /// The caller called before, and that call was joined with this session or its visitor.
    KnownCaller,
    /// The caller's number was given in a form or chat of this session, or of its visitor.
    Lead,
    /// Caller and visitor are at home in the same area code or city.
    SameArea,
    /// Caller and visitor are at home in the same region.
    SameRegion,
    /// Caller and visitor are at home in two countries.
    OtherCountry,
    /// Other live sessions held the number, too.
    Shared,
    /// Somebody else had the number shortly before.
    Unrested,
}

/// One touch with its share of the call under each model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TouchCredit {
    /// The session of the touch.
    pub session: SessionId,
    /// When it was.
    pub at: Millis,
    /// Where it came from.
    #[serde(flatten)]
    pub source: Source,
    /// Landing page of the touch.
    pub landing_page: String,
    /// Its share under every model.
    #[serde(flatten)]
    pub credits: Credits,
}

/// How the answer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A session held the pooled number.
    Holder,
    /// The number is static and belongs to one source.
    Static,
    /// The number told nothing; the caller called before, and this is the session of that call.
    Inferred,
    /// Another system said so, and the call was taken over from there.
    Imported,
    /// The ad platform that connected the call told its campaign.
    Provided,
    /// An outcome or a form named the visitor.
    Told,
    /// Nobody fits.
    None,
}

impl Basis {
    /// The word used in the API, facts and reports.
    pub fn word(self) -> &'static str {
        match self {
            Basis::Holder => "holder",
            Basis::Static => "static",
            Basis::Inferred => "inferred",
            Basis::Imported => "imported",
            Basis::Provided => "provided",
            Basis::Told => "told",
            Basis::None => "none",
        }
    }

    /// Whether the source is certain, and nobody asks for a visitor.
    pub fn is_certain(self) -> bool {
        matches!(self, Basis::Static | Basis::Imported | Basis::Provided)
    }
}

/// The answer for one call, frozen into its snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// How it was found.
    pub basis: Basis,
    /// The chosen session, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Its visitor, with consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<VisitorId>,
    /// Probability of the answer, 0.0 to 1.0.
    pub confidence: f64,
    /// Probability that it was nobody who was shown the number, 0.0 to 1.0; 0 for static numbers,
    /// where nobody is asked for, and for calls that were joined before this was kept.
    #[serde(default)]
    pub nobody: f64,
    /// Which fit of the site's delays judged it; 0: the prior.
    #[serde(default)]
    pub fit: u32,
    /// What the call teaches the next fit; none without a pooled number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observation>,
    /// How the number was held; `source` for static numbers, `original` when nobody held it.
    pub tier: Tier,
    /// The source that gets the call (last touch); `None` when nobody fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Landing host of the chosen session, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub landing_host: String,
    /// Landing page of the chosen session, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub landing_page: String,
    /// Path of the page that it had opened last before the call; empty when that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub page: String,
    /// Host of its referrer, empty when none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub referrer_host: String,
    /// When the chosen session began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_started_at: Option<Millis>,
    /// What showed its pages.
    #[serde(flatten)]
    pub machine: Machine,
    /// Where they were shown.
    #[serde(default)]
    pub place: Place,
    /// Its click ids, for postbacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub click_ids: Vec<ClickId>,
    /// What other parties' tags know its browser by, for postbacks; only with consent to ads.
    #[serde(default, skip_serializing_if = "AdIds::is_empty")]
    pub ad_ids: AdIds,
    /// What its pages' own script said of the visitor.
    #[serde(flatten)]
    pub labels: Labels,
    /// What its visitor allowed.
    #[serde(default)]
    pub consent: Consent,
    /// The most probable candidates, best first, at most eight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// Touches of the winner with their credits, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<TouchCredit>,
    /// Why it replaced an earlier answer; none while it is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revised: Option<Revision>,
}
