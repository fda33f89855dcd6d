//! The projector: one batch of ledger entries after the other into the warehouse.
//!
//! Order: commit the batch with its offsets, write it to segments, acknowledge. A crash in between
//! means that entries come again, and writing them again changes nothing. Offsets say where a
//! replay starts; they never exclude an entry that a stream delivers, because a Redis that failed
//! over with a slower clock may number new entries below old ones.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::future::join;

use crate::config::Live;
use crate::ledger::files::LedgerFiles;
use crate::ledger::model::{Entry, EntryId, Envelope};
use crate::ledger::segments::{SegmentError, Segments};
use crate::ledger::store::{Consumer, WAREHOUSE_GROUP, Which};
use crate::platform::keys::Shard;
use crate::platform::redis::{Redis, StoreError};
use crate::platform::shutdown::ShutdownSignal;
use crate::warehouse::batch::Batch;
use crate::warehouse::model::Facts;
use crate::warehouse::setting::facts_of;
use crate::warehouse::store::{Warehouse, WarehouseError};

/// Entries that a process of another name left for this long are taken over.
const ABANDONED_AFTER_MS: u64 = 60_000;
/// How often streams are trimmed, abandoned entries looked for and the lag measured.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Full batches that are written before whoever waits for the projector's turn has his.
const BATCHES_A_TURN: usize = 8;
/// The wait after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a batch was not finished. Nothing is lost: it comes again.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// DuckDB.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The segment files.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The program is ending.
    #[error("the program is ending")]
    Ending,
}

/// What one run did.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing was waiting.
    Idle,
    /// A batch is in the warehouse.
    Wrote {
        /// How many entries it had.
        events: usize,
        /// More was waiting than one batch takes.
        full: bool,
    },
    /// Something did not answer; the same entries come again.
    Failed(ProjectorError),
}

/// Moves ledger entries into the warehouse.
pub struct Projector {
    consumer: Consumer,
    warehouse: Warehouse,
    files: LedgerFiles,
    live: Live,
    /// Groups exist, and everything that only segments hold is in the warehouse.
    prepared: bool,
    /// Entries may be pending: read them before new ones.
    pending: bool,
    next_shard: usize,
    upkeep_at: Option<Instant>,
    damages: usize,
    replayed: usize,
}

impl Projector {
    /// A projector from the streams behind `redis` into `warehouse`, with segments in
    /// `<data folder>/segments`.
    pub fn new(redis: Redis, warehouse: Warehouse, live: Live) -> Self {
        let installation = live.now_full();
        let folder = installation.config.data_folder.join("segments");
        let consumer =
            Consumer::new(redis, installation.shards, WAREHOUSE_GROUP, warehouse.writer());
        Self::with_segments(consumer, warehouse, Segments::new(&folder), live)
    }

    /// The same with every part given.
    pub fn with_segments(
        consumer: Consumer,
        warehouse: Warehouse,
        segments: Segments,
        live: Live,
    ) -> Self {
        Projector {
            consumer,
            warehouse,
            files: LedgerFiles::new(segments),
            live,
            prepared: false,
            pending: true,
            next_shard: 0,
            upkeep_at: None,
            damages: 0,
            replayed: 0,
        }
    }

    /// The segments, for those who change what they hold.
    pub fn files(&self) -> LedgerFiles {
        self.files.clone()
    }

    /// Parts of segments that could not be read so far; what they held is missing.
    pub fn damages(&self) -> usize {
        self.damages
    }

    /// Entries of segments that were written once more so far.
    pub fn replayed(&self) -> usize {
        self.replayed
    }

    /// Writes one batch of what is waiting.
    pub async fn run_once(&mut self) -> Outcome {
        let files = self.files.clone();
        let _turn = files.turn().await;
        match self.step().await {
            Ok((0, _)) => Outcome::Idle,
            Ok((events, full)) => Outcome::Wrote { events, full },
            Err(error) => {
                // Redis may have come back empty, or the warehouse as it was at its last
                // checkpoint. Whatever else fails left groups and offsets as they were, and reading
                // segments again each second would not help it.
                self.prepared &= match &error {
                    ProjectorError::Store(_) => false,
                    ProjectorError::Warehouse(error) => !error.is_fatal(),
                    ProjectorError::Segment(_) | ProjectorError::Ending => true,
                };
                // The batch, if there was one, was not acknowledged.
                self.pending = true;
                metrics::counter!("ringtrace_projector_failures_total").increment(1);
                Outcome::Failed(error)
            }
        }
    }

