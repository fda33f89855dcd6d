//! How good forecasts of this site were: weeks that are known by now are forecast from what was known before them. Pure.

use serde::Serialize;
use utoipa::ToSchema;

use crate::forecast::days::{Method, WEEK, expect_days};
use crate::forecast::hours::{HOURS, shares};
use crate::forecast::spread::{dispersion, quantile};

/// Weeks that are held back, one after the other.
const HELD_BACK: usize = 6;
/// Fewest weeks before one that is held back.
const FEWEST_BEFORE: usize = 2;

/// What was expected and what came, and what the same time of the week before would have said.
#[derive(Clone, Copy, Debug)]
struct Compared {
    expected: f64,
    came: f64,
    naive: f64,
}

/// How forecasts of one grain compare with what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Quality {
    /// Mean error in calls, without sign; `null` where no week could be held back.
    pub mean_error: Option<f64>,
    /// The same of seasonal naive: the same time of the week before.
    pub naive_mean_error: Option<f64>,
    /// Share of what came that lay in the 80 % interval; for small counts it is more than 0.8, as a count cannot be cut.
    pub in_80_percent: Option<f64>,
    /// Share in the 95 % interval.
    pub in_95_percent: Option<f64>,
}

/// What held-back weeks teach.
#[derive(Clone, Debug, Default)]
pub struct Learnt {
    /// Weeks that were held back.
    pub weeks: usize,
    /// What said their days best.
    pub method: Method,
    /// How daily counts vary beyond Poisson's law.
    pub day_dispersion: f64,
    /// How hourly counts do.
    pub hour_dispersion: f64,
    /// How good days were said.
    pub days: Quality,
    /// How good hours were said.
    pub hours: Quality,
}

/// Holds back the newest whole weeks of `days`, oldest day first. The method that said their days best is the one that
/// counts from then on; its quality is told of the weeks it was chosen by.
pub fn learn(days: &[[u32; HOURS]]) -> Learnt {
    let whole = days.len() / WEEK;
    let weeks = whole.saturating_sub(FEWEST_BEFORE).min(HELD_BACK);
    let model = of_method(days, weeks, Method::Model);
    // On equal terms, and where nothing was held back, it is the model.
    match (model.days.mean_error, model.days.naive_mean_error) {
        (Some(ours), Some(naive)) if naive < ours => of_method(days, weeks, Method::WeekBefore),
        _ => model,
    }
}

fn of_method(days: &[[u32; HOURS]], weeks: usize, method: Method) -> Learnt {
    let (mut by_day, mut by_hour) = (Vec::new(), Vec::new());
    for back in (1..=weeks).rev() {
        let (before, after) = days.split_at(days.len() - back * WEEK);
        let totals: Vec<f64> = before.iter().map(total).collect();
        let last_week = &before[before.len() - WEEK..];
        for (n, expected) in expect_days(&totals, WEEK, method).into_iter().enumerate() {
            let (came, naive) = (&after[n], &last_week[n]);
            by_day.push(Compared { expected, came: total(came), naive: total(naive) });
            let shares = shares(before, n);
            by_hour.extend((0..HOURS).map(|hour| Compared {
                expected: expected * shares[hour],
                came: f64::from(came[hour]),
                naive: f64::from(naive[hour]),
            }));
        }
    }
    let dispersion = |all: &[Compared]| dispersion(all.iter().map(|one| (one.expected, one.came)));
    let (day_dispersion, hour_dispersion) = (dispersion(&by_day), dispersion(&by_hour));
    Learnt {
        weeks,
        method,
        day_dispersion,
        hour_dispersion,
        days: quality(&by_day, day_dispersion),
        hours: quality(&by_hour, hour_dispersion),
    }
}

/// Calls of a day.
pub fn total(hours: &[u32; HOURS]) -> f64 {
    hours.iter().map(|calls| f64::from(*calls)).sum()
}

fn quality(all: &[Compared], dispersion: f64) -> Quality {
    if all.is_empty() {
        return Quality::default();
    }
    let share =
        |of: &dyn Fn(&Compared) -> f64| Some(all.iter().map(of).sum::<f64>() / all.len() as f64);
    let inside = |low: f64, high: f64| {
        move |one: &Compared| {
            let [low, high] = [low, high].map(|p| quantile(one.expected, dispersion, p) as f64);
            f64::from(u8::from((low..=high).contains(&one.came)))
        }
    };
    Quality {
        mean_error: share(&|one| (one.expected - one.came).abs()),
        naive_mean_error: share(&|one| (one.naive - one.came).abs()),
        in_80_percent: share(&inside(0.1, 0.9)),
        in_95_percent: share(&inside(0.025, 0.975)),
    }
}
