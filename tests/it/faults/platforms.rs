//! Ad platforms that hang, lie, answer garbage or hang up keep neither pages nor callers waiting, nor each other.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::load::{Load, Platform, page_view, reckon};
use super::{how_many, until};
use crate::support::service::{Plan, Service};

/// What platforms do that never take anything: an answer in full, or nothing more for ever.
const BAD: [(&str, &[u8], bool); 6] = [
    ("hangs", b"", true),
    ("resets", b"", false),
    ("garbage", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xff\xfe\x00garbage\r\n\r\n", false),
    ("breaks-off", b"HTTP/1.1 200 OK\r\nContent-Len", false),
    ("trickles", b"HTTP/1.1 200 OK\r\nX-Slow: ", true),
    ("fails", b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops", false),
];

/// A platform that answers every connection so; its address.
async fn bad_platform(answer: &'static [u8], hangs: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = connection.read(&mut [0; 4096]).await;
                let _ = connection.write_all(answer).await;
                if hangs {
                    tokio::time::sleep(Duration::from_secs(600)).await;
                } else if answer.is_empty() {
                    let _ = connection.set_zero_linger();
                }
            });
        }
    });
    address
}

/// The 99th of a hundred page views by one visitor.
async fn slow_view(service: &Service) -> Duration {
    let mut took = Vec::new();
    let mut session = Value::Null;
    for _ in 0..how_many(200, 2_000) {
        let asked = Instant::now();
        let viewed = page_view(&service.client, &service.base, &session).await;
        let (status, reply) = viewed.expect("an answer");
        assert_eq!(status, 200);
        session = reply["session"].clone();
        took.push(asked.elapsed());
    }
    took.sort_unstable();
    took[took.len() * 99 / 100]
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_platforms_hold_up_neither_pages_nor_calls_nor_each_other() {
    let calls = how_many(60, 600);
    let good = Platform::start().await;
    let mut destinations = good.conversions();
    let mut names = Vec::new();
    for (name, answer, hangs) in BAD {
        let address = bad_platform(answer, hangs).await;
        destinations.push_str(&format!(
            "[[sites.destinations]]\nid = \"{name}\"\nkind = \"url\"\nurl = \"http://{address}/?id={{txid}}\"\n"
        ));
        names.push(format!("\"{name}\""));
    }
    let all = format!("destinations = [\"ads\", {}]", names.join(", "));
    let destinations = destinations.replacen("destinations = [\"ads\"]", &all, 1);
    let service = Service::start(&destinations).await;
    let before = slow_view(&service).await;
    let load = Load::start(Plan { calls: 0..calls, at_a_time: 20, ..service.plan() });
    let seen = load.end().await;
    assert_eq!(seen.errors, [""; 0]);
    // The one that works is told of everything meanwhile.
    reckon(&service, &good, calls).await;
    let during = slow_view(&service).await;
    println!(
        "p99 of a page view {before:?} before, {during:?} while six platforms fail ({:.2} ×)",
        during.as_secs_f64() / before.as_secs_f64()
    );
    assert!(during < before * 4 + Duration::from_millis(50), "{before:?}, {during:?}");
    until("each failure has its words", Duration::from_secs(30), async || {
        for (name, _, _) in BAD {
            let path = format!("/v1/postbacks?destination={name}&limit=200");
            let list = service.json(&path).await.ok_or("no list")?;
            let rows = list["postbacks"].as_array().ok_or("no rows")?;
            if rows.iter().any(|row| row["state"] == "delivered") {
                return Err(format!("{name} took one: {rows:?}"));
            }
            let told = |row: &Value| row["why"].as_str().is_some_and(|why| !why.is_empty());
            if !rows.iter().any(told) {
                return Err(format!("{name} was not tried: {}", rows[0]));
            }
        }
        Ok(())
    })
    .await;
}
