//! First and repeated calls of one caller, in whatever order they come to be known; and what the network tells of the ad
//! that a caller came from.

use ringtrace::attribution::model::Basis;
use ringtrace::call::model::{Call, CallEvent, CallEventKind, Caller};
use ringtrace::platform::clock::Millis;

use super::world::{CALLER, T, TRACKING, World};

const HOUR: i64 = 3_600_000;

fn event(world: &World, name: &str, at: i64) -> CallEvent {
    CallEvent {
        provider: "twilio".to_owned(),
        provider_call_id: name.to_owned(),
        dedup: "voice:".to_owned(),
        site: world.site.clone(),
        at: Millis(at),
        received_at: Millis(at),
        to: TRACKING.parse().ok(),
        from: Caller { number: CALLER.parse().ok(), ..Caller::default() },
        sip_call_id: None,
        stage: Default::default(),
        dialled: None,
        controlled: None,
        kind: CallEventKind::Received,
    }
}

async fn told(world: &World, name: &str) -> (Option<bool>, u32) {
    let call = world.call("twilio", name).await.expect("the call");
    (call.first_time, call.version)
}

#[tokio::test]
async fn an_older_call_that_comes_late_makes_the_next_one_a_repeated_call() {
    let world = World::start().await;
    let look_back = world.live.now().config.sites[0].caller_look_back.as_millis() as i64;
    for (name, at) in [("CA2", T), ("CA3", T + HOUR)] {
        world.recorder.record(&event(&world, name, at)).await.expect("recorded");
    }
    assert_eq!(told(&world, "CA2").await, (Some(true), 1));
    assert_eq!(told(&world, "CA3").await, (Some(false), 1));
    // Told twice, it is one version more of the next call, and none of the one after that.
    for _ in 0..2 {
        world.recorder.record(&event(&world, "CA1", T - HOUR)).await.expect("recorded");
        assert_eq!(told(&world, "CA1").await, (Some(true), 1));
        assert_eq!(told(&world, "CA2").await, (Some(false), 2));
        assert_eq!(told(&world, "CA3").await, (Some(false), 1));
    }
    // One between them is not the first; one beyond the look-back changes nothing.
    world.recorder.record(&event(&world, "CA4", T - 1_000)).await.expect("recorded");
    assert_eq!(told(&world, "CA4").await.0, Some(false));
    let long_ago = T - HOUR - look_back - 1_000;
    world.recorder.record(&event(&world, "CA0", long_ago)).await.expect("recorded");
    assert_eq!(told(&world, "CA0").await.0, Some(true));
    assert_eq!(told(&world, "CA1").await, (Some(true), 1));
    // The ledger has each version once.
    let ledger: Vec<Call> = world.ledger().await;
    let versions = ledger.iter().filter(|call| call.provider_call_id == "CA2");
    assert_eq!(versions.map(|call| call.version).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_campaign_that_the_network_tells_is_the_truth() {
    let world = World::start().await;
    // Somebody held the number a moment ago: what the platform tells is stronger.
    world.holder(T - 2_000).await;
    let call = |sid| {
        vec![
            ("CallSid", sid),
            ("From", CALLER),
            ("To", TRACKING),
            ("CallStatus", "ringing"),
            ("SipHeader_X-Google-Campaign-Id", "1234567890"),
            ("SipHeader_X-Google-Keyword", "plumber near me"),
            ("SipHeader_X-Google-Click-Id", "Cj0KCQ"),
        ]
    };
    world.twilio("voice", &call("CA1")).await;
    let found = world.call("twilio", "CA1").await.and_then(|call| call.attribution);
    let found = found.expect("an attribution");
    assert_eq!((found.basis, found.confidence, found.session), (Basis::Provided, 1.0, None));
    let source = found.source.expect("a source");
    assert_eq!((source.source.as_str(), source.medium.as_str()), ("google", "cpc"));
    assert_eq!((source.campaign.as_str(), source.term.as_str()), ("1234567890", "plumber near me"));
    assert_eq!(source.channel, "Paid Search");
    assert_eq!(
        (found.click_ids[0].name.as_str(), found.click_ids[0].value.as_str()),
        ("gclid", "Cj0KCQ")
    );
    assert!(!found.consent.ads, "nobody was asked, and the site assumes nothing");
    // A static number tells its source, unless the network knows better.
    let mut on_static = call("CA2");
    on_static[2].1 = "+14155550188";
    world.twilio("voice", &on_static).await;
    let mut plain = on_static[..4].to_vec();
    plain[0].1 = "CA3";
    world.twilio("voice", &plain).await;
    let basis = async |sid: &str| {
        let found = world.call("twilio", sid).await.and_then(|call| call.attribution);
        found.map(|found| (found.basis, found.confidence))
    };
    assert_eq!(basis("CA2").await, Some((Basis::Provided, 1.0)));
    assert_eq!(basis("CA3").await, Some((Basis::Static, 1.0)));
}
