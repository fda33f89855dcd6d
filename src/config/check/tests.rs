//! One thing broken at a time in the demo's configuration, and what is said about it.

mod alerts;
mod conversions;

use jiff::SignedDuration;

use super::check;
use crate::config::complaint::Severity;
use crate::config::load::load_text;
use crate::config::model::{Config, Overflow, WarehouseKind};
use crate::platform::secret::Secret;

/// What is said of the demo's configuration after `change`: `error path` or `warning path`.
fn said(change: impl FnOnce(&mut Config)) -> Vec<String> {
    let demo = include_str!("../../../config/demo.toml");
    let mut config = load_text("demo.toml", demo).expect("the demo can be read");
    change(&mut config);
    let word = |severity| if severity == Severity::Error { "error" } else { "warning" };
    check(&config).iter().map(|c| format!("{} {}", word(c.severity), c.path)).collect()
}

/// A name for the failing case, a change to the demo, and what is said of it.
pub(super) type Case = (&'static str, fn(&mut Config), &'static [&'static str]);

pub(super) fn all_are_said(cases: &[Case]) {
    for (name, change, expected) in cases {
        assert_eq!(said(change), *expected, "{name}");
    }
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[test]
fn the_demo_is_fine() {
    assert_eq!(said(|_| {}), Vec::<String>::new());
}

#[test]
fn impossible_installations_are_refused() {
    all_are_said(&[
        (
            "public_url with a slash",
            |c| c.server.public_url = "https://calls.example.com/".to_owned(),
            &["error server.public_url"],
        ),
        (
            "public_url with a path",
            |c| c.server.public_url = "https://example.com/calls".to_owned(),
            &["error server.public_url"],
        ),
        (
            "public_url of another kind",
            |c| c.server.public_url = "ftp://example.com".to_owned(),
            &["error server.public_url"],
        ),
        (
            "public_url over http",
            |c| c.server.public_url = "http://calls.example.com".to_owned(),
            &["warning server.public_url"],
        ),
        (
            "a caller who waits for ever",
            |c| c.limits.webhook_wait = SignedDuration::from_secs(5),
            &["error limits.webhook_wait"],
        ),
        ("no live clients", |c| c.limits.live_clients = 0, &["error limits.live_clients"]),
        ("no shards", |c| c.redis.shards = 0, &["error redis.shards"]),
        ("shards", |c| c.redis.shards = 257, &["error redis.shards"]),
        (
            "a Redis URL that is none",
            |c| c.redis.url = Secret::new("localhost:6379"),
            &["error redis.url"],
        ),
        (
            "a slow Redis",
            |c| c.redis.response_timeout = seconds(2),
            &["error redis.response_timeout"],
        ),
        (
            "several processes on one DuckDB",
            |c| {
                c.warehouse.several_processes = true;
                c.redis.url = Secret::new("redis://127.0.0.1/");
            },
            &["error warehouse.several_processes"],
        ),
        ("little memory", |c| c.warehouse.memory_mb = 64, &["error warehouse.memory_mb"]),
        (
            "ClickHouse without its address",
            |c| c.warehouse.kind = WarehouseKind::Clickhouse,
            &["error warehouse.url"],
        ),
        (
            "a password in the address of ClickHouse",
            |c| {
                c.warehouse.kind = WarehouseKind::Clickhouse;
                c.warehouse.url = "http://me:secret@localhost:8123/".to_owned();
            },
            &["error warehouse.url"],
        ),
        (
            "names that are none in ClickHouse",
            |c| {
                c.warehouse.kind = WarehouseKind::Clickhouse;
                c.warehouse.url = "https://localhost:8443/".to_owned();
                c.warehouse.database = "a`b".to_owned();
                c.warehouse.user = String::new();
                c.warehouse.cluster = "a b".to_owned();
            },
            &["error warehouse.database", "error warehouse.user", "error warehouse.cluster"],
        ),
        (
            "replicas and shards of no cluster",
            |c| {
                c.warehouse.kind = WarehouseKind::Clickhouse;
                c.warehouse.url = "http://localhost:8123/".to_owned();
                (c.warehouse.replicated, c.warehouse.distributed) = (true, true);
            },
            &["error warehouse.replicated", "error warehouse.distributed"],
        ),
        (
            "an address of ClickHouse for DuckDB",
            |c| c.warehouse.url = "http://localhost:8123/".to_owned(),
            &["error warehouse.url"],
        ),
        ("a limit of nothing", |c| c.limits.api_per_minute = 0, &["error limits.api_per_minute"]),
        (
            "giving up before the first retry",
            |c| c.postback.give_up_after = seconds(1),
            &["error postback.give_up_after"],
        ),
        (
            "a longest step below the first",
            |c| c.postback.retry_max = seconds(1),
            &["error postback.retry_max"],
        ),
        ("a log filter", |c| c.log.filter = "ringtrace=loud".to_owned(), &["error log.filter"]),
        ("no hash", |c| c.api_keys[0].sha256 = "abc".to_owned(), &["error api_keys[0].sha256"]),
        (
            "the demo's key for the world",
            |c| c.server.listen = "0.0.0.0:8080".parse().expect("an address"),
            &["warning api_keys[0].sha256"],
        ),
        (
            "a key for an unknown site",
            |c| c.api_keys[0].sites = vec!["demmo".parse().expect("an id")],
            &["error api_keys[0].sites[0]"],
        ),
        (
            "people whom nobody may tell of, without a role",
            |c| {
                c.access.user_header = "X-User".to_owned();
                c.access.roles.clear();
            },
            &["error access.user_header", "error access.role_header"],
        ),
        (
            "no name of a header",
            |c| c.access.role_header = "X Roles".to_owned(),
            &["error access.role_header"],
        ),
        (
            "a role of two words",
            |c| c.access.roles[0].name = "the boss".to_owned(),
            &["error access.roles[0].name"],
        ),
        ("no audit", |c| c.audit.keep = seconds(60), &["error audit.keep"]),
        ("no share of a pool", |c| c.limits.pool_share = 0.0, &["error limits.pool_share"]),
        (
            "everybody is a proxy",
            |c| c.server.trusted_proxies = vec!["::/0".parse().expect("a network")],
            &["warning server.trusted_proxies[0]"],
        ),
    ]);
}

#[test]
fn what_contradicts_itself_in_a_site_is_refused() {
    all_are_said(&[
        ("key", |c| c.sites[0].key = "pk demo".to_owned(), &["error sites[0].key"]),
        ("secret key", |c| c.sites[0].key = "rt_abc".to_owned(), &["error sites[0].key"]),
        ("origins", |c| c.sites[0].origins.clear(), &["warning sites[0].origins"]),
        ("zone", |c| c.sites[0].time_zone = "Mars/Base".to_owned(), &["error sites[0].time_zone"]),
        ("currency", |c| c.sites[0].currency = "usd".to_owned(), &["error sites[0].currency"]),
        ("country", |c| c.sites[0].country = "XX".to_owned(), &["error sites[0].country"]),
        (
            "window",
            |c| c.sites[0].attribution_window = SignedDuration::from_hours(401 * 24),
            &["error sites[0].attribution_window"],
        ),
        (
            "window within a session",
            |c| c.sites[0].attribution_window = seconds(60),
            &["error sites[0].attribution_window"],
        ),
        (
            "session",
            |c| c.sites[0].session_timeout = seconds(0),
            &["error sites[0].session_timeout"],
        ),
        (
            "hold",
            |c| {
                c.sites[0].pools[0].hold = seconds(20);
                c.sites[0].pools[0].linger = seconds(20);
            },
            &["error sites[0].pools[0].hold"],
        ),
        (
            "linger",
            |c| c.sites[0].pools[0].linger = seconds(181),
            &["error sites[0].pools[0].linger"],
        ),
        ("rest", |c| c.sites[0].pools[0].rest = seconds(0), &["error sites[0].pools[0].rest"]),
        (
            "one sharer",
            |c| c.sites[0].pools[0].max_sharers = 1,
            &["error sites[0].pools[0].max_sharers"],
        ),
        (
            "one sharer who never shares",
            |c| {
                c.sites[0].pools[0].max_sharers = 1;
                c.sites[0].pools[0].overflow = vec![Overflow::Source];
            },
            &[],
        ),
        (
            "empty pool",
            |c| c.sites[0].pools[0].numbers.clear(),
            &["warning sites[0].pools[0].numbers"],
        ),
        (
            "unknown pool",
            |c| c.sites[0].targets[0].pool = "mian".parse().expect("an id"),
            &["warning sites[0].pools[0]", "error sites[0].targets[0].pool"],
        ),
        (
            "token",
            |c| {
                let twilio = c.sites[0].telephony.twilio.first_mut();
                twilio.expect("it is there").auth_token = Secret::default();
            },
            &["error sites[0].telephony.twilio.auth_token"],
        ),
        (
            "token of the second account",
            |c| {
                let telephony = &mut c.sites[0].telephony;
                telephony.twilio.push(Default::default());
                telephony.twilio.push(crate::config::model::Twilio {
                    shared_key: Secret::new("only for SHA-256"),
                    account: "AC1".to_owned(),
                    ..Default::default()
                });
            },
            &[
                "error sites[0].telephony.twilio[1].auth_token",
                "error sites[0].telephony.twilio[2].account",
            ],
        ),
        (
            "keys of other lengths",
            |c| {
                let telephony = &mut c.sites[0].telephony;
                telephony.telnyx[0].public_key = "AAAA".to_owned();
                telephony.telnyx[0].second_public_key = "not base64".to_owned();
                telephony.telnyx[0].voice_api = true;
                telephony.telnyx[0].fallback_url = "https://static.example.org/f.xml".to_owned();
                telephony.kamailio[0].token = Secret::new("short");
                telephony.bandwidth[0].username = "with:colon".to_owned();
            },
            &[
                "error sites[0].telephony.telnyx.public_key",
                "error sites[0].telephony.telnyx.second_public_key",
                "error sites[0].telephony.telnyx.api_key",
                "warning sites[0].telephony.telnyx.fallback_url",
                "error sites[0].telephony.bandwidth.username",
                "error sites[0].telephony.kamailio.token",
            ],
        ),
        (
            "no secret anywhere",
            |c| {
                let telephony = &mut c.sites[0].telephony;
                telephony.signalwire[0] = Default::default();
                telephony.plivo[0] = Default::default();
                telephony.vonage[0] = Default::default();
                telephony.asterisk[0] = Default::default();
            },
            &[
                "error sites[0].telephony.signalwire.signing_key",
                "error sites[0].telephony.plivo.auth_token",
                "error sites[0].telephony.vonage.signature_secret",
                "error sites[0].telephony.asterisk.token",
            ],
        ),
        (
            "no provider",
            |c| c.sites[0].telephony = Default::default(),
            &["warning sites[0].telephony"],
        ),
        (
            "short secret",
            |c| {
                let generic = c.sites[0].telephony.generic.first_mut();
                generic.expect("it is there").secret = Secret::new("whsec_c2hvcnQ=");
            },
            &["error sites[0].telephony.generic.secret"],
        ),
    ]);
}

#[test]
fn an_origin_is_what_browsers_send() {
    for (origin, fits) in [
        ("https://www.example.com", true),
        ("http://localhost:8080", true),
        ("https://*.example.com", true),
        ("https://xn--bcher-kva.example", true),
        ("https://www.example.com/", false),
        ("https://www.example.com:443", false),
        ("https://WWW.example.com", false),
        ("https://bücher.example", false),
        ("https://*.com", false),
        ("https://*.1.2.3.4", false),
        ("https://*", false),
        ("*", false),
        ("https://a.*.example.com", false),
        ("www.example.com", false),
        ("file:///index.html", false),
        ("null", false),
    ] {
        let expected: &[&str] = if fits { &[] } else { &["error sites[0].origins[0]"] };
        let found = said(|c| c.sites[0].origins = vec![origin.to_owned()]);
        assert_eq!(found, expected, "{origin}");
    }
}

#[test]
fn ids_are_unique_within_their_site_and_keys_everywhere() {
    let twice = said(|c| {
        let mut other = c.sites[0].clone();
        for pool in &mut other.pools {
            pool.numbers.clear();
        }
        other.static_numbers.clear();
        other.numbers.clear();
        other.trackers.clear();
        c.sites.push(other);
    });
    assert_eq!(
        twice,
        ["error sites[1].id", "error sites[1].key", "warning sites[1].pools[0].numbers"]
    );
    let within = said(|c| {
        let site = &mut c.sites[0];
        site.targets.push(site.targets[0].clone());
        site.destinations.push(site.destinations[0].clone());
        site.conversions.push(site.conversions[0].clone());
    });
    assert_eq!(
        within,
        [
            "error sites[0].targets[1].id",
            "error sites[0].targets[1].number",
            "error sites[0].conversions[1].name",
            "error sites[0].destinations[2].id",
        ]
    );
}

#[test]
fn a_tracking_number_has_one_owner_and_is_no_number_of_the_business() {
    all_are_said(&[
        (
            "twice in one pool",
            |c| {
                let numbers = &mut c.sites[0].pools[0].numbers;
                numbers.push(numbers[0].clone());
            },
            &["error sites[0].pools[0].numbers[12]"],
        ),
        (
            "pooled and static",
            |c| {
                c.sites[0].trackers.clear();
                c.sites[0].static_numbers[1].number = c.sites[0].pools[0].numbers[3].clone();
            },
            &["error sites[0].static_numbers[1].number"],
        ),
        (
            "pooled and a target",
            |c| {
                let target = c.sites[0].targets[0].number.clone();
                c.sites[0].pools[0].numbers[2] = target;
            },
            &["error sites[0].pools[0].numbers[2]"],
        ),
        (
            "forwarded to a tracking number",
            |c| c.sites[0].forward_to = c.sites[0].pools[0].numbers[0].clone(),
            &["error sites[0].pools[0].numbers[0]"],
        ),
        (
            "a number of no plan",
            |c| {
                c.sites[0].numbers.clear();
                c.sites[0].static_numbers[0].number = "+10000000".parse().expect("E.164");
            },
            &["warning sites[0].static_numbers[0].number"],
        ),
    ]);
}

#[test]
fn what_is_special_about_a_number_fits_it() {
    all_are_said(&[
        (
            "somebody else's",
            |c| c.sites[0].numbers[0].number = "+14155550177".parse().expect("E.164"),
            &["error sites[0].numbers[0]"],
        ),
        (
            "twice",
            |c| {
                let first = c.sites[0].numbers[0].clone();
                c.sites[0].numbers.push(first);
            },
            &["error sites[0].numbers[1]"],
        ),
        (
            "letters of another number",
            |c| c.sites[0].numbers[0].vanity = "844-PHONEXA".parse().ok(),
            &["error sites[0].numbers[0].vanity"],
        ),
        (
            "letters of this one",
            |c| c.sites[0].numbers[0].vanity = "415-JJJ-0150".parse().ok(),
            &[],
        ),
    ]);
}
