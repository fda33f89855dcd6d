//! What no provider sends: refused with a problem, without a trace.

use actix_web::http::StatusCode;
use ringtrace::call::providers;

use super::signers::{Unsigned, new_calls};
use super::world::{Reply, TOKEN, World};

const SIGNING: [&str; 10] = [
    "twilio",
    "signalwire",
    "telnyx",
    "plivo",
    "vonage",
    "bandwidth",
    "freeswitch",
    "asterisk",
    "kamailio",
    "generic",
];

/// The id by which the calls of these tests would be known.
const ID: &str = "id-1";

/// Refused with a problem, or answered. A signature of text is no signature of other bytes.
fn is_refused_or_answered(call: &Unsigned, reply: &Reply) -> bool {
    let is = |status, id| reply.status == status && reply.body.contains(id);
    let is_text = std::str::from_utf8(&call.body).is_ok();
    reply.status.is_success()
        || is(StatusCode::BAD_REQUEST, "\"id\":\"bad_request\"")
        || (!is_text && is(StatusCode::FORBIDDEN, "\"id\":\"bad_signature\""))
}

#[tokio::test]
async fn what_is_not_signed_leaves_no_trace() {
    let world = World::start().await;
    for (call, _) in new_calls() {
        let provider = call.provider;
        let forged = [
            call.request(&world),
            call.request(&world).insert_header(("authorization", "Bearer garbage")),
            call.request(&world).insert_header(("authorization", "Basic Z2FyYmFnZTpnYXJiYWdl")),
            call.request(&world).insert_header(("authorization", format!("Bearer {TOKEN}x"))),
            call.request(&world).insert_header(("x-twilio-signature", "AAAA")),
            call.request(&world).insert_header(("x-plivo-signature-v2", "AAAA")),
            call.request(&world).insert_header(("telnyx-timestamp", "0")),
        ];
        for request in forged {
            let reply = world.send(request).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{provider}");
            assert!(reply.body.contains("\"id\":\"bad_signature\""), "{provider}: {}", reply.body);
        }
        // The signature of the one body over another, where bodies are signed at all.
        if !["bandwidth", "freeswitch", "asterisk", "kamailio"].contains(&provider) {
            let changed = [&call.body[..], b"&x=1"].concat();
            let reply = world.send(call.signed(&world).set_payload(changed)).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{provider}");
        }
        assert!(world.call(provider, "id-1").await.is_none(), "{provider}");
    }
    assert!(world.ledger().await.is_empty());
    assert_eq!(world.unsaved().await, 0);
}

#[tokio::test]
async fn ten_megabytes_are_not_read() {
    let world = World::start().await;
    for provider in SIGNING {
        let event = providers::by_name(provider).expect("a provider").events()[0];
        let large = Unsigned::post(provider, event, vec![b'x'; 10 << 20]);
        let reply = world.send(large.request(&world)).await;
        assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{provider}");
        assert!(reply.body.contains("\"id\":\"too_large\""), "{provider}: {}", reply.body);
    }
}

#[tokio::test]
async fn signed_nonsense_is_a_problem_or_a_forward_and_never_a_call() {
    let world = World::start().await;
    let bodies: [&[u8]; 8] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00=&&%%%",
        b"{\"callId\": {\"deep\": []}, \"conversation_uuid\": 7e999}",
        b"CallSid=with+space&CallUUID=&session_id=%00&call=%F0%9F%A6%80",
        b"{\"callId\":\"\xf0\x9f\xa6\x80\",\"conversation_uuid\":\" \",\"call\":null}",
    ];
    for provider in SIGNING {
        let events = providers::by_name(provider).expect("a provider").events();
        for event in events {
            for (nth, body) in bodies.iter().enumerate() {
                let once = format!("{event}-{nth}");
                let sent = Unsigned { once, ..Unsigned::post(provider, event, *body) };
                let reply = world.send(sent.signed(&world)).await;
                let case = format!("{provider} {event} {nth}: {} {}", reply.status, reply.body);
                assert!(is_refused_or_answered(&sent, &reply), "{case}");
                // A caller may be on the line; whoever sends the generic message has a fail-safe of their own.
                if *event == "voice" {
                    assert!(reply.body.contains("14155550111"), "{case}");
                }
            }
        }
    }
    assert!(world.ledger().await.is_empty(), "nothing was recorded");
    assert_eq!(world.unsaved().await, 0);
}

