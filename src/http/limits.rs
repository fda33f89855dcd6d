//! Limits on what one network may send, and who that network is.
//!
//! Counted in the process (GCRA): a limit in Redis would cost as much as four renewals.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::HttpRequest;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;

use crate::config::model::Limits;

/// Networks that have been quiet long enough are forgotten once per this many checks.
const FORGET_EVERY: u32 = 10_000;

/// How much one network may ask of the snippet's routes. Share one among all workers.
#[derive(Clone)]
pub struct SnippetLimiter {
    limiter: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    checks: Arc<AtomicU32>,
}

impl SnippetLimiter {
    /// The configured limit; zeros count as one.
    pub fn new(limits: &Limits) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(at_least_one(limits.snippet_per_minute))
            .allow_burst(at_least_one(limits.snippet_burst));
        SnippetLimiter { limiter: Arc::new(RateLimiter::keyed(quota)), checks: Arc::default() }
    }

    /// Whether `address` may ask once more; counts the request.
    pub fn allows(&self, address: IpAddr) -> bool {
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&network(address)).is_ok()
    }
}

/// What is counted as one: an IPv4 address, or the /64 that one IPv6 subscriber owns.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// Who asks: the socket's peer or, when that is a trusted proxy, the last address in
/// `X-Forwarded-For` that is not one (what stands before it anybody may have written).
pub fn client_ip(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|network| network.contains(&address))
    };
    if trusted.is_empty() || !is_trusted(peer) {
        return peer;
    }
    let headers: Vec<&str> = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .collect();
    let mut nearest = peer;
    for entry in headers.iter().rev().flat_map(|header| header.rsplit(',')).take(32) {
        // An unreadable entry ends the part that can be believed.
        let Some(address) = read_address(entry.trim()) else { break };
        nearest = address;
        if !is_trusted(address) {
            break;
        }
    }
    nearest
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn read_address(text: &str) -> Option<IpAddr> {
    let socket = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    text.parse().ok().or_else(socket)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn ip(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut request =
            TestRequest::default().peer_addr(format!("{peer}:1").parse().expect("an address"));
        for header in forwarded {
            request = request.append_header(("X-Forwarded-For", *header));
        }
        let trusted: Vec<IpNet> =
            trusted.iter().map(|net| net.parse().expect("a network")).collect();
        client_ip(&request.to_http_request(), &trusted).to_string()
    }

    #[test]
    fn a_forwarded_address_is_believed_of_trusted_proxies_only() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(ip("192.0.2.1", &["198.51.100.7"], &proxies), "192.0.2.1");
        assert_eq!(ip("10.0.0.1", &["198.51.100.7"], &[]), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", &["198.51.100.7"], &proxies), "198.51.100.7");
        assert_eq!(ip("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"], &proxies), "198.51.100.7");
        assert_eq!(ip("10.0.0.1", &["1.1.1.1", "198.51.100.7:99"], &proxies), "198.51.100.7");
        assert_eq!(ip("10.0.0.1", &["1.1.1.1, nonsense"], &proxies), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", &[], &proxies), "10.0.0.1");
    }

    #[test]
    fn one_network_has_one_allowance() {
        let limits = Limits {
            snippet_per_minute: 1,
            snippet_burst: 2,
            api_per_minute: 1,
            snippet_body: 1,
            webhook_body: 1,
            api_body: 1,
        };
        let limiter = SnippetLimiter::new(&limits);
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert!(limiter.allows(address("2001:db8::1")));
        assert!(limiter.allows(address("2001:db8::2")));
        assert!(!limiter.allows(address("2001:db8::3")));
        assert!(limiter.allows(address("2001:db8:0:1::1")));
        assert!(limiter.allows(address("192.0.2.1")));
        assert!(limiter.allows(address("::ffff:192.0.2.1")));
        assert!(!limiter.allows(address("192.0.2.1")));
        assert!(limiter.allows(address("192.0.2.2")));
    }
}
