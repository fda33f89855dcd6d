//! A site: its pages, numbers, providers and rules.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    AdHeaders, Alert, ChannelRule, ConversionRule, Destination, Modes, NumberEntry, Privacy,
    PrivacyMode, Retention, Routing, Schedule, Scoring, Snippet, Spam, Telephony, Tracker, Visits,
};
use crate::platform::ids::{PoolId, SiteId, TargetId};
use crate::platform::phone::PhoneNumber;

/// One web property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name on screen; empty: the id.
    #[serde(default)]
    pub name: String,
    /// The public key in the script tag.
    pub key: String,
    /// Origins that may use the key, e.g. `https://www.example.com` or `https://*.example.com`;
    /// empty: none.
    #[serde(default)]
    pub origins: Vec<String>,
    /// IANA time zone of reports.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// ISO 4217 currency of money.
    #[serde(default = "usd")]
    pub currency: String,
    /// ISO 3166-1 alpha-2 country of national phone numbers.
    #[serde(default = "us")]
    pub country: String,
    /// Where calls are forwarded to; the fail-safe.
    pub forward_to: PhoneNumber,
    /// How long the destination may ring.
    #[serde(default = "ring_timeout")]
    pub ring_timeout: SignedDuration,
    /// What visitors allow when the page does not say.
    #[serde(default)]
    pub consent: ConsentDefault,
    /// A session ends after this silence.
    #[serde(default = "session_timeout")]
    pub session_timeout: SignedDuration,
    /// How long after a visit its calls are still its calls.
    #[serde(default = "attribution_window")]
    pub attribution_window: SignedDuration,
    /// How long touches of a visitor are remembered.
    #[serde(default = "look_back")]
    pub look_back: SignedDuration,
    /// How long a caller is known.
    #[serde(default = "caller_look_back")]
    pub caller_look_back: SignedDuration,
    /// What may be stored on its visitors' devices.
    #[serde(default)]
    pub modes: Modes,
    /// What the snippet does on its pages.
    #[serde(default)]
    pub snippet: Snippet,
    /// What it keeps of people at all.
    #[serde(default)]
    pub privacy: Privacy,
    /// How long it keeps what.
    #[serde(default)]
    pub retention: Retention,
    /// How its page views are read.
    #[serde(default)]
    pub visits: Visits,
    /// Channels of its own, in order; they come before the default ones.
    #[serde(default)]
    pub channels: Vec<ChannelRule>,
    /// Numbers on the pages that get replaced.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// What serves a target for certain visits, in order.
    #[serde(default)]
    pub trackers: Vec<Tracker>,
    /// Pools of numbers.
    #[serde(default)]
    pub pools: Vec<Pool>,
    /// Numbers bound to one source.
    #[serde(default)]
    pub static_numbers: Vec<StaticNumber>,
    /// What is special about some of its tracking numbers.
    #[serde(default)]
    pub numbers: Vec<NumberEntry>,
    /// How long a number that left its pool rests before another pool may have it.
    #[serde(default = "quarantine")]
    pub quarantine: SignedDuration,
    /// The telephony providers whose webhooks are accepted.
    #[serde(default)]
    pub telephony: Telephony,
    /// How ad platforms that connect calls tell of their ads.
    #[serde(default)]
    pub ad_headers: AdHeaders,
    /// Where its calls go.
    #[serde(default)]
    pub routing: Routing,
    /// Which of its calls are unwanted.
    #[serde(default)]
    pub spam: Spam,
    /// Which calls are good leads.
    #[serde(default)]
    pub scoring: Scoring,
    /// When a call is a conversion.
    #[serde(default)]
    pub conversions: Vec<ConversionRule>,
    /// Where conversions are delivered.
    #[serde(default)]
    pub destinations: Vec<Destination>,
    /// What somebody wants to hear of.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// Reports that are sent by the clock.
    #[serde(default)]
    pub schedules: Vec<Schedule>,
}

/// What visitors allow when the page does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsentDefault {
    /// Nothing is stored beyond the session, and nothing is sent to ad platforms.
    #[default]
    Denied,
    /// Visitor id and conversions to ad platforms.
    Granted,
}

/// A business number on the pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// The number as the pages show it.
    pub number: PhoneNumber,
    /// The pool that replaces it where no tracker says otherwise.
    pub pool: PoolId,
    /// Further forms in which the pages write it, with letters (`1-800-FLOWERS`), too.
    #[serde(default)]
    pub written: Vec<String>,
}

