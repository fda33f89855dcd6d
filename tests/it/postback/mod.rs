//! Postbacks: a real Redis, a receiver that answers as it is told, and a clock the tests set.

mod api;
mod delivery;
mod emails;
mod faults;
mod outbox;
mod platforms;
mod service;
mod standin;
mod storm;
mod targets;

use std::time::{Duration, Instant};

use ringtrace::config::Live;
use ringtrace::config::model::{Config, Destination, DestinationKind, UrlTarget, WebhookTarget};
use ringtrace::ledger::model::{Envelope, Event};
use ringtrace::platform::clock::{Clock, Millis};
use ringtrace::platform::ids::{CallId, SiteId};
use ringtrace::platform::keys::Shard;
use ringtrace::platform::redis::{Patience, Redis, StoreError};
use ringtrace::platform::secret::Secret;
use ringtrace::postback::model::{ConversionFacts, Postback, PostbackFact, Verdict};
use ringtrace::postback::store::Outbox;
use ringtrace::postback::worker::{Deliverer, DeliveryKeys, Outcome, Tally};
use ringtrace::visit::model::Consent;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::redis::TestRedis;
use crate::support::{caller_keys, unique_site};

/// A webhook secret of the official vectors.
const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Everything a postback test needs.
struct World {
    redis: TestRedis,
    receiver: MockServer,
    outbox: Outbox,
    live: Live,
    clock: Clock,
    site: SiteId,
}

