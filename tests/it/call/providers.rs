//! Every provider through the door: signed, recorded, answered; replays; whispers; keys.

use actix_web::http::StatusCode;
use ringtrace::call::answer::{Bookmark, Whisper};
use ringtrace::call::model::CallStatus;
use ringtrace::platform::clock::Millis;
use serde_json::json;

use super::signers::{Unsigned, new_calls};
use super::world::{CALLER, T, TRACKING, World};

#[tokio::test]
async fn every_provider_is_answered_in_its_own_words_and_recorded() {
    let world = World::start().await;
    for (call, content_type) in new_calls() {
        let provider = call.provider;
        for _ in 0..2 {
            let reply = world.send(call.signed(&world)).await;
            assert_eq!(reply.status, StatusCode::OK, "{provider}: {}", reply.body);
            assert_eq!(reply.content_type, content_type, "{provider}");
            assert!(reply.body.contains("14155550111"), "{provider}: {}", reply.body);
        }
        let recorded = world.call(provider, "id-1").await.expect("recorded before it was answered");
        assert_eq!((recorded.status, recorded.version), (CallStatus::Received, 1), "{provider}");
        assert_eq!(recorded.caller.number, CALLER.parse().ok(), "{provider}");
        assert_eq!(recorded.tracking_number, TRACKING.parse().ok(), "{provider}");
        assert_eq!(recorded.started_at.0, T, "{provider}");
    }
    assert_eq!(world.unsaved().await, 0);
}

#[tokio::test]
async fn a_token_says_one_thing_and_says_it_as_often_as_it_likes() {
    let world = World::start().await;
    let status = |to: &str| {
        json!({"conversation_uuid": "id-1", "uuid": "b", "direction": "outbound", "status": to,
            "timestamp": "2026-01-02T03:04:05Z"})
        .to_string()
    };
    let ringing = Unsigned::post("vonage", "status", status("ringing"));
    for _ in 0..3 {
        assert_eq!(world.send(ringing.signed(&world)).await.status, StatusCode::NO_CONTENT);
    }
    let version = |call: Option<ringtrace::call::model::Call>| call.expect("the call").version;
    assert_eq!(version(world.call("vonage", "id-1").await), 1);
    // Signed well, by whoever has the secret, but with a token that was caught.
    let other = Unsigned::post("vonage", "status", status("answered"));
    let reply = world.send(other.signed(&world)).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.body.contains("\"id\":\"bad_signature\""), "{}", reply.body);
    let elsewhere = Unsigned { event: "dial", ..ringing.clone() };
    assert_eq!(world.send(elsewhere.signed(&world)).await.status, StatusCode::FORBIDDEN);
    let fresh = Unsigned { once: "another".to_owned(), ..other };
    assert_eq!(world.send(fresh.signed(&world)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(version(world.call("vonage", "id-1").await), 2);

    let call =
        |uuid| Unsigned::form("plivo", "voice", &[("CallUUID", uuid), ("To", "14155550199")]);
    assert_eq!(world.send(call("id-1").signed(&world)).await.status, StatusCode::OK);
    assert_eq!(world.send(call("id-1").signed(&world)).await.status, StatusCode::OK);
    assert_eq!(world.send(call("id-2").signed(&world)).await.status, StatusCode::FORBIDDEN);
    assert!(world.call("plivo", "id-2").await.is_none());
}

#[tokio::test]
async fn what_happens_after_a_transfer_to_another_conversation_is_of_the_same_call() {
    let world = World::start().await;
    let tell = async |event: &'static str, body: serde_json::Value| {
        let sent = Unsigned {
            once: format!("at {}", body["timestamp"].as_str().expect("a time")),
            ..Unsigned::post("vonage", event, body.to_string())
        };
        let reply = world.send(sent.signed(&world)).await;
        assert!(reply.status.is_success(), "{}", reply.body);
    };
    let leg = |conversation: &str, leg: &str, status: &str, second: u32| {
        let direction = if leg == "a" { "inbound" } else { "outbound" };
        json!({"conversation_uuid": conversation, "uuid": leg, "direction": direction, "status": status,
            "from": "14155550100", "to": "14155550199", "timestamp": format!("2026-01-02T03:04:{second:02}Z"),
            "end_time": format!("2026-01-02T03:04:{second:02}Z"), "duration": "40"})
    };
    let handed_on = |from: &str, to: &str, second: u32| {
        json!({"status": "transfer", "conversation_uuid_from": from, "conversation_uuid_to": to,
            "timestamp": format!("2026-01-02T03:04:{second:02}Z")})
    };
    tell("voice", leg("id-1", "a", "", 5)).await;
    tell("status", leg("id-1", "b", "answered", 9)).await;
    tell("status", handed_on("id-1", "id-2", 20)).await;
    tell("status", leg("id-2", "c", "answered", 25)).await;
    tell("status", handed_on("id-2", "id-3", 30)).await;
    tell("status", leg("id-3", "c", "completed", 44)).await;
    tell("status", leg("id-3", "a", "completed", 45)).await;
    let call = world.call("vonage", "id-1").await.expect("the call");
    assert_eq!((call.status, call.talk_s), (CallStatus::Answered, Some(40)), "{call:?}");
    assert_eq!(call.transferred_at, Some(Millis(T + 15_000)));
    for later in ["id-2", "id-3"] {
        assert!(world.call("vonage", later).await.is_none(), "{later} is no call of its own");
    }
}

