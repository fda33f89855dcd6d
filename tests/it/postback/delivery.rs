//! The loop of claim, send, judge and settle.

use ringtrace::config::model::DestinationKind;
use ringtrace::postback::model::Verdict;
use ringtrace::postback::worker::{Outcome, Tally};
use standardwebhooks::Webhook;
use wiremock::ResponseTemplate;

use super::{WEBHOOK_SECRET, World, key_of};

#[tokio::test]
async fn a_receiver_that_fails_twice_gets_one_delivery_under_one_key() {
    let world = World::new().await;
    world
        .answer_in_turn([
            ResponseTemplate::new(500),
            ResponseTemplate::new(429).insert_header("Retry-After", "7"),
            ResponseTemplate::new(200).set_body_string("OK"),
        ])
        .await;
    let postback = world.postback("ads");
    world.enqueue(std::slice::from_ref(&postback)).await;
    let deliverer = world.deliverer();

    assert_eq!(world.tally(&deliverer).await, Tally { retried: 1, ..Tally::default() });
    let Outcome::NextDueAt(second) = world.round(&deliverer).await else { panic!("not queued") };
    world.clock.set(second);
    assert_eq!(world.tally(&deliverer).await, Tally { retried: 1, ..Tally::default() });
    let Outcome::NextDueAt(third) = world.round(&deliverer).await else { panic!("not queued") };
    assert!(third.since(second) >= 7000, "Retry-After is obeyed");
    world.clock.set(third);
    assert_eq!(world.tally(&deliverer).await, Tally { delivered: 1, ..Tally::default() });
    assert_eq!(world.round(&deliverer).await, Outcome::Idle);

    let received = world.received().await;
    assert_eq!(received.len(), 3);
    for request in &received {
        assert_eq!(key_of(request), postback.id);
        assert!(request.url.query().expect("a query").contains("gclid=Cj0abc"));
    }
    let told = world.told().await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].attempts, &told[0].verdict), (3, &Verdict::Delivered));
    let all: Vec<_> = world.all_told().await.iter().map(|fact| fact.verdict.word()).collect();
    assert_eq!(all, ["retry", "retry", "delivered"], "every attempt leaves its verdict");
}

#[tokio::test]
async fn what_is_queued_twice_is_delivered_once() {
    let world = World::new().await;
    world.answer_all(ResponseTemplate::new(200)).await;
    let postback = world.postback("ads");
    let deliverer = world.deliverer();
    assert_eq!(world.enqueue(&[postback.clone(), postback.clone()]).await, 1);
    assert_eq!(world.enqueue(std::slice::from_ref(&postback)).await, 0);
    world.drain(&deliverer).await;
    assert_eq!(world.enqueue(&[postback]).await, 0, "nor after it was delivered");
    world.drain(&deliverer).await;
    assert_eq!(world.received().await.len(), 1);
    assert_eq!(world.told().await.len(), 1);
}

#[tokio::test]
async fn a_webhook_is_accepted_by_the_reference_receiver() {
    let world = World::new().await;
    world.answer_all(ResponseTemplate::new(204)).await;
    let postback = world.postback("crm");
    world.enqueue(std::slice::from_ref(&postback)).await;
    world.drain(&world.deliverer()).await;
    let received = world.received().await;
    let [request] = received.as_slice() else { panic!("one request, not {}", received.len()) };
    let receiver = Webhook::new(WEBHOOK_SECRET).expect("a secret");
    receiver.verify(&request.body, &request.headers).expect("a good signature");
    assert_eq!(request.headers["webhook-id"], postback.id.as_str());
    assert_eq!(request.headers["content-type"], "application/json");
    let agent = request.headers["user-agent"].to_str().expect("text");
    assert!(agent.starts_with("Ringtrace/"), "{agent}");
    let body: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!(body["data"]["click_ids"]["gclid"], "Cj0abc");
}

