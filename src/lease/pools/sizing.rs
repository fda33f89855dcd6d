//! How many numbers a pool needs. Pure; Erlang's loss formula, from arrivals and holding times alone.
//!
//! A visitor who finds no free number is not queued but told something else, which is Erlang's loss
//! system: with Poisson arrivals, `numbers` lines and an offered load of `arrivals × mean hold`
//! erlangs, the share of arrivals that find every line taken is B(offered, numbers), whatever the
//! distribution of the holding time (A. K. Erlang, 1917; ITU-T E.501 and E.520).

use serde::Serialize;
use utoipa::ToSchema;

/// Most numbers that are ever advised.
pub const MOST_NUMBERS: u32 = 50_000;

/// Share of arrivals that find none of `numbers` free, at `offered` erlangs: 0.0 to 1.0. The inverse
/// is summed up, which neither overflows nor loses digits: 1/B(n) = 1 + (n / offered) / B(n − 1).
pub fn erlang_b(offered: f64, numbers: u32) -> f64 {
    losses(offered, &[numbers])[0]
}

/// B(offered, n) for each of `sizes`, which rise, in one go.
fn losses(offered: f64, sizes: &[u32]) -> Vec<f64> {
    let is_idle = offered <= 0.0 || offered.is_nan();
    let (mut inverse, mut lines) = (1.0f64, 0);
    let loss = |&numbers: &u32| {
        while lines < numbers && inverse.is_finite() {
            lines += 1;
            inverse = 1.0 + inverse * f64::from(lines) / offered;
        }
        if is_idle && numbers > 0 { 0.0 } else { 1.0 / inverse }
    };
    sizes.iter().map(loss).collect()
}

/// The fewest numbers with which at most `target` of the arrivals find none free, at `offered`
/// erlangs; at most [`MOST_NUMBERS`].
pub fn numbers_for(offered: f64, target: f64) -> u32 {
    if offered <= 0.0 || offered.is_nan() {
        return 0;
    }
    let mut inverse = 1.0f64;
    for numbers in 0..MOST_NUMBERS {
        if inverse * target >= 1.0 {
            return numbers;
        }
        inverse = 1.0 + inverse * f64::from(numbers + 1) / offered;
    }
    MOST_NUMBERS
}

/// Longest rest that is told, in seconds: 30 days, as long as a visit's calls are usually its calls.
const LONGEST_REST_S: f64 = 30.0 * 86_400.0;

/// What one hour of the week brings to a pool, on average.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct HourLoad {
    /// ISO weekday by the site's clock, 1 = Monday.
    pub weekday: i8,
    /// Hour of the day by the site's clock, 0 to 23.
    pub hour: i8,
    /// Sessions an hour that asked for a number.
    pub arrivals_per_hour: f64,
    /// Mean time that a number was held, in seconds.
    pub mean_hold_s: f64,
}

impl HourLoad {
    /// Offered load in erlangs: the numbers that would be held on average if there were always one.
    pub fn offered(&self) -> f64 {
        self.arrivals_per_hour * self.mean_hold_s / 3600.0
    }

    /// How long a number rests between two sessions, in seconds, with `numbers` in the pool of which
    /// a share `lost` of the arrivals finds none: those that are idle are taken longest idle first,
    /// so each waits for as many arrivals as there are idle ones.
    fn rest_s(&self, numbers: u32, lost: f64) -> f64 {
        let served = self.arrivals_per_hour * (1.0 - lost);
        let idle = f64::from(numbers) - served * self.mean_hold_s / 3600.0;
        let rest = if served > 0.0 { idle.max(0.0) / served * 3600.0 } else { LONGEST_REST_S };
        rest.min(LONGEST_REST_S)
    }
}

/// What a pool of some size gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Service {
    /// Numbers in the pool.
    pub numbers: u32,
    /// Share of the arrivals of the peak hour that get no number of their own.
    pub without_own_at_peak: f64,
    /// Share of all arrivals of a week that get no number of their own.
    pub without_own: f64,
    /// How long a number rests in the peak hour before somebody else gets it, in seconds.
    pub rest_at_peak_s: f64,
    /// Share of the calls after a lease is over that come before the number is somebody else's; `null`
    /// without arrivals.
    pub late_calls_alone: Option<f64>,
    /// What the numbers cost a month, in the site's currency; `null` without a price.
    pub monthly_cost: Option<f64>,
}