#[tokio::test]
async fn a_webhook_may_come_as_get() {
    let world = World::start().await;
    let query = "?conversation_uuid=id-1&uuid=a&from=14155550100&to=14155550199".to_owned();
    let vonage = Unsigned { is_get: true, query, ..Unsigned::post("vonage", "voice", "") };
    let reply = world.send(vonage.signed(&world)).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    assert!(reply.body.contains("\"from\":\"14155550199\""), "{}", reply.body);
    let query = "?CallSid=id-1&From=%2B14155550100&To=%2B14155550199".to_owned();
    let twilio = Unsigned { is_get: true, query, ..Unsigned::post("twilio", "voice", "") };
    assert_eq!(world.send(twilio.signed(&world)).await.status, StatusCode::OK);
    let changed = Unsigned { query: format!("{}0", twilio.query), ..twilio.clone() };
    let request = twilio.signed(&world).uri(&changed.path(&world));
    assert_eq!(world.send(request).await.status, StatusCode::FORBIDDEN);
    for provider in ["vonage", "twilio"] {
        let call = world.call(provider, "id-1").await.expect("the call");
        assert_eq!(call.tracking_number, TRACKING.parse().ok());
    }
}

fn whispering(accept: bool) -> String {
    let text = "Call from <Google Ads> & \"spring\"".to_owned();
    let whisper = Whisper { text, language: "en-US".to_owned(), accept };
    Bookmark::default().with_whisper(Some(&whisper)).query()
}

#[tokio::test]
async fn the_person_who_answers_hears_the_whisper_and_accepts_or_not() {
    let world = World::start().await;
    let leg = [("CallSid", "leg"), ("ParentCallSid", "id-1")];
    let asked = |query: String| Unsigned { query, ..Unsigned::form("twilio", "whisper", &leg) };
    let told = world.send(asked(whispering(false)).signed(&world)).await;
    let spoken =
        "<Say language=\"en-US\">Call from &lt;Google Ads&gt; &amp; &quot;spring&quot;</Say>";
    assert!(told.body.contains(spoken), "{}", told.body);
    assert!(!told.body.contains("Gather"), "{}", told.body);
    let asking = world.send(asked(whispering(true)).signed(&world)).await;
    assert!(asking.body.contains("<Gather numDigits=\"1\""), "{}", asking.body);
    assert!(asking.body.contains("/accept\""), "{}", asking.body);
    assert!(asking.body.ends_with("</Gather><Hangup></Hangup></Response>"), "{}", asking.body);
    let garbled = world.send(asked("?b=%%%".to_owned()).signed(&world)).await;
    assert!(garbled.body.ends_with("<Response></Response>"), "{}", garbled.body);

    let pressed =
        |digits| Unsigned::form("twilio", "accept", &[&leg[..], &[("Digits", digits)]].concat());
    let refused = world.send(pressed("2").signed(&world)).await;
    assert!(refused.body.contains("<Hangup>"), "{}", refused.body);
    let ended = [("CallSid", "id-1"), ("DialCallStatus", "completed"), ("DialCallDuration", "9")];
    let ended = Unsigned::form("twilio", "dial", &ended);
    world.send(ended.signed(&world)).await;
    let call = world.call("twilio", "id-1").await.expect("the call");
    assert_eq!(call.status, CallStatus::NoAnswer, "picked up is not taken");
    let accepted = world.send(pressed("1").signed(&world)).await;
    assert!(accepted.body.ends_with("<Response></Response>"), "{}", accepted.body);
    let call = world.call("twilio", "id-1").await.expect("the call");
    assert_eq!(call.status, CallStatus::Answered);
}

#[tokio::test]
async fn whoever_pressed_a_key_is_not_left_alone() {
    let world = World::start().await;
    let query = Bookmark::at("menu").query();
    let pressed = |digits| {
        let form = [("CallSid", "id-1"), ("From", CALLER), ("To", TRACKING), ("Digits", digits)];
        Unsigned { query: query.clone(), ..Unsigned::form("twilio", "gather", &form) }
    };
    for digits in ["2", "2", ""] {
        let reply = world.send(pressed(digits).signed(&world)).await;
        assert!(reply.body.contains(">+14155550111</Number>"), "{}", reply.body);
    }
    let call = world.call("twilio", "id-1").await.expect("the call");
    let keys: Vec<_> = call.keys.iter().map(|k| (k.mark.as_str(), k.digits.as_str())).collect();
    assert_eq!(keys, [("menu", "2")]);
}

#[tokio::test]
async fn a_record_of_a_whole_call_is_one_webhook() {
    let world = World::start().await;
    let micros = |s: i64| ((T + s * 1000) * 1000).to_string();
    let record = json!({"variables": {"direction": "inbound", "uuid": "id-1", "start_uepoch": micros(-100),
        "progress_uepoch": micros(-98), "bridge_uepoch": micros(-90), "end_uepoch": micros(-10),
        "hold_accum_seconds": "7", "hangup_cause": "NORMAL_CLEARING"},
        "callflow": [{"caller_profile": {"caller_id_number": CALLER, "destination_number": TRACKING}}]});
    let cdr = Unsigned::post("freeswitch", "cdr", record.to_string());
    for _ in 0..2 {
        assert_eq!(world.send(cdr.signed(&world)).await.status, StatusCode::NO_CONTENT);
    }
    let call = world.call("freeswitch", "id-1").await.expect("the call");
    assert_eq!((call.status, call.talk_s, call.wait_s), (CallStatus::Answered, Some(80), Some(10)));
    assert_eq!((call.started_at.0, call.hold_s), (T - 100_000, Some(7)));
    assert_eq!(world.queued_postbacks().await.len(), 1);
    assert_eq!(world.unsaved().await, 0);
}
