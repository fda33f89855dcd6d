//! Routed calls over HTTP: who is dialled, what is kept, what counts, what happens without Redis.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use futures_util::future::join_all;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::call::routing::model::{Action, Why};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::keys::number_registry;
use serde_json::Value;

use super::world::{
    CALLER, PUBLIC_URL, Reply, T, TOKEN, TRACKING, World, encoded, twilio_signature,
};

/// A world whose site has this routing and, behind it, this screen.
async fn world(rules: &str) -> World {
    let world = World::start().await;
    let mut config = world.live.now_full().config.clone();
    let site = config.sites.iter_mut().find(|site| site.id == world.site).expect("the site");
    let table: toml::Table = toml::from_str(rules).expect("TOML");
    let part = |name: &str| table.get(name).cloned().unwrap_or(toml::Table::new().into());
    site.routing = part("routing").try_into().expect("routing");
    site.spam = part("spam").try_into().expect("a screen");
    world.live.replace(config);
    world
}

const TEAM: &str = r#"
    [[routing.routes]]
    id = "team"
    kind = "dial"
    order = "in_turn"
    to = [{ address = "+14155550121" }, { address = "+14155550122", at_a_time = 1 }]
    otherwise = "message"
    whisper = "Call from {source}, {campaign}"
    [[routing.routes]]
    id = "message"
    kind = "voicemail"
    prompt = "Leave a message."
    [[routing.rules]]
    id = "everybody"
    route = "team"
"#;

/// The address that stands in `attribute` of a document.
fn address(document: &str, attribute: &str) -> String {
    let start = document
        .find(&format!("{attribute}=\""))
        .unwrap_or_else(|| panic!("{attribute}: {document}"));
    let rest = &document[start + attribute.len() + 2..];
    rest[..rest.find('"').expect("a quote")].replace("&amp;", "&")
}

/// Twilio calls an address that a document told.
async fn follow(world: &World, address: &str, form: &[(&str, &str)]) -> Reply {
    let path = address.strip_prefix(PUBLIC_URL).expect("an address of ours");
    let request = TestRequest::post()
        .uri(path)
        .insert_header(("x-twilio-signature", twilio_signature(TOKEN, address, form)))
        .set_payload(encoded(form));
    let reply = world.send(request).await;
    assert!(reply.status.is_success(), "{path}: {}", reply.status);
    reply
}

async fn arrives(world: &World, sid: &str) -> String {
    arrives_from(world, sid, CALLER).await
}

async fn arrives_from(world: &World, sid: &str, from: &str) -> String {
    let form = [("CallSid", sid), ("From", from), ("To", TRACKING), ("CallStatus", "ringing")];
    let reply = world.twilio("voice", &form).await;
    assert_eq!(reply.status, StatusCode::OK);
    reply.body
}

async fn dial_ends(world: &World, document: &str, sid: &str, word: &str) -> String {
    let bridged = if word == "completed" { "true" } else { "false" };
    let form = [
        ("CallSid", sid),
        ("From", CALLER),
        ("To", TRACKING),
        ("DialCallStatus", word),
        ("DialBridged", bridged),
        ("DialCallDuration", "40"),
    ];
    follow(world, &address(document, "action"), &form).await.body
}

async fn hangs_up(world: &World, sid: &str) {
    let form =
        [("CallSid", sid), ("From", CALLER), ("CallStatus", "completed"), ("CallDuration", "50")];
    world.twilio("status", &form).await;
}

async fn call(world: &World, sid: &str) -> Call {
    world.call("twilio", sid).await.expect("the call")
}

