//! What a backup says of itself.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::CliError;
use crate::platform::redis::StoreError;
use crate::platform::redis_server::RedisServerError;
use crate::warehouse::store::WarehouseError;

/// The newest form of a backup that this program reads, and the one that it writes.
pub const FORMAT: u32 = 1;
/// The file that describes the others.
pub const MANIFEST: &str = "manifest.json";
/// A copy of the private Redis: its own file format.
pub const RDB: &str = "redis.rdb";
/// A copy of somebody's Redis: see [`crate::backup::keyspace`].
pub const DUMP: &str = "redis.dump";
/// The configuration as it was in force, its secrets left out.
pub const CONFIG: &str = "config.toml";

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was being tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Redis did not do what was asked.
    #[error(transparent)]
    Redis(#[from] StoreError),
    /// A `redis-server` of our own did not start.
    #[error(transparent)]
    RedisServer(#[from] RedisServerError),
    /// The warehouse cannot be copied.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// It cannot be done here, and why.
    #[error("{0}")]
    Refused(String),
}

impl From<BackupError> for CliError {
    fn from(error: BackupError) -> Self {
        CliError::Backup(error)
    }
}

/// Names what was being tried in an error of the system.
pub fn failed<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl Fn(std::io::Error) -> BackupError + 'a {
    move |source| BackupError::Io { what, path: path.to_owned(), source }
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedFile {
    /// Where it is, relative to the backup's folder, with `/`.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hex.
    pub sha256: String,
}

impl CopiedFile {
    /// The path, when it leads nowhere else.
    pub fn inside(&self) -> Option<&Path> {
        let path = Path::new(&self.path);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        (plain && !self.path.is_empty()).then_some(path)
    }
}

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// The program that made it.
    pub ringtrace: String,
    /// When it was begun, RFC 3339 in UTC: everything that was answered before is in it.
    pub made_at: String,
    /// Over how many hash tags Redis spreads the sites.
    pub shards: u16,
    /// The version of the warehouse's tables.
    pub warehouse: usize,
    /// Every file but this one.
    pub files: Vec<CopiedFile>,
}

impl Manifest {
    /// Reads a manifest; a newer form is refused before anything else is looked at.
    pub fn read(text: &str) -> Result<Self, BackupError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let bad =
            |e: serde_json::Error| BackupError::Refused(format!("{MANIFEST} is damaged: {e}"));
        let head: Head = serde_json::from_str(text).map_err(bad)?;
        if head.format > FORMAT {
            return Err(BackupError::Refused(format!(
                "the backup has form {}, and this program knows up to {FORMAT}: use the newer program",
                head.format
            )));
        }
        let manifest: Manifest = serde_json::from_str(text).map_err(bad)?;
        if let Some(file) = manifest.files.iter().find(|file| file.inside().is_none()) {
            let why = format!("{MANIFEST} names a file outside of the backup: {}", file.path);
            return Err(BackupError::Refused(why));
        }
        Ok(manifest)
    }

    /// Whether it has this file.
    pub fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    /// The size of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(format: u32, path: &str) -> String {
        serde_json::json!({
            "format": format, "ringtrace": "0.1.0", "made_at": "", "shards": 16, "warehouse": 7,
            "files": [{ "path": path, "bytes": 1, "sha256": "" }],
        })
        .to_string()
    }

    #[test]
    fn a_newer_form_and_paths_that_lead_elsewhere_are_refused() {
        assert!(Manifest::read(&text(FORMAT, "spool/1.spool")).is_ok());
        let newer = Manifest::read(&text(FORMAT + 1, "x")).unwrap_err().to_string();
        assert!(newer.contains("use the newer program"), "{newer}");
        for path in ["../x", "/etc/passwd", "a/../../x", "", "."] {
            assert!(Manifest::read(&text(FORMAT, path)).is_err(), "{path}");
        }
        assert!(Manifest::read("{}").is_err());
    }
}
