//! The typed configuration. `config/ringtrace.toml` lists every key of an installation with its
//! default and one comment; it is compiled in and read first. `config/demo.toml` does the same for
//! a site. A key that is added here is added to [`crate::config::schema`] too; a test compares them.

mod access;
mod ad_headers;
mod alerts;
mod conversion;
mod number;
mod pages;
mod platform;
mod privacy;
mod routing;
mod scoring;
mod site;
mod spam;
mod telephony;
mod tracker;
mod visits;

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::platform::ids::SiteId;
use crate::platform::redis::place::{Login, Place};
use crate::platform::secret::Secret;
use crate::platform::telemetry::LogFormat;

pub use access::*;
pub use ad_headers::*;
pub use alerts::*;
pub use conversion::*;
pub use number::*;
pub use pages::*;
pub use platform::*;
pub use privacy::*;
pub use routing::*;
pub use scoring::*;
pub use site::*;
pub use spam::*;
pub use telephony::*;
pub use tracker::*;
pub use visits::*;

/// The whole configuration of one installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Traces for a collector.
    pub telemetry: Telemetry,
    /// Limits against abuse.
    pub limits: Limits,
    /// Who may use the API, besides `api_keys`.
    pub access: Access,
    /// What is kept of who changed and exported what.
    pub audit: Audit,
    /// Where visitors are.
    pub place: PlaceDatabases,
    /// Who counts as a program.
    pub bots: Bots,
    /// What reports count as in time, and how long they may take.
    pub reports: Reports,
    /// Delivery of postbacks.
    pub postback: PostbackDelivery,
    /// The APIs of telephony providers.
    pub providers: ProviderApis,
    /// How letters are sent.
    pub mail: Mail,
    /// The pages that people open.
    pub dashboard: Dashboard,
    /// Keys of the API.
    #[serde(default)]
    pub api_keys: Vec<ApiKey>,
    /// The sites.
    #[serde(default)]
    pub sites: Vec<Site>,
}

/// Traces for an OpenTelemetry collector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Where spans are sent (OTLP over HTTP); empty: nowhere.
    pub traces: String,
    /// The header `Authorization` of what is sent; empty: none.
    pub authorization: Secret,
    /// A file with `authorization`.
    pub authorization_file: Option<PathBuf>,
    /// Share of requests that are traced, 0 to 1.
    pub share: f64,
    /// How the collector knows this service.
    pub service_name: String,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// The address the world uses, without a trailing slash; signatures are checked against it.
    pub public_url: String,
    /// Worker threads; 0 = one per core.
    pub workers: usize,
    /// Proxies whose `Forwarded` or `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long requests in flight may take at shutdown.
    pub shutdown_timeout: SignedDuration,
    /// How long it goes on serving at shutdown while `/readyz` says that it ends.
    pub drain: SignedDuration,
}

/// Redis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// How Redis is run.
    pub mode: RedisMode,
    /// Of one server: `redis://…`, `rediss://…` or `unix://…`; empty: start a private
    /// `redis-server`.
    pub url: Secret,
    /// File that holds the URL instead.
    pub url_file: Option<PathBuf>,
    /// `redis://…` or `rediss://…` of some nodes of the cluster, or of the sentinels.
    pub nodes: Vec<Secret>,
    /// What the sentinels call the master.
    pub sentinel_master: String,
    /// The ACL user of Redis itself, for `nodes`; empty: the default user.
    pub username: String,
    /// Its password; empty: none.
    pub password: Secret,
    /// File that holds the password instead.
    pub password_file: Option<PathBuf>,
    /// The program that is started when there is no URL.
    pub program: String,
    /// Hash tags over which sites are spread; never change it on an installation with data.
    pub shards: u16,
    /// Longest wait for an answer on the hot paths.
    pub response_timeout: SignedDuration,
    /// Longest wait for a connection on the hot paths.
    pub connection_timeout: SignedDuration,
}

impl Redis {
    /// Whether Ringtrace starts and ends its own `redis-server`.
    pub fn is_private(&self) -> bool {
        self.mode == RedisMode::Standalone && self.url.is_empty()
    }

    /// Where it is, unless it is private. Fails when a URL is none.
    pub fn place(&self) -> redis::RedisResult<Place> {
        let nodes = self.nodes.iter().map(Secret::reveal);
        let login = Login { username: &self.username, password: self.password.reveal() };
        match self.mode {
            RedisMode::Standalone => Place::standalone(self.url.reveal()),
            RedisMode::Sentinel => Place::sentinel(nodes, &self.sentinel_master, login),
            RedisMode::Cluster => Place::cluster(nodes, login),
        }
    }
}

/// How Redis is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RedisMode {
    /// One server.
    Standalone,
    /// A master and its replicas, watched by sentinels.
    Sentinel,
    /// A Redis Cluster.
    Cluster,
}

