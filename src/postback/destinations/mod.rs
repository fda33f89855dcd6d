//! The kinds of destinations, one file each, all of one shape ([`Platform`]): is this conversion for it, what is the
//! request, what does the answer mean. Pure: no I/O, clock or randomness.
//!
//! What all have in common stands once: [`eligible`] says who may be told at all, [`answers`] what an HTTP status means,
//! [`shapes`] how requests are put together.

pub mod answers;
pub mod eligible;
mod ga4;
mod google;
mod linkedin;
pub mod macros;
mod mappings;
mod meta;
mod microsoft;
mod nextdoor;
mod openai;
mod pinterest;
mod quora;
mod reddit;
mod shapes;
mod snap;
#[cfg(test)]
mod tests;
mod tiktok;
pub mod url;
pub mod webhook;
mod x;

use serde_json::Value;

pub use answers::{Answered, Judgement};

use crate::config::model::{Destination, DestinationKind, OAuth};
use crate::platform::clock::Millis;
use crate::platform::secret::Secret;
use crate::postback::client::{Answer, Request};
use crate::postback::model::Skip;
use crate::postback::told::Told;

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// A destination whose configuration cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDestination {
    /// The URL template.
    #[error(transparent)]
    Template(#[from] url::BadTemplate),
    /// A URL.
    #[error("the URL must be an absolute http:// or https:// URL")]
    Url,
    /// The secret of a webhook.
    #[error("the secret must be `whsec_` and the base64 of at least {} bytes", webhook::LEAST_KEY)]
    Secret,
    /// A header that is sent along.
    #[error("the header {name:?} {why}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Two keys of which it can use one.
    #[error("`{0}` and `{1}` are both there: one of them is used, so the other one must go")]
    Both(&'static str, &'static str),
    /// A key that it cannot do without.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

/// What a platform takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: what was told stands.
    Nothing,
    /// A conversion told again with other facts; none that is taken back.
    Restated,
    /// Both.
    Corrections,
}

/// What always holds of a platform.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// Whether it needs the visitor's consent to advertising for anything at all.
    pub needs_consent: bool,
    /// Whether it is told the caller's number, hashed or not.
    pub caller: bool,
    /// Whether it is told the e-mail address, hashed.
    pub email: bool,
    /// Whether it is told address and user agent of the visitor.
    pub client: bool,
    /// Most conversions of one request.
    pub most: usize,
    /// How old a conversion may be, in milliseconds; none: it does not say.
    pub oldest_ms: Option<i64>,
    /// How long after the click it may be told first, in milliseconds.
    pub after_click_ms: i64,
    /// How long after a conversion its correction may be told first, in milliseconds.
    pub after_conversion_ms: i64,
    /// Whether it knows no key by which it could tell a repeat.
    pub at_most_once: bool,
    /// What it takes back.
    pub takes: Takes,
    /// How it can be asked without counting anything.
    pub trial: Trial,
}

/// How a destination can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// It looks at a request and counts nothing.
    Validates,
    /// Events can be marked as tests.
    TestCode,
    /// What is sent counts.
    None,
}

impl Traits {
    /// An ad platform that takes one conversion at a time, once for each key, and nothing back.
    pub const AD: Traits = Traits {
        needs_consent: true,
        caller: true,
        email: true,
        client: true,
        most: 1,
        oldest_ms: None,
        after_click_ms: 0,
        after_conversion_ms: 0,
        at_most_once: false,
        takes: Takes::Nothing,
        trial: Trial::None,
    };

    /// What is no ad platform: it is told the conversion, and nothing that people are matched by.
    pub const NO_AD: Traits =
        Traits { needs_consent: false, caller: false, email: false, client: false, ..Traits::AD };
}

/// What proves who we are.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// Whatever the request itself holds.
    Own,
    /// A token that is renewed at this address when the configuration names none, with this scope.
    OAuth(&'a OAuth, &'static str, &'static str),
}

/// For what a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To count.
    Count,
    /// To be looked at ([`Trial::Validates`]).
    Validate,
    /// To be shown among test events ([`Trial::TestCode`]).
    Test,
}

