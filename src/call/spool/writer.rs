//! The thread that owns the spool's files. It takes whatever waits, writes all of it with one
//! `fdatasync`, and then answers everybody: under load one disk wait serves many calls.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::call::spool::segment::{Lines, Place, Segment};
use crate::call::spool::{Settled, SpoolError, SpoolId, SpoolOptions};

/// What the thread is asked to do.
pub enum Command {
    /// Keep an event.
    Append(Append),
    /// Do not hand this event out again for a while.
    Postpone(SpoolId),
    /// Hand out events that Redis does not have.
    Replayable { limit: usize, reply: oneshot::Sender<Vec<(SpoolId, Vec<u8>)>> },
    /// The Redis that runs as `server_run` saves what it has.
    Settle { server_run: String, reply: oneshot::Sender<Settled> },
    /// Remove events for good.
    Erase { matches: Matches, reply: oneshot::Sender<io::Result<usize>> },
}

/// Whether an event is meant, by its JSON.
pub type Matches = Box<dyn Fn(&[u8]) -> bool + Send>;

/// Events that Redis has, as the thread has not read yet.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Vec<SpoolId>>>);

impl Notes {
    /// Adds one.
    pub fn add(&self, id: SpoolId) {
        self.lock().push(id);
    }

    fn take(&self) -> Vec<SpoolId> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SpoolId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event to keep, and who waits for it.
pub struct Append {
    /// The event as JSON.
    pub json: Vec<u8>,
    /// Gets the entry once the disk has it.
    pub reply: oneshot::Sender<Result<SpoolId, SpoolError>>,
}

/// Most commands that are taken at once.
const BATCH: usize = 512;

#[derive(Clone, Copy)]
enum State {
    /// Redis does not have it; it is handed out from this moment on.
    Waiting { from: Instant },
    /// Redis has had it since this moment.
    Saved { at: Instant },
}

pub(super) struct Entry {
    segment: u64,
    pub(super) place: Place,
    state: State,
}

/// The files and what is known of each entry.
pub struct Writer {
    folder: PathBuf,
    options: SpoolOptions,
    pub(super) segments: BTreeMap<u64, Segment>,
    active: Option<u64>,
    pub(super) entries: BTreeMap<u64, Entry>,
    next_id: u64,
    next_segment: u64,
    server_run: Option<String>,
    notes: Notes,
    pub(super) backlog: Arc<AtomicUsize>,
}

impl Entry {
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }
}

impl Writer {
    /// Reads what an earlier process left in `folder`, making the folder the first time.
    pub fn open(
        folder: &Path,
        options: SpoolOptions,
        notes: Notes,
        backlog: Arc<AtomicUsize>,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut writer = Writer {
            folder: folder.to_owned(),
            options,
            segments: BTreeMap::new(),
            active: None,
            entries: BTreeMap::new(),
            next_id: 1,
            next_segment: 1,
            server_run: None,
            notes,
            backlog,
        };
        for file in std::fs::read_dir(folder)? {
            let path = file?.path();
            let Some(number) = segment_number(&path) else { continue };
            let (segment, scan) = Segment::open(&path)?;
            if scan.torn > 0 {
                tracing::warn!(file = %path.display(), lines = scan.torn,
                    "skipped torn lines of the call spool; they were never acknowledged");
            }
            let state = State::Waiting { from: Instant::now() };
            for (id, place) in scan.open {
                writer.entries.insert(id, Entry { segment: number, place, state });
            }
            writer.next_id = writer.next_id.max(scan.highest_id + 1);
            writer.next_segment = writer.next_segment.max(number + 1);
            writer.segments.insert(number, segment);
        }
        writer.backlog.store(writer.entries.len(), Ordering::Relaxed);
        writer.remove_settled_segments();
        writer.show_backlog();
        Ok(writer)
    }

