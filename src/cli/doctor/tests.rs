//! Pages as their servers send them.

use reqwest::header::{CONTENT_SECURITY_POLICY, HeaderMap};
use url::Url;

use super::csp::Policies;
use super::page::Page;

const PAGE: &str = "https://www.example.com/contact/";

fn url(text: &str) -> Url {
    text.parse().expect("an address")
}

fn page(html: &str) -> Page {
    Page::read(html, &url(PAGE))
}

#[test]
fn tags_are_known_by_their_script_or_their_key() {
    let known = |html: &str| -> Vec<(String, String, String)> {
        let found = page(html).tags.iter().map(super::tag::Tag::found).collect::<Vec<_>>();
        found.into_iter().map(|tag| (tag.src, tag.key, tag.endpoint)).collect()
    };
    let one = |src: &str, key: &str, endpoint: &str| {
        vec![(src.to_owned(), key.to_owned(), endpoint.to_owned())]
    };
    let rt = "https://rt.example.com";
    assert_eq!(
        known("<head><script async src=//rt.example.com/rt.js data-key=pk_a></script>"),
        one("https://rt.example.com/rt.js", "pk_a", rt)
    );
    assert_eq!(
        known(
            "<base href='https://rt.example.com/x/'><script src='../rt.0123456789.js' data-site=pk_a>"
        ),
        one("https://rt.example.com/rt.0123456789.js", "pk_a", rt)
    );
    assert_eq!(
        known("<script src=/assets/calls.js data-key=pk_a data-endpoint=https://rt.example.com>"),
        one("https://www.example.com/assets/calls.js", "pk_a", rt)
    );
    assert_eq!(
        known("<script src=https://rt.example.com/rt.js>"),
        one("https://rt.example.com/rt.js", "", rt)
    );
    let behind_a_path = page("<script src=/calls/rt.js data-key=k data-endpoint=/calls/></script>");
    let tag = &behind_a_path.tags[0];
    assert_eq!(tag.found().endpoint, "https://www.example.com/calls");
    assert_eq!(tag.route("/v1/lease").as_str(), "https://www.example.com/calls/v1/lease");
    for other in [
        "<script src=/smart.js></script>",
        "<script src=/rt.json></script>",
        "<script src=/rt.01234.js></script>",
        "<script data-key=pk_a>var a</script>",
        "<script src=/chat.js data-key=x></script>",
        "<!-- <script src=/rt.js data-key=pk_a></script> -->",
        "<textarea><script src=/rt.js data-key=pk_a></script></textarea>",
    ] {
        assert_eq!(known(other), [], "{other}");
    }
}

#[test]
fn lines_are_what_people_read_as_one() {
    let page = page(
        "<title>800</title><body>\
         <p>Call <b>800</b> <a href='tel:1'>555-0100</a>!</p><p>Or write<br>to us</p>\
         <script>800</script><style>800</style><textarea>800</textarea>\
         <div data-ringtrace=ignore>800 <b>1</b></div><div contenteditable>800</div>\
         <div contenteditable=false>seen</div><ul><li>one<li>two</ul>in<div>out</div>\
         <input placeholder='ring 1' title='t'><a href='callto:5'>x</a><a href='/tel:7'>y</a>",
    );
    let lines: Vec<String> =
        page.lines.iter().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected =
        ["Call 800 555-0100!", "Or write", "to us", "seen", "one", "two", "in", "out", "xy"];
    assert_eq!(lines, expected);
    assert_eq!(page.links, ["tel:1", "callto:5"]);
    assert!(page.attributes.contains(&("placeholder".to_owned(), "ring 1".to_owned())));
}

#[test]
fn policies_are_asked_as_browsers_ask_them() {
    let blocked = |header: &str, html: &str| {
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert(CONTENT_SECURITY_POLICY, header.parse().expect("a header"));
        }
        let tag = "<script src=https://rt.example.com/rt.js data-key=pk nonce=abc></script>";
        let page = page(&format!("<head>{html}{tag}"));
        let policies = Policies::of(&url(PAGE), &headers, &page.policies);
        let tag = &page.tags[0];
        let connect = policies.against_connection(&tag.route("/v1/lease"));
        (policies.against_script(tag).is_some(), connect.is_some())
    };
    for (policy, expected) in [
        ("", (false, false)),
        ("default-src 'self'", (true, true)),
        ("default-src 'self' https://rt.example.com", (false, false)),
        ("script-src 'self' rt.example.com", (false, false)),
        ("script-src 'nonce-abc' 'strict-dynamic'; connect-src 'self'", (false, true)),
        ("script-src 'nonce-other'", (true, false)),
        ("connect-src *.example.com; script-src *", (false, false)),
        ("default-src 'none'; connect-src https://rt.example.com", (true, false)),
        ("img-src 'none'", (false, false)),
    ] {
        assert_eq!(blocked(policy, ""), expected, "{policy}");
        let meta = format!("<meta http-equiv=Content-Security-Policy content=\"{policy}\">");
        assert_eq!(blocked("", &meta), expected, "{meta}");
    }
}

#[test]
fn deep_and_broken_pages_are_read_all_the_same() {
    let deep = format!("{}800 555 0100{}", "<div>".repeat(20_000), "</p".repeat(50));
    assert_eq!(page(&deep).lines.len(), 1);
    for garbage in ["", "\u{0}", "<", "<script", "<a href='tel:", "&#x110000;", "<base href='::'>x"]
    {
        page(garbage);
    }
}
