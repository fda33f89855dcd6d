//! Who asks: the socket's peer or, when that is a trusted proxy, whom the proxies say.
//!
//! Each proxy on the way adds, at the right end of a header, the address that it was asked from. The
//! right end was written by the nearest proxy, and it is believed because that one is trusted; what
//! stands further left is believed as long as all to the right of it are trusted, too. The first
//! untrusted address is the client. What stands left of it the client may have written itself.
//!
//! Two headers are in use: `Forwarded` (RFC 7239) and `X-Forwarded-For`. Most proxies add to one and
//! let the other one pass as the client sent it, and nobody can see which is which. So when both are
//! there they must say the same; else neither is believed, and the nearest proxy is taken for the
//! client: an address that nobody can choose.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// Most proxies that are followed.
const MOST_HOPS: usize = 32;

/// The address that `request` comes from, IPv4 wherever it is one.
pub fn client_ip(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    told_by_proxies(peer.to_canonical(), request.headers(), trusted)
}

fn told_by_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    // From right to left, as long as it can be read; the first untrusted one ends the walk.
    let client = |header: &str, read: fn(&[u8]) -> Option<IpAddr>| {
        let lines: Vec<&[u8]> = headers.get_all(header).map(|line| line.as_bytes()).collect();
        let told = lines.iter().rev().flat_map(|line| FromTheRight(Some(line))).take(MOST_HOPS);
        let mut nearest = peer;
        for address in told.map_while(read) {
            nearest = address.to_canonical();
            if !is_trusted(&nearest) {
                break;
            }
        }
        (!lines.is_empty()).then_some(nearest)
    };
    match (client("forwarded", forwarded_for), client("x-forwarded-for", read_address)) {
        (Some(one), Some(other)) if one != other => peer,
        (told, other) => told.or(other).unwrap_or(peer),
    }
}

/// The elements of a list between commas, the last one first. Commas in quoted texts do not count;
/// looked at from the right, a quote that the client left open is nobody's problem but its own.
struct FromTheRight<'a>(Option<&'a [u8]>);

impl<'a> Iterator for FromTheRight<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0?;
        let mut is_quoted = false;
        for (at, byte) in rest.iter().enumerate().rev() {
            match byte {
                b'"' if !is_escaped(&rest[..at]) => is_quoted = !is_quoted,
                b',' if !is_quoted => {
                    self.0 = Some(&rest[..at]);
                    return Some(rest[at + 1..].trim_ascii());
                }
                _ => {}
            }
        }
        self.0 = None;
        Some(rest.trim_ascii())
    }
}

