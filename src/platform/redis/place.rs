//! Where Redis is, as configured: one server, the master behind Sentinel, or a cluster.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisResult};

/// Where Redis is.
#[derive(Clone)]
pub enum Place {
    /// One server.
    Standalone(Box<ConnectionInfo>),
    /// The server that the sentinels call master.
    Sentinel {
        /// Where the sentinels are.
        sentinels: Vec<ConnectionInfo>,
        /// What they call the master.
        master: String,
        /// How one signs on to Redis itself.
        login: RedisConnectionInfo,
    },
    /// A Redis Cluster.
    Cluster {
        /// Some of its nodes, to ask for the others.
        seeds: Vec<ConnectionInfo>,
    },
}

/// How one signs on; empty texts: not at all.
#[derive(Clone, Copy, Default)]
pub struct Login<'a> {
    /// The ACL user; empty: the default user.
    pub username: &'a str,
    /// Its password.
    pub password: &'a str,
}

impl Login<'_> {
    fn onto(self, mut settings: RedisConnectionInfo) -> RedisConnectionInfo {
        if !self.username.is_empty() {
            settings = settings.set_username(self.username);
        }
        if !self.password.is_empty() {
            settings = settings.set_password(self.password);
        }
        settings
    }
}

impl Place {
    /// `redis://`, `rediss://` or `unix://`.
    pub fn standalone(url: &str) -> RedisResult<Self> {
        Ok(Place::Standalone(Box::new(url.into_connection_info()?)))
    }

    /// The master that the sentinels at these URLs call `master`. The URLs may carry the sentinels'
    /// own login; Redis itself gets `login`, and TLS when the first sentinel has it.
    pub fn sentinel<'a>(
        urls: impl IntoIterator<Item = &'a str>,
        master: &str,
        login: Login<'_>,
    ) -> RedisResult<Self> {
        Ok(Place::Sentinel {
            sentinels: infos(urls)?,
            master: master.to_owned(),
            login: login.onto(RedisConnectionInfo::default()),
        })
    }

    /// The cluster that the nodes at these URLs belong to. `login` is for all of them, and wins
    /// over what the URLs say.
    pub fn cluster<'a>(
        urls: impl IntoIterator<Item = &'a str>,
        login: Login<'_>,
    ) -> RedisResult<Self> {
        let seeds = infos(urls)?.into_iter().map(|seed| {
            let settings = login.onto(seed.redis_settings().clone());
            seed.set_redis_settings(settings)
        });
        Ok(Place::Cluster { seeds: seeds.collect() })
    }

    /// How to reach the server at `host:port` of this place, which a sentinel or node told of.
    pub(super) fn at(&self, host: &str, port: u16) -> Option<ConnectionInfo> {
        let (like, login) = match self {
            Place::Standalone(_) => return None,
            Place::Sentinel { sentinels, login, .. } => (sentinels.first()?, login),
            Place::Cluster { seeds } => {
                let seed = seeds.first()?;
                (seed, seed.redis_settings())
            }
        };
        let host = host.to_owned();
        let addr = match like.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                let (insecure, tls_params) = (*insecure, tls_params.clone());
                ConnectionAddr::TcpTls { host, port, insecure, tls_params }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        Some(like.clone().set_addr(addr).set_redis_settings(login.clone()))
    }
}

fn infos<'a>(urls: impl IntoIterator<Item = &'a str>) -> RedisResult<Vec<ConnectionInfo>> {
    urls.into_iter().map(IntoConnectionInfo::into_connection_info).collect()
}

/// `host:port`, or the path of a socket.
pub(super) fn address(info: &ConnectionInfo) -> String {
    info.addr().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_is_reached_the_way_that_is_configured() {
        let login = Login { username: "rt", password: "secret" };
        let nodes = ["rediss://a.example:6380", "rediss://b.example:6380"];
        let cluster = Place::cluster(nodes, login).expect("good URLs");
        let node = cluster.at("10.0.0.3", 7000).expect("an address");
        assert!(matches!(node.addr(), ConnectionAddr::TcpTls { insecure: false, .. }));
        assert_eq!(address(&node), "10.0.0.3:7000");
        assert_eq!(node.redis_settings().username(), Some("rt"));
        assert_eq!(node.redis_settings().password(), Some("secret"));

        let sentinels = ["redis://:other@s.example:26379"];
        let behind = Place::sentinel(sentinels, "main", Login::default()).expect("a good URL");
        let master = behind.at("10.0.0.4", 6379).expect("an address");
        assert!(matches!(master.addr(), ConnectionAddr::Tcp(..)));
        assert_eq!(master.redis_settings().password(), None, "that one is the sentinel's");

        assert!(Place::cluster(["http://x"], login).is_err());
    }
}
