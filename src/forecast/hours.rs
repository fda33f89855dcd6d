//! How the calls of a day spread over its hours. Pure.

use crate::forecast::days::WEEK;

/// Hours of a day on the wall; the hour that a clock repeats counts once, with the calls of both.
pub const HOURS: usize = 24;
/// Weeks that tell the shares.
const WEEKS: usize = 8;
/// How much a week counts against the one after it.
const FADING: f64 = 0.9;
/// How many calls of a weekday the share of all days counts as.
const PRIOR_CALLS: f64 = 20.0;
/// How many calls of all days an even share counts as: no hour is impossible.
const PRIOR_EVEN: f64 = 1.0;

/// The share of each hour in the calls of a day, for the day at `index` after those of `days`, oldest first.
/// Each weekday has its own shares, drawn towards those of all days as far as it has few calls. They sum to 1.
pub fn shares(days: &[[u32; HOURS]], index: usize) -> [f64; HOURS] {
    let newest = &days[days.len().saturating_sub(WEEKS * WEEK)..];
    let weekday = (days.len() + index) % WEEK;
    let first = days.len() - newest.len();
    let (mut of_all, mut own) = ([0.0; HOURS], [0.0; HOURS]);
    for (n, hours) in newest.iter().enumerate() {
        let weeks_ago = (newest.len() - 1 - n) / WEEK;
        let counts = FADING.powi(i32::try_from(weeks_ago).unwrap_or(i32::MAX));
        for (hour, calls) in hours.iter().enumerate() {
            of_all[hour] += counts * f64::from(*calls);
            if (first + n) % WEEK == weekday {
                own[hour] += counts * f64::from(*calls);
            }
        }
    }
    let all = drawn(of_all, [1.0 / HOURS as f64; HOURS], PRIOR_EVEN);
    drawn(own, all, PRIOR_CALLS)
}

fn drawn(calls: [f64; HOURS], towards: [f64; HOURS], worth: f64) -> [f64; HOURS] {
    let total = calls.iter().sum::<f64>() + worth;
    std::array::from_fn(|hour| (calls[hour] + worth * towards[hour]) / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weekday_has_its_own_hours_and_few_calls_those_of_all() {
        let office = std::array::from_fn(|hour| if (9..17).contains(&hour) { 10 } else { 0 });
        let mut saturday = [0; HOURS];
        saturday[20] = 1;
        // Monday first, so the sixth day of each week is a Saturday.
        let days: Vec<_> = (0..56).map(|n| if n % WEEK == 5 { saturday } else { office }).collect();
        let monday = shares(&days, 0);
        assert!((monday.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!((monday[10] - 0.125).abs() < 0.01 && monday[20] < 0.01, "{monday:?}");
        let saturday = shares(&days, 5);
        assert!(saturday[20] > 0.15 && saturday[10] > 0.05, "{saturday:?}");
        let nothing = shares(&[], 3);
        assert!((nothing[0] - 1.0 / 24.0).abs() < 1e-9);
    }
}
