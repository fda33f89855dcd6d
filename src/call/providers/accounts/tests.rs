//! What a list of calls comes to, and what has to be set where.

use std::collections::BTreeSet;

use super::model::{Access, Hooks, Leg, OwnedNumber, Route, Window};
use super::plan::{Change, changes, differences, standing, wanted};
use super::reconcile::{past_calls, window};
use crate::call::model::{Call, CallEventKind, CallOrigin, CallStatus, DialOutcome};
use crate::call::rules::apply;
use crate::config::load::load_text;
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::phone::PhoneNumber;

const T: Millis = Millis(1_767_323_045_000);

fn site() -> Site {
    let demo = include_str!("../../../../config/demo.toml");
    load_text("demo.toml", demo).expect("the demo").sites.remove(0)
}

fn number(text: &str) -> PhoneNumber {
    text.parse().expect("a number")
}

fn after(seconds: i64) -> Option<Millis> {
    Some(T.plus(1000 * seconds))
}

/// A call that came at `T`, and a leg that somebody was dialled on.
fn legs(parent: DialOutcome, dialled: Option<(DialOutcome, u32)>) -> Vec<Leg> {
    let call = Leg {
        call: "CA1".to_owned(),
        id: "CA1".to_owned(),
        inbound: true,
        from: "+14155550133".to_owned(),
        to: "+14155550110".to_owned(),
        started_at: after(0),
        ended_at: after(105),
        talk_s: (parent == DialOutcome::Answered).then_some(105),
        outcome: Some(parent),
        ..Leg::default()
    };
    let dialled = dialled.map(|(outcome, talk_s)| Leg {
        id: "CA2".to_owned(),
        inbound: false,
        to: "+18005550100".to_owned(),
        started_at: after(2),
        ended_at: after(105),
        talk_s: Some(talk_s).filter(|talk_s| *talk_s > 0),
        outcome: Some(outcome),
        ..call.clone()
    });
    std::iter::once(call).chain(dialled).collect()
}

fn looked_at(legs: &[Leg]) -> Vec<Call> {
    let window = Window { from: T.plus(-1000), to: T.plus(3_600_000) };
    let calls =
        past_calls("twilio", &site(), legs, window, |number| number.as_str() != "+14155559999");
    let folded = calls
        .into_iter()
        .filter_map(|call| call.events.iter().fold(None, |call, event| Some(apply(call, event).0)));
    folded.collect()
}

#[test]
fn a_call_of_the_list_becomes_what_webhooks_would_have_told() {
    let answered = looked_at(&legs(DialOutcome::Answered, Some((DialOutcome::Answered, 95))));
    let [call] = &answered[..] else { panic!("one call") };
    assert_eq!((call.status, call.talk_s, call.wait_s), (CallStatus::Answered, Some(95), Some(10)));
    assert_eq!((call.started_at, call.ended_at), (T, after(105)));
    assert_eq!((call.origin(), call.provider_call_id.as_str()), (CallOrigin::Reconciled, "CA1"));
    assert_eq!(call.caller.number, Some(number("+14155550133")));
    for (parent, dialled, expected) in [
        (DialOutcome::Answered, Some((DialOutcome::NoAnswer, 0)), CallStatus::NoAnswer),
        (DialOutcome::Answered, Some((DialOutcome::Busy, 0)), CallStatus::Busy),
        (DialOutcome::NoAnswer, None, CallStatus::Canceled),
        (DialOutcome::Busy, None, CallStatus::Busy),
        (DialOutcome::Canceled, Some((DialOutcome::Canceled, 0)), CallStatus::Canceled),
    ] {
        let calls = looked_at(&legs(parent, dialled));
        assert_eq!(calls[0].status, expected, "{parent:?} {dialled:?}");
    }
}

