//! What every route has in common: problems, keys, sites, documentation.

use ringtrace::http::routes::openapi;
use serde_json::Value;

use crate::support::app::TestApp;

#[tokio::test]
async fn errors_are_problems_with_a_stable_id_and_the_request_id_comes_back() {
    let world = TestApp::start().await;
    for (path, status, id) in [
        ("/nowhere", 404, "not_found"),
        ("/v1/lease", 405, "method_not_allowed"),
        ("/v1/reports/sources?site=nobody", 404, "not_found"),
        ("/v1/reports/sources?form=2026-01-01", 400, "bad_request"),
        ("/v1/reports/sources?from=yesterday-ish", 400, "bad_request"),
        ("/v1/calls/not-a-call", 404, "not_found"),
    ] {
        let response = world.get(path, "rt_admin").await;
        assert_eq!(response.status(), status, "{path}");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(kind, "application/problem+json", "{path}");
        assert!(response.headers().contains_key("x-request-id"), "{path}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["id"], id, "{path}: {problem}");
        assert_eq!(problem["status"], status, "{path}");
    }
    let request = world.client.get(format!("{}/healthz", world.base));
    let response = request.header("x-request-id", "proxy-0001").send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "proxy-0001");
}

#[tokio::test]
async fn keys_open_what_their_scope_and_sites_allow_and_nothing_else() {
    let world = TestApp::start().await;
    let get = async |path: &str, key: &str| world.get(path, key).await.status().as_u16();
    assert_eq!(get("/v1/reports/sources", "rt_nobody").await, 401);
    assert_eq!(get("/v1/reports/sources?site=one", "rt_reader").await, 200);
    assert_eq!(get("/v1/reports/sources?site=two", "rt_reader").await, 404);
    assert_eq!(get("/v1/calls", "rt_reader").await, 403);
    assert_eq!(get("/v1/calls", "rt_admin").await, 200);
    let sites: Value = world.get("/v1/sites", "rt_reader").await.json().await.unwrap();
    assert_eq!(sites.as_array().unwrap().len(), 1);
    assert_eq!(sites[0]["id"], "one");
    let anonymous = world.client.get(format!("{}/v1/sites", world.base)).send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
}

#[tokio::test]
async fn every_documented_get_route_answers_and_none_fails() {
    let world = TestApp::start().await;
    let document: Value = world
        .client
        .get(format!("{}/openapi.json", world.base))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let paths = document["paths"].as_object().expect("paths");
    for expected in [
        "/v1/lease",
        "/v1/beat",
        "/v1/telephony/{provider}/{site}/{event}",
        "/v1/calls",
        "/v1/calls/{id}",
        "/v1/reports/sources",
        "/v1/reports/hours",
        "/v1/reports/landing-pages",
        "/v1/postbacks",
        "/v1/sites",
        "/healthz",
        "/readyz",
        "/metrics",
    ] {
        assert!(paths.contains_key(expected), "{expected} is not documented");
    }
    for (path, methods) in paths {
        if methods.get("get").is_none() {
            continue;
        }
        let path = path.replace("{id}", "00000000000000000000000000000000");
        let status = world.get(&path, "rt_admin").await.status();
        assert!(!status.is_server_error(), "{path} answers {status}");
    }
}

#[test]
fn the_document_names_who_may_ask() {
    let document = serde_json::to_value(openapi()).unwrap();
    assert_eq!(document["components"]["securitySchemes"]["key"]["scheme"], "bearer");
    let secured = &document["paths"]["/v1/reports/sources"]["get"]["security"];
    assert!(secured.is_array(), "reports need a key: {secured}");
}

#[tokio::test]
async fn large_bodies_and_garbage_are_refused_without_a_server_error() {
    let world = TestApp::start().await;
    for path in [
        "/v1/lease",
        "/v1/beat",
        "/v1/telephony/twilio/one/voice",
        "/v1/telephony/generic/one/event",
    ] {
        for body in [vec![b'x'; 200_000], b"{".to_vec(), vec![0xff, 0xfe, 0x00], Vec::new()] {
            let request = world.client.post(format!("{}{path}", world.base)).body(body);
            let status = request.send().await.expect("an answer").status();
            assert!(status.is_client_error(), "{path} answers {status}");
        }
    }
}
