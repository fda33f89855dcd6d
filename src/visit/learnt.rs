//! What is learnt of a visit by and by: what tags know of the browser, and what the page's own script
//! says of its visitor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::visit::ad_ids::AdIds;
use crate::visit::model::Visit;

/// Most external ids of a visit.
pub const MAX_IDS: usize = 8;
/// Most tags of a visit.
pub const MAX_TAGS: usize = 16;

/// What a page's own script says of its visitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Labels {
    /// Ids of other systems (`crm` → `4711`); only with consent to analytics.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<String, String>,
    /// Tags, in the order they were given, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Labels {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.tags.is_empty()
    }

    /// What a message says; empty ids and tags say nothing.
    pub fn said(ids: &BTreeMap<String, String>, tags: &[String]) -> Self {
        let mut labels = Labels::default();
        labels.update(&Labels { ids: ids.clone(), tags: tags.to_vec() });
        labels.ids.retain(|_, value| !value.trim().is_empty());
        labels.tags.retain(|tag| !tag.trim().is_empty());
        labels
    }

    /// Without ids where analytics is not allowed.
    #[must_use]
    pub fn allowed(mut self, analytics: bool) -> Self {
        if !analytics {
            self.ids.clear();
        }
        self
    }

    /// Adds what `newer` says: a new value replaces the one of its name; what is one too many is left
    /// out. Returns whether that changed anything.
    pub fn update(&mut self, newer: &Labels) -> bool {
        let mut changed = false;
        for (name, value) in &newer.ids {
            let known = self.ids.get(name);
            if known != Some(value) && (known.is_some() || self.ids.len() < MAX_IDS) {
                self.ids.insert(name.clone(), value.clone());
                changed = true;
            }
        }
        for tag in &newer.tags {
            if !self.tags.contains(tag) && self.tags.len() < MAX_TAGS {
                self.tags.push(tag.clone());
                changed = true;
            }
        }
        changed
    }
}

/// What one message adds to a visit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// What tags know of the browser; looked at with consent to ads only.
    pub ad_ids: AdIds,
    /// What the page's own script says.
    pub labels: Labels,
}

impl Learnt {
    /// Whether it adds nothing.
    pub fn is_empty(&self) -> bool {
        self.ad_ids.is_empty() && self.labels.is_empty()
    }
}

/// What changed in a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Anything at all.
    pub visit: bool,
    /// Something that reports may ask for.
    pub fact: bool,
}

impl Visit {
    /// Takes away what the visitor does not allow (any more).
    pub fn forget_what_is_not_allowed(&mut self) {
        if !self.consent.ads {
            self.ad_ids = AdIds::default();
        }
        if !self.consent.analytics {
            self.labels.ids.clear();
        }
    }

    /// Takes away the external ids.
    pub fn forget_ids(&mut self) -> Changed {
        let fact = !self.labels.ids.is_empty();
        self.labels.ids.clear();
        Changed { visit: fact, fact }
    }

    /// Adds what was learnt, as far as the visitor allows it.
    pub fn learn(&mut self, learnt: &Learnt) -> Changed {
        let known = self.consent.ads && self.ad_ids.update(learnt.ad_ids.clone());
        let labels = learnt.labels.clone().allowed(self.consent.analytics);
        let fact = self.labels.update(&labels);
        Changed { visit: known || fact, fact }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ids: &[(&str, &str)], tags: &[&str]) -> Labels {
        Labels {
            ids: ids.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }

    #[test]
    fn labels_add_up_within_bounds() {
        let mut known = labels(&[("crm", "1")], &["a"]);
        assert!(!known.update(&labels(&[("crm", "1")], &["a"])));
        assert!(known.update(&labels(&[("crm", "2"), ("shop", "x")], &["b", "a", "b"])));
        assert_eq!(known, labels(&[("crm", "2"), ("shop", "x")], &["a", "b"]));
        let many: Vec<String> = (0..40).map(|n| format!("n{n:02}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let ids: Vec<(&str, &str)> = many.iter().map(|name| (*name, "v")).collect();
        known.update(&labels(&ids, &many));
        assert_eq!((known.ids.len(), known.tags.len()), (MAX_IDS, MAX_TAGS));
        assert_eq!(known.ids["crm"], "2", "what was said first stays");
        assert!(known.update(&labels(&[("crm", "3")], &[])), "and can be corrected");
        assert_eq!(known.clone().allowed(false).ids.len(), 0);
        assert_eq!(known.allowed(false).tags.len(), MAX_TAGS);
    }
}
