use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::visit::bot::ahead::is_ahead;
use crate::visit::device::machine;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                      Gecko) Chrome/140.0.0.0 Safari/537.36";

/// Read once: many cases ask.
fn tables() -> &'static Tables {
    static TABLES: LazyLock<Tables> =
        LazyLock::new(|| Tables::load().expect("the compiled-in tables are readable"));
    &TABLES
}

fn agent(user_agent: &str) -> Evidence<'_> {
    Evidence { user_agent, ..Evidence::default() }
}

fn kind(tables: &Tables, user_agent: &str) -> Option<BotKind> {
    judge(tables, &agent(user_agent)).map(|bot| bot.kind)
}

#[test]
fn programs_are_told_from_people() {
    let tables = tables();
    for (agent, expected) in [
        ("", Some(BotKind::Empty)),
        (" \t", Some(BotKind::Empty)),
        (CHROME, None),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0.0.0", Some(BotKind::Headless)),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", Some(BotKind::Crawler)),
        ("Mozilla/5.0 (compatible; FreshNewBot/1.0)", Some(BotKind::Crawler)),
        ("facebookexternalhit/1.1", Some(BotKind::Preview)),
        ("Mozilla/5.0 (compatible; Nuclei - Linux)", Some(BotKind::Scanner)),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit Site24x7", Some(BotKind::Monitor)),
        ("curl/8.5.0", Some(BotKind::Tool)),
        ("Whatever/1.0", Some(BotKind::Tool)),
    ] {
        assert_eq!(kind(tables, agent), expected, "{agent}");
    }
}

#[test]
fn a_verdict_names_the_line_that_decided() {
    let tables = tables();
    let why = |text: &'static str| judge(tables, &agent(text)).expect("a program").why;
    let listed = why("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)");
    assert_eq!((listed.of, listed.list, listed.line), ("user_agent", "crawlers.tsv", "Googlebot/"));
    let word = why("Mozilla/5.0 (compatible; FreshNewBot/1.0)");
    assert_eq!((word.list, word.line), ("bots.toml", "bot"));
    assert_eq!(why("Whatever/1.0").line, "no word of [browser]");
}

#[test]
fn the_name_of_a_phone_proves_nothing() {
    let tables = tables();
    let phone = |model: &str| {
        format!("Mozilla/5.0 (Linux; Android 12; {model}) AppleWebKit/537.36 Chrome/99.0 Mobile")
    };
    for model in ["Spider Build/JLS36C", "Sonic", "CUBOT NOTE 20", "Robot X Build/1", "Wget 5"] {
        assert_eq!(kind(tables, &phone(model)), None, "{model}");
    }
    // What comes behind the name is no name.
    assert_eq!(kind(tables, &phone("Pixel 8; NewBot/1.0")), Some(BotKind::Crawler));
    let with_build = phone("Pixel 8 Build/OPD3; DuplexWeb-Google/1.0");
    assert_eq!(kind(tables, &with_build), Some(BotKind::Preview));
    // An exception is a whole word.
    assert_eq!(kind(tables, "Mozilla/5.0 (Linux) CUBOT/1 Chrome/99.0"), None);
    assert_eq!(kind(tables, "Mozilla/5.0 (Linux) Cubots/1 Chrome/99.0"), Some(BotKind::Crawler));
}

#[test]
fn client_hints_betray_a_headless_browser_under_another_agent() {
    let tables = tables();
    let judged = |brands| {
        let hints = ClientHints { brands, ..ClientHints::default() };
        judge(tables, &Evidence { user_agent: CHROME, hints, network: None })
    };
    let bot = judged(r#""Not;A=Brand";v="99", "HeadlessChrome";v="140", "Chromium";v="140""#);
    let bot = bot.expect("a program");
    assert_eq!((bot.kind, bot.why.of), (BotKind::Headless, "client_hints"));
    assert_eq!(
        judged(r#""Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140""#),
        None
    );
}

#[test]
fn a_data_centre_is_known_by_its_number_and_relays_of_people_are_left_out() {
    let tables = tables();
    let judged = |asn| {
        let network = Network { asn, organisation: "Any".to_owned(), ..Network::default() };
        let network = Some(&network);
        judge(tables, &Evidence { user_agent: CHROME, network, ..Evidence::default() })
            .map(|bot| (bot.kind, bot.why.line.to_owned()))
    };
    assert_eq!(judged(24940), Some((BotKind::DataCentre, "Hetzner".to_owned())));
    // Private Relay (Akamai, Cloudflare, Fastly), WARP, Google One, a filter of companies, a provider
    // of homes, and nothing known.
    for people in [36183, 20940, 13335, 54113, 15169, 22616, 3320, 0] {
        assert_eq!(judged(people), None, "{people}");
    }
}

#[test]
fn every_word_for_loading_ahead_is_understood() {
    for value in
        ["prefetch", "prefetch;prerender", "Prefetch", "preview", "prefetch; x=1", " prerender"]
    {
        assert!(is_ahead(value), "{value}");
    }
    for value in ["", "navigate", "no-prefetch", "prefetched", "tracking"] {
        assert!(!is_ahead(value), "{value}");
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_and_twice_the_same(text in ".{0,1200}", brands in ".{0,200}") {
        let hints = ClientHints { brands: &brands, mobile: &brands, platform: &text };
        let evidence = Evidence { user_agent: &text, hints, network: None };
        let once = judge(tables(), &evidence);
        prop_assert_eq!(once, judge(tables(), &evidence));
        prop_assert_eq!(machine(tables(), &text, hints), machine(tables(), &text, hints));
    }
}