#[test]
fn a_late_webhook_changes_nothing_but_what_it_knows_better() {
    let legs = legs(DialOutcome::Answered, Some((DialOutcome::Answered, 95)));
    let listed = looked_at(&legs).remove(0);
    let window = Window { from: T.plus(-1000), to: T.plus(3_600_000) };
    let events = past_calls("twilio", &site(), &legs, window, |_| true).remove(0).events;
    let again = events.iter().fold(listed.clone(), |call, event| apply(Some(call), event).0);
    assert_eq!(again, listed);
    let mut late = events[0].clone();
    late.dedup = "voice:".to_owned();
    late.at = T.plus(400);
    late.from.name = "JANE DOE".to_owned();
    let (call, _) = apply(Some(listed.clone()), &late);
    assert_eq!((call.status, call.talk_s, call.started_at), (listed.status, listed.talk_s, T));
    assert_eq!((call.caller.name.as_str(), call.origin()), ("JANE DOE", CallOrigin::Reconciled));
}

#[test]
fn calls_of_others_and_calls_that_last_are_left_alone() {
    let all = legs(DialOutcome::Answered, Some((DialOutcome::Answered, 95)));
    let change = |change: fn(&mut Leg)| {
        let mut legs = all.clone();
        change(&mut legs[0]);
        looked_at(&legs).len()
    };
    assert_eq!(change(|_| {}), 1);
    assert_eq!(change(|leg| leg.to = "+14155559999".to_owned()), 0, "a number of somebody else");
    assert_eq!(change(|leg| leg.inbound = false), 0, "an outbound call");
    assert_eq!(change(|leg| leg.outcome = None), 0, "it lasts");
    assert_eq!(change(|leg| leg.ended_at = after(3_590)), 0, "its webhooks may still come");
    assert_eq!(change(|leg| leg.started_at = after(-60)), 0, "of before");
    assert_eq!(change(|leg| leg.call = "a b".to_owned()), 0, "no id");
}

#[test]
fn looks_overlap_by_the_longest_call() {
    let hour = 3_600_000;
    let day = 24 * hour;
    assert_eq!(window(None, day, T), Window { from: T.plus(-day), to: T });
    let last = T.plus(-hour);
    assert!(window(Some(last), day, T).from <= last.plus(-4 * hour));
    assert!(window(Some(Millis(0)), day, T).from > T.plus(-30 * day));
}

fn owned(route: Route) -> OwnedNumber {
    OwnedNumber { number: number("+14155550110"), id: "PN1".to_owned(), route, sms: false }
}

#[test]
fn only_what_differs_is_set_and_the_fallback_only_when_there_is_one() {
    let site = site();
    let access = Access::default();
    let ours = wanted("https://calls.example.com", "twilio", &site.id, &access);
    assert_eq!(ours.voice, "https://calls.example.com/v1/telephony/twilio/demo/voice");
    let with_options = Hooks {
        voice: format!("{}#rc=2", ours.voice),
        fallback: "https://a".to_owned(),
        ..ours.clone()
    };
    assert_eq!(differences(&with_options, &ours), []);
    let chosen = BTreeSet::from([number("+14155550110")]);
    let numbers = [owned(Route::Own(with_options.clone()))];
    assert_eq!(changes(&numbers, &chosen, None, &ours), []);
    let fallback =
        Hooks { fallback: "https://static.example.org/f.xml".to_owned(), ..ours.clone() };
    let found = changes(&numbers, &chosen, None, &fallback);
    let [Change::Number { differences, .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!((differences[0].setting, differences[0].is.as_str()), ("fallback", "https://a"));
    assert_eq!(changes(&numbers, &BTreeSet::new(), None, &fallback), []);
    assert_eq!(standing(&owned(Route::Untold), None, &ours), None);
}

#[test]
fn a_reconciled_event_is_left_out_for_calls_that_webhooks_told_of() {
    let legs = legs(DialOutcome::Answered, Some((DialOutcome::Answered, 95)));
    let window = Window { from: T.plus(-1000), to: T.plus(3_600_000) };
    let call = past_calls("twilio", &site(), &legs, window, |_| true).remove(0);
    let count = call.events.len();
    let kinds: Vec<_> = call.without_mark().map(|event| event.kind).collect();
    assert_eq!(kinds.len(), count - 1);
    assert!(!kinds.contains(&CallEventKind::Reconciled));
}
