//! Reads changes of outcomes, from JSON and from the cells of a table, and applies them. Pure.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::attribution::named::Named;
use crate::call::outcome::model::{Field, Outcome, OutcomeChange};
use crate::call::outcome::who;
use crate::platform::clock::Millis;
use crate::platform::email::BadEmail;

/// The fields that may be named, as the API and tables call them.
pub const FIELDS: [&str; 18] = [
    "disposition",
    "tags",
    "notes",
    "agent",
    "qualified",
    "converted",
    "appointment",
    "resolved",
    "first_contact_resolution",
    "escalated",
    "spam",
    "value",
    "lead_score",
    "csat",
    "nps",
    "wrap_up_s",
    "follow_up_at",
    EMAIL,
];

/// The field that no outcome shows.
const EMAIL: &str = "email";

/// Longest disposition, agent and tag, in characters.
const MAX_WORD: usize = 64;
/// Most tags.
const MAX_TAGS: usize = 32;
/// Longest notes, in characters.
const MAX_NOTES: usize = 4_000;
/// A week is more than anybody works on one call.
const MAX_SECONDS: u64 = 604_800;

impl OutcomeChange {
    /// Reads a JSON object (a merge patch, RFC 7396: `null` clears). The error names the field.
    pub fn from_json(object: &Map<String, Value>) -> Result<Self, String> {
        Self::read(object.iter().map(|(name, value)| (name.as_str(), Cow::Borrowed(value))))
    }

    /// Reads cells of a table: name and text. An empty cell says nothing; `-` clears.
    pub fn from_cells<'a>(cells: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let told = cells.filter(|(_, text)| !text.is_empty());
        Self::read(told.map(|(name, text)| (name, Cow::Owned(from_text(name, text)))))
    }

    fn read<'a>(told: impl Iterator<Item = (&'a str, Cow<'a, Value>)>) -> Result<Self, String> {
        let mut change = OutcomeChange::default();
        for (name, value) in told {
            if who::FIELDS.contains(&name) {
                let read = who::read(&mut change.named, name, &value);
                read.map_err(|expected| format!("`{name}` must be {expected}"))?;
            } else if name == EMAIL {
                let read = value.as_str().unwrap_or_default().parse();
                change.email = Some(read.map_err(|bad: BadEmail| format!("`{EMAIL}` is {bad}"))?);
            } else {
                change.fields.push(field(name, &value)?);
            }
        }
        Ok(change)
    }

    /// That names a visitor and says nothing else.
    pub fn naming(named: Named) -> Self {
        OutcomeChange { named, ..OutcomeChange::default() }
    }

    /// Whether it changes nothing whatever the outcome.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.named.is_empty() && self.email.is_none()
    }

    /// The outcome after the change, told by `by` at `now`; the same outcome when it was so already.
    pub fn apply(&self, before: &Outcome, by: &str, now: Millis) -> Outcome {
        let mut after = before.clone();
        for field in self.fields.iter().cloned() {
            match field {
                Field::Disposition(text) => after.disposition = text,
                Field::Tags(tags) => after.tags = tags,
                Field::Notes(text) => after.notes = text,
                Field::Agent(text) => after.agent = text,
                Field::Qualified(is) => after.qualified = is,
                Field::Converted(is) => after.converted = is,
                Field::Appointment(is) => after.appointment = is,
                Field::Resolved(is) => after.resolved = is,
                Field::FirstContactResolution(is) => after.first_contact_resolution = is,
                Field::Escalated(is) => after.escalated = is,
                Field::Spam(is) => after.spam = is,
                Field::Value(value) => after.value = value,
                Field::LeadScore(score) => after.lead_score = score,
                Field::Csat(rating) => after.csat = rating,
                Field::Nps(rating) => after.nps = rating,
                Field::WrapUp(seconds) => after.wrap_up_s = seconds,
                Field::FollowUpAt(at) => after.follow_up_at = at,
            }
        }
        if after != *before {
            after.by = by.to_owned();
            after.at = Some(now);
        }
        after
    }
}

fn field(name: &str, value: &Value) -> Result<Field, String> {
    let told = match name {
        "disposition" => word(value).map(Field::Disposition),
        "tags" => tags(value).map(Field::Tags),
        "notes" => text(value, MAX_NOTES).map(Field::Notes),
        "agent" => word(value).map(Field::Agent),
        "qualified" => flag(value).map(Field::Qualified),
        "converted" => flag(value).map(Field::Converted),
        "appointment" => flag(value).map(Field::Appointment),
        "resolved" => flag(value).map(Field::Resolved),
        "first_contact_resolution" => flag(value).map(Field::FirstContactResolution),
        "escalated" => flag(value).map(Field::Escalated),
        "spam" => flag(value).map(Field::Spam),
        "value" => decimal(value).map(Field::Value),
        "lead_score" => rating(value, 0, 100).map(Field::LeadScore),
        "csat" => rating(value, 1, 5).map(Field::Csat),
        "nps" => rating(value, 0, 10).map(Field::Nps),
        "wrap_up_s" => seconds(value).map(Field::WrapUp),
        "follow_up_at" => moment(value).map(Field::FollowUpAt),
        other => return Err(unknown(other)),
    };
    told.map_err(|expected| format!("`{name}` must be {expected}"))
}

