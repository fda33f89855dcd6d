//! The fields of a form, as bodies and queries bring them. Pure.

use std::borrow::Cow;

use crate::call::providers::{Unreadable, Webhook, bounds};

/// The fields of a form; of a repeated one the first value counts, unknown ones are ignored.
pub struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    /// Of a webhook: its query when it came as GET, otherwise its body.
    pub fn of(webhook: &Webhook<'a>) -> Self {
        let text = if webhook.is_get { webhook.query().as_bytes() } else { webhook.body };
        Fields(url::form_urlencoded::parse(text).collect())
    }

    /// Of a webhook that may also bring a flat JSON object.
    pub fn of_any(webhook: &Webhook<'a>) -> Result<Self, Unreadable> {
        if webhook.is_get || !webhook.body.trim_ascii_start().starts_with(b"{") {
            return Ok(Fields::of(webhook));
        }
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(webhook.body)
                .map_err(|error| Unreadable(format!("the body is no JSON object: {error}")))?;
        let text = |value| match value {
            serde_json::Value::String(text) => Some(text),
            value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => {
                Some(value.to_string())
            }
            _ => None,
        };
        let fields = object.into_iter().filter_map(|(name, value)| Some((name, text(value)?)));
        Ok(Fields(fields.map(|(name, value)| (Cow::from(name), Cow::from(value))).collect()))
    }

    /// A field, without space around it; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.trim())
    }

    /// All of them, in their order.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The first of these fields that is not empty.
    pub fn first(&self, names: &[&str]) -> &str {
        names.iter().map(|name| self.get(name)).find(|value| !value.is_empty()).unwrap_or("")
    }

    /// Whole seconds; also written with a fraction.
    pub fn seconds(&self, name: &str) -> Option<u32> {
        let told: f64 = self.get(name).parse().ok()?;
        (0.0..=f64::from(u32::MAX)).contains(&told).then(|| told.round() as u32)
    }

    /// An id that must be there.
    pub fn id(&self, name: &str) -> Result<&str, Unreadable> {
        bounds::id(self.get(name)).ok_or_else(|| Unreadable(format!("{name} is missing or no id")))
    }

    /// An id, or `-`.
    pub fn id_or_dash(&self, name: &str) -> &str {
        bounds::id(self.get(name)).unwrap_or("-")
    }
}
