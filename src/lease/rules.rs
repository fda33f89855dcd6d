//! Decisions around a lease that need no Redis.

use jiff::SignedDuration;

use crate::config::model::{Overflow, Pool, Site};
use crate::platform::phone::PhoneNumber;
use crate::visit::model::Source;

/// A pool's durations in milliseconds, as the scripts take them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// After the last sign of life.
    pub hold: i64,
    /// After the last page left.
    pub linger: i64,
    /// Idle before somebody else should get the number.
    pub rest: i64,
    /// After a tel click.
    pub pin: i64,
    /// Time to live of a lease key: garbage collection alone, past everything that reads it (the
    /// session may return to its number until it times out).
    pub lease_key: i64,
    /// How long holders are remembered.
    pub window: i64,
}

impl Times {
    /// The durations of `pool` on `site`.
    pub fn of(site: &Site, pool: &Pool) -> Self {
        let ms = |duration: SignedDuration| duration.as_millis() as i64;
        let (hold, linger) = (ms(pool.hold), ms(pool.linger));
        let (rest, pin) = (ms(pool.rest), ms(pool.pin));
        let lease_key = hold + linger + rest.max(pin) + ms(site.session_timeout);
        Times { hold, linger, rest, pin, lease_key, window: ms(site.attribution_window) }
    }
}

/// What happens when a pool has no free number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverflowPlan<'a> {
    /// Most sessions on one number; 0: numbers are not shared.
    pub max_sharers: u32,
    /// The static number of the visit's source.
    pub source: Option<&'a PhoneNumber>,
    /// Whether the static number comes before sharing.
    pub source_first: bool,
}

/// The overflow of `pool` for a visit whose source has the static number `source`.
pub fn overflow<'a>(pool: &Pool, source: Option<&'a PhoneNumber>) -> OverflowPlan<'a> {
    let place = |step: Overflow| pool.overflow.iter().position(|&other| other == step);
    let (shared, own_source) = (place(Overflow::Shared), place(Overflow::Source));
    OverflowPlan {
        max_sharers: if shared.is_some() { pool.max_sharers } else { 0 },
        source: source.filter(|_| own_source.is_some()),
        source_first: own_source.is_some_and(|at| shared.is_none_or(|shared| at < shared)),
    }
}

/// The static number bound to `source`: same source, and same medium and campaign where the number
/// names them (its medium `offline` is the default and fits any). The most exact entry wins.
pub fn static_number<'a>(site: &'a Site, source: &Source) -> Option<&'a PhoneNumber> {
    let any_medium = |medium: &str| medium.is_empty() || medium.eq_ignore_ascii_case("offline");
    site.static_numbers
        .iter()
        .filter(|entry| {
            entry.source.eq_ignore_ascii_case(&source.source)
                && (any_medium(&entry.medium) || entry.medium.eq_ignore_ascii_case(&source.medium))
                && (entry.campaign.is_empty() || entry.campaign == source.campaign)
        })
        .max_by_key(|entry| (!entry.campaign.is_empty(), !any_medium(&entry.medium)))
        .map(|entry| &entry.number)
}

/// Whether a page of `origin` may use the site: equal to one of `allowed` without case, or a
/// subdomain of one such as `https://*.example.com` (same scheme and port).
pub fn origin_allowed(allowed: &[String], origin: &str) -> bool {
    allowed.iter().any(|allowed| match allowed.split_once("*.") {
        None => allowed.eq_ignore_ascii_case(origin),
        Some((scheme, parent)) => {
            let rest = origin
                .get(..scheme.len())
                .filter(|start| start.eq_ignore_ascii_case(scheme))
                .and_then(|_| origin.get(scheme.len()..));
            rest.and_then(|rest| rest.len().checked_sub(parent.len() + 1).map(|at| (rest, at)))
                .and_then(|(rest, at)| Some((rest.get(..at)?, rest.get(at..)?)))
                .is_some_and(|(name, end)| {
                    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
                    !name.is_empty()
                        && name.bytes().all(plain)
                        && end.starts_with('.')
                        && end[1..].eq_ignore_ascii_case(parent)
                })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_matched_whole() {
        let allowed =
            ["https://www.example.com".to_owned(), "https://*.example.org:8443".to_owned()];
        for (origin, fits) in [
            ("https://www.example.com", true),
            ("HTTPS://WWW.Example.com", true),
            ("http://www.example.com", false),
            ("https://www.example.com:444", false),
            ("https://a.example.org:8443", true),
            ("https://a.b.example.org:8443", true),
            ("https://example.org:8443", false),
            ("https://.example.org:8443", false),
            ("https://a.example.org", false),
            ("https://notexample.org:8443", false),
            ("https://evil.test/.example.org:8443", false),
            ("https://evil.test@a.example.org:8443", false),
            ("null", false),
            ("", false),
            ("hä", false),
        ] {
            assert_eq!(origin_allowed(&allowed, origin), fits, "{origin}");
        }
        assert!(!origin_allowed(&[], "https://www.example.com"));
    }

    fn site() -> Site {
        serde_json::from_value(serde_json::json!({
            "id": "a", "key": "pk_a", "forward_to": "+14155550100",
            "pools": [{"id": "main", "numbers": ["+14155550101"]}],
            "static_numbers": [
                {"number": "+14155550111", "source": "google"},
                {"number": "+14155550112", "source": "google", "medium": "cpc"},
                {"number": "+14155550113", "source": "Google", "campaign": "spring"},
            ],
        }))
        .expect("a site")
    }

    #[test]
    fn the_most_exact_static_number_serves_a_source() {
        let site = site();
        let number = |source: &str, medium: &str, campaign: &str| {
            let source = Source {
                source: source.to_owned(),
                medium: medium.to_owned(),
                campaign: campaign.to_owned(),
                ..Source::default()
            };
            static_number(&site, &source).map(PhoneNumber::as_str)
        };
        assert_eq!(number("google", "organic", ""), Some("+14155550111"));
        assert_eq!(number("google", "cpc", "summer"), Some("+14155550112"));
        assert_eq!(number("google", "cpc", "spring"), Some("+14155550113"));
        assert_eq!(number("bing", "cpc", ""), None);
    }

    #[test]
    fn overflow_follows_the_configured_order() {
        let mut pool = site().pools.remove(0);
        let number: PhoneNumber = "+14155550111".parse().expect("a number");
        let plan = overflow(&pool, Some(&number));
        assert_eq!((plan.max_sharers, plan.source, plan.source_first), (4, Some(&number), false));
        pool.overflow = vec![Overflow::Source, Overflow::Shared];
        assert!(overflow(&pool, Some(&number)).source_first);
        pool.overflow = vec![];
        let plan = overflow(&pool, Some(&number));
        assert_eq!((plan.max_sharers, plan.source), (0, None));
    }
}