impl World {
    /// A world with one site, one URL destination `ads` and one webhook `crm` at the receiver, and
    /// a clock that stands still. Private targets are allowed; nothing is answered yet.
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with a changed configuration.
    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let redis = TestRedis::start().await;
        let receiver = MockServer::start().await;
        let site = unique_site();
        let defaults = include_str!("../../../config/ringtrace.toml");
        let sites = format!(
            r#"
            [[sites]]
            id = "{site}"
            key = "pk"
            forward_to = "+14155550100"
            "#
        );
        let mut config: Config =
            toml::from_str(&format!("{defaults}\n{sites}")).expect("a configuration");
        config.postback.allow_private_targets = true;
        config.sites[0].destinations = destinations(&receiver.uri());
        change(&mut config);
        let clock = Clock::default();
        clock.set(Millis::system_now());
        let outbox =
            Outbox::new(Redis::standalone(redis.url(), Patience::of_workers()).expect("a handle"));
        World { redis, receiver, outbox, live: Live::new(config), clock, site }
    }

    fn deliverer(&self) -> Deliverer {
        let keys = DeliveryKeys { callers: caller_keys(), client: None, tokens: [0; 32] };
        Deliverer::new(self.live.clone(), self.outbox.clone(), self.clock.clone(), keys)
            .expect("a deliverer")
    }

    fn shard(&self) -> Shard {
        self.live.now().shards.of(&self.site)
    }

    /// A postback to `destination` with a click id, queued now and given up in 72 hours.
    fn postback(&self, destination: &str) -> Postback {
        let call = CallId::new();
        let now = self.clock.now();
        let id = format!("{call}.qualified.{destination}");
        let destination = destination.parse().expect("a destination id");
        let facts = ConversionFacts {
            click_ids: vec![("gclid".to_owned(), "Cj0abc".to_owned())],
            consent: Consent { analytics: true, ads: true },
            ..ConversionFacts::default()
        };
        let what = (self.site.clone(), destination, call);
        let latest_at = now.plus(72 * 3_600_000);
        Postback { latest_at, ..Postback::new(id, what, "qualified".to_owned(), (now, now), facts) }
    }

    async fn enqueue(&self, postbacks: &[Postback]) -> usize {
        let shards = self.live.now().shards;
        self.outbox.enqueue(shards, postbacks).await.expect("queued")
    }

    /// One round at the set moment.
    async fn round(&self, deliverer: &Deliverer) -> Outcome {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            // A Redis that is back is noticed a tenth of a second later.
            match deliverer.run_once(self.clock.script_arg()).await {
                Err(StoreError::Unavailable(_)) if Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                done => return done.expect("Redis answers"),
            }
        }
    }

    /// One round in which something was due.
    async fn tally(&self, deliverer: &Deliverer) -> Tally {
        match self.round(deliverer).await {
            Outcome::Settled(tally) => tally,
            other => panic!("nothing was due: {other:?}"),
        }
    }

    /// Runs rounds, moving the clock to whatever is due next, until nothing is left.
    async fn drain(&self, deliverer: &Deliverer) {
        for _ in 0..100 {
            match self.round(deliverer).await {
                Outcome::Idle => return,
                Outcome::NextDueAt(at) => self.clock.set(at),
                Outcome::Settled(_) => {}
            }
        }
        panic!("the outbox does not become empty");
    }

    /// The key of every queue with its earliest moment, as the shard's list says.
    async fn queues(&self) -> Vec<(String, i64)> {
        self.scored(&self.shard().outbox_queues()).await
    }

    /// The same as the queues say themselves.
    async fn waiting(&self) -> Vec<(String, i64)> {
        let mut keys = redis::cmd("KEYS");
        keys.arg(format!("{}*", self.shard().outbox_due()));
        let keys: Vec<String> =
            self.redis.handle().command("a test", &keys).await.expect("Redis answers");
        let mut waiting = Vec::new();
        for key in keys {
            let (_, first) = self.scored(&key).await.remove(0);
            waiting.push((key, first));
        }
        waiting.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        waiting
    }

    /// The members of a ZSET with their scores, in order.
    async fn scored(&self, key: &str) -> Vec<(String, i64)> {
        let mut range = redis::cmd("ZRANGE");
        range.arg(key).arg(0).arg(-1).arg("WITHSCORES");
        let all: Vec<(String, f64)> =
            self.redis.handle().command("a test", &range).await.expect("Redis answers");
        all.into_iter().map(|(member, score)| (member, score as i64)).collect()
    }

    fn advance(&self, ms: i64) {
        self.clock.set(self.clock.now().plus(ms));
    }

    /// What the receiver got.
    async fn received(&self) -> Vec<Request> {
        self.receiver.received_requests().await.expect("requests are recorded")
    }

    /// The verdicts in the ledger that ended a postback.
    async fn told(&self) -> Vec<PostbackFact> {
        let mut all = self.all_told().await;
        all.retain(|fact| !matches!(fact.verdict, Verdict::Retry { .. }));
        all
    }

    /// All verdicts in the ledger.
    async fn all_told(&self) -> Vec<PostbackFact> {
        let mut range = redis::cmd("XRANGE");
        range.arg(self.shard().ledger()).arg("-").arg("+");
        let entries: Vec<(String, Vec<(String, String)>)> =
            self.redis.handle().command("the ledger", &range).await.expect("Redis answers");
        let envelopes = entries.into_iter().map(|(_, fields)| {
            let [(field, text)] = fields.as_slice() else { panic!("one field, not {fields:?}") };
            assert_eq!(field, "e");
            serde_json::from_str::<Envelope>(text).expect("an envelope")
        });
        envelopes
            .map(|envelope| match envelope.event {
                Event::Postback(fact) => *fact,
                other => panic!("not a postback: {other:?}"),
            })
            .collect()
    }

    /// Answers everything with `answer`.
    async fn answer_all(&self, answer: ResponseTemplate) {
        Mock::given(any()).respond_with(answer).mount(&self.receiver).await;
    }

    /// Answers the next requests with `answers`, in order.
    async fn answer_in_turn(&self, answers: impl IntoIterator<Item = ResponseTemplate>) {
        for answer in answers {
            Mock::given(any()).respond_with(answer).up_to_n_times(1).mount(&self.receiver).await;
        }
    }
}

/// The URL destination `ads` and the webhook `crm` at `receiver`.
fn destinations(receiver: &str) -> Vec<Destination> {
    let destination =
        |id: &str, kind| Destination { id: id.parse().expect("a destination id"), kind };
    vec![
        destination(
            "ads",
            DestinationKind::Url(UrlTarget {
                url: format!("{receiver}/pb?gclid={{gclid}}&id={{txid}}&token=topsecret"),
                require: vec!["gclid".to_owned()],
                ..UrlTarget::default()
            }),
        ),
        destination(
            "crm",
            DestinationKind::Webhook(WebhookTarget {
                url: format!("{receiver}/hook"),
                secret: Secret::new(WEBHOOK_SECRET),
                ..WebhookTarget::default()
            }),
        ),
    ]
}

/// The stable key of a request to the destination `ads`, which must say the same in header and URL.
fn key_of(request: &Request) -> String {
    let header = request.headers["idempotency-key"].to_str().expect("text").to_owned();
    let (_, query) = request.url.query_pairs().find(|(name, _)| name == "id").expect("an id");
    assert_eq!(header, query);
    header
}