/// Whether what follows `before` is escaped: an odd number of backslashes.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// The address of an element of `Forwarded`: `for=192.0.2.1;proto=https`, `For="[2001:db8::1]:4711"`.
/// None of `for=unknown`, `for=_hidden`, two `for`s, and what is none of these.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    let mut rest = std::str::from_utf8(element).ok()?;
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let end = match value.strip_prefix('"') {
            // No address has anything to escape, so that only its end must be found.
            Some(quoted) => {
                let quote = |(at, _): &(usize, &str)| !is_escaped(&quoted.as_bytes()[..*at]);
                quoted.match_indices('"').find(quote)?.0 + 2
            }
            None => value.find(';').unwrap_or(value.len()),
        };
        let (value, after) = value.split_at(end);
        let after = after.trim_start();
        rest = match after.strip_prefix(';') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
        if name.trim().eq_ignore_ascii_case("for") {
            let address = read_address(value.trim_matches('"').trim().as_bytes())?;
            if found.replace(address).is_some() {
                return None;
            }
        }
    }
    found
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
fn read_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse().ok().map(IpAddr::V6)
    };
    let socket = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    text.parse().ok().or_else(socket).or_else(bare)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const PROXIES: [&str; 2] = ["10.0.0.0/8", "2001:db8:ffff::/48"];

    fn ip(peer: &str, lines: &[(&'static str, &str)], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            let line = HeaderValue::from_bytes(line.as_bytes()).expect("a header");
            headers.append(HeaderName::from_static(name), line);
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().expect("net")).collect();
        told_by_proxies(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    fn x(lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        ip("10.0.0.1", &lines, &PROXIES)
    }

    fn forwarded(lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
        ip("10.0.0.1", &lines, &PROXIES)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let told = [("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=198.51.100.7")];
        assert_eq!(ip("192.0.2.1", &told, &PROXIES), "192.0.2.1");
        assert_eq!(ip("10.0.0.1", &told, &[]), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", &told, &PROXIES), "198.51.100.7");
        assert_eq!(ip("10.0.0.1", &[], &PROXIES), "10.0.0.1");
    }

    #[test]
    fn x_forwarded_for_is_read_from_the_right() {
        assert_eq!(x(&["1.1.1.1, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(x(&["1.1.1.1", "198.51.100.7:99"]), "198.51.100.7");
        assert_eq!(x(&["1.1.1.1, [2001:db8::7]:99 , 10.9.9.9"]), "2001:db8::7");
        assert_eq!(x(&["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(x(&["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(x(&["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        for unreadable in ["nonsense", "unknown", "", ",", "1.1.1.1,", "1.1.1.1, _x", "é"] {
            assert_eq!(x(&[unreadable]), "10.0.0.1", "{unreadable}");
        }
        // A line that cannot be read hides nothing behind it.
        assert_eq!(x(&["1.1.1.1", "\u{fc}, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn forwarded_is_read_as_its_rfc_says() {
        assert_eq!(forwarded(&["for=192.0.2.60;proto=http;by=203.0.113.43"]), "192.0.2.60");
        assert_eq!(forwarded(&[r#"For="[2001:db8:cafe::17]:4711""#]), "2001:db8:cafe::17");
        assert_eq!(forwarded(&[r#"proto=https ; for="192.0.2.43:47011" ; by=_x"#]), "192.0.2.43");
        assert_eq!(forwarded(&["for=1.1.1.1, for=192.0.2.43", "for=10.0.0.7"]), "192.0.2.43");
        assert_eq!(forwarded(&[r#"for=192.0.2.1;host="a,\"b;c""#]), "192.0.2.1");
        assert_eq!(forwarded(&[r#"for=1.1.1.1;a="x", for=192.0.2.1"#]), "192.0.2.1");
        // A quote that the client left open does not swallow what the proxy adds.
        assert_eq!(forwarded(&[r#"for=1.1.1.1;a=", for="[2001:db8::9]""#]), "2001:db8::9");
        for nobody in [
            "for=unknown",
            "for=_hidden",
            r#"for="_SEVKISEK:99""#,
            "by=192.0.2.1",
            "for=192.0.2.1;for=192.0.2.2",
            r#"for="192.0.2.1"#,
            r#"for="192.0.2.1"x"#,
            "192.0.2.1",
            "for",
            "for=",
            ";",
        ] {
            assert_eq!(forwarded(&[nobody]), "10.0.0.1", "{nobody}");
        }
        assert_eq!(forwarded(&["for=192.0.2.1, for=unknown, for=10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn two_headers_that_disagree_are_not_believed() {
        let both = |x: &str, forwarded: &str| {
            ip("10.0.0.1", &[("x-forwarded-for", x), ("forwarded", forwarded)], &PROXIES)
        };
        assert_eq!(both("192.0.2.1", r#"for="192.0.2.1:80""#), "192.0.2.1");
        assert_eq!(both("192.0.2.1", "for=1.1.1.1"), "10.0.0.1");
        assert_eq!(both("192.0.2.1", "nonsense"), "10.0.0.1");
    }

    fn written(address: IpAddr, header: &str) -> String {
        match (header, address) {
            ("forwarded", IpAddr::V6(v6)) => format!("for=\"[{v6}]:4711\";proto=https"),
            ("forwarded", IpAddr::V4(v4)) => format!("proto=https;for={v4}"),
            _ => address.to_string(),
        }
    }

    /// What a client may send: lists of addresses, and anything that a header may hold.
    fn sent() -> impl Strategy<Value = Vec<(&'static str, String)>> {
        let header = prop_oneof![Just("x-forwarded-for"), Just("forwarded")];
        let piece = prop_oneof![
            any::<IpAddr>().prop_map(|address| written(address, "")),
            any::<IpAddr>().prop_map(|address| written(address, "forwarded")),
            "[ -~]{0,24}",
            r#"[",;=\\\\\[\]:for ]{0,12}"#,
            "[\u{80}-\u{ff}]{0,4}",
            Just("10.0.0.9".to_owned()),
        ];
        let line = proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.join(", "));
        proptest::collection::vec((header, line), 0..4)
    }

    proptest! {
        /// Whatever a client sends: without a proxy it is itself; behind a trusted one that adds
        /// its address to one of the headers it is itself, or that proxy.
        #[test]
        fn a_client_cannot_be_somebody_else(
            sent in sent(),
            client in any::<IpAddr>(),
            adds in prop_oneof![Just("x-forwarded-for"), Just("forwarded")],
            as_new_line in any::<bool>(),
        ) {
            let client = client.to_canonical();
            let trusted: Vec<IpNet> = PROXIES.iter().map(|net| net.parse().unwrap()).collect();
            prop_assume!(!trusted.iter().any(|network| network.contains(&client)));
            let lines = |sent: &[(&'static str, String)]| -> Vec<(&'static str, String)> {
                sent.to_vec()
            };
            let ask = |peer: &str, lines: &[(&'static str, String)]| {
                let lines: Vec<_> = lines.iter().map(|(name, line)| (*name, line.as_str())).collect();
                ip(peer, &lines, &PROXIES)
            };
            prop_assert_eq!(ask(&client.to_string(), &lines(&sent)), client.to_string());

            let mut passed = lines(&sent);
            let own = written(client, adds);
            match passed.iter_mut().rev().find(|(name, _)| *name == adds && !as_new_line) {
                Some((_, line)) => *line = format!("{line}, {own}"),
                None => passed.push((adds, own)),
            }
            let taken = ask("10.0.0.1", &passed);
            prop_assert!(taken == client.to_string() || taken == "10.0.0.1", "{taken}: {passed:?}");
        }
    }
}
