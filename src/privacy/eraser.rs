//! Forgetting somebody, and telling what is known of them: one walk through every place that has anything.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, MutexGuard};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::backup::snapshot::STAGING;
use crate::call::model::CallEvent;
use crate::call::spool::{Spool, SpoolError};
use crate::config::Live;
use crate::ledger::files::LedgerFiles;
use crate::ledger::model::Envelope;
use crate::ledger::segments::SegmentError;
use crate::ledger::segments::rewrite::LineFate;
use crate::platform::caller_keys::CallerKeys;
use crate::platform::clock::Clock;
use crate::platform::ids::CallId;
use crate::platform::key_file::KeyFileError;
use crate::platform::redis::{Redis, StoreError};
use crate::privacy::judge::Fate;
use crate::privacy::keyspace::Keyspace;
use crate::privacy::list::{Erasure, ErasureList};
use crate::privacy::subject::Subject;
use crate::privacy::traces::Traces;
use crate::privacy::{in_redis, in_warehouse};
use crate::warehouse::rules::facts;
use crate::warehouse::setting::Setting;
use crate::warehouse::store::{Warehouse, WarehouseError};

/// Longest that Redis may take to write its append-only file anew.
const LONGEST_REWRITE: Duration = Duration::from_secs(15 * 60);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Why somebody could not be forgotten. It is begun again: at the next start at the latest.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The segments.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The spool.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// A file of the data folder.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was being tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file of the keys.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The spool has what an older key has sealed.
    #[error(
        "{waiting} events of the spool wait for Redis: the older keys stay until they are recorded"
    )]
    Spooled {
        /// How many.
        waiting: usize,
    },
    /// The program is ending.
    #[error("the program is ending")]
    Ending,
}

/// What was removed, by place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erased {
    /// Id of the erasure on the list.
    pub id: String,
    /// The site.
    pub site: String,
    /// Visits.
    pub visits: u64,
    /// Calls.
    pub calls: u64,
    /// Leads.
    pub leads: u64,
    /// Keys of Redis, and parts of them.
    pub redis: u64,
    /// Events of the spool.
    pub spool: u64,
    /// Entries of segments that were removed or cleaned.
    pub segments: u64,
    /// Parts of segments that cannot be read: nobody knows what is in them.
    pub segments_unreadable: u64,
    /// Rows of the warehouse.
    pub warehouse: u64,
    /// Calls of others that said something of the person, and do not any more.
    pub cleaned: u64,
    /// Whether nothing of the person is in Redis' append-only file: it was written anew, or had nothing. Otherwise let
    /// Redis do so: old commands are in the file until then.
    pub redis_file_rewritten: bool,
}

/// What forgetting works on.
pub struct Parts {
    /// The configuration in force.
    pub live: Live,
    /// The clock.
    pub clock: Clock,
    /// A patient handle.
    pub redis: Redis,
    /// The warehouse.
    pub warehouse: Warehouse,
    /// The spool.
    pub spool: Spool,
    /// The segments.
    pub files: LedgerFiles,
    /// The keys that callers are hashed and sealed with.
    pub keys: CallerKeys,
    /// Who was forgotten.
    pub list: ErasureList,
}

/// Forgets people; cheap to clone. One at a time.
#[derive(Clone)]
pub struct Eraser(Arc<Shared>);

struct Shared {
    parts: Parts,
    turn: Mutex<()>,
}

impl Eraser {
    /// On these parts.
    pub fn new(parts: Parts) -> Self {
        Eraser(Arc::new(Shared { parts, turn: Mutex::default() }))
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// Waits until nobody else forgets anybody or changes keys.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.turn.lock().await
    }

    /// The list of erasures.
    pub fn list(&self) -> &ErasureList {
        &self.0.parts.list
    }

    /// Puts `subject` on the list, then removes everything that there is of them.
    pub async fn erase(&self, subject: Subject) -> Result<Erased, PrivacyError> {
        let parts = &self.0.parts;
        let erasure = Erasure { id: Uuid::now_v7(), at: parts.clock.now(), subject };
        let folder = parts.live.now().config.data_folder.clone();
        let noted = parts.list.add(&erasure);
        noted.map_err(|source| PrivacyError::Io {
            what: "add to the list in",
            path: folder,
            source,
        })?;
        self.carry_out(&erasure, false).await
    }

    /// Carries out what is on the list and not done in this folder: after a crash, and on a restored backup. How many
    /// that were.
    pub async fn finish(&self) -> Result<usize, PrivacyError> {
        let pending = self.0.parts.list.pending();
        for erasure in &pending {
            let erased = self.carry_out(erasure, true).await?;
            tracing::warn!(id = %erasure.id, calls = erased.calls, visits = erased.visits,
                "an erasure of the list was carried out");
        }
        Ok(pending.len())
    }

