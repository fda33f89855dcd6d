//! Secret keys that the installation makes for itself, each in a file of its own in the data folder.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The key file cannot be read or written.
    #[error("cannot use the key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key file holds something else.
    #[error("the key file {path} does not hold 64 hex digits")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// Reads the key in `folder/name`, making it (mode 0600) the first time.
pub fn load_or_create(folder: &Path, name: &str) -> Result<[u8; 32], KeyFileError> {
    let path = folder.join(name);
    let file_error = |source| KeyFileError::File { path: path.clone(), source };
    if !path.exists() {
        std::fs::create_dir_all(folder).map_err(file_error)?;
        let key: [u8; 32] = rand::random();
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(file_error)?;
        file.write_all(hex::encode(key).as_bytes()).map_err(file_error)?;
        file.sync_all().map_err(file_error)?;
    }
    let text = std::fs::read_to_string(&path).map_err(file_error)?;
    read_key(&text, &path)
}

/// Reads the keys in `folder/name`, one a line and the newest first, making one (mode 0600) the first time.
pub fn load_or_create_ring(folder: &Path, name: &str) -> Result<Vec<[u8; 32]>, KeyFileError> {
    let path = folder.join(name);
    if !path.exists() {
        return Ok(vec![load_or_create(folder, name)?]);
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|source| KeyFileError::File { path: path.clone(), source })?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let keys = lines.map(|line| read_key(line, &path)).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err(KeyFileError::Malformed { path }) } else { Ok(keys) }
}

/// Writes these keys, the newest first, in place of those that `path` has: all of them or nothing.
pub fn write_ring(path: &Path, keys: &[[u8; 32]]) -> Result<(), KeyFileError> {
    let lines: String = keys.iter().map(|key| hex::encode(key) + "\n").collect();
    write_secret(path, lines.as_bytes())
        .map_err(|source| KeyFileError::File { path: path.to_owned(), source })
}

/// Puts a file (mode 0600) with this content in the place of `path`: whoever reads has the old content or the new.
pub fn write_secret(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn read_key(text: &str, path: &Path) -> Result<[u8; 32], KeyFileError> {
    let mut key = [0u8; 32];
    hex::decode_to_slice(text.trim(), &mut key)
        .map_err(|_| KeyFileError::Malformed { path: path.to_owned() })?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let made = load_or_create(folder.path(), "a.key").unwrap();
        assert_eq!(load_or_create(folder.path(), "a.key").unwrap(), made);
        assert_ne!(load_or_create(folder.path(), "b.key").unwrap(), made);
        let mode = std::fs::metadata(folder.path().join("a.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(folder.path().join("a.key"), "short").unwrap();
        let refused = load_or_create(folder.path(), "a.key").unwrap_err().to_string();
        assert!(refused.ends_with("a.key does not hold 64 hex digits"), "{refused}");
    }
}
