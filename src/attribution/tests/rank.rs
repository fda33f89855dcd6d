//! Probabilities of candidates.

use std::cmp::Reverse;

use proptest::prelude::*;

use super::{HOLD, HOUR, MINUTE, T, evidence, holder, session};
use crate::attribution::delays::{Delays, prior};
use crate::attribution::evidence::{Beside, Evidence};
use crate::attribution::known::Known;
use crate::attribution::model::{Candidate, Reason};
use crate::attribution::nearness::Nearness;
use crate::attribution::rules::{Kept, Older, Ranking, likeliest_first, rank};
use crate::lease::model::Holder;
use crate::platform::clock::Millis;
use crate::platform::ids::SessionId;

const EVERY: Kept = Kept { most: usize::MAX, probability: 0.0 };

fn ranked(holders: &[Holder]) -> Ranking {
    rank(&evidence(holders), &prior(), None, EVERY)
}

fn best(holders: &[Holder]) -> (SessionId, f64) {
    let ranking = ranked(holders);
    (ranking.candidates[0].session, ranking.candidates[0].probability)
}

#[test]
fn a_lone_holder_on_the_page_is_likely_and_a_click_makes_it_nearly_certain() {
    let (_, on_page) = best(&[holder(1, 20_000, None)]);
    assert!((0.95..0.99).contains(&on_page), "{on_page}");
    let (_, clicked) = best(&[holder(1, 20_000, Some(15_000))]);
    assert!(clicked > 0.999, "{clicked}");
    let (_, same_day) = best(&[holder(1, 5 * HOUR, None)]);
    assert!(same_day < on_page);
}

#[test]
fn a_holder_of_weeks_ago_is_not_named_on_a_number_that_many_had() {
    // As many as come on average, none of them for two weeks.
    let holders: Vec<Holder> =
        (1..200).map(|n| holder(n, 14 * 24 * HOUR + i64::from(n) * HOUR, None)).collect();
    let ranking = ranked(&holders);
    assert!(ranking.best().is_none(), "{:?}", ranking.candidates[0]);
    assert!(ranking.nobody > 0.5, "{}", ranking.nobody);
}

#[test]
fn sharers_split_and_the_one_who_clicked_wins() {
    let two = [holder(1, 10_000, None), holder(2, 10_000, None)];
    let ranking = ranked(&two);
    assert_eq!(ranking.candidates[0].probability, ranking.candidates[1].probability);
    assert!(ranking.candidates[0].probability < 0.5);
    assert!(ranking.candidates[0].reasons.contains(&Reason::Shared));
    let (winner, confidence) = best(&[holder(1, 1_000, None), holder(2, 40_000, Some(30_000))]);
    assert_eq!(winner, session(2));
    assert!(confidence > 0.95, "{confidence}");
}

#[test]
fn who_left_is_gone_although_the_lease_lingers() {
    let mut left = holder(1, 20_000, None);
    left.until = Millis(T - 20_000 + 90_000);
    let (winner, _) = best(&[left.clone(), holder(2, 25_000, None)]);
    assert_eq!(winner, session(2));
    let gone = Evidence::of(&left, Millis(T), HOLD);
    assert!(!gone.on_page && left.live);
}

#[test]
fn who_is_on_the_page_outweighs_everybody_who_was_there_before() {
    let mut holders: Vec<Holder> =
        (2..100).map(|n| holder(n, i64::from(n) * HOUR / 5, None)).collect();
    holders.push(holder(1, 0, None));
    let (winner, confidence) = best(&holders);
    assert_eq!(winner, session(1));
    assert!(confidence > 0.8, "{confidence}");
}

#[test]
fn what_came_after_the_call_is_not_looked_at() {
    let mut later = holder(1, 30_000, None);
    later.tel_click = Some(Millis(T + HOUR));
    assert_eq!(evidence(&[later]), evidence(&[holder(1, 30_000, None)]));
}

