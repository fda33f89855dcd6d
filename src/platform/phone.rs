//! Phone numbers: E.164 at rest, written forms for pages.

use std::fmt;
use std::str::FromStr;

use phonenumber::country::Id as CountryId;
use phonenumber::{Mode, metadata::DATABASE};
use serde::{Deserialize, Serialize};

/// A phone number in E.164: `+` and 7 to 15 digits.
///
/// `phonenumber` says whether a text *could* be a number; numbers of test ranges (555-01xx) are
/// kept although no carrier has assigned them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// A text that is no phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number in E.164 (\"+\" and 7 to 15 digits, e.g. +14155550100)")]
pub struct BadPhoneNumber;

impl PhoneNumber {
    /// The number as `+…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without the plus sign.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// Reads a number as people or providers write it; `country` (ISO 3166-1 alpha-2) is where
    /// national forms belong. Anonymous words and too short codes are `None`.
    pub fn parse_loose(text: &str, country: Option<&str>) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > 64 {
            return None;
        }
        if let Ok(number) = text.parse() {
            return Some(number);
        }
        let country = country.and_then(|c| c.parse::<CountryId>().ok());
        let parsed = phonenumber::parse(country, text).ok()?;
        parsed.format().mode(Mode::E164).to_string().parse().ok()
    }

    /// The written forms of this number, for the snippet.
    pub fn written(&self) -> WrittenForms {
        let international_digits = self.digits().to_owned();
        let Ok(parsed) = phonenumber::parse(None, &self.0) else {
            return WrittenForms {
                e164: self.0.clone(),
                international: self.0.clone(),
                national: self.0.clone(),
                significant_digits: international_digits.clone(),
                national_digits: international_digits.clone(),
                international_digits,
                country: None,
            };
        };
        let national = parsed.format().mode(Mode::National).to_string();
        let only_digits =
            |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let code = parsed.code().value().to_string();
        WrittenForms {
            e164: self.0.clone(),
            international: parsed.format().mode(Mode::International).to_string(),
            national_digits: only_digits(&national),
            national,
            significant_digits: international_digits
                .strip_prefix(code.as_str())
                .unwrap_or(&international_digits)
                .to_owned(),
            international_digits,
            country: parsed.country().id().map(|id| id.as_ref().to_owned()),
        }
    }

    /// ISO 3166-1 alpha-2 code of the number's country, when its prefix tells one.
    pub fn country(&self) -> Option<String> {
        let parsed = phonenumber::parse(None, &self.0).ok()?;
        parsed.country().id().map(|id| id.as_ref().to_owned())
    }

    /// Whether the numbering plan says that this number can exist.
    pub fn is_plausible(&self) -> bool {
        phonenumber::parse(None, &self.0).is_ok_and(|n| n.is_valid_with(&DATABASE))
    }
}

/// A number as pages write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenForms {
    /// `+14155550100`
    pub e164: String,
    /// `+1 415-555-0100`
    pub international: String,
    /// `(415) 555-0100`, with the trunk prefix where the country has one (`020 7946 0000`).
    pub national: String,
    /// Digits with the country code: `14155550100`.
    pub international_digits: String,
    /// Digits as dialled inside the country: `02079460000`.
    pub national_digits: String,
    /// Digits without country code and trunk prefix: `2079460000`.
    pub significant_digits: String,
    /// ISO 3166-1 alpha-2 code, when the number tells it.
    pub country: Option<String>,
}

impl FromStr for PhoneNumber {
    type Err = BadPhoneNumber;
    fn from_str(text: &str) -> Result<Self, BadPhoneNumber> {
        let digits = text.strip_prefix('+').ok_or(BadPhoneNumber)?;
        let fits = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if fits { Ok(PhoneNumber(text.to_owned())) } else { Err(BadPhoneNumber) }
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = BadPhoneNumber;
    fn try_from(text: String) -> Result<Self, BadPhoneNumber> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> String {
        number.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
