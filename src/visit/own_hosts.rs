//! Which hosts belong to the site, or are not to count as referrers of it.

use std::borrow::Cow;
use std::net::IpAddr;

/// What is the site's own, of the page that was reached and of the site's configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnHosts<'a> {
    /// Host of the page that was reached, lower case.
    pub landing: &'a str,
    /// Origins of the site's pages: `https://www.example.com`, `https://*.example.com:8443`.
    pub origins: &'a [String],
    /// Further domains of the site, each with all names below it.
    pub domains: &'a [String],
    /// Domains that are no referrers of this site, each with all names below it.
    pub ignored: &'a [String],
}

impl OwnHosts<'_> {
    /// Whether `host` (lower case) is one of the site's: the landing host, whatever has the same
    /// registrable domain, or what the configuration names.
    pub fn is_own(&self, host: &str) -> bool {
        same_site(self.landing, host)
            || self.origins.iter().any(|origin| origin_covers(origin, host))
            || self.domains.iter().any(|domain| domain_covers(domain, host))
    }

    /// Whether the site does not count `host` (lower case) as a referrer.
    pub fn is_ignored(&self, host: &str) -> bool {
        self.ignored.iter().any(|domain| domain_covers(domain, host))
    }
}

/// Whether both hosts are one, or below one registrable domain by the public suffix list: two names
/// below `github.io` are two sites. Addresses and single names are only themselves.
fn same_site(one: &str, other: &str) -> bool {
    if one == other {
        return !one.is_empty();
    }
    let Some(domain) = psl::domain_str(one) else { return false };
    domain_covers(domain, other) && !is_address(one) && !is_address(other)
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}

/// Whether `host` is `domain` or below it.
fn domain_covers(domain: &str, host: &str) -> bool {
    let name = ascii(bare(domain));
    ends_with_name(host, &name)
        && (host.len() == name.len() || host.as_bytes()[host.len() - name.len() - 1] == b'.')
}

/// Whether `origin` covers `host`; `*.` in front is every name below, and not the name itself.
fn origin_covers(origin: &str, host: &str) -> bool {
    let name = bare(origin);
    match name.strip_prefix("*.") {
        Some(parent) => {
            let parent = ascii(parent);
            host.len() > parent.len() + 1 && domain_covers(&parent, host)
        }
        None => ascii(name).eq_ignore_ascii_case(host),
    }
}

/// The host of an origin or of a domain as people write it.
fn bare(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split([':', '/']).next().unwrap_or(rest)
}

fn ascii(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    idna::domain_to_ascii(name).map_or(Cow::Borrowed(name), Cow::Owned)
}

fn ends_with_name(host: &str, name: &str) -> bool {
    !name.is_empty()
        && host.len() >= name.len()
        && host.as_bytes()[host.len() - name.len()..].eq_ignore_ascii_case(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_registrable_domain_are_one_site() {
        for (landing, host, own) in [
            ("www.example.com", "shop.example.com", true),
            ("www.example.co.uk", "example.co.uk", true),
            ("www.example.co.uk", "other.co.uk", false),
            ("me.github.io", "you.github.io", false),
            ("me.github.io", "www.me.github.io", true),
            ("github.io", "me.github.io", false),
            ("example.com", "notexample.com", false),
            ("example.com", "example.com.evil.example", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "9.0.0.1", false),
            ("[::1]", "[::1]", true),
            ("localhost", "localhost", true),
            ("localhost", "evil.localhost", false),
            ("", "", false),
            ("", "example.com", false),
        ] {
            let own_hosts = OwnHosts { landing, ..OwnHosts::default() };
            assert_eq!(own_hosts.is_own(host), own, "{host} on {landing}");
        }
    }

    #[test]
    fn the_configuration_names_further_ones() {
        let origins = ["https://*.example.org:8443".to_owned(), "https://Example.net".to_owned()];
        let domains = ["example.info".to_owned(), "müller.example".to_owned()];
        let ignored = ["bank.example".to_owned()];
        let hosts =
            OwnHosts { landing: "a.test", origins: &origins, domains: &domains, ignored: &ignored };
        for own in ["a.example.org", "example.net", "example.info", "b.example.info"] {
            assert!(hosts.is_own(own), "{own}");
        }
        assert!(hosts.is_own("www.xn--mller-kva.example"));
        for other in ["example.org", "www.example.net", "myexample.info", "bank.example"] {
            assert!(!hosts.is_own(other), "{other}");
        }
        assert!(hosts.is_ignored("3ds.bank.example"));
        assert!(!hosts.is_ignored("mybank.example"));
    }
}
