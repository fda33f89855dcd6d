//! Learning when callers call, and the second look at a call that ends.

use ringtrace::attribution::model::Basis;
use ringtrace::attribution::worker::Fitter;
use ringtrace::platform::clock::Millis;
use ringtrace::platform::ids::SessionId;

use super::world::{T, TRACKING, World, answered_call};

const DAY: i64 = 86_400_000;

/// Somebody held the number until `ago` before [`T`], and clicked it when it was told so.
async fn held(world: &World, session: SessionId, ago: i64, clicked: i64) {
    let (from, seen) = (T - ago - 60_000, T - ago);
    let entry = format!("{} {from} {seen} own {clicked} {} main", session.short(), seen + 180_000);
    let key = world.keys().holders(&TRACKING.parse().expect("a number"));
    let _: i64 = world.ask(redis::cmd("LPUSH").arg(key).arg(entry)).await;
}

#[tokio::test]
async fn a_fit_is_made_once_a_day_and_judges_the_calls_that_follow() {
    let world = World::start().await;
    world.clock.set(Millis(T));
    held(&world, SessionId::new(), 20_000, 0).await;
    world.twilio("voice", &answered_call("CA1")[0].1).await;
    let first = world.call("twilio", "CA1").await.and_then(|call| call.attribution);
    let first = first.expect("an attribution");
    assert_eq!((first.fit, first.basis), (0, Basis::Holder));

    let fitter = Fitter::new(world.recorder.clone());
    let sites = world.live.now_full().config.sites.len();
    assert_eq!(fitter.run_once().await.expect("redis answers"), sites);
    assert_eq!(fitter.run_once().await.expect("redis answers"), 0, "the day is not over");
    world.clock.set(Millis(T + 1_000));
    world.twilio("voice", &answered_call("CA2")[0].1).await;
    let second = world.call("twilio", "CA2").await.and_then(|call| call.attribution);
    assert_eq!(second.map(|found| found.fit), Some(1));

    world.clock.set(Millis(T + DAY + 2_000));
    let fitted = fitter.fit_site(&world.keys()).await.expect("redis answers");
    assert_eq!((fitted.version, fitted.calls), (2, 2));
}

#[tokio::test]
async fn a_click_that_is_told_during_the_call_is_seen_when_it_ends() {
    let world = World::start().await;
    world.clock.set(Millis(T));
    let (caller, other) = (SessionId::new(), SessionId::new());
    held(&world, caller, 50_000, 0).await;
    held(&world, other, 5_000, 0).await;
    let story = answered_call("CA1");
    world.twilio(story[0].0, &story[0].1).await;
    let before = world.call("twilio", "CA1").await.expect("the call");
    let joined = before.attribution.expect("an attribution");
    assert!(joined.confidence < 0.95, "{}", joined.confidence);

    let holders = world.keys().holders(&TRACKING.parse().expect("a number"));
    let _: i64 = world.ask(redis::cmd("DEL").arg(&holders)).await;
    held(&world, caller, 50_000, T - 4_000).await;
    held(&world, other, 5_000, 0).await;
    for (event, form) in &story[1..] {
        world.twilio(event, form).await;
    }
    let after = world.call("twilio", "CA1").await.expect("the call");
    let found = after.attribution.expect("an attribution");
    assert_eq!(found.session, Some(caller));
    assert!(found.confidence > 0.95 && after.version > before.version, "{}", found.confidence);
}

#[tokio::test]
async fn a_click_serves_one_call() {
    let world = World::start().await;
    world.clock.set(Millis(T));
    let (clicked, other) = (SessionId::new(), SessionId::new());
    held(&world, clicked, 10_000, T - 8_000).await;
    held(&world, other, 5_000, 0).await;
    let call = |sid: &'static str, from: &'static str| {
        [("CallSid", sid), ("From", from), ("To", TRACKING)]
    };
    let share = async |sid| {
        let found = world.call("twilio", sid).await.and_then(|call| call.attribution);
        let candidates = found.expect("an attribution").candidates;
        let mine = candidates.iter().find(|one| one.session == clicked);
        mine.map_or(0.0, |mine| mine.probability)
    };
    world.twilio("voice", &call("CA1", "+14155550101")).await;
    assert!(share("CA1").await > 0.95);
    world.clock.set(Millis(T + 2_000));
    world.twilio("voice", &call("CA2", "+14155550102")).await;
    assert!(share("CA2").await < 0.8, "{}", share("CA2").await);
}