/// What would do, and what today's size does.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Advice {
    /// Most arrivals of the peak hour that may stay without a number of their own.
    pub target: f64,
    /// The hour of the week with the greatest offered load; `null` before anything was measured.
    pub peak: Option<HourLoad>,
    /// Its offered load in erlangs.
    pub offered_at_peak: f64,
    /// The fewest numbers that meet the target in the peak hour.
    pub needed: Service,
    /// What the pool gives as it is.
    pub today: Service,
    /// Both curves: sizes from a quarter of the needed one to its double.
    pub curve: Vec<Service>,
}

/// Sizes on the curve, at most.
const CURVE_POINTS: u32 = 24;

/// Advises on the hours of a week. `late_by(s)` is the share of late calls that come within `s` seconds
/// after a lease is over; `price` is what a number costs a month.
pub fn advise(
    week: &[HourLoad],
    today: u32,
    target: f64,
    price: Option<f64>,
    late_by: impl Fn(f64) -> f64,
) -> Advice {
    let by_offered = |a: &&HourLoad, b: &&HourLoad| a.offered().total_cmp(&b.offered());
    let peak = week.iter().max_by(by_offered).copied().filter(|peak| peak.offered() > 0.0);
    let offered_at_peak = peak.map_or(0.0, |peak| peak.offered());
    let needed = numbers_for(offered_at_peak, target);
    let today = today.min(MOST_NUMBERS);
    let sizes = curve_sizes(needed, today);

    let arrivals: f64 = week.iter().map(|hour| hour.arrivals_per_hour).sum();
    let mut curve: Vec<Service> =
        sizes.iter().map(|numbers| Service::of(*numbers, price)).collect();
    for hour in week.iter().filter(|_| arrivals > 0.0) {
        let share = hour.arrivals_per_hour / arrivals;
        for (service, lost) in curve.iter_mut().zip(losses(hour.offered(), &sizes)) {
            service.without_own += share * lost;
            let alone = share * late_by(hour.rest_s(service.numbers, lost));
            service.late_calls_alone = Some(service.late_calls_alone.unwrap_or(0.0) + alone);
        }
    }
    if let Some(peak) = &peak {
        for (service, lost) in curve.iter_mut().zip(losses(peak.offered(), &sizes)) {
            service.without_own_at_peak = lost;
            service.rest_at_peak_s = peak.rest_s(service.numbers, lost);
        }
    }
    let of = |numbers: u32| {
        let at = curve.iter().find(|service| service.numbers == numbers).copied();
        at.unwrap_or(Service::of(numbers, price))
    };
    Advice { target, peak, offered_at_peak, needed: of(needed), today: of(today), curve }
}

