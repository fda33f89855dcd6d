//! The warehouse: a DuckDB file, or a database in ClickHouse ([`super::clickhouse`]).
//!
//! The file is opened once by one process, written by the projector, read by reports. One connection writes; reports take
//! connections of their own from a small stock. DuckDB calls block, so all of them run on tokio's blocking threads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use duckdb::{Config, Connection};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::config;
use crate::config::model::WarehouseKind;
use crate::ledger::model::EntryId;
use crate::platform::clock::Millis;
use crate::platform::data_folder::node_name;
use crate::platform::keys::Shard;
use crate::platform::traces;
use crate::warehouse::clickhouse::{ClickHouse, Whose};
use crate::warehouse::dialect::{self, Dialect};
pub use crate::warehouse::error::{WarehouseError, sql};
use crate::warehouse::migrate::{STEPS, migrate};
use crate::warehouse::model::Facts;
use crate::warehouse::question::Question;
use crate::warehouse::rewrite;
use crate::warehouse::write;

/// Most questions that are worked on at a time; each may use every thread.
const READERS: usize = 4;
/// Longest wait for a server to say that it is there.
const PING: Duration = Duration::from_secs(5);
/// The file in its folder.
pub(super) const FILE: &str = "warehouse.duckdb";

/// The warehouse; cheap to clone.
#[derive(Clone)]
pub struct Warehouse(Engine);

/// What DuckDB may take of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// Threads of one statement; 0: one per core.
    pub threads: usize,
    /// Megabytes of memory, whatever it is for; 0: four fifths of the machine's.
    pub memory_mb: usize,
}

/// What the configuration gives it.
impl From<&config::model::Warehouse> for Means {
    fn from(config: &config::model::Warehouse) -> Self {
        Means { threads: config.threads, memory_mb: config.memory_mb }
    }
}

/// Threads alone.
impl From<usize> for Means {
    fn from(threads: usize) -> Self {
        Means { threads, ..Means::default() }
    }
}

/// Who keeps the tables.
#[derive(Clone)]
pub(super) enum Engine {
    /// A file of this process.
    DuckDb(Arc<Shared>),
    /// A server, or several.
    ClickHouse(ClickHouse),
}

pub(super) struct Shared {
    folder: PathBuf,
    means: Means,
    /// Read while it is used; written to open it again. `None` when that failed.
    opened: RwLock<Option<Opened>>,
    permits: Arc<Semaphore>,
}

/// The connections to an open file. It is closed when all of them are gone.
struct Opened {
    writer: Mutex<Connection>,
    /// Only to make readers from: the writer may be busy for long.
    source: Mutex<Connection>,
    idle_readers: Mutex<Vec<Connection>>,
}

impl Warehouse {
    /// Opens `warehouse.duckdb` in `folder`, or makes it. A damaged
    /// write-ahead log is set aside and the last checkpoint opened: the projector then replays
    /// everything after its offsets.
    pub fn open(folder: &Path, means: impl Into<Means>) -> Result<Self, WarehouseError> {
        let means = means.into();
        Ok(Warehouse(Engine::DuckDb(Arc::new(Shared {
            folder: folder.to_owned(),
            means,
            opened: RwLock::new(Some(open(folder, means)?)),
            permits: Arc::new(Semaphore::new(READERS)),
        }))))
    }

    /// The warehouse that the configuration names. One in ClickHouse need not answer yet.
    pub fn of(config: &config::model::Config) -> Result<Self, WarehouseError> {
        match config.warehouse.kind {
            WarehouseKind::Duckdb => Self::open(&config.data_folder, &config.warehouse),
            WarehouseKind::Clickhouse => {
                let writer = node_name(&config.data_folder)?;
                let clickhouse = ClickHouse::new(&config.warehouse, writer)?;
                Ok(Warehouse(Engine::ClickHouse(clickhouse)))
            }
        }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.0
    }

