//! Channel groups: the default rules of Google Analytics 4, in their order, the first match wins
//! (support.google.com/analytics/answer/9756891). Which sources are search engines, networks, video
//! platforms and shops is data (`config/referrers.toml`).

use crate::visit::tables::{SourceKind, Tables};

/// The channel group of a visit. All three inputs are compared without case.
pub fn channel(tables: &Tables, source: &str, medium: &str, campaign: &str) -> &'static str {
    let (source, medium) = (source.to_lowercase(), medium.to_lowercase());
    let campaign = campaign.to_lowercase();
    let (source, medium) = (source.as_str(), medium.as_str());
    let kind = tables.kind_of_source(source);
    let from = |wanted: SourceKind| kind == Some(wanted);
    let paid = is_paid(medium);
    let shopping = from(SourceKind::Shopping) || is_shopping(&campaign);

    if matches!(source, "" | "(direct)") && matches!(medium, "" | "(none)" | "(not set)") {
        "Direct"
    } else if campaign.contains("cross-network") {
        "Cross-network"
    } else if shopping && paid {
        "Paid Shopping"
    } else if from(SourceKind::Search) && paid {
        "Paid Search"
    } else if from(SourceKind::Social) && paid {
        "Paid Social"
    } else if from(SourceKind::Video) && paid {
        "Paid Video"
    } else if matches!(medium, "display" | "banner" | "expandable" | "interstitial" | "cpm") {
        "Display"
    } else if paid {
        "Paid Other"
    } else if shopping {
        "Organic Shopping"
    } else if from(SourceKind::Social) || is_social(medium) {
        "Organic Social"
    } else if from(SourceKind::Video) || medium.contains("video") {
        "Organic Video"
    } else if from(SourceKind::Search) || medium == "organic" {
        "Organic Search"
    } else if medium == "ai-assistant" {
        // Set for recognised assistants only, so its place before Referral decides nothing else.
        "AI Assistant"
    } else if matches!(medium, "referral" | "app" | "link") {
        "Referral"
    } else if is_email(source) || is_email(medium) {
        "Email"
    } else if medium == "affiliate" {
        "Affiliates"
    } else if medium == "audio" {
        "Audio"
    } else if source == "sms" || medium == "sms" {
        "SMS"
    } else if is_push(medium) || source == "firebase" {
        "Mobile Push Notifications"
    } else {
        "Unassigned"
    }
}

/// `^(.*cp.*|ppc|retargeting|paid.*)$`
fn is_paid(medium: &str) -> bool {
    medium.contains("cp") || matches!(medium, "ppc" | "retargeting") || medium.starts_with("paid")
}

/// `^(.*(([^a-df-z]|^)shop|shopping).*)$`: `eshop` and `my-shop`, not `workshop`.
fn is_shopping(campaign: &str) -> bool {
    campaign.contains("shopping")
        || campaign.match_indices("shop").any(|(at, _)| {
            let before = campaign[..at].chars().next_back();
            before.is_none_or(|c| c == 'e' || !c.is_ascii_lowercase())
        })
}

fn is_social(medium: &str) -> bool {
    matches!(
        medium,
        "social" | "social-network" | "social-media" | "sm" | "social network" | "social media"
    )
}

fn is_email(word: &str) -> bool {
    ["email", "e-mail", "e_mail", "e mail"].iter().any(|email| word.contains(email))
}

fn is_push(medium: &str) -> bool {
    medium.ends_with("push") || medium.contains("mobile") || medium.contains("notification")
}
