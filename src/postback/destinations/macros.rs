//! The macros of URL templates and what they stand for. The caller's number is not among them: it
//! never leaves in clear.

use crate::postback::model::{Postback, Skip, SkipReason};
use crate::postback::told::Told;

/// How a fact is read.
type Fact = fn(&Postback) -> String;

/// A known macro.
#[derive(Clone, Copy)]
pub enum Macro {
    /// A fact of the conversion.
    Fact(Fact),
    /// The click id of this lower-case parameter name.
    ClickId(&'static str),
    /// The click id of an affiliate network, whichever way it is spelt.
    AffiliateClickId,
}

/// Facts by macro name. Several spellings of one meaning are those that networks print in their
/// own instructions.
const FACTS: &[(&str, Fact)] = &[
    ("source", |p| p.facts.source.clone()),
    ("medium", |p| p.facts.medium.clone()),
    ("campaign", |p| p.facts.campaign.clone()),
    ("term", |p| p.facts.term.clone()),
    ("content", |p| p.facts.content.clone()),
    ("landing_page", |p| p.facts.landing_page.clone()),
    ("conversion", |p| p.conversion.clone()),
    ("goal", |p| p.conversion.clone()),
    ("event", |p| p.conversion.clone()),
    // Affiliate networks ask whether a conversion stands; what is sent does.
    ("status", |_| "approved".to_owned()),
    ("value", value),
    ("payout", value),
    ("amount", value),
    ("revenue", value),
    ("currency", |p| p.facts.currency.clone()),
    ("postback_id", |p| p.id.clone()),
    ("txid", |p| p.id.clone()),
    ("order_id", |p| p.id.clone()),
    ("adv_sub", |p| p.id.clone()),
    ("timestamp", |p| p.converted_at.0.div_euclid(1000).to_string()),
    ("datetime", |p| p.converted_at.to_string()),
    ("call_id", |p| p.call.to_string()),
    ("call_started_at", |p| p.facts.call_started_at.to_string()),
    ("call_duration", |p| p.facts.talk_s.to_string()),
    ("call_status", |p| p.facts.status.clone()),
    ("first_time", |p| p.facts.first_time.map(|yes| yes.to_string()).unwrap_or_default()),
    ("confidence", |p| format!("{:.2}", p.facts.confidence)),
    ("caller_hash", |p| p.facts.caller_hash.clone().unwrap_or_default()),
    ("tracking_number", |p| p.facts.tracking_number.clone()),
    ("country", |p| p.facts.country.clone()),
    ("site", |p| p.site.to_string()),
];

/// Click ids that may stand in a template, in lower case: every one that page views are read for, and
/// those that affiliate programmes name and a site configures.
#[rustfmt::skip]
const CLICK_IDS: &[&str] = &[
    "gclid", "gbraid", "wbraid", "dclid", "msclkid", "fbclid", "ttclid", "li_fat_id", "twclid", "sccid",
    "rdt_cid", "epik", "oppref", "qclid", "ndclid", "yclid", "ymclid", "tblci", "dicbo", "obclid",
    "ob_click_id", "vmcid", "spclid", "irclickid", "cjevent", "awc", "ransiteid", "siteid", "sscid",
    "tduid", "ef_id", "s_kwcid", "ko_click_id", "srsltid", "im_ref", "irgwc", "gad_source", "gad_campaignid",
    "gclsrc", "mc_cid", "mc_eid", "_hsenc", "_hsmi", "mkt_tok", "_kx", "igshid", "igsh", "subid", "aff_id", "aff_sub", "aff_sub2", "aff_sub3", "aff_sub4", "aff_sub5", "sub1", "sub2", "sub3", "sub4",
    "sub5",
];

/// Spellings of an affiliate network's own click id, in the order in which they are looked for.
const AFFILIATE_CLICK_IDS: &[&str] = &["click_id", "clickid", "cid", "transaction_id"];

/// The macro called `name`, whatever its case.
pub fn find(name: &str) -> Option<Macro> {
    let name = name.to_ascii_lowercase();
    if AFFILIATE_CLICK_IDS.contains(&name.as_str()) {
        return Some(Macro::AffiliateClickId);
    }
    let fact = FACTS.iter().find(|(known, _)| *known == name).map(|(_, fact)| Macro::Fact(*fact));
    fact.or_else(|| CLICK_IDS.iter().find(|known| **known == name).map(|id| Macro::ClickId(id)))
}

/// The known macro whose name is nearest to `name`, for an error that helps.
pub fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let names = FACTS.iter().map(|(known, _)| *known).chain(CLICK_IDS.iter().copied());
    names
        .chain(AFFILIATE_CLICK_IDS.iter().copied())
        .map(|known| (strsim::damerau_levenshtein(&name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, known)| known)
}

impl Macro {
    /// What it stands for, empty when it has no value.
    pub fn value(self, told: &Told<'_>) -> String {
        let text = match self {
            Macro::Fact(fact) => fact(told.postback),
            Macro::ClickId(name) => told.click_id(name).unwrap_or_default().to_owned(),
            Macro::AffiliateClickId => {
                let found = AFFILIATE_CLICK_IDS.iter().find_map(|name| told.click_id(name));
                found.unwrap_or_default().to_owned()
            }
        };
        // A path segment of dots would lead the request somewhere else, and says nothing.
        if text.bytes().all(|b| b == b'.') { String::new() } else { text }
    }

    /// Why it, called `name`, has no value.
    pub fn missing(self, name: &str, told: &Told<'_>) -> Skip {
        let names = match self {
            Macro::Fact(_) => {
                return Skip::new(SkipReason::MissingValue, format!("it has no {name}"));
            }
            Macro::ClickId(name) => &[name][..],
            Macro::AffiliateClickId => AFFILIATE_CLICK_IDS,
        };
        if !told.person.ads && told.facts().session.is_some() {
            return Skip::new(
                SkipReason::NoConsent,
                format!("without consent, {name} is not told"),
            );
        }
        match told.need_click(names) {
            Err(Skip { reason: SkipReason::TestValue, why }) => {
                Skip::new(SkipReason::TestValue, why)
            }
            _ => Skip::new(SkipReason::NoClickId, format!("it has no {name}")),
        }
    }
}

fn value(postback: &Postback) -> String {
    postback.facts.value.clone().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit::tables::Tables;

    #[test]
    fn every_click_id_that_is_read_may_stand_in_a_template() {
        let tables = Tables::load().expect("the tables");
        for name in tables.clicks().names() {
            assert!(CLICK_IDS.contains(&name), "{name} is read, and no macro");
        }
    }
}
