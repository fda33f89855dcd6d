//! The outbox as people read it: what waits, what became of the rest, and sending it once more.

use std::fmt;
use std::str::FromStr;

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::platform::clock::Millis;
use crate::platform::keys::{Shard, Shards};
use crate::platform::redis::StoreError;
use crate::postback::model::{Postback, SettledPostback, SkipReason, Verdict};
use crate::postback::queue::Queue;
use crate::postback::store::Outbox;

/// Entries that one look into one list reads.
const CHUNK: usize = 200;

/// The same at least, where a list has many parts.
const SMALLEST_CHUNK: usize = 20;

/// Looks that one page may take before it comes back empty, with a cursor to go on from.
const MOST_LOOKS: usize = 5;

/// Entries of one and the same millisecond that are looked through.
const MOST_TIES: usize = 40_000;

/// Longest id that is looked up.
const LONGEST_ID: usize = 512;

/// Where a postback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// In the queue, or being sent.
    Waiting,
    /// Taken by its destination.
    #[serde(alias = "sent")]
    Delivered,
    /// Taken back by its destination.
    Retracted,
    /// Refused by its destination for good.
    Rejected,
    /// Not sent on purpose.
    Skipped,
    /// Given up; it can be replayed.
    Dead,
}

/// One postback with its state.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The postback.
    pub postback: Postback,
    /// Where it stands.
    pub state: State,
    /// When it was settled; of a waiting one, when it is due.
    pub at: Millis,
    /// Why it is not delivered, empty when nothing is known against it.
    pub why: String,
    /// The same as a word, of skipped ones.
    pub reason: Option<SkipReason>,
}

/// A place in the log, newest first: everything behind it is older. As text: `<ms>.<id>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    at: i64,
    id: String,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

impl FromStr for Position {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once('.').ok_or(())?;
        if id.len() > LONGEST_ID {
            return Err(());
        }
        Ok(Position { at: at.parse().map_err(|_| ())?, id: id.to_owned() })
    }
}

/// Some entries, newest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The entries; may be empty although there are more.
    pub entries: Vec<Entry>,
    /// Where the next page starts; `None` when this was the last.
    pub next: Option<Position>,
}

/// What a replay did.
#[derive(Clone, Debug, PartialEq)]
pub enum Replay {
    /// It is in the queue: now, or it was already.
    Waiting(Box<Entry>),
    /// It was delivered, and sending it again is not what a replay is for.
    WasDelivered,
    /// Somebody else moved it at the same moment; ask again.
    Changed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Due,
    Done,
    Dead,
}

const LISTS: [List; 3] = [List::Due, List::Done, List::Dead];

impl List {
    /// The set and the bodies of its members; of those that wait, the set of those that wait for no destination.
    fn keys(self, shard: Shard) -> (String, String) {
        match self {
            List::Due => (shard.outbox_due(), shard.outbox_body()),
            List::Done => (shard.outbox_done(), shard.outbox_done_body()),
            List::Dead => (shard.outbox_dead(), shard.outbox_dead_body()),
        }
    }

    fn holds(self, state: State) -> bool {
        match self {
            List::Due => state == State::Waiting,
            List::Done => !matches!(state, State::Waiting | State::Dead),
            List::Dead => state == State::Dead,
        }
    }

    /// Reads a body of this list; `None` (and a warning) when it cannot be read.
    fn entry(self, at: i64, body: &str) -> Option<Entry> {
        let read = match self {
            List::Due => serde_json::from_str::<Postback>(body).map(|postback| Entry {
                state: State::Waiting,
                at: Millis(at),
                why: match &postback.withheld {
                    Some(withheld) => withheld.why.clone(),
                    None => postback.last_answer.clone(),
                },
                reason: postback.withheld.as_ref().map(|withheld| withheld.reason),
                postback,
            }),
            List::Done | List::Dead => {
                serde_json::from_str::<SettledPostback>(body).map(|settled| Entry {
                    state: match settled.verdict {
                        Verdict::Delivered => State::Delivered,
                        Verdict::Retracted => State::Retracted,
                        Verdict::Rejected { .. } => State::Rejected,
                        Verdict::Skipped { .. } => State::Skipped,
                        Verdict::GaveUp { .. } | Verdict::Retry { .. } => State::Dead,
                    },
                    at: settled.settled_at,
                    why: settled.verdict.why().to_owned(),
                    reason: match settled.verdict {
                        Verdict::Skipped { reason, .. } => Some(reason),
                        _ => None,
                    },
                    postback: settled.postback,
                })
            }
        };
        read.inspect_err(|error| tracing::warn!(%error, "an entry of the outbox cannot be read"))
            .ok()
    }
}

