//! How many people it takes to answer so many calls. Pure; Erlang's delay formula.
//!
//! Callers who find everybody busy wait until somebody is free (M/M/n, patient callers): with an offered load of
//! A = calls × mean handle time erlangs and n people, one waits with probability C(A, n), on average
//! C · handle time / (n − A), and longer than t with C · e^(−(n − A) · t / handle time) (A. K. Erlang, 1917; ITU-T E.501).

use serde::Serialize;
use utoipa::ToSchema;

use crate::lease::pools::sizing::erlang_b;

/// Most people that are ever advised.
pub const MOST_PEOPLE: u32 = 10_000;

/// What is wanted of those who answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// Share of the calls that are answered in time, above 0 and below 1.
    pub service_level: f64,
    /// What in time is, in seconds.
    pub within_s: f64,
    /// Most of their time that people may be busy, above 0 and at most 1.
    pub occupancy: f64,
}

/// What so many people give.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Answering {
    /// People who answer at the same time.
    pub people: u32,
    /// Share of the calls that are answered in time.
    pub service_level: f64,
    /// Mean wait of all callers in seconds; `null` where the queue would grow without end.
    pub wait_s: Option<f64>,
    /// Share of their time that people are busy.
    pub occupancy: f64,
}

/// Share of the callers who wait, at `offered` erlangs with `people`; 1 where they are too few.
pub fn erlang_c(offered: f64, people: u32) -> f64 {
    let people_f = f64::from(people);
    if offered <= 0.0 || offered.is_nan() {
        return 0.0;
    }
    if people_f <= offered {
        return 1.0;
    }
    let lost = erlang_b(offered, people);
    people_f * lost / (people_f - offered * (1.0 - lost))
}

/// What `people` give who handle `calls_per_hour` of `handle_s` each.
pub fn answering(calls_per_hour: f64, handle_s: f64, people: u32, within_s: f64) -> Answering {
    let offered = calls_per_hour * handle_s / 3_600.0;
    let (waiting, spare) = (erlang_c(offered, people), f64::from(people) - offered);
    if offered <= 0.0 {
        return Answering { people, service_level: 1.0, wait_s: Some(0.0), occupancy: 0.0 };
    }
    if spare <= 0.0 {
        return Answering { people, service_level: 0.0, wait_s: None, occupancy: 1.0 };
    }
    Answering {
        people,
        service_level: 1.0 - waiting * (-spare * within_s / handle_s).exp(),
        wait_s: Some(waiting * handle_s / spare),
        occupancy: offered / f64::from(people),
    }
}

/// The fewest people who reach `goal`; at most [`MOST_PEOPLE`].
pub fn people_for(calls_per_hour: f64, handle_s: f64, goal: Goal) -> Answering {
    let given = |people: u32| answering(calls_per_hour, handle_s, people, goal.within_s);
    let enough = |people: u32| {
        let given = given(people);
        given.service_level >= goal.service_level && given.occupancy <= goal.occupancy
    };
    // More people never make it worse.
    let (mut first, mut last) = (0, MOST_PEOPLE);
    while first < last {
        let middle = first + (last - first) / 2;
        if enough(middle) { last = middle } else { first = middle + 1 }
    }
    given(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOAL: Goal = Goal { service_level: 0.8, within_s: 20.0, occupancy: 0.9 };

    #[test]
    fn the_formula_agrees_with_published_tables() {
        // A worked example found in many textbooks: 100 calls in half an hour of 3 minutes are 10 erlangs; 14 people
        // answer 88.8 % in 20 s, callers wait 7.8 s, people are busy 71.4 % of their time.
        let given = answering(200.0, 180.0, 14, 20.0);
        assert!((given.service_level - 0.888).abs() < 0.001, "{given:?}");
        assert!((given.wait_s.expect("a wait") - 7.8).abs() < 0.05, "{given:?}");
        assert!((given.occupancy - 0.714).abs() < 0.001, "{given:?}");
        assert!((erlang_c(10.0, 14) - 0.1741).abs() < 0.0005);
        // C(A, 1) is A itself.
        assert!((erlang_c(0.3, 1) - 0.3).abs() < 1e-12);
        assert_eq!(people_for(200.0, 180.0, GOAL).people, 14);
        // Many calls: then occupancy decides. 100 erlangs at 85 % are 118 people.
        let calm = Goal { occupancy: 0.85, ..GOAL };
        assert_eq!(people_for(2_000.0, 180.0, calm).people, 118);
        assert_eq!(people_for(0.0, 180.0, GOAL).people, 0);
    }

    #[test]
    fn too_few_people_have_a_queue_without_end() {
        let given = answering(200.0, 180.0, 10, 20.0);
        assert_eq!((given.service_level, given.wait_s, given.occupancy), (0.0, None, 1.0));
    }

    proptest! {
        #[test]
        fn the_advice_is_the_least_that_is_enough(
            calls in 0.1f64..5_000.0,
            handle_s in 10.0f64..1_800.0,
            service_level in 0.5f64..0.99,
            within_s in 0.0f64..120.0,
        ) {
            let goal = Goal { service_level, within_s, occupancy: 0.9 };
            let advised = people_for(calls, handle_s, goal);
            prop_assert!(advised.service_level >= service_level && advised.occupancy <= 0.9);
            let fewer = answering(calls, handle_s, advised.people - 1, within_s);
            prop_assert!(fewer.service_level < service_level || fewer.occupancy > 0.9);
        }
    }
}
