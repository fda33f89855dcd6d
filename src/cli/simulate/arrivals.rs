//! When visits begin: a Poisson process whose rate follows hours and weekdays, with days that differ
//! beyond that.

use rand::RngExt;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Exp1, Gamma};

use crate::cli::simulate::SimulateArgs;
use crate::platform::clock::Millis;

const HOUR: i64 = 3_600_000;

/// Moments at which visits begin, in order.
pub fn arrivals(args: &SimulateArgs, rng: &mut StdRng) -> Vec<Millis> {
    let start = Millis::from(args.start);
    let mean = |weights: &[f64]| weights.iter().sum::<f64>() / weights.len() as f64;
    let (of_hours, of_week) = (mean(&args.hours), mean(&args.weekdays));
    let mut moments = Vec::new();
    for day in 0..i64::from(args.days) {
        let weekday = (start.plus(day * 24 * HOUR).0.div_euclid(24 * HOUR) + 3).rem_euclid(7);
        let level = args.visits * args.weekdays[weekday as usize] / of_week * chance(args, rng);
        for hour in 0..24 {
            let from = start.plus((day * 24 + hour) * HOUR);
            let of_day = from.0.div_euclid(HOUR).rem_euclid(24);
            let rate = level * args.hours[of_day as usize] / of_hours / 24.0;
            let mut passed = 0.0;
            loop {
                let wait: f64 = Exp1.sample(rng);
                passed += wait / rate;
                if !passed.is_finite() || passed >= 1.0 {
                    break;
                }
                moments.push(from.plus((passed * HOUR as f64) as i64));
            }
        }
    }
    moments
}

/// How busy a day is by chance: 1 on average.
fn chance(args: &SimulateArgs, rng: &mut StdRng) -> f64 {
    let variance = args.day_spread * args.day_spread;
    match Gamma::new(1.0 / variance, variance) {
        Ok(gamma) if variance > 0.0 => gamma.sample(rng),
        _ => 1.0,
    }
}

/// A moment of the trace, all equally likely.
pub fn any_moment(args: &SimulateArgs, rng: &mut StdRng) -> Millis {
    let length = i64::from(args.days) * 24 * HOUR;
    Millis::from(args.start).plus(rng.random_range(0..length))
}
