//! Some claimed entries of one destination, from claim to settlement.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use crate::config::model::{Destination, PostbackDelivery, Site};
use crate::config::{Installation, Live};
use crate::platform::clock::Millis;
use crate::platform::redis::{Redis, StoreError};
use crate::postback::attempt::Sending;
use crate::postback::client::Client;
use crate::postback::destinations::eligible::{earliest, eligible};
use crate::postback::destinations::{Platform, Purpose, Row};
use crate::postback::fate::Outcome;
use crate::postback::gone;
use crate::postback::health::Admission;
use crate::postback::lanes::{Lane, Lanes, Width};
use crate::postback::model::{Postback, Skip, SkipReason, Verdict};
use crate::postback::once;
use crate::postback::people::{People, Wanted};
use crate::postback::queue::Queue;
use crate::postback::retry::BackOff;
use crate::postback::settle::{Decision, Waits, conclude, settlement};
use crate::postback::store::{Claimed, Move, Outbox, to_json};
use crate::postback::tokens::Tokens;
use crate::postback::told::{Person, Told};

/// How long a destination that refuses our credentials is left alone, at most.
const REFUSED_PAUSE_MS: i64 = 15 * 60_000;

/// What a claim lasts longer than all its waiting and sending may take.
const CLAIM_MARGIN_MS: i64 = 10_000;

/// Requests at a time to a platform that takes many conversions with each.
const BATCHES_AT_A_TIME: usize = 2;

/// Batches at a time of what needs only its verdict.
const VERDICTS_AT_A_TIME: usize = 2;

/// Most entries claimed from one queue at once.
pub(super) const CLAIM: usize = 500;

/// Delivers claimed entries.
pub struct Courier {
    /// The configuration; a destination that was removed meanwhile skips its postbacks.
    pub live: Live,
    /// Where settlements go.
    pub outbox: Outbox,
    /// What sends.
    pub client: Client,
    /// The lanes of all destinations.
    pub lanes: Lanes,
    /// Who is behind conversions.
    pub people: People,
    /// Access tokens.
    pub tokens: Tokens,
    /// Where it is kept what is told once.
    pub redis: Redis,
    /// Time-outs and back-off, as they were when the program started.
    pub delivery: PostbackDelivery,
}

/// The clock of a claim: the moment Redis gave, and what passed since.
#[derive(Clone, Copy, Debug)]
pub struct ClaimClock {
    claimed_at: Millis,
    since: Instant,
}

impl ClaimClock {
    /// A clock that says `claimed_at` now.
    pub fn starting(claimed_at: Millis) -> Self {
        ClaimClock { claimed_at, since: Instant::now() }
    }

    /// The moment it is.
    pub fn now(&self) -> Millis {
        self.claimed_at.plus(i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

/// How the handling of one claim ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a verdict that was written down.
    With(Verdict),
    /// Nothing was sent, or what became of it is asked later.
    Postponed,
    /// Somebody else had settled or claimed it meanwhile; nothing was changed.
    Lost,
    /// It cannot be read; it is in the dead set.
    Unreadable,
}

/// A claimed entry that was read.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The claim.
    pub claimed: Claimed,
    /// What is to be told.
    pub postback: Postback,
}

/// Entries on their way through the questions that are asked of each; what is decided leaves.
struct Batch {
    open: Vec<Taken>,
    decided: Vec<(Taken, Decision)>,
}

impl Batch {
    /// Asks `question` of every entry that is still open; an answer decides it.
    fn decide(&mut self, mut question: impl FnMut(&Postback) -> Option<Decision>) {
        for taken in std::mem::take(&mut self.open) {
            match question(&taken.postback) {
                Some(decision) => self.decided.push((taken, decision)),
                None => self.open.push(taken),
            }
        }
    }

    fn postpone(&mut self, at: Millis) {
        self.decide(|_| Some(Decision::Postpone(at)));
    }

