//! Where a request may go, and what is never told.

use std::io::ErrorKind;
use std::net::TcpListener;

use ringtrace::config::model::{Config, DestinationKind};
use ringtrace::postback::model::Verdict;
use ringtrace::postback::worker::Tally;
use wiremock::matchers::path;
use wiremock::{Mock, ResponseTemplate};

use super::World;
use crate::support::ports::free_port;

/// Points the destination `ads` to `url`.
fn lead_to(config: &mut Config, to: &str) {
    if let DestinationKind::Url(target) = &mut config.sites[0].destinations[0].kind {
        to.clone_into(&mut target.url);
    }
}

/// Sends one postback to `to` and tells its verdict.
async fn verdict_of(to: &str, allow_private: bool) -> Verdict {
    let world = World::with(|config| {
        lead_to(config, to);
        config.postback.allow_private_targets = allow_private;
    })
    .await;
    let mut postback = world.postback("ads");
    postback.latest_at = world.clock.now().plus(3_600_000);
    world.enqueue(&[postback]).await;
    world.drain(&world.deliverer()).await;
    world.told().await.remove(0).verdict
}

#[tokio::test]
async fn private_addresses_are_refused_without_connecting() {
    let bystander = TcpListener::bind("127.0.0.1:0").expect("a port");
    bystander.set_nonblocking(true).expect("a listener that does not wait");
    let port = bystander.local_addr().expect("an address").port();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "169.254.169.254",
        "localhost",
        "0.0.0.0",
    ] {
        let verdict = verdict_of(&format!("http://{host}:{port}/{{gclid}}"), false).await;
        let Verdict::Rejected { why } = verdict else { panic!("{host}: {verdict:?}") };
        assert!(why.contains("not public"), "{host}: {why}");
    }
    let knock = bystander.accept().expect_err("nobody connected");
    assert_eq!(knock.kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let world = World::new().await;
    let elsewhere = format!("{}/elsewhere", world.receiver.uri());
    for status in [301, 302, 307, 308] {
        let redirect = ResponseTemplate::new(status).insert_header("Location", elsewhere.as_str());
        world.answer_in_turn([redirect]).await;
        world.enqueue(&[world.postback("ads")]).await;
        let tally = world.tally(&world.deliverer()).await;
        assert_eq!(tally, Tally { rejected: 1, ..Tally::default() });
    }
    assert!(world.received().await.iter().all(|request| request.url.path() == "/pb"));
}

#[tokio::test]
async fn nothing_secret_is_in_what_is_kept_of_a_failure() {
    let port = free_port();
    let url = format!("http://user:passw0rd@127.0.0.1:{port}/hooks/T0123?token=topsecret");
    let Verdict::GaveUp { why } = verdict_of(&url, true).await else { panic!("it was delivered") };
    for secret in ["topsecret", "passw0rd", "T0123", "token"] {
        assert!(!why.contains(secret), "{why}");
    }
    assert!(why.starts_with("127.0.0.1: "), "{why}");
}

#[tokio::test]
async fn a_receiver_that_echoes_the_request_does_not_spill_it() {
    let world = World::new().await;
    let echo = ResponseTemplate::new(400)
        .set_body_string("bad request /pb?gclid=Cj0abc token=topsecret, topsecret, Cj0abc");
    Mock::given(path("/pb")).respond_with(echo).mount(&world.receiver).await;
    world.enqueue(&[world.postback("ads")]).await;
    world.drain(&world.deliverer()).await;
    let told = world.told().await;
    let why = told[0].verdict.why();
    assert!(why.starts_with("HTTP 400: bad request"), "{why}");
    assert!(!why.contains("topsecret") && !why.contains("Cj0abc"), "{why}");
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let world = World::new().await;
    let long = ResponseTemplate::new(400).set_body_string("x ".repeat(1_000_000));
    world.answer_all(long).await;
    world.enqueue(&[world.postback("ads")]).await;
    world.drain(&world.deliverer()).await;
    assert!(world.told().await[0].verdict.why().len() < 300);
}
