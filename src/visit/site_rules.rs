//! What one site says about reading its page views, compiled from its configuration.

use url::Host;

use crate::config::model::{Site, VisitField};
use crate::visit::landing::Fold;
use crate::visit::matcher::{Facts, Matcher};
use crate::visit::model::{ClickId, Source};
use crate::visit::own_hosts::OwnHosts;
use crate::visit::tables::ClickRule;
use crate::visit::tables::clicks::ClickTable;

/// The rules of one site, compiled once when its configuration is read.
#[derive(Debug, Default)]
pub struct SiteRules {
    fragments: bool,
    own_domains: Vec<String>,
    ignored_referrers: Vec<String>,
    clicks: ClickTable,
    folds: Vec<Fold>,
    channels: Vec<(String, Matcher)>,
}

impl SiteRules {
    /// Compiles the rules of `site`. What the check of the configuration would refuse is left out.
    pub fn compile(site: &Site) -> Self {
        let visits = &site.visits;
        let domains =
            |texts: &[String]| texts.iter().filter_map(|text| domain(text).ok()).collect();
        let mut own_domains: Vec<String> = domains(&visits.own_domains);
        own_domains.extend(domains(&site.snippet.domains));
        own_domains.extend(site.origins.iter().filter_map(|origin| domain_of_origin(origin)));
        let clicks = visits.click_ids.iter().map(|own| {
            ClickRule::own(&own.name, &own.platform, &own.source, &own.medium, own.paid)
        });
        let channels = site
            .channels
            .iter()
            .filter_map(|rule| Some((rule.name.clone(), Matcher::compile(&rule.when).ok()?)));
        SiteRules {
            fragments: visits.fragments,
            own_domains,
            ignored_referrers: domains(&visits.ignored_referrers),
            clicks: ClickTable::of(clicks.collect()),
            folds: visits.landing_pages.iter().filter_map(|text| Fold::parse(text).ok()).collect(),
            channels: channels.collect(),
        }
    }

    /// Whether parameters behind the `#` of an address count.
    pub fn reads_fragments(&self) -> bool {
        self.fragments
    }

    /// The click ids of this site; they come before those that every site knows.
    pub fn clicks(&self) -> &ClickTable {
        &self.clicks
    }

    /// What is the site's own, for a page on `landing`.
    pub fn own_hosts<'a>(&'a self, landing: &'a str) -> OwnHosts<'a> {
        OwnHosts { landing, domains: &self.own_domains, ignored: &self.ignored_referrers }
    }

    /// The first pattern that `page` is folded into, and its place in the configuration.
    pub fn fold(&self, page: &str) -> Option<(usize, &str)> {
        let mut folds = self.folds.iter().enumerate();
        folds.find(|(_, fold)| fold.matches(page)).map(|(place, fold)| (place, fold.text()))
    }

    /// The first channel of the site's own whose conditions hold, and its place in the
    /// configuration.
    pub fn channel(&self, visit: &VisitFacts<'_>) -> Option<(usize, &str)> {
        let mut channels = self.channels.iter().enumerate();
        let (place, (name, _)) = channels.find(|(_, (_, matcher))| matcher.holds(visit))?;
        Some((place, name))
    }
}

/// What conditions may ask of a visit; a static number has a source and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct VisitFacts<'a> {
    /// Where it came from; its channel is not looked at.
    pub source: &'a Source,
    /// The channel by the default rules.
    pub channel: &'a str,
    /// Its click ids.
    pub click_ids: &'a [ClickId],
    /// Host of the referrer.
    pub referrer_host: &'a str,
    /// Host of the landing page.
    pub landing_host: &'a str,
    /// The landing page.
    pub landing_page: &'a str,
}

impl<'a> VisitFacts<'a> {
    /// What is known of a source alone, which by the default rules has this channel.
    pub fn of_source(source: &'a Source, channel: &'a str) -> Self {
        let [referrer_host, landing_host, landing_page] = [""; 3];
        VisitFacts { source, channel, click_ids: &[], referrer_host, landing_host, landing_page }
    }
}

