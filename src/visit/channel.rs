//! Channel groups: the default rules of Google Analytics 4, in their order, the first match wins
//! (support.google.com/analytics/answer/9756891), and one for AI assistants. Which sources are
//! search engines, networks, video platforms and shops is data (`docs/sources.md`).

use std::borrow::Cow;

use crate::visit::tables::{SourceKind, Tables};

/// A channel, and the rule that decided for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The channel group: `Paid Search`.
    pub channel: &'static str,
    /// The number of the rule from 1, as `docs/sources.md` lists them; 0 when none matched.
    pub number: usize,
    /// The rule in words.
    pub rule: &'static str,
}

/// What no rule matches.
const UNASSIGNED: Decided =
    Decided { channel: "Unassigned", number: 0, rule: "no other rule matches" };

/// What the rules look at, in lower case.
struct Input<'a> {
    source: Cow<'a, str>,
    medium: Cow<'a, str>,
    campaign: Cow<'a, str>,
    kind: Option<SourceKind>,
}

struct Rule {
    channel: &'static str,
    text: &'static str,
    matches: fn(&Input<'_>) -> bool,
}

const fn rule(channel: &'static str, text: &'static str, matches: fn(&Input<'_>) -> bool) -> Rule {
    Rule { channel, text, matches }
}

/// The rules. Display comes before Paid Other, as Google publishes them: the other way round, `cpm`
/// could never be Display.
static RULES: [Rule; 19] = [
    rule("Direct", "source is (direct), medium is (none) or (not set)", |visit| {
        matches!(&*visit.source, "" | "(direct)")
            && matches!(&*visit.medium, "" | "(none)" | "(not set)")
    }),
    rule("Cross-network", "campaign contains cross-network", |visit| {
        visit.campaign.contains("cross-network")
    }),
    rule("Paid Shopping", "source or campaign is shopping, medium is paid", |visit| {
        visit.is_shopping() && visit.is_paid()
    }),
    rule("Paid Search", "source is a search engine, medium is paid", |visit| {
        visit.is_from(SourceKind::Search) && visit.is_paid()
    }),
    rule("Paid Social", "source is a social network, medium is paid", |visit| {
        visit.is_from(SourceKind::Social) && visit.is_paid()
    }),
    rule("Paid Video", "source is a video platform, medium is paid", |visit| {
        visit.is_from(SourceKind::Video) && visit.is_paid()
    }),
    rule("Display", "medium is display, banner, expandable, interstitial or cpm", |visit| {
        matches!(&*visit.medium, "display" | "banner" | "expandable" | "interstitial" | "cpm")
    }),
    rule("Paid Other", "medium is paid", |visit| visit.is_paid()),
    rule("Organic Shopping", "source or campaign is shopping", |visit| visit.is_shopping()),
    rule("Organic Social", "source is a social network or medium says social", |visit| {
        visit.is_from(SourceKind::Social)
            || matches!(
                &*visit.medium,
                "social"
                    | "social-network"
                    | "social-media"
                    | "sm"
                    | "social network"
                    | "social media"
            )
    }),
    rule("Organic Video", "source is a video platform or medium contains video", |visit| {
        visit.is_from(SourceKind::Video) || visit.medium.contains("video")
    }),
    rule("Organic Search", "source is a search engine or medium is organic", |visit| {
        visit.is_from(SourceKind::Search) || visit.medium == "organic"
    }),
    // Set for recognised assistants only, so its place before Referral decides nothing else.
    rule("AI Assistant", "medium is ai-assistant", |visit| visit.medium == "ai-assistant"),
    rule("Referral", "medium is referral, app or link", |visit| {
        matches!(&*visit.medium, "referral" | "app" | "link")
    }),
    rule("Email", "source or medium says e-mail", |visit| {
        is_email(&visit.source) || is_email(&visit.medium)
    }),
    rule("Affiliates", "medium is affiliate", |visit| visit.medium == "affiliate"),
    rule("Audio", "medium is audio", |visit| visit.medium == "audio"),
    rule("SMS", "source or medium is sms", |visit| visit.source == "sms" || visit.medium == "sms"),
    rule(
        "Mobile Push Notifications",
        "medium ends with push or contains mobile or notification, or source is firebase",
        |visit| {
            let medium = &visit.medium;
            medium.ends_with("push")
                || medium.contains("mobile")
                || medium.contains("notification")
                || visit.source == "firebase"
        },
    ),
];

/// Decides the channel group of a visit. All three inputs are compared without case.
pub fn decide(tables: &Tables, source: &str, medium: &str, campaign: &str) -> Decided {
    let source = lower(source);
    let kind = tables.sources().kind(&source);
    let input = Input { source, medium: lower(medium), campaign: lower(campaign), kind };
    let found = RULES.iter().zip(1..).find(|(rule, _)| (rule.matches)(&input));
    found.map_or(UNASSIGNED, |(rule, number)| Decided {
        channel: rule.channel,
        number,
        rule: rule.text,
    })
}

/// The channel group of a visit, as [`decide`] does.
pub fn channel(tables: &Tables, source: &str, medium: &str, campaign: &str) -> &'static str {
    decide(tables, source, medium, campaign).channel
}

/// The medium of a `utm_source` that stands alone: ChatGPT tags the links it shows with
/// `utm_source=chatgpt.com` and nothing else, and the like holds for every assistant that is known
/// by name or host. To be called where a URL has a `utm_source` and no `utm_medium`.
pub fn medium_for(tables: &Tables, source: &str) -> Option<&'static str> {
    let kind = tables.sources().kind(&lower(source))?;
    (kind == SourceKind::Ai).then(|| kind.medium())
}

impl Input<'_> {
    fn is_from(&self, kind: SourceKind) -> bool {
        self.kind == Some(kind)
    }

    /// `^(.*cp.*|ppc|retargeting|paid.*)$`
    fn is_paid(&self) -> bool {
        let medium = &self.medium;
        medium.contains("cp")
            || matches!(&**medium, "ppc" | "retargeting")
            || medium.starts_with("paid")
    }

    /// A shop, or a campaign with `^(.*(([^a-df-z]|^)shop|shopping).*)$`: `eshop` and `my-shop`, not
    /// `workshop`.
    fn is_shopping(&self) -> bool {
        let campaign = &self.campaign;
        let is_apart = |at: usize| {
            let before = campaign[..at].chars().next_back();
            before.is_none_or(|c| c == 'e' || !c.is_ascii_lowercase())
        };
        self.is_from(SourceKind::Shopping)
            || campaign.contains("shopping")
            || campaign.match_indices("shop").any(|(at, _)| is_apart(at))
    }
}

fn is_email(word: &str) -> bool {
    ["email", "e-mail", "e_mail", "e mail"].iter().any(|email| word.contains(email))
}

/// `text` in lower case; what is so already, as nearly everything is, costs nothing.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

#[cfg(test)]
mod tests;
