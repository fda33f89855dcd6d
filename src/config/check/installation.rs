//! Sections that an installation has once: server, warehouse, limits, delivery.

use std::net::IpAddr;

use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::{at_most, positive, unique};
use crate::config;
use crate::config::complaint::Complaints;
use crate::config::model::{
    Config, Dashboard, Limits, PlaceDatabases, PostbackDelivery, Reports, Server, Telemetry,
    WarehouseKind,
};

/// Most bytes that a body limit may allow.
const LARGEST_BODY: usize = 64 << 20;

/// Longest that a webhook may wait for Redis: SignalWire gives an answer 5 s in all (telephony facts §3).
const LONGEST_WEBHOOK_WAIT: SignedDuration = SignedDuration::from_secs(4);

/// Least and most megabytes that DuckDB may be given: a batch must fit, and more than 16 TB is a slip of the pen.
const LEAST_MEMORY_MB: usize = 256;
const MOST_MEMORY_MB: usize = 16 << 20;

/// Longest that somebody stays signed in: a cookie cannot be called back before.
const LONGEST_SESSION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Most databases of places.
const MOST_DATABASES: usize = 8;

pub(super) fn check(config: &Config, out: &mut Complaints) {
    if config.data_folder.as_os_str().is_empty() {
        out.error("data_folder", "it is empty");
    }
    server(&config.server, out);
    super::redis::check(&config.redis, out);
    warehouse(config, out);
    if EnvFilter::try_new(&config.log.filter).is_err() {
        out.error("log.filter", "expected a filter such as \"info\" or \"ringtrace=debug,warn\"");
    }
    telemetry(&config.telemetry, out);
    limits(&config.limits, out);
    place(&config.place, out);
    reports(&config.reports, out);
    delivery(&config.postback, out);
    dashboard(&config.dashboard, out);
}

fn telemetry(telemetry: &Telemetry, out: &mut Complaints) {
    let is_address = Url::parse(&telemetry.traces)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !telemetry.traces.is_empty() && !is_address {
        let expected = "expected an address such as \"http://127.0.0.1:4318/v1/traces\", or \"\"";
        out.error("telemetry.traces", expected);
    }
    let authorization = telemetry.authorization.reveal();
    if reqwest::header::HeaderValue::from_str(authorization).is_err() {
        out.error("telemetry.authorization", "it cannot be a header");
    }
    if telemetry.service_name.is_empty() {
        out.error("telemetry.service_name", "it is empty");
    }
}

fn dashboard(dashboard: &Dashboard, out: &mut Complaints) {
    positive("dashboard.session", dashboard.session, out);
    at_most("dashboard.session", dashboard.session, LONGEST_SESSION, out);
    let folder = &dashboard.folder;
    if !folder.as_os_str().is_empty() && !folder.join("page/index.html").is_file() {
        out.error("dashboard.folder", "expected a folder with `page/index.html` in it, or \"\"");
    }
}

fn server(server: &Server, out: &mut Complaints) {
    match Url::parse(&server.public_url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            let origin = url.origin().ascii_serialization();
            if origin != server.public_url {
                let message =
                    format!("no path, query or slash at the end belongs here; write `{origin}`");
                out.error("server.public_url", message);
            } else if url.scheme() == "http" && !is_loopback(&url) {
                out.warning(
                    "server.public_url",
                    "browsers refuse http from an https page, and providers expect https",
                );
            }
        }
        _ => out.error(
            "server.public_url",
            "expected an address such as \"https://calls.example.com\"",
        ),
    }
    if server.workers > 1024 {
        out.error("server.workers", "at most 1024");
    }
    for (i, network) in server.trusted_proxies.iter().enumerate() {
        if network.prefix_len() == 0 {
            out.warning(
                format!("server.trusted_proxies[{i}]"),
                "everybody may say where a request came from",
            );
        }
    }
    positive("server.shutdown_timeout", server.shutdown_timeout, out);
    at_most("server.shutdown_timeout", server.shutdown_timeout, SignedDuration::from_mins(10), out);
    if server.drain < SignedDuration::ZERO {
        out.error("server.drain", "it must not be below 0 s");
    }
    at_most("server.drain", server.drain, SignedDuration::from_mins(10), out);
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn warehouse(config: &Config, out: &mut Complaints) {
    let warehouse = &config.warehouse;
    if warehouse.several_processes {
        match warehouse.kind {
            WarehouseKind::Duckdb => out.error(
                "warehouse.several_processes",
                "a DuckDB file belongs to one process; several cannot share it",
            ),
            WarehouseKind::Clickhouse => {}
        }
        if config.redis.is_private() {
            out.error(
                "warehouse.several_processes",
                "several processes need a Redis that they share; set redis.url",
            );
        }
    }
    if warehouse.kind == WarehouseKind::Clickhouse {
        clickhouse(warehouse, out);
    } else if !warehouse.url.is_empty() {
        out.error("warehouse.url", "it is of ClickHouse: set warehouse.kind = \"clickhouse\"");
    }
    if warehouse.threads > 1024 {
        out.error("warehouse.threads", "at most 1024");
    }
    let memory = LEAST_MEMORY_MB..=MOST_MEMORY_MB;
    if warehouse.memory_mb != 0 && !memory.contains(&warehouse.memory_mb) {
        let range = format!("expected 0, or {LEAST_MEMORY_MB} to {MOST_MEMORY_MB}");
        out.error("warehouse.memory_mb", range);
    }
    if !(1..=1_000_000).contains(&warehouse.batch_rows) {
        out.error("warehouse.batch_rows", "expected 1 to 1000000");
    }
    positive("warehouse.batch_wait", warehouse.batch_wait, out);
    at_most("warehouse.batch_wait", warehouse.batch_wait, SignedDuration::from_mins(1), out);
}

