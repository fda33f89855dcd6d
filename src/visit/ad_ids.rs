//! What advertising and analytics tags know a browser by, as conversions sent to them need it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::visit::model::ClickId;

/// A browser's identifiers of other parties' tags, from their first-party cookies. Kept only with
/// consent to ads. Every text is empty when unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdIds {
    /// Google Analytics: client id (`1162820436.1749482504`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ga_client: String,
    /// Google Analytics: its session in each stream, by measurement id without `G-`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ga_sessions: BTreeMap<String, GaSession>,
    /// Meta: browser id, the whole cookie (`fb.1.1767323000000.1098115397`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fbp: String,
    /// Meta: last click, the whole cookie (`fb.1.1767323000123.IwAR2…`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fbc: String,
    /// TikTok: browser id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ttp: String,
    /// Microsoft Advertising: browser id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uet_visitor: String,
    /// Snap: browser id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub snap_visitor: String,
    /// Reddit: browser id, the whole cookie.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reddit_visitor: String,
    /// Yandex: client id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub yandex_client: String,
    /// Click ids of this or an earlier visit that a platform's tag keeps; no evidence of where this
    /// visit came from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub click_ids: Vec<ClickId>,
}

/// A session as Google Analytics counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GaSession {
    /// Its id: when it began, in Unix seconds.
    pub id: u64,
    /// Which session of this browser it is, from 1.
    pub number: u32,
}

impl AdIds {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        let texts = [
            &self.ga_client,
            &self.fbp,
            &self.fbc,
            &self.ttp,
            &self.uet_visitor,
            &self.snap_visitor,
            &self.reddit_visitor,
            &self.yandex_client,
        ];
        texts.iter().all(|text| text.is_empty())
            && self.ga_sessions.is_empty()
            && self.click_ids.is_empty()
    }

    /// Takes over what `newer` knows. Returns whether that changed anything.
    pub fn update(&mut self, newer: AdIds) -> bool {
        if newer.is_empty() {
            return false;
        }
        let before = self.clone();
        let AdIds {
            ga_client,
            ga_sessions,
            fbp,
            fbc,
            ttp,
            uet_visitor,
            snap_visitor,
            reddit_visitor,
            yandex_client,
            click_ids,
        } = newer;
        for (mine, newer) in [
            (&mut self.ga_client, ga_client),
            (&mut self.fbp, fbp),
            (&mut self.fbc, fbc),
            (&mut self.ttp, ttp),
            (&mut self.uet_visitor, uet_visitor),
            (&mut self.snap_visitor, snap_visitor),
            (&mut self.reddit_visitor, reddit_visitor),
            (&mut self.yandex_client, yandex_client),
        ] {
            if !newer.is_empty() {
                *mine = newer;
            }
        }
        // A tag writes all its cookies at once: the newest view knows them all.
        if !ga_sessions.is_empty() {
            self.ga_sessions = ga_sessions;
        }
        if !click_ids.is_empty() {
            self.click_ids = click_ids;
        }
        *self != before
    }
}