/// From a quarter of what is needed to its double, with what is needed and what is there.
fn curve_sizes(needed: u32, today: u32) -> Vec<u32> {
    let last = (needed * 2).max(today).clamp(1, MOST_NUMBERS);
    let first = (needed / 4).min(today).max(1).min(last);
    let step = ((last - first) / CURVE_POINTS).max(1);
    let mut sizes: Vec<u32> = (first..=last).step_by(step as usize).collect();
    sizes.extend([needed, today, last]);
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

impl Service {
    /// Before anything is known of those who come.
    fn of(numbers: u32, price: Option<f64>) -> Self {
        Service {
            numbers,
            without_own_at_peak: 0.0,
            without_own: 0.0,
            rest_at_peak_s: 0.0,
            late_calls_alone: None,
            monthly_cost: price.map(|price| price * f64::from(numbers)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Published tables of the Erlang B formula (offered load, blocking, lines).
    #[test]
    fn numbers_as_in_published_tables() {
        for (offered, target, lines) in [
            (10.0, 0.01, 18),
            (200.0 / 3.0, 0.01, 82),
            (100.0, 0.001, 128),
            (100.0, 0.01, 117),
            (1.0, 0.01, 5),
            (5.0, 0.05, 9),
            (20.0, 0.02, 28),
            (50.0, 0.01, 64),
            (0.0, 0.01, 0),
        ] {
            assert_eq!(numbers_for(offered, target), lines, "{offered} E at {target}");
        }
        assert!((erlang_b(10.0, 10) - 0.2146).abs() < 5e-5);
        assert!((erlang_b(1.0, 1) - 0.5).abs() < 1e-12);
        assert_eq!(erlang_b(0.0, 3), 0.0);
        assert_eq!(erlang_b(1e9, 0), 1.0);
    }

    fn hour(arrivals_per_hour: f64, mean_hold_s: f64) -> HourLoad {
        HourLoad { weekday: 1, hour: 9, arrivals_per_hour, mean_hold_s }
    }

    #[test]
    fn the_advice_is_for_the_peak_hour_and_tells_what_today_gives() {
        let week = [hour(20.0, 600.0), hour(200.0, 1200.0), hour(0.0, 0.0)];
        let late_by = |s: f64| 1.0 - (-s / 3600.0).exp();
        let advice = advise(&week, 60, 0.01, Some(1.5), late_by);
        assert_eq!(advice.peak, Some(week[1]));
        assert!((advice.offered_at_peak - 66.667).abs() < 0.001);
        assert_eq!(advice.needed.numbers, 82);
        assert_eq!(advice.needed.monthly_cost, Some(123.0));
        assert!(advice.needed.without_own_at_peak <= 0.01);
        // 60 numbers for 66.7 erlangs: B = 0.16, and the quiet hour loses nobody.
        assert!((advice.today.without_own_at_peak - 0.16).abs() < 0.0005, "{advice:?}");
        let over_week = advice.today.without_own / advice.today.without_own_at_peak;
        assert!((over_week - 200.0 / 220.0).abs() < 1e-3);
        assert!(advice.curve.iter().any(|at| at.numbers == 60));
        assert!(advice.curve.iter().any(|at| at.numbers == 82));
        assert!(advice.curve.len() <= 30);
        assert!(advice.curve.windows(2).all(|two| two[0].numbers < two[1].numbers));
    }

    #[test]
    fn a_pool_without_visitors_needs_no_number() {
        let advice = advise(&[], 12, 0.01, None, |_| 0.5);
        assert_eq!((advice.peak, advice.needed.numbers), (None, 0));
        assert_eq!(advice.today.without_own, 0.0);
        assert_eq!(advice.today.late_calls_alone, None);
    }

    /// The rest between two sessions against a pool that is played through: 20 numbers, taken longest
    /// idle first, each arrival after 36 s holds one for 300 s.
    #[test]
    fn rest_is_that_of_a_queue_of_idle_numbers() {
        let load = hour(100.0, 300.0);
        let mut idle: std::collections::VecDeque<f64> = std::iter::repeat_n(0.0, 20).collect();
        let (mut rests, mut held) = (Vec::new(), std::collections::VecDeque::new());
        for arrival in 0..2_000 {
            let now = f64::from(arrival) * 36.0;
            while held.front().is_some_and(|end| *end <= now) {
                idle.extend(held.pop_front());
            }
            rests.push(now - idle.pop_front().expect("one is idle"));
            held.push_back(now + 300.0);
        }
        let rest = load.rest_s(20, erlang_b(load.offered(), 20));
        let settled = &rests[100..];
        let mean = settled.iter().sum::<f64>() / settled.len() as f64;
        assert!((rest - mean).abs() / mean < 0.05, "{rest} {mean}");
    }

    proptest! {
        #[test]
        fn more_numbers_never_lose_more(offered in 0.01f64..2_000.0, numbers in 0u32..3_000) {
            let (few, more) = (erlang_b(offered, numbers), erlang_b(offered, numbers + 1));
            prop_assert!((0.0..=1.0).contains(&few) && more <= few);
            // Both ways of counting agree.
            if (1e-9..0.999).contains(&few) {
                prop_assert_eq!(numbers_for(offered, few * 1.000_001), numbers);
            }
        }

        #[test]
        fn nothing_is_not_a_number(
            arrivals in 0.0f64..1e4, hold in 0.0f64..1e4, today in 0u32..20_000, target in 1e-6f64..1.0,
        ) {
            let advice = advise(&[hour(arrivals, hold)], today, target, Some(1.0), |s| s / (s + 60.0));
            for service in advice.curve.iter().chain([&advice.needed, &advice.today]) {
                prop_assert!((0.0..=1.0).contains(&service.without_own_at_peak));
                prop_assert!((0.0..=1.0).contains(&service.without_own));
                prop_assert!((0.0..=LONGEST_REST_S).contains(&service.rest_at_peak_s));
                let alone = service.late_calls_alone;
                prop_assert!(alone.is_none_or(|alone| (0.0..=1.0).contains(&alone)));
            }
        }
    }
}
