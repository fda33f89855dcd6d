//! The outbox on one machine with its Redis and its receivers: deliveries a second (claim, request, settlement, ledger
//! entry), what a fast destination loses to a slow one, and what a million waiting entries cost.
//!
//! `cargo bench --bench outbox` prints the figures, with the default lanes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use ringtrace::config::Live;
use ringtrace::config::load::load_text;
use ringtrace::platform::caller_keys::CallerKeys;
use ringtrace::platform::clock::{Clock, Millis};
use ringtrace::platform::ids::CallId;
use ringtrace::platform::redis::{Patience, Redis};
use ringtrace::platform::redis_server::RedisServer;
use ringtrace::platform::shutdown::Shutdown;
use ringtrace::platform::signing::SigningKeys;
use ringtrace::postback::model::{ConversionFacts, Postback};
use ringtrace::postback::store::Outbox;
use ringtrace::postback::worker::{Deliverer, DeliveryKeys};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How many are told.
const DELIVERIES: usize = 20_000;
/// How many wait for a destination that takes a second for each.
const SLOW: usize = 10_000;
/// How many wait for a moment that is an hour away.
const WAITING: usize = 1_000_000;
/// How long it is watched what those cost.
const IDLE: Duration = Duration::from_secs(20);

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

type Failure = Box<dyn std::error::Error>;

/// Answers every request on a connection after `pause`; requests have no body and end with an empty line.
async fn receive(mut connection: TcpStream, heard: Arc<AtomicUsize>, pause: Duration) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read) = connection.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        let requests = buffer[..read].windows(4).filter(|end| *end == b"\r\n\r\n").count();
        for _ in 0..requests {
            tokio::time::sleep(pause).await;
            heard.fetch_add(1, Ordering::Relaxed);
            if connection.write_all(OK).await.is_err() {
                return;
            }
        }
    }
}

/// Where a receiver listens, and how much it heard.
async fn receiver(pause: Duration) -> Result<(String, Arc<AtomicUsize>), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, heard) = (listener.local_addr()?.to_string(), Arc::new(AtomicUsize::new(0)));
    let counter = heard.clone();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(receive(connection, counter.clone(), pause));
        }
    });
    Ok((address, heard))
}

/// Postbacks to `destination` that are due at `due`.
fn postbacks(destination: &str, count: usize, due: Millis) -> Result<Vec<Postback>, Failure> {
    let (site, destination) = ("bench".parse()?, destination.parse()?);
    let one = |_| {
        let call = CallId::new();
        let id = format!("{call}.sale.{destination}");
        let facts = ConversionFacts { value: Some("25.00".to_owned()), ..Default::default() };
        let what = (Clone::clone(&site), Clone::clone(&destination), call);
        Postback::new(id, what, "sale".to_owned(), (due, due), facts)
    };
    Ok((0..count).map(one).collect())
}

/// CPU time (s) that a process has used: fields 14 and 15 of `/proc/<pid>/stat`, at 100 ticks a second.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks =
        after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

struct Bench {
    server: RedisServer,
    live: Live,
    outbox: Outbox,
    heard: Arc<AtomicUsize>,
}

impl Bench {
    /// How long it takes until the fast destination was told of `count`.
    async fn deliver(&self, count: usize) -> Result<f64, Failure> {
        let fast = postbacks("fast", count, Millis::system_now())?;
        self.outbox.enqueue(self.live.now().shards, &fast).await?;
        let (began, before) = (Instant::now(), self.heard.load(Ordering::Relaxed));
        let (running, shutdown) = self.start()?;
        while self.heard.load(Ordering::Relaxed) < before + count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let took = began.elapsed().as_secs_f64();
        shutdown.begin();
        running.await?;
        Ok(took)
    }

    fn start(&self) -> Result<(tokio::task::JoinHandle<()>, Shutdown), Failure> {
        let callers = CallerKeys::new(SigningKeys::from_master(&[0; 32]), &[[0; 32]]);
        let keys = DeliveryKeys { callers, client: None, tokens: [0; 32] };
        let deliverer =
            Deliverer::new(self.live.clone(), self.outbox.clone(), Clock::default(), keys)?;
        let shutdown = Shutdown::default();
        Ok((tokio::spawn(deliverer.run(shutdown.signal())), shutdown))
    }

    /// Prints what share of a core this process and Redis use while nothing is sent but what waits for the slow one.
    async fn say_idle(&self, what: &str) -> Result<(), Failure> {
        let redis = self.server.pid().unwrap_or_default();
        let (running, shutdown) = self.start()?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = (cpu(std::process::id()), cpu(redis));
        tokio::time::sleep(IDLE).await;
        let after = (cpu(std::process::id()), cpu(redis));
        shutdown.begin();
        running.await?;
        let share = |before: f64, after: f64| 100.0 * (after - before) / IDLE.as_secs_f64();
        let (own, redis) = (share(before.0, after.0), share(before.1, after.1));
        println!("idle with {what}: {own:.1} % and {redis:.1} % of a core (Redis)");
        Ok(())
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let server = RedisServer::start("redis-server", folder.path()).await?;
    let (fast, heard) = receiver(Duration::ZERO).await?;
    let (slow, _) = receiver(Duration::from_secs(1)).await?;
    let destination = |id: &str, address: &str| {
        format!(
            "[[sites.destinations]]\nid = \"{id}\"\nkind = \"url\"\n\
             url = \"http://{address}/pb?id={{txid}}&value={{value}}\"\n"
        )
    };
    let text = format!(
        "[[sites]]\nid = \"bench\"\nkey = \"pk\"\nforward_to = \"+14155550100\"\n{}{}\
         [postback]\nallow_private_targets = true\n",
        destination("fast", &fast),
        destination("slow", &slow),
    );
    let live = Live::new(load_text("bench.toml", &text)?);
    let outbox = Outbox::new(Redis::standalone(server.url(), Patience::of_workers())?);
    let bench = Bench { server, live, outbox, heard };

    bench.say_idle("an empty outbox").await?;
    let took = bench.deliver(DELIVERIES).await?;
    println!("{DELIVERIES} deliveries in {took:.2} s: {:.0} a second", DELIVERIES as f64 / took);

    let alone = bench.deliver(DELIVERIES / 4).await?;
    let shards = bench.live.now().shards;
    // They are due before everything else.
    let before = Millis::system_now().plus(-60_000);
    bench.outbox.enqueue(shards, &postbacks("slow", SLOW, before)?).await?;
    let beside = bench.deliver(DELIVERIES / 4).await?;
    println!(
        "{} deliveries in {alone:.2} s alone, in {beside:.2} s behind {SLOW} to a destination that takes 1 s for each",
        DELIVERIES / 4
    );

    bench.say_idle("the rest of that slow queue").await?;
    let later = Millis::system_now().plus(3_600_000);
    let began = Instant::now();
    for _ in 0..WAITING / 1_000 {
        let some = postbacks("fast", 1_000, later)?;
        try_join_all(some.chunks(20).map(|few| bench.outbox.enqueue(shards, few))).await?;
    }
    println!("{WAITING} entries queued in {:.1} s", began.elapsed().as_secs_f64());
    bench.say_idle(&format!("the same and {WAITING} that wait for an hour")).await?;
    Ok(())
}
