//! How many calls each of the next days brings. Pure.
//!
//! With five weeks or more: multiple seasonal-trend decomposition by loess (Bandara, Hyndman and Bergmeir, 2021) of the
//! square roots, with exponential smoothing of what is left of the weeks' rhythm (the crate `augurs`). The square root of a
//! count varies alike on quiet and busy days (Anscombe, 1948). With less: the mean of each weekday, drawn towards the
//! mean of all days. Where held-back weeks of a site were said better by the week before, that is what is said of it.

use augurs::ets::AutoETS;
use augurs::mstl::MSTLModel;
use augurs::mstl::stlrs::{MstlParams, StlParams};
use augurs::{Fit, Predict};
use serde::Serialize;
use utoipa::ToSchema;

/// Days of a week.
pub const WEEK: usize = 7;
/// Days of a year, for its rhythm.
const YEAR: usize = 365;
/// Fewest days from which a week's rhythm and a trend are decomposed.
const FEWEST: usize = 5 * WEEK;
/// The newest days that are looked at.
const MOST: usize = 3 * YEAR;
/// How many weeks the mean of all days counts as, beside a weekday's own.
const PRIOR_WEEKS: f64 = 0.3;
/// Anscombe's constant.
const ANSCOMBE: f64 = 3.0 / 8.0;
/// How far from the recent level an expectation may go: a trend does not last.
const FURTHEST: f64 = 3.0;

/// How days are forecast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By what all known weeks have in common, and their trend.
    #[default]
    Model,
    /// As the same day of the last known week (seasonal naive).
    WeekBefore,
}

/// What to expect of the `horizon` days after `counts`, one for each day, oldest first.
pub fn expect_days(counts: &[f64], horizon: usize, method: Method) -> Vec<f64> {
    if let (Method::WeekBefore, Some((_, week))) = (method, counts.split_last_chunk::<WEEK>()) {
        return week.iter().copied().cycle().take(horizon).collect();
    }
    let counts = &counts[counts.len().saturating_sub(MOST)..];
    let decomposed = (counts.len() >= FEWEST).then(|| decomposed(counts, horizon)).flatten();
    decomposed.unwrap_or_else(|| by_weekday(counts, horizon))
}

fn decomposed(counts: &[f64], horizon: usize) -> Option<Vec<f64>> {
    let roots: Vec<f64> = counts.iter().map(|count| (count + ANSCOMBE).sqrt()).collect();
    let mut periods = vec![WEEK];
    if counts.len() >= 2 * YEAR {
        periods.push(YEAR);
    }
    // A rhythm that changes slowly: the weekday's own values of many weeks are smoothed together.
    let mut loess = StlParams::new();
    loess.robust(true).seasonal_length(10 * WEEK + 1);
    let mut decomposition = MstlParams::new();
    decomposition.stl_params(loess);
    let model = MSTLModel::new(periods, AutoETS::non_seasonal().into_trend_model());
    let fitted = model.mstl_params(decomposition).fit(&roots).ok()?;
    let expected = fitted.predict(horizon, None).ok()?.point;
    // The mean of a square is the square of the mean and the variance.
    let known = fitted.predict_in_sample(None).ok()?.point;
    let errors = roots.iter().zip(&known).skip(WEEK).map(|(root, known)| (root - known).powi(2));
    let variance = errors.sum::<f64>() / (roots.len() - WEEK) as f64;
    let recent = &counts[counts.len() - 2 * WEEK..];
    let most = FURTHEST * recent.iter().copied().fold(1.0, f64::max);
    let count = |root: &f64| (root.max(0.0).powi(2) + variance - ANSCOMBE).clamp(0.0, most);
    expected.iter().all(|root| root.is_finite()).then(|| expected.iter().map(count).collect())
}

fn by_weekday(counts: &[f64], horizon: usize) -> Vec<f64> {
    let mean = counts.iter().sum::<f64>() / counts.len().max(1) as f64;
    let expected = |day: usize| {
        let same = counts.iter().skip(day % WEEK).step_by(WEEK);
        let (sum, weeks) = same.fold((0.0, 0.0), |(sum, weeks), count| (sum + count, weeks + 1.0));
        (sum + PRIOR_WEEKS * mean) / (weeks + PRIOR_WEEKS)
    };
    (counts.len()..counts.len() + horizon).map(expected).collect()
}
