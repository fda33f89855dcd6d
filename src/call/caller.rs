//! Who calls: numbers that are not numbers, and first-time callers. Pure.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::attribution::known::MayBe;
use crate::platform::clock::Millis;
use crate::platform::ids::CallId;
use crate::platform::phone::PhoneNumber;

/// Numbers that networks send instead of words: "ANONYMOUS", "RESTRICTED", "BLOCKED", "UNKNOWN"
/// and "UNAVAILABLE" spelled on a keypad (telephony facts §0.1); some providers leave the plus sign out.
const SPELLED_WORDS: [&str; 5] = ["266696687", "7378742833", "2562533", "8656696", "86282452253"];

/// The number of a caller as a provider writes it: in any of the usual forms, or as a SIP or `tel:` address. `None`
/// when it is withheld, a word, or made up. Such a caller is never hashed and never counted as first-time or repeat.
pub fn caller_number(text: &str, country: &str) -> Option<PhoneNumber> {
    let text = user_part(text);
    let digits = text.strip_prefix('+').unwrap_or(text);
    if SPELLED_WORDS.contains(&digits) {
        return None;
    }
    told_number(text, country).filter(|number| !is_made_up(number))
}

/// A number as a provider writes it. Some write the digits of the international form without anything before them: those
/// are a number of `country` only when they can be one there.
pub fn told_number(text: &str, country: &str) -> Option<PhoneNumber> {
    let text = user_part(text);
    // Keypad letters would make a number of "anonymous".
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    let number = PhoneNumber::parse_loose(text, Some(country))?;
    if text.starts_with('+') || number.is_plausible() {
        return Some(number);
    }
    let international = format!("+{text}").parse().ok().filter(PhoneNumber::is_plausible);
    Some(international.unwrap_or(number))
}

/// The user of a SIP address in a text such as `"Jo" <sip:+14155550122@host>;reason=x`; without one the
/// text itself.
fn user_part(text: &str) -> &str {
    let address = text.split_once('<').map_or(text, |(_, rest)| rest);
    let address = address.split(['>', ';', ',']).next().unwrap_or_default().trim();
    let schemes = ["sip:", "sips:", "tel:"];
    let bare = schemes.iter().find_map(|scheme| {
        let (head, rest) = address.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    bare.unwrap_or(address).split('@').next().unwrap_or_default()
}

/// Whether nobody can have this number: one digit all along, or in North America fewer or more digits than numbers
/// have there, or an area or an exchange that begins with 0 or 1.
fn is_made_up(number: &PhoneNumber) -> bool {
    let digits = number.digits().as_bytes();
    let (code, rest) = digits.split_at(1);
    if code == b"1" {
        let starts = |at: usize| rest.get(at).is_some_and(|digit| *digit >= b'2');
        let is_one_digit = rest.iter().all(|digit| Some(digit) == rest.first());
        return rest.len() != 10 || !starts(0) || !starts(3) || is_one_digit;
    }
    digits.iter().all(|digit| Some(digit) == digits.first())
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
    /// Which sessions they may have been, by their latest call.
    pub sessions: MayBe,
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
            sessions: MayBe::new(),
        };
    };
    let (first_call, first_at) =
        if at < known.first_at { (call, at) } else { (known.first_call, known.first_at) };
    let (last_call, last_at) =
        if at >= known.last_at { (call, at) } else { (known.last_call, known.last_at) };
    let count = known.count.saturating_add(1);
    CallerRecord { first_call, first_at, last_call, last_at, count, ..known }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_whatever_form_it_comes() {
        for (text, country, expected) in [
            ("+14155550100", "US", "+14155550100"),
            ("(415) 555-0100", "US", "+14155550100"),
            ("14155550100", "GB", "+14155550100"),
            ("442079460000", "US", "+442079460000"),
            ("02079460000", "GB", "+442079460000"),
            ("00442079460000", "GB", "+442079460000"),
            ("491711234567", "DE", "+491711234567"),
            ("sip:+14155550100@carrier.example;user=phone", "US", "+14155550100"),
            ("SIPS:02079460000@10.0.0.1:5061", "GB", "+442079460000"),
            ("tel:+14155550100", "US", "+14155550100"),
            ("\"Jo\" <sip:+14155550100@10.0.0.1:5060>;reason=unconditional", "US", "+14155550100"),
        ] {
            let read = caller_number(text, country).map(String::from);
            assert_eq!(read.as_deref(), Some(expected), "{text} {country}");
        }
    }

    #[test]
    fn who_is_withheld_or_made_up_is_nobody() {
        let words = "anonymous Anonymous RESTRICTED Private unknown Unavailable blocked withheld null <unknown> asterisk";
        let spelled = "+266696687 266696687 +7378742833 7378742833 +2562533 2562533 +8656696 8656696 \
            +86282452253 86282452253";
        let addresses =
            "sip:anonymous@anonymous.invalid <sip:Restricted@h> sip:266696687@h sip:jo@h sip: tel:";
        let made_up = "+10000000000 +11111111111 +19999999999 +99999999999 0000000000 +1266696687 +12562533 \
            +12125550 +14151550100 0 + - 911 112 1234";
        let all = [words, spelled, addresses, made_up].map(str::split_whitespace);
        for text in all.into_iter().flatten().chain(["", "  ", "private caller", "No Caller ID"]) {
            assert_eq!(caller_number(text, "US"), None, "{text}");
        }
    }

    #[test]
    fn real_numbers_that_look_odd_are_somebody() {
        for number in
            ["+14155550100", "+18005550100", "+12222222223", "+883510012345678", "+4930123456"]
        {
            assert!(caller_number(number, "US").is_some(), "{number}");
        }
    }
}
