//! What pages tell on their own account, read so that nothing of it can cost a page its number: what
//! is not understood is left out. Bounds are in [`crate::lease::wire`].

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Texts `name=value`, as a browser tells its cookies, by name; of one name the last.
pub(super) fn cookies<'de, D: Deserializer<'de>>(
    body: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let told = Value::deserialize(body)?;
    let pairs = told.as_array().into_iter().flatten().filter_map(Value::as_str);
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Name → text, number or truth, as texts.
pub(super) fn ids<'de, D: Deserializer<'de>>(
    body: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let told = Value::deserialize(body)?;
    let ids = told.as_object().into_iter().flatten();
    Ok(ids.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect())
}

/// A list of texts, numbers and truths, as texts.
pub(super) fn tags<'de, D: Deserializer<'de>>(body: D) -> Result<Vec<String>, D::Error> {
    let told = Value::deserialize(body)?;
    Ok(told.as_array().into_iter().flatten().filter_map(text).collect())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cookies_come_as_a_browser_tells_them() {
        let told = json!(["_epik=dj0=", "_ga=GA1.1.1.2", "empty=", "nothing", 7, ["a=b"]]);
        let read = cookies(told).expect("cookies");
        let pairs: Vec<(&str, &str)> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("_epik", "dj0="), ("_ga", "GA1.1.1.2"), ("empty", "")]);
    }

    #[test]
    fn ids_and_tags_are_texts_whatever_a_page_has() {
        let told =
            json!({ "crm": 4711, "vip": true, "name": "x", "none": null, "deep": { "a": 1 } });
        let read = ids(told).expect("ids");
        assert_eq!(
            read.into_iter().collect::<Vec<_>>(),
            [
                ("crm".to_owned(), "4711".to_owned()),
                ("name".to_owned(), "x".to_owned()),
                ("vip".to_owned(), "true".to_owned()),
            ]
        );
        assert_eq!(tags(json!(["b2b", 2.5, null, []])).expect("tags"), ["b2b", "2.5"]);
    }

    #[test]
    fn what_has_another_shape_says_nothing() {
        for odd in [json!(null), json!("text"), json!(7), json!({ "a": "b=c" })] {
            assert!(cookies(odd.clone()).expect("cookies").is_empty(), "{odd}");
            assert!(tags(odd).expect("tags").is_empty());
        }
        for odd in [json!(null), json!("text"), json!(["crm"])] {
            assert!(ids(odd.clone()).expect("ids").is_empty(), "{odd}");
        }
    }
}
