//! What all providers have in common.

use super::{Sent, demo_keys, rich_answer};
use crate::call::answer::Feature;
use crate::call::model::CallEventKind;
use crate::call::providers::{ALL, Over, Unverified, Wants, by_name, event_name, lacks};
use crate::call::router::{Waiting, without_redis};
use crate::call::tests::site;
use crate::config::model::Telephony;
use crate::platform::clock::Millis;

#[test]
fn names_and_events_are_words_and_each_there_once() {
    let mut names: Vec<&str> = ALL.iter().map(|provider| provider.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
    for provider in ALL {
        assert!(by_name(provider.name()).is_some_and(|found| found.name() == provider.name()));
        let mut events = provider.events().to_vec();
        events.sort_unstable();
        events.dedup();
        assert_eq!(events.len(), provider.events().len(), "{}", provider.name());
        let is_word = |event: &&str| event.bytes().all(|b| b.is_ascii_lowercase());
        assert!(events.iter().all(is_word), "{events:?}");
        assert_eq!(event_name(provider, "nonsense"), None);
    }
    assert!(by_name("nobody").is_none());
}

#[test]
fn without_a_signature_nobody_gets_in() {
    let keys = demo_keys();
    for provider in ALL {
        for event in provider.events() {
            let sent = Sent::post(event, "CallSid=CA1").received(1_767_323_045_000);
            let refused = provider.verify(&keys, &sent.webhook());
            assert_eq!(refused, Err(Unverified::BadSignature), "{} {event}", provider.name());
            let nobody = provider.verify(&Telephony::default(), &sent.webhook());
            assert_eq!(nobody, Err(Unverified::NotConfigured), "{}", provider.name());
        }
    }
}

#[test]
fn every_provider_forwards_to_the_number_that_it_is_given() {
    let blank = rich_answer("");
    for provider in ALL {
        let waiting = Waiting { provider, wants: &Wants::Route };
        let config = crate::call::tests::installation();
        let (_, steps) = without_redis(&config, &site(), &waiting, None, Millis(0));
        let document = provider.render(&demo_keys(), &blank.with(steps));
        assert!(document.body.contains("14155550111"), "{}: {}", provider.name(), document.body);
        // A reply of a script is one line.
        assert!(!document.body.trim_end().contains('\n'), "{}", document.body);
    }
}

#[test]
fn what_an_answer_asks_and_a_provider_cannot_is_told() {
    let answer = rich_answer("Hello");
    let lacking = |name: &str| lacks(by_name(name).expect("a provider"), &answer);
    assert_eq!(lacking("twilio"), []);
    assert_eq!(lacking("plivo"), [Feature::DialInTurn]);
    assert_eq!(
        lacking("vonage"),
        [Feature::DialAtOnce, Feature::WhisperSip, Feature::WhisperAccept, Feature::RejectBusy]
    );
    assert!(lacking("kamailio").contains(&Feature::Speak));
    for provider in ALL {
        for feature in [Feature::DialSip, Feature::FixedCallerId] {
            assert!(provider.can(feature), "{} {feature:?}", provider.name());
        }
    }
}

#[test]
fn a_dialplan_tells_what_happens_in_plain_words() {
    let understood =
        |sent: Sent| by_name("asterisk").expect("it").understand(&site(), &sent.webhook());
    let kind = |sent: Sent| understood(sent).map(|told| told.events[0].kind.clone());
    let leg = |state: &str, at: &str| {
        Sent::form("leg", &[("call", "1"), ("state", state), ("at", at), ("wait_s", "7.4")])
    };
    assert_eq!(kind(leg("queued", "")), Ok(CallEventKind::Queued));
    assert_eq!(kind(leg("dequeued", "")), Ok(CallEventKind::Dequeued { wait_s: Some(7) }));
    assert_eq!(kind(leg("held", "1767323045")), Ok(CallEventKind::Held));
    assert!(kind(leg("held", "")).is_err(), "twice would be two holds");
    assert!(kind(leg("exploded", "")).is_err());
    let json =
        Sent::post("gather", r#"{"linkedid": 17, "digits": "2", "mark": "menu", "more": {}}"#);
    let told = understood(json).expect("readable");
    let expected = CallEventKind::KeysPressed { mark: "menu".to_owned(), digits: "2".to_owned() };
    assert_eq!((&told.events[0].kind, told.events[0].provider_call_id.as_str()), (&expected, "17"));
    assert_eq!(told.wants, Wants::Next { over: Over::Gather, mark: "menu".to_owned() });
    let fields = [
        ("call", "1"),
        ("from", "+14155550100"),
        ("verstat", "TN-Validation-Passed-A"),
        ("fwd", "<sip:+14155550122@h>"),
    ];
    let told = understood(Sent::form("voice", &fields)).expect("readable").events.remove(0);
    assert_eq!(told.from.forwarded_from, "+14155550122".parse().ok());
    assert!(told.from.attestation.is_some_and(|attestation| attestation.validated));
    assert_eq!(told.from.country, "US");
}
