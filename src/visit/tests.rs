use std::sync::OnceLock;

use proptest::prelude::*;

use crate::platform::clock::Millis;
use crate::platform::ids::{SessionId, SiteId, VisitorId};
use crate::platform::signing::SigningKeys;
use crate::visit::channel::channel;
use crate::visit::device::{ClientHints, machine};
use crate::visit::model::Consent;
use crate::visit::rules::{Arrival, arrive, campaign_fingerprint};
use crate::visit::site_rules::SiteRules;
use crate::visit::tables::Tables;
use crate::visit::token::{BadLink, Marks, SessionToken, VisitorToken, read_visitor, sign_visitor};
use crate::visit::why::Why;

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| Tables::load().expect("the compiled-in tables are readable"))
}

/// The rules of a site with these keys.
fn rules(keys: &str) -> SiteRules {
    let head = r#"
        id = "s"
        key = "pk"
        forward_to = "+14155550100"
        origins = ["https://*.example.com"]
    "#;
    SiteRules::compile(&toml::from_str(&format!("{head}{keys}")).expect("a site"))
}

/// How a visitor arrived; what decided it is not told.
fn from(url: &str, referrer: &str) -> Arrival<'static> {
    let rules = rules("");
    let arrival = arrive(tables(), &rules, url, referrer);
    Arrival {
        source: arrival.source,
        click_ids: arrival.click_ids,
        referrer_host: arrival.referrer_host,
        landing_host: arrival.landing_host,
        landing_page: arrival.landing_page,
        why: Why::default(),
    }
}

fn source_of(url: &str, referrer: &str) -> (String, String, String) {
    let source = from(url, referrer).source;
    (source.source, source.medium, source.channel)
}

fn words(source: &str, medium: &str, channel: &str) -> (String, String, String) {
    (source.to_owned(), medium.to_owned(), channel.to_owned())
}

const PAGE: &str = "https://www.example.com/plumbing";

#[test]
fn a_paid_click_id_names_the_platform_and_utm_names_the_source() {
    let url = "https://WWW.example.com/plumbing/index.html?utm_source=Google&utm_medium=cpc\
               &utm_campaign=spring&utm_id=77&GCLID=AbC-1#top";
    let arrival = from(url, "https://www.google.com/");
    assert_eq!(arrival.source.source, "Google");
    assert_eq!(arrival.source.campaign, "spring");
    assert_eq!(arrival.source.campaign_id, "77");
    assert_eq!(arrival.source.channel, "Paid Search");
    assert_eq!(arrival.source.click_platform, "google");
    assert_eq!(arrival.click_ids.len(), 1);
    assert_eq!(arrival.click_ids[0].name, "gclid");
    assert_eq!(arrival.click_ids[0].value, "AbC-1");
    assert_eq!(arrival.landing_host, "www.example.com");
    assert_eq!(arrival.landing_page, "/plumbing");
    assert_eq!(arrival.referrer_host, "www.google.com");

    let against_utm = from(&format!("{PAGE}?msclkid=1&utm_source=newsletter"), "").source;
    assert_eq!((against_utm.source.as_str(), against_utm.medium.as_str()), ("newsletter", "cpc"));
    assert_eq!(against_utm.click_platform, "microsoft");
}

#[test]
fn of_two_click_ids_the_one_named_by_utm_counts_else_the_later() {
    let platform = |query: &str| from(&format!("{PAGE}?{query}"), "").source.click_platform;
    assert_eq!(platform("gclid=1&msclkid=2"), "microsoft");
    assert_eq!(platform("gclid=1&msclkid=2&utm_source=google"), "google");
    assert_eq!(from(&format!("{PAGE}?gclid=1&msclkid=2"), "").click_ids.len(), 2);
    // A share link from Facebook does not outweigh the ad.
    assert_eq!(platform("gclid=1&fbclid=2"), "google");
}

#[test]
fn sources_by_precedence() {
    let facebook = "https://l.facebook.com/";
    for (url, referrer, expected) in [
        (PAGE.to_owned(), "", words("(direct)", "(none)", "Direct")),
        (format!("{PAGE}?gclid=x"), "", words("google", "cpc", "Paid Search")),
        (format!("{PAGE}?gclid="), "", words("(direct)", "(none)", "Direct")),
        (format!("{PAGE}?fbclid=x"), "", words("facebook", "social", "Organic Social")),
        (format!("{PAGE}?fbclid=x"), facebook, words("facebook", "social", "Organic Social")),
        (format!("{PAGE}?dclid=x"), "", words("dfa", "cpm", "Display")),
        (
            format!("{PAGE}?utm_source=mail&utm_medium=email"),
            facebook,
            words("mail", "email", "Email"),
        ),
        (format!("{PAGE}?utm_campaign=x"), "", words("(not set)", "(not set)", "Unassigned")),
        (
            PAGE.to_owned(),
            "https://www.google.co.uk/",
            words("google", "organic", "Organic Search"),
        ),
        (PAGE.to_owned(), "https://mail.google.com/", words("gmail", "email", "Email")),
        (PAGE.to_owned(), "https://chatgpt.com/", words("chatgpt", "ai-assistant", "AI Assistant")),
        (
            PAGE.to_owned(),
            "https://www.youtube.com/",
            words("youtube", "referral", "Organic Video"),
        ),
        (
            PAGE.to_owned(),
            "https://www.blog.example.org/post",
            words("blog.example.org", "referral", "Referral"),
        ),
        (PAGE.to_owned(), "https://shop.example.com/", words("(direct)", "(none)", "Direct")),
        (PAGE.to_owned(), "not a url", words("(direct)", "(none)", "Direct")),
    ] {
        assert_eq!(source_of(&url, referrer), expected, "{url} from {referrer}");
    }
}

