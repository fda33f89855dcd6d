//! Every call event, on disk before it is acknowledged, until Redis has surely saved it.
//!
//! In: [`CallEvent`]s. Out: the same events again, for those who replay them.
//!
//! What always holds: an event whose append succeeded survives a crash of any process and of the
//! machine; it is handed out for replay until somebody says [`Spool::done`], and kept until Redis
//! has had it for longer than its own fsync window without restarting ([`Spool::settle`]).
//! Replaying twice is harmless because recording is idempotent, so every doubt is resolved by
//! keeping the event.

mod erase;
mod segment;
#[cfg(test)]
mod tests;
mod writer;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::call::model::CallEvent;
use crate::config::Live;
use crate::platform::caller_keys::CallerKeys;
use crate::privacy::mask;
use writer::{Append, Command, Notes, Writer};

/// An entry of the spool; rises with every append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpoolId(u64);

/// How patient the spool is.
#[derive(Clone, Copy, Debug)]
pub struct SpoolOptions {
    /// An event is handed out for replay this long after its append: whoever appended it saves it
    /// in that time.
    pub grace: Duration,
    /// Redis has surely saved what it has had for this long: more than the second or two that
    /// `appendfsync everysec` may lose.
    pub settle_after: Duration,
    /// How long an event that cannot be recorded waits for another try.
    pub postpone: Duration,
    /// Size at which a new file is begun.
    pub segment_bytes: u64,
}

/// Why an event could not be kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SpoolError {
    /// The disk did not take it.
    #[error("cannot write to the spool: {0}")]
    Write(io::ErrorKind),
    /// The event cannot be written as JSON.
    #[error("cannot write the event down")]
    Encoding,
    /// The spool's thread has ended.
    #[error("the spool is closed")]
    Closed,
}

/// What [`Spool::settle`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Entries that are gone for good.
    pub settled: usize,
    /// Entries that are handed out again, because another Redis runs now.
    pub reopened: usize,
}

/// The handle of the spool; cheap to clone. The files are closed when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Spool {
    commands: mpsc::Sender<Command>,
    people: Option<People>,
    notes: Notes,
    backlog: Arc<AtomicUsize>,
}

/// What the disk may know of people.
#[derive(Clone)]
struct People {
    live: Live,
    keys: CallerKeys,
}

impl People {
    /// The event with the caller's numbers sealed, or without what its site does not keep.
    fn kept(&self, event: &CallEvent) -> CallEvent {
        let installation = self.live.now();
        let nobody = installation.site(&event.site).is_some_and(|site| !site.keeps_people());
        let mut kept = if nobody { mask::event(self.keys.signing(), event) } else { event.clone() };
        kept.from.seal(&self.keys, &event.site);
        kept
    }
}

/// A log needs nothing of it.
impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("People")
    }
}

/// Most commands that wait for the thread; more wait at the sender.
const QUEUE: usize = 4096;

impl Spool {
    /// Opens the spool in `folder` with what an earlier process left there.
    pub fn open(folder: &Path, options: SpoolOptions) -> io::Result<Self> {
        let backlog = Arc::new(AtomicUsize::new(0));
        let notes = Notes::default();
        let writer = Writer::open(folder, options, notes.clone(), backlog.clone())?;
        let (commands, receiver) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("call-spool".to_owned())
            .spawn(move || writer.run(receiver))?;
        Ok(Spool { commands, people: None, notes, backlog })
    }

    /// The same, with callers' numbers sealed on disk, and without what their site does not keep.
    pub fn sealed(self, live: Live, keys: CallerKeys) -> Self {
        Spool { people: Some(People { live, keys }), ..self }
    }

    /// Keeps `event`; returns when the disk has it.
    pub async fn append(&self, event: &CallEvent) -> Result<SpoolId, SpoolError> {
        let kept = self.people.as_ref().map(|people| people.kept(event));
        let json =
            serde_json::to_vec(kept.as_ref().unwrap_or(event)).map_err(|_| SpoolError::Encoding)?;
        let (reply, answer) = oneshot::channel();
        self.send(Command::Append(Append { json, reply })).await?;
        answer.await.map_err(|_| SpoolError::Closed)?
    }

    /// Says that Redis has the event. Lost notes only cause a replay. The thread is not woken for it: it
    /// reads it with whatever it is asked next.
    pub fn done(&self, id: SpoolId) {
        self.notes.add(id);
    }

    /// Says that the event cannot be recorded for the time being.
    pub async fn postpone(&self, id: SpoolId) {
        let _ = self.send(Command::Postpone(id)).await;
    }

    /// The oldest events, at most `limit`, that Redis does not have and that nobody is saving.
    pub async fn replayable(&self, limit: usize) -> Result<Vec<(SpoolId, CallEvent)>, SpoolError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Replayable { limit, reply }).await?;
        let read = answer.await.map_err(|_| SpoolError::Closed)?;
        let mut events = Vec::with_capacity(read.len());
        for (id, json) in read {
            match serde_json::from_slice::<CallEvent>(&json) {
                Ok(mut event) => {
                    if let Some(people) = &self.people {
                        event.from.open(&people.keys);
                    }
                    events.push((id, event));
                }
                Err(error) => {
                    tracing::error!(%error, ?id, "an event in the spool cannot be read");
                    self.postpone(id).await;
                }
            }
        }
        Ok(events)
    }

    /// Forgets what Redis has surely saved. Call it only when Redis says that its last write to
    /// the append-only file went well; `server_run` is the `run_id` of that Redis.
    pub async fn settle(&self, server_run: &str) -> Result<Settled, SpoolError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Settle { server_run: server_run.to_owned(), reply }).await?;
        answer.await.map_err(|_| SpoolError::Closed)
    }

    /// Removes the events whose JSON `matches`, also from the files' bytes; how many there were, settled ones with them.
    pub async fn erase(
        &self,
        matches: impl Fn(&[u8]) -> bool + Send + 'static,
    ) -> Result<usize, SpoolError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Erase { matches: Box::new(matches), reply }).await?;
        let erased = answer.await.map_err(|_| SpoolError::Closed)?;
        erased.map_err(|error| SpoolError::Write(error.kind()))
    }

    /// How many events Redis does not have yet.
    pub fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }

    async fn send(&self, command: Command) -> Result<(), SpoolError> {
        self.commands.send(command).await.map_err(|_| SpoolError::Closed)
    }
}