/// What one look into one list found.
struct Look {
    entries: Vec<(Position, Entry)>,
    /// How far it went; `None`: to the end.
    reached: Option<Position>,
}

/// A postback and where it is.
struct Found {
    entry: Entry,
    list: List,
    shard: Shard,
    body: String,
}

impl Outbox {
    /// The newest `limit` entries of `shards` behind `after` that are in `state` (any when `None`)
    /// and that `wanted` lets through.
    pub async fn page(
        &self,
        shards: &[Shard],
        state: Option<State>,
        mut after: Option<Position>,
        limit: usize,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Page, StoreError> {
        for _ in 0..MOST_LOOKS {
            let mut looks = Vec::new();
            for &shard in shards {
                let lists = LISTS.iter().filter(|list| state.is_none_or(|s| list.holds(s)));
                for &list in lists {
                    let sets = self.sets(shard, list).await?;
                    let chunk = (CHUNK / sets.len().max(1)).max(SMALLEST_CHUNK);
                    let (_, bodies) = list.keys(shard);
                    let found = sets
                        .iter()
                        .map(|set| self.look_into((list, set, &bodies), chunk, after.as_ref()));
                    for mut look in try_join_all(found).await? {
                        look.entries.retain(|(_, entry)| {
                            state.is_none_or(|state| state == entry.state) && wanted(entry)
                        });
                        looks.push(look);
                    }
                }
            }
            let page = merge(looks, limit);
            if !page.entries.is_empty() || page.next.is_none() {
                return Ok(page);
            }
            after = page.next;
        }
        Ok(Page { entries: Vec::new(), next: after })
    }

    /// The sets of a list: those that wait, wait in many.
    async fn sets(&self, shard: Shard, list: List) -> Result<Vec<String>, StoreError> {
        let mut sets = vec![list.keys(shard).0];
        if list == List::Due {
            let mut range = redis::pipe();
            range.zrange(shard.outbox_queues(), 0, -1);
            let (queues,): (Vec<String>,) = self.pipeline("reading the outbox", &range).await?;
            let known = sets[0].clone();
            sets.extend(queues.into_iter().filter(|queue| *queue != known));
        }
        Ok(sets)
    }

    async fn look_into(
        &self,
        (list, set, bodies): (List, &str, &str),
        chunk: usize,
        after: Option<&Position>,
    ) -> Result<Look, StoreError> {
        let newest = after.map_or("+inf".to_owned(), |after| after.at.to_string());
        for skipped in (0..MOST_TIES).step_by(chunk) {
            let mut range = redis::pipe();
            range
                .cmd("ZREVRANGEBYSCORE")
                .arg(set)
                .arg(&newest)
                .arg("-inf")
                .arg("WITHSCORES")
                .arg("LIMIT")
                .arg(skipped)
                .arg(chunk);
            let (found,): (Vec<(String, f64)>,) =
                self.pipeline("reading the outbox", &range).await?;
            let full = found.len() == chunk;
            let mut behind: Vec<Position> =
                found.into_iter().map(|(id, at)| Position { at: at as i64, id }).collect();
            behind.retain(|position| after.is_none_or(|after| position < after));
            if behind.is_empty() {
                if full {
                    continue;
                }
                break;
            }
            let mut get = redis::pipe();
            get.cmd("HMGET").arg(bodies);
            for position in &behind {
                get.arg(&position.id);
            }
            let (texts,): (Vec<Option<String>>,) =
                self.pipeline("reading the outbox", &get).await?;
            let reached = behind.last().filter(|_| full).cloned();
            let rows = behind.into_iter().zip(texts);
            let entries = rows
                .filter_map(|(position, body)| {
                    // An entry that moved between the two reads is found in its new list.
                    let entry = list.entry(position.at, &body?)?;
                    Some((position, entry))
                })
                .collect();
            return Ok(Look { entries, reached });
        }
        Ok(Look { entries: Vec::new(), reached: None })
    }

    /// The postback with this id in any shard, and in any list.
    pub async fn find(&self, shards: Shards, id: &str) -> Result<Option<Entry>, StoreError> {
        Ok(self.search(shards, id).await?.map(|found| found.entry))
    }

    async fn search(&self, shards: Shards, id: &str) -> Result<Option<Found>, StoreError> {
        if id.len() > LONGEST_ID {
            return Ok(None);
        }
        let places: Vec<(Shard, List)> =
            shards.all().flat_map(|shard| LISTS.map(|list| (shard, list))).collect();
        let looks = try_join_all(places.iter().map(async |(shard, list)| {
            let (set, bodies) = list.keys(*shard);
            let mut look = redis::pipe();
            look.hget(bodies, id).zscore(set, id);
            let found = self.pipeline("finding a postback", &look).await?;
            match found {
                (Some(body), None) if *list == List::Due => self.waiting(*shard, body, id).await,
                found => Ok::<(Option<String>, Option<String>), StoreError>(found),
            }
        }));
        for ((shard, list), look) in places.iter().copied().zip(looks.await?) {
            if let (Some(body), Some(score)) = look {
                let at = score.parse::<f64>().unwrap_or_default() as i64;
                let Some(entry) = list.entry(at, &body) else { return Ok(None) };
                return Ok(Some(Found { entry, list, shard, body }));
            }
        }
        Ok(None)
    }

    /// The body of an entry that waits for a destination, and its score.
    async fn waiting(
        &self,
        shard: Shard,
        body: String,
        id: &str,
    ) -> Result<(Option<String>, Option<String>), StoreError> {
        let Ok(postback) = serde_json::from_str(&body) else { return Ok((Some(body), None)) };
        let mut look = redis::pipe();
        look.zscore(Queue::to(shard, &postback).key(), id);
        let (score,) = self.pipeline("finding a postback", &look).await?;
        Ok((Some(body), score))
    }

    /// Queues a postback that was not delivered once more, with a new latest moment. `None` when
    /// there is none with this id that `wanted` lets through.
    pub async fn replay(
        &self,
        shards: Shards,
        id: &str,
        now: Millis,
        give_up_after_ms: i64,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Option<Replay>, StoreError> {
        let found = self.search(shards, id).await?.filter(|found| wanted(&found.entry));
        let Some(Found { mut entry, list, shard, body }) = found else { return Ok(None) };
        match entry.state {
            State::Waiting => return Ok(Some(Replay::Waiting(Box::new(entry)))),
            State::Delivered | State::Retracted => return Ok(Some(Replay::WasDelivered)),
            State::Rejected | State::Skipped | State::Dead => {}
        }
        entry.postback.latest_at = now.plus(give_up_after_ms);
        let queue = Queue::of(shard, &entry.postback);
        let replayed =
            self.requeue(&queue, list.keys(shard), (&body, &entry.postback), now).await?;
        entry.state = State::Waiting;
        entry.at = now;
        Ok(Some(if replayed { Replay::Waiting(Box::new(entry)) } else { Replay::Changed }))
    }
}

/// Puts what several lists found into one order. What one list has not looked at yet could belong
/// before what another already found, so the page ends where the shortest look ended.
fn merge(looks: Vec<Look>, limit: usize) -> Page {
    let horizon = looks.iter().filter_map(|look| look.reached.clone()).max();
    let mut rows: Vec<(Position, Entry)> =
        looks.into_iter().flat_map(|look| look.entries).collect();
    rows.retain(|(position, _)| horizon.as_ref().is_none_or(|horizon| position >= horizon));
    rows.sort_by(|a, b| b.0.cmp(&a.0));
    let next = if rows.len() > limit {
        rows.truncate(limit);
        rows.last().map(|(position, _)| position.clone())
    } else {
        horizon
    };
    Page { entries: rows.into_iter().map(|(_, entry)| entry).collect(), next }
}
