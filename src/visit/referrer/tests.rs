use std::sync::OnceLock;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| Tables::load().expect("the compiled-in tables are readable"))
}

fn from(referrer: &str) -> Referrer<'static> {
    let own = OwnHosts { landing: "www.plumber.example", ..OwnHosts::default() };
    read(tables(), referrer, &own)
}

fn source_and_medium(referrer: &str) -> Option<(String, String)> {
    let found = from(referrer);
    found.source_and_medium().map(|(source, medium)| (source, medium.to_owned()))
}

#[test]
fn referrers_by_source_and_medium() {
    for (referrer, source, medium) in [
        ("https://www.google.co.uk/", "google", "organic"),
        ("http://www.google.ca/aclk?sa=l&adurl=http://x.example/", "google", "cpc"),
        ("https://www.googleadservices.com/pagead/aclk?q=x", "google", "cpc"),
        ("https://tpc.googlesyndication.com/", "google", "cpc"),
        ("https://ad.doubleclick.net/x", "dfa", "cpm"),
        ("https://www.bing.com/aclick?ld=1", "bing", "cpc"),
        ("https://cn.bing.com/aclk", "bing", "cpc"),
        ("https://yabs.yandex.ru/count/abc", "yandex", "cpc"),
        ("https://yabs.yandex.ru/", "yandex", "organic"),
        ("https://r.search.yahoo.com/cbclk2/x", "yahoo", "cpc"),
        ("https://duckduckgo.com/y.js?ad_domain=x", "duckduckgo", "cpc"),
        ("https://www.ecosia.org/search?q=a", "ecosia.org", "organic"),
        ("https://m.facebook.com/", "facebook", "social"),
        ("l.facebook.com/l.php?u=https://x.example", "facebook", "social"),
        ("https://t.co/abc", "twitter", "social"),
        ("https://x.com/i/grok", "grok", "ai-assistant"),
        ("https://chatgpt.com/", "chatgpt", "ai-assistant"),
        ("https://mail.google.com/mail/u/0", "gmail", "email"),
        ("https://nam12.safelinks.protection.outlook.com/?url=x", "outlook", "email"),
        ("https://youtu.be/x", "youtube", "referral"),
        ("https://www.amazon.co.jp/dp/1", "amazon", "referral"),
        ("https://docs.google.com/document/d/1", "docs.google.com", "referral"),
        ("android-app://com.google.android.gm/", "gmail", "email"),
        (
            "android-app://com.google.android.googlequicksearchbox/https/www.google.com",
            "google",
            "organic",
        ),
        ("android-app://com.example.Reader", "com.example.reader", "referral"),
        ("ios-app://284882215/fb", "facebook", "social"),
        ("https://www.blog.example.org/post", "blog.example.org", "referral"),
        ("https://www.xn--bcher-kva.example/", "bücher.example", "referral"),
        ("https://bücher.example/", "bücher.example", "referral"),
        ("https://user@GOOGLE.com.evil.example./", "google.com.evil.example", "referral"),
        ("https://google.com@evil.example/", "evil.example", "referral"),
        ("//www.bing.com/search?q=a", "bing", "organic"),
        ("example.org:8443/path", "example.org", "referral"),
        ("http://192.0.2.7/", "192.0.2.7", "referral"),
    ] {
        let expected = Some((source.to_owned(), medium.to_owned()));
        assert_eq!(source_and_medium(referrer), expected, "{referrer}");
    }
}

#[test]
fn what_is_no_referrer_says_why() {
    let own = |host: &str| NoReferrer::OwnSite(host.to_owned());
    for (referrer, why) in [
        ("", NoReferrer::Absent),
        ("  ", NoReferrer::Absent),
        ("not a url", NoReferrer::Unreadable),
        ("direct", NoReferrer::Unreadable),
        ("index.html", NoReferrer::Unreadable),
        ("mailto:somebody@google.com", NoReferrer::Unreadable),
        ("about:blank", NoReferrer::Unreadable),
        ("file:///C:/page.html", NoReferrer::Unreadable),
        ("ftp://google.com/", NoReferrer::Unreadable),
        ("chrome-extension://abc/", NoReferrer::Unreadable),
        ("https://", NoReferrer::Unreadable),
        ("https://google..com/", NoReferrer::Unreadable),
        ("https://.com/", NoReferrer::Unreadable),
        ("https://www.plumber.example/a", own("www.plumber.example")),
        ("https://Shop.Plumber.example", own("shop.plumber.example")),
        ("https://www.paypal.com/checkout", NoReferrer::Payment("www.paypal.com".to_owned())),
        ("https://pay.google.com/", NoReferrer::Payment("pay.google.com".to_owned())),
        ("https://pay.amazon.de/", NoReferrer::Payment("pay.amazon.de".to_owned())),
        ("https://checkout.stripe.com/pay", NoReferrer::Payment("checkout.stripe.com".to_owned())),
        ("https://accounts.google.de/", NoReferrer::SignIn("accounts.google.de".to_owned())),
    ] {
        match from(referrer) {
            Referrer::None(found) => assert_eq!(found, why, "{referrer}"),
            other => panic!("{referrer}: {other:?}"),
        }
    }
    let ignored = ["partner.example".to_owned()];
    let own = OwnHosts { ignored: &ignored, ..OwnHosts::default() };
    let found = read(tables(), "https://www.partner.example/", &own);
    assert!(matches!(found, Referrer::None(NoReferrer::IgnoredBySite(_))), "{found:?}");
}