    /// `again`: it may have been begun before, so that the bytes of what is gone may still be in files.
    async fn carry_out(&self, erasure: &Erasure, again: bool) -> Result<Erased, PrivacyError> {
        let _one = self.turn().await;
        let parts = &self.0.parts;
        if !parts.list.pending().contains(erasure) {
            // Whoever asked for it has just done it.
            return Ok(Erased::default());
        }
        let subject = erasure.subject.clone();
        let keys = parts.live.now_full().shards.keys(&subject.site);
        // The projector has nothing in its hands that would come back.
        let turn = parts.files.turn().await;
        let traces = Traces::new(subject, erasure.at, parts.keys.signing().clone());
        let traces = Arc::new(self.learn(traces).await?);
        let mut erased = Erased {
            id: erasure.id.to_string(),
            site: keys.site().to_string(),
            visits: traces.sessions.len() as u64,
            calls: traces.calls.len() as u64,
            leads: traces.leads.len() as u64,
            ..Erased::default()
        };
        // What an event of the spool would bring back goes first.
        let of_them = traces.clone();
        erased.spool = parts.spool.erase(move |json| is_event_of(&of_them, json)).await? as u64;
        let names = Keyspace::new(&parts.redis, &keys).names().await?;
        let found = in_redis::find(&parts.redis, &keys, &names, &traces).await?;
        erased.redis = in_redis::erase(&parts.redis, &keys, &found).await?;
        let of_them = traces.clone();
        let shard = keys.shard;
        let rewrite = parts.files.change(move |segments| {
            segments.rewrite(shard, &mut |line| judge_line(&of_them, line))
        });
        let rewritten = rewrite.await.ok_or(PrivacyError::Ending)??;
        (erased.segments, erased.segments_unreadable) = (rewritten.changed, rewritten.damaged);
        let others = in_warehouse::others(&parts.warehouse, &traces).await?;
        erased.cleaned = others.len() as u64;
        let installation = parts.live.now_full();
        let cleaned = facts(others.iter(), |one| Setting::of(&installation, &one.site));
        parts.warehouse.write(cleaned, Vec::new()).await?;
        let theirs = in_warehouse::theirs(&traces);
        erased.warehouse = parts.warehouse.count(&theirs).await?;
        parts.warehouse.remove(theirs).await?;
        if again || erased.warehouse + erased.cleaned > 0 {
            parts.warehouse.forget_removed().await?;
        }
        drop(turn);
        let folder = installation.config.data_folder.clone();
        let tidied = tokio::task::spawn_blocking(move || remove_copies(&folder)).await;
        tidied.map_err(|_| PrivacyError::Ending)??;
        erased.redis_file_rewritten =
            !(again || erased.redis > 0) || rewrite_redis_file(&parts.redis).await?;
        let folder = installation.config.data_folder.clone();
        let noted = parts.list.done(erasure.id);
        noted.map_err(|source| PrivacyError::Io {
            what: "add to the list in",
            path: folder,
            source,
        })?;
        Ok(erased)
    }

    /// Everything that there is of `subject`: the rows of the warehouse, the entries of the ledger, and what Redis has.
    pub async fn export(&self, subject: Subject) -> Result<Value, PrivacyError> {
        let parts = &self.0.parts;
        let keys = parts.live.now_full().shards.keys(&subject.site);
        let _turn = parts.files.turn().await;
        let now = parts.clock.now();
        // A visit that another process began a moment ago is told, too.
        let traces = Traces::new(subject, now.plus(60_000), parts.keys.signing().clone());
        let traces = Arc::new(self.learn(traces).await?);
        let names = Keyspace::new(&parts.redis, &keys).names().await?;
        let found = in_redis::find(&parts.redis, &keys, &names, &traces).await?;
        let kept = found.into_iter().filter(|(_, verdict)| *verdict == in_redis::Verdict::Remove);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let kept = kept.map(|(piece, _)| {
            json!({ "key": piece.key, "member": text(&piece.member), "value": text(&piece.value) })
        });
        let redis: Vec<Value> = kept.collect();
        let tables = in_warehouse::rows(&parts.warehouse, &traces).await?;
        let (of_them, shard) = (traces.clone(), keys.shard);
        let read = parts.files.change(move |segments| {
            let mut newest: Map<String, Value> = Map::new();
            segments.rewrite(shard, &mut |line| {
                if let Some(mut envelope) = envelope_of(&of_them, line)
                    && of_them.judge(&mut envelope) == Fate::Remove
                    && let Ok(value) = serde_json::to_value(&envelope)
                {
                    newest.insert(envelope.id, value);
                }
                LineFate::Keep
            })?;
            Ok(newest)
        });
        let ledger = read.await.ok_or(PrivacyError::Ending)??;
        let mut document = json!({
            "site": keys.site(),
            "exported_at": now.to_string(),
            "joined_visits": traces.joined,
            "warehouse": tables,
            "ledger": ledger.into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
            "redis": redis,
        });
        open(&parts.keys, &mut document);
        Ok(document)
    }

