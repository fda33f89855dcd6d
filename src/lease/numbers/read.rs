//! Reads lists of numbers as people have them: JSON of the API, CSV of a provider or a spreadsheet.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::config::model::{Capability, Details};
use crate::lease::numbers::model::Rejected;
use crate::platform::phone::PhoneNumber;
use crate::platform::vanity::Vanity;

/// Most numbers of one request.
pub const MAX_NUMBERS: usize = 10_000;

/// Longest text of an entry that is told back.
const MAX_TOLD: usize = 40;

/// The body of a request that adds numbers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumbersBody {
    /// The numbers; each as text, or with what is special about it.
    #[schema(max_items = 10_000)]
    pub numbers: Vec<Written>,
}

/// A number as it is written in a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Written {
    /// Only the number.
    Plain(String),
    /// With what is special about it.
    Special(Special),
}

/// A number with what is special about it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Special {
    /// E.164, or as it is dialled in the site's country.
    pub number: String,
    /// How it is advertised with letters.
    #[serde(default)]
    pub vanity: Option<String>,
    /// What it takes besides calls: `sms`, `whatsapp`.
    #[serde(default)]
    pub capabilities: Vec<String>,
}

/// A number that may join a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the request, from 1.
    pub entry: usize,
    /// The number.
    pub number: PhoneNumber,
    /// What is special about it.
    pub details: Details,
}

/// Entries that were understood, and those that were not.
pub type Entries = (Vec<Entry>, Vec<Rejected>);

/// Reads the entries of a JSON body; national numbers are of `country`.
pub fn from_json(body: NumbersBody, country: Option<&str>) -> Entries {
    let written = body.numbers.into_iter().map(|written| match written {
        Written::Plain(number) => Special { number, ..Special::default() },
        Written::Special(special) => special,
    });
    sorted(written.enumerate().map(|(i, special)| (i + 1, special)), country)
}

/// Reads a CSV: the columns `number`, `vanity` and `capabilities` (separated by spaces) by their names
/// in the first line; without such a line the first column has the numbers. Separated by commas,
/// semicolons or tabs.
pub fn from_csv(text: &str, country: Option<&str>) -> Result<Entries, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t'].into_iter().find(|d| first.as_bytes().contains(d));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(text.as_bytes());
    let mut columns = Columns { number: 0, vanity: None, capabilities: None };
    let mut rows = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| e.to_string())?;
        if i == 0
            && let Some(named) = Columns::named(&record)
        {
            columns = named;
            continue;
        }
        let line = record.position().map_or(i + 1, |at| line_of(text, at));
        let cell = |column: Option<usize>| column.and_then(|column| record.get(column));
        let cell = |column| cell(column).filter(|text| !text.is_empty());
        let Some(number) = cell(Some(columns.number)) else { continue };
        let capabilities = cell(columns.capabilities).unwrap_or_default();
        let words = capabilities.split([' ', '|', '/']).filter(|word| !word.is_empty());
        let special = Special {
            number: number.to_owned(),
            vanity: cell(columns.vanity).map(str::to_owned),
            capabilities: words.map(str::to_owned).collect(),
        };
        rows.push((line, special));
    }
    Ok(sorted(rows.into_iter(), country))
}

/// The line on which a record stands, from 1: a position is told before the empty lines above it.
fn line_of(text: &str, at: &csv::Position) -> usize {
    let behind = text.as_bytes().get(at.byte() as usize..).unwrap_or_default();
    let breaks = behind.iter().take_while(|byte| b"\r\n".contains(byte));
    at.line() as usize + breaks.filter(|byte| **byte == b'\n').count()
}

struct Columns {
    number: usize,
    vanity: Option<usize>,
    capabilities: Option<usize>,
}

impl Columns {
    /// From a line of names, when it is one.
    fn named(record: &csv::StringRecord) -> Option<Self> {
        let place = |names: &[&str]| {
            let is = |cell: &str| names.iter().any(|name| cell.eq_ignore_ascii_case(name));
            record.iter().position(is)
        };
        let number = place(&["number", "phone_number", "phone number", "phonenumber", "e164"])?;
        Some(Columns { number, vanity: place(&["vanity"]), capabilities: place(&["capabilities"]) })
    }
}

