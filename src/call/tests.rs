//! The lifecycle: examples, and the property that order and repetition do not matter.

use proptest::prelude::*;

use crate::call::caller::{CallerRecord, counted, is_first_time};
use crate::call::model::{Call, CallEvent, CallEventKind, CallStatus, Caller, DialOutcome};
use crate::call::rules::{apply, give_up};
use crate::config::Installation;
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::platform::ids::CallId;

const T: i64 = 1_767_323_045_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// A site with nothing but what it must have.
pub(crate) fn site() -> Site {
    let json = serde_json::json!({"id": "demo", "key": "pk_demo", "forward_to": "+14155550111"});
    serde_json::from_value(json).expect("a site")
}

/// An installation that has heard of nothing.
pub(crate) fn installation() -> Installation {
    let defaults = crate::config::layers::DEFAULTS;
    let config: crate::config::model::Config = toml::from_str(defaults).expect("the defaults");
    Installation::new(config)
}

fn event(at_s: i64, kind: CallEventKind) -> CallEvent {
    let caller = Caller { number: "+14155550100".parse().ok(), ..Caller::default() };
    CallEvent {
        controlled: None,
        provider: "twilio".to_owned(),
        provider_call_id: "CA1".to_owned(),
        dedup: format!("{at_s}:{kind:?}"),
        site: "demo".parse().expect("a site id"),
        at: Millis(T + at_s * 1000),
        received_at: Millis(T + at_s * 1000),
        to: "+14155550199".parse().ok(),
        from: caller,
        sip_call_id: None,
        stage: Default::default(),
        dialled: None,
        kind,
    }
}

fn after(events: &[CallEvent]) -> Call {
    let mut call = None;
    for event in events {
        call = Some(apply(call, event).0);
    }
    call.expect("at least one event")
}

fn dial_ended(outcome: DialOutcome, talk_s: Option<u32>) -> CallEventKind {
    CallEventKind::DialEnded { outcome, talk_s }
}

const PARENT_COMPLETED: CallEventKind =
    CallEventKind::Ended { duration_s: Some(105), outcome: None };

#[test]
fn an_answered_call_goes_forward_and_ends_with_its_times() {
    let story = [
        (event(0, CallEventKind::Received), CallStatus::Received),
        (event(2, CallEventKind::Ringing), CallStatus::Ringing),
        (event(10, CallEventKind::Answered), CallStatus::InProgress),
        (event(105, dial_ended(DialOutcome::Answered, Some(95))), CallStatus::Answered),
        (event(106, PARENT_COMPLETED), CallStatus::Answered),
    ];
    let mut call = None;
    for (version, (event, status)) in (1..).zip(&story) {
        let (next, changed) = apply(call, event);
        assert!(changed);
        assert_eq!((next.status, next.version), (*status, version));
        call = Some(next);
    }
    let call = call.expect("a call");
    assert_eq!((call.wait_s, call.talk_s), (Some(10), Some(95)));
    assert_eq!(call.answered_at, Some(Millis(T + 10_000)));
    assert_eq!(call.ended_at, Some(Millis(T + 106_000)));
}

#[test]
fn a_completed_parent_decides_nothing_and_the_dial_may_come_later() {
    let received = event(0, CallEventKind::Received);
    let call =
        after(&[received.clone(), event(2, CallEventKind::Ringing), event(30, PARENT_COMPLETED)]);
    assert_eq!(call.status, CallStatus::Ringing);
    let dial = event(31, dial_ended(DialOutcome::NoAnswer, None));
    let call = after(&[received, event(30, PARENT_COMPLETED), dial]);
    assert_eq!((call.status, call.talk_s, call.wait_s), (CallStatus::NoAnswer, None, Some(30)));
}

#[test]
fn a_leg_that_was_picked_up_but_not_bridged_is_not_answered() {
    let picked_up = CallEventKind::LegEnded {
        outcome: DialOutcome::Answered,
        talk_s: Some(8),
        conclusive: false,
    };
    let call = after(&[
        event(0, CallEventKind::Received),
        event(5, CallEventKind::Answered),
        event(13, picked_up),
        event(13, dial_ended(DialOutcome::NoAnswer, None)),
    ]);
    assert_eq!((call.status, call.answered_at, call.talk_s), (CallStatus::NoAnswer, None, None));
}

