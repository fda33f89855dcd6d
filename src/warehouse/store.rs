//! The DuckDB file: opened once by one process, written by the projector, read by reports.
//!
//! One connection writes; reports take connections of their own from a small stock. DuckDB calls
//! block, so all of them run on tokio's blocking threads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use duckdb::{Config, Connection};
use tokio::sync::Semaphore;

use crate::ledger::model::EntryId;
use crate::platform::clock::Millis;
use crate::platform::keys::Shard;
use crate::warehouse::migrate::{STEPS, migrate};
use crate::warehouse::model::Facts;
use crate::warehouse::write;

/// Most questions that are worked on at a time; each may use every thread.
const READERS: usize = 4;
pub(super) const FILE: &str = "warehouse.duckdb";

/// Why the warehouse cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    /// Another process has the file.
    #[error(
        "the warehouse {path} is in use by another process; DuckDB lets one process have it \
         ({detail})"
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// What DuckDB said, with the process id.
        detail: String,
    },
    /// A newer program made the tables.
    #[error(
        "the warehouse's tables are of version {found}, and this program knows up to {known}; \
         run the newer program, or restore an older file"
    )]
    Newer {
        /// The version that was found.
        found: usize,
        /// The newest version known here.
        known: usize,
    },
    /// The folder or a file beside the database cannot be changed.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was being tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// DuckDB refused.
    #[error("the warehouse cannot {what}: {source}")]
    Sql {
        /// What was being tried.
        what: &'static str,
        /// What DuckDB said.
        #[source]
        source: duckdb::Error,
    },
    /// It broke, and could not be opened again yet: the disk may still be full.
    #[error("the warehouse broke and is not open again")]
    Broken,
    /// A question took longer than it may.
    #[error("the question took too long")]
    TooSlow,
    /// The program is ending, or the blocking task panicked.
    #[error("the warehouse is closing")]
    Closing,
}

impl WarehouseError {
    /// Whether DuckDB has given up on its file, as it does when it cannot write a checkpoint. It
    /// answers nothing until the file is opened again.
    pub fn is_fatal(&self) -> bool {
        match self {
            WarehouseError::Broken => true,
            WarehouseError::Sql { source, .. } => {
                let text = source.to_string();
                text.contains("FATAL") || text.contains("database has been invalidated")
            }
            _ => false,
        }
    }
}

/// Names what was being tried in an error of DuckDB.
pub fn sql(what: &'static str) -> impl Fn(duckdb::Error) -> WarehouseError {
    move |source| WarehouseError::Sql { what, source }
}

/// The warehouse; cheap to clone.
#[derive(Clone)]
pub struct Warehouse(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    threads: usize,
    /// Read while it is used; written to open it again. `None` when that failed.
    opened: RwLock<Option<Opened>>,
    permits: Semaphore,
}

/// The connections to an open file. It is closed when all of them are gone.
struct Opened {
    writer: Mutex<Connection>,
    /// Only to make readers from: the writer may be busy for long.
    source: Mutex<Connection>,
    idle_readers: Mutex<Vec<Connection>>,
}

impl Warehouse {
    /// Opens `warehouse.duckdb` in `folder`, or makes it. `threads` = 0: one per core. A damaged
    /// write-ahead log is set aside and the last checkpoint opened: the projector then replays
    /// everything after its offsets.
    pub fn open(folder: &Path, threads: usize) -> Result<Self, WarehouseError> {
        Ok(Warehouse(Arc::new(Shared {
            folder: folder.to_owned(),
            threads,
            opened: RwLock::new(Some(open(folder, threads)?)),
            permits: Semaphore::new(READERS),
        })))
    }

    /// Writes facts and the new offsets of their streams in one transaction. Writing the same twice
    /// changes nothing, and an older version never replaces a newer one.
    pub async fn write(
        &self,
        facts: Facts,
        offsets: Vec<(Shard, EntryId)>,
    ) -> Result<(), WarehouseError> {
        self.with_writer(move |writer| write::write(writer, &facts, &offsets)).await
    }

    /// Up to which entry of each stream everything is here; streams without a row are at the start.
    pub async fn offsets(&self) -> Result<Vec<(Shard, EntryId)>, WarehouseError> {
        self.with_writer(|writer| write::offsets(writer)).await
    }

    /// Moves the write-ahead log into the file, for a quick next start.
    pub async fn checkpoint(&self) -> Result<(), WarehouseError> {
        self.with_writer(|writer| writer.execute_batch("CHECKPOINT").map_err(sql("checkpoint")))
            .await
    }

    /// Copies the file and its write-ahead log into `folder` while nobody writes; the writer waits as long as that takes.
    pub async fn copy_into(&self, folder: PathBuf) -> Result<(), WarehouseError> {
        let from = self.0.folder.clone();
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

    /// Answers a question on a connection of its own; it sees whole batches only.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let shared = self.0.clone();
        let _permit = self.0.permits.acquire().await.map_err(|_| WarehouseError::Closing)?;
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
        answered.await.map_err(|_| WarehouseError::Closing)?
    }

    /// Changes tables that are no facts.
    pub async fn change(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<(), WarehouseError> + Send + 'static,
    ) -> Result<(), WarehouseError> {
        self.with_writer(work).await
    }

    /// Works with the writing connection. When the file turns out to be given up, it is opened again
    /// for the next time.
    async fn with_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, WarehouseError> {
        let shared = self.0.clone();
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
        worked.await.map_err(|_| WarehouseError::Closing)?
    }
}

impl Shared {
    /// Waits for the questions that are being answered, closes the file and opens it.
    fn open_again(&self) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        // Closed first: one file must not be open twice.
        *opened = None;
        match open(&self.folder, self.threads) {
            Ok(again) => {
                tracing::warn!("the warehouse gave up its file, which is open again");
                *opened = Some(again);
            }
            Err(error) => tracing::error!(%error, "the warehouse cannot be opened again yet"),
        }
    }
}

fn open(folder: &Path, threads: usize) -> Result<Opened, WarehouseError> {
    let path = folder.join(FILE);
    std::fs::create_dir_all(folder).map_err(|source| WarehouseError::Io {
        what: "make the folder",
        path: folder.to_owned(),
        source,
    })?;
    let mut writer = match connect(&path, threads) {
        Err(error) if is_damaged_log(&error) => {
            tracing::error!(%error, "the warehouse's write-ahead log is damaged");
            set_logs_aside(folder)?;
            connect(&path, threads)
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

fn connect(path: &Path, threads: usize) -> Result<Connection, duckdb::Error> {
    // Nothing is fetched from the network behind our back.
    let mut config = Config::default()
        .enable_autoload_extension(false)?
        .with("autoinstall_known_extensions", "false")?;
    if threads > 0 {
        config = config.threads(i64::try_from(threads).unwrap_or(i64::MAX))?;
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
