//! What the ad platform that connected a call tells of its ad, in SIP headers that telephony providers pass on. Pure.
//!
//! A business that shows its tracking number in an ad gets such calls through a number of the platform's own: no page
//! was shown, and nobody held the number. What the platform tells is the source (Google Ads Help, "About call
//! details forwarding").

use serde::{Deserialize, Serialize};

use crate::call::providers::bounds;
use crate::config::model::AdHeaders;

/// What stands before a header's name where a provider passes it on: Twilio, SignalWire and Vonage; Plivo;
/// FreeSWITCH.
const PREFIXES: [&str; 4] = ["sipheader-", "x-ph-", "variable-sip-h-", "sip-h-"];

/// The ad that a call came from; what was not told is empty. At least one is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct ProvidedAd {
    /// Name of the campaign.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    /// Its id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub campaign_id: String,
    /// Id of the ad group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ad_group_id: String,
    /// Id of the ad, or of the asset with the number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ad_id: String,
    /// The keyword.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub keyword: String,
    /// The id of the click on the number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub click_id: String,
}

/// The ad that these fields tell of: SIP headers, by their own names or as a provider calls them.
pub fn provided<'a>(
    known: &AdHeaders,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<ProvidedAd> {
    let mut ad = ProvidedAd::default();
    // Every webhook has a dozen fields: the names are made comparable once, not for each.
    let lists = known.lists();
    let named =
        lists.iter().flat_map(|(key, names)| names.iter().map(|name| (*key, canonical(name))));
    let named: Vec<(&str, String)> = named.collect();
    for (name, value) in fields {
        let name = canonical(name);
        let Some((key, _)) = named.iter().find(|(_, known)| *known == name) else { continue };
        let place = match *key {
            "campaign" => &mut ad.campaign,
            "campaign_id" => &mut ad.campaign_id,
            "ad_group_id" => &mut ad.ad_group_id,
            "ad_id" => &mut ad.ad_id,
            "keyword" => &mut ad.keyword,
            _ => &mut ad.click_id,
        };
        if place.is_empty() {
            *place = bounds::text(value);
        }
    }
    (ad != ProvidedAd::default()).then_some(ad)
}

/// A header's name without case, what a provider puts before it, and its `X-`.
fn canonical(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    let bare = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name);
    bare.strip_prefix("x-").unwrap_or(bare).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_known_however_a_provider_passes_them_on() {
        let known = AdHeaders::default();
        for name in [
            "X-Google-Campaign-Id",
            "x-google-campaign-id",
            "SipHeader_X-Google-Campaign-Id",
            "X-PH-Google-Campaign-Id",
            "variable_sip_h_X-Google-Campaign-ID",
            "sip_h_x_google_campaign_id",
        ] {
            let ad = provided(&known, [(name, " 123 "), ("From", "+14155550100")].into_iter());
            assert_eq!(ad.expect(name).campaign_id, "123");
        }
        for (name, value) in [("campaign_id", "123"), ("X-Google-Campaign-Id", " "), ("", "1")] {
            assert_eq!(provided(&known, [(name, value)].into_iter()), None, "{name}");
        }
        let long = "a".repeat(500);
        let ad = provided(&known, [("X-Google-Keyword", long.as_str())].into_iter());
        assert!(ad.expect("an ad").keyword.len() < 200);
    }

    #[test]
    fn a_site_may_name_headers_of_its_own() {
        let own = vec!["X-Carrier-Click".to_owned()];
        let known = AdHeaders { click_id: own, ..AdHeaders::default() };
        let told = [("SipHeader_X-Carrier-Click", "Cj0"), ("X-Google-Click-Id", "no")];
        let ad = provided(&known, told.into_iter()).expect("an ad");
        assert_eq!(ad, ProvidedAd { click_id: "Cj0".to_owned(), ..ProvidedAd::default() });
    }
}
