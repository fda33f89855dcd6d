//! What rides in an address that a provider calls back: `?b=` and base64url of a little JSON.
//!
//! One parameter without characters that need escaping: providers sign the address, and some
//! sort, decode or encode its query on the way (telephony facts §2.7, §5.4). The provider's
//! signature covers it where the address is signed; elsewhere it says nothing that could do harm: a
//! mark that the routing does not know, or a text that only the callee hears.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::call::answer::Whisper;

/// Longest bookmark that is read, in bytes of base64.
const MAX_BOOKMARK: usize = 2048;
/// Longest mark that is read, in characters; calls keep it with the keys that were pressed.
const MAX_MARK: usize = 64;

/// What a webhook brings back from the answer that caused it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// The step's mark; empty: none.
    #[serde(rename = "m", default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
    /// What the person who answers hears.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub whisper: Option<Whisper>,
}

impl Bookmark {
    /// A bookmark of a step.
    pub fn at(mark: &str) -> Self {
        Bookmark { mark: mark.to_owned(), whisper: None }
    }

    /// The same with a whisper.
    pub fn with_whisper(self, whisper: Option<&Whisper>) -> Self {
        Bookmark { whisper: whisper.cloned(), ..self }
    }

    /// The query that carries it, with its `?`; empty when there is nothing to carry.
    pub fn query(&self) -> String {
        if *self == Bookmark::default() {
            return String::new();
        }
        // Texts and a flag only: this cannot fail.
        let json = serde_json::to_vec(self).unwrap_or_default();
        format!("?b={}", URL_SAFE_NO_PAD.encode(json))
    }

    /// The bookmark in a query; an empty one when there is none or it cannot be read.
    pub fn in_query(query: &str) -> Self {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(name, _)| name == "b").map(|(_, value)| value);
        let read = |text: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            serde_json::from_slice::<Bookmark>(&bytes).ok()
        };
        found
            .filter(|text| text.len() <= MAX_BOOKMARK)
            .and_then(|text| read(&text))
            .filter(|bookmark| bookmark.mark.chars().count() <= MAX_MARK)
            .unwrap_or_default()
    }

    /// Whether somebody was asked to accept the call.
    pub fn asks_acceptance(&self) -> bool {
        self.whisper.as_ref().is_some_and(|whisper| whisper.accept)
    }
}
