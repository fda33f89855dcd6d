//! Ad platforms: tokens, batches, bad rows, questions asked later, and what is sent once at most.

use ringtrace::config::model::{
    Config, DataManager, Destination, DestinationKind, Ga4, LinkedIn, OAuth, Pixel,
};
use ringtrace::platform::secret::Secret;
use ringtrace::postback::model::{Postback, SkipReason, Verdict};
use ringtrace::postback::worker::{Outcome, Tally};
use ringtrace::visit::ad_ids::AdIds;
use serde_json::{Value, json};
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, Request, ResponseTemplate};

use super::World;

/// The address of the receiver, as the first destination has it.
fn receiver(config: &Config) -> String {
    let DestinationKind::Url(target) = &config.sites[0].destinations[0].kind else {
        panic!("the first destination is a URL");
    };
    target.url.split("/pb").next().expect("an address").to_owned()
}

/// A world whose destination `ads` is what `kind` makes of the receiver's address.
async fn told_to(kind: impl FnOnce(String) -> DestinationKind) -> World {
    World::with(|config| {
        let base = receiver(config);
        let id = "ads".parse().expect("an id");
        config.sites[0].destinations[0] = Destination { id, kind: kind(base) };
    })
    .await
}

/// What renews tokens at the receiver.
fn oauth(base: &str) -> OAuth {
    OAuth {
        client_id: "client".to_owned(),
        client_secret: Secret::new("client-secret"),
        refresh_token: Secret::new("refresh-1"),
        token_url: format!("{base}/token"),
        ..OAuth::default()
    }
}

async fn google() -> World {
    told_to(|base| {
        DestinationKind::GoogleDataManager(DataManager {
            account: "123-456-7890".to_owned(),
            conversion_action: "777".to_owned(),
            oauth: oauth(&base),
            base,
            ..DataManager::default()
        })
    })
    .await
}

/// A LinkedIn rule whose tokens are renewed.
async fn linkedin() -> World {
    told_to(|base| {
        DestinationKind::Linkedin(LinkedIn {
            pixel: "104012".to_owned(),
            oauth: Some(oauth(&base)),
            base,
            ..LinkedIn::default()
        })
    })
    .await
}

async fn openai() -> World {
    told_to(|base| {
        DestinationKind::OpenaiAds(Pixel {
            pixel: "px".to_owned(),
            access_token: Secret::new("openai-token"),
            base,
            ..Pixel::default()
        })
    })
    .await
}

fn with_click(world: &World, name: &str, value: &str) -> Postback {
    let mut postback = world.postback("ads");
    postback.facts.click_ids = vec![(name.to_owned(), value.to_owned())];
    postback
}

async fn issue_tokens(world: &World, token: &str) {
    let issued = json!({ "access_token": token, "expires_in": 3599, "refresh_token": "refresh-2" });
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(issued))
        .mount(&world.receiver)
        .await;
}

