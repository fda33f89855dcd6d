//! Calls of Telnyx' Voice API: routed by commands, each sent once or given up.

use std::time::Duration;

use actix_web::http::StatusCode;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringtrace::call::model::{Call, CallStatus};
use ringtrace::platform::clock::Millis;
use ringtrace::platform::secret::Secret;
use serde_json::Value;

use super::voice_standin::{API_KEY, Callee, Telnyx, posted};
use super::world::{CALLER, T, World, commander};

/// A world whose calls come over the Voice API, with this routing.
async fn world(routing: &str) -> (World, Telnyx) {
    let (world, telnyx) = (World::start().await, Telnyx::start().await);
    let mut config = world.live.now_full().config.clone();
    let site = config.sites.iter_mut().find(|site| site.id == world.site).expect("the site");
    site.routing = toml::from_str(routing).expect("routing");
    let account = &mut site.telephony.telnyx[0];
    account.voice_api = true;
    account.api_key = Secret::new(API_KEY);
    account.application = "app1".to_owned();
    account.api_base = Some(format!("{}/v2", telnyx.server.uri()));
    world.live.replace(config);
    (world, telnyx)
}

async fn next(telnyx: &mut Telnyx) -> Value {
    let next = tokio::time::timeout(Duration::from_secs(20), telnyx.events.recv());
    next.await.expect("an event in time").expect("it lives")
}

/// Lets events go to and fro until the caller's leg ends.
async fn through(world: &World, telnyx: &mut Telnyx) -> Call {
    telnyx.rings();
    loop {
        let event = next(telnyx).await;
        let reply = world.send(posted(&event).signed(world)).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{event}: {}", reply.body);
        let data = &event["data"];
        if data["event_type"] == "call.hangup" && data["payload"]["call_leg_id"] == "leg0" {
            return world.call("telnyx", "s1").await.expect("the call");
        }
    }
}

const TEAM: &str = r#"
    [[routes]]
    id = "menu"
    kind = "menu"
    prompt = "Press 1 for sales."
    tries = 2
    choices = [{ key = "1", route = "team" }, { key = "9", route = "no" }]
    otherwise = "message"
    [[routes]]
    id = "team"
    kind = "dial"
    order = "in_turn"
    greeting = "Welcome."
    record = "dual"
    caller_id = "called"
    to = [{ address = "+14155550121" }, { address = "sip:sales@pbx.example.com" }]
    otherwise = "message"
    [[routes]]
    id = "message"
    kind = "voicemail"
    prompt = "Leave a message."
    [[routes]]
    id = "no"
    kind = "reject"
    reason = "busy"
    [[rules]]
    id = "everybody"
    route = "menu"
"#;

#[tokio::test]
async fn a_call_is_answered_forwarded_and_ended() {
    let (world, mut telnyx) = world("").await;
    let call = through(&world, &mut telnyx).await;
    assert_eq!(telnyx.commands(), ["answer", "transfer", "hangup"]);
    let transfer = &telnyx.bodies("transfer")[0];
    assert_eq!((&transfer["to"], &transfer["from"]), (&"+14155550111".into(), &CALLER.into()));
    assert_eq!((call.status, call.talk_s), (CallStatus::Answered, Some(41)));
    assert_eq!(call.caller.number.as_ref().map(|n| n.as_str()), Some(CALLER));
    assert_eq!((world.unsaved().await, telnyx.state().repeated), (0, 0));
    let versions: Vec<u32> = world.ledger().await.iter().map(|call| call.version).collect();
    assert_eq!(versions, (1..=call.version).collect::<Vec<_>>());
}

#[tokio::test]
async fn keys_a_greeting_and_the_next_in_turn_until_somebody_talks() {
    let (world, mut telnyx) = world(TEAM).await;
    telnyx.state().keys.push_back("1");
    telnyx.state().callees.push_back(Callee::IsBusy);
    let call = through(&world, &mut telnyx).await;
    let expected = ["answer", "gather_using_speak", "speak", "transfer", "transfer", "hangup"];
    assert_eq!(telnyx.commands(), expected);
    let transfers = telnyx.bodies("transfer");
    assert_eq!(
        transfers.iter().map(|body| body["to"].as_str().unwrap_or_default()).collect::<Vec<_>>(),
        ["+14155550121", "sip:sales@pbx.example.com"]
    );
    assert_eq!(
        (&transfers[1]["record_channels"], &transfers[1]["from"]),
        (&"dual".into(), &super::world::TRACKING.into())
    );
    assert_eq!((call.status, call.talk_s), (CallStatus::Answered, Some(41)));
    assert_eq!(call.keys.iter().map(|press| press.digits.as_str()).collect::<Vec<_>>(), ["1"]);
    let hops: Vec<u8> = call.route.expect("a route").steps.iter().map(|step| step.hop).collect();
    assert_eq!(hops, [1, 2, 3]);
}

