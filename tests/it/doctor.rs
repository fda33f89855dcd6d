//! `ringtrace doctor` and `ringtrace snippet`: the real binary, a real service, and pages that another
//! server sends.

use std::process::Output;

use assert_cmd::Command;
use ringtrace::http::snippet::{snippet_hash, snippet_integrity};
use serde_json::Value;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::app::TestApp;

/// A service with the site `three`, whose pages the mock server sends.
struct World {
    pages: MockServer,
    service: TestApp,
}

impl World {
    async fn start() -> Self {
        let pages = MockServer::start().await;
        let site = format!(
            r#"
            [[sites]]
            id = "three"
            key = "pk_three"
            origins = ["{}"]
            forward_to = "+14155550113"
            snippet = {{ exclude = ["+18005550199"], attributes = ["data-phone"] }}
            [[sites.targets]]
            id = "main"
            number = "+18003569377"
            written = ["1-800-FLOWERS"]
            pool = "third"
            [[sites.targets]]
            id = "help"
            number = "+442079460000"
            pool = "third"
            [[sites.pools]]
            id = "third"
            numbers = ["+14155558888"]
            "#,
            pages.uri()
        );
        let service = TestApp::start_with(&site).await;
        World { pages, service }
    }

    async fn page(&self, at: &str, response: ResponseTemplate) -> String {
        Mock::given(method("GET")).and(path(at)).respond_with(response).mount(&self.pages).await;
        format!("{}{at}", self.pages.uri())
    }

    async fn html(&self, at: &str, html: &str) -> String {
        self.page(at, ResponseTemplate::new(200).set_body_raw(html, "text/html")).await
    }

    /// A tag that is right.
    fn tag(&self, more: &str) -> String {
        let (base, hash, integrity) = (&self.service.base, snippet_hash(), snippet_integrity());
        format!(
            "<script async src=\"{base}/rt.{hash}.js\" integrity=\"{integrity}\" \
             crossorigin=\"anonymous\" data-key=\"pk_three\" {more}></script>"
        )
    }

    async fn sessions(&self) -> f64 {
        let metrics = format!("{}/metrics", self.service.base);
        let text = self.service.client.get(metrics).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find(|line| line.starts_with("ringtrace_sessions_total"));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
    }
}

async fn ringtrace(words: &[&str]) -> Output {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let run = move || {
        let mut command = Command::cargo_bin("ringtrace").expect("the binary");
        command.env("NO_PROXY", "127.0.0.1").args(words).output().expect("it runs")
    };
    tokio::task::spawn_blocking(run).await.expect("it ends")
}

/// The diagnosis of a page and the exit code.
async fn doctor(url: &str) -> (Value, i32) {
    let output = ringtrace(&["doctor", url, "--json"]).await;
    let told = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (told, output.status.code().unwrap_or(-1))
}

