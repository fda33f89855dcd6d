//! Which addresses a postback may reach (server-side request forgery): destinations are configured
//! by people, and their names resolve to whatever a DNS server says today.
//!
//! Literal addresses are judged in the URL; names are judged by [`PublicResolver`], whose answer is
//! what the client connects to, so that a name cannot change between the check and the connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// A target that must not be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} is, or leads to, an address that is not public (postback.allow_private_targets)")]
pub struct PrivateTarget {
    /// Host of the URL.
    pub host: String,
}

/// Whether `address` belongs to the public internet: none of the special-purpose ranges of the IANA
/// registries (private, loopback, link-local with the clouds' metadata service, carrier-grade NAT,
/// documentation, benchmarking, multicast, reserved), also when an IPv6 address wraps an IPv4 one.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [224..=255, ..]
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let wrapped = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // IPv4-mapped, and the well-known NAT64 prefix.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            wrapped(high, low)
        }
        // 6to4 carries its IPv4 address in the second and third segment.
        [0x2002, high, low, ..] => wrapped(high, low),
        // Protocol assignments with Teredo, and documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Of the rest only global unicast, 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Refuses URLs whose host is a literal address that is not public. The `url` crate has already
/// read every spelling of an IPv4 address (`127.1`, `0x7f.1`, `2130706433`) as one.
pub fn check_literal(url: &Url) -> Result<(), PrivateTarget> {
    let public = match url.host() {
        Some(Host::Ipv4(address)) => is_public_v4(address),
        Some(Host::Ipv6(address)) => is_public_v6(address),
        // The resolver judges what a name stands for, `localhost` as any other.
        Some(Host::Domain(_)) => true,
        None => false,
    };
    if public {
        Ok(())
    } else {
        Err(PrivateTarget { host: url.host_str().unwrap_or_default().to_owned() })
    }
}

/// Resolves names by the system's resolver and keeps only public addresses.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(PrivateTarget { host: name.as_str().to_owned() }.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for text in ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2a00::1"]
        {
            assert!(is_public(text.parse().expect("an address")), "{text}");
        }
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().expect("an address")), "{text}");
        }
        assert!(is_public("::ffff:8.8.8.8".parse().expect("an address")));
        assert!(is_public("64:ff9b::808:808".parse().expect("an address")));
    }

    #[test]
    fn every_spelling_of_a_private_host_is_refused() {
        for url in [
            "http://127.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://017700000001/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::1]:8080/",
            "http://169.254.169.254/latest/meta-data/",
            "http://127。0。0。1/",
        ] {
            let url = Url::parse(url).expect("a URL");
            assert!(check_literal(&url).is_err(), "{url}");
        }
        assert!(check_literal(&Url::parse("https://example.com/").expect("a URL")).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_is_refused() {
        let refused = PublicResolver.resolve("localhost".parse().expect("a name")).await;
        let why = refused.err().expect("it is refused");
        assert!(why.downcast_ref::<PrivateTarget>().is_some(), "{why}");
    }
}
