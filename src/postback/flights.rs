//! What is claimed and on its way: put together as requests could tell it, each batch in a task of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::platform::redis::StoreError;
use crate::postback::delivery::{ClaimClock, Courier, Ended, Taken};
use crate::postback::model::Postback;
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

    /// Starts what was claimed at once.
    pub(super) fn start(
        &mut self,
        courier: &Arc<Courier>,
        claimed: Vec<Claimed>,
        clock: ClaimClock,
    ) {
        self.entries += claimed.len();
        let mut read = Vec::with_capacity(claimed.len());
        for claimed in claimed {
            match serde_json::from_str::<Postback>(&claimed.body) {
                Ok(postback) => read.push(Taken { claimed, postback }),
                Err(_) => {
                    self.batches.spawn(bury(courier.clone(), claimed, clock));
                }
            }
        }
        for batch in batches(courier, read) {
            self.batches.spawn(handle(courier.clone(), batch, clock));
        }
    }
}

/// Entries in batches that one request could tell: of one destination, all new ones or all corrections, or all of one
/// request that is asked about.
fn batches(courier: &Courier, entries: Vec<Taken>) -> Vec<Vec<Taken>> {
    let installation = courier.live.now_full();
    let mut alike: BTreeMap<_, Vec<Taken>> = BTreeMap::new();
    for taken in entries {
        let postback = &taken.postback;
        let request = postback.receipt.as_ref().map(|receipt| receipt.request.clone());
        let (site, destination) = (postback.site.clone(), postback.destination.clone());
        let key = (site, destination, postback.corrects.is_some(), request);
        alike.entry(key).or_default().push(taken);
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