    async fn learn(&self, mut traces: Traces) -> Result<Traces, PrivacyError> {
        let parts = &self.0.parts;
        let keys = parts.live.now_full().shards.keys(&traces.subject.site);
        in_warehouse::learn(&parts.warehouse, &mut traces).await?;
        let names = Keyspace::new(&parts.redis, &keys).names().await?;
        in_redis::learn(&parts.redis, &keys, &names, &mut traces).await?;
        // Segments may know of what warehouse and Redis have lost.
        let shard = keys.shard;
        let read = parts.files.change(move |segments| {
            segments.rewrite(shard, &mut |line| {
                if let Some(envelope) = envelope_at(line) {
                    traces.learn(&envelope);
                }
                LineFate::Keep
            })?;
            Ok(traces)
        });
        let mut traces = read.await.ok_or(PrivacyError::Ending)??;
        traces.complete();
        Ok(traces)
    }
}

/// Opens every sealed number of a document.
fn open(keys: &CallerKeys, value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| open(keys, field)),
        Value::Array(list) => list.iter_mut().for_each(|one| open(keys, one)),
        Value::String(text) => {
            if let Cow::Owned(opened) = keys.open_text(text) {
                *text = opened;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A line of a segment.
#[derive(Deserialize)]
struct Line {
    e: Envelope,
}

/// The envelope of a line; `None` where nobody can read it.
pub(super) fn envelope_at(line: &str) -> Option<Envelope> {
    serde_json::from_str::<Line>(line).ok().map(|line| line.e)
}

/// The envelope of a line that says something of the person.
fn envelope_of(traces: &Traces, line: &str) -> Option<Envelope> {
    traces.mentions(line.as_bytes(), false).then(|| envelope_at(line)).flatten()
}

fn judge_line(traces: &Traces, line: &str) -> LineFate {
    let Some(mut envelope) = envelope_of(traces, line) else { return LineFate::Keep };
    match traces.judge(&mut envelope) {
        Fate::Keep => LineFate::Keep,
        Fate::Remove => LineFate::Remove,
        Fate::Change => replaced(line, &envelope),
    }
}

/// The line with another envelope; the id of the entry, which stands before it, stays.
pub(super) fn replaced(line: &str, envelope: &Envelope) -> LineFate {
    let head = line.find("\"e\":").map_or("{", |at| &line[..at]);
    LineFate::Replace(format!("{head}\"e\":{}}}", envelope.to_json()))
}

/// Whether an event of the spool is of one of the person's calls, or says something of them.
fn is_event_of(traces: &Traces, json: &[u8]) -> bool {
    let Ok(event) = serde_json::from_slice::<CallEvent>(json) else { return false };
    let id = CallId::of(&event.site, &event.provider, &event.provider_call_id);
    event.site == traces.subject.site
        && event.at < traces.before
        && (traces.calls.contains(&id) || traces.mentions(json, false))
}

/// Copies that nobody asked for any more: a backup that was made and not taken, and logs of the warehouse that were set
/// aside.
fn remove_copies(folder: &Path) -> Result<(), PrivacyError> {
    let failed = |what, path: &Path| {
        let path = path.to_owned();
        move |source| PrivacyError::Io { what, path, source }
    };
    let staged = folder.join(STAGING);
    if staged.exists() {
        std::fs::remove_dir_all(&staged).map_err(failed("remove", &staged))?;
    }
    for file in std::fs::read_dir(folder).map_err(failed("list", folder))? {
        let path = file.map_err(failed("list", folder))?.path();
        if path.display().to_string().contains(".wal.damaged-") {
            std::fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
    }
    Ok(())
}

/// Lets every server write its append-only file anew, so that deleted values leave the disk; `false` where a server does
/// not let us, or has none.
pub(super) async fn rewrite_redis_file(redis: &Redis) -> Result<bool, StoreError> {
    const WHAT: &str = "writing the append-only file anew";
    let mut begin = redis::pipe();
    begin.cmd("BGREWRITEAOF");
    if let Err(error) = redis.on_every_master::<redis::Value>(WHAT, &begin).await {
        tracing::warn!(%error, "Redis does not write its file anew; what was erased may still be in it");
        return Ok(false);
    }
    let end = tokio::time::Instant::now() + LONGEST_REWRITE;
    let mut ask = redis::pipe();
    ask.cmd("INFO").arg("persistence");
    loop {
        let told: Vec<(String, (redis::InfoDict,))> = redis.on_every_master(WHAT, &ask).await?;
        let number = |info: &redis::InfoDict, name: &str| info.get::<u8>(name).unwrap_or_default();
        let runs = told.iter().any(|(_, (info,))| {
            number(info, "aof_rewrite_in_progress") + number(info, "aof_rewrite_scheduled") > 0
        });
        if !runs {
            return Ok(told.iter().all(|(_, (info,))| {
                info.get::<String>("aof_last_bgrewrite_status").as_deref() == Some("ok")
            }));
        }
        if tokio::time::Instant::now() > end {
            return Ok(false);
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
