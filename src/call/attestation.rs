//! What the network vouches for about a caller's number (STIR/SHAKEN), in one normal form. Pure.
//!
//! Providers write it in many ways (telephony facts §0.1): `TN-Validation-Passed-A`,
//! `TN-Verification-Failed`, a flag and a letter, `Verified`. What cannot be read is nothing.

use serde::{Deserialize, Serialize};

/// A signed statement about the caller's number, and whether its signature was good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attestation {
    /// Whether the signature was checked and good.
    pub validated: bool,
    /// How well the first network knows the caller, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
}

/// How well the first network knows the caller (ATIS-1000074).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
pub enum Level {
    /// It only knows where the call came in.
    C,
    /// It knows the caller, not their right to the number.
    B,
    /// It knows the caller and their right to the number.
    A,
}

impl Level {
    /// The level that a single letter names.
    pub fn of(letter: &str) -> Option<Level> {
        match letter.trim() {
            "A" | "a" => Some(Level::A),
            "B" | "b" => Some(Level::B),
            "C" | "c" => Some(Level::C),
            _ => None,
        }
    }
}

/// From a word such as `TN-Validation-Passed-A-Diverted` (Twilio, FreeSWITCH) or
/// `TN-Verification-Failed` (Bandwidth). `No-TN-Validation` and everything else is nothing.
pub fn from_verstat(word: &str) -> Option<Attestation> {
    let word = word.trim().to_ascii_lowercase();
    let rest = ["tn-validation-", "tn-verification-"]
        .into_iter()
        .find_map(|prefix| word.strip_prefix(prefix))?;
    let mut parts = rest.split('-');
    let validated = match parts.next()? {
        "passed" => true,
        "failed" => false,
        _ => return None,
    };
    Some(Attestation { validated, level: parts.next().and_then(Level::of) })
}

/// From a verdict and a letter; nothing when neither says anything.
fn from_parts(validated: Option<bool>, letter: &str) -> Option<Attestation> {
    let level = Level::of(letter);
    if validated.is_none() && level.is_none() {
        return None;
    }
    Some(Attestation { validated: validated.unwrap_or(false), level })
}

/// From the word of a verdict (`Verified` and `Not Verified`, `true` and `false`, or a whole
/// [`from_verstat`] word) and a letter.
pub fn from_words(verdict: &str, letter: &str) -> Option<Attestation> {
    if let Some(known) = from_verstat(verdict) {
        return Some(Attestation { level: known.level.or(Level::of(letter)), ..known });
    }
    let verdict = verdict.trim().to_ascii_lowercase();
    // Plivo's word for the highest level alone.
    if verdict == "verified" && Level::of(letter).is_none() {
        return Some(Attestation { validated: true, level: Some(Level::A) });
    }
    let validated = match verdict.as_str() {
        "verified" | "true" | "yes" | "passed" => Some(true),
        "not verified" | "false" | "no" | "failed" => Some(false),
        "not applicable" => return None,
        _ => None,
    };
    from_parts(validated, letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_writing_it_come_to_one_form() {
        let is = |validated, level| Some(Attestation { validated, level });
        for (word, expected) in [
            ("TN-Validation-Passed-A", is(true, Some(Level::A))),
            ("TN-Validation-Passed-A-Diverted", is(true, Some(Level::A))),
            ("TN-Validation-Passed-C-Passthrough", is(true, Some(Level::C))),
            ("TN-Validation-Passed", is(true, None)),
            ("TN-Verification-Passed", is(true, None)),
            ("TN-Validation-Failed-B", is(false, Some(Level::B))),
            ("TN-Validation-Failed", is(false, None)),
            ("No-TN-Validation", None),
            ("TN-Validation-", None),
            ("", None),
        ] {
            assert_eq!(from_verstat(word), expected, "{word}");
        }
        for (verdict, letter, expected) in [
            ("Verified", "A", is(true, Some(Level::A))),
            ("Verified", "", is(true, Some(Level::A))),
            ("tn-validation-passed-b", "", is(true, Some(Level::B))),
            ("Not Verified", "B", is(false, Some(Level::B))),
            ("Not Applicable", "", None),
            ("true", "a", is(true, Some(Level::A))),
            ("TN-Verification-Passed", "B", is(true, Some(Level::B))),
            ("", "C", is(false, Some(Level::C))),
            ("", "", None),
        ] {
            assert_eq!(from_words(verdict, letter), expected, "{verdict} {letter}");
        }
    }
}