#[test]
fn a_known_caller_is_found_days_later_and_nearness_tells_sharers_apart() {
    let mut candidates = evidence(&[holder(1, 0, None), holder(2, 30 * HOUR, None)]);
    candidates[1].beside =
        Beside { known: Some(Known { person: 0, sure: 0.95 }), ..Beside::default() };
    let ranking = rank(&candidates, &prior(), None, EVERY);
    assert_eq!(ranking.candidates[0].session, session(2));
    assert!(ranking.candidates[0].reasons.contains(&Reason::KnownCaller));

    let mut candidates = evidence(&[holder(1, 9_000, None), holder(2, 9_000, None)]);
    candidates[0].beside.nearness = Nearness::OtherCountry;
    candidates[1].beside.nearness = Nearness::SameArea;
    let ranking = rank(&candidates, &prior(), None, EVERY);
    assert_eq!(ranking.candidates[0].session, session(2));
}

#[test]
fn of_several_people_whom_a_caller_may_be_each_keeps_their_part() {
    let mut candidates =
        evidence(&[holder(1, 0, None), holder(2, HOUR, None), holder(3, HOUR, None)]);
    let alone = rank(&candidates, &prior(), None, EVERY);
    // Sessions 2 and 3 are of one visitor.
    let known = |person, sure| Some(Known { person, sure });
    candidates[0].beside.known = known(0, 0.3);
    candidates[1].beside.known = known(1, 0.5);
    candidates[2].beside.known = known(1, 0.5);
    let ranking = rank(&candidates, &prior(), None, EVERY);
    let of = |ranking: &Ranking, n| {
        let mine = ranking.candidates.iter().find(|one| one.session == session(n));
        mine.map_or(0.0, |mine| mine.probability)
    };
    let left = 1.0 - 0.95 * 0.8;
    assert!((of(&ranking, 1) - 0.95 * 0.3 - left * of(&alone, 1)).abs() < 1e-9);
    for n in [2, 3] {
        assert!((of(&ranking, n) - 0.95 * 0.25 - left * of(&alone, n)).abs() < 1e-9);
    }
    assert!((ranking.nobody - left * alone.nobody).abs() < 1e-9);
}

/// They are remembered to three digits, so together they may be a little more than 1.
#[test]
fn shares_are_shares_also_where_what_is_remembered_was_rounded_up() {
    let mut candidates = evidence(&[holder(1, 0, None), holder(2, HOUR, None)]);
    for (person, one) in candidates.iter_mut().enumerate() {
        one.beside.known = Some(Known { person, sure: 0.502 });
    }
    let ranking = rank(&candidates, &prior(), None, EVERY);
    let sum: f64 = ranking.candidates.iter().map(|one| one.probability).sum();
    assert!((sum + ranking.nobody - 1.0).abs() < 1e-9, "{sum}");
}

#[test]
fn those_whom_the_list_has_no_room_for_count_for_none_of_them() {
    let holders = [holder(1, HOUR, None)];
    let alone = ranked(&holders);
    let older = Older { from_s: 3_600.0, to_s: 30.0 * 86_400.0 };
    let among_many = rank(&evidence(&holders), &prior(), Some(older), EVERY);
    assert!(among_many.nobody > alone.nobody + 0.05, "{} {}", among_many.nobody, alone.nobody);
}

fn any_holder() -> impl Strategy<Value = (i64, Option<i64>)> {
    (0..720 * HOUR, prop::option::of(-HOUR..24 * HOUR))
}

fn any_delays() -> impl Strategy<Value = Delays> {
    (1e-4..0.5f64, 1.0..60.0f64, 1e-7..1.0f64, 1e-4..1.0f64).prop_map(
        |(nobody, click, rate, clicks)| {
            let mut delays = prior();
            delays.shares.nobody = nobody;
            delays.means.click = click;
            delays.population.holders_per_s = rate;
            delays.population.clicks = clicks;
            delays
        },
    )
}