#[test]
fn look_alikes_are_not_their_models() {
    for host in ["notgoogle.com", "google.example.org", "facebook.com.example.org", "google.comx"] {
        let arrival = from(PAGE, &format!("https://{host}/"));
        assert_eq!(arrival.source.medium, "referral", "{host}");
        assert_eq!(arrival.source.source, host);
    }
    assert_eq!(source_of(PAGE, "https://notexample.com/").1, "referral");
}

#[test]
fn channels_follow_the_published_rules_in_order() {
    let tables = tables();
    for (source, medium, campaign, expected) in [
        ("(direct)", "(not set)", "", "Direct"),
        ("who", "y", "my-cross-network-1", "Cross-network"),
        ("amazon", "cpc", "", "Paid Shopping"),
        ("who", "retargeting", "eshop", "Paid Shopping"),
        ("google", "ppc", "", "Paid Search"),
        ("bing", "cpm", "", "Paid Search"),
        ("FB", "Paid-Social", "", "Paid Social"),
        ("youtube.com", "paidvideo", "", "Paid Video"),
        ("unknown", "cpm", "", "Display"),
        ("youtube", "display", "", "Display"),
        ("unknown", "cpc", "", "Paid Other"),
        ("who", "y", "summer shop", "Organic Shopping"),
        ("who", "y", "workshopping", "Organic Shopping"),
        ("who", "referral", "workshop", "Referral"),
        ("m.facebook.com", "referral", "", "Organic Social"),
        ("who", "social media", "", "Organic Social"),
        ("who", "my-video-ad", "", "Organic Video"),
        ("ecosia", "y", "", "Organic Search"),
        ("who", "organic", "", "Organic Search"),
        ("who", "app", "", "Referral"),
        ("e-mail", "y", "", "Email"),
        ("who", "affiliate", "", "Affiliates"),
        ("who", "audio", "", "Audio"),
        ("sms", "y", "", "SMS"),
        ("who", "webpush", "", "Mobile Push Notifications"),
        ("who", "y", "", "Unassigned"),
    ] {
        let found = channel(tables, source, medium, campaign);
        assert_eq!(found, expected, "{source} / {medium} / {campaign}");
    }
}

#[test]
fn pages_are_grouped_without_query_index_file_and_trailing_slash() {
    for (url, page) in [
        ("https://a.example/", "/"),
        ("https://a.example", "/"),
        ("https://a.example/index.php?x=1", "/"),
        ("https://a.example/A/b/?x#y", "/A/b"),
        ("https://a.example/a/Index.HTML", "/a"),
        ("https://a.example/reindex.html", "/reindex.html"),
    ] {
        assert_eq!(from(url, "").landing_page, page, "{url}");
    }
}

#[test]
fn a_fingerprint_tells_campaigns_apart_and_ignores_the_rest() {
    let tables = tables();
    let rules = rules("");
    let print = |query: &str| campaign_fingerprint(tables, &rules, &format!("{PAGE}?{query}"));
    assert_eq!(print("q=1"), 0);
    assert_eq!(campaign_fingerprint(tables, &rules, PAGE), 0);
    assert_ne!(print("gclid=a"), print("gclid=b"));
    assert_eq!(print("gclid=a"), print("q=1&gclid=a"));
    assert_ne!(print("utm_source=a"), print("utm_medium=a"));
}

fn keys() -> SigningKeys {
    SigningKeys::from_master(&[7; 32])
}

fn site(name: &str) -> SiteId {
    name.parse().expect("a site id")
}

#[test]
fn a_session_goes_on_until_silence_or_another_campaign() {
    let timeout = jiff::SignedDuration::from_mins(30);
    let seen = Millis(1_000_000);
    let consent = Consent::default();
    let (session, marks) = (SessionId::new(), Marks::default());
    let token = SessionToken { session, visitor: None, seen, touch: 5, consent, told: true, marks };
    let at = |minutes: i64| seen.plus(minutes * 60_000);
    assert!(token.continues(at(30), timeout, 0));
    assert!(token.continues(at(1), timeout, 5));
    assert!(!token.continues(at(1), timeout, 6));
    assert!(!token.continues(at(30).plus(1), timeout, 0));
}

