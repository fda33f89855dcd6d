//! How requests are put together. Pure.

use ::url::Url;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{BadDestination, Batch};
use crate::config::model::{OAuth, Pixel};
use crate::platform::secret::Secret;
use crate::postback::client::Request;

/// `given`, or `usual` where nothing is.
pub(super) fn or<'a>(given: &'a str, usual: &'a str) -> &'a str {
    if given.is_empty() { usual } else { given.trim_end_matches('/') }
}

/// Complains about the first of `keys` that is empty.
pub(super) fn needed(keys: &[(&'static str, &str)]) -> Result<(), BadDestination> {
    match keys.iter().find(|(_, value)| value.is_empty()) {
        Some((name, _)) => Err(BadDestination::Missing(name)),
        None => Ok(()),
    }
}

/// Complains about what a credential lacks.
pub(super) fn oauth_is_complete(oauth: &OAuth) -> Result<(), BadDestination> {
    needed(&[
        ("oauth.client_id", &oauth.client_id),
        ("oauth.client_secret", oauth.client_secret.reveal()),
        ("oauth.refresh_token", oauth.refresh_token.reveal()),
    ])
}

impl Pixel {
    /// Complains about a pixel without id or token.
    pub(super) fn needed(&self) -> Result<(), BadDestination> {
        needed(&[("pixel", &self.pixel), ("access_token", self.access_token.reveal())])
    }
}

/// A JSON request to `url`.
pub(super) fn post(url: &str, body: &Value) -> Result<Request, BadDestination> {
    let mut request = Request {
        method: Method::POST,
        url: absolute(url)?,
        headers: HeaderMap::new(),
        body: body.to_string(),
        hidden: Vec::new(),
        shown: None,
    };
    request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(request)
}

/// A question to `url`.
pub(super) fn get(url: &str) -> Result<Request, BadDestination> {
    let url = absolute(url)?;
    let (method, headers) = (Method::GET, HeaderMap::new());
    Ok(Request { method, url, headers, body: String::new(), hidden: Vec::new(), shown: None })
}

/// An absolute web address.
pub(super) fn absolute(text: &str) -> Result<Url, BadDestination> {
    let url = Url::parse(text).map_err(|_| BadDestination::Url)?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if usable { Ok(url) } else { Err(BadDestination::Url) }
}

impl Request {
    /// The same with `Authorization: Bearer`.
    pub(super) fn bearer(self, token: &Secret) -> Result<Self, BadDestination> {
        let value = format!("Bearer {}", token.reveal());
        self.hiding(token).header(AUTHORIZATION.as_str(), &value)
    }

    /// The same with a header.
    pub(super) fn header(
        mut self,
        name: &'static str,
        value: &str,
    ) -> Result<Self, BadDestination> {
        let unfit =
            || BadDestination::Header { name: name.to_owned(), why: "cannot hold its value" };
        let mut value = HeaderValue::from_str(value).map_err(|_| unfit())?;
        value.set_sensitive(true);
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// The same, with a secret that nothing may show.
    pub(super) fn hiding(mut self, secret: &Secret) -> Self {
        self.hidden.push(secret.reveal().to_owned());
        self
    }
}

/// `value` without the members that are null or empty objects, all the way down.
pub(super) fn compact(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, compact(value)));
            let empty = |value: &Value| {
                value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty)
            };
            Value::Object(members.filter(|(_, value)| !empty(value)).collect())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(compact).filter(|item| !item.is_null()).collect())
        }
        other => other,
    }
}

/// The bodies of the rows.
pub(super) fn bodies(batch: &Batch<'_>) -> Vec<Value> {
    batch.rows.iter().map(|row| row.body.clone()).collect()
}

/// A list of one, or nothing.
pub(super) fn one<T>(value: Option<T>) -> Option<[T; 1]> {
    value.map(|value| [value])
}
