//! Copying files and folders, and knowing them again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::backup::model::{BackupError, CopiedFile, failed};

/// Makes a folder that its owner alone may enter, and those above it.
pub fn make_folder(path: &Path) -> Result<(), BackupError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(failed("make the folder", path))
}

/// Copies a file for its owner alone; `false` when it is not there (any more).
pub fn copy_file(from: &Path, to: &Path) -> Result<bool, BackupError> {
    let mut source = match File::open(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(failed("read", from))?,
    };
    if let Some(folder) = to.parent() {
        make_folder(folder)?;
    }
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to);
    let mut target = opened.map_err(failed("write", to))?;
    io::copy(&mut source, &mut target).map_err(failed("write", to))?;
    target.sync_all().map_err(failed("write", to))?;
    Ok(true)
}

/// Copies a folder of files that are only appended to, renamed or removed meanwhile. A file that gets another name
/// while it is read is there under the new one when the folder is listed again.
pub fn copy_living_folder(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut before = 0;
    loop {
        let mut files = Vec::new();
        list(from, Path::new(""), &mut files)?;
        let fresh: Vec<&String> = files.iter().filter(|file| !to.join(file).exists()).collect();
        for file in &fresh {
            copy_file(&from.join(file), &to.join(file))?;
        }
        if fresh.is_empty() || (before > 0 && fresh.len() >= before) {
            return Ok(());
        }
        before = fresh.len();
    }
}

/// Every file below `root`, as paths relative to it with `/`, in order.
pub fn files_below(root: &Path) -> Result<Vec<String>, BackupError> {
    let mut files = Vec::new();
    list(root, Path::new(""), &mut files)?;
    files.sort_unstable();
    Ok(files)
}

fn list(root: &Path, below: &Path, found: &mut Vec<String>) -> Result<(), BackupError> {
    let folder = root.join(below);
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed("list", &folder))?,
    };
    for entry in entries {
        let entry = entry.map_err(failed("list", &folder))?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type().map_err(failed("list", &folder))?;
        if kind.is_dir() {
            list(root, &path, found)?;
        } else if let (true, Some(name)) = (kind.is_file(), path.to_str()) {
            found.push(name.to_owned());
        }
    }
    Ok(())
}

/// Size and SHA-256 of a file of the backup in `root`.
pub fn known(root: &Path, path: &str) -> Result<CopiedFile, BackupError> {
    let whole = root.join(path);
    let mut file = File::open(&whole).map_err(failed("read", &whole))?;
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece).map_err(failed("read", &whole))? {
            0 => break,
            read => {
                hash.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok(CopiedFile { path: path.to_owned(), bytes, sha256: hex::encode(hash.finalize()) })
}

/// Writes a file for its owner alone.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let mut file = opened.map_err(failed("write", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_copied_whole_and_files_are_known_again() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        make_folder(&from.path().join("a/b")).unwrap();
        write_file(&from.path().join("a/b/one"), b"one").unwrap();
        write_file(&from.path().join("two"), b"two").unwrap();
        copy_living_folder(from.path(), &to.path().join("copy")).unwrap();
        let copy = to.path().join("copy");
        assert_eq!(files_below(&copy).unwrap(), ["a/b/one", "two"]);
        let (one, same) =
            (known(&copy, "a/b/one").unwrap(), known(from.path(), "a/b/one").unwrap());
        assert_eq!(one, same);
        assert_eq!(one.bytes, 3);
        write_file(&copy.join("a/b/one"), b"One").unwrap();
        assert_ne!(known(&copy, "a/b/one").unwrap(), one);
        assert!(!copy_file(&copy.join("nothing"), &copy.join("x")).unwrap());
    }
}
