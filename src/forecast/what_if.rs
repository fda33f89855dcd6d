//! What another budget or other hours would change, as an estimate that says what it assumes. Pure.
//!
//! Budgets: calls of a source grow by a power of what is spent on it, calls · (then / now)^elasticity. Below 1 each further
//! unit of money brings less than the one before, as in published studies of advertising. Hours: who calls when nobody
//! answers now will be answered as those are who call in hours that are staffed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::routing::hours::{BadSpan, Moment, Span};

/// How calls follow spending where nothing is said.
const ELASTICITY: f64 = 0.6;
/// How far the true elasticity may be from that.
const ELASTICITY_OFF: f64 = 0.25;
/// Half of a 95 % interval in standard deviations.
const DEVIATIONS: f64 = 1.96;
/// An hour of the week counts as staffed from this share of answered calls on.
const STAFFED: f64 = 0.5;
const DAYS_A_WEEK: f64 = 7.0;
/// Most budgets, and most lines of hours, of one question.
pub const MOST_CHANGES: usize = 100;

/// Calls of one source in the days that are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceCalls {
    /// Source.
    pub source: String,
    /// Medium.
    pub medium: String,
    /// Campaign.
    pub campaign: String,
    /// Calls.
    pub calls: u64,
    /// Answered ones.
    pub answered: u64,
}

/// Calls of one hour of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HourOfWeek {
    /// ISO weekday, 1 = Monday.
    pub weekday: u8,
    /// 0 to 23.
    pub hour: u8,
    /// Calls.
    pub calls: u64,
    /// Answered ones.
    pub answered: u64,
}

/// What is known of a mean week.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Week {
    /// How many days the counts are of.
    pub days: u32,
    /// By source, medium and campaign.
    pub sources: Vec<SourceCalls>,
    /// By hour of the week; hours without calls may be missing.
    pub hours: Vec<HourOfWeek>,
}

/// A changed budget. An empty medium or campaign stands for all.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Source.
    pub source: String,
    /// Medium.
    #[serde(default)]
    pub medium: String,
    /// Campaign.
    #[serde(default)]
    pub campaign: String,
    /// What is spent a week now, in the site's currency; above 0.
    pub spent: f64,
    /// What would be spent.
    pub would_be: f64,
}

/// A question.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// Budgets that change.
    #[serde(default)]
    pub budgets: Vec<Budget>,
    /// When somebody would answer, all of it: `mon-fri 09:00-17:30`; empty: as now.
    #[serde(default)]
    pub open: Vec<String>,
    /// How calls follow spending, 0 to 1.5: 1 is in proportion.
    #[serde(default)]
    pub elasticity: Option<f64>,
    /// Whole days before today that are looked at, 7 to 366; default 28.
    #[serde(default)]
    pub days: Option<u32>,
}

/// A figure with its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Estimate {
    /// The estimate.
    pub estimate: f64,
    /// At least.
    pub low: f64,
    /// At most.
    pub high: f64,
}

/// What a budget changes.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BudgetEffect {
    /// Source.
    pub source: String,
    /// Medium; empty: all.
    pub medium: String,
    /// Campaign; empty: all.
    pub campaign: String,
    /// Its calls a week now.
    pub calls_now: f64,
    /// Its calls a week then.
    pub calls_then: Estimate,
    /// What a call costs now; `null` without calls.
    pub cost_per_call_now: Option<f64>,
    /// What a call costs then.
    pub cost_per_call_then: Option<f64>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WhatIfReply {
    /// Whole days that it rests on.
    pub days: u32,
    /// Calls a week now.
    pub calls_now: f64,
    /// How many more would come, or fewer.
    pub more_calls: Estimate,
    /// Answered calls a week now.
    pub answered_now: f64,
    /// How many more would be answered, or fewer.
    pub more_answered: Estimate,
    /// Each budget.
    pub budgets: Vec<BudgetEffect>,
    /// What it rests on, in words.
    pub assumptions: Vec<String>,
}

/// Answers `asked` from a mean week. The error is for people.
pub fn answer(week: &Week, asked: &WhatIf) -> Result<WhatIfReply, String> {
    let elasticity = asked.elasticity.unwrap_or(ELASTICITY);
    if !(0.0..=1.5).contains(&elasticity) {
        return Err("`elasticity` must be from 0 to 1.5".to_owned());
    }
    if asked.budgets.len() > MOST_CHANGES || asked.open.len() > MOST_CHANGES {
        return Err(format!("at most {MOST_CHANGES} budgets and lines of hours at once"));
    }
    let weeks = (f64::from(week.days) / DAYS_A_WEEK).max(f64::EPSILON);
    let sum = |of: fn(&SourceCalls) -> u64| week.sources.iter().map(of).sum::<u64>() as f64;
    let (calls, answered) = (sum(|one| one.calls), sum(|one| one.answered));
    let effects = asked.budgets.iter().map(|budget| effect(week, budget, elasticity, weeks));
    let budgets = effects.collect::<Result<Vec<_>, _>>()?;
    let more_calls = total(budgets.iter().map(|one| less(one.calls_then, one.calls_now)));
    let rate = if calls > 0.0 { answered / calls } else { 0.0 };
    let from_hours = match asked.open.is_empty() {
        true => Estimate::default(),
        false => of_hours(week, &asked.open, weeks).map_err(|error| format!("`open`: {error}"))?,
    };
    let from_budgets = times(more_calls, rate);
    Ok(WhatIfReply {
        days: week.days,
        calls_now: calls / weeks,
        more_calls,
        answered_now: answered / weeks,
        more_answered: total([from_budgets, from_hours].into_iter()),
        budgets,
        assumptions: assumptions(asked, elasticity, week.days, rate),
    })
}

