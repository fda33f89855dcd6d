//! Twilio's webhooks: routing, the join, counting once, refusals.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use futures_util::future::join_all;
use ringtrace::attribution::model::Basis;
use ringtrace::attribution::rules::Kept;
use ringtrace::attribution::{Lookup, join};
use ringtrace::call::model::CallStatus;
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::SessionId;
use ringtrace::visit::tables::Tables;

use super::world::twilio_signature;
use super::world::{CALLER, PUBLIC_URL, T, TOKEN, TRACKING, World, answered_call, encoded};

#[tokio::test]
async fn an_inbound_call_is_forwarded_and_joined_to_the_visit_that_holds_the_number() {
    let world = World::start().await;
    let session = world.holder(T - 4_000).await;
    let (event, form) = answered_call("CA1").remove(0);
    let reply = world.twilio(event, &form).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.content_type, "text/xml; charset=utf-8");
    let base = format!("{PUBLIC_URL}/v1/telephony/twilio/{}", world.site);
    assert!(reply.body.contains(">+14155550111</Number>"), "{}", reply.body);
    assert!(reply.body.contains(&format!("action=\"{base}/dial\"")), "{}", reply.body);
    assert!(reply.body.contains(&format!("statusCallback=\"{base}/leg\"")), "{}", reply.body);
    assert!(reply.body.contains("timeout=\"25\" answerOnBridge=\"true\""), "{}", reply.body);

    let call = world.call("twilio", "CA1").await.expect("recorded before it was answered");
    assert_eq!((call.status, call.version), (CallStatus::Received, 1));
    assert_eq!((call.started_at, call.first_time), (Millis(T), Some(true)));
    assert_eq!(call.caller.country, "US");
    let found = call.attribution.expect("an attribution");
    assert_eq!((found.basis, found.session), (Basis::Holder, Some(session)));
    assert!(found.confidence > 0.99, "{}", found.confidence);
    assert_eq!(found.source.map(|s| s.campaign), Some("spring".to_owned()));
    assert_eq!(found.landing_page, "/plumbing");
    assert_eq!(world.unsaved().await, 0);
}

#[tokio::test]
async fn an_answered_call_counts_once_however_often_its_webhooks_come() {
    let world = World::start().await;
    world.holder(0).await;
    let story = answered_call("CA1");
    let documents = join_all(story.iter().map(|(event, form)| world.twilio(event, form))).await;
    for _ in 0..2 {
        let again = join_all(story.iter().rev().map(|(event, form)| world.twilio(event, form)));
        for (first, again) in documents.iter().zip(again.await.iter().rev()) {
            assert_eq!((first.status, &first.body), (again.status, &again.body));
        }
    }
    let call = world.call("twilio", "CA1").await.expect("the call");
    assert_eq!((call.status, call.talk_s, call.wait_s), (CallStatus::Answered, Some(95), Some(10)));
    assert_eq!(call.answered_at, Some(Millis(T + 10_000)));
    assert_eq!(call.ended_at, Some(Millis(T + 105_000)));
    assert_eq!(call.first_time, Some(true));
    let versions: Vec<u32> = world.ledger().await.iter().map(|call| call.version).collect();
    assert_eq!(versions, (1..=call.version).collect::<Vec<_>>(), "one chain, nothing doubled");
    assert_eq!(versions.len(), story.len(), "each webhook changed the call once");
    assert_eq!(world.queued_postbacks().await, [format!("{}.qualified.network", call.id)]);
}

#[tokio::test]
async fn a_postback_that_was_settled_or_given_up_is_not_queued_again() {
    let world = World::start().await;
    let shard = world.keys().shard;
    for (sid, settled) in [("CA1", shard.outbox_done()), ("CA2", shard.outbox_dead())] {
        let call = ringtrace::platform::ids::CallId::of(&world.site, "twilio", sid);
        let id = format!("{call}.qualified.network");
        let _: i64 = world.ask(redis::cmd("ZADD").arg(settled).arg(T).arg(id)).await;
        for (event, form) in answered_call(sid) {
            world.twilio(event, &form).await;
        }
    }
    assert!(world.queued_postbacks().await.is_empty());
}

#[tokio::test]
async fn of_calls_at_the_same_time_by_one_caller_exactly_the_first_is_first_time() {
    let world = World::start().await;
    let calls = ["CA1", "CA2", "CA3", "CA4"];
    for (turn, sid) in (0..).zip(calls) {
        world.clock.set(Millis(T + turn));
        world.twilio("voice", &answered_call(sid)[0].1).await;
    }
    join_all(calls.iter().map(|sid| async {
        for (event, form) in answered_call(sid) {
            world.twilio(event, &form).await;
        }
    }))
    .await;
    let mut first_times = Vec::new();
    for sid in calls {
        first_times.push(world.call("twilio", sid).await.expect("the call").first_time);
    }
    assert_eq!(first_times, [Some(true), Some(false), Some(false), Some(false)]);
}

