use std::sync::OnceLock;

use serde::Deserialize;

use super::*;

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| Tables::load().expect("the compiled-in tables are readable"))
}

#[derive(Deserialize)]
struct Case {
    source: String,
    medium: String,
    campaign: String,
    expected_channel: String,
}

/// Of the 30 published cases one contradicts the published rule that its own test names: a shop is
/// Paid Shopping by a paid medium only, and `Google Shopping` without one is Organic Shopping in the
/// same file.
const CORRECTED: &str = "alibaba";

#[test]
fn every_published_case_of_google_analytics_4() {
    let tables = tables();
    let text = include_str!("../../../tests/fixtures/ga4_channel_cases.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 30);
    for case in cases {
        let medium = if case.source == CORRECTED {
            let untouched = channel(tables, &case.source, &case.medium, &case.campaign);
            assert_eq!(untouched, "Organic Shopping");
            "cpc"
        } else {
            case.medium.as_str()
        };
        let found = channel(tables, &case.source, medium, &case.campaign);
        assert_eq!(found, case.expected_channel, "{} / {medium} / {}", case.source, case.campaign);
    }
}

#[test]
fn the_rule_that_decided_is_named_by_its_place() {
    let tables = tables();
    for (source, medium, campaign, channel, number) in [
        ("", "", "", "Direct", 1),
        ("bing", "cpm", "", "Paid Search", 4),
        ("unknown", "cpm", "", "Display", 7),
        ("unknown", "display", "", "Display", 7),
        ("unknown", "cpc", "", "Paid Other", 8),
        ("chatgpt", "cpc", "", "Paid Other", 8),
        ("tripadvisor.com", "y", "", "Organic Social", 10),
        ("chatgpt.com", "ai-assistant", "", "AI Assistant", 13),
        ("chatgpt.com", "referral", "", "Referral", 14),
        ("who", "y", "", "Unassigned", 0),
    ] {
        let decided = decide(tables, source, medium, campaign);
        assert_eq!((decided.channel, decided.number), (channel, number), "{source} / {medium}");
        assert!(!decided.rule.is_empty());
    }
}

#[test]
fn case_never_matters() {
    let tables = tables();
    for (source, medium, campaign) in [
        ("GOOGLE", "CPC", ""),
        ("Who", "E-Mail", ""),
        ("who", "y", "My-SHOP"),
        ("ÄÖ", "Display", ""),
    ] {
        let lower = channel(
            tables,
            &source.to_lowercase(),
            &medium.to_lowercase(),
            &campaign.to_lowercase(),
        );
        assert_eq!(channel(tables, source, medium, campaign), lower);
        assert_ne!(lower, "Unassigned");
    }
}

#[test]
fn a_shop_in_a_campaign_stands_apart() {
    let tables = tables();
    for (campaign, shopping) in [
        ("shop", true),
        ("eshop", true),
        ("my_shop", true),
        ("3shop", true),
        ("shoppers", true),
        ("workshop", false),
        ("workshopping", true),
        ("bishop shop", true),
        ("bishop", false),
        ("", false),
    ] {
        let found = channel(tables, "who", "y", campaign) == "Organic Shopping";
        assert_eq!(found, shopping, "{campaign}");
    }
}

#[test]
fn every_source_of_google_analytics_4_keeps_its_category() {
    let tables = tables();
    let text = include_str!("../../../config/sources_ga4.csv");
    let mut lines = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (organic, paid) = match fields[1] {
            "search" => ("Organic Search", "Paid Search"),
            "social" => ("Organic Social", "Paid Social"),
            "video" => ("Organic Video", "Paid Video"),
            "shopping" => ("Organic Shopping", "Paid Shopping"),
            other => panic!("{other}"),
        };
        assert_eq!(channel(tables, fields[0], "", ""), organic, "{line}");
        assert_eq!(channel(tables, &fields[0].to_uppercase(), "CPC", ""), paid, "{line}");
        lines += 1;
    }
    assert_eq!(lines, 819);
}

#[test]
fn assistants_get_their_medium_from_the_source_alone() {
    let tables = tables();
    for source in
        ["chatgpt.com", "ChatGPT", "openai", "perplexity", "www.perplexity.ai", "claude.ai"]
    {
        assert_eq!(medium_for(tables, source), Some("ai-assistant"), "{source}");
    }
    for source in ["google", "chatgpt.com.evil.example", "notchatgpt.com", "newsletter", ""] {
        assert_eq!(medium_for(tables, source), None, "{source}");
    }
}