async fn asked(world: &World, at: &str) -> Vec<Request> {
    world.received().await.into_iter().filter(|request| request.url.path() == at).collect()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

#[tokio::test]
async fn google_is_told_in_one_batch_and_asked_later_what_became_of_it() {
    let world = google().await;
    issue_tokens(&world, "token-1").await;
    let taken = ResponseTemplate::new(200).set_body_json(json!({ "requestId": "r-1" }));
    Mock::given(path("/v1/events:ingest"))
        .and(header("authorization", "Bearer token-1"))
        .respond_with(taken)
        .mount(&world.receiver)
        .await;
    let status = json!({ "requestStatusPerDestination": [{
        "requestStatus": "PARTIAL_SUCCESS",
        "errorInfo": { "errorCounts": [{ "reason": "PROCESSING_ERROR_REASON_EXPIRED_CLICK",
            "recordCount": "1", "recordIndices": ["1"] }] } }] });
    Mock::given(path("/v1/requestStatus:retrieve"))
        .respond_with(ResponseTemplate::new(200).set_body_json(status))
        .mount(&world.receiver)
        .await;
    let postbacks: Vec<_> =
        (0..3).map(|i| with_click(&world, "gclid", &format!("EAIaIQ{i}abc"))).collect();
    world.enqueue(&postbacks).await;
    let deliverer = world.deliverer();
    assert_eq!(world.tally(&deliverer).await, Tally { postponed: 3, ..Tally::default() });
    let sent = asked(&world, "/v1/events:ingest").await;
    assert_eq!(sent.len(), 1, "three conversions, one request");
    let events = body(&sent[0])["events"].as_array().expect("events").clone();
    assert_eq!(asked(&world, "/token").await.len(), 1);
    assert!(world.told().await.is_empty(), "nothing is known yet");

    let Outcome::NextDueAt(later) = world.round(&deliverer).await else { panic!("not queued") };
    assert!((29..=30).contains(&(later.since(world.clock.now()) / 60_000)), "half an hour later");
    world.clock.set(later.plus(1_000));
    let asked_later = world.tally(&deliverer).await;
    assert_eq!(asked_later, Tally { delivered: 2, rejected: 1, ..Tally::default() });
    let rejected = world.told().await.into_iter().find(|fact| fact.verdict.word() == "rejected");
    let rejected = rejected.expect("one was");
    let key = events[1]["transactionId"].as_str().expect("a key");
    assert!(rejected.id.starts_with(key), "the second row of the request");
    assert!(rejected.verdict.why().contains("EXPIRED_CLICK"), "{}", rejected.verdict.why());
    assert_eq!(asked(&world, "/v1/events:ingest").await.len(), 1, "and nothing twice");
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_and_a_credential_that_is_pauses() {
    let world = google().await;
    let old = json!({ "access_token": "token-old", "expires_in": 3599 });
    Mock::given(path("/token"))
        .and(body_string_contains("refresh-1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(old))
        .up_to_n_times(1)
        .mount(&world.receiver)
        .await;
    issue_tokens(&world, "token-new").await;
    Mock::given(header("authorization", "Bearer token-old"))
        .respond_with(ResponseTemplate::new(401))
        .mount(&world.receiver)
        .await;
    Mock::given(header("authorization", "Bearer token-new"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "requestId": "r" })))
        .mount(&world.receiver)
        .await;
    world.enqueue(&[with_click(&world, "gclid", "EAIaIQabc")]).await;
    let deliverer = world.deliverer();
    assert_eq!(world.tally(&deliverer).await, Tally { postponed: 1, ..Tally::default() });
    assert_eq!(asked(&world, "/v1/events:ingest").await.len(), 2);
    assert_eq!(asked(&world, "/token").await.len(), 2);

    // Another process uses what was kept, and knows the newest refresh token.
    world.enqueue(&[with_click(&world, "gclid", "EAIaIQdef")]).await;
    world.tally(&world.deliverer()).await;
    assert_eq!(asked(&world, "/token").await.len(), 2, "kept in Redis");
    let redis: Vec<String> = {
        let mut keys = redis::cmd("KEYS");
        world.redis.handle().command("a test", keys.arg("rt:{oauth}*")).await.expect("keys")
    };
    for key in redis {
        let mut get = redis::cmd("GET");
        let kept: Vec<u8> =
            world.redis.handle().command("a test", get.arg(&key)).await.expect("a value");
        let kept = String::from_utf8_lossy(&kept).into_owned();
        assert!(!kept.contains("token-new") && !kept.contains("refresh-2"), "it is sealed");
    }
}

#[tokio::test]
async fn linkedins_token_is_renewed_by_one_and_kept_for_the_others() {
    let world = linkedin().await;
    // Its tokens last for 60 days, and a renewal names no scope.
    let issued =
        json!({ "access_token": "token-1", "expires_in": 5_184_000, "refresh_token": "refresh-2" });
    let slowly = std::time::Duration::from_millis(300);
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(issued).set_delay(slowly))
        .mount(&world.receiver)
        .await;
    Mock::given(path("/rest/conversionEvents"))
        .and(header("authorization", "Bearer token-1"))
        .and(header("linkedin-version", "202603"))
        .respond_with(|request: &Request| {
            let rows = body(request)["elements"].as_array().map_or(0, Vec::len);
            ResponseTemplate::new(200)
                .set_body_json(json!({ "elements": vec![json!({ "status": 201 }); rows] }))
        })
        .mount(&world.receiver)
        .await;
    // Two processes that need a token at the same moment.
    let (one, two) = (world.deliverer(), world.deliverer());
    let postback = |n: u32| {
        with_click(&world, "li_fat_id", &format!("9b8c7d6e-aaaa-4000-8000-01234567890{n}"))
    };
    world.enqueue(&[postback(1)]).await;
    let (now, held) =
        (world.clock.script_arg(), tokio::spawn(async move { one.run_once(None).await }));
    while asked(&world, "/token").await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    world.enqueue(&[postback(2)]).await;
    let second = two.run_once(now).await.expect("Redis answers");
    let first = held.await.expect("it ends").expect("Redis answers");
    for outcome in [first, second] {
        assert_eq!(outcome, Outcome::Settled(Tally { delivered: 1, ..Tally::default() }));
    }
    let renewals = asked(&world, "/token").await;
    assert_eq!(renewals.len(), 1, "one renewal for both");
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(&renewals[0].body).into_owned().collect();
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["grant_type", "client_id", "client_secret", "refresh_token"]);
    // Weeks later it is still good, and another process knows it.
    world.advance(59 * 24 * 3_600_000);
    world.enqueue(&[postback(3)]).await;
    world.tally(&world.deliverer()).await;
    assert_eq!(asked(&world, "/token").await.len(), 1, "kept");
}