#[test]
fn whoever_was_asked_to_accept_must_have_done_so() {
    let asked = event(5, CallEventKind::Screened { accepted: false });
    let answered = event(40, dial_ended(DialOutcome::Answered, Some(30)));
    let received = event(0, CallEventKind::Received);
    let refused = after(&[received.clone(), asked.clone(), answered.clone()]);
    assert_eq!((refused.status, refused.talk_s), (CallStatus::NoAnswer, None));
    let yes = event(8, CallEventKind::Screened { accepted: true });
    let taken = event(8, CallEventKind::Connected);
    let picked_up = event(4, CallEventKind::Answered);
    let accepted = after(&[received, picked_up, asked, yes, taken, answered]);
    assert_eq!((accepted.status, accepted.wait_s), (CallStatus::Answered, Some(8)));
}

#[test]
fn a_message_makes_a_missed_call_a_voicemail_and_an_answered_one_stays() {
    let message = |at| {
        let url = Some("https://example.com/m".to_owned());
        event(at, CallEventKind::VoicemailLeft { url, duration_s: Some(9) })
    };
    let received = event(0, CallEventKind::Received);
    let missed = event(25, dial_ended(DialOutcome::NoAnswer, None));
    let call = after(&[received.clone(), missed, message(40)]);
    assert_eq!(call.status, CallStatus::Voicemail);
    assert_eq!(call.recording_url.as_deref(), Some("https://example.com/m"));
    let answered = event(25, dial_ended(DialOutcome::Answered, Some(9)));
    assert_eq!(after(&[received.clone(), answered, message(40)]).status, CallStatus::Answered);
    // Nobody was dialled: the message decides once the caller has gone.
    let call = after(&[received.clone(), message(40)]);
    assert_eq!(call.status, CallStatus::Received);
    assert_eq!(
        after(&[received, message(40), event(50, PARENT_COMPLETED)]).status,
        CallStatus::Voicemail
    );
}

#[test]
fn a_conclusive_leg_decides_once_the_caller_has_gone_and_not_before() {
    let leg = |outcome, talk_s| CallEventKind::LegEnded { outcome, talk_s, conclusive: true };
    let received = event(0, CallEventKind::Received);
    let busy = event(3, leg(DialOutcome::Busy, None));
    let call = after(&[received.clone(), busy.clone()]);
    assert_eq!(call.status, CallStatus::Received, "another leg may still ring");
    let gone = event(60, CallEventKind::Ended { duration_s: Some(0), outcome: None });
    assert_eq!(after(&[received.clone(), busy.clone(), gone.clone()]).status, CallStatus::Busy);
    let talked = event(60, leg(DialOutcome::Answered, Some(50)));
    let call = after(&[received, busy, talked, gone]);
    assert_eq!((call.status, call.talk_s), (CallStatus::Answered, Some(50)));
}

#[test]
fn holds_are_counted_whatever_their_order() {
    let story = [
        event(0, CallEventKind::Received),
        event(30, CallEventKind::Resumed),
        event(10, CallEventKind::Held),
        event(50, CallEventKind::Held),
        event(10, CallEventKind::Held),
        event(60, PARENT_COMPLETED),
        event(59, dial_ended(DialOutcome::Answered, Some(55))),
    ];
    assert_eq!(after(&story).hold_s, Some(30));
    let told = event(61, CallEventKind::HeldFor { seconds: 45 });
    assert_eq!(after(&[&story[..], &[told]].concat()).hold_s, Some(45));
}

#[test]
fn a_caller_who_hangs_up_before_anybody_is_dialled_cancels() {
    for outcome in [DialOutcome::NoAnswer, DialOutcome::Canceled] {
        let gone = CallEventKind::Ended { duration_s: Some(0), outcome: Some(outcome) };
        let call = after(&[event(0, CallEventKind::Received), event(4, gone)]);
        assert_eq!((call.status, call.wait_s), (CallStatus::Canceled, Some(4)));
    }
}

