//! Which hosts belong to the site, or are not to count as referrers of it.

use std::net::IpAddr;

/// What is the site's own, of the page that was reached and of the site's configuration. Domains are in
/// the form that hosts are compared in: lower case, ASCII.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnHosts<'a> {
    /// Host of the page that was reached, lower case.
    pub landing: &'a str,
    /// Further domains of the site, each with all names below it.
    pub domains: &'a [String],
    /// Domains that are no referrers of this site, each with all names below it.
    pub ignored: &'a [String],
}

impl OwnHosts<'_> {
    /// Whether `host` (lower case) is one of the site's: the landing host, whatever has the same
    /// registrable domain, or what the configuration names.
    pub fn is_own(&self, host: &str) -> bool {
        same_site(self.landing, host) || self.domains.iter().any(|domain| covers(domain, host))
    }

    /// Whether the site does not count `host` (lower case) as a referrer.
    pub fn is_ignored(&self, host: &str) -> bool {
        self.ignored.iter().any(|domain| covers(domain, host))
    }
}

/// Whether both hosts are one, or below one registrable domain by the public suffix list: two names
/// below `github.io` are two sites. Addresses and single names are only themselves.
fn same_site(one: &str, other: &str) -> bool {
    if one == other {
        return !one.is_empty();
    }
    let Some(domain) = psl::domain_str(one) else { return false };
    covers(domain, other) && !is_address(one) && !is_address(other)
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}

/// Whether `host` is `domain` or below it; both lower case.
pub fn covers(domain: &str, host: &str) -> bool {
    let front = host.strip_suffix(domain).filter(|_| !domain.is_empty());
    front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
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
}