proptest! {
    #[test]
    fn tokens_come_back_as_they_were(
        session: u128, visitor in proptest::option::of(1u128..), seen in 0i64..4_000_000_000_000, touch: u32,
        analytics: bool, ads: bool, told: bool, some in proptest::collection::vec(1u32.., 0..10),
    ) {
        let mut marks = Marks::default();
        some.iter().for_each(|&mark| marks.set(mark));
        prop_assert!(some.iter().take(Marks::MOST).all(|&mark| marks.has(mark)));
        prop_assert!(!marks.has(0));
        let token = SessionToken {
            session: SessionId(uuid::Uuid::from_u128(session)),
            visitor: visitor.map(|id| VisitorId(uuid::Uuid::from_u128(id))),
            seen: Millis(seen),
            touch,
            consent: Consent { analytics, ads },
            told,
            marks,
        };
        let text = token.sign(&keys(), &site("a"));
        prop_assert!(text.len() <= 200);
        let now = Millis(seen);
        prop_assert_eq!(SessionToken::read(&keys(), &site("a"), &text, now), Some(token));
        prop_assert_eq!(SessionToken::read(&keys(), &site("b"), &text, now), None);
        prop_assert_eq!(SessionToken::read(&keys(), &site("a"), &text, now.plus(-60_001)), None);
        prop_assert_eq!(read_visitor(&keys(), &site("a"), &text), None);
        prop_assert_eq!(SessionToken::read_link(&keys(), &site("a"), &text, now), Err(BadLink::Unreadable));
        let link = token.sign_link(&keys(), &site("a"));
        prop_assert!(link.len() <= 200);
        let follow = |name: &str, at: i64| {
            SessionToken::read_link(&keys(), &site(name), &link, now.plus(at))
        };
        for good in [-60_000, 0, 120_000] {
            prop_assert_eq!(follow("a", good), Ok(token));
        }
        prop_assert_eq!(follow("b", 0), Err(BadLink::Unreadable));
        prop_assert_eq!(follow("a", 120_001), Err(BadLink::Expired));
        prop_assert_eq!(follow("a", -60_001), Err(BadLink::Expired));
        prop_assert_eq!(SessionToken::read(&keys(), &site("a"), &link, now), None);
        prop_assert_eq!(read_visitor(&keys(), &site("a"), &link), None);
        let visitor = VisitorId(uuid::Uuid::from_u128(session));
        let text = sign_visitor(&keys(), &site("a"), visitor, (token.consent, told), now);
        let read = read_visitor(&keys(), &site("a"), &text);
        prop_assert_eq!(read, Some(VisitorToken { visitor, consent: token.consent, told }));
        prop_assert_eq!(SessionToken::read(&keys(), &site("a"), &text, now), None);
    }

    #[test]
    fn a_token_with_any_other_letter_is_refused(at in 0usize..84, letter in "[A-Za-z0-9_-]") {
        let token = SessionToken {
            session: SessionId::new(), visitor: None, seen: Millis(1), touch: 0,
            consent: Consent::default(), told: false, marks: Marks::default(),
        };
        for text in [
            token.sign(&keys(), &site("a")),
            token.sign_link(&keys(), &site("a")),
            sign_visitor(&keys(), &site("a"), VisitorId::new(), (Consent::default(), true), Millis(1)),
        ] {
            prop_assert_eq!(text.len(), 84);
            let mut changed = text.clone();
            changed.replace_range(at..=at, &letter);
            prop_assume!(changed != text);
            prop_assert_eq!(SessionToken::read(&keys(), &site("a"), &changed, Millis(1)), None);
            prop_assert_eq!(read_visitor(&keys(), &site("a"), &changed), None);
            let followed = SessionToken::read_link(&keys(), &site("a"), &changed, Millis(1));
            prop_assert_eq!(followed, Err(BadLink::Unreadable));
        }
    }

    #[test]
    fn nothing_that_comes_from_outside_panics(
        url in ".{0,300}", referrer in ".{0,300}", agent in ".{0,700}", query in "\\PC{0,200}",
    ) {
        let tables = tables();
        let rules = rules("");
        arrive(tables, &rules, &url, &referrer);
        let arrival = arrive(tables, &rules, &format!("https://a.example/{query}?{query}"), &url);
        prop_assert!(arrival.landing_page.starts_with('/'));
        prop_assert!(arrival.landing_page.len() <= 512);
        tables.bot(&agent);
        machine(tables, &agent, ClientHints::default());
        SessionToken::read(&keys(), &site("a"), &agent, Millis(0));
    }
}

#[test]
fn huge_urls_are_cut() {
    let huge = format!("{PAGE}?utm_source={}&gclid={}", "ä".repeat(100_000), "x".repeat(9));
    let arrival = from(&huge, &huge);
    assert!(arrival.source.source.len() <= 255);
    let id = format!("{PAGE}?gclid={}&fbclid={}", "x".repeat(600), "y".repeat(600));
    let lengths: Vec<usize> = from(&id, "").click_ids.iter().map(|id| id.value.len()).collect();
    assert_eq!(lengths, [512, 500]);
}