#[tokio::test]
async fn linkedin_that_refuses_even_a_new_token_is_paused_and_burns_no_attempts() {
    for status in [401, 403] {
        let world = linkedin().await;
        issue_tokens(&world, "token-1").await;
        Mock::given(path("/rest/conversionEvents"))
            .respond_with(
                ResponseTemplate::new(status)
                    .set_body_json(json!({ "message": "no rw_conversions" })),
            )
            .mount(&world.receiver)
            .await;
        let both = ["9b8c7d6e-aaaa-4000-8000-012345678901", "9b8c7d6e-aaaa-4000-8000-012345678902"];
        world.enqueue(&both.map(|click| with_click(&world, "li_fat_id", click))).await;
        let deliverer = world.deliverer();
        assert_eq!(
            world.tally(&deliverer).await,
            Tally { retried: 2, ..Tally::default() },
            "{status}"
        );
        assert!(world.all_told().await.iter().all(|fact| fact.attempts == 0), "{status}");
        assert_eq!(
            asked(&world, "/rest/conversionEvents").await.len(),
            2,
            "{status}: once with each token"
        );
        // Whoever comes meanwhile is not sent at all.
        world
            .enqueue(&[with_click(&world, "li_fat_id", "9b8c7d6e-aaaa-4000-8000-012345678903")])
            .await;
        world.round(&deliverer).await;
        assert_eq!(asked(&world, "/rest/conversionEvents").await.len(), 2, "{status}: paused");
    }
}

#[tokio::test]
async fn a_revoked_credential_burns_no_attempts() {
    let world = google().await;
    let revoked = ResponseTemplate::new(400).set_body_json(json!({ "error": "invalid_grant" }));
    Mock::given(path("/token")).respond_with(revoked).mount(&world.receiver).await;
    let both = [with_click(&world, "gclid", "EAIaIQabc"), with_click(&world, "gclid", "EAIaIQdef")];
    world.enqueue(&both).await;
    let deliverer = world.deliverer();
    assert_eq!(world.tally(&deliverer).await, Tally { retried: 2, ..Tally::default() });
    let told = world.all_told().await;
    assert!(told.iter().all(|fact| fact.attempts == 0));
    assert!(told[0].verdict.why().contains("invalid_grant"), "{}", told[0].verdict.why());
    assert_eq!(asked(&world, "/token").await.len(), 1, "asked once, then paused");
}

#[tokio::test]
async fn one_bad_row_is_found_by_halving_and_the_others_are_taken() {
    let world = openai().await;
    Mock::given(method("POST"))
        .respond_with(|request: &Request| {
            let events = body(request)["events"].as_array().cloned().unwrap_or_default();
            match events.iter().any(|event| event["oppref"] == "poison-7") {
                true => ResponseTemplate::new(400)
                    .set_body_json(json!({ "error": { "message": "bad event" } })),
                false => ResponseTemplate::new(200).set_body_json(json!({})),
            }
        })
        .mount(&world.receiver)
        .await;
    let mut postbacks: Vec<_> =
        (0..15).map(|i| with_click(&world, "oppref", &format!("opp-{i}xyz"))).collect();
    postbacks.push(with_click(&world, "oppref", "poison-7"));
    world.enqueue(&postbacks).await;
    let deliverer = world.deliverer();
    let tally = world.tally(&deliverer).await;
    assert_eq!(tally, Tally { delivered: 15, rejected: 1, ..Tally::default() });
    let requests = world.received().await;
    assert!(requests.len() <= 9, "{} requests for sixteen rows", requests.len());
    let mut taken: Vec<String> = Vec::new();
    for request in &requests {
        let events = body(request)["events"].as_array().cloned().unwrap_or_default();
        if events.iter().all(|event| event["oppref"] != "poison-7") {
            taken.extend(events.iter().map(|event| event["id"].to_string()));
        }
    }
    taken.sort();
    let told = taken.len();
    taken.dedup();
    assert_eq!((told, taken.len()), (15, 15), "each is taken once");
}

