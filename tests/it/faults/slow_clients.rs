//! A thousand clients that send a byte now and then hold nobody else up, and are sent away in the end.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::load::page_view;
use crate::support::service::Service;

const CLIENTS: usize = 1_000;

/// What an ordinary page may wait meanwhile on a machine with much else to do.
const SOON: Duration = Duration::from_secs(1);

/// Sends `head` and then a byte a second, until it is answered or hung up on; what it was answered.
async fn drip(address: String, head: &'static str) -> String {
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    if connection.write_all(head.as_bytes()).await.is_err() {
        return String::new();
    }
    let (mut answers, mut sends) = connection.into_split();
    let mut answer = String::new();
    let mut read = std::pin::pin!(answers.read_to_string(&mut answer));
    loop {
        tokio::select! {
            _ = &mut read => break,
            () = tokio::time::sleep(Duration::from_secs(1)) => {
                let _ = sends.write_all(b"x").await;
            }
        }
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_slow_clients_hold_nobody_up_and_are_sent_away() {
    let service = Service::start("").await;
    let address = service.base.trim_start_matches("http://").to_owned();
    let began = Instant::now();
    let mut clients = JoinSet::new();
    // Half of them never end their headers, the others never their body.
    let heads = [
        "POST /v1/lease HTTP/1.1\r\nHost: one\r\nX-Slow: ",
        "POST /v1/lease HTTP/1.1\r\nHost: one\r\nConnection: close\r\nContent-Length: 16000\r\n\r\n{",
    ];
    for nth in 0..CLIENTS {
        let address = address.clone();
        let head = heads[nth % 2];
        clients.spawn(async move { (nth % 2, drip(address, head).await) });
    }
    let (mut slowest, mut views) = (Duration::ZERO, 0);
    let mut answers = [Vec::new(), Vec::new()];
    while !clients.is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "{} are still there", clients.len());
        while let Some(Ok((kind, answer))) = clients.try_join_next() {
            answers[kind].push(answer);
        }
        let asked = Instant::now();
        let (status, _) = page_view(&service.client, &service.base, &Value::Null)
            .await
            .expect("ordinary visitors are answered");
        assert_eq!(status, 200);
        (slowest, views) = (slowest.max(asked.elapsed()), views + 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "{CLIENTS} slow clients were gone after {:?}; {views} pages meanwhile, the slowest within {slowest:?}",
        began.elapsed()
    );
    assert!(slowest < SOON, "{slowest:?}");
    for (kind, answers) in answers.iter().enumerate() {
        assert_eq!(answers.len(), CLIENTS / 2);
        for answer in answers {
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{kind}: {answer}");
        }
    }
    assert!(answers[1].iter().any(|answer| answer.contains("\"id\":\"too_slow\"")));
}