fn effect(
    week: &Week,
    budget: &Budget,
    elasticity: f64,
    weeks: f64,
) -> Result<BudgetEffect, String> {
    let fine = |money: f64| (0.0..=1e12).contains(&money);
    if !fine(budget.spent) || !fine(budget.would_be) || budget.spent == 0.0 {
        return Err(format!(
            "the budget of {:?} needs `spent` above 0 and `would_be` of 0 or more",
            budget.source
        ));
    }
    let any = |wanted: &str, is: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(is);
    let of_it = week.sources.iter().filter(|one| {
        one.source.eq_ignore_ascii_case(&budget.source)
            && any(&budget.medium, &one.medium)
            && any(&budget.campaign, &one.campaign)
    });
    let counted = of_it.map(|one| one.calls).sum::<u64>() as f64;
    if counted == 0.0 {
        return Err(format!("no call of the source {:?} is known in these days", budget.source));
    }
    let (now, ratio) = (counted / weeks, budget.would_be / budget.spent);
    let grown = |elasticity: f64| match ratio > 0.0 {
        true => now * ratio.powf(elasticity.max(0.0)),
        false => 0.0,
    };
    let then = grown(elasticity);
    let ends = [elasticity - ELASTICITY_OFF, elasticity + ELASTICITY_OFF].map(grown);
    // Counts vary by chance as well: both kinds of not knowing are independent.
    let chance = DEVIATIONS * counted.sqrt() / weeks * (then / now - 1.0).abs();
    let off = |end: f64| ((end - then).powi(2) + chance.powi(2)).sqrt();
    let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    let per_call = |money: f64, calls: f64| (calls > 0.0).then(|| money / calls);
    Ok(BudgetEffect {
        source: budget.source.clone(),
        medium: budget.medium.clone(),
        campaign: budget.campaign.clone(),
        calls_now: now,
        calls_then: Estimate {
            estimate: then,
            low: (then - off(low)).max(0.0),
            high: then + off(high),
        },
        cost_per_call_now: per_call(budget.spent, now),
        cost_per_call_then: per_call(budget.would_be, then),
    })
}

/// How many more calls a week are answered when somebody answers in the hours `open`, and only then.
fn of_hours(week: &Week, open: &[String], weeks: f64) -> Result<Estimate, BadSpan> {
    let spans = open.iter().map(|line| line.parse()).collect::<Result<Vec<Span>, _>>()?;
    let share = |one: &HourOfWeek| one.answered as f64 / (one.calls as f64).max(1.0);
    let staffed = week.hours.iter().filter(|one| share(one) >= STAFFED);
    let (answered, calls) =
        staffed.fold((0.0, 0.0), |(a, c), one| (a + one.answered as f64, c + one.calls as f64));
    let rate = if calls > 0.0 { answered / calls } else { 0.0 };
    let (mut more, mut variance) = (0.0, 0.0);
    for one in &week.hours {
        let open = open_share(&spans, one);
        let (calls, now) = (one.calls as f64, one.answered as f64);
        let then = calls * open * share(one).max(rate);
        more += then - now;
        // What chance may change of those whose answer changes.
        variance += (then - now).abs();
    }
    let off = DEVIATIONS * f64::sqrt(variance);
    let [estimate, low, high] = [more, more - off, more + off].map(|calls| calls / weeks);
    Ok(Estimate { estimate, low, high })
}

/// How much of an hour of the week is open, 0.0 to 1.0.
fn open_share(spans: &[Span], hour: &HourOfWeek) -> f64 {
    let weekday = usize::from(hour.weekday.clamp(1, 7) - 1);
    let date = jiff::civil::Date::ZERO;
    let open = (0..60).filter(|minute| {
        let now = Moment { date, weekday, minute: u16::from(hour.hour) * 60 + minute };
        spans.iter().any(|span| span.is_open(&now, |_| false))
    });
    open.count() as f64 / 60.0
}

