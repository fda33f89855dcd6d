//! The answer for a call whose ad the platform tells that connected it: its source is certain. Pure.

use crate::attribution::answer::nobody;
use crate::attribution::model::{Attribution, Basis};
use crate::call::provided::ProvidedAd;
use crate::config::model::{ConsentDefault, Site};
use crate::lease::model::Tier;
use crate::visit::channel::channel;
use crate::visit::model::{ClickId, Consent, Source};
use crate::visit::site_rules::{SiteRules, VisitFacts};
use crate::visit::tables::Tables;

/// The campaign that the platform told, with confidence 1. The session is not known: no page was shown. What the
/// caller allows is what the site assumes of everybody who was not asked.
pub fn attribute_provided(
    tables: &Tables,
    rules: &SiteRules,
    site: &Site,
    ad: &ProvidedAd,
) -> Attribution {
    let headers = &site.ad_headers;
    let campaign = if ad.campaign.is_empty() { &ad.campaign_id } else { &ad.campaign };
    let default = channel(tables, &headers.source, &headers.medium, campaign);
    let mut source = Source {
        source: headers.source.clone(),
        medium: headers.medium.clone(),
        campaign: campaign.clone(),
        campaign_id: ad.campaign_id.clone(),
        term: ad.keyword.clone(),
        content: if ad.ad_id.is_empty() { ad.ad_group_id.clone() } else { ad.ad_id.clone() },
        click_platform: if ad.click_id.is_empty() { "" } else { &headers.source }.to_owned(),
        ..Source::default()
    };
    let own = rules.channel(&VisitFacts::of_source(&source, default));
    source.channel = own.map_or(default, |(_, name)| name).to_owned();
    let click_id = ClickId { name: headers.click_param.clone(), value: ad.click_id.clone() };
    let granted = site.consent == ConsentDefault::Granted;
    Attribution {
        basis: Basis::Provided,
        confidence: 1.0,
        tier: Tier::Source,
        source: Some(source),
        click_ids: if ad.click_id.is_empty() { Vec::new() } else { vec![click_id] },
        consent: Consent { analytics: granted, ads: granted },
        ..nobody()
    }
}
