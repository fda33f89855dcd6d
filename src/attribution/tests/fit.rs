//! What is learnt from calls.

use proptest::prelude::*;

use super::{HOUR, T, evidence, holder};
use crate::attribution::delays::{Delays, Shares, prior};
use crate::attribution::expect::{Parts, expect};
use crate::attribution::fit::fit;
use crate::attribution::observation::{Near, Observation};
use crate::attribution::stays::{Moment, Stays};
use crate::platform::clock::Millis;

/// A number that many had, one every half hour for two days, the newest `idle_s` ago.
fn call(near: Near) -> Observation {
    let others = (1..96).map(|n| Near {
        idle_s: Some(n as f32 * 1_800.0 + 900.0),
        factor: 1.0,
        ..Near::default()
    });
    let mut stays = Stays::default();
    (0..96).for_each(|_| stays.add(100.0, false));
    Observation {
        near: std::iter::once(near).chain(others).collect(),
        stays,
        span_s: 96.0 * 1_800.0,
        ..Observation::default()
    }
}

fn on_page() -> Observation {
    call(Near { factor: 1.0, ..Near::default() })
}

fn gone(idle_s: f32) -> Observation {
    call(Near { idle_s: Some(idle_s), factor: 1.0, ..Near::default() })
}

fn shares(calls: &[Observation]) -> Shares {
    fit(calls, 1, Millis(0)).shares
}

fn sum(shares: Shares) -> f64 {
    let Shares { click, page, just, day, later, nobody } = shares;
    click + page + just + day + later + nobody
}

#[test]
fn nothing_learnt_is_the_prior() {
    let fitted = fit(&[], 3, Millis(7));
    let Delays { version, fitted_at, calls, .. } = fitted;
    assert_eq!((version, fitted_at, calls), (3, Some(Millis(7)), 0));
    assert!((sum(fitted.shares) - 1.0).abs() < 1e-9);
    assert!((fitted.shares.page - prior().shares.page).abs() < 1e-6);
    assert!((fitted.means.day - prior().means.day).abs() < 1e-6);
}

#[test]
fn ten_calls_change_little_and_a_thousand_decide() {
    let before = prior().shares.page;
    let ten = shares(&vec![on_page(); 10]).page;
    let thousand = shares(&vec![on_page(); 1_000]).page;
    assert!(ten > before && ten < before + 0.25, "{ten}");
    assert!(thousand > 0.85, "{thousand}");
}

#[test]
fn late_callers_are_learnt_although_others_click() {
    let clicked = Near { clicked_s: Some(5.0), factor: 1.0, ..Near::default() };
    let mut calls = vec![call(clicked); 300];
    calls.extend(vec![gone(240.0); 300]);
    let learnt = shares(&calls);
    assert!((learnt.click - 0.48).abs() < 0.08, "{learnt:?}");
    assert!((learnt.just - 0.42).abs() < 0.12, "{learnt:?}");
}

#[test]
fn a_repeated_call_says_nothing_of_when_people_call_first() {
    let repeated = Observation { fresh: 0.0, ..gone(40_000.0) };
    let mut calls = vec![on_page(); 300];
    let without = shares(&calls);
    calls.extend(vec![repeated; 300]);
    assert!((shares(&calls).page - without.page).abs() < 1e-3, "{without:?}");
}

#[test]
fn whoever_calls_again_does_so_also_when_nobody_knows_who_it_was() {
    let candidates = evidence(&[holder(1, HOUR, None)]);
    let fresh = |again| Observation::of(Millis(T), &candidates, None, again).fresh;
    assert_eq!((fresh(true), fresh(false)), (0.0, 1.0));
}

#[test]
fn a_number_that_nobody_had_last_week_cannot_have_its_callers() {
    let later = |span_s| {
        let idle_s = Some(600.0);
        let call = Observation {
            near: vec![Near { idle_s, factor: 1.0, ..Near::default() }],
            span_s,
            ..Observation::default()
        };
        let mut parts = Parts::default();
        expect(&prior(), &call, &mut parts);
        parts.shares[4]
    };
    // As many as the prior expects of every call are still to come.
    assert!(later(7_200.0) > later(30.0 * 86_400.0) + 0.05);
}

#[test]
fn a_channel_that_calls_more_is_learnt() {
    let of = |channel: &str| Near { channel: channel.to_owned(), factor: 1.0, ..Near::default() };
    let with_other = |caller: &str, other: &str| {
        let mut call = call(of(caller));
        call.near[40].channel = other.to_owned();
        call
    };
    let mut calls = vec![with_other("Paid Search", "Direct"); 300];
    calls.extend(vec![with_other("Direct", "Paid Search"); 100]);
    let fitted = fit(&calls, 1, Millis(0));
    assert!(fitted.of_channel("Paid Search") > 1.3 * fitted.of_channel("Direct"));
    assert_eq!(fitted.of_channel("never seen"), 1.0);
}

proptest! {
    #[test]
    fn any_calls_teach_a_law(
        drawn in prop::collection::vec((prop::option::of(0f32..3e6), prop::option::of(-5f32..1e6), 0f32..1e4), 0..40),
        span_s in 0f64..3e6,
    ) {
        let calls: Vec<Observation> = drawn.into_iter().map(|(idle_s, clicked_s, factor)| {
            let near = Near { idle_s, clicked_s, factor, ..Near::default() };
            Observation { span_s, ..call(near) }
        }).collect();
        let fitted = fit(&calls, 1, Millis(0));
        prop_assert!((sum(fitted.shares) - 1.0).abs() < 1e-9);
        let Shares { click, page, just, day, later, nobody } = fitted.shares;
        prop_assert!([click, page, just, day, later, nobody].iter().all(|s| *s > 0.0 && *s < 1.0));
        prop_assert!(fitted.of_nobody().is_finite() && fitted.on_page(Moment::default()).is_finite());
    }
}
