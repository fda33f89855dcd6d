//! A new file in the place of the warehouse's. One without what was deleted: DuckDB leaves the bytes of deleted rows in the file until it needs the
//! room, so all rows are copied into a new one.

use std::fs::File;
use std::io;
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

/// Renames the new file over the old one, which nobody has open. `clear_log` first takes away the old one's log: DuckDB
/// must not apply it to the new file.
pub(super) fn put_in_place(
    new: &Path,
    folder: &Path,
    clear_log: impl FnOnce(&Path) -> Result<(), WarehouseError>,
) -> Result<(), WarehouseError> {
    let path = folder.join(FILE);
    File::open(new).and_then(|file| file.sync_all()).map_err(failed("sync", new))?;
    clear_log(folder)?;
    std::fs::rename(new, &path).map_err(failed("replace", &path))?;
    File::open(folder).and_then(|file| file.sync_all()).map_err(failed("sync", folder))
}

/// The log of a file that was closed: its rows are in the file, and so in what was made of that.
pub(super) fn remove_log(folder: &Path) -> Result<(), WarehouseError> {
    remove(&folder.join(format!("{FILE}.wal")))
}

fn remove(path: &Path) -> Result<(), WarehouseError> {
    unless_absent(std::fs::remove_file(path)).map_err(failed("remove", path))
}

/// Removes a folder, if it is there.
pub(super) fn remove_folder(folder: &Path) -> Result<(), WarehouseError> {
    unless_absent(std::fs::remove_dir_all(folder)).map_err(failed("remove", folder))
}

fn unless_absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> WarehouseError + 'a {
    move |source| WarehouseError::Io { what, path: path.to_owned(), source }
}
