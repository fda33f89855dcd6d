//! Bodies that nobody sends in earnest, to every route that takes one: refused, never an error of ours, and forgotten.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::how_many;
use crate::support::app::BROWSER;
use crate::support::service::Service;

/// How much memory a service may gain by hearing nonsense.
const MOST_GROWTH: u64 = 20 << 20;

/// Bodies, each with what it is.
fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let nested =
        |open: &str, close: &str, depth| [open.repeat(depth), close.repeat(depth)].concat();
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("nothing", Vec::new()),
        ("spaces", text("  \r\n\t ")),
        ("half an object", text("{\"v\":1,\"key\":")),
        ("an array", text("[]")),
        ("null", text("null")),
        ("two documents", text("{}{}")),
        ("a trailing comma", text("{\"v\":1,}")),
        ("single quotes", text("{'v':1}")),
        ("a comment", text("{\"v\":1}//")),
        ("a name twice", text("{\"v\":1,\"v\":2,\"key\":\"a\",\"key\":\"pk_one\"}")),
        ("NaN", text("{\"v\":NaN}")),
        ("more than there is", text("{\"v\":1e999,\"seq\":-1e999}")),
        ("a long number", [b"{\"v\":".to_vec(), vec![b'9'; 15_000], b"}".to_vec()].concat()),
        ("a million digits", [b"{\"v\":".to_vec(), vec![b'9'; 1_000_000], b"}".to_vec()].concat()),
        ("leading zeros", text("{\"v\":01}")),
        ("half a surrogate", text("{\"v\":\"\\ud800\",\"key\":\"\\udfff\\ud800\"}")),
        ("a bad escape", text("{\"v\":\"\\x00\"}")),
        ("a raw NUL", b"{\"v\":\"\0\"}".to_vec()),
        ("not UTF-8", b"{\"v\":\"\xff\xfe\xc0\x80\"}".to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{\"v\":1}".to_vec()),
        ("UTF-16", "{\"v\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("deep arrays", nested("[", "]", 7_000).into_bytes()),
        ("deep objects", nested("{\"a\":", "}", 2_500).into_bytes()),
        ("deep and open", text(&"[{\"a\":".repeat(2_000))),
        (
            "many names",
            format!(
                "{{{}\"z\":0}}",
                (0..900).map(|n| format!("\"k{n}\":{n},")).collect::<String>()
            )
            .into_bytes(),
        ),
        (
            "other kinds",
            text("{\"v\":{},\"key\":[],\"page\":1,\"seq\":\"x\",\"url\":null,\"session\":true}"),
        ),
        ("a form", text("CallSid=%00&From=%ff%fe&To=%&=&&CallStatus=%F0%9F%A6%80&From=2")),
        ("a form of many", text(&"a=b&".repeat(4_000))),
        (
            "XML",
            text(
                "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>",
            ),
        ),
        ("CSV", text("date,cost\r\n\"unclosed,1\r\n,,,,\r\n=cmd()|'x',1e400\r\n")),
        ("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03garbage".to_vec()),
        ("too large", vec![b'x'; 1_100_000]),
    ]
}

const KINDS: [&str; 4] = [
    "application/json",
    "text/plain;charset=UTF-8",
    "text/csv",
    "application/x-www-form-urlencoded",
];

/// Every documented route that takes a body, with ids of nothing in its path.
async fn routes(service: &Service) -> Vec<(String, String)> {
    let document = service.json("/openapi.json").await.expect("the document");
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in ["post", "put", "patch"] {
            // A backup is no matter of bodies.
            if methods.get(method).is_none() || path.contains("backup") {
                continue;
            }
            let mut filled = path.replace("{provider}", "twilio").replace("{site}", "one");
            filled = filled.replace("{event}", "voice");
            while let Some((before, rest)) = filled.split_once('{') {
                let (_, after) = rest.split_once('}').expect("a closed brace");
                filled = format!("{before}00000000000000000000000000000000{after}");
            }
            routes.push((method.to_uppercase(), filled));
        }
    }
    assert!(routes.len() > 15, "{routes:?}");
    routes
}

fn resident(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid()));
    let status = status.expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its size");
    let kilobytes = line.trim().trim_end_matches("kB").trim();
    kilobytes.parse::<u64>().expect("a number") * 1024
}

