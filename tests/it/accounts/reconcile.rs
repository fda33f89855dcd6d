//! Calls that no webhook told of.

use std::time::Duration;

use jiff::SignedDuration;
use ringtrace::call::archive::Archive;
use ringtrace::call::model::{CallOrigin, CallStatus};
use ringtrace::call::providers::accounts::client::ApiClient;
use ringtrace::call::providers::accounts::worker::{Outcome, Reconciler};
use ringtrace::config::Live;
use ringtrace::config::model::Config;
use ringtrace::lease::store::LeaseStore;
use ringtrace::platform::clock::Millis;
use serde_json::{Value, json};

use super::standin::{Mood, SECRET, StandIn};
use crate::call::world::{CALLER, T, TOKEN, TRACKING, World, answered_call, recorder_on};
use crate::support::caller_keys;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A call of the list, `seconds` after `T`, to the tracking number, and the leg that it was forwarded on.
fn listed(id: &str, seconds: i64, dialled: &str) -> [Value; 2] {
    let at = |seconds: i64| {
        let at = Millis(T + 1000 * seconds).timestamp();
        jiff::fmt::rfc2822::to_string(&at.to_zoned(jiff::tz::TimeZone::UTC)).expect("a time")
    };
    let leg = |sid: &str, parent: Option<&str>, direction: &str, status: &str, duration: u32| {
        json!({ "sid": sid, "parent_call_sid": parent, "direction": direction, "status": status,
            "from": CALLER, "to": if parent.is_some() { "+14155550111" } else { TRACKING },
            "duration": duration.to_string(), "start_time": at(seconds), "end_time": at(seconds + 105) })
    };
    let talked = if dialled == "completed" { 95 } else { 0 };
    [
        leg(id, None, "inbound", "completed", 105),
        leg(&format!("{id}-leg"), Some(id), "outbound-dial", dialled, talked),
    ]
}

struct Look {
    world: World,
    standin: StandIn,
}

impl Look {
    async fn start() -> Self {
        let world = World::start().await;
        let standin = StandIn::start("twilio", &[]).await;
        let mut config: Config = world.live.now().config.clone();
        let twilio = &mut config.sites[0].telephony.twilio[0];
        assert_eq!(TOKEN, SECRET, "the webhooks' token is the API's");
        twilio.account = "AC00000000000000000000000000000001".to_owned();
        twilio.api_base = Some(standin.server.uri());
        config.sites[0].static_numbers.push(ringtrace::config::model::StaticNumber {
            number: TRACKING.parse().expect("a number"),
            source: "sign".to_owned(),
            medium: "print".to_owned(),
            campaign: String::new(),
        });
        world.live.replace(config);
        world.clock.set(Millis(T + 3_600_000));
        Look { world, standin }
    }

    fn reconciler(&self, live: &Live) -> Reconciler {
        let world = &self.world;
        Reconciler::new(
            recorder_on(world.redis.handle(), live, &world.clock),
            world.spool.clone(),
            LeaseStore::new(world.redis.handle()),
            Archive::new(world.warehouse.clone(), caller_keys()),
            ApiClient::new(&live.now().config.providers).expect("a client"),
        )
    }

    async fn run(&self, due: SignedDuration) -> Outcome {
        self.reconciler(&self.world.live).run_once(due).await
    }
}

