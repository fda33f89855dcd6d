//! The data folder belongs to one process at a time: DuckDB, spool and segments have one writer.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::platform::data_format::{DATA_FORMAT, UnknownFormat, is_due};

/// The file that says which form the others have.
const FORMAT: &str = "format";
/// A file that is there while a backup is put into the folder.
const UNFINISHED: &str = "restoring";
/// Files that a folder without data may have.
const OF_NO_DATA: [&str; 2] = ["ringtrace.lock", FORMAT];

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// It cannot be made or written.
    #[error("cannot use the data folder {path}: {source}")]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another Ringtrace runs on it.
    #[error("the data folder {path} is in use by another Ringtrace (process {pid})")]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Its process id, or `unknown`.
        pid: String,
    },
    /// A newer program wrote it.
    #[error(transparent)]
    Newer(#[from] UnknownFormat),
    /// A backup was not put into it to the end.
    #[error(
        "a backup was being restored into the data folder {path}, and that did not end: empty the folder (and a Redis \
         of your own that it was restored into), and restore again"
    )]
    HalfRestored {
        /// The folder.
        path: PathBuf,
    },
}

/// The claim on a data folder; it ends when this is dropped, or with the process, however that
/// ends.
#[derive(Debug)]
pub struct DataFolder {
    _lock: File,
}

impl DataFolder {
    /// Makes `folder` when it is not there and claims it. What a newer program wrote, and half a backup, are refused.
    pub fn claim(folder: &Path) -> Result<Self, DataFolderError> {
        let unusable = |source| DataFolderError::Unusable { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let mut lock = open_lock(&folder.join("ringtrace.lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => note_owner(&mut lock, std::process::id()).map_err(unusable)?,
            Err(TryLockError::WouldBlock) => {
                let pid = owner(&mut lock).map_or("unknown".to_owned(), |pid| pid.to_string());
                return Err(DataFolderError::InUse { path: folder.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        if folder.join(UNFINISHED).try_exists().map_err(unusable)? {
            return Err(DataFolderError::HalfRestored { path: folder.to_owned() });
        }
        let format = folder.join(FORMAT);
        let found = match std::fs::read(&format) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            found => Some(String::from_utf8_lossy(&found.map_err(unusable)?).into_owned()),
        };
        if is_due(&format!("the data folder {}", folder.display()), found.as_deref())? {
            std::fs::write(&format, format!("{DATA_FORMAT}\n")).map_err(unusable)?;
        }
        Ok(DataFolder { _lock: lock })
    }
}

/// Whether a file of a data folder, by its name, is there before there are data.
pub fn is_of_no_data(name: &std::ffi::OsStr) -> bool {
    OF_NO_DATA.iter().any(|known| name == *known)
}

/// Marks `folder` as half restored: until [`finished`] nobody can claim it again.
pub fn unfinished(folder: &Path) -> std::io::Result<()> {
    File::create(folder.join(UNFINISHED))?.sync_all()?;
    File::open(folder)?.sync_all()
}

/// Takes the mark of [`unfinished`] away.
pub fn finished(folder: &Path) -> std::io::Result<()> {
    std::fs::remove_file(folder.join(UNFINISHED))?;
    File::open(folder)?.sync_all()
}

/// The name of whoever works on `folder`: random, and the same after every restart.
pub fn node_name(folder: &Path) -> Result<String, DataFolderError> {
    let path = folder.join("node");
    let unusable = |source| DataFolderError::Unusable { path: path.clone(), source };
    match std::fs::read_to_string(&path) {
        Ok(name) if Uuid::try_parse(name.trim()).is_ok() => return Ok(name.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(error)),
    }
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let name = Uuid::new_v4().to_string();
    std::fs::write(&path, &name).map_err(unusable)?;
    Ok(name)
}

/// Opens a lock file, making it when it is not there.
pub(super) fn open_lock(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Writes down who holds the lock.
pub(super) fn note_owner(lock: &mut File, pid: u32) -> std::io::Result<()> {
    lock.set_len(0)?;
    writeln!(lock, "{pid}")
}

/// Who wrote itself down as the holder of the lock.
pub(super) fn owner(lock: &mut File) -> Option<i32> {
    use std::io::Seek;
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok().filter(|pid| *pid > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time_and_the_next_one_hears_who_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let claimed = DataFolder::claim(folder.path()).unwrap();
        let refused = DataFolder::claim(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(claimed);
        DataFolder::claim(folder.path()).unwrap();
    }

    #[test]
    fn what_a_newer_program_wrote_and_half_a_backup_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        drop(DataFolder::claim(folder.path()).unwrap());
        let format = folder.path().join(FORMAT);
        assert_eq!(std::fs::read_to_string(&format).unwrap().trim(), DATA_FORMAT.to_string());
        let names = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
        assert!(names.into_iter().all(|name| is_of_no_data(&name)));

        std::fs::write(&format, (DATA_FORMAT + 1).to_string()).unwrap();
        let refused = DataFolder::claim(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(folder.path().to_str().unwrap()), "{refused}");
        std::fs::remove_file(&format).unwrap();

        unfinished(folder.path()).unwrap();
        let refused = DataFolder::claim(folder.path()).unwrap_err();
        assert!(matches!(refused, DataFolderError::HalfRestored { .. }), "{refused}");
        finished(folder.path()).unwrap();
        DataFolder::claim(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_keeps_its_name_and_another_has_another() {
        let [one, two] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let name = node_name(one.path()).unwrap();
        assert_eq!(node_name(one.path()).unwrap(), name);
        assert_ne!(node_name(two.path()).unwrap(), name);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let wanted = file.join("data");
        let refused = DataFolder::claim(&wanted).unwrap_err().to_string();
        assert!(refused.contains(wanted.to_str().unwrap()), "{refused}");
    }
}
