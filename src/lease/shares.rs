//! What one network may have of a pool, so that whoever opens sessions by the thousand does not take the numbers of
//! everybody else.
//!
//! Counted in the process, of what its own answers gave: Redis is asked nothing more. Several processes on one Redis
//! count each for itself, so that a network may have the share once from each. A restart forgets; what is held then is
//! counted again with its next sign of life.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use ipnet::IpNet;

use crate::config::model::{Pool, Site};
use crate::lease::model::{Lease, SignKind};
use crate::platform::clock::Millis;
use crate::platform::ids::{PoolId, SessionId, SiteId};
use crate::visit::address::truncated;

/// Numbers that any network may have of a small pool, where one is left for others: an office, a family.
const ALWAYS: usize = 5;

/// The network of `address` that is counted as one (IPv4 /24, IPv6 /48); `None` for addresses that are not of the
/// internet: behind a proxy that is not in `server.trusted_proxies` all visitors have one such, and must not share.
pub fn counted_network(address: IpAddr) -> Option<IpNet> {
    let address = address.to_canonical();
    let is_inside = match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    (!is_inside && !address.is_unspecified()).then(|| truncated(address))
}

/// The most numbers that one network may have of a pool with `numbers`.
pub fn most(numbers: usize, share: f64) -> usize {
    let always = ALWAYS.min(numbers.saturating_sub(1)).max(1);
    ((numbers as f64 * share).ceil() as usize).max(always)
}

/// Sessions of a network with a number, and when they are over unless they are heard of again.
type Sessions = HashMap<SessionId, Millis>;

#[derive(Debug, Default)]
struct OfPool {
    numbers: usize,
    networks: HashMap<IpNet, Sessions>,
}

/// Who holds what. Share one among all workers.
#[derive(Debug, Default)]
pub struct Shares(Mutex<HashMap<SiteId, HashMap<PoolId, OfPool>>>);

impl Shares {
    fn with<T>(&self, site: &SiteId, pool: &PoolId, work: impl FnOnce(&mut OfPool) -> T) -> T {
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sites.get_mut(site).and_then(|pools| pools.get_mut(pool)) {
            return work(known);
        }
        work(sites.entry(site.clone()).or_default().entry(pool.clone()).or_default())
    }

    /// Notes how many numbers a pool has, those that were added over the API too, and forgets sessions that are over.
    pub fn learn(&self, site: &SiteId, pool: &PoolId, numbers: usize, now: Millis) {
        self.with(site, pool, |of| {
            of.numbers = numbers;
            of.networks.retain(|_, sessions| {
                sessions.retain(|_, over| *over > now);
                !sessions.is_empty()
            });
        });
    }

    /// Whether `session` may be given a number of `pool`, or its network has its share already.
    pub fn allows(
        &self,
        (site, pool): (&Site, &Pool),
        (network, session): (IpNet, SessionId),
        share: f64,
        now: Millis,
    ) -> bool {
        self.with(&site.id, &pool.id, |of| {
            let most = most(of.numbers.max(pool.numbers.len()), share);
            let Some(sessions) = of.networks.get_mut(&network) else { return true };
            if sessions.len() >= most {
                sessions.retain(|_, over| *over > now);
            }
            sessions.len() < most || sessions.contains_key(&session)
        })
    }

    /// Notes what a session of `network` holds after it was heard of.
    pub fn note(
        &self,
        (site, pool): (&Site, &Pool),
        (network, session): (IpNet, SessionId),
        lease: &Lease,
        kind: SignKind,
        now: Millis,
    ) {
        let kept = if kind == SignKind::Leave { pool.linger } else { pool.hold };
        self.with(&site.id, &pool.id, |of| {
            if lease.is_pooled() {
                let over = now.plus(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
                of.networks.entry(network).or_default().insert(session, over);
            } else if let Some(sessions) = of.networks.get_mut(&network) {
                sessions.remove(&session);
            }
        });
    }
}

/// The share of the network that asks.
#[derive(Clone, Copy)]
pub struct Guard<'a> {
    /// Who holds what.
    pub shares: &'a Shares,
    /// Who asks.
    pub network: IpNet,
    /// What one network may have of a pool, from 0 to 1.
    pub share: f64,
}

