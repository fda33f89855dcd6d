//! Empties the outbox: claims what is due in every shard, delivers, settles, and looks again.
//!
//! Any number of processes may do this on one Redis; claims keep them apart.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::config::Live;
use crate::platform::caller_keys::CallerKeys;
use crate::platform::clock::{Clock, Millis};
use crate::platform::key_file::{KeyFileError, load_or_create};
use crate::platform::keys::Shards;
use crate::platform::redis::StoreError;
use crate::platform::shutdown::ShutdownSignal;
use crate::postback::client::Client;
use crate::postback::delivery::{CLAIM, ClaimClock, Courier, Ended, waiting_ms};
use crate::postback::flights::Flights;
use crate::postback::lanes::{Lane, Lanes, Room};
use crate::postback::model::Verdict;
use crate::postback::people::People;
use crate::postback::queue::Queue;
use crate::postback::store::{Look, Outbox};
use crate::postback::tokens::Tokens;
use crate::visit::client::ClientKey;

/// Longest pause between two looks into the outbox.
const POLL: Duration = Duration::from_millis(500);

/// Time between two prunings, and two readings of the gauges.
const UPKEEP: Duration = Duration::from_secs(15);

/// So many entries in a process are too many: from then on a destination gets only little more than it can be sent at
/// once.
const CROWD: usize = 4_000;

/// Delivers postbacks; cheap to clone.
#[derive(Clone)]
pub struct Deliverer {
    pub(super) courier: Arc<Courier>,
    pub(super) shards: Shards,
    pub(super) clock: Clock,
}

/// Keys that delivery opens and seals with.
#[derive(Clone)]
pub struct DeliveryKeys {
    /// Opens callers' numbers.
    pub callers: CallerKeys,
    /// Opens addresses and user agents; none: they stay sealed.
    pub client: Option<ClientKey>,
    /// Seals access tokens.
    pub tokens: [u8; 32],
}

impl DeliveryKeys {
    /// The keys in `folder`, made the first time.
    pub fn load_or_create(
        folder: &Path,
        callers: CallerKeys,
        client: ClientKey,
    ) -> Result<Self, KeyFileError> {
        let tokens = load_or_create(folder, "tokens.key")?;
        Ok(DeliveryKeys { callers, client: Some(client), tokens })
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

/// What one look into all shards found.
#[derive(Default)]
struct Round {
    /// Lanes of queues that have more that is due, with the moment by their shard's clock.
    held_back: Vec<(Arc<Lane>, ClaimClock)>,
    next_due: Option<Millis>,
    wait: Option<Duration>,
    failure: Option<StoreError>,
}

impl Round {
    /// Whether more can be taken of what is due.
    fn has_room(&self, crowded: bool) -> bool {
        let mut held_back = self.held_back.iter();
        held_back.any(|(lane, clock)| matches!(lane.room(clock.now(), crowded), Room::For(_)))
    }

    fn wake_at(&mut self, due: Millis, now: Millis) {
        let wait = Duration::from_millis(u64::try_from(due.since(now)).unwrap_or(0));
        self.wait = Some(self.wait.map_or(wait, |known| known.min(wait)));
        self.next_due = Some(self.next_due.map_or(due, |known| known.min(due)));
    }
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
            lanes: Lanes::new(waiting_ms(&delivery)),
            people: People::new(redis.clone(), keys.callers, keys.client),
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
        if flights.is_empty() {
            return Ok(round.next_due.map_or(Outcome::Idle, Outcome::NextDueAt));
        }
        let mut tally = Tally::default();
        while let Some(ended) = flights.next().await {
            ended.iter().for_each(|ended| tally.add(ended));
        }
        Ok(Outcome::Settled(tally))
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

    /// Until something may be due, there is room again for what is due, or it is over.
    async fn wait(&self, signal: &mut ShutdownSignal, flights: &mut Flights, round: &Round) {
        let pause = tokio::time::sleep(round.wait.unwrap_or(POLL).min(POLL));
        tokio::pin!(pause);
        while !round.has_room(flights.entries() >= CROWD) {
            tokio::select! {
                () = signal.over() => return,
                () = &mut pause => return,
                Some(_) = flights.next() => {}
            }
        }
    }

    /// Claims what is due in all shards, from the queues whose lanes have room, and starts it.
    async fn start_due(&self, now: Option<Millis>, flights: &mut Flights) -> Round {
        let mut round = Round::default();
        let outbox = &self.courier.outbox;
        let looks = join_all(self.shards.all().map(|shard| outbox.look(shard, now))).await;
        for look in looks {
            let claimed = match look {
                Ok(look) => self.claim_due(look, now, flights, &mut round).await,
                Err(failure) => Err(failure),
            };
            // What is in other shards does not wait for it.
            if let Err(failure) = claimed {
                round.failure = Some(failure);
            }
        }
        round
    }

    async fn claim_due(
        &self,
        look: Look,
        now: Option<Millis>,
        flights: &mut Flights,
        round: &mut Round,
    ) -> Result<(), StoreError> {
        let clock = ClaimClock::starting(look.now);
        for (queue, due) in look.queues {
            if due > look.now {
                round.wake_at(due, look.now);
                continue;
            }
            let lane = self.courier.lane(&self.courier.live.now_full(), &queue);
            match lane.room(clock.now(), flights.entries() >= CROWD) {
                Room::For(room) => {
                    self.claim(&queue, &lane, (now, room.min(CLAIM)), flights, round).await?;
                }
                Room::Full => round.held_back.push((lane, clock)),
                Room::NotBefore(at) => {
                    round.wake_at(at, look.now);
                    round.held_back.push((lane, clock));
                }
            }
        }
        Ok(())
    }

    async fn claim(
        &self,
        queue: &Queue,
        lane: &Arc<Lane>,
        (now, most): (Option<Millis>, usize),
        flights: &mut Flights,
        round: &mut Round,
    ) -> Result<(), StoreError> {
        let claims = self.courier.outbox.claim(queue, now, self.courier.claim_ms(), most).await?;
        let clock = ClaimClock::starting(claims.now);
        match claims.next_due {
            Some(due) if due <= claims.now => round.held_back.push((lane.clone(), clock)),
            Some(due) => round.wake_at(due, claims.now),
            None => {}
        }
        flights.start(&self.courier, lane, claims.entries, clock);
        Ok(())
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
