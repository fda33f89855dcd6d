//! Page view → where it came from. Pure: the tables are an argument.

use jiff::SignedDuration;
use url::Url;

use crate::platform::clock::Millis;
use crate::visit::campaign::Campaign;
use crate::visit::channel::channel;
use crate::visit::model::{Carried, ClickId, Source, Touch, Visit};
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

/// Last non-direct: the touch whose source a direct visit at `now` carries on, of a visitor with these
/// `touches` (any order): the newest one inside `look_back` that came from somewhere.
pub fn carried(touches: &[Touch], look_back: SignedDuration, now: Millis) -> Option<&Touch> {
    let young = |touch: &&Touch| i128::from(now.since(touch.at)) <= look_back.as_millis();
    let known = touches.iter().filter(|touch| !touch.source.is_direct()).filter(young);
    known.max_by_key(|touch| touch.at)
}

impl Visit {
    /// Lets a direct visit carry on the source and the click ids of `touch`.
    pub fn carry(&mut self, touch: &Touch) {
        self.source = touch.source.clone();
        self.click_ids = touch.click_ids.clone();
        self.carried = Some(Carried { session: touch.session, at: touch.at });
    }

    /// Forgets what was carried on: the visit is the direct one that it was.
    pub fn forget_carried(&mut self) {
        if self.carried.take().is_some() {
            self.source = Source::direct();
            self.click_ids.clear();
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
    let is_own =
        |host: &str| host == landing_host || rules.origins.iter().any(|o| origin_has(o, host));
    let referrer = referrer::read(tables, bot::cut(referrer, MAX_URL), is_own);
    let campaign = Campaign::read(tables, &url);
    Arrival {
        source: source(tables, &campaign, referrer.as_ref()),
        click_ids: campaign.clicks.into_iter().map(|(click, _)| click).collect(),
        referrer_host: referrer.map(|referrer| referrer.host).unwrap_or_default(),
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
fn source(tables: &Tables, campaign: &Campaign<'_>, referrer: Option<&Referrer>) -> Source {
    let paid = campaign.paid_click();
    let known = referrer.filter(|referrer| referrer.known);
    let unpaid = || campaign.clicks.last().map(|(_, rule)| *rule);

    let (source, medium) = if let Some(rule) = paid {
        (rule.source.as_str(), rule.medium.as_str())
    } else if campaign.has_utm() {
        ("(not set)", "(not set)")
    } else if let Some(referrer) = known {
        (referrer.source.as_str(), referrer.medium)
    } else if let Some(rule) = unpaid() {
        (rule.source.as_str(), rule.medium.as_str())
    } else if let Some(referrer) = referrer {
        (referrer.source.as_str(), referrer.medium)
    } else {
        return Source::direct();
    };
    let or = |utm: &str, else_: &str| if utm.is_empty() { else_ } else { utm }.to_owned();
    let (source, medium) = (or(&campaign.source, source), or(&campaign.medium, medium));
    let platform = paid.or_else(unpaid).map(|rule| rule.platform.clone());
    Source {
        channel: channel(tables, &source, &medium, &campaign.campaign).to_owned(),
        source,
        medium,
        campaign: campaign.campaign.clone(),
        campaign_id: campaign.id.clone(),
        term: campaign.term.clone(),
        content: campaign.content.clone(),
        click_platform: platform.unwrap_or_default(),
        ..Source::default()
    }
}

/// Whether `origin` (`https://www.example.com`, `https://*.example.com:8443`) covers `host`.
fn origin_has(origin: &str, host: &str) -> bool {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let name = rest.split([':', '/']).next().unwrap_or(rest);
    match name.strip_prefix("*.") {
        Some(parent) => {
            host.len() > parent.len() + 1
                && host[..host.len() - parent.len()].ends_with('.')
                && host[host.len() - parent.len()..].eq_ignore_ascii_case(parent)
        }
        None => name.eq_ignore_ascii_case(host),
    }
}
