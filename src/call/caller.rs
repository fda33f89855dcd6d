//! Who calls: numbers that are not numbers, and first-time callers. Pure.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SessionId};
use crate::platform::phone::PhoneNumber;

/// Numbers that networks send instead of words: "ANONYMOUS", "RESTRICTED", "BLOCKED", "UNKNOWN"
/// and "UNAVAILABLE" spelled on a keypad (telephony facts §0.1).
const SPELLED_WORDS: [&str; 5] =
    ["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"];

/// The number of a caller as a provider writes it; `None` when it is withheld, a word, or no
/// number at all. Such a caller is never hashed and never counted as first-time or repeat.
pub fn caller_number(text: &str, country: &str) -> Option<PhoneNumber> {
    let text = text.trim();
    // Keypad letters would make a number of "anonymous".
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    let number = PhoneNumber::parse_loose(text, Some(country))?;
    (!SPELLED_WORDS.contains(&number.as_str())).then_some(number)
}

/// Where a number is at home, as far as its digits tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Home {
    /// Labels of the areas it lies in, the narrowest first: `+1415`, `US-CA`, `US`; `GB/london`, `GB`.
    pub labels: Vec<String>,
    /// Its city, where that is told; never in North America, where cities share their codes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
}

impl Home {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.labels.is_empty()
    }

    /// ISO 3166-1 alpha-2 code, empty when unknown.
    pub fn country(&self) -> &str {
        self.labels.last().map_or("", String::as_str)
    }

    /// ISO 3166-2 subdivision without the country, empty when unknown.
    pub fn region(&self) -> &str {
        let regions = self.labels.iter().filter_map(|label| label.split_once('-'));
        let mut regions = regions.filter(|(country, _)| country.len() == 2);
        regions.next().map_or("", |(_, region)| region)
    }

    /// North American area code with its `+1`, empty elsewhere.
    pub fn area(&self) -> &str {
        self.labels.first().filter(|label| label.starts_with('+')).map_or("", String::as_str)
    }
}

/// What is known of one caller on one site.
#[derive(Clone, Debug, PartialEq)]
pub struct CallerRecord {
    /// The earliest call known.
    pub first_call: CallId,
    /// When that was.
    pub first_at: Millis,
    /// The latest call known.
    pub last_call: CallId,
    /// When that was.
    pub last_at: Millis,
    /// How many calls were counted.
    pub count: u64,
    /// The session that the latest call of a known one was joined with, and how sure that was.
    pub last_session: Option<(SessionId, f64)>,
}

/// Whether a call at `at` is the caller's first inside `look_back`: no other call in that time
/// before it. A call that is judged late does not count those that came after it.
pub fn is_first_time(
    known: Option<&CallerRecord>,
    call: CallId,
    at: Millis,
    look_back: SignedDuration,
) -> bool {
    let Some(known) = known else { return true };
    let since = at.plus(-i64::try_from(look_back.as_millis()).unwrap_or(i64::MAX));
    let earlier = |other: CallId, when: Millis| other != call && when < at && when >= since;
    !earlier(known.first_call, known.first_at) && !earlier(known.last_call, known.last_at)
}

/// The record with one call more.
pub fn counted(known: Option<CallerRecord>, call: CallId, at: Millis) -> CallerRecord {
    let Some(known) = known else {
        return CallerRecord {
            first_call: call,
            first_at: at,
            last_call: call,
            last_at: at,
            count: 1,
            last_session: None,
        };
    };
    let (first_call, first_at) =
        if at < known.first_at { (call, at) } else { (known.first_call, known.first_at) };
    let (last_call, last_at) =
        if at >= known.last_at { (call, at) } else { (known.last_call, known.last_at) };
    let count = known.count.saturating_add(1);
    CallerRecord { first_call, first_at, last_call, last_at, count, ..known }
}
