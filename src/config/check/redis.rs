//! `[redis]`: one server, the master behind Sentinel, or a cluster.

use jiff::SignedDuration;
use url::Url;

use super::{at_most, positive};
use crate::config::complaint::Complaints;
use crate::config::model::{Redis, RedisMode};
/// How Redis is run, and where.
pub(super) fn check(redis: &Redis, out: &mut Complaints) {
    match redis.mode {
        RedisMode::Standalone => one_server(redis, out),
        RedisMode::Sentinel | RedisMode::Cluster => many_servers(redis, out),
    }
    if !(1..=256).contains(&redis.shards) {
        out.error("redis.shards", format!("{} is not from 1 to 256", redis.shards));
    }
    // A page or a call waits this long before it gets its fallback.
    let second = SignedDuration::from_secs(1);
    for (path, timeout) in [
        ("redis.response_timeout", redis.response_timeout),
        ("redis.connection_timeout", redis.connection_timeout),
    ] {
        positive(path, timeout, out);
        at_most(path, timeout, second, out);
    }
}

fn one_server(redis: &Redis, out: &mut Complaints) {
    if redis.url.is_empty() {
        if redis.program.is_empty() {
            out.error("redis.program", "without redis.url a program to start is needed");
        }
    } else if redis.place().is_err() {
        out.error(
            "redis.url",
            "expected redis://host:6379/0, rediss://host:6380/0 or unix:///path/to/socket",
        );
    }
    if !redis.nodes.is_empty() || !redis.sentinel_master.is_empty() {
        out.error("redis.mode", "nodes and sentinel_master belong to mode sentinel or cluster");
    }
    if !redis.username.is_empty() || !redis.password.is_empty() {
        let message = "of one server, they stand in the URL: redis://user:password@host:6379/0";
        out.error("redis.password", message);
    }
}

fn many_servers(redis: &Redis, out: &mut Complaints) {
    if !redis.url.is_empty() {
        out.error("redis.url", "belongs to mode standalone; this mode has redis.nodes");
    }
    if redis.nodes.is_empty() {
        out.error("redis.nodes", "at least one URL such as redis://10.0.0.1:6379 is needed");
    }
    let mut tls = Vec::new();
    for (i, node) in redis.nodes.iter().enumerate() {
        let url = Url::parse(node.reveal()).ok();
        let url = url.filter(|url| matches!(url.scheme(), "redis" | "rediss") && url.has_host());
        match url {
            None => out.error(
                format!("redis.nodes[{i}]"),
                "expected redis://host:port or rediss://host:port",
            ),
            Some(url) if !matches!(url.path(), "" | "/" | "/0") => {
                out.error(format!("redis.nodes[{i}]"), "only database 0 is used here; leave it out")
            }
            Some(url) => tls.push(url.scheme() == "rediss"),
        }
    }
    if tls.windows(2).any(|pair| pair[0] != pair[1]) {
        out.error("redis.nodes", "all or none of them use TLS (rediss://)");
    }
    if !redis.username.is_empty() && redis.password.is_empty() {
        out.error("redis.password", "redis.username needs one");
    }
    match (redis.mode, redis.sentinel_master.is_empty()) {
        (RedisMode::Sentinel, true) => {
            out.error("redis.sentinel_master", "what the sentinels call the master is needed");
        }
        (RedisMode::Cluster, false) => {
            out.error("redis.sentinel_master", "belongs to mode sentinel");
        }
        _ => {}
    }
    if redis.mode == RedisMode::Sentinel && (1..3).contains(&redis.nodes.len()) {
        out.warning("redis.nodes", "fewer than three sentinels cannot agree when one is gone");
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, all_are_said};
    use crate::config::model::RedisMode::{Cluster, Sentinel};
    use crate::platform::secret::Secret;

    fn nodes<const N: usize>(urls: [&str; N]) -> Vec<Secret> {
        urls.map(Secret::new).to_vec()
    }

    #[test]
    fn what_does_not_fit_the_mode_is_said() {
        const CASES: &[Case] = &[
            (
                "a cluster",
                |c| {
                    c.redis.mode = Cluster;
                    c.redis.nodes = nodes(["redis://10.0.0.1:6379", "redis://u:p@10.0.0.2/0"]);
                },
                &[],
            ),
            (
                "three sentinels with TLS",
                |c| {
                    c.redis.mode = Sentinel;
                    c.redis.sentinel_master = "main".to_owned();
                    c.redis.nodes = nodes(["rediss://a:26379", "rediss://b", "rediss://c"]);
                    c.redis.username = "ringtrace".to_owned();
                    c.redis.password = Secret::new("secret");
                },
                &[],
            ),
            (
                "a cluster without nodes, and with a URL",
                |c| {
                    c.redis.mode = Cluster;
                    c.redis.url = Secret::new("redis://10.0.0.1");
                },
                &["error redis.url", "error redis.nodes"],
            ),
            (
                "nodes of many kinds",
                |c| {
                    c.redis.mode = Cluster;
                    c.redis.sentinel_master = "main".to_owned();
                    c.redis.nodes =
                        nodes(["10.0.0.1:6379", "redis://a/3", "redis://b", "rediss://c"]);
                },
                &[
                    "error redis.nodes[0]",
                    "error redis.nodes[1]",
                    "error redis.nodes",
                    "error redis.sentinel_master",
                ],
            ),
            (
                "two sentinels of nobody",
                |c| {
                    c.redis.mode = Sentinel;
                    c.redis.nodes = nodes(["redis://a", "redis://b"]);
                    c.redis.username = "ringtrace".to_owned();
                },
                &["error redis.password", "error redis.sentinel_master", "warning redis.nodes"],
            ),
            (
                "one server with what belongs to many",
                |c| {
                    c.redis.nodes = nodes(["redis://a"]);
                    c.redis.password = Secret::new("secret");
                },
                &["error redis.mode", "error redis.password"],
            ),
        ];
        all_are_said(CASES);
    }
}
