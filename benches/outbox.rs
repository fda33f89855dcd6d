//! Deliveries a second out of the outbox to a receiver on the same machine: claim, request, settlement, ledger entry.
//!
//! `cargo bench --bench outbox` prints the rate of conversions told one by one by URL, with the default lanes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ringtrace::config::Live;
use ringtrace::config::load::load_text;
use ringtrace::platform::clock::{Clock, Millis};
use ringtrace::platform::ids::CallId;
use ringtrace::platform::redis::{Patience, Redis};
use ringtrace::platform::redis_server::RedisServer;
use ringtrace::platform::shutdown::Shutdown;
use ringtrace::postback::model::{ConversionFacts, Postback};
use ringtrace::postback::store::Outbox;
use ringtrace::postback::worker::{Deliverer, DeliveryKeys};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How many are told.
const DELIVERIES: usize = 20_000;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Answers every request on a connection; requests have no body and end with an empty line.
async fn receive(mut connection: TcpStream, heard: Arc<AtomicUsize>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read) = connection.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        let requests = buffer[..read].windows(4).filter(|end| *end == b"\r\n\r\n").count();
        for _ in 0..requests {
            heard.fetch_add(1, Ordering::Relaxed);
            if connection.write_all(OK).await.is_err() {
                return;
            }
        }
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let server = RedisServer::start("redis-server", folder.path()).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, heard) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
    let counter = heard.clone();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(receive(connection, counter.clone()));
        }
    });

    let text = format!(
        "[[sites]]\nid = \"bench\"\nkey = \"pk\"\nforward_to = \"+14155550100\"\n\
         [[sites.destinations]]\nid = \"ads\"\nkind = \"url\"\n\
         url = \"http://{address}/pb?id={{txid}}&value={{value}}\"\n\
         [postback]\nallow_private_targets = true\n"
    );
    let live = Live::new(load_text("bench.toml", &text)?);
    let redis = Redis::standalone(server.url(), Patience::of_workers())?;
    let outbox = Outbox::new(redis);
    let now = Millis::system_now();
    let postbacks: Vec<Postback> = (0..DELIVERIES)
        .map(|_| {
            let call = CallId::new();
            let id = format!("{call}.sale.ads");
            let what = ("bench".parse().expect("an id"), "ads".parse().expect("an id"), call);
            let facts = ConversionFacts { value: Some("25.00".to_owned()), ..Default::default() };
            Postback::new(id, what, "sale".to_owned(), (now, now), facts)
        })
        .collect();
    outbox.enqueue(live.now().shards, &postbacks).await?;

    let deliverer =
        Deliverer::new(live, outbox.clone(), Clock::default(), DeliveryKeys::default())?;
    let shutdown = Shutdown::default();
    let began = Instant::now();
    let running = tokio::spawn(deliverer.run(shutdown.signal()));
    while heard.load(Ordering::Relaxed) < DELIVERIES {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = began.elapsed().as_secs_f64();
    shutdown.begin();
    running.await?;
    println!("{DELIVERIES} deliveries in {took:.2} s: {:.0} a second", DELIVERIES as f64 / took);
    Ok(())
}
