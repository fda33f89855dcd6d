//! Phone numbers written with letters: `844-PHONEXA`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::platform::phone::PhoneNumber;

/// A number as it is advertised, with letters of a telephone's keys (ITU-T E.161) among its digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Vanity(String);

/// A text that no keypad spells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a number written with letters: 7 to 20 letters and digits, at least one letter, separated by \
     spaces, dots, dashes or parentheses, e.g. 844-PHONEXA"
)]
pub struct BadVanity;

impl Vanity {
    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits that its letters and digits are on a keypad.
    pub fn digits(&self) -> String {
        self.0.chars().filter_map(key).collect()
    }

    /// Whether whoever dials it reaches `number`. Letters behind a whole number are common
    /// (`1-800-FLOWERSNOW`): a telephone ignores them.
    pub fn spells(&self, number: &PhoneNumber) -> bool {
        let (digits, written) = (self.digits(), number.written());
        let forms =
            [&written.international_digits, &written.national_digits, &written.significant_digits];
        let extra = |form: &String| Some(digits.strip_prefix(form.as_str())?.len());
        let most = self.0.chars().rev().take_while(char::is_ascii_alphabetic).count();
        forms.into_iter().filter_map(extra).any(|extra| extra < most.max(1))
    }
}

/// The digit of a letter or digit; `None` for any other sign.
pub fn key(letter: char) -> Option<char> {
    Some(match letter.to_ascii_uppercase() {
        digit @ '0'..='9' => digit,
        'A'..='C' => '2',
        'D'..='F' => '3',
        'G'..='I' => '4',
        'J'..='L' => '5',
        'M'..='O' => '6',
        'P'..='S' => '7',
        'T'..='V' => '8',
        'W'..='Z' => '9',
        _ => return None,
    })
}

impl FromStr for Vanity {
    type Err = BadVanity;
    fn from_str(text: &str) -> Result<Self, BadVanity> {
        let text = text.trim();
        let known = |c: char| c.is_ascii_alphanumeric() || " .-()+".contains(c);
        let spelled = text.chars().filter(char::is_ascii_alphanumeric).count();
        let fits = text.len() <= 32
            && (7..=20).contains(&spelled)
            && text.chars().all(known)
            && text.chars().any(|c| c.is_ascii_alphabetic());
        if fits { Ok(Vanity(text.to_owned())) } else { Err(BadVanity) }
    }
}

impl TryFrom<String> for Vanity {
    type Error = BadVanity;
    fn try_from(text: String) -> Result<Self, BadVanity> {
        text.parse()
    }
}

impl From<Vanity> for String {
    fn from(vanity: Vanity) -> String {
        vanity.0
    }
}

impl fmt::Display for Vanity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_the_keys_they_stand_on() {
        let vanity: Vanity = "844-PHONEXA".parse().expect("letters");
        assert_eq!(vanity.digits(), "8447466392");
        let spells = |text: &str, number: &str| {
            let vanity: Vanity = text.parse().expect("letters");
            vanity.spells(&number.parse().expect("a number"))
        };
        assert!(spells("844-PHONEXA", "+18447466392"));
        assert!(spells("1 (844) phonexa", "+18447466392"));
        assert!(spells("1-800-FLOWERSNOW", "+18003569377"));
        assert!(spells("0800 REVERSE", "+448007383773"));
        // Another number, the area code left out, too few digits, digits behind the number.
        assert!(!spells("844-PHONEXB", "+18447466393"));
        assert!(!spells("PHONEXA", "+18447466392"));
        assert!(!spells("844-PHONEX", "+18447466392"));
        assert!(!spells("844-PHONEXA-12", "+18447466392"));
    }

    #[test]
    fn what_is_no_such_number_is_refused() {
        for text in
            ["", "18447466392", "CALL US", "844-PHÖNEXA", "844-PHONEXA<b>", "A23456789012345678901"]
        {
            assert_eq!(text.parse::<Vanity>(), Err(BadVanity), "{text:?}");
        }
    }
}
