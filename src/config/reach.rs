//! What only the world outside can tell of a configuration: does Redis answer, is the program
//! there, can the folder be written, are the databases sound, is the address free. Changes nothing.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use redis::InfoDict;
use tokio::process::Command;

use crate::config::complaint::{Complaint, Complaints};
use crate::config::model::{self, Config, RedisMode};
use crate::platform::keys::SLOTS;
use crate::platform::redis::{Deployment, Patience, Redis, StoreError};
use crate::platform::tls::client_builder;
use crate::visit::place::database::Database;

/// The oldest Redis whose commands Ringtrace uses.
const OLDEST_REDIS: (u32, u32) = (6, 2);

/// Longest wait for each answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Everything that `config` needs and cannot reach.
pub async fn reach(config: &Config) -> Vec<Complaint> {
    let mut out = Complaints::default();
    out.extend(redis(config).await);
    data_folder(&config.data_folder, &mut out);
    databases(&config.place.databases, &mut out);
    listen(config.server.listen, &mut out).await;
    out.into_vec()
}

/// What is wrong with the Redis of `config`, or with the program that would be started.
pub async fn redis(config: &Config) -> Vec<Complaint> {
    let mut out = Complaints::default();
    if config.redis.is_private() {
        redis_program(&config.redis.program, &mut out).await;
    } else {
        redis_servers(&config.redis, &mut out).await;
    }
    out.into_vec()
}

/// Asks every server that takes writes: of a cluster all masters, behind Sentinel the one that the
/// sentinels name.
async fn redis_servers(settings: &model::Redis, out: &mut Complaints) {
    let path = match settings.mode {
        RedisMode::Standalone => "redis.url",
        RedisMode::Sentinel | RedisMode::Cluster => "redis.nodes",
    };
    // A URL that is none is the business of the check.
    let Ok(place) = settings.place() else { return };
    let patience = Patience { response: PATIENCE, connection: PATIENCE, ..Patience::default() };
    let redis = Redis::over(&Deployment::new(place, patience));
    // Managed services refuse CONFIG GET; INFO tells the same.
    let mut asked = redis::pipe();
    asked.cmd("INFO");
    match redis.on_every_master::<(InfoDict,)>("INFO", &asked).await {
        Ok(masters) => {
            for (address, (info,)) in &masters {
                let mut server = Complaints::default();
                redis_settings(path, settings.mode, info, &mut server);
                let mut said = server.into_vec();
                if masters.len() > 1 {
                    for complaint in &mut said {
                        complaint.message = format!("{address}: {}", complaint.message);
                    }
                }
                out.extend(said);
            }
        }
        Err(StoreError::Unavailable(why)) => {
            out.error(path, format!("Redis cannot be used: {why}"));
        }
        Err(error) => out.error(path, format!("Redis cannot be used: {error}")),
    }
    if settings.mode == RedisMode::Cluster {
        cluster_state(&redis, out).await;
    }
}

async fn cluster_state(redis: &Redis, out: &mut Complaints) {
    let mut asked = redis::pipe();
    asked.cmd("CLUSTER").arg("INFO");
    let Ok(masters) = redis.on_every_master::<(InfoDict,)>("CLUSTER INFO", &asked).await else {
        return;
    };
    for (address, (info,)) in masters {
        let state: String = info.get("cluster_state").unwrap_or_default();
        let assigned: u16 = info.get("cluster_slots_assigned").unwrap_or_default();
        if state != "ok" || assigned != SLOTS {
            let message =
                format!("{address} says: cluster {state}, {assigned} of {SLOTS} slots assigned");
            out.warning("redis.nodes", message);
        }
    }
}