    /// Runs until `shutdown`, then writes what is still waiting. An event waits at most
    /// `warehouse.batch_wait` for its batch, and a batch takes everything that waits, up to
    /// `warehouse.batch_rows`: batches grow with the backlog.
    pub async fn run(mut self, mut shutdown: ShutdownSignal) {
        loop {
            let started = Instant::now();
            let outcome = self.run_once().await;
            let over = shutdown.is_over();
            let wait = match outcome {
                Outcome::Wrote { full: true, .. } => continue,
                Outcome::Wrote { .. } if over => continue,
                // What came while the last batch was put away has waited already.
                Outcome::Wrote { .. } | Outcome::Idle => {
                    let wait = self.batch_wait();
                    wait.saturating_sub(started.elapsed()).max(wait / 5)
                }
                Outcome::Failed(error) => {
                    tracing::warn!(%error, "the projector will try again");
                    PAUSE
                }
            };
            if over {
                break;
            }
            shutdown.sleep(wait).await;
        }
        if let Err(error) = self.warehouse.checkpoint().await {
            tracing::warn!(%error, "no checkpoint at the end; the next start replays the log");
        }
    }

    fn batch_wait(&self) -> Duration {
        Duration::try_from(self.live.now().config.warehouse.batch_wait).unwrap_or(PAUSE)
    }

    async fn step(&mut self) -> Result<(usize, bool), ProjectorError> {
        if !self.prepared {
            self.consumer.ensure_groups().await?;
            // Before anything is asked of the warehouse: while it is down, the lag tells.
            self.tell_lag().await?;
            self.prepare().await?;
            self.prepared = true;
        }
        if self.upkeep_at.is_none_or(|last| last.elapsed() >= UPKEEP_EVERY) {
            self.upkeep().await?;
            self.upkeep_at = Some(Instant::now());
        }
        let rows = self.live.now().config.warehouse.batch_rows.max(1);
        if self.pending {
            let batch = self.read(Which::Pending, rows, self.next_shard).await?;
            self.pending = !batch.is_empty();
            if self.pending {
                let events = batch.len();
                self.finish(batch).await?;
                return Ok((events, true));
            }
        }
        let mut batch = self.read(Which::New, rows, self.next_shard).await?;
        let mut events = batch.len();
        for ahead in 1..BATCHES_A_TURN {
            if batch.len() < rows {
                break;
            }
            // While one batch is written, the next is read; if that fails, both are pending.
            let next = self.read(Which::New, rows, self.next_shard + ahead);
            let (finished, next) = join(self.finish(batch), next).await;
            finished?;
            batch = next?;
            events += batch.len();
        }
        self.next_shard = (self.next_shard + 1) % self.consumer.shards().len().max(1);
        let full = batch.len() >= rows;
        if !batch.is_empty() {
            self.finish(batch).await?;
        }
        Ok((events, full))
    }

    /// Brings back what the warehouse lost: everything after its offsets that segments hold, then
    /// the stream from there. Segments are this process's own; the stream is everybody's, so it is
    /// gone back only to where whoever is furthest has it.
    async fn prepare(&mut self) -> Result<(), ProjectorError> {
        let offsets: HashMap<Shard, EntryId> =
            self.warehouse.offsets().await?.into_iter().collect();
        let furthest: HashMap<Shard, EntryId> =
            self.warehouse.furthest_offsets().await?.into_iter().collect();
        let of = |offsets: &HashMap<Shard, EntryId>, shard| {
            offsets.get(&shard).copied().unwrap_or_default()
        };
        for shard in self.consumer.shards() {
            let replayed = self.replay(shard, of(&offsets, shard)).await?;
            self.consumer.rewind(shard, replayed.max(of(&furthest, shard))).await?;
        }
        Ok(())
    }

