//! Page view → where it came from, and why. Pure: the tables are an argument.

use crate::visit::campaign::{Campaign, Tag};
use crate::visit::channel::{decide, medium_for};
use crate::visit::model::{ClickId, Source};
use crate::visit::parameters::address;
use crate::visit::referrer::{self, Referrer};
use crate::visit::site_rules::{SiteRules, VisitFacts};
use crate::visit::tables::Tables;
use crate::visit::why::{ChannelWhy, Evidence, LandingWhy, Why};
use crate::visit::{bot, landing};

/// Longest URL or referrer that is read, in bytes; what is behind is cut off.
pub const MAX_URL: usize = 4096;

/// What stands for a source or medium that a campaign leaves out.
const NOT_SET: &str = "(not set)";

/// What one page view says about how the visitor arrived.
#[derive(Clone, Debug, Default)]
pub struct Arrival<'a> {
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
    /// What decided all that.
    pub why: Why<'a>,
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
pub fn arrive<'a>(
    tables: &'a Tables,
    rules: &'a SiteRules,
    url: &str,
    referrer: &str,
) -> Arrival<'a> {
    let Some(url) = address(bot::cut(url, MAX_URL)) else {
        let evidence = Evidence::NoAddress;
        return Arrival {
            source: Source::direct(),
            landing_page: "/".to_owned(),
            why: Why { source: evidence, medium: evidence, ..Why::default() },
            ..Arrival::default()
        };
    };
    let landing_host = landing::host(&url);
    let referrer = referrer::read(tables, referrer, &rules.own_hosts(&landing_host));
    let campaign = Campaign::read(tables, rules, &url);
    let (source, mut why) = source(tables, &campaign, &referrer);
    let mut arrival = Arrival {
        source,
        click_ids: campaign.click_ids(),
        referrer_host: referrer.host().unwrap_or_default().to_owned(),
        landing_page: landing::page(&url),
        landing_host,
        why: Why::default(),
    };
    if let Some((place, text)) = rules.fold(&arrival.landing_page) {
        arrival.landing_page = text.to_owned();
        why.landing = LandingWhy::Fold(place);
    }
    let Source { source, medium, campaign: name, .. } = &arrival.source;
    let default = decide(tables, source, medium, name);
    let facts = VisitFacts {
        source: &arrival.source,
        channel: default.channel,
        click_ids: &arrival.click_ids,
        referrer_host: &arrival.referrer_host,
        landing_host: &arrival.landing_host,
        landing_page: &arrival.landing_page,
    };
    let own = rules.channel(&facts);
    why.channel = own.map_or(ChannelWhy::Default(default), |(place, _)| ChannelWhy::Own(place));
    arrival.source.channel = own.map_or(default.channel, |(_, name)| name).to_owned();
    if let Referrer::None(reason) = referrer {
        why.no_referrer = Some(reason);
    }
    why.clicks = campaign.clicks.iter().map(|click| click.rule).collect();
    Arrival { why, ..arrival }
}

/// Tells one campaign click from another; 0 for a page view that is none.
pub fn campaign_fingerprint(tables: &Tables, rules: &SiteRules, url: &str) -> u32 {
    // Most page views of a session have neither: no need to parse those.
    if !url.contains(['?', '#']) {
        return 0;
    }
    let url = address(bot::cut(url, MAX_URL));
    url.map_or(0, |url| Campaign::read(tables, rules, &url).fingerprint())
}

/// Everything but the channel. Precedence: a click id that proves an ad names the platform, and
/// source and medium where the URL has no parameter for them; then the URL's parameters; then a listed
/// referrer; then a click id that proves no ad; then any other referrer; else direct.
fn source<'a>(
    tables: &'a Tables,
    campaign: &Campaign<'a>,
    referrer: &Referrer<'a>,
) -> (Source, Why<'a>) {
    let paid = campaign.paid_click();
    let unpaid = campaign.unpaid_click();
    let sent = referrer.source_and_medium();
    let sent = sent.as_ref().map(|(source, medium)| (source.as_str(), *medium));
    let assistant = || medium_for(tables, campaign.text(Tag::Source));

    let (source, medium, evidence) = if let Some(click) = paid {
        (click.rule.source.as_str(), click.rule.medium.as_str(), Evidence::PaidClick(click.name))
    } else if let Some(medium) = assistant() {
        (NOT_SET, medium, Evidence::Assistant)
    } else if campaign.is_tagged() {
        (NOT_SET, NOT_SET, Evidence::LeftOut)
    } else if let (Referrer::Known { listed, .. }, Some((source, medium))) = (referrer, sent) {
        (source, medium, Evidence::ListedReferrer(listed))
    } else if let Some(click) = unpaid {
        (click.rule.source.as_str(), click.rule.medium.as_str(), Evidence::Click(click.name))
    } else if let Some((source, medium)) = sent {
        (source, medium, Evidence::OtherReferrer)
    } else {
        return (Source::direct(), Why::default());
    };
    let or = |tag: Tag, else_: &str| match campaign.told(tag) {
        Some(told) => (campaign.text(tag).to_owned(), Evidence::Told(told)),
        None => (else_.to_owned(), evidence),
    };
    let (source, why_source) = or(Tag::Source, source);
    let (medium, why_medium) = or(Tag::Medium, medium);
    let text = |tag: Tag| campaign.text(tag).to_owned();
    let searched = referrer.term().filter(|_| !campaign.is_tagged()).unwrap_or_default();
    let source = Source {
        source,
        medium,
        campaign: text(Tag::Campaign),
        campaign_id: text(Tag::Id),
        term: or(Tag::Term, searched).0,
        content: text(Tag::Content),
        source_platform: text(Tag::SourcePlatform),
        creative_format: text(Tag::CreativeFormat),
        marketing_tactic: text(Tag::MarketingTactic),
        channel: String::new(),
        click_platform: paid
            .or(unpaid)
            .map(|click| click.rule.platform.clone())
            .unwrap_or_default(),
    };
    let why = Why {
        source: why_source,
        medium: why_medium,
        campaign: campaign.told(Tag::Campaign),
        ..Why::default()
    };
    (source, why)
}