fn redis_settings(path: &str, mode: RedisMode, info: &InfoDict, out: &mut Complaints) {
    let word = |key: &str| info.get::<String>(key).unwrap_or_default();
    if word("redis_mode") == "sentinel" {
        out.error(
            "redis.mode",
            "this is a sentinel: set mode = \"sentinel\", and its URL in redis.nodes",
        );
        return;
    }
    if word("cluster_enabled") == "1" && mode != RedisMode::Cluster {
        out.error("redis.mode", "this is a node of a Redis Cluster: set mode = \"cluster\"");
    }
    if word("role") == "slave" {
        out.error(path, "this is a replica, which takes no writes");
    }
    old_version(path, &word("redis_version"), out);
    if word("aof_enabled") != "1" {
        out.warning(path, "appendonly is off: a restart of Redis forgets leases and calls");
    }
    let policy = word("maxmemory_policy");
    if !policy.is_empty() && policy != "noeviction" {
        let message =
            format!("maxmemory-policy is {policy}: a full Redis throws calls away; use noeviction");
        out.warning(path, message);
    }
}

fn old_version(path: &str, version: &str, out: &mut Complaints) {
    match parse_version(version) {
        Some(found) if found >= OLDEST_REDIS => {}
        Some(_) => out.error(path, format!("Redis {version} is too old; 6.2 or newer is needed")),
        None => out.warning(path, "it does not say which version of Redis it is"),
    }
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

async fn redis_program(program: &str, out: &mut Complaints) {
    let path = "redis.program";
    let asked = Command::new(program).arg("--version").kill_on_drop(true).output();
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(output)) => {
            // "Redis server v=7.0.15 sha=00000000:0 …"
            let text = String::from_utf8_lossy(&output.stdout);
            let version = text.split_whitespace().find_map(|word| word.strip_prefix("v="));
            old_version(path, version.unwrap_or_default(), out);
        }
        Ok(Err(error)) => out.error(
            path,
            format!("cannot run `{program}`: {error}; install redis-server (6.2 or newer) or set redis.url"),
        ),
        Err(_) => out.error(path, format!("`{program} --version` does not end")),
    }
}

/// Tries the folder, or when it is not there yet the nearest one above, where it would be made.
fn data_folder(folder: &Path, out: &mut Complaints) {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let Some(nearest) = folder.ancestors().find(|ancestor| ancestor.exists()) else {
        out.error("data_folder", format!("{} cannot be made", folder.display()));
        return;
    };
    let probe = nearest.join(format!(".ringtrace-check-{}", std::process::id()));
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&probe);
    if let Err(error) = written {
        let message = format!("{} cannot be written: {error}", nearest.display());
        out.error("data_folder", message);
    } else if let Err(error) = std::fs::remove_file(&probe) {
        let message = format!("nothing can be removed from {}: {error}", nearest.display());
        out.error("data_folder", message);
    }
}

/// Opens every database of places as the service would.
fn databases(paths: &[PathBuf], out: &mut Complaints) {
    let scratch = std::env::temp_dir();
    for (i, path) in paths.iter().enumerate() {
        if let Err(error) = Database::open(path, &scratch) {
            out.error(format!("place.databases[{i}]"), error.to_string());
        }
    }
}

async fn listen(address: SocketAddr, out: &mut Complaints) {
    let path = "server.listen";
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if !is_healthy(address).await {
                out.error(path, format!("another program listens on {address}"));
            }
        }
        Err(error) => out.error(path, format!("cannot listen on {address}: {error}")),
    }
}

/// Whether what listens on `address` answers as a running Ringtrace does.
async fn is_healthy(address: SocketAddr) -> bool {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let Ok(client) = client_builder().timeout(PATIENCE).no_proxy().build() else {
        return false;
    };
    let asked = client.get(format!("http://{reachable}/healthz")).send().await;
    asked.is_ok_and(|answer| answer.status().is_success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse_version("7.0.15"), Some((7, 0)));
        assert!(parse_version("10.0.1") > Some(OLDEST_REDIS));
        assert!(parse_version("6.0.16") < Some(OLDEST_REDIS));
        assert_eq!(parse_version("unstable"), None);
    }
}
