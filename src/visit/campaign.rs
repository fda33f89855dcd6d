//! What the landing URL says of itself: UTM parameters and click ids.

use sha2::{Digest, Sha256};
use url::Url;

use crate::visit::bot::cut;
use crate::visit::model::ClickId;
use crate::visit::tables::{ClickRule, Tables};

/// Longest UTM value that is kept, in bytes.
const UTM_MAX: usize = 255;
/// Most parameters of a URL that are read, and most click ids that are kept.
const PARAMETERS_MAX: usize = 200;
const CLICK_IDS_MAX: usize = 8;

/// The marketing parameters of one URL. Values keep their case; empty ones count as absent, and of
/// several with the same name the first counts.
#[derive(Debug, Default)]
pub struct Campaign<'a> {
    /// `utm_source`
    pub source: String,
    /// `utm_medium`
    pub medium: String,
    /// `utm_campaign`
    pub campaign: String,
    /// `utm_id`
    pub id: String,
    /// `utm_term`
    pub term: String,
    /// `utm_content`
    pub content: String,
    /// Click ids in URL order, with what each proves.
    pub clicks: Vec<(ClickId, &'a ClickRule)>,
}

impl<'a> Campaign<'a> {
    /// Reads the query of `url`.
    pub fn read(tables: &'a Tables, url: &Url) -> Self {
        let mut campaign = Campaign::default();
        if url.query().is_none_or(str::is_empty) {
            return campaign;
        }
        for (name, value) in url.query_pairs().take(PARAMETERS_MAX) {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            if let Some(field) = campaign.utm(&name) {
                if field.is_empty() {
                    field.extend(cut(value, UTM_MAX).chars().filter(|c| !c.is_control()));
                }
            } else if let Some(rule) = tables.click(&name) {
                let name = name.to_ascii_lowercase();
                let known = campaign.clicks.iter().any(|(click, _)| click.name == name);
                if !known && campaign.clicks.len() < CLICK_IDS_MAX {
                    let value = cut(value, rule.max).to_owned();
                    campaign.clicks.push((ClickId { name, value }, rule));
                }
            }
        }
        campaign
    }

    fn utm(&mut self, name: &str) -> Option<&mut String> {
        if !name.is_char_boundary(4) || !name[..4.min(name.len())].eq_ignore_ascii_case("utm_") {
            return None;
        }
        match name[4..].to_ascii_lowercase().as_str() {
            "source" => Some(&mut self.source),
            "medium" => Some(&mut self.medium),
            "campaign" => Some(&mut self.campaign),
            "id" => Some(&mut self.id),
            "term" => Some(&mut self.term),
            "content" => Some(&mut self.content),
            _ => None,
        }
    }

    fn utms(&self) -> [&str; 6] {
        [&self.source, &self.medium, &self.campaign, &self.id, &self.term, &self.content]
    }

    /// Whether the URL names a campaign with UTM parameters.
    pub fn has_utm(&self) -> bool {
        self.utms().iter().any(|value| !value.is_empty())
    }

    /// The click id that proves an ad click: of several, the one whose platform `utm_source` names,
    /// else the last in the URL.
    pub fn paid_click(&self) -> Option<&'a ClickRule> {
        let paid = || self.clicks.iter().map(|(_, rule)| *rule).filter(|rule| rule.paid);
        let named = |rule: &&ClickRule| {
            self.source.eq_ignore_ascii_case(&rule.source)
                || self.source.eq_ignore_ascii_case(&rule.platform)
        };
        paid().find(named).or_else(|| paid().next_back())
    }

    /// Tells one campaign click from another: equal for the same parameters, 0 for a URL that is
    /// no campaign click. Unpaid click ids count too: each is one click on one link.
    pub fn fingerprint(&self) -> u32 {
        if !self.has_utm() && self.clicks.is_empty() {
            return 0;
        }
        let mut digest = Sha256::new();
        for text in self.utms() {
            digest.update((text.len() as u32).to_be_bytes());
            digest.update(text);
        }
        for (click, _) in &self.clicks {
            digest.update(&click.name);
            digest.update((click.value.len() as u32).to_be_bytes());
            digest.update(&click.value);
        }
        let hash: [u8; 32] = digest.finalize().into();
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]).max(1)
    }
}
