//! Telephony providers: each verifies, reads and answers webhooks in its own words.
//!
//! What always holds: nothing is read before the signature was checked on the raw body and the
//! configured public URL; what is read is bounded; what is written is escaped.

pub mod generic;
pub mod twilio;

use actix_web::http::header::HeaderMap;

use crate::call::model::CallEvent;
use crate::call::routing::Route;
use crate::config::model::{Site, Telephony};
use crate::platform::clock::Millis;

/// One webhook as it came.
#[derive(Clone, Copy, Debug)]
pub struct Webhook<'a> {
    /// The last part of its path.
    pub event: &'a str,
    /// The configured public URL with the request's path and raw query: what a provider signs.
    pub url: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, untouched.
    pub body: &'a [u8],
    /// When it came.
    pub received_at: Millis,
}

/// Why a webhook is turned away unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// The site does not use this provider, or the provider has no such event.
    NotConfigured,
    /// The signature is missing or wrong.
    BadSignature,
}

/// What a webhook says, and what it waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Understood {
    /// What happened to which call; `None` when it says nothing that counts.
    pub event: Option<CallEvent>,
    /// What the provider waits for.
    pub wants: Wants,
}

/// What a provider waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Where to forward the call to. It must get that whatever happens.
    Route,
    /// A document that says: nothing more to do.
    End,
    /// Only that the message was kept.
    Receipt,
}

/// A signed webhook that cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// An answer with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its content type.
    pub content_type: &'static str,
    /// Its text.
    pub body: String,
}

/// A telephony provider.
pub trait Provider: Sync {
    /// Its name in paths, metrics and calls.
    fn name(&self) -> &'static str;

    /// The event of its webhooks that `event` names, from a closed list; `None` when there is none.
    fn event_name(&self, event: &str) -> Option<&'static str>;

    /// Checks that the webhook comes from the provider's account of this site.
    fn verify(&self, keys: &Telephony, webhook: &Webhook<'_>) -> Result<(), Unverified>;

    /// Reads a verified webhook.
    fn understand(&self, site: &Site, webhook: &Webhook<'_>) -> Result<Understood, Unreadable>;

    /// The document that forwards a call.
    fn forward(&self, route: &Route) -> Document;

    /// The document that says: nothing more to do.
    fn end(&self) -> Document;
}

/// The provider with this name.
pub fn by_name(name: &str) -> Option<&'static dyn Provider> {
    let all: [&'static dyn Provider; 2] = [&twilio::Twilio, &generic::Generic];
    all.into_iter().find(|provider| provider.name() == name)
}

/// Longest text that is kept of any field.
const MAX_TEXT: usize = 128;
/// Longest id that is taken; a longer one is no id.
const MAX_ID: usize = 128;
/// Longest recording link that is kept.
const MAX_URL: usize = 2048;

/// A provider's id: visible ASCII of a bounded length, or nothing.
fn bounded_id(text: &str) -> Option<&str> {
    let fits = (1..=MAX_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(text)
}

/// A text for people, cut to a bounded length, without control characters.
fn bounded_text(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

/// ISO 3166-1 alpha-2 code in capitals, or empty.
fn country_code(text: &str) -> String {
    let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    if fits { text.to_ascii_uppercase() } else { String::new() }
}

/// A link that can be stored: http(s), bounded. It is never fetched.
fn link(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let fits = text.len() <= MAX_URL && matches!(url.scheme(), "http" | "https");
    fits.then(|| text.to_owned())
}

/// The provider's own time when it is believable (reports come at most 30 days late, and clocks
/// differ by less than 5 minutes), otherwise the time of receipt.
fn believable(told: Option<Millis>, received_at: Millis) -> Millis {
    const OLDEST_MS: i64 = 30 * 24 * 3_600_000;
    const AHEAD_MS: i64 = 5 * 60_000;
    told.filter(|told| (-AHEAD_MS..=OLDEST_MS).contains(&received_at.since(*told)))
        .unwrap_or(received_at)
}