    fn postbacks(&self) -> Vec<&Postback> {
        self.open.iter().map(|taken| &taken.postback).collect()
    }
}

impl Courier {
    /// How long a claim must last: the waiting in a lane, then the sending.
    pub fn claim_ms(&self) -> i64 {
        waiting_ms(&self.delivery).saturating_add(self.timeout_ms()) + CLAIM_MARGIN_MS
    }

    pub(super) fn timeout_ms(&self) -> i64 {
        timeout_ms(&self.delivery)
    }

    /// The lane of `queue`: as wide as its destination can be sent to, where it is configured.
    pub fn lane(&self, installation: &Installation, queue: &Queue) -> Arc<Lane> {
        let destination = queue.to.as_ref().and_then(|(site, destination)| {
            let site = installation.site(site)?;
            site.destinations.iter().find(|known| known.id == *destination)
        });
        let most = destination.map(|known| known.kind.platform().traits().most);
        let width = match (most, self.delivery.per_destination) {
            (None, _) => Width::new(VERDICTS_AT_A_TIME, CLAIM),
            (Some(0..=1), at_a_time) => Width::new(at_a_time, 1),
            (Some(most), at_a_time) => {
                Width::new(at_a_time.min(BATCHES_AT_A_TIME), most.min(CLAIM))
            }
        };
        self.lanes.lane(queue, width)
    }

    pub(super) fn refused_pause_ms(&self) -> i64 {
        BackOff::configured(&self.delivery).max_ms.min(REFUSED_PAUSE_MS)
    }

    /// Puts an entry that cannot be read into the dead set.
    pub async fn bury(&self, claimed: Claimed, at: Millis) -> Result<Ended, StoreError> {
        tracing::error!(id = %claimed.id, "a postback cannot be read and goes to the dead set");
        let body = claimed.body.clone();
        self.outbox.settle(&claimed, &Move::Dead { at, body, ledger: String::new() }).await?;
        Ok(Ended::Unreadable)
    }

    /// Delivers entries of one claim that are alike ([`crate::postback::worker`]) and settles them; `lane` is that of
    /// their queue. When Redis cannot be
    /// told a result, the claim runs out and the postback is sent again with the same id.
    pub async fn deliver(
        &self,
        lane: &Lane,
        entries: Vec<Taken>,
        clock: ClaimClock,
    ) -> Vec<(String, Result<Ended, StoreError>)> {
        let mut batch = Batch { open: entries, decided: Vec::new() };
        let installation = self.live.now_full();
        if let Err(error) = self.decide(&installation, lane, &mut batch, clock).await {
            tracing::warn!(%error, "postbacks wait");
            batch.postpone(clock.now());
        }
        // What nobody decided on is nobody's fault.
        batch.postpone(clock.now());
        let settled = batch.decided.into_iter().map(async |(taken, decision)| {
            let id = taken.claimed.id.clone();
            (id, self.settle(&installation, taken, decision, clock.now()).await)
        });
        join_all(settled).await
    }

    async fn settle(
        &self,
        installation: &Installation,
        taken: Taken,
        decision: Decision,
        now: Millis,
    ) -> Result<Ended, StoreError> {
        let Taken { claimed, postback } = taken;
        let ledger = String::new();
        let (to, ended) = match decision {
            Decision::Postpone(at) => {
                (Move::Later { at, body: to_json(&postback)?, ledger }, Ended::Postponed)
            }
            Decision::Await(postback, at) => {
                (Move::Later { at, body: to_json(&*postback)?, ledger }, Ended::Postponed)
            }
            Decision::Settle(postback, verdict) => {
                let lets_go = matches!(
                    verdict,
                    Verdict::Rejected { .. } | Verdict::Skipped { .. } | Verdict::GaveUp { .. }
                );
                if lets_go {
                    let keys = installation.shards.keys(&postback.site);
                    once::let_go(&self.redis, &keys, &postback).await?;
                }
                (settlement(*postback, &verdict, now)?, Ended::With(verdict))
            }
        };
        if self.outbox.settle(&claimed, &to).await? { Ok(ended) } else { Ok(Ended::Lost) }
    }