#[tokio::test]
async fn the_next_is_dialled_until_somebody_takes_the_call() {
    let world = world(TEAM).await;
    world.holder(T - 4_000).await;
    let first = arrives(&world, "CA1").await;
    assert!(first.contains(">+14155550121</Number>") && !first.contains("+14155550122"), "{first}");
    let heard =
        follow(&world, &address(&first, "url"), &[("CallSid", "CA2"), ("ParentCallSid", "CA1")])
            .await;
    assert!(heard.body.contains("Call from google, spring"), "{}", heard.body);
    let second = dial_ends(&world, &first, "CA1", "no-answer").await;
    assert!(second.contains(">+14155550122</Number>"), "{second}");
    let between = call(&world, "CA1").await;
    assert!(!between.status.is_final(), "the second one still rings: {:?}", between.status);
    assert_eq!(dial_ends(&world, &first, "CA1", "no-answer").await, second, "told again, the same");
    assert_eq!(arrives(&world, "CA1").await, first);
    let end = dial_ends(&world, &second, "CA1", "completed").await;
    assert!(end.contains("<Response></Response>") || end.contains("<Response/>"), "{end}");
    hangs_up(&world, "CA1").await;
    let done = call(&world, "CA1").await;
    assert_eq!((done.status, done.talk_s), (CallStatus::Answered, Some(40)));
    assert_eq!(done.destination.map(|to| to.to_string()).as_deref(), Some("+14155550122"));
    let reply = world.get(&format!("/v1/calls/{}", done.id), "analyst-key").await;
    let shown: Value = serde_json::from_str(&reply.body).expect("JSON");
    let steps = shown["route"].as_array().expect("a route");
    let told: Vec<_> =
        steps.iter().map(|s| (s["hop"].as_u64(), s["why"].as_str(), s["rule"].as_str())).collect();
    assert_eq!(
        told,
        [(Some(1), Some("rule"), Some("everybody")), (Some(2), Some("not_taken"), None)]
    );
    assert_eq!(
        (steps[1]["route"].as_str(), steps[1]["targets"][0].as_str()),
        (Some("team"), Some("+14155550122"))
    );
    assert_eq!(shown["spam"]["is_spam"].as_bool(), Some(false));
    let versions: Vec<u32> = world.ledger().await.iter().map(|call| call.version).collect();
    assert_eq!(versions, (1..=done.version).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_takes_it_and_the_caller_leaves_a_message() {
    let world = world(TEAM).await;
    let first = arrives(&world, "CA1").await;
    let second = dial_ends(&world, &first, "CA1", "busy").await;
    let message = dial_ends(&world, &second, "CA1", "no-answer").await;
    assert!(message.contains("Leave a message.") && message.contains("<Record"), "{message}");
    assert!(!call(&world, "CA1").await.status.is_final());
    let form = [
        ("CallSid", "CA1"),
        ("RecordingUrl", "https://m.example.com/1"),
        ("RecordingDuration", "9"),
    ];
    follow(&world, &address(&message, "action"), &form).await;
    hangs_up(&world, "CA1").await;
    assert_eq!(call(&world, "CA1").await.status, CallStatus::Voicemail);
}

#[tokio::test]
async fn a_destination_with_enough_calls_is_passed_over_until_one_is_over_or_too_old() {
    let world = world(TEAM).await;
    let mut documents = Vec::new();
    for sid in ["CA1", "CA2", "CA3"] {
        let first = arrives(&world, sid).await;
        documents.push(dial_ends(&world, &first, sid, "busy").await);
    }
    assert!(documents[0].contains("+14155550122"), "{}", documents[0]);
    assert!(documents[1].contains("<Record"), "it has one call already: {}", documents[1]);
    let passed = call(&world, "CA2").await.route.expect("a route");
    let last = passed.last().expect("a step");
    assert_eq!((last.why, last.action, last.full.len()), (Why::Full, Action::Voicemail, 1));
    dial_ends(&world, &documents[0], "CA1", "completed").await;
    let first = arrives(&world, "CA4").await;
    let again = dial_ends(&world, &first, "CA4", "busy").await;
    assert!(again.contains("+14155550122"), "the place was given back: {again}");
    // Nobody ever tells the end of that call.
    world.clock.set(Millis(T + 4 * 3_600_000 + 1));
    let first = arrives(&world, "CA5").await;
    assert!(dial_ends(&world, &first, "CA5", "busy").await.contains("+14155550122"), "it healed");
}

#[tokio::test]
async fn calls_go_round_and_only_so_many_ring_a_day() {
    let rules = r#"
        [[routing.routes]]
        id = "round"
        kind = "dial"
        order = "round_robin"
        to = [{ address = "+14155550121" }, { address = "+14155550122", per_day = 2 }, { address = "+14155550123" }]
        [[routing.rules]]
        id = "all"
        route = "round"
    "#;
    let world = world(rules).await;
    let mut rung = Vec::new();
    for sid in ["CA1", "CA2", "CA3", "CA4", "CA5", "CA6", "CA7", "CA8", "CA9"] {
        let document = arrives(&world, sid).await;
        assert_eq!(arrives(&world, sid).await, document, "a retry takes no turn");
        rung.extend((1..=3).find(|n| document.contains(&format!("+1415555012{n}"))));
    }
    assert_eq!(rung, [1, 2, 3, 1, 2, 3, 1, 3, 1]);
    world.clock.set(Millis(T + 24 * 3_600_000));
    let tomorrow = join_all(["CB1", "CB2", "CB3"].map(|sid| arrives(&world, sid))).await;
    assert_eq!(tomorrow.iter().filter(|document| document.contains("+14155550122")).count(), 1);
}

#[tokio::test]
async fn keys_choose_and_are_kept_and_a_rejection_is_told_as_one() {
    let rules = r#"
        [[routing.routes]]
        id = "menu"
        kind = "menu"
        prompt = "Press 1 for sales."
        choices = [{ key = "1", route = "sales" }, { key = "9", route = "no" }]
        [[routing.routes]]
        id = "sales"
        kind = "dial"
        to = [{ address = "sip:sales@pbx.example.com" }]
        [[routing.routes]]
        id = "no"
        kind = "reject"
        [[routing.rules]]
        id = "static"
        route = "no"
        when = [{ field = "number", is = ["+14155550188"] }]
        [[routing.rules]]
        id = "all"
        route = "menu"
    "#;
    let world = world(rules).await;
    let menu = arrives(&world, "CA1").await;
    let keys = address(&menu, "action");
    assert!(menu.contains(&format!(">{}</Redirect>", keys.replace('&', "&amp;"))), "{menu}");
    let form =
        |sid, digits| [("CallSid", sid), ("From", CALLER), ("To", TRACKING), ("Digits", digits)];
    let again = follow(&world, &keys, &form("CA1", "")).await.body;
    assert!(again.contains("Press 1 for sales."), "{again}");
    let sales = follow(&world, &address(&again, "action"), &form("CA1", "1")).await.body;
    assert!(sales.contains("<Sip") && sales.contains("sip:sales@pbx.example.com"), "{sales}");
    dial_ends(&world, &sales, "CA1", "completed").await;
    let done = call(&world, "CA1").await;
    assert_eq!(
        (done.status, done.keys.len(), done.keys[0].digits.as_str()),
        (CallStatus::Answered, 1, "1")
    );
    assert_eq!(
        done.destination.map(|to| to.to_string()).as_deref(),
        Some("sip:sales@pbx.example.com")
    );

    let menu = arrives(&world, "CA2").await;
    let away = follow(&world, &address(&menu, "action"), &form("CA2", "9")).await.body;
    assert!(away.contains("<Hangup"), "{away}");
    assert_eq!(call(&world, "CA2").await.status, CallStatus::Rejected);
    let to_static = [("CallSid", "CA3"), ("From", CALLER), ("To", "+14155550188")];
    let turned = world.twilio("voice", &to_static).await.body;
    assert!(turned.contains("<Reject reason=\"busy\""), "{turned}");
    let rejected = call(&world, "CA3").await;
    assert_eq!((rejected.status, rejected.destination), (CallStatus::Rejected, None));
}

#[tokio::test]
async fn a_repeat_caller_comes_back_to_whom_they_talked_to() {
    let rules = TEAM.replace("otherwise =", "last_agent = true\n    otherwise =");
    let world = world(&rules).await;
    let first = arrives(&world, "CA1").await;
    let second = dial_ends(&world, &first, "CA1", "busy").await;
    dial_ends(&world, &second, "CA1", "completed").await;
    world.clock.set(Millis(T + 60_000));
    let again = arrives(&world, "CA2").await;
    assert!(again.contains(">+14155550122</Number>"), "{again}");
    let others = dial_ends(&world, &again, "CA2", "busy").await;
    assert!(others.contains(">+14155550121</Number>"), "{others}");
    let somebody_else = arrives_from(&world, "CA3", "+14155550177").await;
    assert!(somebody_else.contains(">+14155550121</Number>"));
}

#[tokio::test]
async fn who_calls_too_often_is_flagged_asked_and_makes_no_conversion() {
    let rules = format!(
        "{TEAM}\n[spam]\nchallenge = \"Press 1 to be connected.\"\nrate = {{ calls = 3, within = \"10m\" }}"
    );
    let world = world(&rules).await;
    for (turn, sid) in (1..).zip(["CA1", "CA2"]) {
        world.clock.set(Millis(T + turn * 1000));
        assert!(arrives(&world, sid).await.contains("<Number"));
        assert!(arrives(&world, sid).await.contains("<Number"), "a retry is no call");
    }
    let asked = arrives(&world, "CA3").await;
    assert!(asked.contains("Press 1 to be connected."), "{asked}");
    let flagged = call(&world, "CA3").await;
    assert!(flagged.is_spam());
    let form = [("CallSid", "CA3"), ("From", CALLER), ("To", TRACKING), ("Digits", "1")];
    let through = follow(&world, &address(&asked, "action"), &form).await.body;
    assert!(through.contains("<Number"), "{through}");
    assert!(!call(&world, "CA3").await.is_spam(), "a person pressed the key");
    let asked = arrives(&world, "CA4").await;
    let form = [("CallSid", "CA4"), ("From", CALLER), ("To", TRACKING), ("Digits", "")];
    assert!(follow(&world, &address(&asked, "action"), &form).await.body.contains("<Hangup"));
    let away = call(&world, "CA4").await;
    assert_eq!((away.status, away.is_spam()), (CallStatus::Rejected, true));
    world.clock.set(Millis(T + 11 * 60_000));
    assert!(arrives(&world, "CA5").await.contains("<Number"), "the window is over");
}

#[tokio::test]
async fn who_never_talks_is_flagged_after_some_calls() {
    let rules = format!(
        "{TEAM}\n[spam]\nshort = {{ calls = 2, within = \"24h\", talk = \"5s\" }}\nprefixes = [\"+1900\"]"
    );
    let world = world(&rules).await;
    for (turn, sid) in (1..).zip(["CA1", "CA2", "CA3"]) {
        world.clock.set(Millis(T + turn * 60_000));
        let document = arrives(&world, sid).await;
        assert_eq!(call(&world, sid).await.is_spam(), turn == 3);
        let form = [
            ("CallSid", sid),
            ("DialCallStatus", "completed"),
            ("DialBridged", "true"),
            ("DialCallDuration", "2"),
        ];
        follow(&world, &address(&document, "action"), &form).await;
    }
    arrives_from(&world, "CA4", "+19005550123").await;
    assert!(call(&world, "CA4").await.is_spam());
}

#[tokio::test]
async fn without_redis_calls_are_forwarded_at_once_and_what_was_begun_goes_on() {
    let world = world(TEAM).await;
    let first = arrives(&world, "CA1").await;
    kill(Pid::from_raw(world.redis.pid() as i32), Signal::SIGKILL).expect("killed");
    // A Redis that is gone is not waited for.
    let allowed: Duration = world.live.now().config.limits.webhook_wait.unsigned_abs();
    for sid in ["CA2", "CA3"] {
        let began = Instant::now();
        let forwarded = arrives(&world, sid).await;
        assert!(began.elapsed() < allowed / 2, "{:?}", began.elapsed());
        assert!(forwarded.contains(">+14155550111</Number>"), "{forwarded}");
    }
    let second = dial_ends(&world, &first, "CA1", "no-answer").await;
    assert!(second.contains(">+14155550122</Number>"), "{second}");
    let message = dial_ends(&world, &second, "CA1", "no-answer").await;
    assert!(message.contains("<Record"), "{message}");
}

#[tokio::test]
async fn the_place_of_a_caller_is_read_from_the_number_where_nobody_tells_it() {
    let world = world("").await;
    arrives_from(&world, "CA1", "+12125550123").await;
    let told = call(&world, "CA1").await;
    assert_eq!((told.country(), told.region(), told.home.area()), ("US", "NY", "+1212"));
    arrives_from(&world, "CA2", "+442079460000").await;
    let told = call(&world, "CA2").await;
    assert_eq!((told.country(), told.region(), told.city()), ("GB", "", "London"));
    let form = [
        ("CallSid", "CA3"),
        ("From", "+12125550123"),
        ("To", TRACKING),
        ("FromCity", "ALBANY"),
        ("FromState", "NY"),
    ];
    world.twilio("voice", &form).await;
    assert_eq!(call(&world, "CA3").await.city(), "ALBANY");
}

#[tokio::test]
async fn a_number_that_was_added_over_the_api_is_of_its_pool_for_rules() {
    let rules = r#"
        [[routing.routes]]
        id = "team"
        kind = "dial"
        to = [{ address = "+14155550121" }]
        [[routing.rules]]
        id = "of-the-pool"
        route = "team"
        when = [{ field = "pool", is = ["ads"] }]
    "#;
    let world = world(rules).await;
    assert!(arrives(&world, "CA1").await.contains(">+14155550111</Number>"), "it is in no pool");
    let claim = |site: &str| format!("{site}/ads api 1");
    for (sid, site, target) in
        [("CA2", world.site.as_str(), "+14155550121"), ("CA3", "other", "+14155550111")]
    {
        let mut put = redis::cmd("HSET");
        put.arg(number_registry()).arg(TRACKING).arg(claim(site));
        let _: i64 = world.ask(&mut put).await;
        let document = arrives(&world, sid).await;
        assert!(document.contains(&format!(">{target}</Number>")), "{site}: {document}");
    }
}
