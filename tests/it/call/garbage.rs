//! What no provider sends: refused with a problem, without a trace.

use actix_web::http::StatusCode;
use ringtrace::call::providers;

use super::signers::{Unsigned, new_calls};
use super::world::{TOKEN, World};

const SIGNING: [&str; 9] = [
    "twilio",
    "signalwire",
    "telnyx",
    "plivo",
    "vonage",
    "bandwidth",
    "freeswitch",
    "asterisk",
    "kamailio",
];

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
        let large = Unsigned::post(provider, "voice", vec![b'x'; 10 << 20]);
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
                let is_problem = reply.status == StatusCode::BAD_REQUEST
                    && reply.body.contains("\"id\":\"bad_request\"");
                assert!(is_problem || reply.status.is_success(), "{case}");
                // A caller may be on the line.
                if *event == "voice" {
                    assert!(reply.body.contains("14155550111"), "{case}");
                }
            }
        }
    }
    assert!(world.ledger().await.is_empty(), "nothing was recorded");
    assert_eq!(world.unsaved().await, 0);
}
