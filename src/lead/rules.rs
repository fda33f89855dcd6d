//! Reads leads, from JSON and from the cells of a table. Pure.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::call::caller::caller_number;
use crate::lead::model::Told;
use crate::platform::clock::Millis;
use crate::platform::email::BadEmail;
use crate::platform::ids::{LeadId, SessionId, SiteId};
use crate::platform::table::{Row, Table};
use crate::visit::model::Source;

/// Most leads of one request.
pub const MAX_LEADS: usize = 5_000;
/// Longest text of a field, in characters.
const MAX_TEXT: usize = 128;
/// Longest kind, in characters.
const MAX_KIND: usize = 32;
/// How far in the future a lead may lie: clocks differ.
const AHEAD_MS: i64 = 5 * 60_000;

/// The fields of a lead.
pub const FIELDS: [&str; 10] =
    ["id", "kind", "at", "name", "session", "caller", "email", "source", "medium", "campaign"];

/// Where and when leads are read.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The site that they are of.
    pub site: &'a SiteId,
    /// Its country, for national numbers.
    pub country: &'a str,
    /// The moment it is.
    pub now: Millis,
}

/// A lead with its line, or its place in the list, from 1; or why it cannot be used.
pub type Entry = (usize, Result<Told, String>);

/// Reads the entries of a JSON list.
pub fn from_json(entries: &[Map<String, Value>], place: Place<'_>) -> Vec<Entry> {
    let read = |entry: &Map<String, Value>| {
        let mut fields = Vec::with_capacity(entry.len());
        for (name, value) in entry {
            match value {
                Value::Null => {}
                Value::String(text) => fields.push((name.as_str(), text.as_str())),
                _ => return Err(format!("`{}` must be a text", short(name))),
            }
        }
        lead(&fields, place)
    };
    entries.iter().enumerate().map(|(i, entry)| (i + 1, read(entry))).collect()
}

/// Reads a table: the first line names the columns.
pub fn from_csv(text: &str, place: Place<'_>) -> Result<Vec<Entry>, String> {
    let mut table = Table::new(text);
    let mut rows = table.rows();
    let columns = rows.next().transpose()?.map(|row| row.cells).unwrap_or_default();
    if !columns.iter().any(|column| column == "session" || column == "caller") {
        return Err("no column `session` and no column `caller`".to_owned());
    }
    rows.map(|row| {
        let Row { line, cells } = row?;
        let told: Vec<(&str, &str)> =
            columns.iter().zip(&cells).filter(|(_, text)| !text.is_empty()).collect();
        Ok((line, lead(&told, place)))
    })
    .collect()
}

fn lead(fields: &[(&str, &str)], place: Place<'_>) -> Result<Told, String> {
    if let Some((unknown, _)) = fields.iter().find(|(name, _)| !FIELDS.contains(name)) {
        let known = FIELDS.join("`, `");
        return Err(format!("there is no field `{}`; there are `{known}`", short(unknown)));
    }
    let of = |name: &str| {
        let found = fields.iter().find(|(known, text)| *known == name && !text.trim().is_empty());
        found.map(|(_, text)| text.trim())
    };
    let text = |name: &'static str| match of(name) {
        Some(text) if text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) => {
            Err(format!("`{name}` must be one line of at most {MAX_TEXT} characters"))
        }
        told => Ok(told.unwrap_or_default().to_owned()),
    };
    let at = match of("at") {
        None => place.now,
        Some(text) => text.parse::<jiff::Timestamp>().map(Millis::from).map_err(|_| {
            "`at` must be a time with its zone, such as 2026-03-01T09:00:00Z".to_owned()
        })?,
    };
    if at > place.now.plus(AHEAD_MS) {
        return Err("`at` lies in the future".to_owned());
    }
    let session: Option<SessionId> = of("session")
        .map(|text| text.parse().map_err(|_| "`session` is no id of a session".to_owned()))
        .transpose()?;
    let caller = of("caller")
        .map(|text| {
            caller_number(text, place.country).ok_or_else(|| {
                "`caller` is no phone number: write it in E.164, such as +14155550100".to_owned()
            })
        })
        .transpose()?;
    if session.is_none() && caller.is_none() {
        return Err("name the `session`, the `caller` or both".to_owned());
    }
    let email = of("email")
        .map(|text| text.parse().map_err(|bad: BadEmail| format!("`email` is {bad}")))
        .transpose()?;
    let source = text("source")?;
    let source = (!source.is_empty()).then_some(Source {
        source,
        medium: text("medium")?,
        campaign: text("campaign")?,
        ..Source::default()
    });
    let (kind, name) = (kind(of("kind").unwrap_or("form"))?, text("name")?);
    let id = match of("id") {
        Some(_) => LeadId::of(place.site, &text("id")?),
        // Whoever tells no id and the same twice in one millisecond told it twice.
        None => {
            let said = format!("{kind}\n{name}\n{}\n{session:?}\n{caller:?}", at.0);
            LeadId::of(place.site, &hex::encode(Sha256::digest(said.as_bytes())))
        }
    };
    Ok(Told { id, kind, at, name, session, caller, source, email })
}

/// A word of our own form: reports group by it.
fn kind(text: &str) -> Result<String, String> {
    let word = text.to_ascii_lowercase();
    let fits = (1..=MAX_KIND).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    fits.then_some(word).ok_or_else(|| {
        format!("`kind` must be a word such as form or chat: at most {MAX_KIND} letters, digits, '-' or '_'")
    })
}

fn short(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}
