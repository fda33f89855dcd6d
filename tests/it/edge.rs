//! What every route has in common: problems, keys, sites, documentation.

use nix::sys::signal::{Signal, kill};
use ringtrace::http::routes::openapi;
use serde_json::{Value, json};

use crate::support::app::{TestApp, redis_pid};

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
        "/v1/reports/{name}",
        "/v1/reports/query",
        "/v1/costs",
        "/v1/staffing",
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

#[tokio::test(flavor = "multi_thread")]
async fn readiness_says_what_does_not_answer() {
    let world = TestApp::start().await;
    let redis = redis_pid(&world);
    kill(redis, Signal::SIGSTOP).expect("it hangs");
    let ready = world.get("/readyz", "rt_admin").await;
    kill(redis, Signal::SIGCONT).expect("it goes on");
    assert_eq!(ready.status(), 503);
    let said: Value = ready.json().await.expect("JSON");
    assert_eq!(said, json!({"redis": false, "warehouse": true, "ending": false}));
}

#[test]
fn the_document_names_who_may_ask() {
    let document = serde_json::to_value(openapi()).unwrap();
    assert_eq!(document["components"]["securitySchemes"]["key"]["scheme"], "bearer");
    let secured = &document["paths"]["/v1/reports/{name}"]["get"]["security"];
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

#[tokio::test]
async fn a_key_and_a_network_without_one_have_their_limits_and_a_reload_changes_them() {
    let world = TestApp::start().await;
    let limit = |api: u32, unknown: u32| {
        let mut config = world.app().live().now().config.clone();
        config.limits.api_per_minute = api;
        config.limits.unknown_keys_per_minute = unknown;
        world.app().live().replace(config);
    };
    limit(2, 3);
    let get = async |key: &str| world.get("/v1/sites", key).await;
    for expected in [200, 200, 429] {
        assert_eq!(get("rt_admin").await.status(), expected);
    }
    let refused = get("rt_admin").await;
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=31).contains(&wait), "{wait}");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["id"], "too_many_requests");
    for expected in [401, 401, 401, 429] {
        assert_eq!(get("rt_wrong").await.status(), expected);
    }
    assert_eq!(get("rt_reader").await.status(), 200, "another key is another allowance");
    limit(100, 3);
    assert_eq!(get("rt_admin").await.status(), 200);

    let body = vec![b'x'; 1_100_000];
    let replay = world.client.post(format!("{}/v1/postbacks/none/replay", world.base));
    let answer = replay.bearer_auth("rt_admin").body(body).send().await;
    // The server may hang up on a body that it does not read.
    assert!(answer.is_err() || answer.unwrap().status() == 413);
}

#[tokio::test]
async fn head_is_get_without_the_body_and_other_methods_hear_what_is_allowed() {
    let world = TestApp::start().await;
    let send = async |method: &str, path: &str| {
        let method = method.parse().unwrap();
        let url = format!("{}{path}", world.base);
        world.client.request(method, url).bearer_auth("rt_admin").send().await.unwrap()
    };
    for path in ["/healthz", "/rt.js", "/", "/v1/sites", "/openapi.json"] {
        let (head, get) = (send("HEAD", path).await, send("GET", path).await);
        assert_eq!(head.status(), 200, "{path}");
        assert_eq!(head.headers()["content-length"], get.headers()["content-length"], "{path}");
        assert!(head.bytes().await.unwrap().is_empty(), "{path}");
    }
    for (method, path, status, allow) in [
        ("GET", "/v1/lease", 405, "POST"),
        ("DELETE", "/v1/sites", 405, "GET, HEAD"),
        ("POST", "/rt.js", 405, "GET, HEAD"),
        ("OPTIONS", "/v1/beat", 204, "POST"),
    ] {
        let answer = send(method, path).await;
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(answer.headers()["allow"], allow, "{method} {path}");
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{path}");
    }
    send("BREW", "/healthz").await;
    let metrics = send("GET", "/metrics").await.text().await.unwrap();
    assert!(metrics.contains("method=\"other\"") && !metrics.contains("BREW"));
}