fn unknown(name: &str) -> String {
    let short: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    let distance = |known: &&&str| strsim::damerau_levenshtein(known, &short);
    let fields = [&FIELDS[..], &who::FIELDS].concat();
    match fields.iter().min_by_key(distance).filter(|known| distance(known) <= 2) {
        Some(known) => format!("there is no field `{short}`; did you mean `{known}`?"),
        None => format!("there is no field `{short}`; there are `{}`", fields.join("`, `")),
    }
}

/// A text of a bounded length without control characters but line breaks; `null`: the empty one.
fn text(value: &Value, most: usize) -> Result<String, String> {
    let expected = || format!("a text of at most {most} characters");
    let text = match value {
        Value::Null => "",
        Value::String(text) => text.trim(),
        _ => return Err(expected()),
    };
    let fits = text.chars().count() <= most
        && text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t');
    if fits { Ok(text.to_owned()) } else { Err(expected()) }
}

/// A text on one line.
fn word(value: &Value) -> Result<String, String> {
    let word = text(value, MAX_WORD)?;
    if word.contains(['\n', '\t']) { Err("on one line".to_owned()) } else { Ok(word) }
}

fn tags(value: &Value) -> Result<BTreeSet<String>, String> {
    let expected = || {
        format!(
            "a list of at most {MAX_TAGS} texts without commas, each at most {MAX_WORD} characters"
        )
    };
    let tags = match value {
        Value::Null => &[][..],
        Value::Array(tags) if tags.len() <= MAX_TAGS => tags,
        _ => return Err(expected()),
    };
    tags.iter()
        .map(|tag| {
            let tag = word(tag).map_err(|_| expected())?;
            if tag.is_empty() || tag.contains(',') { Err(expected()) } else { Ok(tag) }
        })
        .collect()
}

fn flag(value: &Value) -> Result<Option<bool>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(is) => Ok(Some(*is)),
        _ => Err("true, false or null".to_owned()),
    }
}

/// Money: up to 12 digits and 4 decimals, as text or number, also negative (a refund).
fn decimal(value: &Value) -> Result<Option<String>, String> {
    let expected = || "a decimal such as \"149.90\", or null".to_owned();
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err(expected()),
    };
    let unsigned = text.strip_prefix('-').unwrap_or(&text);
    let (whole, cents) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str, most| {
        (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    if digits(whole, 12) && digits(cents, 4) { Ok(Some(text)) } else { Err(expected()) }
}

fn rating(value: &Value, least: u8, most: u8) -> Result<Option<u8>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let rating = value.as_u64().and_then(|n| u8::try_from(n).ok());
    let rating = rating.filter(|n| (least..=most).contains(n));
    rating.map(Some).ok_or_else(|| format!("a whole number from {least} to {most}, or null"))
}

fn seconds(value: &Value) -> Result<Option<u32>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let seconds = value.as_u64().filter(|n| *n <= MAX_SECONDS).and_then(|n| u32::try_from(n).ok());
    seconds.map(Some).ok_or_else(|| format!("whole seconds from 0 to {MAX_SECONDS}, or null"))
}

fn moment(value: &Value) -> Result<Option<Millis>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let at = value.as_str().and_then(|text| text.trim().parse::<jiff::Timestamp>().ok());
    at.map(|at| Some(at.into()))
        .ok_or_else(|| "a time such as \"2026-03-01T09:00:00Z\", or null".to_owned())
}

/// What a cell says, as the JSON that the field takes.
fn from_text(name: &str, text: &str) -> Value {
    if text == "-" {
        return Value::Null;
    }
    match name {
        name if who::FIELDS.contains(&name) => who::from_cell(name, text),
        "disposition" | "notes" | "agent" | "value" | "follow_up_at" => Value::from(text),
        "tags" => text.split([',', '|']).map(str::trim).filter(|tag| !tag.is_empty()).collect(),
        "lead_score" | "csat" | "nps" | "wrap_up_s" => {
            text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from)
        }
        _ => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" => Value::Bool(true),
            "false" | "no" | "n" | "0" => Value::Bool(false),
            _ => Value::from(text),
        },
    }
}
