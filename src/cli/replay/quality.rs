//! How good answers are: not only whether they are right, but whether they know how sure they may be.
//! Pure.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

/// Bins of the reliability table, each a tenth wide.
const BINS: usize = 10;

/// Calls that are heard before the calibration of a model that learns is judged.
pub const WARM_UP: u64 = 500;

/// A truth that was thought impossible costs no more than this.
const LEAST: f64 = 1e-6;

/// One answer of which the truth is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Probability of the answer that was given, "none of them" included.
    pub confidence: f64,
    /// Whether it was right.
    pub right: bool,
    /// Probability that was given to the truth.
    pub of_truth: f64,
    /// Probability of "none of them".
    pub nobody: f64,
    /// Whether it truly was none of them.
    pub is_nobody: bool,
}

/// Answers of about the same confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// How many.
    pub calls: u64,
    /// Right ones.
    pub right: u64,
    /// Sum of their confidences.
    confidence: f64,
}

impl Bin {
    /// Mean confidence; `None` when it is empty.
    pub fn confidence(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.confidence / self.calls as f64)
    }

    /// Share of the right ones; `None` when it is empty.
    pub fn share(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.right as f64 / self.calls as f64)
    }
}

/// How often answers of each confidence are right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reliability([Bin; BINS]);

impl Reliability {
    /// Counts an answer.
    pub fn add(&mut self, confidence: f64, right: bool) {
        let place = ((confidence * BINS as f64) as usize).min(BINS - 1);
        let bin = &mut self.0[place];
        bin.calls += 1;
        bin.right += u64::from(right);
        bin.confidence += confidence;
    }

    /// The bins, from the least sure answers on.
    pub fn bins(&self) -> &[Bin] {
        &self.0
    }

    /// All answers in one.
    pub fn all(&self) -> Bin {
        self.0.iter().fold(Bin::default(), |sum, bin| Bin {
            calls: sum.calls + bin.calls,
            right: sum.right + bin.right,
            confidence: sum.confidence + bin.confidence,
        })
    }

    /// Expected calibration error: the mean distance of confidence and share of right answers over the
    /// bins (Naeini and others 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning").
    pub fn error(&self) -> Option<f64> {
        let calls = self.all().calls;
        let gap = |bin: &Bin| (bin.confidence - bin.right as f64).abs();
        (calls > 0).then(|| self.0.iter().map(gap).sum::<f64>() / calls as f64)
    }
}

/// Written as its error and its bins.
impl Serialize for Reliability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row {
            from: f64,
            to: f64,
            calls: u64,
            confidence: Option<f64>,
            right: Option<f64>,
        }
        let edge = |n: usize| n as f64 / BINS as f64;
        let row = |(n, bin): (usize, &Bin)| Row {
            from: edge(n),
            to: edge(n + 1),
            calls: bin.calls,
            confidence: bin.confidence(),
            right: bin.share(),
        };
        let rows: Vec<Row> = self.0.iter().enumerate().map(row).collect();
        let mut written = serializer.serialize_struct("Reliability", 3)?;
        written.serialize_field("calls", &self.all().calls)?;
        written.serialize_field("calibration_error", &self.error())?;
        written.serialize_field("bins", &rows)?;
        written.end()
    }
}

/// How good the answers of a model are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    log_loss: f64,
    brier: f64,
    /// All answers.
    pub all: Reliability,
    /// Those after the first [`WARM_UP`].
    pub warm: Reliability,
    /// Probability of "none of them", and whether it was.
    nobody: Vec<(f64, bool)>,
}

impl Quality {
    /// Counts an answer.
    pub fn add(&mut self, judged: Judged) {
        let Judged { confidence, right, of_truth, nobody, is_nobody } = judged;
        if self.all.all().calls >= WARM_UP {
            self.warm.add(confidence, right);
        }
        self.all.add(confidence, right);
        self.log_loss -= of_truth.max(LEAST).ln();
        self.brier += (confidence - f64::from(u8::from(right))).powi(2);
        self.nobody.push((nobody, is_nobody));
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        let calls = self.all.all().calls;
        (calls > 0).then(|| sum / calls as f64)
    }

    /// Mean of −ln(probability given to the truth), in nats.
    pub fn log_loss(&self) -> Option<f64> {
        self.mean(self.log_loss)
    }

    /// Mean of (confidence − right)².
    pub fn brier(&self) -> Option<f64> {
        self.mean(self.brier)
    }

    /// Probability that a wrong number was given a higher probability of "none of them" than a true
    /// caller (area under the ROC curve); ties count half.
    pub fn auc_nobody(&self) -> Option<f64> {
        let mut sorted = self.nobody.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wrong = sorted.iter().filter(|(_, is_nobody)| *is_nobody).count() as f64;
        let callers = sorted.len() as f64 - wrong;
        let (mut below, mut pairs) = (0.0, 0.0);
        for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
            let wrong_here = tied.iter().filter(|(_, is_nobody)| *is_nobody).count() as f64;
            let callers_here = tied.len() as f64 - wrong_here;
            pairs += wrong_here * (below + callers_here / 2.0);
            below += callers_here;
        }
        (wrong * callers > 0.0).then(|| pairs / (wrong * callers))
    }
}

/// Written as its figures.
impl Serialize for Quality {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = serializer.serialize_struct("Quality", 6)?;
        written.serialize_field("log_loss", &self.log_loss())?;
        written.serialize_field("brier", &self.brier())?;
        written.serialize_field("calibration_error", &self.all.error())?;
        written.serialize_field("calibration_error_after_500", &self.warm.error())?;
        written.serialize_field("auc_nobody", &self.auc_nobody())?;
        written.serialize_field("reliability", &self.all)?;
        written.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(confidence: f64, right: bool, nobody: f64, is_nobody: bool) -> Judged {
        let of_truth = if right { confidence } else { 1.0 - confidence };
        Judged { confidence, right, of_truth, nobody, is_nobody }
    }

    #[test]
    fn figures_are_those_computed_by_hand() {
        let mut quality = Quality::default();
        quality.add(judged(0.8, true, 0.1, false));
        quality.add(judged(0.8, false, 0.2, false));
        quality.add(judged(0.6, true, 0.2, true));
        quality.add(judged(1.0, true, 0.9, true));
        let near = |value: Option<f64>, expected: f64| {
            let value = value.expect("it was measured");
            assert!((value - expected).abs() < 1e-9, "{value} {expected}");
        };
        near(quality.log_loss(), -(0.8f64.ln() + 0.2f64.ln() + 0.6f64.ln()) / 4.0);
        near(quality.brier(), (0.04 + 0.64 + 0.16) / 4.0);
        // |1.6 − 1| + |0.6 − 1| + |1 − 1| over four.
        near(quality.all.error(), (0.6 + 0.4) / 4.0);
        // Pairs of wrong and true: (0.2, 0.1) won, (0.2, 0.2) tied, both of 0.9 won.
        near(quality.auc_nobody(), 3.5 / 4.0);
        assert_eq!(Quality::default().auc_nobody(), None);
    }
}
