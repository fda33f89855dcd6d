//! The end of a replay: what to print.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::attribution::delays::Delays;
use crate::cli::replay::counts::Counts;
use crate::cli::replay::plan::{Plan, Policy};
use crate::cli::replay::player::Played;
use crate::cli::replay::quality::Quality;
use crate::cli::replay::rules::{Rule, Rules};
use crate::cli::replay::score::{DELAYS, Score, Share};
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
    /// When callers call, as learnt last.
    pub delays: Delays,
    /// What others' rules make of the same trace, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
}

/// What others' rules make of a trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Compare {
    /// Naive rules on the same leases.
    #[serde(flatten)]
    pub rules: Rules,
    /// Other policies with the same numbers, by name.
    pub policies: BTreeMap<&'static str, Rule>,
}

impl Summary {
    /// The summary of a trace of so many lines.
    pub fn new<W>(plan: &Plan, played: &Played<W>, lines: u64, bad_lines: u64) -> Self {
        let Played { counts, score, rules, delays, .. } = played;
        let compare = || Compare { rules: rules.clone(), ..Compare::default() };
        Summary {
            policy: plan.policy,
            numbers: plan.numbers(),
            hold_s: plan.pools().iter().map(|pool| pool.hold.as_secs()).max().unwrap_or(0),
            from: counts.from.map(|at| at.to_string()),
            to: counts.to.map(|at| at.to_string()),
            lines,
            bad_lines,
            counts: counts.clone(),
            score: score.clone(),
            delays: delays.clone(),
            compare: plan.compares.then(compare),
        }
    }

    /// Notes what another policy made of the same trace.
    pub fn compare_with(&mut self, other: Summary) {
        let Score { callers, quality, .. } = other.score;
        let compare = self.compare.get_or_insert_default();
        compare.policies.insert(other.policy.word(), Rule { callers, quality });
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
        let policy = self.policy.word();
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
        let leases = Tier::ALL.map(|tier| {
            format!("{} {}", counts.leases.get(tier.word()).unwrap_or(&0), tier.word())
        });
        row("leases", leases.join(", "));
        let held = counts.held;
        row("numbers held", format!("{:.1} on average, {} at most", held.mean, held.peak));
        row("calls", score.calls.to_string());
        row("joined right", share(&score.callers, "callers"));
        for tier in Tier::ALL {
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
            row("", figures(&score.quality));
        }
        self.reliability(&mut out);
        self.comparison(&mut out);
        out
    }

    /// How often answers of each confidence are right, over all and by tier and delay.
    fn reliability(&self, out: &mut String) {
        let score = &self.score;
        let tiers = Tier::ALL.iter().filter_map(|tier| score.by_tier.get_key_value(tier.word()));
        let delays = DELAYS.iter().filter_map(|(name, _)| score.by_delay.get_key_value(name));
        let all = ("all", &score.quality.all);
        let rows: Vec<_> = std::iter::once(all)
            .chain(tiers.map(|(name, of)| (*name, of)))
            .chain(delays.map(|(name, of)| (*name, of)))
            .filter(|(_, of)| of.all().calls > 0)
            .collect();
        if rows.is_empty() {
            return;
        }
        let _ = writeln!(out, "\nreliability: calls, said → right");
        let edges: String = (0..10).map(|n| format!("{:>15}", format!("{n}0 %"))).collect();
        let _ = writeln!(out, "{:<14}{:>6}{edges}", "", "error");
        for (name, of) in rows {
            let _ = write!(out, "{name:<14}{:>6.3}", of.error().unwrap_or(0.0));
            for bin in of.bins() {
                let cell = match (bin.confidence(), bin.share()) {
                    (Some(said), Some(right)) => format!("{} {said:.2}→{right:.2}", bin.calls),
                    _ => "-".to_owned(),
                };
                let _ = write!(out, "{cell:>15}");
            }
            out.push('\n');
        }
    }

    fn comparison(&self, out: &mut String) {
        let Some(compare) = &self.compare else { return };
        let Rules { newest_holder, last_seen } = &compare.rules;
        let naive = [("newest holder", newest_holder), ("last seen", last_seen)];
        let policies = compare.policies.iter().map(|(name, rule)| (*name, rule));
        let _ = writeln!(out, "\n{:<22}joined right", "compared with");
        for (name, rule) in naive.into_iter().chain(policies) {
            let joined = rule.callers.share.unwrap_or(0.0);
            let _ = writeln!(out, "  {name:<20}{joined:.3}  {}", figures(&rule.quality));
        }
    }
}

fn figures(quality: &Quality) -> String {
    let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    format!(
        "log loss {}, Brier {}, calibration error {} ({} after 500 calls), wrong numbers AUC {}",
        figure(quality.log_loss()),
        figure(quality.brier()),
        figure(quality.all.error()),
        figure(quality.warm.error()),
        figure(quality.auc_nobody()),
    )
}

fn share(of: &Share, what: &str) -> String {
    match of.share {
        Some(share) => format!("{share:.3}  ({} of {} {what})", of.right, of.calls),
        None => "-".to_owned(),
    }
}
