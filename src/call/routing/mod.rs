//! Call → what to do with it: the site's rules, its routes, and what was done before.
//!
//! In: a call that waits for a word (it arrived, or a step of an earlier answer is over), with its
//! caller, its source, the hour on the site's wall, and counters in Redis. Out: one
//! [`model::RouteStep`], kept on the call, and the [`Step`](crate::call::answer::Step)s that say it.
//!
//! A decision walks: [`rules`] (which routes come into question, in order: a [`rules::Chain`]) →
//! [`store`] (which of their destinations have room, in one script, when any counts) → [`pick`] (one
//! step) → [`render`]. All but the store is pure.
//!
//! What always holds:
//! - without Redis, or when anything fails, the call is forwarded to the number's fail-safe;
//! - what a later step needs rides in the step's [`mark`]; a mark never says where to dial, it names a
//!   route of the configuration;
//! - each step of a call is decided once: the same webhook again gets the same answer;
//! - a call takes at most [`MAX_HOPS`](crate::call::answer::MAX_HOPS) steps.

pub mod features;
pub mod hours;
pub mod mark;
pub mod model;
pub mod order;
pub mod pick;
pub mod render;
pub mod rules;
pub mod scene;
pub mod site;
pub mod store;
#[cfg(test)]
mod tests;
pub mod whisper;

use crate::call::answer::Answer;
use crate::call::model::CallEvent;
use crate::config::model::Site;
use crate::platform::ids::CallId;

/// The answer without steps to what `event` tells: the call it is about, and where the provider
/// reports to.
pub fn blank(site: &Site, public_url: &str, provider: &str, event: Option<&CallEvent>) -> Answer {
    Answer {
        call: event.map(|event| CallId::of(&event.site, &event.provider, &event.provider_call_id)),
        caller: event.and_then(|event| event.from.number.clone()),
        called: event.and_then(|event| event.to.clone()),
        report_to: format!("{public_url}/v1/telephony/{provider}/{}", site.id),
        steps: Vec::new(),
    }
}
