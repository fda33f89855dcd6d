//! Who may speak for Bandwidth, and what its JSON says.

use super::Bandwidth;
use crate::call::attestation::Attestation;
use crate::call::attestation::Level;
use crate::call::model::CallEventKind;
use crate::call::providers::tests::Sent;
use crate::call::providers::{Provider, Unverified};
use crate::call::tests::site;
use crate::config::model::Telephony;
use crate::platform::clock::Millis;
use crate::platform::secret::Secret;

fn keys() -> Telephony {
    let application = crate::config::model::Bandwidth {
        username: "ringtrace".to_owned(),
        password: Secret::new("open sesame"),
        second_password: Secret::new("p:w"),
        ..Default::default()
    };
    Telephony { bandwidth: vec![application], ..Telephony::default() }
}

#[test]
fn name_and_password_must_both_fit() {
    let verify = |value: &str| {
        let sent = Sent::post("voice", "{}").header("authorization", value);
        Bandwidth.verify(&keys(), &sent.webhook())
    };
    for good in ["Basic cmluZ3RyYWNlOm9wZW4gc2VzYW1l", "basic cmluZ3RyYWNlOnA6dw=="] {
        assert!(verify(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "Basic",
        "Basic ",
        "Basic %%%",
        "Bearer open sesame",
        "Basic cmluZ3RyYWNlOg==",
        "Basic cmluZ3RyYWNlOndyb25n",
        "Basic b3RoZXI6b3BlbiBzZXNhbWU=",
        "Basic cmluZ3RyYWNl",
    ] {
        assert_eq!(verify(bad), Err(Unverified::BadSignature), "{bad}");
    }
}

#[test]
fn a_new_call_tells_who_calls() {
    let body = r#"{"eventType":"initiate","eventTime":"2026-01-02T03:04:05.678Z","accountId":"9900000","applicationId":"04e8","from":"+14155550100","to":"+14155550199",
        "direction":"inbound","callId":"c-15ac","callUrl":"https://voice.bandwidth.com/api/v2/accounts/9900000/calls/c-15ac","startTime":"2026-01-02T03:04:05.600Z",
        "diversion":{"origTo":"+14155550122","reason":"unconditional"},
        "stirShaken":{"verstat":"TN-Verification-Passed","attestationIndicator":"A","originatingId":"abc123"}}"#;
    let sent = Sent::post("voice", body).received(1_767_323_050_000);
    let events = Bandwidth.understand(&site(), &sent.webhook()).expect("readable").events;
    let [event] = &events[..] else { panic!("one event") };
    assert_eq!((&event.kind, event.at), (&CallEventKind::Received, Millis(1_767_323_045_600)));
    assert_eq!(event.from.number, "+14155550100".parse().ok());
    assert_eq!(event.from.forwarded_from, "+14155550122".parse().ok());
    assert_eq!(
        event.from.attestation,
        Some(Attestation { validated: true, level: Some(Level::A) })
    );
    let withheld = body.replace("\"from\":\"+14155550100\"", "\"from\":\"Restricted\"");
    let sent = Sent::post("voice", withheld).received(1_767_323_050_000);
    let events = Bandwidth.understand(&site(), &sent.webhook()).expect("readable").events;
    assert_eq!(events[0].from.number, None);
}
