//! A URL template with macros: the postback of affiliate networks, and of everything that can be
//! told by one request.
//!
//! Macros are `{name}`, or `[NAME]` as some networks write it. Known ones are substituted, percent-
//! encoded to the last byte (`%20`, never `+`); an unknown one is a mistake in the configuration. They
//! may stand in path and query, never in the host: what a visitor's URL says must not choose where
//! the request goes.

use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use serde_json::Value;

use super::answers::{Answered, by_status};
use super::macros::{self, Macro};
use super::{BadDestination, Batch, Platform, Traits};
use crate::config::model::{UrlMethod, UrlTarget};
use crate::platform::secret::Secret;
use crate::postback::client::{Answer, Request};
use crate::postback::model::{Skip, SkipReason};
use crate::postback::told::Told;

/// Longest template in bytes.
pub const LONGEST_TEMPLATE: usize = 4096;

/// Longest URL that is sent, in bytes; servers refuse longer ones.
const LONGEST_URL: usize = 8192;

/// Everything but the unreserved characters of RFC 3986 §2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// It is too long.
    #[error("the URL is longer than {LONGEST_TEMPLATE} bytes")]
    TooLong,
    /// No macro has this name.
    #[error("there is no macro {{{name}}}{hint}")]
    Unknown {
        /// The name as written.
        name: String,
        /// A suggestion, or empty.
        hint: String,
    },
    /// A brace that opens and does not close.
    #[error("a '{{' has no '}}'")]
    Unclosed,
    /// A macro in the host.
    #[error("macros may stand in the path and the query only, not in the host")]
    InHost,
    /// It is no URL.
    #[error("it must be an absolute http:// or https:// URL")]
    NotUrl,
}

enum Piece<'a> {
    Text(&'a str),
    Macro(Macro),
}

/// Checks a template: known macros, in the right place, in an `http` or `https` URL.
pub fn check_template(template: &str) -> Result<(), BadTemplate> {
    let text: String = pieces(template)?
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Macro(_) => "x",
        })
        .collect();
    parse(&text).map(|_| ())
}

/// Checks that every name in `require` is a macro.
pub fn check_required(require: &[String]) -> Result<(), BadTemplate> {
    require.iter().try_for_each(|name| known(name).map(|_| ()))
}

/// A URL with macros.
pub(super) struct Url<'a>(pub &'a UrlTarget);

impl Platform for Url<'_> {
    fn traits(&self) -> Traits {
        // Click ids are told with consent only; a network may want nothing but the conversion.
        Traits::NO_AD
    }

    fn check(&self) -> Result<(), BadDestination> {
        check_template(&self.0.url)?;
        Ok(check_required(&self.0.require)?)
    }

    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip> {
        for name in &self.0.require {
            let Some(known) = macros::find(name) else { continue };
            if known.value(told).is_empty() {
                return Err(known.missing(name, told));
            }
        }
        match self.filled(told) {
            Some(url) if url.len() > LONGEST_URL => Err(Skip::new(
                SkipReason::Other,
                format!("its URL would be longer than {LONGEST_URL} bytes"),
            )),
            _ => Ok(()),
        }
    }

    /// The URL with everything substituted, and the same for people.
    fn row(&self, told: &Told<'_>) -> Value {
        let shown = pieces(&self.0.url).map(|pieces| shown(&pieces, told)).unwrap_or_default();
        serde_json::json!({ "url": self.filled(told), "shown": shown })
    }

    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination> {
        let row = batch.rows.first().ok_or(BadDestination::Url)?;
        let text = |name: &str| row.body.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut url = parse(text("url"))?;
        url.set_fragment(None);
        sign(&mut url, &self.0.hmac_secret);
        let mut headers = HeaderMap::new();
        if let Ok(key) = HeaderValue::from_str(&row.id) {
            headers.insert(HeaderName::from_static("idempotency-key"), key);
        }
        let method = match self.0.method {
            UrlMethod::Get => Method::GET,
            UrlMethod::Post => Method::POST,
        };
        let shown = Some(text("shown").to_owned());
        Ok(Request { method, url, headers, body: String::new(), hidden: Vec::new(), shown })
    }

    fn classify(&self, answer: &Answer, _rows: usize) -> Answered {
        by_status(answer, "")
    }
}

impl Url<'_> {
    fn filled(&self, told: &Told<'_>) -> Option<String> {
        Some(fill(&pieces(&self.0.url).ok()?, told))
    }
}

