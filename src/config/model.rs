//! The typed configuration. `config/ringtrace.toml` lists every key with its default and one
//! comment; it is compiled in and read first.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::platform::ids::{DestinationId, PoolId, SiteId, TargetId};
use crate::platform::phone::PhoneNumber;
use crate::platform::secret::Secret;
use crate::platform::telemetry::LogFormat;

/// The whole configuration of one installation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder for everything that must survive: Redis, warehouse, spool, segments, keys.
    pub data_folder: PathBuf,
    /// The HTTP server.
    pub server: Server,
    /// Redis.
    pub redis: Redis,
    /// The warehouse.
    pub warehouse: Warehouse,
    /// Log lines.
    pub log: Log,
    /// Limits against abuse.
    pub limits: Limits,
    /// Delivery of postbacks.
    pub postback: PostbackDelivery,
    /// Keys of the API.
    #[serde(default)]
    pub api_keys: Vec<ApiKey>,
    /// The sites.
    #[serde(default)]
    pub sites: Vec<Site>,
}

/// The HTTP server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// The address the world uses, without a trailing slash; signatures are checked against it.
    pub public_url: String,
    /// Worker threads; 0 = one per core.
    pub workers: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long requests in flight may take at shutdown.
    pub shutdown_timeout: SignedDuration,
}

/// Redis.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://…`, `rediss://…` or `unix://…`; empty: start a private `redis-server`.
    pub url: Secret,
    /// File that holds the URL instead.
    pub url_file: Option<PathBuf>,
    /// The program that is started when there is no URL.
    pub program: String,
    /// Hash tags over which sites are spread; never change it on an installation with data.
    pub shards: u16,
    /// Longest wait for an answer on the hot paths.
    pub response_timeout: SignedDuration,
    /// Longest wait for a connection on the hot paths.
    pub connection_timeout: SignedDuration,
}

/// Where facts go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warehouse {
    /// The kind of warehouse.
    pub kind: WarehouseKind,
    /// Threads of a report; 0 = one per core.
    pub threads: usize,
    /// Most rows that one batch writes.
    pub batch_rows: usize,
    /// Longest time that an event waits for its batch.
    pub batch_wait: SignedDuration,
    /// Several Ringtrace processes share this Redis.
    pub several_processes: bool,
}

/// Kinds of warehouses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WarehouseKind {
    /// A DuckDB file in the data folder.
    Duckdb,
}

/// Log lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A `tracing` filter.
    pub filter: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// Limits against abuse; networks are IPv4 /32 and IPv6 /64.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Snippet requests a minute from one network.
    pub snippet_per_minute: u32,
    /// Snippet requests that one network may send at once.
    pub snippet_burst: u32,
    /// API requests a minute of one key.
    pub api_per_minute: u32,
    /// Largest snippet body in bytes.
    pub snippet_body: usize,
    /// Largest webhook body in bytes.
    pub webhook_body: usize,
    /// Largest API body in bytes.
    pub api_body: usize,
}

/// Delivery of postbacks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostbackDelivery {
    /// Longest wait for a connection.
    pub connect_timeout: SignedDuration,
    /// Longest wait for the whole answer.
    pub timeout: SignedDuration,
    /// First step of the back-off.
    pub retry_base: SignedDuration,
    /// Longest step of the back-off.
    pub retry_max: SignedDuration,
    /// Given up this long after the conversion.
    pub give_up_after: SignedDuration,
    /// Deliveries to one destination at a time.
    pub per_destination: usize,
    /// How long settled postbacks and the dead set are kept.
    pub keep: SignedDuration,
    /// Whether URLs may lead to private, loopback or link-local addresses.
    pub allow_private_targets: bool,
}

/// One key of the API; only its hash is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Who uses it; shown in logs.
    pub name: String,
    /// SHA-256 of the key, hex, as `ringtrace key new` prints it.
    pub sha256: String,
    /// What it may do.
    pub scope: Scope,
    /// Sites it may see; empty: all.
    #[serde(default)]
    pub sites: Vec<SiteId>,
}

/// What a key may do; each scope may do what the ones before it may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Reads reports.
    Reader,
    /// Reads calls and exports too.
    Analyst,
    /// Changes outcomes, costs, postbacks.
    Manager,
    /// Changes pools and everything else.
    Admin,
}