/// Names stand in statements as they are, so they are plain ones.
fn clickhouse(warehouse: &config::model::Warehouse, out: &mut Complaints) {
    let url = url::Url::parse(&warehouse.url).ok();
    let is_plain = |url: &url::Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    if !url.as_ref().is_some_and(is_plain) {
        out.error(
            "warehouse.url",
            "expected http://host:8123/ or https://host:8443/, with user and password in keys of their own",
        );
    }
    let is_name = |name: &str| {
        name.len() <= 100
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    if !is_name(&warehouse.database) {
        out.error("warehouse.database", "expected letters, digits and underscores");
    }
    if warehouse.user.is_empty() || !warehouse.user.is_ascii() {
        out.error("warehouse.user", "expected the name of a user; ClickHouse's own is \"default\"");
    }
    if warehouse.cluster.is_empty() {
        for (path, set) in [
            ("warehouse.replicated", warehouse.replicated),
            ("warehouse.distributed", warehouse.distributed),
        ] {
            if set {
                out.error(path, "it needs the name of the cluster: set warehouse.cluster");
            }
        }
    } else if !is_name(&warehouse.cluster) {
        out.error("warehouse.cluster", "expected letters, digits and underscores");
    }
}

fn limits(limits: &Limits, out: &mut Complaints) {
    for (name, value) in [
        ("snippet_per_minute", limits.snippet_per_minute),
        ("snippet_burst", limits.snippet_burst),
        ("api_per_minute", limits.api_per_minute),
        ("sessions_per_minute", limits.sessions_per_minute),
    ] {
        if value == 0 {
            out.error(format!("limits.{name}"), "0 would refuse everything");
        }
    }
    if !(limits.pool_share > 0.0 && limits.pool_share <= 1.0) {
        out.error("limits.pool_share", "expected a share above 0, at most 1");
    }
    if !(1..=10_000).contains(&limits.live_clients) {
        out.error("limits.live_clients", "expected 1 to 10000");
    }
    positive("limits.webhook_wait", limits.webhook_wait, out);
    at_most("limits.webhook_wait", limits.webhook_wait, LONGEST_WEBHOOK_WAIT, out);
    for (name, value) in [
        ("snippet_body", limits.snippet_body),
        ("webhook_body", limits.webhook_body),
        ("api_body", limits.api_body),
    ] {
        if !(1..=LARGEST_BODY).contains(&value) {
            out.error(format!("limits.{name}"), format!("expected 1 to {LARGEST_BODY} bytes"));
        }
    }
}

fn place(place: &PlaceDatabases, out: &mut Complaints) {
    if place.databases.len() > MOST_DATABASES {
        let message = format!("at most {MOST_DATABASES}; each is asked about every visit");
        out.error("place.databases", message);
    }
    let paths: Vec<String> =
        place.databases.iter().map(|path| path.display().to_string()).collect();
    let paths = paths.iter().enumerate();
    let paths = paths.map(|(i, path)| (format!("place.databases[{i}]"), path.as_str()));
    unique("database", paths, out);
}

fn reports(reports: &Reports, out: &mut Complaints) {
    positive("reports.service_level", reports.service_level, out);
    positive("reports.resolution_window", reports.resolution_window, out);
    positive("reports.time_limit", reports.time_limit, out);
    if reports.short_abandon < SignedDuration::ZERO {
        out.error("reports.short_abandon", "it must not be below 0 s");
    }
    at_most("reports.service_level", reports.service_level, SignedDuration::from_hours(1), out);
    at_most("reports.short_abandon", reports.short_abandon, SignedDuration::from_hours(1), out);
    at_most("reports.time_limit", reports.time_limit, SignedDuration::from_mins(10), out);
    let longest = SignedDuration::from_hours(400 * 24);
    at_most("reports.resolution_window", reports.resolution_window, longest, out);
}

fn delivery(delivery: &PostbackDelivery, out: &mut Complaints) {
    for (name, duration) in [
        ("connect_timeout", delivery.connect_timeout),
        ("timeout", delivery.timeout),
        ("retry_base", delivery.retry_base),
        ("retry_max", delivery.retry_max),
        ("give_up_after", delivery.give_up_after),
        ("keep", delivery.keep),
    ] {
        positive(&format!("postback.{name}"), duration, out);
    }
    at_most("postback.timeout", delivery.timeout, SignedDuration::from_mins(5), out);
    if delivery.connect_timeout > delivery.timeout {
        out.error("postback.connect_timeout", "it is longer than postback.timeout, the whole");
    }
    if delivery.retry_max < delivery.retry_base {
        out.error("postback.retry_max", "it is shorter than postback.retry_base, the first step");
    }
    if delivery.give_up_after < delivery.retry_base {
        out.error("postback.give_up_after", "it ends before postback.retry_base, the first retry");
    }
    if delivery.keep < delivery.give_up_after {
        out.warning(
            "postback.keep",
            "it is shorter than postback.give_up_after; the log forgets some while others still wait",
        );
    }
    if !(1..=1024).contains(&delivery.per_destination) {
        out.error("postback.per_destination", "expected 1 to 1024");
    }
}

pub(super) fn listens_locally(config: &Config) -> bool {
    match config.server.listen.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    }
}