    async fn decide(
        &self,
        installation: &Installation,
        lane: &Lane,
        batch: &mut Batch,
        clock: ClaimClock,
    ) -> Result<(), StoreError> {
        batch.decide(|postback| postback.withheld.clone().map(|withheld| skip(postback, withheld)));
        let Some((site, destination)) = batch.open.first().and_then(|taken| {
            let site = installation.site(&taken.postback.site)?;
            let of = |known: &&Destination| known.id == taken.postback.destination;
            Some((site, site.destinations.iter().find(of)?))
        }) else {
            let removed = "the destination is no longer configured";
            batch.decide(|found| Some(skip(found, Skip::new(SkipReason::Misconfigured, removed))));
            return Ok(());
        };
        let platform = destination.kind.platform();
        let platform = platform.as_ref();
        let traits = platform.traits();
        let now = clock.now();
        batch.decide(|postback| before_all(postback, traits.at_most_once, now));
        if batch.open.is_empty() {
            return Ok(());
        }

        let Some(_turn) = lane.turn().await else {
            batch.postpone(clock.now());
            return Ok(());
        };
        let people = self.open(installation, site, platform, batch, clock).await?;
        let (mark, keys) = (gone::mark(destination), installation.shards.keys(&site.id));
        let told_of = (&destination.id, lane);
        gone::recall(&self.redis, &keys, told_of, &mark).await?;
        match lane.health(|health| health.admit(&mark, clock.now(), self.timeout_ms())) {
            Admission::Go => {}
            Admission::NotBefore(at) => {
                batch.postpone(at);
                return Ok(());
            }
            Admission::Gone => {
                let why = "the destination said that it is gone (410)";
                batch
                    .decide(|found| Some(skip(found, Skip::new(SkipReason::DestinationGone, why))));
                return Ok(());
            }
        }
        let outcomes = self.outcomes(platform, lane, &mark, batch, &people, clock).await?;
        // What was told is settled all the same; without this it is asked once more after a restart.
        if let Err(error) = gone::remember(&self.redis, &keys, told_of, &mark).await {
            tracing::warn!(%error, destination = %destination.id, "that it is gone is not remembered");
        }
        let mut outcomes = outcomes.into_iter();
        let now = clock.now();
        batch.decide(|postback| {
            let outcome = outcomes.next()?;
            let waits = Waits {
                back_off: BackOff::configured(&self.delivery),
                refused_ms: self.refused_pause_ms(),
                draw: rand::random(),
            };
            Some(conclude(postback.clone(), outcome, waits, now))
        });
        Ok(())
    }

    /// Opens who is behind the entries, and decides on those that are nothing for the platform, or not yet. Answers the
    /// people behind those that are left.
    async fn open(
        &self,
        installation: &Installation,
        site: &Site,
        platform: &dyn Platform,
        batch: &mut Batch,
        clock: ClaimClock,
    ) -> Result<Vec<Person>, StoreError> {
        let traits = platform.traits();
        let keys = installation.shards.keys(&site.id);
        let wanted = Wanted::from(&traits);
        let found = self.people.behind(&keys, &batch.postbacks(), wanted).await?;
        let mut firsts = Vec::with_capacity(found.len());
        for taken in &batch.open {
            let keep = site.caller_look_back;
            firsts.push(once::take(&self.redis, &keys, &taken.postback, keep).await?);
        }
        let now = clock.now();
        let mut people = Vec::with_capacity(found.len());
        let mut known = found.into_iter().zip(firsts);
        batch.decide(|postback| {
            let (person, is_first) = known.next()?;
            let told = Told { postback, person: &person };
            if postback.receipt.is_none() {
                if !is_first {
                    let why = "the same caller or click was told before";
                    return Some(skip(postback, Skip::new(SkipReason::Duplicate, why)));
                }
                if let Err(wrong) = eligible(platform, &told, now) {
                    return Some(skip(postback, wrong));
                }
                let at = earliest(&traits, &told);
                if at > now {
                    return Some(Decision::Postpone(at));
                }
            }
            people.push(person);
            None
        });
        Ok(people)
    }

