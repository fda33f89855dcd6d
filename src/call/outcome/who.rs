//! Reads whom an outcome names. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::attribution::named::Named;
use crate::visit::learnt::MAX_IDS;

/// The fields that name a visitor.
pub const FIELDS: [&str; 3] = ["session", "visitor", "ids"];

/// Longest name and value of an id, in characters.
const MAX_TEXT: usize = 256;

/// Adds what the field `name` says to `named`. The error says what is expected.
pub(super) fn read(named: &mut Named, name: &str, value: &Value) -> Result<(), String> {
    match (name, value) {
        (_, Value::Null) => {}
        ("session", value) => named.session = Some(id(value, "a session")?),
        ("visitor", value) => named.visitor = Some(id(value, "a visitor")?),
        (_, Value::Object(ids)) => named.ids = ids_of(ids).ok_or_else(expected_ids)?,
        _ => return Err(expected_ids()),
    }
    Ok(())
}

/// What a cell says, as the JSON that the field takes: ids are written `crm=4711|shop=77`.
pub(super) fn from_cell(name: &str, text: &str) -> Value {
    match name {
        "ids" => {
            let pairs = text.split('|').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            pairs.map(|(name, value)| (name.trim().to_owned(), Value::from(value.trim()))).collect()
        }
        _ => Value::from(text),
    }
}

fn id<T: std::str::FromStr>(value: &Value, of: &str) -> Result<T, String> {
    let id = value.as_str().and_then(|text| text.trim().parse().ok());
    id.ok_or_else(|| format!("the id of {of}, or null"))
}

fn expected_ids() -> String {
    format!("an object of at most {MAX_IDS} ids such as {{\"crm\": \"4711\"}}, or null")
}

fn ids_of(ids: &Map<String, Value>) -> Option<BTreeMap<String, String>> {
    let fits = |text: &str| !text.is_empty() && text.chars().count() <= MAX_TEXT;
    let read = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (fits(name) && fits(&value)).then(|| (name.clone(), value))
    };
    (ids.len() <= MAX_IDS).then(|| ids.iter().map(read).collect())?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(name: &str, value: Value) -> Result<Named, String> {
        let mut named = Named::default();
        read(&mut named, name, &value).map(|()| named)
    }

    #[test]
    fn a_visitor_is_named_in_three_ways() {
        let id = "019b8000-0000-7000-8000-000000000001";
        assert!(named("session", json!(id)).is_ok_and(|named| named.session.is_some()));
        assert!(named("visitor", json!(id)).is_ok_and(|named| named.visitor.is_some()));
        let ids = named("ids", json!({ "crm": 4711, "shop": " x " })).expect("ids").ids;
        assert_eq!((ids["crm"].as_str(), ids["shop"].as_str()), ("4711", "x"));
        assert_eq!(named("ids", from_cell("ids", "crm=4711 | shop=x")).expect("ids").ids, ids);
        assert_eq!(named("session", Value::Null), Ok(Named::default()));
    }

    #[test]
    fn what_names_nobody_is_refused() {
        let many: Map<String, Value> =
            (0..=MAX_IDS).map(|n| (format!("n{n}"), json!("x"))).collect();
        for (name, value) in [
            ("session", json!("4711")),
            ("visitor", json!(5)),
            ("ids", json!("4711")),
            ("ids", from_cell("ids", "4711")),
            ("ids", json!({ "crm": "" })),
            ("ids", json!({ "crm": "x".repeat(MAX_TEXT + 1) })),
            ("ids", Value::Object(many)),
        ] {
            assert!(named(name, value.clone()).is_err(), "{name} {value}");
        }
    }
}