#[tokio::test]
async fn missed_calls_are_recorded_at_their_own_time_once() {
    let look = Look::start().await;
    let world = &look.world;
    // One was told by webhooks, one by its beginning alone, and two by nothing.
    world.clock.set(Millis(T));
    for (event, form) in answered_call("CA1") {
        world.twilio(event, &form).await;
    }
    world.twilio("voice", &answered_call("CA2")[0].1).await;
    world.clock.set(Millis(T + 3_600_000));
    look.standin.state().calls = [
        listed("CA1", 0, "completed"),
        listed("CA2", 0, "completed"),
        listed("CA3", 600, "completed"),
        listed("CA4", 1200, "no-answer"),
        // It ended this very moment: its webhooks may still come.
        listed("CA5", 3_490, "completed"),
    ]
    .concat();
    let outcome = look.run(SignedDuration::ZERO).await;
    assert_eq!((outcome.looked, outcome.failed), (1, 0));
    assert_eq!((outcome.found, outcome.ended), (2, 1));
    let call = world.call("twilio", "CA3").await.expect("found");
    assert_eq!((call.origin(), call.status), (CallOrigin::Reconciled, CallStatus::Answered));
    assert_eq!((call.started_at, call.talk_s), (Millis(T + 600_000), Some(95)));
    let found = call.attribution.as_ref().and_then(|a| a.source.as_ref()).map(|s| s.source.clone());
    assert_eq!(found.as_deref(), Some("sign"));
    let missed = world.call("twilio", "CA4").await.expect("found");
    assert_eq!((missed.status, missed.first_time), (CallStatus::NoAnswer, Some(false)));
    let ended = world.call("twilio", "CA2").await.expect("known");
    assert_eq!((ended.status, ended.origin()), (CallStatus::Answered, CallOrigin::Webhook));
    assert!(world.call("twilio", "CA5").await.is_none());
    assert_eq!(world.unsaved().await, 0);

    // Looked through again, and with the webhooks that come late after all, nothing counts twice.
    let versions = world.ledger().await.len();
    world.clock.set(Millis(T + 3_660_000));
    let again = look.run(SignedDuration::ZERO).await;
    assert_eq!((again.found, again.ended), (0, 0));
    assert_eq!(world.ledger().await.len(), versions);
    for (event, form) in answered_call("CA3") {
        world.twilio(event, &form).await;
    }
    let late = world.call("twilio", "CA3").await.expect("known");
    assert_eq!((late.started_at, late.origin()), (call.started_at, CallOrigin::Reconciled));
    let listed: Value =
        serde_json::from_str(&world.get("/v1/calls", "analyst-key").await.body).expect("JSON");
    assert_eq!(listed["calls"].as_array().map(Vec::len), Some(4));
    assert!(
        listed["calls"].as_array().is_some_and(|c| c.iter().any(|c| c["origin"] == "reconciled"))
    );
}

#[tokio::test]
async fn a_look_that_fails_is_made_up_for_and_only_one_process_looks() {
    let look = Look::start().await;
    let world = &look.world;
    look.standin.state().calls = listed("CA7", 60, "completed").to_vec();
    look.standin.state().mood = Mood::Garbage;
    let failed = look.run(SignedDuration::ZERO).await;
    assert_eq!((failed.looked, failed.failed), (0, 1));
    look.standin.state().mood = Mood::Fine;
    // Hours later the window still begins where nothing was looked at.
    world.clock.set(Millis(T + 8 * 3_600_000));
    assert_eq!(look.run(HOUR).await.found, 1);
    assert!(look.run(HOUR).await.recent, "it was a moment ago");
    // While another process holds the job, nobody else does it.
    let lease = ringtrace::platform::keys::job_lease("reconcile");
    let _: String =
        world.ask(redis::cmd("SET").arg(&lease).arg("another").arg("PX").arg(60_000)).await;
    assert!(look.run(SignedDuration::ZERO).await.held);
    let holder: String = world.ask(redis::cmd("GET").arg(&lease)).await;
    assert_eq!(holder, "another");
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let look = Look::start().await;
    look.standin.state().calls = listed("CA8", 60, "completed").to_vec();
    let mut config = look.world.live.now().config.clone();
    config.providers.reconcile = false;
    look.world.live.replace(config);
    let over = ringtrace::platform::shutdown::Shutdown::default();
    let running = tokio::spawn(look.reconciler(&look.world.live).run(over.signal()));
    over.begin();
    tokio::time::timeout(Duration::from_secs(5), running)
        .await
        .expect("it ends")
        .expect("in order");
    assert!(look.standin.server.received_requests().await.is_some_and(|asked| asked.is_empty()));
}
