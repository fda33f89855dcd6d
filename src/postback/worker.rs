//! Empties the outbox: claims what is due in every shard, delivers, settles, and looks again.
//!
//! Any number of processes may do this on one Redis; claims keep them apart.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::config::Live;
use crate::config::model::Destination;
use crate::platform::clock::{Clock, Millis};
use crate::platform::ids::SiteId;
use crate::platform::key_file::{KeyFileError, load_or_create};
use crate::platform::keys::Shards;
use crate::platform::redis::StoreError;
use crate::platform::secret::Secret;
use crate::platform::shutdown::ShutdownSignal;
use crate::postback::attempt::{self, Sending};
use crate::postback::client::Client;
use crate::postback::delivery::{ClaimClock, Courier, Ended, Taken};
use crate::postback::destinations::{Batch, Platform, Purpose, Row};
use crate::postback::lanes::{Lane, Lanes};
use crate::postback::model::{Exchange, Postback, Verdict};
use crate::postback::people::{People, Wanted};
use crate::postback::store::{Claimed, Outbox};
use crate::postback::tokens::Tokens;
use crate::postback::told::Person;
use crate::visit::client::ClientKey;

/// Longest pause between two looks into the outbox.
const POLL: Duration = Duration::from_millis(500);

/// Time between two prunings, and two readings of the gauges.
const UPKEEP: Duration = Duration::from_secs(15);

/// Most entries claimed from one shard at once.
const CLAIM: usize = 500;

/// Most entries that one process holds at a time.
const MOST_IN_FLIGHT: usize = 4_000;

/// Delivers postbacks; cheap to clone.
#[derive(Clone)]
pub struct Deliverer {
    courier: Arc<Courier>,
    shards: Shards,
    clock: Clock,
}

/// Keys that delivery opens and seals with.
#[derive(Clone, Default)]
pub struct DeliveryKeys {
    /// Opens addresses and user agents; none: they stay sealed.
    pub client: Option<ClientKey>,
    /// Seals access tokens.
    pub tokens: [u8; 32],
}

impl DeliveryKeys {
    /// The keys in `folder`, made the first time.
    pub fn load_or_create(folder: &Path, client: ClientKey) -> Result<Self, KeyFileError> {
        let tokens = load_or_create(folder, "tokens.key")?;
        Ok(DeliveryKeys { client: Some(client), tokens })
    }
}

/// What one round did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The outbox is empty.
    Idle,
    /// Nothing is due; the next entry is at this moment.
    NextDueAt(Millis),
    /// Entries were due, and this became of them.
    Settled(Tally),
}

/// How claims ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Taken by the destination, or taken back.
    pub delivered: u32,
    /// Refused for good.
    pub rejected: u32,
    /// Not sent on purpose.
    pub skipped: u32,
    /// To be tried again.
    pub retried: u32,
    /// In the dead set.
    pub gave_up: u32,
    /// Not sent yet: the destination is busy or resting.
    pub postponed: u32,
    /// Handled by somebody else meanwhile, or not settled because Redis failed: the claim runs out.
    pub lost: u32,
}

impl Tally {
    fn add(&mut self, ended: &Ended) {
        *match ended {
            Ended::With(Verdict::Delivered | Verdict::Retracted) => &mut self.delivered,
            Ended::With(Verdict::Rejected { .. }) => &mut self.rejected,
            Ended::With(Verdict::Skipped { .. }) => &mut self.skipped,
            Ended::With(Verdict::Retry { .. }) => &mut self.retried,
            Ended::With(Verdict::GaveUp { .. }) | Ended::Unreadable => &mut self.gave_up,
            Ended::Postponed => &mut self.postponed,
            Ended::Lost => &mut self.lost,
        } += 1;
    }
}

/// Batches on their way, and how many entries they are.
#[derive(Default)]
struct Flights {
    batches: JoinSet<Vec<Ended>>,
    entries: usize,
}

impl Flights {
    /// The next batch that ended.
    async fn next(&mut self) -> Option<Vec<Ended>> {
        let ended = self.batches.join_next().await?.unwrap_or_default();
        self.entries = match self.batches.is_empty() {
            true => 0,
            false => self.entries.saturating_sub(ended.len()),
        };
        Some(ended)
    }
}

/// What one look into all shards found.
#[derive(Default)]
struct Round {
    /// Some shard may have more that is due.
    more: bool,
    next_due: Option<Millis>,
    wait: Option<Duration>,
    failure: Option<StoreError>,
}

impl Deliverer {
    /// A deliverer for the installation that `live` describes. Destinations follow reloads; the
    /// section `postback` is read now and not again.
    pub fn new(
        live: Live,
        outbox: Outbox,
        clock: Clock,
        keys: DeliveryKeys,
    ) -> Result<Self, reqwest::Error> {
        let installation = live.now_full();
        let delivery = installation.config.postback.clone();
        let redis = outbox.redis().clone();
        let courier = Courier {
            client: Client::new(&delivery)?,
            lanes: Lanes::new(delivery.per_destination),
            people: People::new(redis.clone(), keys.client),
            tokens: Tokens::new(redis.clone(), &keys.tokens),
            redis,
            live,
            outbox,
            delivery,
        };
        Ok(Deliverer { courier: Arc::new(courier), shards: installation.shards, clock })
    }