#[tokio::test]
async fn the_snippet_is_sent_small_and_asked_for_once() {
    let world = TestApp::start().await;
    let get = async |path: &str, accept: &str, known: &str| {
        let request = world.client.get(format!("{}{path}", world.base));
        let request = request.header("accept-encoding", accept).header("if-none-match", known);
        request.send().await.unwrap()
    };
    let mut tags = Vec::new();
    for (accept, encoding, largest) in [
        ("gzip, deflate, br, zstd", Some("br"), 6_000),
        ("gzip", Some("gzip"), 6_700),
        ("br;q=0, gzip;q=0", None, 13_500),
    ] {
        let answer = get("/rt.js", accept, "\"older\"").await;
        let headers = answer.headers().clone();
        assert_eq!(headers.get("content-encoding").map(|v| v.to_str().unwrap()), encoding);
        assert!(headers["vary"].to_str().unwrap().eq_ignore_ascii_case("accept-encoding"));
        assert_eq!(headers["cache-control"], "public, max-age=300");
        let tag = headers["etag"].to_str().unwrap().to_owned();
        let body = answer.bytes().await.unwrap();
        assert_eq!(headers["content-length"].to_str().unwrap(), body.len().to_string());
        assert!(body.len() <= largest, "{accept}: {} bytes", body.len());
        let again = get("/rt.js", accept, &tag).await;
        assert_eq!(again.status(), 304);
        assert_eq!(again.headers()["etag"].to_str().unwrap(), tag);
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "each form has its own tag");
    let hash = ringtrace::http::snippet::snippet_hash();
    let forever = get(&format!("/rt.{hash}.js"), "br", "").await;
    assert!(forever.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(get("/rt.0123456789.js", "br", "").await.status(), 404);
}

#[tokio::test]
async fn a_page_that_names_an_older_version_keeps_it_after_an_update() {
    let mut world = TestApp::start().await;
    let older = b"older code";
    let name = format!("rt.{}.js", ringtrace::http::snippet_versions::hash_of(older));
    let folder = world.folder().join("snippet");
    let newest = format!("rt.{}.js", ringtrace::http::snippet::snippet_hash());
    assert!(folder.join(&newest).exists(), "what is served is written down");
    world.stop().await;
    std::fs::write(folder.join(&name), older).unwrap();
    world.start_again().await;
    for (path, body) in [(&name, Some(&older[..])), (&newest, None)] {
        let answer = world.client.get(format!("{}/{path}", world.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.headers()["cache-control"].to_str().unwrap().contains("immutable"));
        let code = answer.bytes().await.unwrap();
        assert!(body.is_none_or(|body| code == body), "{path}");
    }
}

#[tokio::test]
async fn answers_on_hot_paths_are_not_compressed_and_pages_are_guarded() {
    let world = TestApp::start().await;
    let body = json!({
        "v": 1, "key": "pk_one", "page": "page-0001", "seq": 1, "url": "https://www.one.example/",
    });
    let view = world.client.post(format!("{}/v1/lease", world.base));
    let view = view.header("accept-encoding", "gzip, br").body(body.to_string());
    let view = view.send().await.unwrap();
    assert_eq!(view.status(), 200);
    assert!(!view.headers().contains_key("content-encoding"));
    assert!(view.headers().contains_key("content-length"), "known beforehand");
    let report = world.client.get(format!("{}/v1/reports/hours", world.base));
    let report = report.bearer_auth("rt_admin").header("accept-encoding", "br");
    assert_eq!(report.send().await.unwrap().headers()["content-encoding"], "br");
    // The client follows `/docs` to `/docs/`.
    for path in ["/", "/docs", "/docs/"] {
        let page = world.client.get(format!("{}{path}", world.base)).send().await.unwrap();
        assert_eq!(page.status(), 200, "{path}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert_eq!(page.headers()["x-frame-options"], "DENY");
        assert_eq!(page.headers()["referrer-policy"], "no-referrer");
    }
}

#[test]
fn the_document_is_complete_in_itself() {
    let document = serde_json::to_value(openapi()).unwrap();
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("nothing outside is needed");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let problem = json!({ "$ref": "#/components/schemas/ProblemBody" });
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses.iter().filter(|(s, _)| s.starts_with('4')) {
                let schemas = response["content"].as_object();
                let mut schemas = schemas.into_iter().flat_map(|kinds| kinds.values());
                let documented = schemas.any(|kind| kind["schema"] == problem);
                assert!(documented, "{method} {path} {status} is no problem");
            }
            let Some(security) = operation.get("security") else { continue };
            for scheme in security.as_array().unwrap().iter().flat_map(|s| s.as_object().unwrap()) {
                let known = &document["components"]["securitySchemes"][scheme.0];
                assert!(known.is_object(), "{method} {path} needs an unknown {}", scheme.0);
            }
            for status in ["401", "403", "429"] {
                assert!(responses.contains_key(status), "{method} {path} lacks {status}");
            }
        }
    }
}
