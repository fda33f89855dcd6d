//! JSON as providers send it: numbers as texts, missing and null fields, more fields than are known.

use serde_json::Value;

use crate::call::providers::{Unreadable, Webhook};

/// A JSON object, read leniently.
pub struct Tree(Value);

impl Tree {
    /// The object in a body.
    pub fn of(body: &[u8]) -> Result<Self, Unreadable> {
        match serde_json::from_slice(body) {
            Ok(object @ Value::Object(_)) => Ok(Tree(object)),
            Ok(_) => Err(Unreadable("the body is no JSON object".to_owned())),
            Err(error) => Err(Unreadable(format!("the body is no JSON: {error}"))),
        }
    }

    /// The objects of a body that is a list.
    pub fn items(body: &[u8]) -> Result<Vec<Self>, Unreadable> {
        match serde_json::from_slice(body) {
            Ok(Value::Array(items)) => Ok(items.into_iter().map(Tree).collect()),
            Ok(_) => Err(Unreadable("the body is no JSON list".to_owned())),
            Err(error) => Err(Unreadable(format!("the body is no JSON: {error}"))),
        }
    }

    /// Whether something stands at a JSON pointer.
    pub fn has(&self, pointer: &str) -> bool {
        self.0.pointer(pointer).is_some()
    }

    /// The list at a JSON pointer.
    pub fn list(&self, pointer: &str) -> Result<Vec<Tree>, Unreadable> {
        match self.0.pointer(pointer) {
            Some(Value::Array(items)) => Ok(items.iter().cloned().map(Tree).collect()),
            _ => Err(Unreadable(format!("the body has no list at {pointer}"))),
        }
    }

    /// The texts in the list at a JSON pointer; none when there is no list.
    pub fn texts(&self, pointer: &str) -> Vec<String> {
        let items = self.0.pointer(pointer).and_then(Value::as_array);
        let texts = items.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// The texts of the object at a JSON pointer, with their names; none when there is no object.
    pub fn members(&self, pointer: &str) -> impl Iterator<Item = (&str, &str)> {
        let members = self.0.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
        members.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// The object in a webhook's body, or its query's fields when it came as GET.
    pub fn of_webhook(webhook: &Webhook<'_>) -> Result<Self, Unreadable> {
        if !webhook.is_get {
            return Tree::of(webhook.body);
        }
        let pairs = url::form_urlencoded::parse(webhook.query().as_bytes());
        let fields =
            pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
        Ok(Tree(Value::Object(fields.collect())))
    }

    /// The text, number or flag at a JSON pointer; empty when there is none.
    pub fn text(&self, pointer: &str) -> String {
        match self.0.pointer(pointer) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            _ => String::new(),
        }
    }

    /// The first of these that is not empty.
    pub fn first(&self, pointers: &[&str]) -> String {
        let texts = pointers.iter().map(|pointer| self.text(pointer));
        texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Whole seconds, also told as a text or with a fraction.
    pub fn seconds(&self, pointer: &str) -> Option<u32> {
        let told: f64 = self.text(pointer).parse().ok()?;
        (0.0..=f64::from(u32::MAX)).contains(&told).then(|| told.round() as u32)
    }

    /// The same object with every text percent-decoded.
    pub fn decoded(mut self) -> Self {
        decode(&mut self.0);
        self
    }
}

fn decode(value: &mut Value) {
    match value {
        Value::String(text) => {
            let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            if decoded != text.as_str() {
                *text = decoded.into_owned();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(decode),
        Value::Object(fields) => fields.values_mut().for_each(decode),
        _ => {}
    }
}