/// One conversion as its platform wants to hear it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The postback's id.
    pub id: String,
    /// The row.
    pub body: Value,
}

/// Some rows for one request, all conversions or all corrections.
pub struct Batch<'a> {
    /// The rows, never more than [`Traits::most`].
    pub rows: &'a [Row],
    /// Whether they correct what was told before.
    pub corrects: bool,
    /// For what.
    pub purpose: Purpose,
    /// The access token of an [`OAuth`] credential; empty for others.
    pub token: Secret,
    /// The moment.
    pub now: Millis,
    /// A random text that is never used twice.
    pub nonce: String,
}

/// One kind of destination.
pub trait Platform: Send + Sync {
    /// What always holds of it.
    fn traits(&self) -> Traits;

    /// What its configuration lacks.
    fn check(&self) -> Result<(), BadDestination>;

    /// What proves who we are.
    fn credential(&self) -> Credential<'_> {
        Credential::Own
    }

    /// Whether `told` is something for it; [`eligible`] has asked what concerns all platforms.
    fn eligible(&self, told: &Told<'_>) -> Result<(), Skip>;

    /// `told`, which is eligible, in its words.
    fn row(&self, told: &Told<'_>) -> Value;

    /// The request that tells `batch`.
    fn request(&self, batch: &Batch<'_>) -> Result<Request, BadDestination>;

    /// What the answer to a request of `rows` rows means.
    fn classify(&self, answer: &Answer, rows: usize) -> Answered;

    /// The question what became of a request that it took ([`Judgement::Taken`]).
    fn question(&self, _request: &str, _token: &Secret) -> Result<Request, BadDestination> {
        Err(BadDestination::Missing("question"))
    }

    /// What the answer to that means for each of `rows`.
    fn classify_question(&self, answer: &Answer, rows: &[usize]) -> Answered {
        self.classify(answer, rows.len())
    }
}

impl DestinationKind {
    /// What it is and does.
    pub fn platform(&self) -> Box<dyn Platform + '_> {
        match self {
            DestinationKind::Url(target) => Box::new(url::Url(target)),
            DestinationKind::Webhook(target) => Box::new(webhook::Webhook(target)),
            DestinationKind::GoogleDataManager(config) => Box::new(google::DataManager(config)),
            DestinationKind::GoogleAds(config) => Box::new(google::Ads(config)),
            DestinationKind::Ga4(config) => Box::new(ga4::Ga4(config)),
            DestinationKind::Meta(pixel) => Box::new(meta::Meta(pixel)),
            DestinationKind::MicrosoftAds(config) => Box::new(microsoft::Offline(config)),
            DestinationKind::MicrosoftUet(pixel) => Box::new(microsoft::Uet(pixel)),
            DestinationKind::Tiktok(pixel) => Box::new(tiktok::Tiktok(pixel)),
            DestinationKind::Linkedin(pixel) => Box::new(linkedin::Linkedin(pixel)),
            DestinationKind::Pinterest(pixel) => Box::new(pinterest::Pinterest(pixel)),
            DestinationKind::Snap(pixel) => Box::new(snap::Snap(pixel)),
            DestinationKind::Reddit(pixel) => Box::new(reddit::Reddit(pixel)),
            DestinationKind::X(config) => Box::new(x::X(config)),
            DestinationKind::OpenaiAds(pixel) => Box::new(openai::OpenAi(pixel)),
            DestinationKind::Quora(pixel) => Box::new(quora::Quora(pixel)),
            DestinationKind::Nextdoor(pixel) => Box::new(nextdoor::Nextdoor(pixel)),
        }
    }
}

/// Checks a destination's configuration without sending anything.
pub fn check(destination: &Destination) -> Result<(), BadDestination> {
    destination.kind.platform().check()
}

/// Until when a conversion of `converted_at` may be told to `destination`: the platform's own latest moment, where it
/// has one, else `usual`.
pub fn latest(destination: &Destination, converted_at: Millis, usual: Millis) -> Millis {
    let oldest = destination.kind.platform().traits().oldest_ms;
    oldest.map_or(usual, |oldest| converted_at.plus(oldest))
}