    /// How its SQL is written.
    pub fn dialect(&self) -> &'static dyn Dialect {
        match &self.0 {
            Engine::DuckDb(_) => &dialect::DuckDb,
            Engine::ClickHouse(_) => &dialect::ClickHouse,
        }
    }

    /// Whether other processes write into it too, and it may be down while this one runs.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Engine::ClickHouse(_))
    }

    /// Its name among those that write into it: the same after a restart.
    pub fn writer(&self) -> &str {
        match &self.0 {
            Engine::DuckDb(_) => "projector",
            Engine::ClickHouse(clickhouse) => clickhouse.writer(),
        }
    }

    /// Asks whether it answers.
    pub async fn ping(&self) -> Result<(), WarehouseError> {
        let question = Question::new("answer", "SELECT 1", Vec::new());
        match &self.0 {
            Engine::DuckDb(_) => self.ask(question).await.map(|_| ()),
            Engine::ClickHouse(clickhouse) => clickhouse.ask(&question, PING).await.map(|_| ()),
        }
    }

    /// Writes facts and the new offsets of their streams: in DuckDB in one transaction, in ClickHouse table by table and
    /// the offsets last. Writing the same twice changes nothing, and an older version never replaces a newer one.
    pub async fn write(
        &self,
        facts: Facts,
        offsets: Vec<(Shard, EntryId)>,
    ) -> Result<(), WarehouseError> {
        if let Engine::ClickHouse(clickhouse) = &self.0 {
            return clickhouse.write(facts, &offsets).await;
        }
        self.with_writer(move |writer| write::write(writer, &facts, &offsets)).await
    }

    /// Up to which entry of each stream everything is here that this process keeps in segments; streams without a row are
    /// at the start.
    pub async fn offsets(&self) -> Result<Vec<(Shard, EntryId)>, WarehouseError> {
        if let Engine::ClickHouse(clickhouse) = &self.0 {
            return clickhouse.offsets(Whose::Mine).await;
        }
        self.with_writer(|writer| write::offsets(writer)).await
    }

    /// The same of whoever got furthest.
    pub async fn furthest_offsets(&self) -> Result<Vec<(Shard, EntryId)>, WarehouseError> {
        match &self.0 {
            Engine::ClickHouse(clickhouse) => clickhouse.offsets(Whose::Furthest).await,
            Engine::DuckDb(_) => self.offsets().await,
        }
    }

    /// Moves the write-ahead log into the file, for a quick next start. ClickHouse does it by itself.
    pub async fn checkpoint(&self) -> Result<(), WarehouseError> {
        if self.is_shared() {
            return Ok(());
        }
        self.with_writer(|writer| writer.execute_batch("CHECKPOINT").map_err(sql("checkpoint")))
            .await
    }

    /// Copies the file and its write-ahead log into `folder` while nobody writes; the writer waits as long as that takes.
    pub async fn copy_into(&self, folder: PathBuf) -> Result<(), WarehouseError> {
        let from = self.file("be copied into a folder")?.folder.clone();
        self.with_writer(move |writer| {
            // Only to make the log small; file and log together are whole without it.
            let _ = writer.execute_batch("CHECKPOINT");
            for name in [FILE.to_owned(), format!("{FILE}.wal")] {
                let (path, copy) = (from.join(&name), folder.join(&name));
                if path.exists() {
                    std::fs::copy(&path, copy).map_err(|source| WarehouseError::Io {
                        what: "copy",
                        path,
                        source,
                    })?;
                }
            }
            Ok(())
        })
        .await
    }

    fn file(&self, what: &'static str) -> Result<&Arc<Shared>, WarehouseError> {
        match &self.0 {
            Engine::DuckDb(file) => Ok(file),
            Engine::ClickHouse(_) => {
                Err(WarehouseError::OfOtherKind { engine: "ClickHouse", what })
            }
        }
    }

    /// Answers a question of DuckDB alone on a connection of its own; it sees whole batches only. What every engine can be
    /// asked goes through [`Warehouse::ask`].
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let shared = self.file("be read as a file")?.clone();
        let _permit =
            shared.permits.clone().acquire_owned().await.map_err(|_| WarehouseError::Closing)?;
        let answered = tokio::task::spawn_blocking(move || {
            let opened = shared.opened.read().unwrap_or_else(PoisonError::into_inner);
            let opened = opened.as_ref().ok_or(WarehouseError::Broken)?;
            let idle = lock(&opened.idle_readers).pop();
            let reader = match idle {
                Some(reader) => reader,
                None => lock(&opened.source).try_clone().map_err(sql("open a connection"))?,
            };
            let answer = question(&reader);
            lock(&opened.idle_readers).push(reader);
            answer
        });
        let answered = answered.instrument(traces::warehouse("read"));
        answered.await.map_err(|_| WarehouseError::Closing)?
    }

    /// Changes tables other than by facts.
    pub async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        self.with_writer(work).await
    }

    /// Puts a new file with the same rows in the place of the file: what was deleted is in its bytes until then. Who
    /// reads or writes waits as long as that takes; it needs the space twice.
    pub async fn rewrite(&self) -> Result<(), WarehouseError> {
        let shared = self.file("be rewritten")?.clone();
        let done = tokio::task::spawn_blocking(move || shared.rewrite());
        done.await.map_err(|_| WarehouseError::Closing)?
    }

    /// Works with the writing connection. When the file turns out to be given up, it is opened again
    /// for the next time.
    async fn with_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let shared = self.file("be written as a file")?.clone();
        let worked = tokio::task::spawn_blocking(move || {
            let worked = {
                let opened = shared.opened.read().unwrap_or_else(PoisonError::into_inner);
                match opened.as_ref() {
                    Some(opened) => work(&mut lock(&opened.writer)),
                    None => Err(WarehouseError::Broken),
                }
            };
            if worked.as_ref().is_err_and(WarehouseError::is_fatal) {
                shared.open_again();
            }
            worked
        });
        let worked = worked.instrument(traces::warehouse("write"));
        worked.await.map_err(|_| WarehouseError::Closing)?
    }
}

