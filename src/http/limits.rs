//! Limits on what one network or one key may send, and who that network is.
//!
//! Counted in the process (GCRA): a limit in Redis would cost as much as four renewals.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwap;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;

use crate::config::model::Limits;
use crate::http::problem::Problem;
use crate::platform::ids::SiteId;

/// Those who have been quiet long enough are forgotten once per this many checks.
const FORGET_EVERY: u32 = 10_000;

/// Requests a minute in the long run, and at once; zeros count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    per_minute: u32,
    burst: u32,
}

/// Counts requests by `K`, at the rate that is in force when they come.
struct Limiter<K: Hash + Eq + Clone> {
    counted: ArcSwap<(Rate, DefaultKeyedRateLimiter<K>)>,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(rate: Rate) -> Self {
        Limiter { counted: ArcSwap::from_pointee(counted(rate)), checks: AtomicU32::new(0) }
    }

    /// Counts one request; the seconds to wait when it is one too many.
    fn check(&self, rate: Rate, key: &K) -> Result<(), u64> {
        let mut now = self.counted.load();
        if now.0 != rate {
            // After a reload; everybody begins anew.
            self.counted.store(counted(rate).into());
            now = self.counted.load();
        }
        let limiter = &now.1;
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            wait.as_secs() + 1
        })
    }
}

fn counted<K: Hash + Eq + Clone>(rate: Rate) -> (Rate, DefaultKeyedRateLimiter<K>) {
    let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    let quota =
        Quota::per_minute(at_least_one(rate.per_minute)).allow_burst(at_least_one(rate.burst));
    (rate, RateLimiter::keyed(quota))
}

/// How much one network may ask of the snippet's routes. Share one among all workers.
pub struct SnippetLimiter {
    requests: Limiter<IpAddr>,
    sessions: Limiter<(SiteId, IpNet)>,
}

impl SnippetLimiter {
    /// A limiter that begins with these limits.
    pub fn new(limits: &Limits) -> Self {
        let requests = Limiter::new(Self::rate(limits));
        SnippetLimiter { requests, sessions: Limiter::new(Self::session_rate(limits)) }
    }

    fn session_rate(limits: &Limits) -> Rate {
        Rate { per_minute: limits.sessions_per_minute, burst: limits.sessions_per_minute }
    }

    fn rate(limits: &Limits) -> Rate {
        Rate { per_minute: limits.snippet_per_minute, burst: limits.snippet_burst }
    }

    /// Whether `address` may ask once more; counts the request.
    pub fn allows(&self, limits: &Limits, address: IpAddr) -> bool {
        self.requests.check(Self::rate(limits), &network(address)).is_ok()
    }

    /// Whether one more session may begin on `site` for `network`; counts it.
    pub fn allows_session(&self, limits: &Limits, site: &SiteId, network: IpNet) -> bool {
        self.sessions.check(Self::session_rate(limits), &(site.clone(), network)).is_ok()
    }
}

/// How much one key may ask of the API, and how often one network may come with no known key. Share
/// one among all workers.
pub struct ApiLimiter {
    by_key: Limiter<String>,
    refused: Limiter<IpAddr>,
}

impl ApiLimiter {
    /// A limiter that begins with these limits.
    pub fn new(limits: &Limits) -> Self {
        let refused = Limiter::new(Self::refused_rate(limits));
        ApiLimiter { by_key: Limiter::new(Self::key_rate(limits)), refused }
    }

    fn key_rate(limits: &Limits) -> Rate {
        Rate { per_minute: limits.api_per_minute, burst: limits.api_per_minute }
    }

    fn refused_rate(limits: &Limits) -> Rate {
        Rate { per_minute: limits.unknown_keys_per_minute, burst: limits.unknown_keys_per_minute }
    }

    /// Counts a request with the key that has this hash.
    pub fn check_key(&self, limits: &Limits, hash: &String) -> Result<(), Problem> {
        let checked = self.by_key.check(Self::key_rate(limits), hash);
        checked.map_err(|retry_after_s| Problem::TooManyRequests { retry_after_s })
    }

    /// Counts a request without a known key. Known keys of the same network stay welcome: one wrong
    /// script in an office must not lock out the others.
    pub fn refuse(&self, limits: &Limits, address: IpAddr) -> Problem {
        match self.refused.check(Self::refused_rate(limits), &network(address)) {
            Ok(()) => Problem::Unauthorized,
            Err(retry_after_s) => Problem::TooManyRequests { retry_after_s },
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_minute: u32, burst: u32) -> Limits {
        Limits {
            snippet_per_minute: per_minute,
            snippet_burst: burst,
            sessions_per_minute: burst,
            pool_share: 0.5,
            api_per_minute: per_minute,
            unknown_keys_per_minute: per_minute,
            snippet_body: 1,
            webhook_body: 1,
            api_body: 1,
            webhook_wait: jiff::SignedDuration::from_millis(150),
            live_clients: 1,
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn one_network_has_one_allowance() {
        let limits = limits(1, 2);
        let limiter = SnippetLimiter::new(&limits);
        let allows = |text: &str| limiter.allows(&limits, address(text));
        assert!(allows("2001:db8::1"));
        assert!(allows("2001:db8::2"));
        assert!(!allows("2001:db8::3"));
        assert!(allows("2001:db8:0:1::1"));
        assert!(allows("192.0.2.1"));
        assert!(allows("::ffff:192.0.2.1"));
        assert!(!allows("192.0.2.1"));
        assert!(allows("192.0.2.2"));
    }

    #[test]
    fn a_network_begins_so_many_sessions_on_each_site() {
        let limits = limits(1, 2);
        let limiter = SnippetLimiter::new(&limits);
        let allows = |site: &str, network: &str| {
            let (site, network) = (site.parse().expect("an id"), network.parse().expect("a net"));
            limiter.allows_session(&limits, &site, network)
        };
        assert!(allows("one", "192.0.2.0/24") && allows("one", "192.0.2.0/24"));
        assert!(!allows("one", "192.0.2.0/24"));
        assert!(allows("two", "192.0.2.0/24") && allows("one", "198.51.100.0/24"));
    }

    #[test]
    fn another_limit_is_in_force_at_once() {
        let limiter = SnippetLimiter::new(&limits(1, 1));
        assert!(limiter.allows(&limits(1, 1), address("192.0.2.1")));
        assert!(!limiter.allows(&limits(1, 1), address("192.0.2.1")));
        assert!(limiter.allows(&limits(1, 2), address("192.0.2.1")));
    }

    #[test]
    fn who_is_turned_away_hears_how_long_to_wait() {
        let limits = limits(2, 2);
        let limiter = ApiLimiter::new(&limits);
        let key = "hash".to_owned();
        for _ in 0..2 {
            assert!(limiter.check_key(&limits, &key).is_ok());
        }
        let refused = limiter.check_key(&limits, &key);
        let Err(Problem::TooManyRequests { retry_after_s }) = refused else {
            panic!("{refused:?}");
        };
        assert!((29..=31).contains(&retry_after_s), "one of two a minute: {retry_after_s}");
        assert!(limiter.check_key(&limits, &"another".to_owned()).is_ok());
    }
}