/// Numbers with one set of rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its id.
    pub id: PoolId,
    /// Its numbers; more may be added over the API.
    #[serde(default)]
    pub numbers: Vec<PhoneNumber>,
    /// Whether a visitor gets a number of an area near them, when one has rested.
    #[serde(default)]
    pub match_area: bool,
    /// How long a number is held after the last sign of life.
    #[serde(default = "hold")]
    pub hold: SignedDuration,
    /// How long a number lives after the session's last page left.
    #[serde(default = "linger")]
    pub linger: SignedDuration,
    /// How long a number should lie idle before somebody else gets it.
    #[serde(default = "rest")]
    pub rest: SignedDuration,
    /// How long a tel click keeps a number from being shared or given away.
    #[serde(default = "pin")]
    pub pin: SignedDuration,
    /// What happens when no number is free, in order.
    #[serde(default = "overflow")]
    pub overflow: Vec<Overflow>,
    /// Most live sessions on one shared number.
    #[serde(default = "max_sharers")]
    pub max_sharers: u32,
    /// Share of the visitors that may get no number of their own before the pool counts as too small.
    #[serde(default = "overflow_target")]
    pub overflow_target: f64,
    /// What one number costs a month, in the site's currency.
    #[serde(default)]
    pub monthly_cost: Option<f64>,
}

/// What happens when no number is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overflow {
    /// A number that others hold too.
    Shared,
    /// The static number of the visit's source.
    Source,
}

/// A number bound to one source for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticNumber {
    /// The number.
    pub number: PhoneNumber,
    /// Its source, e.g. `billboard`.
    pub source: String,
    /// Its medium, e.g. `print`; empty: `offline`.
    #[serde(default = "offline")]
    pub medium: String,
    /// Its campaign.
    #[serde(default)]
    pub campaign: String,
}

fn utc() -> String {
    "UTC".to_owned()
}
fn usd() -> String {
    "USD".to_owned()
}
fn us() -> String {
    "US".to_owned()
}
fn offline() -> String {
    "offline".to_owned()
}
fn ring_timeout() -> SignedDuration {
    SignedDuration::from_secs(25)
}
fn session_timeout() -> SignedDuration {
    SignedDuration::from_mins(30)
}
fn attribution_window() -> SignedDuration {
    SignedDuration::from_hours(30 * 24)
}
fn look_back() -> SignedDuration {
    SignedDuration::from_hours(90 * 24)
}
fn caller_look_back() -> SignedDuration {
    SignedDuration::from_hours(365 * 24)
}
fn quarantine() -> SignedDuration {
    SignedDuration::from_hours(30 * 24)
}
fn hold() -> SignedDuration {
    SignedDuration::from_mins(3)
}
fn linger() -> SignedDuration {
    SignedDuration::from_secs(90)
}
fn rest() -> SignedDuration {
    SignedDuration::from_mins(15)
}
fn pin() -> SignedDuration {
    SignedDuration::from_mins(10)
}
fn overflow() -> Vec<Overflow> {
    vec![Overflow::Shared, Overflow::Source]
}
fn overflow_target() -> f64 {
    0.01
}
fn max_sharers() -> u32 {
    4
}

impl Site {
    /// Its name on screen.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }

    /// Whether it keeps what tells who somebody is.
    pub fn keeps_people(&self) -> bool {
        self.privacy.mode == PrivacyMode::Standard
    }

    /// The pool with this id.
    pub fn pool(&self, id: &PoolId) -> Option<&Pool> {
        self.pools.iter().find(|pool| &pool.id == id)
    }

    /// Every pooled and static number.
    pub fn tracking_numbers(&self) -> impl Iterator<Item = &PhoneNumber> {
        let pooled = self.pools.iter().flat_map(|pool| &pool.numbers);
        pooled.chain(self.static_numbers.iter().map(|entry| &entry.number))
    }

    /// Where calls to `number` go when no rule says otherwise, and whatever fails.
    pub fn fail_safe(&self, number: Option<&PhoneNumber>) -> &PhoneNumber {
        let own = number.and_then(|number| self.numbers.iter().find(|of| &of.number == number));
        own.and_then(|entry| entry.forward_to.as_ref()).unwrap_or(&self.forward_to)
    }

    /// The static number `number`, when it is one.
    pub fn static_number(&self, number: &PhoneNumber) -> Option<&StaticNumber> {
        self.static_numbers.iter().find(|entry| &entry.number == number)
    }
}