#[test]
fn without_a_dial_leg_report_the_answer_time_follows_from_the_talk_time() {
    let dial = event(105, dial_ended(DialOutcome::Answered, Some(95)));
    let call = after(&[event(0, CallEventKind::Received), dial]);
    assert_eq!((call.answered_at, call.wait_s), (Some(Millis(T + 10_000)), Some(10)));
}

#[test]
fn giving_up_closes_by_what_is_known_and_never_reopens() {
    let now = Millis(T + 5 * 3_600_000);
    let received = event(0, CallEventKind::Received);
    let rang = event(2, CallEventKind::Ringing);
    let close = |events: &[CallEvent]| give_up(after(events), now).0;
    assert_eq!(close(std::slice::from_ref(&received)).status, CallStatus::NoAnswer);
    let hung_up = close(&[received.clone(), rang.clone(), event(9, PARENT_COMPLETED)]);
    assert_eq!((hung_up.status, hung_up.wait_s), (CallStatus::Canceled, Some(9)));
    let talked = close(&[received.clone(), rang, event(7, CallEventKind::Answered)]);
    assert_eq!(
        (talked.status, talked.talk_s, talked.wait_s),
        (CallStatus::Answered, None, Some(7))
    );
    let (late, _) = apply(Some(talked), &event(60, dial_ended(DialOutcome::Answered, Some(53))));
    assert_eq!((late.status, late.talk_s), (CallStatus::Answered, Some(53)));
    let (same, changed) = give_up(late.clone(), now);
    assert!(!changed && same == late);
}

#[test]
fn an_event_that_comes_twice_is_no_new_version() {
    let received = event(0, CallEventKind::Received);
    let (call, _) = apply(None, &received);
    let mut again = received.clone();
    again.at = again.at.plus(900);
    for repeated in [received, again] {
        let (same, changed) = apply(Some(call.clone()), &repeated);
        assert!(!changed && same == call);
    }
}

fn outcomes() -> impl Strategy<Value = DialOutcome> {
    prop::sample::select(vec![
        DialOutcome::Answered,
        DialOutcome::Busy,
        DialOutcome::NoAnswer,
        DialOutcome::Failed,
        DialOutcome::Canceled,
        DialOutcome::Rejected,
        DialOutcome::Voicemail,
    ])
}

fn kinds() -> impl Strategy<Value = CallEventKind> {
    let seconds = || prop::option::of(0u32..200);
    prop_oneof![
        Just(CallEventKind::Received),
        Just(CallEventKind::Ringing),
        Just(CallEventKind::Answered),
        (outcomes(), seconds()).prop_map(|(outcome, talk_s)| dial_ended(outcome, talk_s)),
        (outcomes(), seconds(), any::<bool>()).prop_map(|(outcome, talk_s, conclusive)| {
            CallEventKind::LegEnded { outcome, talk_s, conclusive }
        }),
        Just(CallEventKind::Connected),
        any::<bool>().prop_map(|accepted| CallEventKind::Screened { accepted }),
        Just(CallEventKind::Queued),
        seconds().prop_map(|wait_s| CallEventKind::Dequeued { wait_s }),
        Just(CallEventKind::Held),
        Just(CallEventKind::Resumed),
        (0u32..100).prop_map(|seconds| CallEventKind::HeldFor { seconds }),
        prop::option::of("\\+1415555010[0-3]").prop_map(|to| CallEventKind::Transferred {
            to: to.and_then(|to| to.parse().ok()),
            onward: None
        }),
        ("[ab]?", "[12]").prop_map(|(mark, digits)| CallEventKind::KeysPressed { mark, digits }),
        (prop::option::of("https://example.com/[a-c]"), seconds())
            .prop_map(|(url, duration_s)| CallEventKind::VoicemailLeft { url, duration_s }),
        (seconds(), prop::option::of(outcomes()))
            .prop_map(|(duration_s, outcome)| CallEventKind::Ended { duration_s, outcome }),
        ("[a-c]", seconds()).prop_map(|(name, duration_s)| CallEventKind::Recorded {
            url: format!("https://example.com/{name}"),
            duration_s,
        }),
    ]
}

