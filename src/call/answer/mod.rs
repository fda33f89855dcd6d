//! What a call is told to do: the one answer that every provider renders in its own words.
//!
//! In: a decision of the routing. Out: an [`Answer`], a list of [`Step`]s in order, and the
//! addresses that the provider asks or tells next.
//!
//! What always holds: an answer is plain data, so that it can be tested, repeated and rendered
//! without a clock or a store; what must come back with a later webhook rides in its address
//! ([`Bookmark`]), so that the next answer needs nothing but the webhook.
//!
//! A step that waits for something (a dial, keys, a message) names what is asked next: the provider
//! calls `…/dial`, `…/gather` or `…/voicemail` with the step's mark, and the reply replaces all
//! steps behind it. Steps behind a [`Step::Gather`] are what happens when no key is pressed; where it is the
//! last one, its address is asked then, too, with no keys.

mod bookmark;
mod feature;
mod stage;
mod step;
#[cfg(test)]
mod tests;

pub use bookmark::Bookmark;
pub use feature::Feature;
pub use stage::{MAX_HOPS, Stage};
pub use step::*;

use crate::platform::ids::CallId;
use crate::platform::phone::PhoneNumber;

/// What a call is told to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The call, when the webhook told which one it is.
    pub call: Option<CallId>,
    /// The caller's own number; `None` when withheld.
    pub caller: Option<PhoneNumber>,
    /// The tracking number, when the webhook told it.
    pub called: Option<PhoneNumber>,
    /// Base of the addresses that the provider calls: `<public URL>/v1/telephony/<provider>/<site>`.
    pub report_to: String,
    /// What to do, in order; none: nothing more.
    pub steps: Vec<Step>,
}

impl Answer {
    /// The address of the provider's event `event`, with what it must bring back.
    pub fn address(&self, event: &str, bookmark: &Bookmark) -> String {
        format!("{}/{event}{}", self.report_to, bookmark.query())
    }

    /// The same call and addresses with other steps.
    pub fn with(&self, steps: Vec<Step>) -> Self {
        Answer { steps, ..self.clone() }
    }

    /// The first dial, if there is one.
    pub fn dial(&self) -> Option<&Dial> {
        self.steps.iter().find_map(|step| match step {
            Step::Dial(dial) => Some(dial),
            _ => None,
        })
    }

    /// What a provider must be able to do for this answer, each once.
    pub fn needs(&self) -> Vec<Feature> {
        let mut needed: Vec<Feature> = self.steps.iter().flat_map(feature::of_step).collect();
        needed.sort_unstable();
        needed.dedup();
        needed
    }
}

/// What the person who answered hears before they are connected; `mark`: of the dial that they
/// answered.
pub fn whisper(whisper: &Whisper, mark: &str) -> Vec<Step> {
    let said = Prompt::Text { text: whisper.text.clone(), language: whisper.language.clone() };
    if !whisper.accept {
        return vec![Step::Say(said)];
    }
    vec![
        Step::Gather(Gather {
            prompt: Some(said),
            max_digits: 1,
            timeout_s: ACCEPT_TIMEOUT_S,
            asks: Asks::Acceptance,
            mark: mark.to_owned(),
        }),
        Step::HangUp,
    ]
}

/// Whether these keys accept a call.
pub fn accepts(digits: &str) -> bool {
    digits == ACCEPT_KEY
}

/// The key that accepts a call.
pub const ACCEPT_KEY: &str = "1";
/// Seconds to press it in.
pub const ACCEPT_TIMEOUT_S: u16 = 8;