    /// Claims what is due at `now` (`None`: Redis' time), delivers it and waits for the results.
    /// An error means that some shard could not be asked; what was claimed is handled all the same.
    pub async fn run_once(&self, now: Option<Millis>) -> Result<Outcome, StoreError> {
        let mut flights = Flights::default();
        let round = self.start_due(now, &mut flights).await;
        if let Some(failure) = round.failure {
            while flights.next().await.is_some() {}
            return Err(failure);
        }
        if flights.batches.is_empty() {
            return Ok(round.next_due.map_or(Outcome::Idle, Outcome::NextDueAt));
        }
        let mut tally = Tally::default();
        while let Some(ended) = flights.next().await {
            ended.iter().for_each(|ended| tally.add(ended));
        }
        Ok(Outcome::Settled(tally))
    }

    /// Sends one row to `destination` at once, past its queue: for trials.
    pub async fn try_out(
        &self,
        platform: &dyn Platform,
        destination: &Destination,
        row: Row,
        personal: Vec<String>,
        purpose: Purpose,
    ) -> attempt::Outcome {
        let now = self.clock.now();
        // A lane of its own: a trial says nothing of what waits.
        let lane = Lane::new(1);
        let label = destination.id.as_str();
        let sending = Sending {
            platform,
            lane: &lane,
            label,
            mark: label,
            rows: &[row],
            personal: &[personal],
            corrects: false,
            purpose,
            until: now.plus(self.courier.claim_ms()),
        };
        let outcomes = self.courier.send(&sending, ClaimClock::starting(now)).await;
        outcomes.into_iter().next().unwrap_or_else(attempt::Outcome::unsent)
    }

    /// What would be sent of `row`, for people.
    pub fn shown(
        &self,
        platform: &dyn Platform,
        row: &Row,
        personal: Vec<String>,
    ) -> Option<Exchange> {
        let batch = Batch {
            rows: std::slice::from_ref(row),
            corrects: false,
            purpose: Purpose::Count,
            token: Secret::new("unused-token"),
            now: self.clock.now(),
            nonce: "unused".to_owned(),
        };
        let request = platform.request(&batch).ok()?;
        let body = match request.body.is_empty() {
            true => String::new(),
            false => request.redact(&row.body.to_string(), &personal),
        };
        Some(Exchange { request: request.line(), body, status: 0, answer: String::new() })
    }

    /// Who is behind `postback`, as far as `platform` may know.
    pub async fn person_behind(
        &self,
        site: &SiteId,
        postback: &Postback,
        platform: &dyn Platform,
    ) -> Result<Person, StoreError> {
        let traits = platform.traits();
        let wanted = Wanted { caller: traits.caller, client: traits.client };
        let keys = self.shards.keys(site);
        let people = self.courier.people.behind(&keys, &[postback], wanted).await?;
        Ok(people.into_iter().next().unwrap_or_default())
    }

    /// Repeats until `signal`, then lets what is being sent finish (within the shutdown timeout);
    /// what only waited for its turn goes back into the queue.
    pub async fn run(self, mut signal: ShutdownSignal) {
        let mut flights = Flights::default();
        let mut upkeep_at = Instant::now();
        let mut was_down = false;
        while !signal.is_over() {
            let round = self.start_due(self.clock.script_arg(), &mut flights).await;
            match (&round.failure, was_down) {
                (Some(failure), false) => tracing::warn!(error = %failure, "postbacks wait"),
                (None, true) => tracing::info!("postbacks are delivered again"),
                _ => {}
            }
            was_down = round.failure.is_some();
            if !was_down && Instant::now() >= upkeep_at {
                upkeep_at = Instant::now() + UPKEEP;
                self.upkeep().await;
            }
            self.wait(&mut signal, &mut flights, &round).await;
        }

        self.courier.lanes.close();
        let patience = self.courier.live.now().config.server.shutdown_timeout.unsigned_abs();
        let drained = async { while flights.next().await.is_some() {} };
        if tokio::time::timeout(patience, drained).await.is_err() {
            tracing::warn!("some postbacks did not finish in time and will be sent again");
        }
    }

