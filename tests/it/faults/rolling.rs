//! Two processes on one Redis behind a balancer are restarted one after the other under load: nobody gets an error.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::load::{Load, Platform, all_listed, all_told};
use super::{how_many, until};
use crate::support::servers::Server;
use crate::support::service::{Plan, Service};

/// How often the balancer looks at each process.
const LOOK: Duration = Duration::from_millis(100);

/// How long a process goes on serving when it is told to end: for many looks, since a busy machine may be late with some.
const DRAIN: &str = "3s";

/// One process as the balancer knows it.
struct Backend {
    address: String,
    is_ready: AtomicBool,
    served: AtomicUsize,
}

/// A balancer of TCP connections that sends them in turn to whoever is ready.
struct Balancer {
    base: String,
    listener: Option<TcpListener>,
}

impl Balancer {
    async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        Balancer { base, listener: Some(listener) }
    }

    fn serve(&mut self, services: &[&Service]) -> Arc<[Backend]> {
        let backend = |service: &&Service| Backend {
            address: service.base.trim_start_matches("http://").to_owned(),
            is_ready: AtomicBool::new(true),
            served: AtomicUsize::new(0),
        };
        let backends: Arc<[Backend]> = services.iter().map(backend).collect();
        let listener = self.listener.take().expect("it serves once");
        tokio::spawn(look_at(backends.clone()));
        let all = backends.clone();
        tokio::spawn(async move {
            let mut turn = 0;
            while let Ok((mut inside, _)) = listener.accept().await {
                turn += 1;
                let ready: Vec<usize> = (0..all.len())
                    .filter(|nth| all[*nth].is_ready.load(Ordering::Relaxed))
                    .collect();
                let Some(nth) = ready.get(turn % ready.len().max(1)).copied() else { continue };
                let all = all.clone();
                tokio::spawn(async move {
                    all[nth].served.fetch_add(1, Ordering::Relaxed);
                    let Ok(mut outside) = TcpStream::connect(&all[nth].address).await else {
                        return;
                    };
                    let _ = copy_bidirectional(&mut inside, &mut outside).await;
                });
            }
        });
        backends
    }
}

async fn look_at(backends: Arc<[Backend]>) {
    let client =
        ringtrace::platform::tls::client_builder().timeout(LOOK * 5).build().expect("a client");
    loop {
        for backend in backends.iter() {
            let asked = client.get(format!("http://{}/readyz", backend.address)).send().await;
            let is_ready = match asked {
                Ok(answer) => answer.status() == 200,
                // On a busy machine an answer may be late; only what is told, or refused, says that nobody is there.
                Err(error) if error.is_timeout() => continue,
                Err(_) => false,
            };
            backend.is_ready.store(is_ready, Ordering::Relaxed);
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_are_restarted_in_turn_and_nobody_gets_an_error() {
    let (calls, rounds) = (how_many(160, 1_000), how_many(1, 10));
    let redis = Server::start(&[]).await;
    let platform = Platform::start().await;
    let mut balancer = Balancer::bind().await;
    let (url, base) = (redis.url(), balancer.base.clone());
    let environment = [
        ("RINGTRACE__REDIS__URL", url.as_str()),
        ("RINGTRACE__SERVER__PUBLIC_URL", base.as_str()),
        ("RINGTRACE__SERVER__DRAIN", DRAIN),
        // A busy machine must not look like a restart.
        ("RINGTRACE__REDIS__RESPONSE_TIMEOUT", "1s"),
        ("RINGTRACE__REDIS__CONNECTION_TIMEOUT", "1s"),
    ];
    let first = Service::start_with(&platform.conversions(), &environment).await;
    let mut second = Service::prepared(&platform.conversions(), &environment);
    second.share_keys_of(&first);
    second.start_again().await;
    let mut services = [first, second];
    let backends = balancer.serve(&[&services[0], &services[1]]);

    let load = Load::start(Plan {
        base: base.clone(),
        signed_for: base,
        calls: 0..calls,
        at_a_time: 40,
        pause: Duration::from_millis(600),
        may_die: false,
    });
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        load.reached(0.05 + 0.8 * round as f64 / rounds as f64).await;
        for (nth, service) in services.iter_mut().enumerate() {
            let told = Instant::now();
            service.end().await;
            longest = longest.max(told.elapsed());
            service.start_again().await;
            until("the balancer sees it", Duration::from_secs(10), async || {
                let is_ready = backends[nth].is_ready.load(Ordering::Relaxed);
                if is_ready { Ok(()) } else { Err(format!("{nth} is away")) }
            })
            .await;
        }
    }
    let seen = load.end().await;
    let served = backends.iter().map(|backend| backend.served.load(Ordering::Relaxed));
    println!(
        "{} restarts, each ended within {longest:?}; connections {:?}; webhooks within {:?}, pages within {:?}",
        2 * rounds,
        served.collect::<Vec<_>>(),
        seen.slowest_webhook,
        seen.slowest_view,
    );
    assert_eq!(seen.errors, [""; 0]);
    assert_eq!(seen.fallbacks(), 0, "every page got its number");
    all_listed(&services[0], calls).await;
    all_told(&platform, calls).await;
}