impl Guard<'_> {
    /// Whether the network may have one more number of `pool`; counts that it may not.
    pub fn allows(&self, site: &Site, pool: &Pool, session: SessionId, now: Millis) -> bool {
        let who = (self.network, session);
        let allows = self.shares.allows((site, pool), who, self.share, now);
        if !allows {
            let site = site.id.to_string();
            metrics::counter!("ringtrace_network_limits_total", "site" => site, "what" => "number")
                .increment(1);
        }
        allows
    }

    /// Notes what the session holds.
    pub fn note(
        &self,
        site: &Site,
        session: SessionId,
        lease: &Lease,
        kind: SignKind,
        now: Millis,
    ) {
        if let Some(pool) = site.pool(&lease.pool) {
            self.shares.note((site, pool), (self.network, session), lease, kind, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::load::load_text;
    use crate::lease::model::Tier;

    #[test]
    fn only_networks_of_the_internet_are_counted() {
        let counted = |text: &str| {
            let address = text.parse().expect("an address");
            counted_network(address).map(|network| network.to_string())
        };
        assert_eq!(counted("203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(counted("::ffff:203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(counted("2001:db8:1:2::3").as_deref(), Some("2001:db8:1::/48"));
        for inside in ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd00::1", "fe80::1", "::"] {
            assert_eq!(counted(inside), None, "{inside}");
        }
        // A carrier's gateway is many people, and still one network.
        assert!(counted("100.64.0.1").is_some());
    }

    #[test]
    fn a_small_pool_is_not_for_one_network_alone() {
        assert_eq!(
            [1, 2, 3, 5, 6, 10, 100].map(|numbers| most(numbers, 0.3)),
            [1, 1, 2, 4, 5, 5, 30]
        );
        assert_eq!(most(4, 1.0), 4, "whoever allows all allows all");
    }

    proptest! {
        /// Whatever sessions come, go and fall silent, a network never has more than its share, and another one that has
        /// less is never refused.
        #[test]
        fn a_network_never_has_more_than_its_share(
            steps in prop::collection::vec((0_usize..2, 0_usize..30, 0_i64..200, any::<bool>()), 1..300),
            numbers in 0_usize..40,
        ) {
            let config = load_text("shares", "[[sites]]\nid = \"one\"\nkey = \"pk_one\"\nforward_to = \"+18005550100\"\n[[sites.pools]]\nid = \"main\"\n").expect("a configuration");
            let site = &config.sites[0];
            let pool = &site.pools[0];
            let networks: [IpNet; 2] = ["203.0.113.0/24", "2001:db8::/48"].map(|net| net.parse().expect("a network"));
            let sessions: Vec<SessionId> = (0..60).map(|_| SessionId::new()).collect();
            let (shares, mut now) = (Shares::default(), Millis(0));
            shares.learn(&site.id, &pool.id, numbers, now);
            let most = most(numbers, 0.3);
            let mut live: HashMap<(usize, usize), Millis> = HashMap::new();
            for (network, session, seconds, leaves) in steps {
                now = now.plus(seconds * 1_000);
                live.retain(|_, over| *over > now);
                let key = (network, session);
                let who = (networks[network], sessions[network * 30 + session]);
                let has = live.keys().filter(|(of, _)| *of == network).count();
                let allowed = shares.allows((site, pool), who, 0.3, now);
                prop_assert_eq!(allowed, live.contains_key(&key) || has < most);
                if allowed {
                    let lease = Lease { pool: pool.id.clone(), number: None, tier: Tier::Own, since: now, is_new: true };
                    let kind = if leaves { SignKind::Leave } else { SignKind::View };
                    shares.note((site, pool), who, &lease, kind, now);
                    let kept = if leaves { pool.linger } else { pool.hold };
                    live.insert(key, now.plus(kept.as_millis() as i64));
                }
            }
        }
    }
}