    /// Serves until every handle is gone.
    pub fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut appends = Vec::new();
            let mut others = Vec::new();
            let mut next = Some(first);
            while let Some(command) = next {
                match command {
                    Command::Append(append) => appends.push(append),
                    other => others.push(other),
                }
                let taken = appends.len() + others.len();
                next = if taken < BATCH { commands.try_recv().ok() } else { None };
            }
            self.append(appends);
            // Whatever was noted before these commands were sent.
            for id in self.notes.take() {
                self.set(id, State::Saved { at: Instant::now() });
            }
            for command in others {
                self.serve(command);
            }
            self.show_backlog();
        }
    }

    fn serve(&mut self, command: Command) {
        match command {
            Command::Append(append) => self.append(vec![append]),
            Command::Postpone(id) => {
                let from = Instant::now() + self.options.postpone;
                self.set(id, State::Waiting { from });
            }
            // A receiver that is gone does not wait for the answer.
            Command::Replayable { limit, reply } => drop(reply.send(self.replayable(limit))),
            Command::Settle { server_run, reply } => drop(reply.send(self.settle(server_run))),
            Command::Erase { matches, reply } => drop(reply.send(self.erase(&matches))),
        }
    }

    fn set(&mut self, id: SpoolId, state: State) {
        let Some(entry) = self.entries.get_mut(&id.0) else { return };
        match (entry.state, state) {
            (State::Waiting { .. }, State::Saved { .. }) => {
                self.backlog.fetch_sub(1, Ordering::Relaxed);
            }
            (State::Saved { .. }, State::Waiting { .. }) => {
                self.backlog.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
        entry.state = state;
    }

    fn append(&mut self, batch: Vec<Append>) {
        if batch.is_empty() {
            return;
        }
        let mut lines = Lines::default();
        let first = self.next_id;
        let places: Vec<Place> =
            (first..).zip(&batch).map(|(id, append)| lines.entry(id, &append.json)).collect();
        match self.write(&lines) {
            Ok((number, offset)) => {
                self.next_id = first + batch.len() as u64;
                self.backlog.fetch_add(batch.len(), Ordering::Relaxed);
                // Whoever appended is about to save it; a replay at once would do it twice.
                let state = State::Waiting { from: Instant::now() + self.options.grace };
                for ((id, place), append) in (first..).zip(places).zip(batch) {
                    let place = Place { offset: place.offset + offset, ..place };
                    self.entries.insert(id, Entry { segment: number, place, state });
                    let _ = append.reply.send(Ok(SpoolId(id)));
                }
            }
            Err(error) => {
                tracing::error!(%error, folder = %self.folder.display(),
                    "cannot write to the call spool; calls go on without it");
                metrics::counter!("ringtrace_spool_failures_total").increment(batch.len() as u64);
                for append in batch {
                    let _ = append.reply.send(Err(SpoolError::Write(error.kind())));
                }
            }
        }
    }

    /// Writes lines into the active segment and returns its number and their offset.
    fn write(&mut self, lines: &Lines) -> io::Result<(u64, u64)> {
        let full = |segment: &Segment| segment.size >= self.options.segment_bytes;
        let active = self.active.filter(|n| self.segments.get(n).is_some_and(|s| !full(s)));
        let number = match active {
            Some(number) => number,
            None => {
                let number = self.next_segment;
                self.next_segment += 1;
                self.segments.insert(number, Segment::create(&self.folder, number)?);
                self.active = Some(number);
                number
            }
        };
        let Some(segment) = self.segments.get_mut(&number) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        match segment.append(lines) {
            Ok(offset) => {
                segment.unsettled += lines.entries();
                Ok((number, offset))
            }
            Err(error) => {
                // After a failed write or sync nobody knows what the disk has: start afresh. A
                // full disk fails often; files of nothing must not use up the open ones.
                self.active = None;
                if segment.unsettled == 0 {
                    self.remove(number);
                }
                Err(error)
            }
        }
    }

    fn replayable(&mut self, limit: usize) -> Vec<(SpoolId, Vec<u8>)> {
        let now = Instant::now();
        let due = self
            .entries
            .iter()
            .filter(|(_, entry)| matches!(entry.state, State::Waiting { from } if from <= now));
        let mut read = Vec::new();
        for (&id, entry) in due.take(limit) {
            let Some(segment) = self.segments.get(&entry.segment) else { continue };
            match segment.read(entry.place) {
                Ok(json) => read.push((SpoolId(id), json)),
                Err(error) => tracing::error!(%error, id, "cannot read an entry of the call spool"),
            }
        }
        read
    }

    /// Forgets what Redis has had for long enough. A Redis that is not the one of the last time
    /// may have lost its last seconds: everything not yet forgotten is handed out again.
    fn settle(&mut self, server_run: String) -> Settled {
        let now = Instant::now();
        if self.server_run.as_ref() != Some(&server_run) {
            self.server_run = Some(server_run);
            let saved =
                self.entries.values_mut().filter(|e| matches!(e.state, State::Saved { .. }));
            let reopened = saved.map(|entry| entry.state = State::Waiting { from: now }).count();
            self.backlog.fetch_add(reopened, Ordering::Relaxed);
            return Settled { settled: 0, reopened };
        }
        let long_enough = |since: Instant| now.duration_since(since) >= self.options.settle_after;
        let settled: Vec<u64> = self
            .entries
            .iter()
            .filter(|(_, e)| matches!(e.state, State::Saved { at } if long_enough(at)))
            .map(|(&id, _)| id)
            .collect();
        let mut notes: BTreeMap<u64, Lines> = BTreeMap::new();
        for id in &settled {
            let Some(entry) = self.entries.remove(id) else { continue };
            if let Some(segment) = self.segments.get_mut(&entry.segment) {
                segment.unsettled = segment.unsettled.saturating_sub(1);
                notes.entry(entry.segment).or_default().done(*id);
            }
        }
        self.remove_settled_segments();
        for (number, lines) in notes {
            let Some(segment) = self.segments.get_mut(&number) else { continue };
            // A lost note only means that the event is replayed once more.
            if let Err(error) = segment.append_unsynced(&lines) {
                tracing::warn!(%error, "cannot note settled events in the call spool");
                self.active = self.active.filter(|active| *active != number);
            }
        }
        Settled { settled: settled.len(), reopened: 0 }
    }

    pub(super) fn remove_settled_segments(&mut self) {
        let empty: Vec<u64> =
            self.segments.iter().filter(|(_, s)| s.unsettled == 0).map(|(&n, _)| n).collect();
        for number in empty {
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u64) {
        self.active = self.active.filter(|active| *active != number);
        if let Some(Err(error)) = self.segments.remove(&number).map(Segment::remove) {
            tracing::warn!(%error, number, "cannot remove a settled file of the call spool");
        }
    }

    fn show_backlog(&self) {
        let backlog = self.backlog.load(Ordering::Relaxed);
        metrics::gauge!("ringtrace_spool_backlog").set(backlog as f64);
    }
}

fn segment_number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(".spool")?.parse().ok()
}

impl Default for SpoolOptions {
    fn default() -> Self {
        SpoolOptions {
            grace: Duration::from_secs(2),
            settle_after: Duration::from_secs(3),
            postpone: Duration::from_secs(60),
            segment_bytes: 4 * 1024 * 1024,
        }
    }
}
