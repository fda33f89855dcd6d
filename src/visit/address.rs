//! What is kept of a visitor's address in clear.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::config::model::KeepIp;

/// What `keep` keeps of `address`: nothing, or its network, an IPv4 /24 (256 addresses) or an IPv6
/// /48 (what one customer of a provider may have).
pub fn kept(address: IpAddr, keep: KeepIp) -> Option<IpNet> {
    match keep {
        KeepIp::None => None,
        KeepIp::Truncated => Some(truncated(address)),
    }
}

/// The network of `address`: an IPv4 /24 or an IPv6 /48.
pub fn truncated(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpNet::V4(Ipv4Net::new_assert(v4, 24).trunc()),
        IpAddr::V6(v6) => IpNet::V6(Ipv6Net::new_assert(v6, 48).trunc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_network_is_kept_and_only_where_the_site_says_so() {
        let kept = |text: &str, keep| {
            let address = text.parse().expect("an address");
            super::kept(address, keep).map(|network| network.to_string())
        };
        assert_eq!(kept("192.0.2.77", KeepIp::None), None);
        assert_eq!(kept("192.0.2.77", KeepIp::Truncated).as_deref(), Some("192.0.2.0/24"));
        assert_eq!(kept("::ffff:192.0.2.77", KeepIp::Truncated).as_deref(), Some("192.0.2.0/24"));
        let v6 = kept("2001:db8:1:2:3:4:5:6", KeepIp::Truncated);
        assert_eq!(v6.as_deref(), Some("2001:db8:1::/48"));
    }
}
