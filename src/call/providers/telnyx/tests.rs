//! Ed25519 against fixed vectors, and the events of the Voice API.

use super::Telnyx;
use crate::call::attestation::{Attestation, Level};
use crate::call::model::CallEventKind;
use crate::call::providers::tests::Sent;
use crate::call::providers::{Provider, Unverified, Verified};
use crate::call::tests::site;
use crate::config::model::Telephony;
use crate::platform::clock::Millis;

const PUBLIC_KEY: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const STAMP: i64 = 1_767_323_045;
const JSON: &str = r#"{"data":{"event_type":"call.initiated","id":"0ccc7b54-4df3-4bca-a65a-3da1ecc777f0","occurred_at":"2026-01-02T03:04:05.678000Z","payload":{"call_control_id":"v3:test","call_session_id":"428c31b6-7af4-4bcb-b7f5-5013ef9657c1","direction":"incoming","from":"+14155550100","to":"+14155550199","state":"parked"},"record_type":"event"}}"#;
const JSON_SIGNATURE: &str =
    "u6EHp7fAtxfgKnJhM3nKVLmteLkA6QECyjnEO2In5LMlq41Fq2iyPAUGbXfbMBLqO/4oUqPVczFZKU7AGyZ/CQ==";
const FORM: &str =
    "AccountSid=AC1&CallSid=v3%3Atest&From=%2B14155550100&To=%2B14155550199&CallStatus=ringing";
const FORM_SIGNATURE: &str =
    "rH1nF0sYVyqqpeiMnqnCZschK7x6Ix9szqch2G0Kcn0cDnZMqNHhL9XKZSLUNXxMnq6bTepXVdrh4bci2HVaCQ==";

fn keys(first: &str, second: &str) -> Telephony {
    let account = crate::config::model::Telnyx {
        public_key: first.to_owned(),
        second_public_key: second.to_owned(),
        ..Default::default()
    };
    Telephony { telnyx: vec![account], ..Telephony::default() }
}

fn sent(body: &str, signature: &str, late_s: i64) -> Sent {
    Sent::post("event", body)
        .received((STAMP + late_s) * 1000)
        .header("telnyx-timestamp", &STAMP.to_string())
        .header("telnyx-signature-ed25519", signature)
}

#[test]
fn json_and_forms_are_signed_alike_and_for_five_minutes() {
    let keys = keys(PUBLIC_KEY, "");
    let verified = |sent: Sent| Telnyx.verify(&keys, &sent.webhook());
    for (body, signature) in [(JSON, JSON_SIGNATURE), (FORM, FORM_SIGNATURE)] {
        for late_s in [0, 10, 300, -300] {
            assert_eq!(
                verified(sent(body, signature, late_s)),
                Ok(Verified::default()),
                "{late_s}"
            );
        }
        for late_s in [301, -301, 86_400] {
            assert_eq!(verified(sent(body, signature, late_s)), Err(Unverified::BadSignature));
        }
        let changed = sent(&format!("{body} "), signature, 0);
        assert_eq!(verified(changed), Err(Unverified::BadSignature));
    }
    let garbage = [
        ("now", JSON_SIGNATURE),
        ("1767323045", "AAAA"),
        ("1767323045", "é"),
        ("9223372036854775807", JSON_SIGNATURE),
        ("-9223372036854775808", JSON_SIGNATURE),
    ];
    for (stamp, signature) in garbage {
        let sent = Sent::post("event", JSON)
            .received(STAMP * 1000)
            .header("telnyx-timestamp", stamp)
            .header("telnyx-signature-ed25519", signature);
        assert_eq!(verified(sent), Err(Unverified::BadSignature), "{stamp} {signature}");
    }
}

#[test]
fn the_second_key_will_do_and_no_other() {
    let sent = || sent(JSON, JSON_SIGNATURE, 0);
    let other = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    assert!(Telnyx.verify(&keys(other, PUBLIC_KEY), &sent().webhook()).is_ok());
    assert_eq!(Telnyx.verify(&keys(other, ""), &sent().webhook()), Err(Unverified::BadSignature));
    assert_eq!(Telnyx.verify(&keys("AAAA", "x"), &sent().webhook()), Err(Unverified::BadSignature));
}

#[test]
fn an_incoming_call_tells_who_calls() {
    let body = serde_json::json!({"data": {
        "event_type": "call.initiated", "id": "1", "occurred_at": "2026-01-02T03:04:05.678000Z",
        "payload": {
            "call_session_id": "s1", "call_leg_id": "a", "direction": "incoming",
            "from": "+14155550100", "to": "+14155550199", "caller_id_name": "JANE DOE",
            "shaken_stir_attestation": "A", "shaken_stir_validated": true,
            "sip_headers": [{"name": "Diversion", "value": "<sip:+14155550122@carrier.example>"}],
            "call_screening_result": null, "client_state": null,
        },
    }});
    let sent = Sent::post("event", body.to_string()).received(1_767_323_050_000);
    let events = Telnyx.understand(&site(), &sent.webhook()).expect("readable").events;
    let [event] = &events[..] else { panic!("one event") };
    assert_eq!(event.kind, CallEventKind::Received);
    assert_eq!(event.at, Millis(1_767_323_045_678));
    assert_eq!(event.from.name, "JANE DOE");
    assert_eq!(event.from.forwarded_from, "+14155550122".parse().ok());
    assert_eq!(
        event.from.attestation,
        Some(Attestation { validated: true, level: Some(Level::A) })
    );
}

#[test]
fn holds_queues_keys_and_recordings_are_told() {
    let kind = |event_type: &str, more: serde_json::Value| {
        let mut payload = serde_json::json!({"call_session_id": "s1", "direction": "incoming"});
        let more = more.as_object().expect("an object").clone();
        payload.as_object_mut().expect("an object").extend(more);
        let body =
            serde_json::json!({"data": {"event_type": event_type, "id": "1", "payload": payload}});
        let sent = Sent::post("event", body.to_string());
        let events = Telnyx.understand(&site(), &sent.webhook()).expect("readable").events;
        events.into_iter().next().map(|event| event.kind)
    };
    let none = || serde_json::json!({});
    assert_eq!(kind("call.hold", none()), Some(CallEventKind::Held));
    assert_eq!(kind("call.unhold", none()), Some(CallEventKind::Resumed));
    assert_eq!(kind("call.enqueued", none()), Some(CallEventKind::Queued));
    let left = kind("call.dequeued", serde_json::json!({"wait_time_secs": 42}));
    assert_eq!(left, Some(CallEventKind::Dequeued { wait_s: Some(42) }));
    let keys = kind("call.dtmf.received", serde_json::json!({"digit": "3"}));
    let expected = CallEventKind::KeysPressed { mark: String::new(), digits: "3".to_owned() };
    assert_eq!(keys, Some(expected));
    let saved = serde_json::json!({
        "recording_urls": {"mp3": "https://short.example.com/r.mp3", "wav": null},
        "public_recording_urls": {"mp3": "https://public.example.com/r.mp3"},
        "recording_started_at": "2026-01-02T03:04:05Z", "recording_ended_at": "2026-01-02T03:04:25.6Z",
    });
    let url = "https://public.example.com/r.mp3".to_owned();
    let expected = CallEventKind::Recorded { url, duration_s: Some(21) };
    assert_eq!(kind("call.recording.saved", saved), Some(expected));
    assert_eq!(kind("call.answered", none()), None, "the caller's own leg");
    assert_eq!(kind("call.cost", none()), None);
    assert_eq!(kind("call.speak.ended", none()), None);
}
