//! What the landing URL says of itself: campaign parameters and click ids.

use std::fmt;

use sha2::{Digest, Sha256};
use url::Url;

use crate::visit::bot::cut;
use crate::visit::model::ClickId;
use crate::visit::parameters::{self, Part};
use crate::visit::site_rules::SiteRules;
use crate::visit::tables::{ClickRule, Tables};

/// Longest value of a campaign parameter that is kept, in bytes.
const TAG_MAX: usize = 255;
/// Most click ids that are kept of one URL.
const CLICK_IDS_MAX: usize = 16;

/// What a campaign parameter tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Source.
    Source,
    /// Medium.
    Medium,
    /// Campaign name.
    Campaign,
    /// Campaign id.
    Id,
    /// Keyword.
    Term,
    /// Content.
    Content,
    /// The platform that bought the ad.
    SourcePlatform,
    /// The format of the ad.
    CreativeFormat,
    /// How its audience was chosen.
    MarketingTactic,
}

const TAGS: usize = 9;

/// The names of campaign parameters, best first: UTM, then what Matomo calls them, now and formerly.
/// Matomo's group and placement have no UTM name; they are kept where they come nearest.
const NAMES: &[(&str, Tag)] = &[
    ("utm_source", Tag::Source),
    ("utm_medium", Tag::Medium),
    ("utm_campaign", Tag::Campaign),
    ("utm_id", Tag::Id),
    ("utm_term", Tag::Term),
    ("utm_content", Tag::Content),
    ("utm_source_platform", Tag::SourcePlatform),
    ("utm_creative_format", Tag::CreativeFormat),
    ("utm_marketing_tactic", Tag::MarketingTactic),
    ("mtm_source", Tag::Source),
    ("mtm_medium", Tag::Medium),
    ("mtm_campaign", Tag::Campaign),
    ("mtm_cpn", Tag::Campaign),
    ("mtm_cid", Tag::Id),
    ("mtm_keyword", Tag::Term),
    ("mtm_kwd", Tag::Term),
    ("mtm_content", Tag::Content),
    ("mtm_group", Tag::MarketingTactic),
    ("mtm_placement", Tag::CreativeFormat),
    ("matomo_source", Tag::Source),
    ("matomo_medium", Tag::Medium),
    ("matomo_campaign", Tag::Campaign),
    ("matomo_cid", Tag::Id),
    ("matomo_keyword", Tag::Term),
    ("matomo_kwd", Tag::Term),
    ("matomo_content", Tag::Content),
    ("matomo_group", Tag::MarketingTactic),
    ("matomo_placement", Tag::CreativeFormat),
    ("pk_source", Tag::Source),
    ("pk_medium", Tag::Medium),
    ("pk_campaign", Tag::Campaign),
    ("pk_cpn", Tag::Campaign),
    ("pk_cid", Tag::Id),
    ("pk_keyword", Tag::Term),
    ("pk_kwd", Tag::Term),
    ("pk_content", Tag::Content),
    ("pk_group", Tag::MarketingTactic),
    ("pk_placement", Tag::CreativeFormat),
    ("piwik_campaign", Tag::Campaign),
    ("piwik_keyword", Tag::Term),
    ("piwik_kwd", Tag::Term),
];

/// The parameter that told something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name in lower case.
    pub name: &'static str,
    /// Where it stood.
    pub part: Part,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {} in the {}", self.name, self.part)
    }
}

/// A click id with what it proves.
#[derive(Clone, Debug)]
pub struct Click<'a> {
    /// Its name in lower case, as its table has it.
    pub name: &'a str,
    /// The value, cut at the platform's length limit.
    pub value: String,
    /// What it proves.
    pub rule: &'a ClickRule,
}

#[derive(Debug, Default)]
struct Value {
    text: String,
    /// Place in [`NAMES`] and part of the URL.
    from: (Part, usize),
}

/// The marketing parameters of one URL. Values keep their case; empty ones count as absent, and of
/// several with the same name the first counts. The query comes before the fragment, and UTM before
/// Matomo's names.
#[derive(Debug, Default)]
pub struct Campaign<'a> {
    tags: [Value; TAGS],
    /// Click ids in URL order.
    pub clicks: Vec<Click<'a>>,
}

