//! How well the calls were joined. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::replay::quality::{Judged, Quality, Reliability};
use crate::lease::model::Tier;

/// Who really called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth<'a> {
    /// This session.
    Session(&'a str),
    /// None of those who were shown the number.
    Nobody,
    /// The trace does not tell.
    Unknown,
}

/// What was answered to one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer<'a> {
    /// The chosen session.
    pub session: Option<&'a str>,
    /// Its probability, or that of "none of them".
    pub confidence: f64,
    /// Probability that was given to the truth.
    pub of_truth: f64,
    /// Probability of "none of them".
    pub nobody: f64,
    /// How good the number was.
    pub tier: Tier,
    /// Milliseconds since the last sign of life of the chosen session, where one was chosen.
    pub delay_ms: Option<i64>,
    /// Whether a tracking number was called at all.
    pub tracked: bool,
}

/// A count with the right ones among it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Share {
    /// All.
    pub calls: u64,
    /// The right ones.
    pub right: u64,
    /// Right ones of all; `null` when there are none.
    pub share: Option<f64>,
}

impl Share {
    /// Counts one.
    pub fn add(&mut self, right: bool) {
        self.calls += 1;
        self.right += u64::from(right);
        self.share = Some(self.right as f64 / self.calls as f64);
    }
}

/// Whether probabilities are what they say: the mean confidence should be the share of right answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// Answers whose truth is known.
    #[serde(flatten)]
    pub answers: Share,
    /// Their mean confidence.
    pub mean_confidence: Option<f64>,
    #[serde(skip)]
    sum: f64,
}

/// The calls of a trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    /// Calls of every kind.
    pub calls: u64,
    /// Callers who are a session, and those among them who were joined with it: the figure that
    /// counts. Who never got a number is wrong.
    pub callers: Share,
    /// Calls to the original number: these callers cannot be joined.
    pub without_number: u64,
    /// Wrong numbers; right is the answer "nobody".
    pub wrong_numbers: Share,
    /// Calls of which the trace tells only the number; they count nowhere else.
    pub unknown_truth: u64,
    /// Callers who are a session, by the tier of the number when they called.
    pub tiers: BTreeMap<&'static str, Share>,
    /// Whether the confidence is honest.
    pub calibration: Calibration,
    /// How good the answers are as probabilities.
    pub quality: Quality,
    /// Their reliability by the tier of the number.
    pub by_tier: BTreeMap<&'static str, Reliability>,
    /// Their reliability by how long before the call the chosen session was seen.
    pub by_delay: BTreeMap<&'static str, Reliability>,
}

/// Delays that a reliability table tells apart, with the milliseconds at which they end.
pub const DELAYS: [(&str, i64); 4] = [
    ("on the page", 75_000),
    ("just after", 900_000),
    ("same day", 86_400_000),
    ("later", i64::MAX),
];

impl Score {
    /// Counts one call.
    pub fn add(&mut self, truth: Truth<'_>, answer: Answer<'_>) {
        self.calls += 1;
        let right = match truth {
            Truth::Session(name) => {
                let right = answer.session == Some(name);
                self.callers.add(right);
                self.tiers.entry(answer.tier.word()).or_default().add(right);
                self.without_number += u64::from(!answer.tracked);
                right
            }
            Truth::Nobody => {
                self.wrong_numbers.add(answer.session.is_none());
                answer.session.is_none()
            }
            Truth::Unknown => {
                self.unknown_truth += 1;
                return;
            }
        };
        // A static number's answer is its source, and without a number nothing was answered.
        if answer.tracked && answer.tier != Tier::Source {
            let calibration = &mut self.calibration;
            calibration.answers.add(right);
            calibration.sum += answer.confidence;
            let mean = calibration.sum / calibration.answers.calls as f64;
            calibration.mean_confidence = Some(mean);
            let Answer { confidence, of_truth, nobody, .. } = answer;
            let is_nobody = truth == Truth::Nobody;
            self.quality.add(Judged { confidence, right, of_truth, nobody, is_nobody });
            self.by_tier.entry(answer.tier.word()).or_default().add(confidence, right);
            if let Some(delay_ms) = answer.delay_ms {
                let delay = DELAYS.iter().find(|(_, until)| delay_ms <= *until);
                let name = delay.map_or("later", |(name, _)| name);
                self.by_delay.entry(name).or_default().add(confidence, right);
            }
        }
    }
}
