//! `/v1/postbacks`: reading and replaying.

use actix_web::http::StatusCode;
use actix_web::{App, test, web};
use ringtrace::config::model::{ApiKey, Config, Scope};
use ringtrace::http::auth::key_hash;
use ringtrace::http::limits::ApiLimiter;
use ringtrace::postback::http::routes;
use serde_json::Value;
use utoipa_actix_web::AppExt;
use wiremock::ResponseTemplate;

use super::World;
use crate::support::unique_site;

/// Keys named after their scope, and `stranger`, a manager of another site.
fn with_keys(config: &mut Config) {
    let own = config.sites[0].id.clone();
    let mut other = config.sites[0].clone();
    other.id = unique_site();
    "other".clone_into(&mut other.key);
    let key = |name: &str, scope, sites| ApiKey {
        name: name.to_owned(),
        sha256: key_hash(name),
        scope,
        sites,
        expires_at: None,
    };
    config.api_keys = vec![
        key("reader", Scope::Reader, vec![own.clone()]),
        key("analyst", Scope::Analyst, vec![own.clone()]),
        key("manager", Scope::Manager, vec![own]),
        key("stranger", Scope::Manager, vec![other.id.clone()]),
    ];
    config.sites.push(other);
}

/// Asks the routes as `key`; `post` or `get`.
async fn ask(world: &World, key: &str, post: bool, uri: &str) -> (StatusCode, Value) {
    let (app, _) = App::new()
        .into_utoipa_app()
        .app_data(web::Data::new(ApiLimiter::new(&world.live.now().config.limits)))
        .app_data(web::Data::new(world.live.clone()))
        .app_data(web::Data::new(world.outbox.clone()))
        .app_data(web::Data::new(world.clock.clone()))
        .configure(routes)
        .split_for_parts();
    let app = test::init_service(app).await;
    let request = if post { test::TestRequest::post() } else { test::TestRequest::get() };
    let request = request.uri(uri).insert_header(("Authorization", format!("Bearer {key}")));
    let response = test::call_service(&app, request.to_request()).await;
    let status = response.status();
    let body = test::read_body(response).await;
    (status, serde_json::from_slice(&body).expect("JSON"))
}

fn ids(list: &Value) -> Vec<String> {
    let rows = list["postbacks"].as_array().expect("a list");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

#[actix_web::test]
async fn a_dead_postback_is_listed_replayed_and_delivered_under_its_old_key() {
    let world = World::with(with_keys).await;
    world.answer_all(ResponseTemplate::new(500)).await;
    let mut postback = world.postback("ads");
    postback.latest_at = world.clock.now().plus(3_600_000);
    world.enqueue(std::slice::from_ref(&postback)).await;
    let deliverer = world.deliverer();
    world.drain(&deliverer).await;

    let (status, list) = ask(&world, "analyst", false, "/v1/postbacks?state=dead").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(ids(&list), [postback.id.as_str()]);
    assert_eq!(list["postbacks"][0]["why"], "HTTP 500");

    let replay = format!("/v1/postbacks/{}/replay", postback.id);
    let (status, problem) = ask(&world, "analyst", true, &replay).await;
    assert_eq!((status, &problem["id"]), (StatusCode::FORBIDDEN, &"forbidden".into()));
    let (status, problem) = ask(&world, "stranger", true, &replay).await;
    assert_eq!((status, &problem["id"]), (StatusCode::NOT_FOUND, &"not_found".into()));

    world.receiver.reset().await;
    world.answer_all(ResponseTemplate::new(200)).await;
    world.advance(100 * 3_600_000);
    for _ in 0..2 {
        let (status, view) = ask(&world, "manager", true, &replay).await;
        assert_eq!((status, &view["state"]), (StatusCode::OK, &"waiting".into()));
    }
    world.drain(&deliverer).await;
    let received = world.received().await;
    assert_eq!(received.len(), 1);
    assert_eq!(super::key_of(&received[0]), postback.id);
    let words: Vec<_> = world.told().await.iter().map(|fact| fact.verdict.word()).collect();
    assert_eq!(words, ["gave_up", "delivered"]);

    let (status, _) = ask(&world, "manager", true, &replay).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "it was delivered");
    let (status, _) = ask(&world, "manager", true, "/v1/postbacks/none/replay").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn lists_keep_to_the_site_the_state_and_the_page() {
    let world = World::with(with_keys).await;
    world.answer_all(ResponseTemplate::new(400)).await;
    let rejected: Vec<_> = (0..5).map(|_| world.postback("ads")).collect();
    world.enqueue(&rejected).await;
    world.drain(&world.deliverer()).await;
    world.advance(1000);
    let waiting = world.postback("crm");
    world.enqueue(std::slice::from_ref(&waiting)).await;

    let (_, all) = ask(&world, "analyst", false, "/v1/postbacks").await;
    assert_eq!(ids(&all).len(), 6);
    assert_eq!(ids(&all)[0], waiting.id, "newest first");
    assert!(all["next_cursor"].is_null());
    let (_, list) = ask(&world, "analyst", false, "/v1/postbacks?state=waiting").await;
    assert_eq!(ids(&list), [waiting.id.as_str()]);
    assert!(list["postbacks"][0]["due_at"].is_string());
    let (_, list) = ask(&world, "stranger", false, "/v1/postbacks").await;
    assert!(ids(&list).is_empty(), "other sites' postbacks are not seen");

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let uri = format!("/v1/postbacks?state=rejected&limit=2{cursor}");
        let (status, page) = ask(&world, "analyst", false, &uri).await;
        assert_eq!(status, StatusCode::OK);
        assert!(ids(&page).len() <= 2);
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut expected: Vec<_> = rejected.into_iter().map(|postback| postback.id).collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}

#[actix_web::test]
async fn many_entries_of_one_moment_page_without_loss() {
    let world = World::with(with_keys).await;
    let postbacks: Vec<_> = (0..450).map(|_| world.postback("ads")).collect();
    world.enqueue(&postbacks).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let uri = format!("/v1/postbacks?limit=150{cursor}");
        let (_, page) = ask(&world, "analyst", false, &uri).await;
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut expected: Vec<_> = postbacks.into_iter().map(|postback| postback.id).collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}

#[actix_web::test]
async fn bad_requests_are_told_what_is_wrong() {
    let world = World::with(with_keys).await;
    for (key, uri, status, id) in [
        ("nobody", "/v1/postbacks", 401, "unauthorized"),
        ("reader", "/v1/postbacks", 403, "forbidden"),
        ("analyst", "/v1/postbacks?state=lost", 400, "bad_request"),
        ("analyst", "/v1/postbacks?limit=0", 400, "bad_request"),
        ("analyst", "/v1/postbacks?limit=1000", 400, "bad_request"),
        ("analyst", "/v1/postbacks?cursor=x", 400, "bad_request"),
        ("analyst", "/v1/postbacks?colour=red", 400, "bad_request"),
        ("analyst", "/v1/postbacks?site=unknown", 404, "not_found"),
    ] {
        let (found, problem) = ask(&world, key, false, uri).await;
        assert_eq!((found.as_u16(), &problem["id"]), (status, &id.into()), "{uri}");
    }
}
