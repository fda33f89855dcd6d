//! Reads the streams of all shards while somebody listens, and hands each event to all listeners.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::broadcast;

use crate::call::live::KEPT;
use crate::call::live::model::LiveEvent;
use crate::config::Live;
use crate::ledger::model::EntryId;
use crate::platform::caller_keys::CallerKeys;
use crate::platform::keys::Shard;
use crate::platform::redis::{Redis, StoreError};
use crate::platform::shutdown::ShutdownSignal;

/// Pause between two looks while somebody listens.
const PAUSE: Duration = Duration::from_millis(200);
/// Events that wait for one listener; who is slower than that has to come again.
const WAITING: usize = 512;
/// Servers of a cluster do not have the very same time.
const SKEW_MS: u64 = 1_000;

/// The place of an event in the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveId {
    entry: EntryId,
    shard: Shard,
}

/// `<ms>-<counter>.<shard>`
impl fmt::Display for LiveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.entry, self.shard.0)
    }
}

/// A text that is no such place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLiveId;

impl FromStr for LiveId {
    type Err = BadLiveId;
    fn from_str(text: &str) -> Result<Self, BadLiveId> {
        let (entry, shard) = text.split_once('.').ok_or(BadLiveId)?;
        let entry = entry.parse().map_err(|_| BadLiveId)?;
        Ok(LiveId { entry, shard: Shard(shard.parse().map_err(|_| BadLiveId)?) })
    }
}

/// An event with its place.
pub type Placed = (LiveId, Arc<LiveEvent>);

/// The listeners of this process; cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    redis: Redis,
    live: Live,
    keys: CallerKeys,
    listeners: AtomicUsize,
    /// `None` once the process ends: listeners then see the end.
    sender: std::sync::Mutex<Option<broadcast::Sender<Placed>>>,
}

/// One who listens, counted until it is dropped.
pub struct Listener {
    hub: Hub,
    /// What happens from now on.
    pub events: broadcast::Receiver<Placed>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hub.0.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hub {
    /// A hub without listeners.
    pub fn new(redis: Redis, live: Live, keys: CallerKeys) -> Self {
        let (sender, _) = broadcast::channel(WAITING);
        let sender = std::sync::Mutex::new(Some(sender));
        Hub(Arc::new(Inner { redis, live, keys, listeners: AtomicUsize::new(0), sender }))
    }

    /// One listener more; `None` when there are `most` already, or the process ends.
    pub fn listen(&self, most: usize) -> Option<Listener> {
        let events = self.sender()?.subscribe();
        let listener = Listener { hub: self.clone(), events };
        // Counted before it is judged: dropping it takes it back.
        let before = self.0.listeners.fetch_add(1, Ordering::Relaxed);
        (before < most).then_some(listener)
    }

    /// Ends all listeners.
    pub fn close(&self) {
        self.lock().take();
    }

    /// What happened after `last` and is still kept, oldest first. Of other shards than that of `last`, events
    /// of the second before may come again.
    pub async fn since(&self, last: LiveId) -> Result<Vec<Placed>, StoreError> {
        let from = |shard: Shard| {
            if shard == last.shard {
                return last.entry;
            }
            EntryId { ms: last.entry.ms.saturating_sub(SKEW_MS), seq: 0 }
        };
        let shards = self.shards();
        let read = shards.iter().map(|shard| self.read(*shard, from(*shard)));
        let mut events: Vec<Placed> = try_join_all(read).await?.into_iter().flatten().collect();
        events.sort_by_key(|(id, _)| (id.entry, id.shard));
        Ok(events)
    }

    /// Reads the streams until shutdown.
    pub async fn run(self, mut shutdown: ShutdownSignal) {
        let mut places: HashMap<Shard, EntryId> = HashMap::new();
        loop {
            if self.0.listeners.load(Ordering::Relaxed) == 0 {
                places.clear();
            } else if let Err(error) = self.hand_out(&mut places).await {
                tracing::debug!(%error, "live events wait for Redis");
            }
            metrics::gauge!("ringtrace_live_clients")
                .set(self.0.listeners.load(Ordering::Relaxed) as f64);
            if shutdown.sleep(PAUSE).await {
                self.close();
                return;
            }
        }
    }

    /// Hands out what is new; at first, only notes where each stream stands.
    async fn hand_out(&self, places: &mut HashMap<Shard, EntryId>) -> Result<(), StoreError> {
        let mut news = Vec::new();
        for shard in self.shards() {
            match places.get(&shard) {
                None => {
                    places.insert(shard, self.newest(shard).await?);
                }
                Some(from) => {
                    let events = self.read(shard, *from).await?;
                    if let Some((last, _)) = events.last() {
                        places.insert(shard, last.entry);
                    }
                    news.extend(events);
                }
            }
        }
        news.sort_by_key(|(id, _)| (id.entry, id.shard));
        if let Some(sender) = self.sender() {
            for event in news {
                let _ = sender.send(event);
            }
        }
        Ok(())
    }

    /// The streams of the configured sites.
    fn shards(&self) -> BTreeSet<Shard> {
        let installation = self.0.live.now();
        let sites = installation.config.sites.iter();
        sites.map(|site| installation.shards.of(&site.id)).collect()
    }

    async fn newest(&self, shard: Shard) -> Result<EntryId, StoreError> {
        let mut command = redis::cmd("XREVRANGE");
        command.arg(shard.live()).arg("+").arg("-").arg("COUNT").arg(1);
        let rows: Rows = self.0.redis.command("live events", &command).await?;
        Ok(rows.first().and_then(|(id, _)| id.parse().ok()).unwrap_or_default())
    }

    async fn read(&self, shard: Shard, after: EntryId) -> Result<Vec<Placed>, StoreError> {
        let mut command = redis::cmd("XRANGE");
        command.arg(shard.live()).arg(format!("({after}")).arg("+").arg("COUNT").arg(2 * KEPT);
        let rows: Rows = self.0.redis.command("live events", &command).await?;
        let event = |(id, fields): (String, Vec<(String, String)>)| {
            let text = fields.into_iter().find(|(name, _)| name == "e")?.1;
            let mut event: LiveEvent = serde_json::from_str(&text).ok()?;
            event.open(&self.0.keys);
            Some((LiveId { entry: id.parse().ok()?, shard }, Arc::new(event)))
        };
        Ok(rows.into_iter().filter_map(event).collect())
    }

    fn sender(&self) -> Option<broadcast::Sender<Placed>> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<broadcast::Sender<Placed>>> {
        self.0.sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Entries of a stream: id and fields.
type Rows = Vec<(String, Vec<(String, String)>)>;
