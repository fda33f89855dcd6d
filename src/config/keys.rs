//! The file with the keys that `ringtrace key` makes: hashes only, one JSON document, replaced as a whole (mode 0600).
//!
//! Commands change it, one at a time; the running service reads it again when it changes.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Live;
use crate::config::model::ApiKey;
use crate::platform::key_file::write_secret;
use crate::platform::shutdown::ShutdownSignal;

/// How often the service looks at the file.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
/// Largest file that is read, in bytes.
const LARGEST: u64 = 4 << 20;
/// The newest format that is known here.
const FORMAT: u32 = 1;
/// Hex digits of its hash that name a key.
const ID_LENGTH: usize = 8;

/// Why the keys cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("cannot use the keys in {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It holds something else.
    #[error("{path} does not hold keys: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What was expected; nothing of the file is quoted.
        why: String,
    },
}

/// A key in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptKey {
    /// The key itself, as the configuration would have it.
    #[serde(flatten)]
    pub key: ApiKey,
    /// When it was made.
    pub created_at: Timestamp,
}

impl KeptKey {
    /// The short name by which commands tell keys apart: the first digits of its hash.
    pub fn id(&self) -> &str {
        self.key.sha256.get(..ID_LENGTH).unwrap_or(&self.key.sha256)
    }

    /// Whether it is refused from `now` on.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.key.expires_at.is_some_and(|end| end <= now)
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    keys: Vec<KeptKey>,
}

/// The keys in `path`; none when there is no such file.
pub fn read(path: &Path) -> Result<Vec<KeptKey>, KeysError> {
    let file = |source| KeysError::File { path: path.to_owned(), source };
    let unreadable = |why: String| KeysError::Unreadable { path: path.to_owned(), why };
    let text = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file(error)),
        Ok(found) if found.len() > LARGEST => return Err(unreadable("it is too large".to_owned())),
        Ok(_) => std::fs::read_to_string(path).map_err(file)?,
    };
    // The format first: the keys of a newer one may look otherwise.
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let place =
        |error: serde_json::Error| format!("line {}, column {}", error.line(), error.column());
    let head: Head = serde_json::from_str(&text).map_err(|e| unreadable(place(e)))?;
    if head.format > FORMAT {
        let why = format!("its format is {}, this program knows up to {FORMAT}", head.format);
        return Err(unreadable(why));
    }
    let document: Document = serde_json::from_str(&text).map_err(|e| unreadable(place(e)))?;
    Ok(document.keys)
}

/// Lets `change` work on the keys in `path` and writes them back, all or nothing; changes wait for each other. Nothing
/// is written when `change` fails.
pub fn change<T, E: From<KeysError>>(
    path: &Path,
    change: impl FnOnce(&mut Vec<KeptKey>) -> Result<T, E>,
) -> Result<T, E> {
    let file = |source| KeysError::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(file)?;
    }
    let lock = beside(path, "lock");
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(lock);
    let lock = lock.and_then(|lock| lock.lock().map(|()| lock)).map_err(file)?;
    let mut keys = read(path)?;
    let changed = change(&mut keys)?;
    let document = serde_json::to_vec_pretty(&Document { format: FORMAT, keys });
    document.map_err(Into::into).and_then(|text| write_secret(path, &text)).map_err(file)?;
    drop(lock);
    Ok(changed)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// What tells one state of the file from the next.
type Seen = Option<(u64, i64, i64, u64)>;

fn look(path: &Path) -> Seen {
    let found = std::fs::metadata(path).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec(), found.len()))
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It is new.
    Made,
    /// It ends at another time than before.
    Changed,
    /// It is gone.
    Revoked,
}

impl Became {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Became::Made => "made",
            Became::Changed => "changed",
            Became::Revoked => "revoked",
        }
    }
}

/// A key of the file that is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyChange {
    /// What became of it.
    pub what: Became,
    /// The key as it is now, or was last.
    pub kept: KeptKey,
}

/// What became of the keys between two readings.
fn changes(before: &[KeptKey], after: &[KeptKey]) -> Vec<KeyChange> {
    let of =
        |keys: &[KeptKey], hash: &str| keys.iter().find(|kept| kept.key.sha256 == hash).cloned();
    let now = after.iter().filter_map(|kept| match of(before, &kept.key.sha256) {
        None => Some(KeyChange { what: Became::Made, kept: kept.clone() }),
        Some(was) if was != *kept => Some(KeyChange { what: Became::Changed, kept: kept.clone() }),
        Some(_) => None,
    });
    let gone = before.iter().filter(|kept| of(after, &kept.key.sha256).is_none());
    let gone = gone.map(|kept| KeyChange { what: Became::Revoked, kept: kept.clone() });
    now.chain(gone).collect()
}