fn total(all: impl Iterator<Item = Estimate>) -> Estimate {
    let (mut sum, mut below, mut above) = (0.0, 0.0, 0.0);
    for one in all {
        sum += one.estimate;
        below += (one.estimate - one.low).powi(2);
        above += (one.high - one.estimate).powi(2);
    }
    Estimate { estimate: sum, low: sum - f64::sqrt(below), high: sum + f64::sqrt(above) }
}

fn less(one: Estimate, by: f64) -> Estimate {
    Estimate { estimate: one.estimate - by, low: one.low - by, high: one.high - by }
}

fn times(one: Estimate, by: f64) -> Estimate {
    Estimate { estimate: one.estimate * by, low: one.low * by, high: one.high * by }
}

fn assumptions(asked: &WhatIf, elasticity: f64, days: u32, rate: f64) -> Vec<String> {
    let mut told = vec![format!(
        "The coming weeks are like the last {days} days, but for what is asked about."
    )];
    if !asked.budgets.is_empty() {
        told.push(format!(
            "Calls follow spending by the power {elasticity}: twice the money brings {:.2} times the calls. \
             The interval allows for {ELASTICITY_OFF} more or less.",
            2f64.powf(elasticity)
        ));
        told.push("Money spent on one source takes no calls from another.".to_owned());
        told.push(format!(
            "Of the calls that come or stay away, {:.0} % are answered, as now.",
            rate * 100.0
        ));
    }
    if !asked.open.is_empty() {
        told.push(
            "In hours that open, calls are answered as often as in the hours that are staffed now (at least half of \
             their calls answered); in hours that close, never. As many people call as do now."
                .to_owned(),
        );
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week() -> Week {
        let source = |source: &str, calls, answered| SourceCalls {
            source: source.to_owned(),
            medium: "cpc".to_owned(),
            campaign: String::new(),
            calls,
            answered,
        };
        let hour = |weekday, hour, calls, answered| HourOfWeek { weekday, hour, calls, answered };
        Week {
            days: 28,
            sources: vec![source("google", 400, 320), source("bing", 100, 80)],
            hours: vec![hour(1, 10, 400, 360), hour(1, 20, 80, 0), hour(6, 10, 20, 0)],
        }
    }

    fn budget(source: &str, spent: f64, would_be: f64) -> Budget {
        let (source, medium, campaign) = (source.to_owned(), String::new(), String::new());
        Budget { source, medium, campaign, spent, would_be }
    }

    #[test]
    fn a_budget_moves_calls_by_the_power_that_is_assumed() {
        let budgets = vec![budget("Google", 1_000.0, 2_000.0), budget("bing", 500.0, 0.0)];
        let asked = WhatIf { budgets, elasticity: Some(0.5), ..WhatIf::default() };
        let told = answer(&week(), &asked).expect("an answer");
        let google = &told.budgets[0];
        assert_eq!(google.calls_now, 100.0);
        assert!((google.calls_then.estimate - 141.42).abs() < 0.01, "{google:?}");
        assert!(google.calls_then.low < 120.0 && google.calls_then.high > 168.0, "{google:?}");
        assert_eq!(google.cost_per_call_now, Some(10.0));
        assert_eq!(told.budgets[1].calls_then.estimate, 0.0);
        assert!((told.more_calls.estimate - (41.42 - 25.0)).abs() < 0.01, "{told:?}");
        // Four of five calls are answered.
        assert!((told.more_answered.estimate - 0.8 * 16.42).abs() < 0.01, "{told:?}");
    }

    #[test]
    fn hours_that_open_are_answered_as_those_that_are_staffed() {
        let open = vec!["mon 09:00-21:00".to_owned()];
        let told = answer(&week(), &WhatIf { open, ..WhatIf::default() }).expect("an answer");
        // 80 calls at 90 % in four weeks; Saturday stays closed.
        assert!((told.more_answered.estimate - 18.0).abs() < 1e-9, "{told:?}");
        assert_eq!(told.more_calls, Estimate::default());
        let half = vec!["mon 10:30-11:00".to_owned()];
        let told = answer(&week(), &WhatIf { open: half, ..WhatIf::default() }).expect("an answer");
        assert!((told.more_answered.estimate + 45.0).abs() < 1e-9, "{told:?}");
    }

    #[test]
    fn what_cannot_be_answered_is_told() {
        let refused = |asked: WhatIf| answer(&week(), &asked).expect_err("refused");
        let with = |budget: Budget| WhatIf { budgets: vec![budget], ..WhatIf::default() };
        assert!(refused(with(budget("nobody", 1.0, 2.0))).contains("nobody"));
        assert!(refused(with(budget("google", 0.0, 2.0))).contains("spent"));
        assert!(refused(with(budget("google", f64::NAN, 2.0))).contains("spent"));
        assert!(refused(WhatIf { elasticity: Some(9.0), ..WhatIf::default() }).contains("1.5"));
        let open = vec!["always".to_owned()];
        assert!(refused(WhatIf { open, ..WhatIf::default() }).contains("open"));
    }
}