/// Where facts go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warehouse {
    /// The kind of warehouse.
    pub kind: WarehouseKind,
    /// Threads of a report; 0 = one per core.
    pub threads: usize,
    /// Of DuckDB: most megabytes that it keeps in memory; 0 = four fifths of the machine's.
    pub memory_mb: usize,
    /// Most rows that one batch writes.
    pub batch_rows: usize,
    /// Longest time that an event waits for its batch.
    pub batch_wait: SignedDuration,
    /// Several Ringtrace processes share this Redis.
    pub several_processes: bool,
    /// Of ClickHouse: its HTTP interface.
    pub url: String,
    /// The database, which is made when it is not there.
    pub database: String,
    /// The user.
    pub user: String,
    /// Its password; empty: none.
    pub password: Secret,
    /// File that holds the password instead.
    pub password_file: Option<PathBuf>,
    /// The cluster on whose servers tables are made; empty: on the one server.
    pub cluster: String,
    /// Whether the cluster's replicas have copies of tables.
    pub replicated: bool,
    /// Whether each of the cluster's shards has the sites that fall to it.
    pub distributed: bool,
}

/// Kinds of warehouses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WarehouseKind {
    /// A DuckDB file in the data folder.
    Duckdb,
    /// A database in ClickHouse.
    Clickhouse,
}

/// Log lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A `tracing` filter.
    pub filter: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// Limits against abuse; networks are IPv4 /32 and IPv6 /64.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Snippet requests a minute from one network.
    pub snippet_per_minute: u32,
    /// Snippet requests that one network may send at once.
    pub snippet_burst: u32,
    /// Sessions a minute that may begin on one site from one network, IPv4 /24 or IPv6 /48.
    pub sessions_per_minute: u32,
    /// Share of a pool's numbers that one such network may hold, above 0 to 1.
    pub pool_share: f64,
    /// API requests a minute of one key.
    pub api_per_minute: u32,
    /// API requests a minute without a known key from one network.
    pub unknown_keys_per_minute: u32,
    /// Largest snippet body in bytes.
    pub snippet_body: usize,
    /// Largest webhook body in bytes.
    pub webhook_body: usize,
    /// Largest API body in bytes.
    pub api_body: usize,
    /// Most clients of `/v1/live` at a time.
    pub live_clients: usize,
    /// Longest that the answer to a webhook waits for Redis, all questions together.
    pub webhook_wait: SignedDuration,
}

/// Where visitors are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceDatabases {
    /// Files in the MaxMind DB format; of every field the first that knows it counts.
    pub databases: Vec<PathBuf>,
}

/// Who counts as a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bots {
    /// Whether browsers in the networks of `config/data_centres.toml` do; needs an ASN database.
    pub data_centres: bool,
}

/// What reports count as in time, and how long they may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reports {
    /// A call that is answered within this is answered in time.
    pub service_level: SignedDuration,
    /// A caller who gives up within this is not counted as having given up.
    pub short_abandon: SignedDuration,
    /// A matter is settled when its caller does not call again within this.
    pub resolution_window: SignedDuration,
    /// Longest that one question may take.
    pub time_limit: SignedDuration,
}

/// Delivery of postbacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// The APIs of telephony providers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderApis {
    /// Longest wait for a connection.
    pub connect_timeout: SignedDuration,
    /// Longest wait for a whole answer.
    pub timeout: SignedDuration,
    /// Whether calls that no webhook told of are looked for in the providers' lists.
    pub reconcile: bool,
    /// How often.
    pub reconcile_every: SignedDuration,
    /// How far the first look goes back.
    pub reconcile_look_back: SignedDuration,
}

/// The pages that people open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// How long somebody stays signed in.
    pub session: SignedDuration,
    /// Folder from which the pages are read with every request, to work on them; empty: they are those in the program.
    pub folder: PathBuf,
}

/// One key of the API; only its hash is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// From when on it is refused; absent: never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
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

impl Scope {
    /// Its word in configurations, documents and answers.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Reader => "reader",
            Scope::Analyst => "analyst",
            Scope::Manager => "manager",
            Scope::Admin => "admin",
        }
    }
}

impl Config {
    /// The file with the keys that `ringtrace key` makes.
    pub fn keys_file(&self) -> PathBuf {
        let beside_data = || self.data_folder.join("api-keys.json");
        self.access.keys_file.clone().unwrap_or_else(beside_data)
    }

    /// The site with this id.
    pub fn site(&self, id: &SiteId) -> Option<&Site> {
        self.sites.iter().find(|site| &site.id == id)
    }

    /// The site with this public key.
    pub fn site_by_key(&self, key: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.key == key)
    }
}
