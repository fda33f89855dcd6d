//! How well the calls were joined. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

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
    /// How good the number was.
    pub tier: Tier,
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
    fn add(&mut self, right: bool) {
        self.calls += 1;
        self.right += u64::from(right);
        self.share = Some(self.right as f64 / self.calls as f64);
    }
}

/// Whether probabilities are what they say: the mean confidence should be the share of right answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// Answers about sessions whose truth is known.
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
}

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
        }
    }
}
