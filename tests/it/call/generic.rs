//! The signed JSON provider.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use ringtrace::call::model::CallStatus;
use ringtrace::platform::ids::CallId;
use serde_json::{Value, json};

use super::world::{CALLER, GENERIC_SECRET, Reply, TRACKING, World};

async fn send(world: &World, body: &str, signed_at: i64) -> Reply {
    let signer = standardwebhooks::Webhook::new(GENERIC_SECRET).expect("a secret");
    let signature = signer.sign("msg_1", signed_at, body.as_bytes()).expect("signed");
    let request = TestRequest::post()
        .uri(&format!("/v1/telephony/generic/{}/event", world.site))
        .insert_header(("webhook-id", "msg_1"))
        .insert_header(("webhook-timestamp", signed_at.to_string()))
        .insert_header(("webhook-signature", signature))
        .set_payload(body.to_owned());
    world.send(request).await
}

fn now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[tokio::test]
async fn a_pbx_gets_its_route_and_reports_the_end() {
    let world = World::start().await;
    let received = json!({"event": "received", "call_id": "pbx-1", "from": CALLER, "to": TRACKING});
    let reply = send(&world, &received.to_string(), now_s()).await;
    assert_eq!((reply.status, reply.content_type.as_str()), (StatusCode::OK, "application/json"));
    let route: Value = serde_json::from_str(&reply.body).expect("JSON");
    let id = CallId::of(&world.site, "generic", "pbx-1").to_string();
    let expected = json!({"action": "forward", "to": "+14155550111", "timeout_s": 25,
        "caller_id": CALLER, "call": id});
    assert_eq!(route, expected);
    let answered = json!({"event": "answered", "call_id": "pbx-1", "at": "2026-01-02T03:04:12Z"});
    let ended = json!({"event": "ended", "call_id": "pbx-1", "at": "2026-01-02T03:05:30Z",
        "cause": "ANSWER", "talk_ms": 78_400});
    for event in [answered, ended] {
        let reply = send(&world, &event.to_string(), now_s()).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT);
    }
    let call = world.call("generic", "pbx-1").await.expect("the call");
    assert_eq!((call.status, call.talk_s, call.wait_s), (CallStatus::Answered, Some(78), Some(7)));
    assert_eq!(world.queued_postbacks().await.len(), 1);
}

#[tokio::test]
async fn old_forged_and_unreadable_messages_are_refused() {
    let world = World::start().await;
    let body = json!({"event": "received", "call_id": "pbx-1"}).to_string();
    let replayed = send(&world, &body, now_s() - 3600).await;
    assert_eq!(replayed.status, StatusCode::FORBIDDEN);
    let request = TestRequest::post()
        .uri(&format!("/v1/telephony/generic/{}/event", world.site))
        .set_payload(body);
    assert_eq!(world.send(request).await.status, StatusCode::FORBIDDEN);
    assert!(world.call("generic", "pbx-1").await.is_none());
    let unreadable = [
        "",
        "{",
        "[]",
        r#"{"event":"received"}"#,
        r#"{"event":"exploded","call_id":"pbx-1"}"#,
        r#"{"event":"received","call_id":""}"#,
        r#"{"event":"received","call_id":"with space"}"#,
        r#"{"event":"ended","call_id":"pbx-1"}"#,
        r#"{"event":"recorded","call_id":"pbx-1","recording_url":"file:///etc/passwd"}"#,
    ];
    for body in unreadable {
        assert_eq!(send(&world, body, now_s()).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
}