/// Sends `bytes` as they are; what came back within two seconds.
async fn raw(service: &Service, bytes: &[u8]) -> String {
    let address = service.base.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let _ = connection.write_all(bytes).await;
    let _ = connection.shutdown().await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(2), connection.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_is_an_error_of_ours_and_none_is_remembered() {
    let limits = ["API_PER_MINUTE", "UNKNOWN_KEYS_PER_MINUTE"];
    let limits = limits.map(|name| format!("RINGTRACE__LIMITS__{name}"));
    let environment: Vec<(&str, &str)> =
        limits.iter().map(|name| (name.as_str(), "1000000")).collect();
    let service = Service::start_with("", &environment).await;
    let routes = routes(&service).await;
    let corpus = corpus();
    let mut sent = 0;
    let mut before = 0;
    for round in 0..how_many(2, 20) {
        for (method, path) in &routes {
            for (nth, (what, body)) in corpus.iter().enumerate() {
                let kind = KINDS[(nth + round) % KINDS.len()];
                let method = method.parse().expect("a method");
                let request = service
                    .client
                    .request(method, format!("{}{path}", service.base))
                    .bearer_auth("rt_admin")
                    .header("content-type", kind)
                    .header("user-agent", BROWSER)
                    .header("origin", "https://www.one.example")
                    .body(body.clone());
                // It may hang up on a body that it does not want to read.
                let Ok(answer) = request.send().await else { continue };
                let status = answer.status().as_u16();
                let case = format!("{path}, {what}, {kind}: {status}");
                assert!(status < 500, "{case}");
                if ["/v1/lease", "/v1/beat"].contains(&path.as_str()) {
                    assert!((400..500).contains(&status), "{case}");
                    assert!(body.len() <= 16_384 || status == 413, "{case}");
                }
                sent += 1;
            }
        }
        if round == 0 {
            before = resident(&service);
        }
    }
    let grown = resident(&service).saturating_sub(before);
    println!("{sent} bodies to {} routes; {} kB more memory", routes.len(), grown / 1024);
    assert!(grown < MOST_GROWTH, "{grown} bytes more");
    let calls = service.calls().await.expect("a list");
    assert!(calls.is_empty(), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_no_http_are_refused_or_hung_up_on() {
    let service = Service::start("").await;
    let head = "POST /v1/lease HTTP/1.1\r\nHost: one\r\nConnection: close\r\n";
    let large = "x".repeat(65_536);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("64 kB of header", format!("{head}X-Large: {large}\r\n\r\n").into_bytes()),
        ("2,000 headers", format!("{head}{}\r\n", "A: b\r\n".repeat(2_000)).into_bytes()),
        ("64 kB of path", format!("GET /{large} HTTP/1.1\r\nHost: one\r\n\r\n").into_bytes()),
        (
            "half a chunk",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nff\r\n{{\"v\":1").into_bytes(),
        ),
        (
            "a chunk of no length",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n").into_bytes(),
        ),
        (
            "a chunk too long to count",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n").into_bytes(),
        ),
        (
            "two lengths",
            format!("{head}Content-Length: 2\r\nContent-Length: 4\r\n\r\n{{}}").into_bytes(),
        ),
        (
            "length and chunks",
            format!("{head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{{}}")
                .into_bytes(),
        ),
        ("less than none", format!("{head}Content-Length: -1\r\n\r\n").into_bytes()),
        ("half a body", format!("{head}Content-Length: 400\r\n\r\n{{\"v\":1").into_bytes()),
        ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("NULs", vec![0; 4_096]),
        ("a bad version", b"GET /healthz HTTP/9.9\r\n\r\n".to_vec()),
        (
            "headers in Latin-1",
            format!("{head}Content-Length: 0\r\nCookie: ")
                .into_bytes()
                .into_iter()
                .chain(*b"\xe9\xff\r\n\r\n")
                .collect(),
        ),
        (
            "an escaped path",
            b"GET /%00%ff/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: one\r\nConnection: close\r\n\r\n"
                .to_vec(),
        ),
    ];
    for (what, bytes) in cases {
        let answer = raw(&service, &bytes).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(refused, "{what}: {answer}");
    }
    assert!(service.json("/v1/sites").await.is_some(), "it serves all the same");
}