#[tokio::test]
async fn analytics_hears_at_most_once() {
    let ga4 = || {
        told_to(|base| {
            DestinationKind::Ga4(Ga4 {
                measurement_id: "G-EXAMPLE".to_owned(),
                api_secret: Secret::new("api-secret"),
                base,
                ..Ga4::default()
            })
        })
    };
    let postback = |world: &World| {
        let mut postback = world.postback("ads");
        postback.facts.ad_ids = AdIds { ga_client: "1.2".to_owned(), ..AdIds::default() };
        postback
    };
    // An answer that never comes: it may have been counted.
    let world = ga4().await;
    let slow = ResponseTemplate::new(204).set_delay(std::time::Duration::from_secs(60));
    world.answer_all(slow).await;
    world.enqueue(&[postback(&world)]).await;
    let (dying, now) = (world.deliverer(), world.clock.script_arg());
    let task = tokio::spawn(async move { dying.run_once(now).await });
    for _ in 0..1000 {
        if !world.received().await.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    task.abort();
    world.drain(&world.deliverer()).await;
    assert_eq!(world.received().await.len(), 1, "a worker died, and nobody sends it again");
    let told = world.told().await;
    let [fact] = told.as_slice() else { panic!("one verdict, not {}", told.len()) };
    assert!(matches!(fact.verdict, Verdict::GaveUp { .. }), "{:?}", fact.verdict);

    let world = ga4().await;
    world.answer_all(ResponseTemplate::new(204)).await;
    world.enqueue(&[postback(&world)]).await;
    world.drain(&world.deliverer()).await;
    assert_eq!(world.told().await[0].verdict, Verdict::Delivered);
}

#[tokio::test]
async fn once_for_a_caller_means_one_call_is_told_until_it_is_not_taken() {
    let world = World::new().await;
    world.answer_in_turn([ResponseTemplate::new(422)]).await;
    world.answer_all(ResponseTemplate::new(200)).await;
    let of_caller = || Postback { once: Some("caller ab12".to_owned()), ..world.postback("ads") };
    let deliverer = world.deliverer();
    for expected in [
        Tally { rejected: 1, ..Tally::default() },
        Tally { delivered: 1, ..Tally::default() },
        Tally { skipped: 1, ..Tally::default() },
    ] {
        world.enqueue(&[of_caller()]).await;
        assert_eq!(world.tally(&deliverer).await, expected);
    }
    let told = world.told().await;
    let Verdict::Skipped { reason, .. } = &told[2].verdict else { panic!("{:?}", told[2]) };
    assert_eq!(*reason, SkipReason::Duplicate);
}

#[tokio::test]
async fn what_waits_for_its_delay_is_not_claimed_before() {
    let world = World::new().await;
    world.answer_all(ResponseTemplate::new(200)).await;
    let mut postback = world.postback("ads");
    postback.not_before = world.clock.now().plus(1_800_000);
    world.enqueue(std::slice::from_ref(&postback)).await;
    let deliverer = world.deliverer();
    assert_eq!(world.round(&deliverer).await, Outcome::NextDueAt(postback.not_before));
    world.clock.set(postback.not_before);
    assert_eq!(world.tally(&deliverer).await, Tally { delivered: 1, ..Tally::default() });
}

#[tokio::test]
async fn what_is_kept_for_people_has_no_secrets() {
    let world = openai().await;
    let echo = |request: &Request| {
        let auth = request.headers["authorization"].to_str().unwrap_or_default().to_owned();
        ResponseTemplate::new(400).set_body_string(format!("no: {auth}"))
    };
    Mock::given(method("POST")).respond_with(echo).mount(&world.receiver).await;
    let postback = with_click(&world, "oppref", "opp-7f3a9c");
    world.enqueue(std::slice::from_ref(&postback)).await;
    world.drain(&world.deliverer()).await;
    let shards = world.live.now().shards;
    let found = world.outbox.find(shards, &postback.id).await.expect("Redis").expect("it is kept");
    let exchange = found.postback.exchange.expect("what was sent");
    assert_eq!(exchange.status, 400);
    assert!(exchange.body.contains("opp-7f3a9c"), "{exchange:?}");
    assert!(exchange.request.ends_with("/v1/events"), "{exchange:?}");
    assert!(!format!("{exchange:?} {}", found.why).contains("openai-token"), "{exchange:?}");
}
