//! Why a warehouse does not do what it was asked.

use std::path::PathBuf;

use crate::platform::data_folder::DataFolderError;

/// ClickHouse's codes for a table and a database that are not there.
pub(super) const GONE: [u32; 2] = [60, 81];

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
    /// DuckDB refused, or a value is of another type than was expected.
    #[error("the warehouse cannot {what}: {source}")]
    Sql {
        /// What was being tried.
        what: &'static str,
        /// What DuckDB said.
        #[source]
        source: duckdb::Error,
    },
    /// ClickHouse refused.
    #[error("ClickHouse cannot {what}: {why} (code {code})")]
    Refused {
        /// What was being tried.
        what: &'static str,
        /// ClickHouse's code of the error; 0 where it told none.
        code: u32,
        /// What it said, without what was looked for.
        why: String,
    },
    /// ClickHouse does not answer.
    #[error("ClickHouse does not answer ({what}): {why}")]
    Unreachable {
        /// What was being tried.
        what: &'static str,
        /// What went wrong on the way.
        why: String,
    },
    /// Only another kind of warehouse can do it.
    #[error("a warehouse in {engine} cannot {what}")]
    OfOtherKind {
        /// Where it is.
        engine: &'static str,
        /// What was asked.
        what: &'static str,
    },
    /// The process has no name in its data folder.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
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
    /// Whether DuckDB has given up on its file, as it does when it cannot write a checkpoint: it answers nothing until the
    /// file is opened again. Or whether ClickHouse has lost its tables.
    pub fn is_fatal(&self) -> bool {
        match self {
            WarehouseError::Broken => true,
            WarehouseError::Sql { source, .. } => {
                let text = source.to_string();
                text.contains("FATAL") || text.contains("database has been invalidated")
            }
            WarehouseError::Refused { code, .. } => GONE.contains(code),
            _ => false,
        }
    }
}

/// Names what was being tried in an error of DuckDB.
pub fn sql(what: &'static str) -> impl Fn(duckdb::Error) -> WarehouseError {
    move |source| WarehouseError::Sql { what, source }
}