    /// Writes what segments hold after `offset`, in whole batches; answers with the new offset.
    pub(super) async fn replay(
        &mut self,
        shard: Shard,
        mut offset: EntryId,
    ) -> Result<EntryId, ProjectorError> {
        let rows = self.live.now().config.warehouse.batch_rows.max(1);
        let mut parts = self.with_segments_do(move |s| s.after(shard, offset)).await?;
        let mut batch: Vec<Entry> = Vec::new();
        loop {
            let next = tokio::task::spawn_blocking(move || (parts.next(), parts)).await;
            let (part, rest) = next.map_err(|_| ProjectorError::Ending)?;
            parts = rest;
            let is_over = part.is_none();
            match part {
                None => {}
                Some(Err(error @ SegmentError::Damaged { .. })) => {
                    tracing::error!(%error, "replaying what follows");
                    metrics::counter!("ringtrace_segment_damages_total").increment(1);
                    self.damages += 1;
                }
                Some(entries) => batch.extend(entries?),
            }
            if batch.len() >= rows || is_over && !batch.is_empty() {
                offset = batch.iter().map(|entry| entry.id).fold(offset, EntryId::max);
                let facts = self.facts(batch.iter().map(|entry| &entry.envelope));
                self.warehouse.write(facts, vec![(shard, offset)]).await?;
                self.replayed += batch.len();
                tracing::info!(%shard, events = batch.len(), "replayed from segments");
                batch.clear();
            }
            if is_over {
                return Ok(offset);
            }
        }
    }

    /// Messages of as many streams as fill a batch, beginning with stream `first`: another one each time, so that a busy
    /// one does not starve the others.
    async fn read(&self, which: Which, rows: usize, first: usize) -> Result<Batch, ProjectorError> {
        let shards = self.consumer.shards();
        let mut taken = Vec::new();
        let mut room = rows;
        for step in 0..shards.len() {
            if room == 0 {
                break;
            }
            let shard = shards[(first + step) % shards.len()];
            let messages = self.consumer.read(shard, which, room).await?;
            room -= messages.len().min(room);
            if !messages.is_empty() {
                taken.push((shard, messages));
            }
        }
        if taken.is_empty() {
            return Ok(Batch::default());
        }
        let installation = self.live.now_full();
        let read = tokio::task::spawn_blocking(move || Batch::new(taken, &installation));
        read.await.map_err(|_| ProjectorError::Ending)
    }

    async fn finish(&self, batch: Batch) -> Result<(), ProjectorError> {
        let started = Instant::now();
        let Batch { streams, facts, offsets } = batch;
        self.warehouse.write(facts, offsets).await?;
        for mut batch in streams {
            for (message, why) in &batch.unreadable {
                tracing::warn!(shard = %batch.shard, id = %message.id, %why, "a dead letter");
                metrics::counter!("ringtrace_ledger_dead_total").increment(1);
                self.consumer.bury(batch.shard, message, why).await?;
            }
            let (shard, lines) = (batch.shard, std::mem::take(&mut batch.lines));
            self.with_segments_do(move |segments| segments.append(shard, &lines)).await?;
            self.consumer.acknowledge(shard, &batch.ids).await?;
            let events = batch.ids.len() as u64;
            metrics::counter!("ringtrace_projector_events_total").increment(events);
        }
        let seconds = started.elapsed().as_secs_f64();
        metrics::histogram!("ringtrace_projector_batch_seconds").record(seconds);
        Ok(())
    }

    async fn upkeep(&mut self) -> Result<(), StoreError> {
        for shard in self.consumer.shards() {
            let trimmed = self.consumer.trim(shard).await?;
            metrics::counter!("ringtrace_ledger_trimmed_total").increment(trimmed as u64);
            self.pending |= self.consumer.claim_abandoned(shard, ABANDONED_AFTER_MS).await?;
        }
        self.tell_lag().await
    }

    async fn tell_lag(&self) -> Result<(), StoreError> {
        metrics::gauge!("ringtrace_ledger_lag_events").set(self.consumer.lag().await? as f64);
        Ok(())
    }

    /// The facts of these envelopes.
    pub(super) fn facts<'a>(&self, envelopes: impl Iterator<Item = &'a Envelope>) -> Facts {
        facts_of(&self.live.now_full(), envelopes)
    }

    async fn with_segments_do<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Segments) -> Result<T, SegmentError> + Send + 'static,
    ) -> Result<T, ProjectorError> {
        self.files.change(work).await.ok_or(ProjectorError::Ending)?.map_err(Into::into)
    }
}