fn sorted(written: impl Iterator<Item = (usize, Special)>, country: Option<&str>) -> Entries {
    let (mut entries, mut rejected) = (Vec::new(), Vec::new());
    for (entry, special) in written {
        match understood(&special, country) {
            Ok((number, details)) => entries.push(Entry { entry, number, details }),
            Err(reason) => rejected.push(reject(entry, &special.number, reason)),
        }
    }
    (entries, rejected)
}

/// An entry that cannot join, with its text as it may be told back.
pub fn reject(entry: usize, number: &str, reason: impl Into<String>) -> Rejected {
    let number = number.chars().filter(|c| !c.is_control()).take(MAX_TOLD).collect();
    Rejected { entry, number, reason: reason.into() }
}

fn understood(special: &Special, country: Option<&str>) -> Result<(PhoneNumber, Details), String> {
    let number = PhoneNumber::parse_loose(&special.number, country)
        .ok_or("this is no phone number: write it in E.164, such as +14155550100")?;
    let vanity = match special.vanity.as_deref().filter(|text| !text.trim().is_empty()) {
        None => None,
        Some(text) => {
            let vanity: Vanity = text.parse().map_err(|e| format!("`vanity` is {e}"))?;
            if !vanity.spells(&number) {
                let digits = vanity.digits();
                return Err(format!("`vanity` is {digits} on a keypad, not this number"));
            }
            Some(vanity)
        }
    };
    let mut capabilities = Vec::new();
    for word in &special.capabilities {
        let capability = Capability::from_word(word)
            .ok_or("a capability is `sms` or `whatsapp`; every number takes calls")?;
        capabilities.push(capability);
    }
    capabilities.sort();
    capabilities.dedup();
    Ok((number, Details { vanity, capabilities }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(entries: &Entries) -> Vec<(usize, &str)> {
        entries.0.iter().map(|entry| (entry.entry, entry.number.as_str())).collect()
    }

    #[test]
    fn a_list_with_and_without_names_is_read() {
        let plain = from_csv("+14155550101\n(415) 555-0102\n\nnobody\n", Some("US"));
        let plain = plain.expect("a list");
        assert_eq!(numbers(&plain), [(1, "+14155550101"), (2, "+14155550102")]);
        assert_eq!((plain.1[0].entry, plain.1[0].number.as_str()), (4, "nobody"));

        let text = "\u{feff}Name;Phone Number;Vanity;Capabilities\r\n\
                    front desk;+1 844 746 6392;844-PHONEXA;SMS whatsapp sms\r\n\
                    other;+14155550101;;\r\n\
                    wrong;+14155550102;844-PHONEXA;\r\n\
                    fax;+14155550103;;fax\r\n";
        let named = from_csv(text, None).expect("a list");
        assert_eq!(numbers(&named), [(2, "+18447466392"), (3, "+14155550101")]);
        assert_eq!(named.0[0].details.capabilities, [Capability::Sms, Capability::Whatsapp]);
        assert_eq!(named.0[1].details, Details::default());
        assert!(named.1[0].reason.contains("8447466392"), "{:?}", named.1);
        assert_eq!(named.1[1].entry, 5);
    }

    #[test]
    fn a_body_may_name_numbers_or_describe_them() {
        let body =
            r#"{"numbers":["+14155550101",{"number":"+18447466392","vanity":"844-PHONEXA"},"x"]}"#;
        let body: NumbersBody = serde_json::from_str(body).expect("a body");
        let read = from_json(body, None);
        assert_eq!(numbers(&read), [(1, "+14155550101"), (2, "+18447466392")]);
        assert_eq!(read.1.len(), 1);
        assert_eq!(read.1[0].entry, 3);
    }

    #[test]
    fn what_is_told_back_is_bounded_and_plain() {
        let told = reject(1, &format!("\u{1b}[2J{}", "x".repeat(500)), "no");
        assert_eq!(told.number.len(), MAX_TOLD);
        assert!(!told.number.contains('\u{1b}'));
    }
}