#[test]
fn search_terms_are_decoded() {
    let long = format!("https://www.bing.com/search?q={}", "ä".repeat(400));
    for (referrer, term) in [
        (
            "https://www.bing.com/search?q=emergency+plumber%20london",
            Some("emergency plumber london"),
        ),
        ("https://www.bing.com/search?Q=up", Some("up")),
        ("http://search.yahoo.com/search#p=hello", Some("hello")),
        ("https://www.google.de/#!/search?q=a&q=b", Some("a")),
        ("https://www.google.de/#q=why?", Some("why?")),
        ("https://www.google.de/#q=%C3%A4", Some("ä")),
        ("https://yahoo.com?p=&p=&q=second", Some("second")),
        ("https://www.google.de/?q=", None),
        ("https://www.google.de/?q=%00%0A", None),
        ("https://go.mail.ru/search?q=%EF%EB%EE%EC%E1%E8%F0", Some("пломбир")),
        ("https://go.mail.ru/search?q=%D0%BF", Some("п")),
        ("https://www.google.de/?q=%FF%FE", None),
        ("http://www.gomeo.com/search/blue+pipe/", Some("blue pipe")),
        ("https://search.babylon.com/web/pipe", Some("pipe")),
        ("https://www.facebook.com/?q=x", None),
        (&long, Some(&"ä".repeat(127))),
    ] {
        assert_eq!(from(referrer).term(), term, "{referrer}");
    }
}

#[derive(Deserialize)]
struct Case {
    name: String,
    url: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    label: Option<String>,
    query: Option<String>,
    googletype: Option<String>,
}

/// goreferrer calls an unknown host by a guess at a name (`Walrus` for walrus.com); here it is called
/// by its host, which nobody can mistake.
const GUESSED_LABELS: [&str; 5] = [
    "TestParseExtractsUrlComponents",
    "TestIndirectLabelIsTitleized",
    "TestUnknownDomainIsIndirect",
    "TestUnicodeUrls",
    "TestNoScheme",
];

#[test]
fn every_case_of_goreferrer() {
    let text = include_str!("../../../tests/fixtures/goreferrer_cases.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 24);
    for case in cases {
        let found = from(&case.url);
        let (kind, label) = match &found {
            Referrer::Known { listed, .. } => {
                let kind = match listed.kind {
                    SourceKind::Search => "Search",
                    SourceKind::Social => "Social",
                    SourceKind::Email => "Email",
                    _ => "Indirect",
                };
                (kind, Some(listed.label.as_str()))
            }
            Referrer::Unknown { .. } => ("Indirect", None),
            Referrer::None(why) => panic!("{}: {why:?}", case.name),
        };
        assert_eq!(kind, case.kind.as_deref().unwrap_or(kind), "{}", case.name);
        if GUESSED_LABELS.contains(&case.name.as_str()) {
            assert_eq!(label, None, "{}", case.name);
        } else {
            // Matomo writes `tumblr`, goreferrer `Tumblr`.
            let same = label.unwrap().eq_ignore_ascii_case(&case.label.unwrap());
            assert!(same, "{}: {label:?}", case.name);
        }
        assert_eq!(found.term(), case.query.as_deref(), "{}", case.name);
        if let Some(google) = case.googletype {
            assert_eq!(found.is_ad_click(), google == "Adwords", "{}", case.name);
        }
    }
}

proptest! {
    #[test]
    fn any_text_has_one_answer(text in ".{0,300}", host in "[a-z0-9.-]{1,60}") {
        for referrer in [text.clone(), format!("https://{host}/{text}"), format!("{host}?q={text}")] {
            let found = from(&referrer);
            prop_assert_eq!(found.host().is_some(), found.source_and_medium().is_some());
            if let Some((source, medium)) = found.source_and_medium() {
                prop_assert!(!source.is_empty() && !medium.is_empty());
            }
            prop_assert!(found.term().is_none_or(|term| term.len() <= 255));
            // What it is called stands for the same host again.
            if let Some(host) = found.host().filter(|_| !referrer.contains("-app:")) {
                let again = from(&format!("https://{host}/"));
                prop_assert_eq!(again.host(), Some(host));
            }
        }
    }
}