/// A new call as each provider tells of it, the generic one included.
fn calls() -> Vec<Unsigned> {
    let generic = serde_json::json!({"event": "received", "call_id": "id-1", "from": "+14155550100",
        "to": "+14155550199"});
    let generic = Unsigned::post("generic", "event", generic.to_string());
    new_calls().into_iter().map(|(call, _)| call).chain([generic]).collect()
}

/// The same message in encodings that nobody uses, and in ways that break it.
fn mangled(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let text = String::from_utf8_lossy(body).into_owned();
    let utf_16 = |swap: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(swap).collect::<Vec<u8>>();
    vec![
        ("UTF-16", [&[0xff, 0xfe][..], &utf_16(u16::to_le_bytes)].concat()),
        ("UTF-16 the other way round", utf_16(u16::to_be_bytes)),
        ("a byte order mark", [b"\xef\xbb\xbf", body].concat()),
        ("an overlong NUL in front", [b"\xc0\x80", body].concat()),
        ("NULs in between", body.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("its first bytes", body[..5].to_vec()),
        ("backwards", body.iter().rev().copied().collect()),
        ("Latin-1 in the id", text.replace("id-1", "id-\u{e9}").chars().map(|c| c as u8).collect()),
        ("an id without end", text.replace("id-1", &"x".repeat(1_000)).into_bytes()),
        ("no id", text.replace("id-1", "").into_bytes()),
        ("control characters in the id", text.replace("id-1", "id%00%0d%0a1\\u0000").into_bytes()),
        ("deeply nested", [b"[".repeat(20_000), b"]".repeat(20_000)].concat()),
    ]
}

#[tokio::test]
async fn a_mangled_message_is_never_a_call_of_that_id_and_never_an_error_of_ours() {
    let world = World::start().await;
    for call in calls() {
        for (how, body) in mangled(&call.body) {
            let sent = Unsigned { once: format!("{how}-{}", body.len()), body, ..call.clone() };
            let reply = world.send(sent.signed(&world)).await;
            let case = format!("{} {how}: {} {}", call.provider, reply.status, reply.body);
            assert!(is_refused_or_answered(&sent, &reply), "{case}");
            if call.event == "voice" {
                assert!(reply.body.contains("14155550111"), "whoever calls gets through: {case}");
            }
            assert!(world.call(call.provider, ID).await.is_none(), "{case}");
        }
    }
}

#[tokio::test]
async fn every_field_may_be_missing_doubled_or_of_another_kind() {
    let world = World::start().await;
    for call in calls() {
        let text = String::from_utf8(call.body.clone()).expect("a text");
        let mut bodies = Vec::new();
        if let Ok(object) =
            serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text)
        {
            for name in object.keys() {
                let without = object.iter().filter(|(known, _)| *known != name);
                let without: serde_json::Map<_, _> =
                    without.map(|(name, value)| (name.clone(), value.clone())).collect();
                bodies.push(serde_json::Value::Object(without).to_string());
                for other in ["null", "17", "[]", "{\"a\":{}}", "true", "\"\\u0000\""] {
                    // A name that comes twice: the last one counts.
                    let doubled = format!("{},{name:?}:{other}}}", text.trim_end_matches('}'));
                    bodies.push(doubled);
                }
            }
        } else {
            let pairs: Vec<&str> = text.split('&').collect();
            for (nth, pair) in pairs.iter().enumerate() {
                let others: Vec<&str> = pairs
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| *at != nth)
                    .map(|(_, pair)| *pair)
                    .collect();
                bodies.push(others.join("&"));
                bodies.push(format!("{text}&{pair}"));
                let (name, _) = pair.split_once('=').expect("a field");
                bodies.push(format!("{text}&{name}=other&{name}="));
                bodies.push(text.replace(pair, &format!("{name}=%ff%fe%00%c0%80")));
            }
        }
        for (nth, body) in bodies.into_iter().enumerate() {
            let sent = Unsigned {
                once: format!("{nth}"),
                body: body.clone().into_bytes(),
                ..call.clone()
            };
            let reply = world.send(sent.signed(&world)).await;
            let case = format!("{} {body}: {} {}", call.provider, reply.status, reply.body);
            assert!(is_refused_or_answered(&sent, &reply), "{case}");
            if call.event == "voice" {
                assert!(reply.body.contains("14155550111"), "whoever calls gets through: {case}");
            }
        }
    }
}