impl<'a> Campaign<'a> {
    /// Reads the query of `url`, and its fragment where the site says so.
    pub fn read(tables: &'a Tables, rules: &'a SiteRules, url: &Url) -> Self {
        let mut campaign = Campaign::default();
        let fragments = rules.reads_fragments();
        let nothing = |text: Option<&str>| text.is_none_or(str::is_empty);
        if nothing(url.query()) && (!fragments || nothing(url.fragment())) {
            return campaign;
        }
        let click = |name: &str| rules.clicks().get(name).or_else(|| tables.clicks().get(name));
        let known = |name: &str| tag(name).is_some() || click(name).is_some();
        for parameter in parameters::read(url, fragments, known) {
            if let Some(index) = tag(&parameter.name) {
                campaign.tell((parameter.part, index), || parameter.text());
            } else if let Some((name, rule)) = click(&parameter.name) {
                let is_known = campaign.clicks.iter().any(|click| click.name == name);
                if is_known || campaign.clicks.len() >= CLICK_IDS_MAX {
                    continue;
                }
                let id = parameter.id();
                if !id.is_empty() {
                    let value = cut(&id, rule.max).to_owned();
                    campaign.clicks.push(Click { name, value, rule });
                }
            }
        }
        campaign
    }

    fn tell(&mut self, from: (Part, usize), text: impl FnOnce() -> String) {
        let value = &mut self.tags[NAMES[from.1].1 as usize];
        if value.text.is_empty() || from < value.from {
            let text = text();
            if !text.is_empty() {
                *value = Value { text: cut(&text, TAG_MAX).trim_end().to_owned(), from };
            }
        }
    }

    /// What the URL says of `tag`, empty when nothing.
    pub fn text(&self, tag: Tag) -> &str {
        &self.tags[tag as usize].text
    }

    /// Which parameter said it.
    pub fn told(&self, tag: Tag) -> Option<Told> {
        let Value { text, from: (part, index) } = &self.tags[tag as usize];
        (!text.is_empty()).then(|| Told { name: NAMES[*index].0, part: *part })
    }

    /// Whether the URL names a campaign.
    pub fn is_tagged(&self) -> bool {
        self.tags.iter().any(|value| !value.text.is_empty())
    }

    /// The click id that proves an ad click: of several, the one whose platform the source names,
    /// else the last in the URL.
    pub fn paid_click(&self) -> Option<&Click<'a>> {
        self.click_of(true)
    }

    /// The click id that fills in what nothing else tells, by the same rule.
    pub fn unpaid_click(&self) -> Option<&Click<'a>> {
        self.click_of(false)
    }

    fn click_of(&self, paid: bool) -> Option<&Click<'a>> {
        let fits = |click: &&Click<'_>| click.rule.paid == paid && !click.rule.companion;
        let fitting = || self.clicks.iter().filter(fits);
        // `google`, `google.com` and `www.google.com` name the same platform.
        let source = self.text(Tag::Source).to_ascii_lowercase();
        let source = source.strip_prefix("www.").unwrap_or(&source);
        let name = source.split('.').next().unwrap_or(source);
        let is_named = |click: &&Click<'_>| {
            [&click.rule.source, &click.rule.platform].into_iter().any(|known| {
                !known.is_empty()
                    && (known.eq_ignore_ascii_case(source) || known.eq_ignore_ascii_case(name))
            })
        };
        fitting().rfind(is_named).or_else(|| fitting().next_back())
    }

    /// The click ids as they are stored.
    pub fn click_ids(&self) -> Vec<ClickId> {
        let stored =
            |click: &Click<'_>| ClickId { name: click.name.to_owned(), value: click.value.clone() };
        self.clicks.iter().map(stored).collect()
    }

    /// Tells one campaign click from another: equal for the same parameters in any order, 0 for a
    /// URL that is no campaign click. Unpaid click ids count too: each is one click on one link.
    pub fn fingerprint(&self) -> u32 {
        let clicks = || self.clicks.iter().filter(|click| !click.rule.companion);
        if !self.is_tagged() && clicks().next().is_none() {
            return 0;
        }
        let mut digest = Sha256::new();
        let mut add = |text: &str| {
            digest.update((text.len() as u32).to_be_bytes());
            digest.update(text);
        };
        self.tags.iter().for_each(|value| add(&value.text));
        let mut clicks: Vec<(&str, &str)> = clicks().map(|c| (c.name, c.value.as_str())).collect();
        clicks.sort_unstable();
        for (name, value) in clicks {
            add(name);
            add(value);
        }
        let hash: [u8; 32] = digest.finalize().into();
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]).max(1)
    }
}

/// Whether a parameter with this name, in any case, tells of a campaign.
pub fn is_tag(name: &str) -> bool {
    tag(name).is_some()
}

/// The place in [`NAMES`] of the parameter with this name, in any case.
fn tag(name: &str) -> Option<usize> {
    let family = name.split_once('_')?.0;
    // Most parameters end here.
    let families = ["utm", "mtm", "pk", "matomo", "piwik"];
    families.iter().find(|known| family.eq_ignore_ascii_case(known))?;
    NAMES.iter().position(|(known, _)| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests;