/// Puts the keys in `path` in force, and tells them.
pub fn load(live: &Live, path: &Path) -> Result<Vec<KeptKey>, KeysError> {
    load_with(live, path, |_| ())
}

/// The same; `first` sees them before they are in force.
fn load_with(
    live: &Live,
    path: &Path,
    first: impl FnOnce(&[KeptKey]),
) -> Result<Vec<KeptKey>, KeysError> {
    let kept = read(path)?;
    first(&kept);
    live.now().learn_keys(kept.iter().map(|kept| kept.key.clone()).collect());
    Ok(kept)
}

/// Puts the keys in force again whenever the file changes, until `shutdown`, and lets `note` know what changed since
/// `loaded`. A file that cannot be read changes nothing and is logged; a file that is gone has no keys.
pub async fn watch(
    live: Live,
    mut loaded: Vec<KeptKey>,
    note: impl Fn(&[KeyChange]) + Clone + Send + 'static,
    mut shutdown: ShutdownSignal,
) {
    let path = live.now().config.keys_file();
    // What it looked like when it was read at the start is not known any more: it is read once more.
    let mut seen: Option<Seen> = None;
    while !shutdown.sleep(LOOK_EVERY).await {
        let (asked, live, note) = (path.clone(), live.clone(), note.clone());
        let (before, known) = (seen, loaded.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let now = look(&asked);
            let note = |kept: &[KeptKey]| note(&changes(&known, kept));
            (now, (before != Some(now)).then(|| load_with(&live, &asked, note)))
        });
        let Ok((now, read)) = looked.await else { continue };
        match read {
            Some(Ok(kept)) => {
                if kept != loaded {
                    tracing::info!(keys = kept.len(), "the keys of the API changed");
                }
                loaded = kept;
            }
            Some(Err(error)) => tracing::error!(%error, "the keys of the API stay as they were"),
            None => {}
        }
        seen = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::model::Scope;

    fn kept(name: &str, hash: char) -> KeptKey {
        let key = ApiKey {
            name: name.to_owned(),
            sha256: hash.to_string().repeat(64),
            scope: Scope::Reader,
            sites: Vec::new(),
            expires_at: None,
        };
        KeptKey { key, created_at: Timestamp::UNIX_EPOCH }
    }

    fn add(path: &Path, key: KeptKey) -> Result<(), KeysError> {
        change(path, |keys| {
            keys.push(key);
            Ok(())
        })
    }

    #[test]
    fn changes_are_whole_and_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/api-keys.json");
        assert_eq!(read(&path).unwrap(), []);
        add(&path, kept("one", 'a')).unwrap();
        add(&path, kept("two", 'b')).unwrap();
        let failed: Result<(), KeysError> = change(&path, |keys| {
            keys.clear();
            Err(KeysError::Unreadable { path: path.clone(), why: String::new() })
        });
        assert!(failed.is_err());
        let names: Vec<String> =
            read(&path).unwrap().into_iter().map(|kept| kept.key.name).collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_became_of_keys_is_told() {
        let (one, two) = (kept("one", 'a'), kept("two", 'b'));
        let ending = KeptKey {
            key: ApiKey { expires_at: Some(Timestamp::UNIX_EPOCH), ..one.key.clone() },
            ..one.clone()
        };
        let told = |before: &[KeptKey], after: &[KeptKey]| -> Vec<String> {
            let changes = changes(before, after).into_iter();
            changes.map(|c| format!("{} {}", c.kept.key.name, c.what.word())).collect()
        };
        assert_eq!(told(&[], std::slice::from_ref(&one)), ["one made"]);
        assert_eq!(
            told(std::slice::from_ref(&one), &[ending, two.clone()]),
            ["one changed", "two made"]
        );
        assert_eq!(told(&[one, two.clone()], &[two]), ["one revoked"]);
    }

    #[test]
    fn changes_at_the_same_time_do_not_undo_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api-keys.json");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let path = &path;
                scope.spawn(move || add(path, kept(&n.to_string(), 'c')).unwrap());
            }
        });
        assert_eq!(read(&path).unwrap().len(), 8);
    }

    #[test]
    fn a_newer_or_broken_file_is_refused_without_quoting_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api-keys.json");
        for (text, why) in [
            (r#"{"format":2,"keys":[{"secret":"hunter2"}]}"#, "its format is 2"),
            (r#"{"format":1,"keys":["hunter2"]}"#, "line 1"),
            ("hunter2", "line 1"),
        ] {
            std::fs::write(&path, text).unwrap();
            let refused = read(&path).unwrap_err().to_string();
            assert!(refused.contains(why) && !refused.contains("hunter2"), "{refused}");
            assert!(add(&path, kept("x", 'd')).is_err(), "it would be lost");
        }
    }
}
