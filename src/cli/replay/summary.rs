//! The end of a replay: what to print.

use std::fmt::Write;

use serde::Serialize;

use crate::cli::replay::counts::Counts;
use crate::cli::replay::plan::{Plan, Policy};
use crate::cli::replay::score::{Score, Share};
use crate::lease::model::Tier;

/// Everything that a replay found out. The same trace, options and seed give the same summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// By which rules.
    pub policy: Policy,
    /// How many numbers the pools had.
    pub numbers: usize,
    /// How long a number was held at most after the last sign of life, in seconds.
    pub hold_s: i64,
    /// First moment of the trace, RFC 3339; `null` when it is empty.
    pub from: Option<String>,
    /// Last moment.
    pub to: Option<String>,
    /// Lines of the trace, empty ones too.
    pub lines: u64,
    /// Lines that could not be used.
    pub bad_lines: u64,
    /// Visits and numbers.
    #[serde(flatten)]
    pub counts: Counts,
    /// Calls.
    #[serde(flatten)]
    pub score: Score,
}

impl Summary {
    /// The summary of a trace of so many lines.
    pub fn new(plan: &Plan, counts: Counts, score: Score, lines: u64, bad_lines: u64) -> Self {
        Summary {
            policy: plan.policy,
            numbers: plan.numbers(),
            hold_s: plan.pools().iter().map(|pool| pool.hold.as_secs()).max().unwrap_or(0),
            from: counts.from.map(|at| at.to_string()),
            to: counts.to.map(|at| at.to_string()),
            lines,
            bad_lines,
            counts,
            score,
        }
    }

    /// For people.
    pub fn table(&self) -> String {
        let Summary { counts, score, .. } = self;
        let mut out = String::new();
        let mut row = |name: &str, text: String| {
            // Writing into a string cannot fail.
            let _ = writeln!(out, "{name:<22}{text}");
        };
        if let (Some(from), Some(to)) = (&self.from, &self.to) {
            row("trace", format!("{} lines, {from} to {to}", self.lines));
        }
        let policy = match self.policy {
            Policy::Ours => "ours",
            Policy::Market => "market",
            Policy::Share => "share",
        };
        row("pool", format!("{} numbers, held {} s, policy {policy}", self.numbers, self.hold_s));
        row("sessions", format!("{}, {} page views", counts.sessions, counts.page_views));
        for (count, what) in [
            (counts.programs, "page views of programs"),
            (counts.strays, "signs of unknown sessions"),
            (self.bad_lines, "bad lines"),
        ] {
            if count > 0 {
                row("  besides", format!("{count} {what}"));
            }
        }
        let tiers = [Tier::Own, Tier::Unrested, Tier::Shared, Tier::Source, Tier::Original];
        let leases = tiers.map(|tier| {
            format!("{} {}", counts.leases.get(tier.word()).unwrap_or(&0), tier.word())
        });
        row("leases", leases.join(", "));
        let held = counts.held;
        row("numbers held", format!("{:.1} on average, {} at most", held.mean, held.peak));
        row("calls", score.calls.to_string());
        row("joined right", share(&score.callers, "callers"));
        for tier in tiers {
            if let Some(of_tier) = score.tiers.get(tier.word()) {
                row(&format!("  {}", tier.word()), share(of_tier, "callers"));
            }
        }
        row("without a number", score.without_number.to_string());
        if score.wrong_numbers.calls > 0 {
            row("wrong numbers", share(&score.wrong_numbers, "answered \"nobody\""));
        }
        if score.unknown_truth > 0 {
            row("truth not known", score.unknown_truth.to_string());
        }
        if let (Some(mean), Some(right)) =
            (score.calibration.mean_confidence, score.calibration.answers.share)
        {
            row("confidence", format!("{mean:.3} on average, {right:.3} right"));
        }
        out
    }
}

fn share(of: &Share, what: &str) -> String {
    match of.share {
        Some(share) => format!("{share:.3}  ({} of {} {what})", of.right, of.calls),
        None => "-".to_owned(),
    }
}