#[tokio::test]
async fn who_presses_nothing_leaves_a_message() {
    let (world, mut telnyx) = world(TEAM).await;
    let call = through(&world, &mut telnyx).await;
    let expected =
        ["answer", "gather_using_speak", "gather_using_speak", "speak", "record_start", "hangup"];
    assert_eq!(telnyx.commands(), expected);
    assert_eq!(call.status, CallStatus::Voicemail);
    assert_eq!(call.recording_url.as_deref(), Some("https://m.example.com/1.mp3"));
}

#[tokio::test]
async fn nobody_takes_it_and_the_caller_leaves_a_message() {
    let (world, mut telnyx) = world(&TEAM.replace("route = \"menu\"", "route = \"team\"")).await;
    telnyx.state().callees.extend([Callee::DoesNotAnswer, Callee::IsBusy]);
    let call = through(&world, &mut telnyx).await;
    let expected = ["answer", "speak", "transfer", "transfer", "speak", "record_start", "hangup"];
    assert_eq!(telnyx.commands(), expected);
    assert_eq!(call.status, CallStatus::Voicemail);
}

#[tokio::test]
async fn a_call_is_turned_away_unanswered() {
    let (world, mut telnyx) = world(&TEAM.replace("route = \"menu\"", "route = \"no\"")).await;
    let call = through(&world, &mut telnyx).await;
    assert_eq!(telnyx.commands(), ["reject"]);
    assert_eq!(telnyx.bodies("reject")[0]["cause"], "USER_BUSY");
    assert_eq!(call.status, CallStatus::Rejected);
}

#[tokio::test]
async fn what_is_refused_is_followed_by_the_fail_safe_and_nobody_is_left_on_the_line() {
    let (world, mut telnyx) = world(TEAM).await;
    telnyx.state().refuses.push("gather_using_speak");
    let call = through(&world, &mut telnyx).await;
    assert_eq!(telnyx.commands(), ["answer", "transfer", "hangup"]);
    assert_eq!(telnyx.bodies("transfer")[0]["to"], "+14155550111");
    assert_eq!(call.status, CallStatus::Answered);
}

#[tokio::test]
async fn an_event_that_comes_twice_is_commanded_once() {
    let (world, mut telnyx) = world("").await;
    telnyx.rings();
    let ringing = next(&mut telnyx).await;
    for _ in 0..3 {
        world.send(posted(&ringing).signed(&world)).await;
    }
    let answered = next(&mut telnyx).await;
    assert_eq!(answered["data"]["event_type"], "call.answered");
    assert_eq!((telnyx.commands(), telnyx.state().repeated), (vec!["answer".to_owned()], 0));
}

#[tokio::test]
async fn a_command_that_a_crash_kept_back_is_sent_at_the_next_start_once_or_given_up() {
    let (mut world, mut telnyx) = world("").await;
    // The process dies before it sends anything.
    let alive = world.commander.clone();
    (world.commander, _) = commander(&world.live, &world.spool, &world.clock);
    telnyx.rings();
    let ringing = next(&mut telnyx).await;
    assert_eq!(world.send(posted(&ringing).signed(&world)).await.status, StatusCode::NO_CONTENT);
    assert_eq!((telnyx.commands().len(), world.unsaved().await), (0, 1));
    world.commander = alive;
    world.clock.set(Millis(T + 10_000));
    world.worker().run_once().await.expect("alive");
    assert_eq!(next(&mut telnyx).await["data"]["event_type"], "call.answered");
    until_done(&world).await;
    // The note that it is done was lost: everything is handed out again, and known at Telnyx by its id.
    world.spool.settle("another run").await.expect("alive");
    assert_eq!(world.unsaved().await, 1);
    world.worker().run_once().await.expect("alive");
    until_done(&world).await;
    assert_eq!((telnyx.commands(), telnyx.state().repeated), (vec!["answer".to_owned()], 1));
    // Later nobody waits for it any more, nor would Telnyx know it.
    world.spool.settle("a third run").await.expect("alive");
    world.clock.set(Millis(T + 46_000));
    world.worker().run_once().await.expect("alive");
    until_done(&world).await;
    assert_eq!(telnyx.state().repeated, 1);
}

async fn until_done(world: &World) {
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    while world.unsaved().await > 0 {
        assert!(tokio::time::Instant::now() < end, "its commands are not done");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn without_redis_the_call_goes_to_its_fail_safe() {
    let (world, mut telnyx) = world(TEAM).await;
    kill(Pid::from_raw(world.redis.pid() as i32), Signal::SIGKILL).expect("killed");
    telnyx.rings();
    for expected in ["call.initiated", "call.answered", "call.initiated"] {
        let event = next(&mut telnyx).await;
        assert_eq!(event["data"]["event_type"], expected);
        world.send(posted(&event).signed(&world)).await;
    }
    assert_eq!(telnyx.commands(), ["answer", "transfer"]);
    assert_eq!(telnyx.bodies("transfer")[0]["to"], "+14155550111");
}