fn ids(told: &Value, severity: &str) -> Vec<String> {
    let findings = told["findings"].as_array().into_iter().flatten();
    let of = findings.filter(|finding| finding["severity"] == severity);
    of.map(|finding| finding["id"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_right_tells_what_would_be_swapped() {
    let world = World::start().await;
    let tag = world.tag("data-consent=\"auto\"");
    let html = format!(
        "<html><head>{tag}</head><body><p>Call <b>1-800</b>-FLOWERS or (800) 356-9377</p>\
         <a href=\"tel:+18003569377\">now</a> <a href=\"tel:+18005550199\">fax</a>\
         <a href=\"tel:+4930123456\">Berlin</a><i data-phone=\"020 7946 0000\"></i>\
         <p>Order 1800356937700, fax 800-555-0199</p></body></html>"
    );
    world.html("/shop", &html).await;
    let moved = ResponseTemplate::new(302).insert_header("location", "/shop");
    let url = world.page("/", moved).await;
    let (told, code) = doctor(&url).await;
    assert_eq!((code, &told["ok"]), (0, &Value::Bool(true)), "{told}");
    assert!(told["page"].as_str().is_some_and(|page| page.ends_with("/shop")));
    assert_eq!(told["tags"][0]["key"], "pk_three");
    let numbers: Vec<_> = told["numbers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|n| [&n["target"], &n["place"], &n["written"]].map(|v| v.as_str().unwrap_or("")))
        .collect();
    let expected = [
        ["main", "text", "1-800-FLOWERS"],
        ["main", "text", "(800) 356-9377"],
        ["help", "attribute", "020 7946 0000"],
        ["main", "link", "tel:+18003569377"],
    ];
    assert_eq!(numbers, expected);
    assert!(ids(&told, "error").is_empty() && ids(&told, "warning").is_empty(), "{told}");
    assert_eq!(ids(&told, "note"), ["other_number"], "Berlin, not the excluded fax");
    assert_eq!(world.sessions().await, 0.0, "the doctor is no visitor");

    let text = ringtrace(&["doctor", &url]).await;
    let text = String::from_utf8(text.stdout).expect("text");
    assert!(text.contains("1 × in links") && text.contains("installed right"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_fails() {
    let world = World::start().await;
    let (tag, base, numbers) = (world.tag(""), &world.service.base, "8003569377 and 020 7946 0000");
    let plain = |more: &str| format!("<script async src={base}/rt.js {more}></script>{numbers}");
    let pages = [
        ("no_tag", numbers.to_owned()),
        ("no_key", plain("")),
        ("key_unknown", plain("data-key=pk_none")),
        ("origin_not_allowed", plain("data-key=pk_one")),
        ("odd_consent", plain("data-key=pk_three data-consent=yes")),
        ("duplicate_tag", format!("{tag}{tag}{numbers}")),
        (
            "tag_manager",
            format!("<script>j.src='//www.googletagmanager.com/gtm.js'</script>{numbers}"),
        ),
        ("integrity", tag.replace("sha384-", "sha384-AAAA") + numbers),
        ("crossorigin_missing", tag.replace("crossorigin=\"anonymous\"", "") + numbers),
        ("script_outdated", tag.replace(&snippet_hash(), "0123456789") + numbers),
        ("script_unreachable", plain("data-key=pk_three").replace("/rt.js", "/nothing/rt.js")),
        ("endpoint_unreachable", plain("data-key=pk_three data-endpoint=http://127.0.0.1:9")),
        (
            "csp_script",
            format!(
                "<meta http-equiv=content-security-policy content=\"script-src 'self'\">{tag}{numbers}"
            ),
        ),
        (
            "csp_connect",
            format!(
                "<meta http-equiv=content-security-policy content=\"connect-src 'self'\">{tag}{numbers}"
            ),
        ),
    ];
    for (id, html) in pages {
        let url = world.html(&format!("/{id}"), &html).await;
        let (told, code) = doctor(&url).await;
        assert_eq!((code, &told["ok"]), (1, &Value::Bool(false)), "{id}: {told}");
        assert_eq!(ids(&told, "error"), [id], "{told}");
    }
    let header = ("content-security-policy", "default-src 'none'");
    let response = ResponseTemplate::new(200).insert_header(header.0, header.1);
    let url = world.page("/csp", response.set_body_raw(tag + numbers, "text/html")).await;
    assert_eq!(ids(&doctor(&url).await.0, "error"), ["csp_script", "csp_connect"]);
    assert_eq!(world.sessions().await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_meant_is_a_warning_and_a_tag_manager_can_be_helped() {
    let world = World::start().await;
    let base = &world.service.base;
    let html = format!(
        "<script src={base}/rt.js integrity={} crossorigin data-key=pk_three></script>\
         <i data-ringtrace=nobody></i>",
        snippet_integrity()
    );
    let (told, code) = doctor(&world.html("/warned", &html).await).await;
    assert_eq!(code, 0, "{told}");
    let expected = [
        "not_async",
        "integrity_of_rt_js",
        "target_not_found",
        "target_not_found",
        "unknown_target",
    ];
    assert_eq!(ids(&told, "warning"), expected);

    let held = world.tag("type=text/plain") + "8003569377, 020 7946 0000";
    let (told, code) = doctor(&world.html("/held", &held).await).await;
    assert_eq!((code, ids(&told, "warning")), (0, vec!["inert".to_owned()]), "{told}");

    let html = "<script>j.src='https://www.googletagmanager.com/gtm.js?id='</script>800.356.9377";
    let url = world.html("/managed", html).await;
    let words = ["doctor", &url, "--json", "--key", "pk_three", "--endpoint", base];
    let output = ringtrace(&words).await;
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (output.status.code(), ids(&told, "note")),
        (Some(0), vec!["tag_manager".to_owned()])
    );
    assert_eq!(told["numbers"][0]["written"], "800.356.9377");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_looked_at_is_told_apart() {
    let world = World::start().await;
    let missing = format!("{}/none", world.pages.uri());
    let image = ResponseTemplate::new(200).set_body_raw("GIF89a", "image/gif");
    let image = world.page("/image", image).await;
    let round = ResponseTemplate::new(301).insert_header("location", "/round");
    let round = world.page("/round", round).await;
    let huge = ResponseTemplate::new(200).set_body_raw(vec![b' '; 9 << 20], "text/html");
    let huge = world.page("/huge", huge).await;
    for (url, why) in [
        (missing.as_str(), "404"),
        (image.as_str(), "image/gif"),
        (round.as_str(), "redirects"),
        (huge.as_str(), "larger than 8 MB"),
        ("http://127.0.0.1:9/", "cannot be fetched"),
        ("http://does-not-exist.invalid/", "cannot be fetched"),
        ("ftp://127.0.0.1/", "http://"),
    ] {
        let output = ringtrace(&["doctor", url, "--json"]).await;
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(output.status.code(), Some(2), "{url}: {told}");
        assert!(told["error"].as_str().is_some_and(|error| error.contains(why)), "{url}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_tag_is_right_on_a_page() {
    let world = World::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ringtrace.toml");
    let site = "[[sites]]\nid = \"three\"\nkey = \"pk_three\"\nforward_to = \"+14155550113\"\n";
    let text = format!("{}{site}", world.service.configuration(&["0190"]));
    std::fs::write(&file, text).expect("it is written");
    let config = file.display().to_string();
    let print = async |more: &[&str]| {
        let words = [&["snippet", "--config", &config][..], more].concat();
        ringtrace(&words).await
    };
    let several = print(&[]).await;
    assert!(!several.status.success());
    let said = String::from_utf8_lossy(&several.stderr).into_owned();
    assert!(said.contains("one, two, three"), "{said}");
    let unknown = print(&["--site", "four"]).await;
    assert!(!unknown.status.success());

    let tag = print(&["--site", "three", "--tag-only"]).await;
    let tag = String::from_utf8(tag.stdout).expect("text");
    let url = world.html("/", &format!("{tag}<p>8003569377, 020 7946 0000")).await;
    let (told, code) = doctor(&url).await;
    assert_eq!((code, told["findings"].as_array().map(Vec::len)), (0, Some(0)), "{told}");
    let all = print(&["--site", "three"]).await;
    let all = String::from_utf8(all.stdout).expect("text");
    assert!(all.contains(tag.trim()) && all.contains("/rt.js\" data-key=\"pk_three\""), "{all}");
}
