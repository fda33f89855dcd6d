//! Which click ids a platform could have made: only those are ever uploaded to one.

use crate::visit::model::ClickId;

/// What people and tools put where a click id should be.
const PLACEHOLDERS: [&str; 14] = [
    "dummy",
    "example",
    "false",
    "foo",
    "n/a",
    "nan",
    "none",
    "null",
    "placeholder",
    "sample",
    "true",
    "undefined",
    "unknown",
    "yes",
];

/// Digits as people type them when they need some.
const COUNTED: [&str; 2] = ["12345678901234567890", "01234567890123456789"];

impl ClickId {
    /// Whether it may be sent to a platform. What no platform could have made (other characters than
    /// `A-Z a-z 0-9 . _ ~ + / = -`) or somebody typed to try things out is kept for reports alone.
    pub fn is_uploadable(&self) -> bool {
        is_uploadable(&self.name, &self.value)
    }
}

/// [`ClickId::is_uploadable`] of a click id that is no longer one value.
pub fn is_uploadable(name: &str, value: &str) -> bool {
    let plausible = |b: u8| b.is_ascii_alphanumeric() || b"._~+/=-".contains(&b);
    !value.is_empty() && value.bytes().all(plausible) && !is_trial(name, value)
}

fn is_trial(name: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let first = value.as_bytes().first();
    let words = || value.split(|c: char| !c.is_ascii_alphanumeric());
    let is_test = |word: &str| {
        let rest = ["testing", "tester", "test"].iter().find_map(|test| word.strip_prefix(test));
        rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
    };
    value.eq_ignore_ascii_case(name)
        || PLACEHOLDERS.contains(&value.as_str())
        || words().any(is_test)
        || (value.len() >= 3 && COUNTED.iter().any(|digits| digits.starts_with(&value)))
        || (value.len() >= 3 && value.bytes().all(|b| Some(&b) == first))
}

#[cfg(test)]
mod tests {
    use super::is_uploadable;

    #[test]
    fn only_what_a_platform_could_have_made_is_uploaded() {
        for real in [
            "Cj0KCQjw1tGUBhDXARIsAIJx01mEaLw_wcB",
            "EAIaIQobChMI8fastestAttestation",
            "IwAR2abcDEF",
            "E.C.P.v3fQ2RHacdksKfofPmlyuStIIHJ4Af1tKYxF9zz2c2PLx1Oaw15oHpcfl5AH",
            "dj0yJnU9c1k+/==",
            "12345679",
            "1",
        ] {
            assert!(is_uploadable("gclid", real), "{real}");
        }
        for wrong in [
            "",
            "a b",
            "{gclid}",
            "<script>",
            "é",
            "test",
            "Test123",
            "TeSter-123-ABCDEFGHIJ",
            "my_test",
            "NULL",
            "undefined",
            "xxxx",
            "123456",
            "GCLID",
        ] {
            assert!(!is_uploadable("gclid", wrong), "{wrong}");
        }
    }
}
