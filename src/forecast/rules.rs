//! From what was to what will be. Pure.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::forecast::backtest::{Learnt, total};
use crate::forecast::days::expect_days;
use crate::forecast::hours::{HOURS, shares};
use crate::forecast::model::{Expected, ForecastGrain, History};
use crate::forecast::spread::quantile;

/// Longest look ahead.
pub const MOST_DAYS: usize = 92;
/// How much daily counts of a site vary beyond Poisson's law while nothing was learnt: 0.05 is a day that is up to a
/// fifth better or worse than it should be, two times of three.
const USUAL_DISPERSION: f64 = 0.05;

/// What `days` days from today on will bring; the first one is the day after the last of `history`.
pub fn expect(
    history: &History,
    learnt: &Learnt,
    grain: ForecastGrain,
    days: usize,
) -> Vec<Expected> {
    let totals: Vec<f64> = history.days.iter().map(total).collect();
    let (of_day, of_hour) = match learnt.weeks {
        0 => (USUAL_DISPERSION, USUAL_DISPERSION),
        _ => (learnt.day_dispersion, learnt.hour_dispersion),
    };
    let expected = expect_days(&totals, days.min(MOST_DAYS), learnt.method);
    let mut told = Vec::new();
    for (n, calls) in expected.into_iter().enumerate() {
        let Some(date) = day_after(history, n) else { break };
        match grain {
            ForecastGrain::Day => told.push(one(date, None, calls, of_day)),
            ForecastGrain::Hour => {
                let shares = shares(&history.days, n);
                let hours = (0..HOURS).zip(shares);
                // A day has 24 hours.
                told.extend(
                    hours.map(|(h, share)| one(date, Some(h as u8), calls * share, of_hour)),
                );
            }
        }
    }
    told
}

fn day_after(history: &History, index: usize) -> Option<Date> {
    let days = i64::try_from(history.days.len() + index).ok()?;
    history.from.checked_add(days.days()).ok()
}

fn one(date: Date, hour: Option<u8>, calls: f64, dispersion: f64) -> Expected {
    let between = |low: f64, high: f64| [low, high].map(|p| quantile(calls, dispersion, p));
    Expected {
        date,
        hour,
        calls,
        in_80_percent: between(0.1, 0.9),
        in_95_percent: between(0.025, 0.975),
    }
}