/// One web property.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// Numbers on the pages that get replaced.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// Pools of numbers.
    #[serde(default)]
    pub pools: Vec<Pool>,
    /// Numbers bound to one source.
    #[serde(default)]
    pub static_numbers: Vec<StaticNumber>,
    /// The telephony providers whose webhooks are accepted.
    #[serde(default)]
    pub telephony: Telephony,
    /// When a call is a conversion.
    #[serde(default)]
    pub conversions: Vec<ConversionRule>,
    /// Where conversions are delivered.
    #[serde(default)]
    pub destinations: Vec<Destination>,
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// The number as the pages show it.
    pub number: PhoneNumber,
    /// The pool that replaces it.
    pub pool: PoolId,
}

/// Numbers with one set of rules.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its id.
    pub id: PoolId,
    /// Its numbers.
    pub numbers: Vec<PhoneNumber>,
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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

/// The telephony providers of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telephony {
    /// Twilio.
    pub twilio: Option<Twilio>,
    /// Everything that can sign JSON.
    pub generic: Option<Generic>,
}

/// Twilio.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twilio {
    /// Auth token of the account that owns the numbers.
    #[serde(default)]
    pub auth_token: Secret,
    /// File that holds it instead.
    #[serde(default)]
    pub auth_token_file: Option<PathBuf>,
    /// The previous or next token while it is being rotated.
    #[serde(default)]
    pub second_auth_token: Secret,
    /// File that holds it instead.
    #[serde(default)]
    pub second_auth_token_file: Option<PathBuf>,
}

/// The generic signed JSON provider (Standard Webhooks signature).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generic {
    /// `whsec_…`
    #[serde(default)]
    pub secret: Secret,
    /// File that holds it instead.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
}

/// When a call is a conversion, and who hears of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversionRule {
    /// Its name, e.g. `qualified_call`.
    pub name: String,
    /// What must be true; all that is given.
    #[serde(default)]
    pub when: ConversionCondition,
    /// Its value as a decimal, in the site's currency.
    #[serde(default)]
    pub value: Option<String>,
    /// Destinations that hear of it.
    pub destinations: Vec<DestinationId>,
}

/// Conditions on a call that is over; what is not given does not matter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConversionCondition {
    /// A person answered (`true`) or not (`false`).
    pub answered: Option<bool>,
    /// Least seconds talked.
    pub min_talk_s: Option<u32>,
    /// First call of this caller (`true`) or a repeat call (`false`).
    pub first_time: Option<bool>,
    /// One of these sources.
    pub sources: Vec<String>,
    /// One of these media.
    pub media: Vec<String>,
    /// Least probability of the attribution.
    pub min_confidence: Option<f64>,
}

/// Where conversions are delivered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Its id.
    pub id: DestinationId,
    /// What it is.
    #[serde(flatten)]
    pub kind: DestinationKind,
}

/// Kinds of destinations.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum DestinationKind {
    /// A URL with macros such as `{gclid}`.
    Url {
        /// The template.
        url: String,
        /// `GET` or `POST`.
        #[serde(default)]
        method: UrlMethod,
        /// Macros that must have a value; without one the postback is skipped.
        #[serde(default)]
        require: Vec<String>,
        /// Secret for the parameter `sig` = hex HMAC-SHA256 over path and query; empty: none.
        #[serde(default)]
        hmac_secret: Secret,
        /// File that holds it instead.
        #[serde(default)]
        hmac_secret_file: Option<PathBuf>,
    },
    /// JSON with a Standard Webhooks signature.
    Webhook {
        /// Where to.
        url: String,
        /// `whsec_…`
        #[serde(default)]
        secret: Secret,
        /// File that holds it instead.
        #[serde(default)]
        secret_file: Option<PathBuf>,
        /// Headers that are sent along.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
}

/// Methods of URL destinations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UrlMethod {
    /// GET, as most networks want it.
    #[default]
    Get,
    /// POST with an empty body.
    Post,
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
fn max_sharers() -> u32 {
    4
}

impl Config {
    /// The site with this id.
    pub fn site(&self, id: &SiteId) -> Option<&Site> {
        self.sites.iter().find(|site| &site.id == id)
    }

    /// The site with this public key.
    pub fn site_by_key(&self, key: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.key == key)
    }
}

impl Site {
    /// Its name on screen.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }

    /// The pool with this id.
    pub fn pool(&self, id: &PoolId) -> Option<&Pool> {
        self.pools.iter().find(|pool| &pool.id == id)
    }

    /// The static number `number`, when it is one.
    pub fn static_number(&self, number: &PhoneNumber) -> Option<&StaticNumber> {
        self.static_numbers.iter().find(|entry| &entry.number == number)
    }
}
