//! Page view → where it came from. Pure: the tables are an argument.

use url::Url;

use crate::visit::campaign::Campaign;
use crate::visit::channel::channel;
use crate::visit::model::{ClickId, Source};
use crate::visit::own_hosts::OwnHosts;
use crate::visit::referrer::{self, Referrer};
use crate::visit::site_rules::SiteRules;
use crate::visit::tables::Tables;
use crate::visit::{bot, landing};

/// Longest URL or referrer that is read, in bytes; what is behind is cut off.
pub const MAX_URL: usize = 4096;

/// What one page view says about how the visitor arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Where it came from.
    pub source: Source,
    /// Every click id of the URL, in its order.
    pub click_ids: Vec<ClickId>,
    /// Host of a referrer that is not the site itself, else empty.
    pub referrer_host: String,
    /// Host of the page.
    pub landing_host: String,
    /// Path of the page.
    pub landing_page: String,
}

impl Source {
    /// Nothing is known.
    pub fn direct() -> Self {
        Source {
            source: "(direct)".to_owned(),
            medium: "(none)".to_owned(),
            channel: "Direct".to_owned(),
            ..Source::default()
        }
    }
}

/// Decides how a visitor arrived at `url` from `referrer`, by the site's `rules`. Text that is no URL
/// is a direct visit to `/`.
pub fn arrive(tables: &Tables, rules: &SiteRules, url: &str, referrer: &str) -> Arrival {
    let Ok(url) = Url::parse(bot::cut(url, MAX_URL)) else {
        return Arrival {
            source: Source::direct(),
            landing_page: "/".to_owned(),
            ..Arrival::default()
        };
    };
    let landing_host = landing::host(&url);
    let own = OwnHosts { landing: &landing_host, origins: &rules.origins, ..OwnHosts::default() };
    let referrer = referrer::read(tables, referrer, &own);
    let campaign = Campaign::read(tables, &url);
    Arrival {
        source: source(tables, &campaign, &referrer),
        click_ids: campaign.clicks.into_iter().map(|(click, _)| click).collect(),
        referrer_host: referrer.host().unwrap_or_default().to_owned(),
        landing_page: landing::page(&url),
        landing_host,
    }
}

/// Tells one campaign click from another; 0 for a page view that is none.
pub fn campaign_fingerprint(tables: &Tables, url: &str) -> u32 {
    // Most page views of a session have no query: no need to parse those.
    if !url.contains('?') {
        return 0;
    }
    Url::parse(bot::cut(url, MAX_URL)).map_or(0, |url| Campaign::read(tables, &url).fingerprint())
}

/// Precedence: a click id that proves an ad names the platform, and source and medium where the URL
/// has no UTM for them; then UTM; then a known referrer; then a click id that proves no ad; then any
/// other referrer; else direct.
fn source(tables: &Tables, campaign: &Campaign<'_>, referrer: &Referrer<'_>) -> Source {
    let paid = campaign.paid_click();
    let any = referrer.source_and_medium();
    let any = any.as_ref().map(|(source, medium)| (source.as_str(), *medium));
    let known = any.filter(|_| referrer.is_known());
    let unpaid = || campaign.clicks.last().map(|(_, rule)| *rule);

    let (source, medium) = if let Some(rule) = paid {
        (rule.source.as_str(), rule.medium.as_str())
    } else if campaign.has_utm() {
        ("(not set)", "(not set)")
    } else if let Some(named) = known {
        named
    } else if let Some(rule) = unpaid() {
        (rule.source.as_str(), rule.medium.as_str())
    } else if let Some(named) = any {
        named
    } else {
        return Source::direct();
    };
    let or = |utm: &str, else_: &str| if utm.is_empty() { else_ } else { utm }.to_owned();
    let (source, medium) = (or(&campaign.source, source), or(&campaign.medium, medium));
    let term = referrer.term().filter(|_| !campaign.has_utm()).unwrap_or("");
    let platform = paid.or_else(unpaid).map(|rule| rule.platform.clone());
    Source {
        channel: channel(tables, &source, &medium, &campaign.campaign).to_owned(),
        source,
        medium,
        campaign: campaign.campaign.clone(),
        campaign_id: campaign.id.clone(),
        term: or(&campaign.term, term),
        content: campaign.content.clone(),
        click_platform: platform.unwrap_or_default(),
        ..Source::default()
    }
}
