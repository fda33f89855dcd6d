//! What a command has the provider bring back with all later events of the leg: `client_state`, base64 of a
//! little JSON (telephony facts §4.2). The signature of the events covers it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Longest state that is read, in bytes of base64.
const MAX_STATE: usize = 4096;

/// Where a call stood when a command was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The caller's leg, as commands name it.
    #[serde(rename = "l")]
    pub leg: String,
    /// Which step of the call's route is said.
    #[serde(rename = "h", default)]
    pub hop: u8,
    /// How many steps of its answer are over once this command is.
    #[serde(rename = "d", default)]
    pub done: u8,
    /// The mark of what is done.
    #[serde(rename = "m", default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
    /// What is done.
    #[serde(rename = "k")]
    pub doing: Doing,
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Answers, speaks or plays: then the answer goes on.
    Said,
    /// Waits for keys.
    Gather,
    /// Dials somebody.
    Dial,
    /// Records a message.
    Message,
}

impl State {
    /// As commands carry it.
    pub fn packed(&self) -> String {
        // Texts and numbers only: this cannot fail.
        STANDARD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// The state that an event brings; `None` when it is none of ours.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(Some(text).filter(|text| text.len() <= MAX_STATE)?).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_state_comes_back_and_others_are_none(
            leg in ".{0,80}", hop: u8, done: u8, mark in ".{0,64}", other in ".{0,80}",
        ) {
            let state = State { leg, hop, done, mark, doing: Doing::Dial };
            prop_assert_eq!(State::read(&state.packed()), Some(state));
            prop_assert_eq!(State::read(&other), None);
        }
    }
}