    async fn outcomes(
        &self,
        platform: &dyn Platform,
        lane: &Lane,
        mark: &str,
        batch: &mut Batch,
        people: &[Person],
        clock: ClaimClock,
    ) -> Result<Vec<Outcome>, StoreError> {
        let told = |(taken, person): (&Taken, &Person)| {
            let told = Told { postback: &taken.postback, person };
            let row = Row { id: taken.postback.id.clone(), body: platform.row(&told) };
            (row, told.personal())
        };
        if batch.open.first().is_some_and(|first| first.postback.receipt.is_none())
            && platform.traits().at_most_once
            && !self.mark(batch).await?
        {
            // Somebody else has some of them now; who that is will say.
            batch.postpone(clock.now());
        }
        let Some(first) = batch.open.first() else { return Ok(Vec::new()) };
        let (rows, personal): (Vec<Row>, Vec<Vec<String>>) =
            batch.open.iter().zip(people).map(told).unzip();
        let sending = Sending {
            platform,
            lane,
            label: first.postback.destination.as_str(),
            mark,
            rows: &rows,
            personal: &personal,
            corrects: first.postback.corrects.is_some(),
            purpose: Purpose::Count,
            until: first.claimed.until,
        };
        if let Some(receipt) = &first.postback.receipt {
            let receipts = batch.open.iter().filter_map(|taken| taken.postback.receipt.as_ref());
            let places: Vec<usize> = receipts.map(|receipt| receipt.row).collect();
            return Ok(self.ask(&sending, (&receipt.request, &places), clock).await);
        }
        Ok(self.send(&sending, clock).await)
    }

    /// Notes that the entries may have been sent from now on; `false` when some claim was lost.
    async fn mark(&self, batch: &Batch) -> Result<bool, StoreError> {
        let Some(first) = batch.open.first() else { return Ok(true) };
        let marked = batch.open.iter().map(|taken| {
            let marked = Postback { in_doubt: true, ..taken.postback.clone() };
            Ok((taken.claimed.id.clone(), to_json(&marked)?))
        });
        let marked = marked.collect::<Result<Vec<_>, StoreError>>()?;
        Ok(self.outbox.mark(&first.claimed, &marked).await?.len() == batch.open.len())
    }
}

fn timeout_ms(delivery: &PostbackDelivery) -> i64 {
    i64::try_from(delivery.timeout.as_millis()).unwrap_or(i64::MAX / 8).max(1)
}

/// How long an entry may wait for its turn in its lane.
pub(super) fn waiting_ms(delivery: &PostbackDelivery) -> i64 {
    timeout_ms(delivery).saturating_mul(2)
}

/// What is decided before anybody is asked.
fn before_all(postback: &Postback, at_most_once: bool, now: Millis) -> Option<Decision> {
    if postback.receipt.is_some() {
        return None;
    }
    if postback.in_doubt && at_most_once {
        let why =
            "it may have been counted before the process ended, and is not sent twice".to_owned();
        return Some(Decision::Settle(Box::new(postback.clone()), Verdict::GaveUp { why }));
    }
    if now > postback.latest_at {
        let why = match postback.last_answer.as_str() {
            "" => "its latest moment passed before it could be sent".to_owned(),
            answer => answer.to_owned(),
        };
        return Some(Decision::Settle(Box::new(postback.clone()), Verdict::GaveUp { why }));
    }
    (postback.not_before > now).then_some(Decision::Postpone(postback.not_before))
}

fn skip(postback: &Postback, skip: Skip) -> Decision {
    Decision::Settle(Box::new(postback.clone()), skip.into())
}
