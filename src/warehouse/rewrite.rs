//! A warehouse file without what was deleted: DuckDB leaves the bytes of deleted rows in the file until it needs the
//! room, so all rows are copied into a new one.

use std::fs::File;
use std::path::{Path, PathBuf};

use duckdb::Connection;

use crate::warehouse::store::{FILE, WarehouseError, sql};

/// The new file while it is written.
const BESIDE: &str = "warehouse.rewriting.duckdb";

/// Copies everything into a new file in `folder`, and says where it is.
pub(super) fn copy_beside(
    connection: &Connection,
    folder: &Path,
) -> Result<PathBuf, WarehouseError> {
    let beside = folder.join(BESIDE);
    remove(&beside)?;
    let quoted = beside.display().to_string().replace('\'', "''");
    let from: String = connection
        .query_row("SELECT current_database()", [], |row| row.get(0))
        .map_err(sql("tell its name"))?;
    let text = format!(
        "CHECKPOINT; ATTACH '{quoted}' AS rewritten; COPY FROM DATABASE \"{from}\" TO rewritten; \
         CHECKPOINT rewritten; DETACH rewritten"
    );
    if let Err(error) = connection.execute_batch(&text) {
        // Attached for ever, it would keep the next try from working.
        let _ = connection.execute_batch("DETACH DATABASE IF EXISTS rewritten");
        return Err(sql("be rewritten")(error));
    }
    Ok(beside)
}

/// Renames the new file over the old one, which nobody has open.
pub(super) fn put_in_place(beside: &Path, folder: &Path) -> Result<(), WarehouseError> {
    let path = folder.join(FILE);
    let log = folder.join(format!("{FILE}.wal"));
    let io = |what, path: &Path| {
        let path = path.to_owned();
        move |source| WarehouseError::Io { what, path, source }
    };
    File::open(beside).and_then(|file| file.sync_all()).map_err(io("sync", beside))?;
    // Its rows are in the old file, and so in the new one. It must not be applied to that.
    remove(&log)?;
    std::fs::rename(beside, &path).map_err(io("replace", &path))?;
    File::open(folder).and_then(|file| file.sync_all()).map_err(io("sync", folder))
}

fn remove(path: &Path) -> Result<(), WarehouseError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(WarehouseError::Io { what: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
