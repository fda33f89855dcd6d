//! The pages keep their promises: complete, cacheable for good, alone with their own host.

use std::collections::BTreeSet;

use actix_web::App;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::test as web_test;
use regex::Regex;

use super::assets::{Asset, DASHBOARD, DEMO, Pages};
use super::http::{CONTENT_POLICY, routes};

struct Answer {
    status: StatusCode,
    headers: actix_web::http::header::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: impl actix_web::http::header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn get(demo_key: Option<&str>, path: &str) -> Answer {
    let app =
        web_test::init_service(App::new().configure(routes(demo_key.map(str::to_owned)))).await;
    let response =
        web_test::call_service(&app, web_test::TestRequest::get().uri(path).to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = String::from_utf8(web_test::read_body(response).await.to_vec()).unwrap();
    Answer { status, headers, body }
}

fn addresses(html: &str) -> BTreeSet<String> {
    let attribute = Regex::new(r#"(?:href|src)="(/assets/[^"]+)""#).unwrap();
    attribute.captures_iter(html).map(|found| found[1].to_owned()).collect()
}

fn text(asset: &Asset) -> &'static str {
    std::str::from_utf8(asset.body).unwrap()
}

#[actix_web::test]
async fn every_asset_a_page_names_is_there_and_lasts() {
    for path in ["/", "/demo"] {
        let page = get(Some("rt_demo"), path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("{{"), "{path} has a placeholder left");
        let addresses = addresses(&page.body);
        assert!(addresses.len() >= 4);
        for address in addresses {
            let asset = get(Some("rt_demo"), &address).await;
            assert_eq!(asset.status, StatusCode::OK, "{address}");
            assert!(asset.header(CACHE_CONTROL).contains("immutable"));
            assert_ne!(asset.header(CONTENT_TYPE), "application/octet-stream", "{address}");
        }
    }
}

#[actix_web::test]
async fn every_page_and_asset_carries_the_content_policy() {
    let page = get(Some("rt_demo"), "/").await;
    let asset = addresses(&page.body).pop_first().unwrap();
    for path in ["/", "/demo", asset.as_str()] {
        let answer = get(Some("rt_demo"), path).await;
        assert_eq!(answer.header(CONTENT_SECURITY_POLICY), CONTENT_POLICY);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    assert!(!CONTENT_POLICY.contains("unsafe") && !CONTENT_POLICY.contains("  "));
}

#[actix_web::test]
async fn another_version_of_an_asset_is_not_found() {
    let answer = get(None, "/assets/0123456789abcdef/main.js").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.header(CACHE_CONTROL), "");
}

#[actix_web::test]
async fn the_demo_exists_only_in_demo_mode() {
    assert_eq!(get(None, "/demo").await.status, StatusCode::NOT_FOUND);
    let page = get(None, "/").await;
    assert!(page.body.contains(r#"name="ringtrace-demo-key" content="""#));
    let demo_asset = format!("{}/demo.js", Pages::new(None).folder());
    assert_eq!(get(None, &demo_asset).await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn the_demo_key_cannot_leave_its_attribute() {
    let page = get(Some(r#"a"><script>"#), "/").await;
    assert!(page.body.contains(r#"content="a&quot;&gt;&lt;script&gt;""#));
    assert_eq!(page.header(CACHE_CONTROL), "no-store");
}

#[test]
fn modules_import_only_modules_that_are_served() {
    let import = Regex::new(r#"from "\./([^"]+)""#).unwrap();
    let names: BTreeSet<_> = DASHBOARD.iter().map(|asset| asset.name).collect();
    for asset in DASHBOARD.iter().filter(|asset| asset.name.ends_with(".js")) {
        for found in import.captures_iter(text(asset)) {
            assert!(names.contains(&found[1]), "{} imports {}", asset.name, &found[1]);
        }
    }
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_another_host() {
    let inline = Regex::new(r#"<style|\sstyle=|\son[a-z]+=|<script>|javascript:"#).unwrap();
    let pages = Pages::new(Some("rt_demo"));
    for html in [pages.dashboard(), pages.demo().unwrap()] {
        let html = String::from_utf8(html.to_vec()).unwrap();
        assert!(inline.find(&html).is_none(), "{:?}", inline.find(&html));
        assert!(!html.contains("://"));
    }
    for asset in DASHBOARD.iter().chain(DEMO) {
        let without_names_of_formats = text(asset).replace("http://www.w3.org/2000/svg", "");
        assert!(!without_names_of_formats.contains("://"), "{}", asset.name);
    }
}