impl Facts for VisitFacts<'_> {
    fn any(&self, field: VisitField, _: &str, fits: &mut dyn FnMut(&str) -> bool) -> bool {
        fits(match field {
            VisitField::Source => &self.source.source,
            VisitField::Medium => &self.source.medium,
            VisitField::Campaign => &self.source.campaign,
            VisitField::CampaignId => &self.source.campaign_id,
            VisitField::Term => &self.source.term,
            VisitField::Content => &self.source.content,
            VisitField::SourcePlatform => &self.source.source_platform,
            VisitField::Channel => self.channel,
            VisitField::ClickPlatform => &self.source.click_platform,
            VisitField::ClickId if self.click_ids.is_empty() => "",
            VisitField::ClickId => return self.click_ids.iter().any(|click| fits(&click.name)),
            VisitField::ReferrerHost => self.referrer_host,
            VisitField::LandingHost => self.landing_host,
            VisitField::LandingPage => self.landing_page,
            // Not known yet where this is asked; the check of the configuration refuses them.
            VisitField::Parameter
            | VisitField::Url
            | VisitField::Country
            | VisitField::Region
            | VisitField::City => "",
        })
    }
}

/// A domain as hosts are compared: lower case, international names in their ASCII form. The error
/// says what was expected.
pub fn domain(text: &str) -> Result<String, &'static str> {
    const EXPECTED: &str =
        "expected a domain such as \"example.com\"; all that are below it are meant, too";
    let plain = !text.is_empty() && !text.contains(['/', ':', '*', '?', '#', '@', '%', ' ']);
    let host = Host::parse(text).ok().filter(|_| plain && text.len() <= 253).ok_or(EXPECTED)?;
    let name = host.to_string();
    let name = name.trim_matches('.');
    // A single label would cover a whole top-level domain.
    if name.contains('.') || name == "localhost" { Ok(name.to_owned()) } else { Err(EXPECTED) }
}

/// `https://*.example.com:8443` → `example.com`, as `https://www.example.com`.
fn domain_of_origin(origin: &str) -> Option<String> {
    let (_, rest) = origin.split_once("://")?;
    let name = rest.split(':').next().unwrap_or(rest);
    domain(without_www(name.strip_prefix("*.").unwrap_or(name))).ok()
}

fn without_www(host: &str) -> &str {
    // `www.com` is a domain of its own.
    host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> SiteRules {
        let head = "id = \"s\"\nkey = \"pk\"\nforward_to = \"+14155550100\"\n";
        SiteRules::compile(&toml::from_str(&format!("{head}{text}")).expect("a site"))
    }

    #[test]
    fn own_domains_and_those_that_send_back_are_no_sources() {
        let rules = rules(
            r#"
            origins = ["https://www.example.com", "https://*.example.net:8443"]
            [visits]
            own_domains = ["BÜCHER.example"]
            ignored_referrers = ["pay.example.org"]
            "#,
        );
        let hosts = rules.own_hosts("www.landing.example");
        for own in [
            "www.landing.example",
            "landing.example",
            "shop.landing.example",
            "www.example.com",
            "example.com",
            "shop.example.com",
            "a.b.example.net",
            "xn--bcher-kva.example",
        ] {
            assert!(hosts.is_own(own), "{own}");
        }
        assert!(hosts.is_ignored("checkout.pay.example.org"));
        assert!(!hosts.is_ignored("mypay.example.org"));
        for other in ["notexample.com", "example.com.evil.example", "example.org", "com", ""] {
            assert!(!hosts.is_own(other) && !hosts.is_ignored(other), "{other}");
        }
        assert!(!rules.own_hosts("").is_own("a.example"));
        assert!(!rules.own_hosts("www.com").is_own("shop.com"));
    }

    #[test]
    fn a_domain_is_a_name_with_a_dot() {
        assert_eq!(domain("Example.COM.").as_deref(), Ok("example.com"));
        assert_eq!(domain("192.0.2.1").as_deref(), Ok("192.0.2.1"));
        for wrong in ["", "com", "*.example.com", "https://a.example", "a.example/x", "a b.example"]
        {
            assert!(domain(wrong).is_err(), "{wrong}");
        }
    }
}