impl Shared {
    fn rewrite(&self) -> Result<(), WarehouseError> {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        let copied = match opened.as_ref() {
            Some(opened) => rewrite::copy_beside(&lock(&opened.writer), &self.folder),
            None => Err(WarehouseError::Broken),
        };
        let beside = copied?;
        // Closed first: what is in the log goes into the old file, which is then replaced.
        *opened = None;
        let replaced = rewrite::put_in_place(&beside, &self.folder, rewrite::remove_log);
        *opened = Some(open(&self.folder, self.means)?);
        replaced
    }

    /// Waits for the questions that are being answered, closes the file and opens it.
    fn open_again(&self) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        // Closed first: one file must not be open twice.
        *opened = None;
        match open(&self.folder, self.means) {
            Ok(again) => {
                tracing::warn!("the warehouse gave up its file, which is open again");
                *opened = Some(again);
            }
            Err(error) => tracing::error!(%error, "the warehouse cannot be opened again yet"),
        }
    }
}

fn open(folder: &Path, means: Means) -> Result<Opened, WarehouseError> {
    let path = folder.join(FILE);
    std::fs::create_dir_all(folder).map_err(|source| WarehouseError::Io {
        what: "make the folder",
        path: folder.to_owned(),
        source,
    })?;
    let mut writer = match connect(&path, means) {
        Err(error) if is_damaged_log(&error) => {
            tracing::error!(%error, "the warehouse's write-ahead log is damaged");
            set_logs_aside(folder)?;
            connect(&path, means)
        }
        opened => opened,
    }
    .map_err(|source| opening_failed(&path, source))?;
    migrate(&mut writer, STEPS)?;
    let source = writer.try_clone().map_err(sql("open a second connection"))?;
    Ok(Opened {
        writer: Mutex::new(writer),
        source: Mutex::new(source),
        idle_readers: Mutex::default(),
    })
}

/// A panic elsewhere leaves a connection usable: DuckDB rolled its transaction back.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path, means: Means) -> Result<Connection, duckdb::Error> {
    // Nothing is fetched from the network behind our back.
    let mut config = Config::default()
        .enable_autoload_extension(false)?
        .with("autoinstall_known_extensions", "false")?;
    if means.threads > 0 {
        config = config.threads(i64::try_from(means.threads).unwrap_or(i64::MAX))?;
    }
    if means.memory_mb > 0 {
        config = config.max_memory(&format!("{}MiB", means.memory_mb))?;
    }
    Connection::open_with_flags(path, config)
}

fn opening_failed(path: &Path, source: duckdb::Error) -> WarehouseError {
    let text = source.to_string();
    match text.find("Conflicting lock").or_else(|| text.find("Could not set lock")) {
        Some(at) => WarehouseError::Locked { path: path.to_owned(), detail: text[at..].to_owned() },
        None => WarehouseError::Sql { what: "be opened", source },
    }
}

fn is_damaged_log(error: &duckdb::Error) -> bool {
    let text = error.to_string();
    // A log that cannot be replayed because nothing can be written is whole.
    let full = text.contains("Could not write") || text.contains("No space left");
    !full && (text.contains("replaying WAL") || text.contains("Corrupt WAL"))
}

/// Renames every log beside the database; people may want to look at it, DuckDB must not.
pub(super) fn set_logs_aside(folder: &Path) -> Result<(), WarehouseError> {
    let now = Millis::system_now().0;
    let io = |what, path: &Path| {
        let path = path.to_owned();
        move |source| WarehouseError::Io { what, path, source }
    };
    for file in std::fs::read_dir(folder).map_err(io("list", folder))? {
        let file = file.map_err(io("list", folder))?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name.starts_with(FILE) && name.ends_with(".wal") {
            let aside = folder.join(format!("{name}.damaged-{now}"));
            tracing::warn!(set_aside = %aside.display(), "replaying the ledger will fill the gap");
            std::fs::rename(file.path(), aside).map_err(io("set aside", &file.path()))?;
        }
    }
    Ok(())
}