fn histories() -> impl Strategy<Value = (Vec<CallEvent>, Vec<CallEvent>)> {
    let events = prop::collection::vec((0i64..200, kinds(), any::<bool>()), 1..9);
    let events = events.prop_map(|told| {
        let made = told.into_iter().map(|(at, kind, tells_numbers)| {
            let mut event = event(at, kind);
            if !tells_numbers {
                (event.to, event.from) = (None, Caller::default());
            }
            event
        });
        made.collect::<Vec<_>>()
    });
    events.prop_flat_map(|events| {
        let repeated = prop::collection::vec(prop::sample::select(events.clone()), 0..12);
        let other = repeated.prop_map({
            let events = events.clone();
            move |repeated| [events.clone(), repeated].concat()
        });
        (Just(events), other.prop_shuffle())
    })
}

proptest! {
    #[test]
    fn any_order_and_repetition_ends_in_the_same_call((events, shuffled) in histories()) {
        let comparable = |events: &[CallEvent]| {
            let mut call = after(events);
            call.version = 0;
            call.applied.sort();
            call
        };
        prop_assert_eq!(comparable(&events), comparable(&shuffled));
    }

    #[test]
    fn no_event_opens_a_final_call_again((events, _) in histories(), more in kinds()) {
        let call = after(&events);
        let (next, changed) = apply(Some(call.clone()), &event(201, more));
        prop_assert!(!call.status.is_final() || next.status.is_final());
        prop_assert_eq!(next.version, call.version + u32::from(changed));
        let waited = next.answered_at.or(next.ended_at);
        prop_assert!(waited.is_none_or(|at| at >= next.started_at));
    }
}

fn call_id(name: &str) -> CallId {
    CallId::of(&"demo".parse().expect("a site id"), "twilio", name)
}

#[test]
fn first_time_means_no_other_call_before_it_inside_the_look_back() {
    let look_back = jiff::SignedDuration::from_hours(365 * 24);
    let (first, second, late) = (call_id("1"), call_id("2"), call_id("3"));
    let asked = |known: &Option<CallerRecord>, call, at| {
        is_first_time(known.as_ref(), call, Millis(at), look_back)
    };
    assert!(asked(&None, first, T));
    let known = Some(counted(None, first, Millis(T)));
    assert!(asked(&known, first, T), "the same call is not its own predecessor");
    assert!(!asked(&known, second, T + 1));
    assert!(asked(&known, second, T + 366 * DAY_MS));
    assert!(asked(&known, late, T - 1), "what came after it does not count");
    let known = Some(counted(known, second, Millis(T + DAY_MS)));
    assert!(!asked(&known, late, T + 1), "judged late, after the first call");
    assert_eq!(known.map(|known| known.count), Some(2));
}

#[test]
fn a_call_tells_where_it_stands_and_how_long_each_part_took() {
    let told = [
        (0, CallEventKind::Received),
        (1, CallEventKind::Queued),
        (5, CallEventKind::Dequeued { wait_s: None }),
        (6, CallEventKind::Ringing),
        (10, CallEventKind::Answered),
        (20, CallEventKind::Held),
        (30, CallEventKind::Resumed),
        (60, dial_ended(DialOutcome::Answered, None)),
        (60, PARENT_COMPLETED),
    ];
    let events: Vec<CallEvent> = told.into_iter().map(|(at_s, kind)| event(at_s, kind)).collect();
    let at = |count: usize| after(&events[..count]);
    assert!(at(2).is_queued() && !at(3).is_queued());
    assert!(at(6).is_held() && !at(7).is_held());
    let done = at(events.len());
    assert!(!done.is_queued() && !done.is_held());
    assert_eq!((done.queue_s, done.ring_s(), done.wait_s), (Some(4), Some(4), Some(10)));
    assert_eq!((done.hold_s, done.talk_s), (Some(10), Some(50)));

    // Who gives up in a queue waited until then; a call of which no more is told is given up.
    let (left, _) = apply(Some(at(2)), &event(9, PARENT_COMPLETED));
    assert_eq!((left.queue_s, left.is_queued()), (Some(8), false));
    let now = Millis(T + 5 * 3_600_000);
    let (closed, _) = give_up(at(5), now);
    assert!(closed.status.is_final());
    assert_eq!(closed.given_up_at(), Some(now));
    let (told, _) = apply(Some(closed), &event(60, PARENT_COMPLETED));
    assert_eq!(told.given_up_at(), None);
}
