//! The pages keep their promises: complete, cacheable for good, alone with their own host.

use std::collections::BTreeSet;

use actix_web::App;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::test as web_test;
use regex::Regex;

use super::assets::{Asset, DASHBOARD, DEMO, Pages};
use super::http::{CONTENT_POLICY, routes};
use std::path::Path;

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
    let app = web_test::init_service(
        App::new().configure(routes(demo_key.map(str::to_owned), Path::new(""))),
    )
    .await;
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
    let answer = get(None, "/assets/0123456789abcdef/page/main.js").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.header(CACHE_CONTROL), "");
}

#[actix_web::test]
async fn the_demo_exists_only_in_demo_mode() {
    assert_eq!(get(None, "/demo").await.status, StatusCode::NOT_FOUND);
    let page = get(None, "/").await;
    assert!(page.body.contains(r#"name="ringtrace-demo-key" content="""#));
    let demo_asset = format!("{}/demo/demo.js", Pages::new(None, None).address());
    assert_eq!(get(None, &demo_asset).await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn the_demo_key_cannot_leave_its_attribute() {
    let page = get(Some(r#"a"><script>"#), "/").await;
    assert!(page.body.contains(r#"content="a&quot;&gt;&lt;script&gt;""#));
    assert_eq!(page.header(CACHE_CONTROL), "no-store");
}

/// `page/parts/a.js` and `../api.js` → `page/api.js`.
fn resolved(importer: &str, import: &str) -> String {
    let mut parts: Vec<&str> = importer.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => _ = parts.pop(),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[test]
fn modules_import_only_modules_that_are_served() {
    let import = Regex::new(r#"[}a-zA-Z] ?from ?"([^"]+)";"#).unwrap();
    let names: BTreeSet<_> = DASHBOARD.iter().map(|asset| asset.name).collect();
    for asset in DASHBOARD.iter().filter(|asset| asset.name.ends_with(".js")) {
        for found in import.captures_iter(text(asset)) {
            assert!(found[1].starts_with('.'), "{} imports {}", asset.name, &found[1]);
            let path = resolved(asset.name, &found[1]);
            assert!(names.contains(path.as_str()), "{} imports {path}", asset.name);
        }
    }
}

#[test]
fn every_file_of_the_page_is_served() {
    fn walk(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if path.is_dir() {
                walk(&path, found);
            } else if ["js", "css", "svg"].contains(&kind) {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.insert(name);
            }
        }
    }
    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dashboard")
    }
    let mut found = BTreeSet::new();
    walk(&root().join("page"), &mut found);
    walk(&root().join("vendor"), &mut found);
    let served: BTreeSet<_> = DASHBOARD.iter().map(|asset| asset.name.to_owned()).collect();
    assert_eq!(found, served);
}

#[test]
fn the_scripts_stay_small() {
    let mut sizes = 0;
    for asset in DASHBOARD.iter().filter(|asset| asset.name.ends_with(".js")) {
        let mut packed = Vec::new();
        let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
        brotli::BrotliCompress(&mut &asset.body[..], &mut packed, &params).unwrap();
        sizes += packed.len();
    }
    assert!(sizes <= 300_000, "{sizes} bytes compressed");
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_another_host() {
    let inline = Regex::new(r#"<style|\sstyle="|\son[a-z]+="|<script>|javascript:"#).unwrap();
    let pages = Pages::new(Some("rt_demo"), None);
    for html in [pages.dashboard(), pages.demo().unwrap()] {
        let html = String::from_utf8(html.to_vec()).unwrap();
        assert!(inline.find(&html).is_none(), "{:?}", inline.find(&html));
        assert!(!html.contains("://"));
    }
    // Names of formats, where a library is from, and an address that the page explains.
    let harmless = Regex::new(
        r"http://www\.w3\.org/|https://github\.com/leeoniya/uPlot|https://www\.example\.com/",
    )
    .unwrap();
    for asset in DASHBOARD.iter().chain(DEMO) {
        let rest = harmless.replace_all(text(asset), "");
        assert!(!rest.contains("://"), "{}", asset.name);
    }
}

#[actix_web::test]
async fn somebody_who_works_on_a_page_sees_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("page")).unwrap();
    std::fs::write(folder.path().join("page/main.js"), "export const fresh = 1;").unwrap();
    let app = web_test::init_service(App::new().configure(routes(None, folder.path()))).await;
    let ask = web_test::TestRequest::get().uri("/assets/unsettled/page/main.js").to_request();
    let answer = web_test::call_service(&app, ask).await;
    assert_eq!(answer.headers().get(CACHE_CONTROL).unwrap(), "no-store");
    assert_eq!(web_test::read_body(answer).await, "export const fresh = 1;");
    let outside =
        web_test::TestRequest::get().uri("/assets/unsettled/../../etc/passwd").to_request();
    assert_eq!(web_test::call_service(&app, outside).await.status(), StatusCode::NOT_FOUND);
}