#[tokio::test]
async fn nobody_and_nowhere_are_forwarded_too() {
    let world = World::start().await;
    let cases = [
        ("CA1", "anonymous", "+14155550777"),
        ("CA2", "+266696687", TRACKING),
        ("CA3", CALLER, "not a number"),
        ("CA4", "", ""),
    ];
    for (sid, from, to) in cases {
        let reply = world.twilio("voice", &[("CallSid", sid), ("From", from), ("To", to)]).await;
        assert_eq!(reply.status, StatusCode::OK, "{sid}");
        assert!(reply.body.contains("+14155550111"), "{sid}");
        let call = world.call("twilio", sid).await.expect("the call");
        let found = call.attribution.expect("an attribution");
        assert_eq!((found.basis, found.source), (Basis::None, None), "{sid}");
        let known = from == CALLER;
        assert_eq!(call.first_time.is_some(), known, "{sid}");
        assert_eq!(call.caller_hash.is_some(), known, "{sid}");
    }
    let reply = world.twilio("voice", &[("Unexpected", "field")]).await;
    assert!(reply.body.contains("+14155550111"), "a call without an id is forwarded all the same");
}

#[tokio::test]
async fn a_visitor_who_taps_at_once_is_seen_also_when_our_clock_is_late() {
    let world = World::start().await;
    world.clock.follow_system();
    let (seconds, micros): (i64, i64) = world.ask(&mut redis::cmd("TIME")).await;
    let shown_at = seconds * 1000 + micros / 1000 - 500;
    let session = SessionId::new();
    let entry = format!("{} {shown_at} {shown_at} own {shown_at} 0 main", session.short());
    let key = world.keys().holders(&TRACKING.parse().expect("a number"));
    let _: i64 = world.ask(redis::cmd("LPUSH").arg(key).arg(entry)).await;
    world.twilio("voice", &answered_call("CA1")[0].1).await;
    let mut call = world.call("twilio", "CA1").await.expect("the call");

    let installation = world.live.now_full();
    let site = installation.site(&world.site).expect("the site");
    let tables = Tables::load().expect("the tables");
    let ours = Millis(shown_at - 2_000);
    call.started_at = ours;
    let mut lookup = Lookup {
        redis: world.recorder.store().redis(),
        shards: world.shards(),
        tables: &tables,
        caller: None,
        kept: Kept::STORED,
        rules: installation.rules(&world.site),
        ours: Some(ours),
    };
    let found = join(lookup, site, &call).await.expect("redis answers");
    assert_eq!(found.session, Some(session));
    assert!(found.candidates[0].tel_click, "the tap is not in the future");
    lookup.ours = None;
    let found = join(lookup, site, &call).await.expect("redis answers");
    assert_eq!(found.session, None, "on one clock nobody has the number yet");
}

#[tokio::test]
async fn a_static_number_names_its_source() {
    let world = World::start().await;
    world.twilio("voice", &[("CallSid", "CA1"), ("From", CALLER), ("To", "+14155550188")]).await;
    let found = world.call("twilio", "CA1").await.and_then(|call| call.attribution);
    let found = found.expect("an attribution");
    assert_eq!((found.basis, found.confidence), (Basis::Static, 1.0));
    assert_eq!(found.source.map(|s| s.source), Some("billboard".to_owned()));
}

#[tokio::test]
async fn what_is_not_signed_for_this_address_is_refused_unread() {
    let world = World::start().await;
    let form = [("CallSid", "CA1"), ("From", CALLER), ("To", TRACKING)];
    let path = format!("/v1/telephony/twilio/{}/voice", world.site);
    let good = twilio_signature(TOKEN, &format!("{PUBLIC_URL}{path}"), &form);
    let post = |path: &str, signature: Option<&str>, body: String| {
        let request = TestRequest::post().uri(path).set_payload(body);
        match signature {
            Some(signature) => request.insert_header(("x-twilio-signature", signature)),
            None => request,
        }
    };
    let other_key = twilio_signature("other", &format!("{PUBLIC_URL}{path}"), &form);
    let host_url = twilio_signature(TOKEN, &format!("http://localhost:8080{path}"), &form);
    let refused = [
        post(&path, None, encoded(&form)),
        post(&path, Some("garbage"), encoded(&form)),
        post(&path, Some(&other_key), encoded(&form)),
        post(&path, Some(&host_url), encoded(&form)),
        post(&path, Some(&good), format!("{}&Extra=1", encoded(&form))),
        post(&format!("{path}?a=1"), Some(&good), encoded(&form)),
        post(&path, Some(&good), "\0\u{1}%%%&&&=".to_owned()),
    ];
    for request in refused {
        let reply = world.send(request).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert!(reply.body.contains("\"id\":\"bad_signature\""), "{}", reply.body);
    }
    let unknown = [
        format!("/v1/telephony/twilio/{}/nonsense", world.site),
        format!("/v1/telephony/nobody/{}/voice", world.site),
        "/v1/telephony/twilio/nosite/voice".to_owned(),
        "/v1/telephony/twilio/other/voice".to_owned(),
        "/v1/telephony/twilio/%F0%9F/voice".to_owned(),
    ];
    for path in unknown {
        let reply = world.send(post(&path, Some(&good), encoded(&form))).await;
        assert!(reply.status.is_client_error(), "{path}: {}", reply.status);
    }
    let reply = world.send(post(&path, Some(&good), "x".repeat(70_000))).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(world.call("twilio", "CA1").await.is_none(), "nothing was read");
    let reply = world.twilio("leg", &[("CallStatus", "exploded"), ("CallSid", "CA2")]).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "signed, but not readable");
}
