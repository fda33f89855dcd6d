//! What is claimed and on its way: put together as requests could tell it, each batch in a task of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::platform::redis::StoreError;
use crate::postback::delivery::{ClaimClock, Courier, Ended, Taken};
use crate::postback::lanes::{Held, Lane};
use crate::postback::model::Postback;
use crate::postback::queue::Queue;
use crate::postback::store::Claimed;

/// Batches on their way, and how many entries they are.
#[derive(Default)]
pub(super) struct Flights {
    batches: JoinSet<Vec<Ended>>,
    entries: usize,
}

impl Flights {
    /// Whether nothing is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// How many entries are on their way.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// The next batch that ended.
    pub(super) async fn next(&mut self) -> Option<Vec<Ended>> {
        let ended = self.batches.join_next().await?.unwrap_or_default();
        self.entries = match self.batches.is_empty() {
            true => 0,
            false => self.entries.saturating_sub(ended.len()),
        };
        Some(ended)
    }

    /// Starts what was claimed from one queue at once; `lane` is that of the queue.
    pub(super) fn start(
        &mut self,
        courier: &Arc<Courier>,
        lane: &Arc<Lane>,
        claimed: Vec<Claimed>,
        clock: ClaimClock,
    ) {
        self.entries += claimed.len();
        let (mut read, mut elsewhere) = (Vec::with_capacity(claimed.len()), BTreeMap::new());
        for claimed in claimed {
            let held = lane.hold(1);
            match serde_json::from_str::<Postback>(&claimed.body) {
                Ok(postback) if claimed.queue.to.is_none() && postback.withheld.is_none() => {
                    let queue = Queue::of(claimed.queue.shard, &postback);
                    elsewhere.entry(queue).or_insert_with(Vec::new).push((claimed, held));
                }
                Ok(postback) => read.push((Taken { claimed, postback }, held)),
                Err(_) => {
                    self.batches.spawn(bury(courier.clone(), claimed, held, clock));
                }
            }
        }
        for (queue, entries) in elsewhere {
            self.batches.spawn(sort(courier.clone(), queue, entries, clock));
        }
        for batch in batches(courier, read) {
            self.batches.spawn(handle(courier.clone(), lane.clone(), batch, clock));
        }
    }
}

/// Entries in batches that one request could tell: of one destination, all new ones or all corrections, or all of one
/// request that is asked about.
fn batches(courier: &Courier, entries: Vec<(Taken, Held)>) -> Vec<Vec<(Taken, Held)>> {
    let installation = courier.live.now_full();
    let mut alike: BTreeMap<_, Vec<(Taken, Held)>> = BTreeMap::new();
    for (taken, held) in entries {
        let postback = &taken.postback;
        let request = postback.receipt.as_ref().map(|receipt| receipt.request.clone());
        let (site, destination) = (postback.site.clone(), postback.destination.clone());
        let key = (site, destination, postback.corrects.is_some(), request);
        alike.entry(key).or_default().push((taken, held));
    }
    let mut batches = Vec::new();
    for ((site, destination, ..), mut entries) in alike {
        let known = installation
            .site(&site)
            .and_then(|site| site.destinations.iter().find(|known| known.id == destination));
        let most = known.map_or(usize::MAX, |known| known.kind.platform().traits().most).max(1);
        while entries.len() > most {
            let rest = entries.split_off(most);
            batches.push(std::mem::replace(&mut entries, rest));
        }
        batches.push(entries);
    }
    batches
}

/// A batch in a task of its own: what goes wrong with it stays there.
async fn handle(
    courier: Arc<Courier>,
    lane: Arc<Lane>,
    batch: Vec<(Taken, Held)>,
    clock: ClaimClock,
) -> Vec<Ended> {
    let (batch, _held): (Vec<Taken>, Vec<Held>) = batch.into_iter().unzip();
    let destination = batch.first().map(|taken| taken.postback.destination.to_string());
    let destination = destination.unwrap_or_default();
    let ended = courier.deliver(&lane, batch, clock).await;
    ended.into_iter().map(|(id, ended)| told(&destination, &id, ended)).collect()
}

async fn bury(
    courier: Arc<Courier>,
    claimed: Claimed,
    _held: Held,
    clock: ClaimClock,
) -> Vec<Ended> {
    let id = claimed.id.clone();
    let ended = courier.bury(claimed, clock.now()).await;
    vec![told("", &id, ended)]
}

/// Moves entries into the queue that they belong into.
async fn sort(
    courier: Arc<Courier>,
    queue: Queue,
    entries: Vec<(Claimed, Held)>,
    clock: ClaimClock,
) -> Vec<Ended> {
    let (entries, _held): (Vec<Claimed>, Vec<Held>) = entries.into_iter().unzip();
    let ended = match courier.outbox.sort(&entries, &queue, clock.now()).await {
        Ok(_) => Ended::Postponed,
        Err(error) => {
            tracing::warn!(%error, "postbacks were not moved into the queue of their destination");
            Ended::Lost
        }
    };
    vec![ended; entries.len()]
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
