//! Where a page begins: after which row of which question, and when that question was first asked. Opaque to clients:
//! base64url of JSON. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;
use crate::report::query::model::Query;
use crate::report::query::store::Key;

/// How far the clock of the process that made a page may be ahead of this one's, in milliseconds.
const MAX_AHEAD_MS: i64 = 60_000;

/// The last row of the page before.
#[derive(Debug, Serialize, Deserialize)]
pub struct Place {
    question: u64,
    asked_at: Millis,
    /// The figures that rows are ordered by, as bits: a decimal may be read back as its neighbour, and the row be told twice.
    figures: Vec<Option<u64>>,
    /// What the row is about.
    pub key: Key,
}

impl Place {
    /// The place behind the row with these figures.
    pub fn behind(query: &Query, figures: &[Option<f64>], key: Key) -> Self {
        let figures = figures.iter().map(|figure| figure.map(f64::to_bits)).collect();
        Place { question: fingerprint(query), asked_at: query.asked_at, figures, key }
    }

    /// What [`Place::read`] reads.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads a cursor. The error is for people.
    pub fn read(text: &str) -> Result<Self, String> {
        let place = URL_SAFE_NO_PAD.decode(text).ok();
        place.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(bad)
    }

    /// When its question was asked first: every page is about the same period, whatever time it is now.
    pub fn asked_at(&self, now: Millis) -> Result<Millis, String> {
        let known = 0..=now.plus(MAX_AHEAD_MS).0;
        known.contains(&self.asked_at.0).then_some(self.asked_at).ok_or_else(bad)
    }

    /// The figures of its row; an error when that belongs to another question.
    pub fn figures(&self, query: &Query) -> Result<Vec<Option<f64>>, String> {
        let figures = || self.figures.iter().map(|bits| bits.map(f64::from_bits)).collect();
        (self.question == fingerprint(query)).then(figures).ok_or_else(bad)
    }
}

fn bad() -> String {
    "`cursor` must be `next` of a page before of the same question".to_owned()
}

/// The same for the same question, whatever the page.
fn fingerprint(query: &Query) -> u64 {
    let mut hasher = DefaultHasher::new();
    let names = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>();
    names(&mut query.metrics.iter().map(|m| m.name)).hash(&mut hasher);
    names(&mut query.dimensions.iter().map(|d| d.name)).hash(&mut hasher);
    format!("{:?}{:?}{}", query.selection, query.order, query.fill).hash(&mut hasher);
    hasher.finish()
}