/// The URL as people may see it: the path and whatever the template itself puts into the query may be secrets.
fn shown(pieces: &[Piece<'_>], told: &Told<'_>) -> String {
    let mut shown = String::new();
    let (mut query, mut literal) = (false, false);
    for piece in pieces {
        match piece {
            Piece::Text(text) if !query => {
                let (path, rest) = text.split_once('?').unwrap_or((text, ""));
                if shown.is_empty() {
                    let host = host_end(path).unwrap_or(path.len()).min(path.len());
                    shown.push_str(&path[..host]);
                    shown.push_str("/[…]");
                }
                query = text.contains('?');
                if query {
                    shown.push('?');
                    literal = hide_values(rest, literal, &mut shown);
                }
            }
            Piece::Text(text) => literal = hide_values(text, literal, &mut shown),
            Piece::Macro(name) if query => shown.push_str(&name.value(told)),
            Piece::Macro(_) => {}
        }
    }
    shown
}

/// Appends a piece of a query with its literal values hidden; `inside` says whether it begins inside of one. Returns
/// whether it ends there.
fn hide_values(text: &str, inside: bool, out: &mut String) -> bool {
    let mut inside = inside;
    for c in text.chars() {
        match c {
            '&' | '?' => {
                inside = false;
                out.push(c);
            }
            '=' if !inside => {
                inside = true;
                out.push(c);
            }
            _ if inside => {
                if !out.ends_with("[…]") {
                    out.push_str("[…]");
                }
            }
            _ => out.push(c),
        }
    }
    inside
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, BadTemplate> {
    if template.len() > LONGEST_TEMPLATE {
        return Err(BadTemplate::TooLong);
    }
    let host_end = host_end(template).ok_or(BadTemplate::NotUrl)?;
    if template[..host_end].contains(['{', '}']) {
        return Err(BadTemplate::InHost);
    }
    let (host, mut rest) = template.split_at(host_end);
    let mut pieces = vec![Piece::Text(host)];
    while let Some(open) = rest.find(['{', '[']) {
        let (text, marked) = rest.split_at(open);
        pieces.push(Piece::Text(text));
        let braces = marked.starts_with('{');
        let close = marked.find(if braces { '}' } else { ']' });
        let inside = close.map(|close| &marked[1..close]);
        rest = match (braces, inside) {
            (true, None) => return Err(BadTemplate::Unclosed),
            (true, Some(name)) => {
                pieces.push(Piece::Macro(known(name)?));
                &marked[name.len() + 2..]
            }
            // `items[]=…` and `a[0]=…` are ordinary text.
            (false, Some(name)) if is_bracket_macro(name) => {
                pieces.push(Piece::Macro(known(name)?));
                &marked[name.len() + 2..]
            }
            (false, _) => {
                pieces.push(Piece::Text("["));
                &marked[1..]
            }
        };
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn is_bracket_macro(name: &str) -> bool {
    name.bytes().any(|b| b.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn host_end(template: &str) -> Option<usize> {
    let host = template.find("://")? + 3;
    // A backslash ends the host too (WHATWG URL, special schemes).
    Some(template[host..].find(['/', '?', '#', '\\']).map_or(template.len(), |end| host + end))
}

fn known(name: &str) -> Result<Macro, BadTemplate> {
    macros::find(name).ok_or_else(|| BadTemplate::Unknown {
        name: name.chars().take(64).collect(),
        hint: match macros::nearest(name) {
            _ if matches!(name, "caller_id" | "caller_number" | "caller") => {
                "; a caller's number is never sent in clear, use {caller_hash}".to_owned()
            }
            Some(nearest) => format!("; did you mean {{{nearest}}}?"),
            None => String::new(),
        },
    })
}

fn fill(pieces: &[Piece<'_>], told: &Told<'_>) -> String {
    pieces.iter().fold(String::new(), |mut url, piece| {
        match piece {
            Piece::Text(text) => url.push_str(text),
            Piece::Macro(name) => {
                url.extend(utf8_percent_encode(&name.value(told), ENCODED));
            }
        }
        url
    })
}

fn parse(text: &str) -> Result<::url::Url, BadTemplate> {
    let url = ::url::Url::parse(text).map_err(|_| BadTemplate::NotUrl)?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if usable { Ok(url) } else { Err(BadTemplate::NotUrl) }
}

/// Appends `sig`: the hex HMAC-SHA256 of path and query as they go over the wire, without `sig`.
fn sign(url: &mut ::url::Url, secret: &Secret) {
    if secret.is_empty() {
        return;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
        return;
    };
    mac.update(url.path().as_bytes());
    if let Some(query) = url.query() {
        mac.update(b"?");
        mac.update(query.as_bytes());
    }
    let sig = hex::encode(mac.finalize().into_bytes());
    let query = match url.query() {
        Some(query) if !query.is_empty() => format!("{query}&sig={sig}"),
        _ => format!("sig={sig}"),
    };
    url.set_query(Some(&query));
}
