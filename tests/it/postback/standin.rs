//! An ad platform that misbehaves in every way and keeps its own record: by key, it takes or refuses each conversion once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Longest head of a request.
const LONGEST: usize = 16 * 1024;

/// What the platform did with each key.
#[derive(Default)]
pub struct Record {
    pub taken: HashSet<String>,
    pub refused: HashSet<String>,
    pub asked: u64,
}

/// How one request is answered.
#[derive(Clone, Copy)]
enum Answer {
    /// With this status and headers.
    Status(u16, &'static str),
    /// Nothing for longer than anybody waits, then 200.
    Late,
    /// The connection is reset.
    Reset,
    /// 200, a byte now and then.
    Trickle,
    /// Bytes that are no HTTP.
    Garbage,
    /// 200, and less body than it promised.
    Half,
}

/// A platform that takes GETs with `id` in their query.
pub struct StandIn {
    /// `http://127.0.0.1:<port>`
    pub base: String,
    pub record: Arc<Mutex<Record>>,
}

impl StandIn {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let record = Arc::<Mutex<Record>>::default();
        let kept = record.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, kept.clone()));
            }
        });
        StandIn { base, record }
    }
}

/// A number that looks random and is the same for the same key and try.
pub fn dice(key: &str, nth: u64) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325 ^ nth.wrapping_mul(0x9e37_79b9), |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }) >> 17
}

/// Takes, refuses for good, or fails in all its ways; a key that it has is taken again without counting.
fn misbehave(record: &Mutex<Record>, key: String) -> Answer {
    let mut record = record.lock().expect("nobody panicked");
    record.asked += 1;
    if dice(&key, 0).is_multiple_of(20) {
        record.refused.insert(key);
        return Answer::Status(422, "");
    }
    let (takes, answer) = match dice(&key, record.asked) % 100 {
        0..3 => (false, Answer::Status(500, "")),
        3 => (false, Answer::Status(429, "Retry-After: 1\r\n")),
        4..6 => (false, Answer::Status(503, "")),
        6..8 => (false, Answer::Reset),
        8 => (false, Answer::Garbage),
        // It takes it, and whoever told it does not hear so.
        9..11 => (true, Answer::Late),
        11..13 => (true, Answer::Trickle),
        13..15 => (true, Answer::Reset),
        15 => (true, Answer::Half),
        _ => (true, Answer::Status(200, "")),
    };
    if takes {
        record.taken.insert(key);
    }
    answer
}

/// The key of a request, which header and query must both say.
fn key_of(head: &str) -> String {
    let id = |rest: &str| rest.split(['&', ' ']).next().unwrap_or_default().to_owned();
    let query = head.lines().next().and_then(|line| line.split_once("id=")).map(|(_, rest)| rest);
    let header = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("idempotency-key").then(|| value.trim().to_owned())
    });
    let queried = query.map(id).expect("an id in the query");
    assert_eq!(header.as_ref(), Some(&queried), "{head}");
    queried
}

/// The next head of a request on `connection`; `None` when there is none.
async fn head(connection: &mut TcpStream, pending: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = pending.windows(4).position(|end| end == b"\r\n\r\n") {
            let head: Vec<u8> = pending.drain(..end + 4).collect();
            return Some(String::from_utf8_lossy(&head).into_owned());
        }
        let mut some = [0; 4096];
        let read = connection.read(&mut some).await.ok().filter(|read| *read > 0)?;
        pending.extend(&some[..read]);
        assert!(pending.len() < LONGEST, "a head without end");
    }
}

async fn serve(mut connection: TcpStream, record: Arc<Mutex<Record>>) {
    let mut pending = Vec::new();
    while let Some(head) = head(&mut connection, &mut pending).await {
        let answer = misbehave(&record, key_of(&head));
        if !answer.write(&mut connection).await {
            return;
        }
    }
}

impl Answer {
    /// Whether the connection serves on.
    async fn write(self, connection: &mut TcpStream) -> bool {
        let plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        match self {
            Answer::Status(status, headers) => {
                let answer =
                    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: 4\r\n\r\noops");
                connection.write_all(answer.as_bytes()).await.is_ok()
            }
            Answer::Late => {
                tokio::time::sleep(Duration::from_secs(3)).await;
                connection.write_all(plain.as_bytes()).await.is_ok()
            }
            Answer::Reset => {
                let _ = connection.set_zero_linger();
                false
            }
            Answer::Trickle => {
                for byte in plain.bytes() {
                    if connection.write_all(&[byte]).await.is_err() {
                        return false;
                    }
                    tokio::time::sleep(Duration::from_millis(40)).await;
                }
                true
            }
            Answer::Garbage => {
                let _ = connection.write_all(b"\x15\x03\x01\0\x02\x02\x50\r\n\r\n").await;
                false
            }
            Answer::Half => {
                let half = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nok";
                let _ = connection.write_all(half.as_bytes()).await;
                false
            }
        }
    }
}
