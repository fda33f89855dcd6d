//! Whose AMP page asks: the origins at which AMP caches show the pages of a site. Pure.
//!
//! A cache shows `https://www.example.com/…` on `https://www-example-com.<cache>`; how that name is made is
//! <https://amp.dev/documentation/guides-and-tutorials/learn/amp-caches-and-cors/amp-cache-urls>.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use url::Url;

use crate::lease::rules::origin_allowed;

/// The caches of <https://cdn.ampproject.org/caches.json>: Google's and Bing's.
const CACHES: [&str; 2] = ["cdn.ampproject.org", "bing-amp.com"];
/// Longest label of a domain name.
const LONGEST_LABEL: usize = 63;

/// Whether an AMP page with this origin, which says that it comes from `source`, is one of a site with
/// the origins `allowed`: the site's own, or a cache's copy of one of its pages.
pub fn amp_origin_allowed(allowed: &[String], origin: &str, source: Option<&str>) -> bool {
    if source.is_some_and(|source| !origin_allowed(allowed, source)) {
        return false;
    }
    if origin_allowed(allowed, origin) {
        return true;
    }
    let Some(label) = cache_label(origin) else { return false };
    let is_copy_of = |host: &str| label_of(host) == label;
    let exact = allowed.iter().filter(|allowed| !allowed.contains("://*."));
    let known = exact.map(String::as_str).chain(source);
    if known.filter_map(host_of).any(|host| is_copy_of(&host)) {
        return true;
    }
    // Below a wildcard the page's own host is not known; but a readable label tells it.
    let host = host_from(label);
    origin_allowed(allowed, &format!("https://{host}")) && is_copy_of(&host)
}

/// The label of a copy's origin: `https://www-example-com.cdn.ampproject.org` → `www-example-com`.
fn cache_label(origin: &str) -> Option<&str> {
    let host = origin.strip_prefix("https://")?;
    let label = CACHES.iter().find_map(|cache| host.strip_suffix(cache)?.strip_suffix('.'))?;
    (!label.is_empty() && !label.contains(['.', ':', '/', '@'])).then_some(label)
}

fn host_of(origin: &str) -> Option<String> {
    Url::parse(origin).ok()?.host_str().map(str::to_owned)
}

/// The label under which caches show the pages of `host` (in its ASCII form).
fn label_of(host: &str) -> String {
    let (unicode, read) = idna::domain_to_unicode(host);
    let readable = read.is_ok() && host.contains('.');
    let mut label = unicode.replace('-', "--").replace('.', "-");
    let mut letters = label.chars().skip(2);
    if letters.next() == Some('-') && letters.next() == Some('-') {
        // Names with hyphens there mean something else.
        label = format!("0-{label}-0");
    }
    let label = readable.then(|| idna::domain_to_ascii(&label).ok()).flatten();
    label.filter(|label| label.len() <= LONGEST_LABEL).unwrap_or_else(|| {
        BASE32_NOPAD.encode(&Sha256::digest(host.as_bytes())).to_ascii_lowercase()
    })
}

/// The host that a readable label stands for; something else for any other.
fn host_from(label: &str) -> String {
    let (label, _) = idna::domain_to_unicode(label);
    let inner = label.strip_prefix("0-").and_then(|rest| rest.strip_suffix("-0"));
    let inner = inner.filter(|inner| inner.get(2..4) == Some("--")).unwrap_or(&label);
    let host = inner.replace("--", "\u{0}").replace('-', ".").replace('\u{0}', "-");
    idna::domain_to_ascii(&host).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_made_as_caches_make_them() {
        for (host, label) in [
            ("something.com", "something-com"),
            ("www.example.com", "www-example-com"),
            ("hello-world.com", "hello--world-com"),
            ("hello--world.com", "hello----world-com"),
            ("en-us.example.com", "0-en--us-example-com-0"),
            ("xn--bcher-kva.ch", "xn--bcher-ch-65a"),
            (
                "xn--4gbrim.xn----rmckbbajlc6dj7bxne2c.xn--wgbh1c",
                "xn-------i5fvcbaopc6fkc0de0d9jybegt6cd",
            ),
            // No dot, too long, and letters of both directions: a hash.
            ("toplevelnohyphens", "qsgpfjzulvuaxb66z77vlhb5gu2irvcnyp6t67cz6tqo5ae6fysa"),
            ("no-dot-domain", "4lxc7wqq7b25walg4rdiil62veijrmqui5z3ept2lyfqqwpowryq"),
            (
                "itwasadarkandstormynight.therainfellintorrents.\
                 exceptatoccasionalintervalswhenitwascheckedby.\
                 aviolentgustofwindwhichsweptupthestreets.com",
                "dgz4cnrxufaulnwku4ow5biptyqnenjievjht56hd7wqinbdbteq",
            ),
            (
                "hello.xn--4gbrim.xn----rmckbbajlc6dj7bxne2c.xn--wgbh1c",
                "a6h5moukddengbsjm77rvbosevwuduec2blkjva4223o4bgafgla",
            ),
        ] {
            assert_eq!(label_of(host), label, "{host}");
        }
    }

    #[test]
    fn copies_of_the_sites_own_pages_may_ask_and_no_others() {
        let allowed = ["https://www.example.com".to_owned(), "https://*.example.org".to_owned()];
        let own = Some("https://www.example.com");
        for (origin, source, fits) in [
            ("https://www.example.com", own, true),
            ("https://www.example.com", None, true),
            ("https://www-example-com.cdn.ampproject.org", own, true),
            ("https://www-example-com.cdn.ampproject.org", None, true),
            ("https://www-example-com.bing-amp.com", own, true),
            ("https://a-example-org.cdn.ampproject.org", Some("https://a.example.org"), true),
            ("https://great--shop-example-org.cdn.ampproject.org", None, true),
            ("https://0-en--us-example-org-0.cdn.ampproject.org", None, true),
            ("https://example-org.cdn.ampproject.org", None, false),
            ("https://evil-test.cdn.ampproject.org", own, false),
            ("https://www-example-com.cdn.ampproject.org", Some("https://evil.test"), false),
            ("https://www-example-com.evil.test", own, false),
            ("https://cdn.ampproject.org", own, false),
            ("https://x.www-example-com.cdn.ampproject.org", own, false),
            ("http://www-example-com.cdn.ampproject.org", own, false),
            ("https://www-example-com.cdn.ampproject.org.evil.test", own, false),
            ("https://www--example-com.cdn.ampproject.org", own, false),
            ("null", own, false),
            ("", None, false),
        ] {
            assert_eq!(amp_origin_allowed(&allowed, origin, source), fits, "{origin} {source:?}");
        }
        assert!(!amp_origin_allowed(&[], "https://www-example-com.cdn.ampproject.org", None));
    }

    proptest! {
        #[test]
        fn a_readable_label_tells_its_host(host in "([a-z0-9]{1,6}-){0,2}[a-z0-9]{1,8}(\\.[a-z0-9]{1,8}){1,3}") {
            let label = label_of(&host);
            prop_assume!(label.len() < 52);
            prop_assert_eq!(host_from(&label), host);
        }

        #[test]
        fn no_origin_makes_it_panic(origin in ".{0,80}", label in ".{0,70}", source in ".{0,40}") {
            let allowed = ["https://*.example.com".to_owned(), "https://a.example".to_owned()];
            amp_origin_allowed(&allowed, &origin, Some(&source));
            let copy = format!("https://{label}.cdn.ampproject.org");
            amp_origin_allowed(&allowed, &copy, None);
        }
    }
}
