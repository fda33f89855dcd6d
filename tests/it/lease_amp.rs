//! `GET /v1/amp` as AMP pages and their copies on AMP caches ask it, on a real Redis.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, read_body};
use serde_json::{Value, json};

use crate::support::edge::{CHROME, Edge, edge, one_site};
use crate::support::redis::TestRedis;
use crate::support::world::{config, number, site_json};

const CACHE: &str = "https://www-example-com.cdn.ampproject.org";
const SOURCE: &str = "&__amp_source_origin=https%3A%2F%2Fwww.example.com";

async fn ask<S, B>(
    edge: &Edge<S>,
    query: &str,
    headers: &[(&'static str, &str)],
) -> ServiceResponse<B>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let mut request = TestRequest::get()
        .uri(&format!("/v1/amp?{query}"))
        .insert_header(("user-agent", CHROME))
        .peer_addr("192.0.2.1:4000".parse().expect("an address"));
    for header in headers {
        request = request.insert_header(*header);
    }
    call_service(&edge.app, request.to_request()).await
}

async fn told<B: MessageBody>(response: ServiceResponse<B>) -> Value {
    assert_eq!(response.status(), StatusCode::OK);
    serde_json::from_slice(&read_body(response).await).unwrap_or_default()
}

fn header<B>(response: &ServiceResponse<B>, name: &str) -> String {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn a_copy_on_a_cache_gets_a_number_and_nothing_to_keep() {
    // Three, of which one network may have two.
    let three = config(json!([site_json("demo", 3, json!({}))]));
    let edge = edge(three, TestRedis::patient_handle).await;
    let page = "https%3A%2F%2Fwww.example.com%2Famp%2F%3Futm_source%3Dgoogle%26utm_medium%3Dcpc";
    let query = format!("key=pk_demo&url={page}{SOURCE}");
    let headers = [("origin", CACHE), ("cookie", "rt_session=x; rt_visitor=y")];
    let response = ask(&edge, &query, &headers).await;
    assert_eq!(header(&response, "access-control-allow-origin"), CACHE);
    assert_eq!(header(&response, "access-control-allow-credentials"), "true");
    assert_eq!(
        header(&response, "amp-access-control-allow-source-origin"),
        "https://www.example.com"
    );
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert!(response.headers().get("set-cookie").is_none());
    let expected =
        json!({ "phoneNumber": number(0).as_str(), "formattedPhoneNumber": "(415) 555-0000" });
    assert_eq!(told(response).await, expected);

    let visit = edge.visits().await.remove(0);
    assert_eq!((visit.source.source.as_str(), visit.source.medium.as_str()), ("google", "cpc"));
    assert_eq!(visit.landing_page, "/amp");
    assert_eq!((visit.visitor, visit.consent.analytics, visit.consent.ads), (None, false, false));

    // The next page is a session of its own, and so has another number.
    let next = told(ask(&edge, &query, &headers).await).await;
    assert_eq!(next["phoneNumber"], number(1).as_str());
    assert_eq!(edge.visits().await.len(), 2);
}

#[actix_web::test]
async fn pages_that_are_not_the_sites_are_refused_and_take_nothing() {
    let edge = edge(one_site(), TestRedis::patient_handle).await;
    let evil = "&__amp_source_origin=https%3A%2F%2Fevil.test";
    for (query, origin, status) in [
        (format!("key=pk_demo{SOURCE}"), Some("https://evil-test.cdn.ampproject.org"), 403),
        (format!("key=pk_demo{evil}"), Some(CACHE), 403),
        (format!("key=pk_demo{evil}"), None, 403),
        (format!("key=pk_none{SOURCE}"), Some(CACHE), 404),
        (format!("key=pk_demo&target=none{SOURCE}"), Some(CACHE), 404),
        (format!("key=pk_demo&url={}", "x".repeat(5000)), Some(CACHE), 400),
        ("target=main".to_owned(), Some(CACHE), 400),
    ] {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        let response = ask(&edge, &query, &headers).await;
        assert_eq!(response.status().as_u16(), status, "{query} {origin:?}");
        assert!(response.headers().get("access-control-allow-origin").is_none());
    }
    assert!(edge.keys_like("rt:*:session:*").await.is_empty());
    assert!(edge.keys_like("rt:*:lease:*").await.is_empty());
}

#[actix_web::test]
async fn who_gets_no_number_is_told_the_business_own() {
    let mut site = site_json("demo", 1, json!({ "overflow": [] }));
    site["targets"] = json!([
        { "id": "main", "number": "+18005550100", "pool": "main" },
        { "id": "uk", "number": "+442079460000", "pool": "main" },
    ]);
    let edge = edge(config(json!([site])), TestRedis::patient_handle).await;
    let query = format!("key=pk_demo&target=uk{SOURCE}");
    let own = json!({ "phoneNumber": "+442079460000", "formattedPhoneNumber": "020 7946 0000" });
    let robot = [("origin", CACHE), ("sec-ch-ua", "\"HeadlessChrome\";v=\"140\"")];
    assert_eq!(told(ask(&edge, &query, &robot).await).await, own);
    assert!(edge.keys_like("rt:*:session:*").await.is_empty());
    let same_origin = [("amp-same-origin", "true")];
    let first = told(ask(&edge, &query, &same_origin).await).await;
    assert_eq!(first["phoneNumber"], number(0).as_str());
    assert_eq!(told(ask(&edge, &query, &same_origin).await).await, own, "the pool is used up");
}
