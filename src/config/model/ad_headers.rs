//! How an ad platform that connects calls tells of its ad.

use serde::{Deserialize, Serialize};

/// SIP headers of calls that an ad platform connects, and the source that they stand for. The defaults are for Google's
/// call details forwarding. Names are compared without case; a `X-` in front does not matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdHeaders {
    /// Source of such a call.
    pub source: String,
    /// Medium of such a call.
    pub medium: String,
    /// Name of the campaign.
    pub campaign: Vec<String>,
    /// Its id.
    pub campaign_id: Vec<String>,
    /// Id of the ad group.
    pub ad_group_id: Vec<String>,
    /// Id of the ad, or of the asset with the number.
    pub ad_id: Vec<String>,
    /// The keyword.
    pub keyword: Vec<String>,
    /// The id of the click on the number.
    pub click_id: Vec<String>,
    /// The click id's name in postbacks.
    pub click_param: String,
}

impl Default for AdHeaders {
    fn default() -> Self {
        let names = |name: &str| vec![name.to_owned()];
        AdHeaders {
            source: "google".to_owned(),
            medium: "cpc".to_owned(),
            campaign: names("X-Google-Campaign"),
            campaign_id: names("X-Google-Campaign-Id"),
            ad_group_id: names("X-Google-Ad-Group-Id"),
            ad_id: names("X-Google-Ad-Id"),
            keyword: names("X-Google-Keyword"),
            click_id: names("X-Google-Click-Id"),
            click_param: "gclid".to_owned(),
        }
    }
}

impl AdHeaders {
    /// The lists of header names with their keys.
    pub fn lists(&self) -> [(&'static str, &[String]); 6] {
        [
            ("campaign", &self.campaign),
            ("campaign_id", &self.campaign_id),
            ("ad_group_id", &self.ad_group_id),
            ("ad_id", &self.ad_id),
            ("keyword", &self.keyword),
            ("click_id", &self.click_id),
        ]
    }
}