    /// Until something may be due, something finished while more is due, or it is over.
    async fn wait(&self, signal: &mut ShutdownSignal, flights: &mut Flights, round: &Round) {
        let pause = tokio::time::sleep(round.wait.unwrap_or(POLL).min(POLL));
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = signal.over() => return,
                () = &mut pause => return,
                Some(_) = flights.next() => if round.more { return },
            }
        }
    }

    /// Claims what is due in all shards and starts it.
    async fn start_due(&self, now: Option<Millis>, flights: &mut Flights) -> Round {
        let mut round = Round::default();
        for shard in self.shards.all() {
            let room = MOST_IN_FLIGHT.saturating_sub(flights.entries).min(CLAIM);
            if room == 0 {
                round.more = true;
                break;
            }
            let claim_ms = self.courier.claim_ms();
            match self.courier.outbox.claim(shard, now, claim_ms, room).await {
                Ok(claims) => {
                    round.more |= claims.entries.len() == room;
                    if let Some(due) = claims.next_due {
                        let wait = u64::try_from(due.since(claims.now)).unwrap_or(0);
                        let wait = Duration::from_millis(wait);
                        round.wait = Some(round.wait.map_or(wait, |known| known.min(wait)));
                        round.next_due = Some(round.next_due.map_or(due, |known| known.min(due)));
                    }
                    let clock = ClaimClock::starting(claims.now);
                    flights.entries += claims.entries.len();
                    for batch in self.batches(claims.entries, clock, flights) {
                        flights.batches.spawn(handle(self.courier.clone(), batch, clock));
                    }
                }
                Err(failure) => {
                    round.failure = Some(failure);
                    break;
                }
            }
        }
        round
    }

    /// Claimed entries in batches that one request could tell: of one destination, all new ones or all corrections, or
    /// all of one request that is asked about.
    fn batches(
        &self,
        claimed: Vec<Claimed>,
        clock: ClaimClock,
        flights: &mut Flights,
    ) -> Vec<Vec<Taken>> {
        let installation = self.courier.live.now_full();
        let mut alike: BTreeMap<_, Vec<Taken>> = BTreeMap::new();
        for claimed in claimed {
            let Ok(postback) = serde_json::from_str::<Postback>(&claimed.body) else {
                flights.batches.spawn(bury(self.courier.clone(), claimed, clock));
                continue;
            };
            let request = postback.receipt.as_ref().map(|receipt| receipt.request.clone());
            let (site, destination) = (postback.site.clone(), postback.destination.clone());
            let key = (site, destination, postback.corrects.is_some(), request);
            alike.entry(key).or_default().push(Taken { claimed, postback });
        }
        let mut batches = Vec::new();
        for ((site, destination, ..), mut entries) in alike {
            let known = installation
                .site(&site)
                .and_then(|site| site.destinations.iter().find(|known| known.id == destination));
            let most = known.map_or(CLAIM, |known| known.kind.platform().traits().most).max(1);
            while entries.len() > most {
                let rest = entries.split_off(most);
                batches.push(std::mem::replace(&mut entries, rest));
            }
            batches.push(entries);
        }
        batches
    }

    async fn upkeep(&self) {
        let keep = self.courier.delivery.keep.as_millis();
        let keep_ms = i64::try_from(keep).unwrap_or(i64::MAX / 2);
        let (outbox, now) = (&self.courier.outbox, self.clock.script_arg());
        for shard in self.shards.all() {
            if let Err(error) = outbox.prune(shard, now, keep_ms).await {
                tracing::warn!(%error, "settled postbacks were not pruned");
                return;
            }
        }
        match outbox.depth(self.shards).await {
            Ok(depth) => {
                metrics::gauge!("ringtrace_outbox_due").set(depth.due as f64);
                metrics::gauge!("ringtrace_outbox_dead").set(depth.dead as f64);
            }
            Err(error) => tracing::warn!(%error, "the outbox was not counted"),
        }
    }
}

/// A batch in a task of its own: what goes wrong with it stays there.
async fn handle(courier: Arc<Courier>, batch: Vec<Taken>, clock: ClaimClock) -> Vec<Ended> {
    let destination = batch.first().map(|taken| taken.postback.destination.to_string());
    let destination = destination.unwrap_or_default();
    let ended = courier.deliver(batch, clock).await;
    ended.into_iter().map(|(id, ended)| told(&destination, &id, ended)).collect()
}

async fn bury(courier: Arc<Courier>, claimed: Claimed, clock: ClaimClock) -> Vec<Ended> {
    let id = claimed.id.clone();
    let ended = courier.bury(claimed, clock.now()).await;
    vec![told("", &id, ended)]
}

/// Counts and logs how an entry ended.
fn told(destination: &str, id: &str, ended: Result<Ended, StoreError>) -> Ended {
    match ended {
        Ok(ended) => {
            if let Ended::With(verdict) = &ended {
                let (destination, word) = (destination.to_owned(), verdict.word());
                metrics::counter!(
                    "ringtrace_postbacks_total", "destination" => destination, "verdict" => word
                )
                .increment(1);
                tracing::debug!(postback = %id, verdict = word, why = verdict.why(), "settled");
            }
            ended
        }
        Err(error) => {
            tracing::warn!(postback = %id, %error, "a result was not written; it will be sent again");
            Ended::Lost
        }
    }
}
