//! Writes a file, and reads it while it grows; ClickHouse sends one itself.
//!
//! DuckDB writes from the front to the end, so what is there may be sent already. The file stands between DuckDB and the
//! client on purpose: a client that reads slowly would else hold a view of the warehouse, and no checkpoint could be made.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use duckdb::types::Value;
use duckdb::{Connection, params_from_iter};
use futures_util::future::BoxFuture;
use reqwest::Response;
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::export::model::{FileFormat, Table, Wanted};
use crate::export::rules::{Column, copy, rows};
use crate::warehouse::clickhouse::client::too_slow_or;
use crate::warehouse::question::Question;
use crate::warehouse::store::{Warehouse, WarehouseError, sql};

/// In the data folder: files that are being sent.
const FOLDER: &str = "exports";
/// Files that are written at a time; reports need the rest of the machine.
const AT_ONCE: usize = 1;
/// Longest that one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest that one may be written.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// What errors call it.
const WHAT: &str = "export a table";
/// Bytes of a piece.
const PIECE: usize = 256 * 1024;
/// Between two looks whether there is more.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Why there is no file, or only a part of it.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The warehouse refused.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// A file cannot be made, written or read.
    #[error("cannot export into {folder}: {source}")]
    Io {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others are being written.
    #[error("another export is being written; ask again when it is done")]
    Busy,
}

/// Writes files of facts; cheap to clone.
#[derive(Clone)]
pub struct Exports {
    warehouse: Warehouse,
    folder: PathBuf,
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl Exports {
    /// Of this warehouse, by way of `data_folder`; what an earlier process left there is removed.
    pub fn new(warehouse: Warehouse, data_folder: &Path) -> Self {
        let folder = data_folder.join(FOLDER);
        // Nothing is there at the first start; what cannot be removed only takes room.
        let _ = std::fs::remove_dir_all(&folder);
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Exports { warehouse, folder, turns, patience: PATIENCE }
    }

    /// Begins to write `wanted`, when it is its turn. Who would wait long is told so at once, not by silence.
    pub async fn start(&self, wanted: Wanted) -> Result<Export, ExportError> {
        let columns = columns(&self.warehouse, wanted.table).await?;
        if !self.warehouse.is_shared() {
            return self.grow(wanted, columns).await.map(Export::Grows);
        }
        let (text, bound) = rows(self.warehouse.dialect(), &wanted, &columns);
        let bound = bound.into_iter().map(Value::Text).collect();
        let format = match wanted.format {
            FileFormat::Parquet => "Parquet",
            FileFormat::Csv => "CSVWithNames",
        };
        let question = Question::new(WHAT, text, bound);
        Ok(Export::Sent(self.warehouse.file_of(&question, format, LONGEST).await?))
    }

    async fn grow(&self, wanted: Wanted, columns: Vec<Column>) -> Result<Growing, ExportError> {
        let turn = timeout(self.patience, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| ExportError::Busy)?.map_err(|_| WarehouseError::Closing)?;
        let failed = |source| ExportError::Io { folder: self.folder.clone(), source };
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let own = tempfile::tempdir_in(&self.folder).map_err(failed)?;
        let path = own.path().join(wanted.table.word());
        std::fs::File::create(&path).map_err(failed)?;
        let file = File::open(&path).await.map_err(failed)?;
        let warehouse = self.warehouse.clone();
        let writing = async move {
            let _turn = turn;
            let (text, bound) = copy(&wanted, &columns, &path.to_string_lossy());
            let write = move |connection: &Connection| {
                let written = connection.execute(&text, params_from_iter(bound));
                written.map(|_| ()).map_err(sql(WHAT))
            };
            warehouse.read_within(LONGEST, write).await
        };
        Ok(Growing { own, file, writing: Some(Box::pin(writing)) })
    }
}

/// A file that is being written. It is given up when this is dropped.
pub enum Export {
    /// By DuckDB, on disk.
    Grows(Growing),
    /// By ClickHouse, which sends it.
    Sent(Response),
}

impl Export {
    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ExportError> {
        match self {
            Export::Grows(file) => file.next().await,
            Export::Sent(response) => {
                let piece = response.chunk().await;
                Ok(piece.map_err(|error| too_slow_or(WHAT, error))?)
            }
        }
    }
}

/// A file on disk that is being written.
pub struct Growing {
    own: TempDir,
    file: File,
    /// Until it is whole.
    writing: Option<BoxFuture<'static, Result<(), WarehouseError>>>,
}

impl Growing {
    async fn next(&mut self) -> Result<Option<Bytes>, ExportError> {
        let mut piece = vec![0; PIECE];
        loop {
            let failed = |source| ExportError::Io { folder: self.own.path().to_owned(), source };
            let read = self.file.read(&mut piece).await.map_err(failed)?;
            if read > 0 {
                piece.truncate(read);
                return Ok(Some(piece.into()));
            }
            let Some(writing) = &mut self.writing else { return Ok(None) };
            if let Ok(written) = timeout(LOOK_EVERY, writing).await {
                self.writing = None;
                written?;
            }
        }
    }
}

/// The columns of a table, in order.
pub async fn columns(warehouse: &Warehouse, table: Table) -> Result<Vec<Column>, WarehouseError> {
    let columns = warehouse.columns(table.word()).await?;
    Ok(columns.into_iter().filter_map(|(name, kind)| Column::new(name, &kind)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_would_wait_long_is_told_so_and_the_next_one_is_served() {
        let folder = tempfile::tempdir().expect("a folder");
        let warehouse = Warehouse::open(folder.path(), 1).expect("a warehouse");
        let mut exports = Exports::new(warehouse, folder.path());
        exports.patience = Duration::from_millis(10);
        let wanted = || Wanted {
            table: Table::Calls,
            sites: vec!["shop".parse().expect("an id")],
            period: None,
            format: FileFormat::Csv,
        };
        let mut first = exports.start(wanted()).await.expect("its turn");
        assert!(matches!(exports.start(wanted()).await, Err(ExportError::Busy)));
        while first.next().await.expect("a piece").is_some() {}
        let second = exports.start(wanted()).await.expect("the first one is whole");
        // Whoever leaves gives the turn back.
        drop(second);
        exports.start(wanted()).await.expect("the second one left");
    }
}
