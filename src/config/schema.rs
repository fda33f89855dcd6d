//! Which keys a configuration may have, and what each may hold: the data behind "unknown key, did
//! you mean …" and "expected …".
//!
//! `serde` stops at its first error and cannot refuse unknown keys next to `flatten`; this table
//! lets all complaints be told at once. A test holds it against the model, so that they cannot
//! drift apart. Where calls go stands in [`routing`].

mod access;
mod alerts;
mod conversion;
mod privacy;
mod routing;
mod telephony;

use std::net::SocketAddr;

use figment::value::Value;
use ipnet::IpNet;
use jiff::SignedDuration;
use serde::de::DeserializeOwned;

use crate::config::model::{
    Capability, ConsentDefault, KeepIp, Mode, Overflow, RedisMode, Storage, VisitField,
    WarehouseKind,
};
use crate::platform::ids::SiteId;
use crate::platform::phone::PhoneNumber;
use crate::platform::telemetry::LogFormat;
use crate::platform::vanity::Vanity;
use conversion::{CONVERSION, DESTINATION};
use routing::{ROUTING, SPAM};

/// What a value may be.
pub enum Shape {
    /// One value.
    Leaf(Leaf),
    /// The path of a file that is read; a relative one belongs to the folder of the file that names
    /// it.
    File,
    /// A text that is never shown. As a key of a table it may also be read from the file that the
    /// key with `_file` at its end names.
    Secret,
    /// A table with these keys.
    Table(&'static [Key]),
    /// A list of such values.
    List(&'static Shape),
    /// A table with these keys, or a list of such tables.
    Tables(&'static [Key]),
    /// A table with any keys and such values.
    Map(&'static Shape),
    /// A table whose keys depend on the word under `kind`.
    Kinds {
        /// Keys that all kinds have.
        common: &'static [Key],
        /// The kinds with their own keys.
        kinds: &'static [(&'static str, &'static [Key])],
    },
}

/// What one value may be.
pub struct Leaf {
    /// What was expected, in words that end "expected …".
    pub expected: &'static str,
    /// Whether a value can be read as it.
    pub fits: fn(&Value) -> bool,
    /// Whether it is written in quotes: an environment variable is then taken as it stands.
    pub textual: bool,
}

/// A key of a table.
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given.
    pub needed: bool,
    /// What it may hold.
    pub shape: Shape,
}

/// At the end of the name of a key that names the file with a secret.
pub const FILE_SUFFIX: &str = "_file";

impl Key {
    /// Whether `name` is this key, or the key that names its file.
    pub fn answers_to(&self, name: &str) -> bool {
        let file_of = || name.strip_suffix(FILE_SUFFIX) == Some(self.name);
        name == self.name || (matches!(self.shape, Shape::Secret) && file_of())
    }
}

/// What the key under `path` (names from the top) may hold; lists are not entered.
pub fn find<'a>(path: impl IntoIterator<Item = &'a str>) -> Option<&'static Shape> {
    path.into_iter().try_fold(&CONFIG, |shape, name| {
        let Shape::Table(keys) = shape else { return None };
        let key = keys.iter().find(|key| key.answers_to(name))?;
        Some(&key.shape)
    })
}

pub(super) fn fits<T: DeserializeOwned>(value: &Value) -> bool {
    value.deserialize::<T>().is_ok()
}

pub(super) const fn quoted<T: DeserializeOwned>(expected: &'static str) -> Shape {
    Shape::Leaf(Leaf { expected, fits: fits::<T>, textual: true })
}

pub(super) const fn bare<T: DeserializeOwned>(expected: &'static str) -> Shape {
    Shape::Leaf(Leaf { expected, fits: fits::<T>, textual: false })
}

pub(super) const fn key(name: &'static str, shape: Shape) -> Key {
    Key { name, needed: false, shape }
}

pub(super) const fn needed(name: &'static str, shape: Shape) -> Key {
    Key { name, needed: true, shape }
}

pub(super) const TEXT: Shape = quoted::<String>("a text in quotes");
pub(super) const ID: Shape = quoted::<SiteId>("1 to 64 letters, digits, '-' or '_'");
pub(super) const NUMBER: Shape =
    quoted::<PhoneNumber>("a phone number in E.164 (\"+\" and 7 to 15 digits, e.g. +14155550100)");
pub(super) const DURATION: Shape =
    quoted::<SignedDuration>("a duration such as \"90s\", \"15m\" or \"720h\"");
const ADDRESS: Shape = quoted::<SocketAddr>("an address and port such as \"127.0.0.1:8080\"");
const NETWORK: Shape = quoted::<IpNet>("a network such as \"10.0.0.0/8\"");
pub(super) const FLAG: Shape = bare::<bool>("true or false");
pub(super) const COUNT: Shape = bare::<u32>("a whole number that is not negative");
const SHARDS: Shape = bare::<u16>("a whole number from 1 to 256");
pub(super) const PROBABILITY: Shape = bare::<f64>("a number from 0 to 1");

/// A whole configuration.
pub static CONFIG: Shape = Shape::Table(&[
    needed("data_folder", TEXT),
    needed("server", Shape::Table(SERVER)),
    needed("redis", Shape::Table(REDIS)),
    needed("warehouse", Shape::Table(WAREHOUSE)),
    needed("log", Shape::Table(LOG)),
    needed("telemetry", Shape::Table(TELEMETRY)),
    needed("limits", Shape::Table(LIMITS)),
    needed("access", Shape::Table(access::ACCESS)),
    needed("audit", Shape::Table(access::AUDIT)),
    needed("place", Shape::Table(PLACE)),
    needed("bots", Shape::Table(BOTS)),
    needed("reports", Shape::Table(REPORTS)),
    needed("postback", Shape::Table(POSTBACK)),
    needed("providers", Shape::Table(PROVIDERS)),
    needed("mail", Shape::Table(alerts::MAIL)),
    needed("dashboard", Shape::Table(DASHBOARD)),
    key("api_keys", Shape::List(&Shape::Table(access::API_KEY))),
    key("sites", Shape::List(&Shape::Table(SITE))),
]);

const SERVER: &[Key] = &[
    needed("listen", ADDRESS),
    needed("public_url", TEXT),
    needed("workers", COUNT),
    needed("trusted_proxies", Shape::List(&NETWORK)),
    needed("shutdown_timeout", DURATION),
    needed("drain", DURATION),
];

const REDIS: &[Key] = &[
    needed("mode", quoted::<RedisMode>("\"standalone\", \"sentinel\" or \"cluster\"")),
    needed("url", Shape::Secret),
    needed("nodes", Shape::List(&Shape::Secret)),
    needed("sentinel_master", TEXT),
    needed("username", TEXT),
    needed("password", Shape::Secret),
    needed("program", TEXT),
    needed("shards", SHARDS),
    needed("response_timeout", DURATION),
    needed("connection_timeout", DURATION),
];

const WAREHOUSE: &[Key] = &[
    needed("kind", quoted::<WarehouseKind>("\"duckdb\" or \"clickhouse\"")),
    needed("threads", COUNT),
    needed("memory_mb", COUNT),
    needed("batch_rows", COUNT),
    needed("batch_wait", DURATION),
    needed("several_processes", FLAG),
    needed("url", TEXT),
    needed("database", TEXT),
    needed("user", TEXT),
    needed("password", Shape::Secret),
    needed("cluster", TEXT),
    needed("replicated", FLAG),
    needed("distributed", FLAG),
];

const LOG: &[Key] =
    &[needed("filter", TEXT), needed("format", quoted::<LogFormat>("\"text\" or \"json\""))];

const TELEMETRY: &[Key] = &[
    needed("traces", TEXT),
    needed("authorization", Shape::Secret),
    needed("share", PROBABILITY),
    needed("service_name", TEXT),
];

const LIMITS: &[Key] = &[
    needed("snippet_per_minute", COUNT),
    needed("snippet_burst", COUNT),
    needed("sessions_per_minute", COUNT),
    needed("pool_share", PROBABILITY),
    needed("api_per_minute", COUNT),
    needed("unknown_keys_per_minute", COUNT),
    needed("snippet_body", COUNT),
    needed("webhook_body", COUNT),
    needed("api_body", COUNT),
    needed("live_clients", COUNT),
    needed("webhook_wait", DURATION),
];

const PLACE: &[Key] = &[needed("databases", Shape::List(&Shape::File))];
const BOTS: &[Key] = &[needed("data_centres", FLAG)];

const REPORTS: &[Key] = &[
    needed("service_level", DURATION),
    needed("short_abandon", DURATION),
    needed("resolution_window", DURATION),
    needed("time_limit", DURATION),
];

const POSTBACK: &[Key] = &[
    needed("connect_timeout", DURATION),
    needed("timeout", DURATION),
    needed("retry_base", DURATION),
    needed("retry_max", DURATION),
    needed("give_up_after", DURATION),
    needed("per_destination", COUNT),
    needed("keep", DURATION),
    needed("allow_private_targets", FLAG),
];

const PROVIDERS: &[Key] = &[
    needed("connect_timeout", DURATION),
    needed("timeout", DURATION),
    needed("reconcile", FLAG),
    needed("reconcile_every", DURATION),
    needed("reconcile_look_back", DURATION),
];

const DASHBOARD: &[Key] = &[needed("session", DURATION), needed("folder", TEXT)];

const SITE: &[Key] = &[
    needed("id", ID),
    key("name", TEXT),
    needed("key", TEXT),
    key("origins", Shape::List(&TEXT)),
    key("time_zone", TEXT),
    key("currency", TEXT),
    key("country", TEXT),
    needed("forward_to", NUMBER),
    key("ring_timeout", DURATION),
    key("consent", quoted::<ConsentDefault>("\"denied\" or \"granted\"")),
    key("session_timeout", DURATION),
    key("attribution_window", DURATION),
    key("look_back", DURATION),
    key("caller_look_back", DURATION),
    key("modes", Shape::Table(MODES)),
    key("snippet", Shape::Table(SNIPPET)),
    key("privacy", Shape::Table(privacy::PRIVACY)),
    key("retention", Shape::Table(privacy::RETENTION)),
    key("visits", Shape::Table(VISITS)),
    key("channels", Shape::List(&Shape::Table(CHANNEL))),
    key("targets", Shape::List(&Shape::Table(TARGET))),
    key("trackers", Shape::List(&Shape::Table(TRACKER))),
    key("pools", Shape::List(&Shape::Table(POOL))),
    key("static_numbers", Shape::List(&Shape::Table(STATIC_NUMBER))),
    key("numbers", Shape::List(&Shape::Table(NUMBER_ENTRY))),
    key("quarantine", DURATION),
    key("telephony", Shape::Table(telephony::TELEPHONY)),
    key("ad_headers", Shape::Table(AD_HEADERS)),
    key("routing", Shape::Table(ROUTING)),
    key("spam", Shape::Table(SPAM)),
    key("scoring", Shape::Table(SCORING)),
    key("conversions", Shape::List(&Shape::Table(CONVERSION))),
    key("destinations", Shape::List(&DESTINATION)),
    key("alerts", Shape::List(&alerts::ALERT)),
    key("schedules", Shape::List(&Shape::Table(alerts::SCHEDULE))),
];

const AD_HEADERS: &[Key] = &[
    key("source", TEXT),
    key("medium", TEXT),
    key("campaign", Shape::List(&TEXT)),
    key("campaign_id", Shape::List(&TEXT)),
    key("ad_group_id", Shape::List(&TEXT)),
    key("ad_id", Shape::List(&TEXT)),
    key("keyword", Shape::List(&TEXT)),
    key("click_id", Shape::List(&TEXT)),
    key("click_param", TEXT),
];

const MODE: Shape = quoted::<Mode>("\"full\", \"session\" or \"none\"");

const MODES: &[Key] = &[
    key("listed", MODE),
    key("countries", Shape::List(&TEXT)),
    key("elsewhere", MODE),
    key("unknown", MODE),
    key("denied", MODE),
];

const SNIPPET: &[Key] = &[
    key("lease_when", Shape::Table(&[key("visible", FLAG), key("after", DURATION)])),
    key("exclude", Shape::List(&TEXT)),
    key("attributes", Shape::List(&TEXT)),
    key("domains", Shape::List(&TEXT)),
    key("field", TEXT),
    key("storage", quoted::<Storage>("\"cookie\" or \"tab\"")),
    key("cookie_host", TEXT),
];

const VISITS: &[Key] = &[
    key("fragments", FLAG),
    key("own_domains", Shape::List(&TEXT)),
    key("ignored_referrers", Shape::List(&TEXT)),
    key("landing_pages", Shape::List(&TEXT)),
    key("click_ids", Shape::List(&Shape::Table(OWN_CLICK_ID))),
    key("keep_ip", quoted::<KeepIp>("\"none\" or \"truncated\"")),
];

const OWN_CLICK_ID: &[Key] = &[
    needed("name", TEXT),
    needed("source", TEXT),
    key("medium", TEXT),
    key("platform", TEXT),
    key("paid", FLAG),
];

const CHANNEL: &[Key] =
    &[needed("name", TEXT), needed("when", Shape::List(&Shape::Table(VISIT_CONDITION)))];

const VISIT_CONDITION: &[Key] = &[
    needed(
        "field",
        quoted::<VisitField>(
            "source, medium, campaign, campaign_id, term, content, source_platform, channel, \
             click_platform, click_id, referrer_host, landing_host, landing_page, parameter, url, \
             country, region or city",
        ),
    ),
    key("name", TEXT),
    key("is", Shape::List(&TEXT)),
    key("prefix", Shape::List(&TEXT)),
    key("suffix", Shape::List(&TEXT)),
    key("contains", Shape::List(&TEXT)),
    key("regex", Shape::List(&TEXT)),
    key("not", FLAG),
];

const TRACKER: &[Key] = &[
    needed("target", ID),
    key("pool", ID),
    key("number", NUMBER),
    key("when", Shape::List(&Shape::Table(VISIT_CONDITION))),
];

const TARGET: &[Key] = &[
    needed("id", ID),
    needed("number", NUMBER),
    needed("pool", ID),
    key("written", Shape::List(&TEXT)),
];

const POOL: &[Key] = &[
    needed("id", ID),
    key("numbers", Shape::List(&NUMBER)),
    key("match_area", FLAG),
    key("hold", DURATION),
    key("linger", DURATION),
    key("rest", DURATION),
    key("pin", DURATION),
    key("overflow", Shape::List(&quoted::<Overflow>("\"shared\" or \"source\""))),
    key("max_sharers", COUNT),
    key("overflow_target", PROBABILITY),
    key("monthly_cost", bare::<f64>("an amount such as 1.15")),
];

const STATIC_NUMBER: &[Key] =
    &[needed("number", NUMBER), needed("source", TEXT), key("medium", TEXT), key("campaign", TEXT)];

const NUMBER_ENTRY: &[Key] = &[
    needed("number", NUMBER),
    key("vanity", quoted::<Vanity>("a number with letters such as \"844-PHONEXA\"")),
    key("capabilities", Shape::List(&quoted::<Capability>("\"sms\" or \"whatsapp\""))),
    key("forward_to", NUMBER),
];

const SCORING: &[Key] =
    &[key("qualified_from", COUNT), key("rules", Shape::List(&Shape::Table(SCORE_RULE)))];

const SCORE_RULE: &[Key] = &[
    needed("points", bare::<i32>("a whole number, also a negative one")),
    key("when", Shape::Table(SCORE_CONDITION)),
];

const SCORE_CONDITION: &[Key] = &[
    key("answered", FLAG),
    key("min_talk_s", COUNT),
    key("max_talk_s", COUNT),
    key("first_time", FLAG),
    key("keys", Shape::List(&TEXT)),
    key("dispositions", Shape::List(&TEXT)),
    key("sources", Shape::List(&TEXT)),
    key("media", Shape::List(&TEXT)),
];
