//! What was counted while a trace was played, besides its calls. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::lease::model::Tier;
use crate::platform::clock::Millis;

/// Figures of a trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// The first moment.
    #[serde(skip)]
    pub from: Option<Millis>,
    /// The last moment.
    #[serde(skip)]
    pub to: Option<Millis>,
    /// Sessions of people.
    pub sessions: u64,
    /// Their page views.
    pub page_views: u64,
    /// Page views of programs; they get no number.
    pub programs: u64,
    /// Beats and leaves of sessions that opened no page before.
    pub strays: u64,
    /// How often a session was given a number, or the original one, by tier.
    pub leases: BTreeMap<&'static str, u64>,
    /// Numbers held.
    pub held: Held,
}

/// How many numbers were held, looked at after every turn of the sweeper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Held {
    /// Over the time of the trace.
    pub mean: f64,
    /// At most.
    pub peak: u64,
    #[serde(skip)]
    sum: u64,
    /// How often it was looked at.
    #[serde(skip)]
    pub samples: u64,
}

impl Counts {
    /// A line of this moment was played.
    pub fn heard(&mut self, at: Millis) {
        self.from.get_or_insert(at);
        self.to = Some(at);
    }

    /// A session was told something new.
    pub fn leased(&mut self, tier: Tier) {
        *self.leases.entry(tier.word()).or_default() += 1;
    }
}

impl Held {
    /// So many numbers are held now, and were since it was looked at last.
    pub fn sample(&mut self, held: u64) {
        self.sum += held;
        self.peak = self.peak.max(held);
        self.idle(1);
    }

    /// None was held at so many looks.
    pub fn idle(&mut self, samples: u64) {
        self.samples += samples;
        self.mean = self.sum as f64 / self.samples.max(1) as f64;
    }
}