proptest! {
    #[test]
    fn probabilities_sum_to_one_in_any_order(
        holders in prop::collection::vec(any_holder(), 0..60),
        delays in any_delays(),
    ) {
        let numbered = (1..).zip(&holders);
        let holders: Vec<Holder> = numbered.map(|(n, (ago, click))| holder(n, *ago, *click)).collect();
        let mut candidates = evidence(&holders);
        let ranking = rank(&candidates, &delays, None, EVERY);
        let total: f64 = ranking.candidates.iter().map(|c| c.probability).sum();
        prop_assert!((total + ranking.nobody - 1.0).abs() < 1e-9);
        let ordered = ranking.candidates.windows(2).all(|w| w[0].probability >= w[1].probability);
        prop_assert!(ordered);
        candidates.reverse();
        let backwards = rank(&candidates, &delays, None, EVERY);
        for (one, same) in ranking.candidates.iter().zip(&backwards.candidates) {
            prop_assert_eq!(one.session, same.session);
            prop_assert!((one.probability - same.probability).abs() < 1e-9);
        }
    }

    #[test]
    fn what_is_listed_of_many_is_the_head_of_all(
        holders in prop::collection::vec((0..3 * HOUR, prop::option::of(0..HOUR)), 1..120),
        most in 1..40_usize,
        least in 0.0..0.1f64,
        known in any::<prop::sample::Index>(),
    ) {
        let numbered = (1..).zip(&holders);
        let holders: Vec<Holder> = numbered.map(|(n, (ago, click))| holder(n, *ago, *click)).collect();
        let mut candidates = evidence(&holders);
        let known = known.index(candidates.len());
        candidates[known].beside.known = Some(Known { person: 0, sure: 1e-6 });
        let all = rank(&candidates, &prior(), None, EVERY);
        let kept = Kept { most, probability: least };
        let listed = rank(&candidates, &prior(), None, kept);
        prop_assert_eq!(listed.nobody, all.nobody);
        let is_kept = |(n, one): &(usize, &Candidate)| {
            *n == 0 || *n < most && one.probability >= least
        };
        let head: Vec<&Candidate> =
            all.candidates.iter().enumerate().filter(is_kept).map(|(_, one)| one).collect();
        prop_assert_eq!(listed.candidates.iter().collect::<Vec<_>>(), head);
    }

    #[test]
    fn the_likeliest_are_put_first_and_nobody_is_lost(
        holders in prop::collection::vec(any_holder(), 0..100),
        most in 0..60_usize,
    ) {
        let numbered = (1..).zip(&holders);
        let holders: Vec<Holder> = numbered.map(|(n, (ago, click))| holder(n, *ago, *click)).collect();
        let (mut some, mut sorted) = (evidence(&holders), evidence(&holders));
        let delays = prior();
        // The bits of positive numbers are in their order; a stable sort.
        sorted.sort_by_key(|one| Reverse(one.density(&delays).to_bits()));
        likeliest_first(&mut some, &delays, most);
        let head = most.min(some.len());
        prop_assert_eq!(&some[..head], &sorted[..head]);
        let sessions = |all: &[Evidence]| {
            let mut sessions: Vec<SessionId> = all.iter().map(|one| one.session).collect();
            sessions.sort_unstable();
            sessions
        };
        prop_assert_eq!(sessions(&some), sessions(&sorted));
    }

    /// Left out of an exponential law is what is negligible: the plain form says the same.
    #[test]
    fn densities_are_those_of_the_plain_form(idle_s in 0.0..3e6f64, ago_s in 0.0..900.0f64) {
        let delays = prior();
        let law = |share: f64, mean: f64| share / mean * (-idle_s / mean).exp();
        let Delays { shares, means, .. } = &delays;
        let plain = law(shares.just, means.just) + law(shares.day, means.day) + law(shares.later, means.later);
        let ours: f64 = delays.gone(idle_s).iter().sum();
        prop_assert!((ours / plain - 1.0).abs() < 1e-9, "{} {}", ours, plain);
        prop_assert!(delays.by_click(ago_s) > 0.0);
    }

    #[test]
    fn a_click_never_makes_a_candidate_less_likely(ago in 0..2 * HOUR, seen in 0..2 * HOUR) {
        let others = [holder(2, MINUTE, None), holder(3, HOUR, None)];
        let of = |click| {
            let holders = [&others[..], &[holder(1, seen, click)]].concat();
            let ranking = ranked(&holders);
            let mine = ranking.candidates.iter().find(|c| c.session == session(1));
            mine.map_or(0.0, |mine| mine.probability)
        };
        prop_assert!(of(Some(ago)) >= of(None));
    }
}
