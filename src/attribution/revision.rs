//! When a better answer replaces the one that a call has. Pure.
//!
//! What an answer rests on is ordered: a source that is certain, then what people told, then what a form told,
//! then what the holders of the number let guess. Nothing weaker replaces anything stronger, and the same told
//! twice replaces nothing, so an answer cannot go back and forth by itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::attribution::model::{Attribution, Basis};
use crate::platform::clock::Millis;
use crate::platform::ids::SessionId;

/// What an answer was replaced for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Whoever told what came of the call named the visitor.
    Outcome,
    /// A form or chat named the visitor and the caller.
    Lead,
    /// A page told late that the number had been tapped before the call.
    LateClick,
}

impl Because {
    /// The word used in postbacks and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Because::Outcome => "outcome",
            Because::Lead => "lead",
            Because::LateClick => "late_click",
        }
    }
}

/// Why an answer replaced the one before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// What it was for.
    pub because: Because,
    /// When.
    pub at: Millis,
    /// Who told: the name of an API key; empty when the visitor's page did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// The session before, when one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_before: Option<SessionId>,
    /// The confidence before.
    pub confidence_before: f64,
}

/// What an answer rests on, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ground {
    Guessed,
    Lead,
    Outcome,
    Certain,
}

impl Ground {
    fn of(found: &Attribution) -> Self {
        let because = found.revised.as_ref().map(|revised| revised.because);
        match found.basis {
            basis if basis.is_certain() => Ground::Certain,
            Basis::Told if because == Some(Because::Outcome) => Ground::Outcome,
            Basis::Told => Ground::Lead,
            _ => Ground::Guessed,
        }
    }
}

/// `found` as the answer that replaces `before`, or `None` when that one stays.
pub fn replaced(
    before: Option<&Attribution>,
    found: Attribution,
    (because, by, at): (Because, &str, Millis),
) -> Option<Attribution> {
    if before.is_some_and(|before| !gives_way(before, because, &found)) {
        return None;
    }
    let revised = Revision {
        because,
        at,
        by: by.to_owned(),
        session_before: before.and_then(|before| before.session),
        confidence_before: before.map_or(0.0, |before| before.confidence),
    };
    Some(Attribution { revised: Some(revised), ..found })
}

fn gives_way(before: &Attribution, because: Because, found: &Attribution) -> bool {
    let ground = Ground::of(before);
    let same_session = before.session == found.session;
    let same_visitor = before.visitor.is_some() && before.visitor == found.visitor;
    let surer = found.confidence > before.confidence;
    match because {
        // People may correct one another; what is right already only gets surer.
        Because::Outcome => ground < Ground::Certain && (!same_session || surer),
        // Of two visits of one visitor the form does not say which led to the call.
        Because::Lead => ground < Ground::Lead && surer && (same_session || !same_visitor),
        Because::LateClick => ground == Ground::Guessed && found.basis == Basis::Holder && surer,
    }
}