#[tokio::test]
async fn what_a_destination_refuses_is_not_sent_again() {
    let world = World::new().await;
    world.answer_all(ResponseTemplate::new(422).set_body_string("no such click")).await;
    world.enqueue(&[world.postback("ads")]).await;
    let deliverer = world.deliverer();
    assert_eq!(world.tally(&deliverer).await, Tally { rejected: 1, ..Tally::default() });
    assert_eq!(world.round(&deliverer).await, Outcome::Idle);
    let why = "HTTP 422: no such click".to_owned();
    assert_eq!(world.told().await[0].verdict, Verdict::Rejected { why });
}

#[tokio::test]
async fn what_cannot_be_told_is_skipped_with_the_reason() {
    let world = World::new().await;
    let mut nameless = world.postback("ads");
    nameless.facts.click_ids.clear();
    let homeless = world.postback("removed");
    world.enqueue(&[nameless, homeless]).await;
    let deliverer = world.deliverer();
    assert_eq!(world.tally(&deliverer).await, Tally { skipped: 2, ..Tally::default() });
    assert!(world.received().await.is_empty());
    let mut reasons: Vec<_> =
        world.told().await.iter().map(|fact| fact.verdict.why().to_owned()).collect();
    reasons.sort();
    assert_eq!(reasons, ["it has no gclid", "the destination is no longer configured"]);
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_left_alone() {
    let world = World::new().await;
    world.answer_all(ResponseTemplate::new(410)).await;
    world.enqueue(&[world.postback("crm")]).await;
    let deliverer = world.deliverer();
    assert_eq!(world.tally(&deliverer).await, Tally { rejected: 1, ..Tally::default() });
    // Also by those who start later.
    for deliverer in [deliverer, world.deliverer()] {
        world.enqueue(&[world.postback("crm")]).await;
        assert_eq!(world.tally(&deliverer).await, Tally { skipped: 1, ..Tally::default() });
    }
    assert_eq!(world.received().await.len(), 1);

    // Another address is another receiver.
    world.receiver.reset().await;
    world.answer_all(ResponseTemplate::new(200)).await;
    let (mut config, url) = (world.live.now_full().config.clone(), world.receiver.uri());
    for destination in &mut config.sites[0].destinations {
        if let DestinationKind::Webhook(target) = &mut destination.kind {
            target.url = format!("{url}/new");
        }
    }
    world.live.replace(config);
    world.enqueue(&[world.postback("crm")]).await;
    let delivered = Tally { delivered: 1, ..Tally::default() };
    assert_eq!(world.tally(&world.deliverer()).await, delivered);
}

#[tokio::test]
async fn refused_credentials_pause_the_destination_and_burn_no_attempts() {
    let world = World::with(|config| config.postback.per_destination = 1).await;
    world.answer_in_turn([ResponseTemplate::new(401), ResponseTemplate::new(200)]).await;
    world.answer_all(ResponseTemplate::new(200)).await;
    world.enqueue(&[world.postback("crm"), world.postback("crm")]).await;
    let deliverer = world.deliverer();
    let first = world.tally(&deliverer).await;
    assert_eq!(first, Tally { retried: 1, postponed: 1, ..Tally::default() });
    assert_eq!(world.received().await.len(), 1, "the other one was not tried");
    let Outcome::NextDueAt(next) = world.round(&deliverer).await else { panic!("not queued") };
    assert!(next.since(world.clock.now()) >= 15 * 60_000);
    world.drain(&deliverer).await;
    let attempts: Vec<_> = world.told().await.iter().map(|fact| fact.attempts).collect();
    assert_eq!(attempts, [1, 1]);
}

#[tokio::test]
async fn a_destination_that_keeps_failing_rests() {
    let world = World::with(|config| config.postback.per_destination = 1).await;
    world.answer_all(ResponseTemplate::new(503)).await;
    let three = || [world.postback("ads"), world.postback("ads"), world.postback("ads")];
    let deliverer = world.deliverer();
    world.enqueue(&three()).await;
    assert_eq!(world.tally(&deliverer).await, Tally { retried: 3, ..Tally::default() });
    world.enqueue(&three()).await;
    let second = world.tally(&deliverer).await;
    assert_eq!(second, Tally { retried: 2, postponed: 1, ..Tally::default() });
    assert_eq!(world.received().await.len(), 5, "five failures in a row are enough");
}
