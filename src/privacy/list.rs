//! The list of erasures: who is to be forgotten, by hashes alone, and what this data folder has done of it.
//!
//! `erasures.ndjson` has one line for each erasure, `erasures.done` the ids of those that are done in this folder. Both are
//! appended to and synced. An erasure is on the list before anything is removed: after a crash, and on a restored
//! backup, it is begun again.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::platform::clock::Millis;
use crate::privacy::subject::Subject;

/// The list's name in the data folder and in backups.
pub const LIST: &str = "erasures.ndjson";
/// What is done of it, in the data folder and in backups.
pub const DONE: &str = "erasures.done";

/// One erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its id.
    pub id: Uuid,
    /// When it was asked for: what is younger stays.
    pub at: Millis,
    /// Who is forgotten.
    #[serde(flatten)]
    pub subject: Subject,
}

/// The list; cheap to clone.
#[derive(Clone, Debug)]
pub struct ErasureList(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    all: Vec<Erasure>,
    done: HashSet<Uuid>,
}

impl ErasureList {
    /// The list in the data folder; a line that cannot be read is told and left out.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let all = read(&folder.join(LIST))?;
        let done = lines(&folder.join(DONE))?;
        let done = done.iter().filter_map(|line| Uuid::try_parse(line).ok()).collect();
        let known = Mutex::new(Known { all, done });
        Ok(ErasureList(Arc::new(Shared { folder: folder.to_owned(), known })))
    }

    /// Adds an erasure.
    pub fn add(&self, erasure: &Erasure) -> io::Result<()> {
        let mut known = self.known();
        append(&self.0.folder.join(LIST), &serde_json::to_string(erasure)?)?;
        known.all.push(erasure.clone());
        Ok(())
    }

    /// Notes that an erasure is done here.
    pub fn done(&self, id: Uuid) -> io::Result<()> {
        let mut known = self.known();
        append(&self.0.folder.join(DONE), &id.to_string())?;
        known.done.insert(id);
        Ok(())
    }

    /// What is not done in this folder, oldest first.
    pub fn pending(&self) -> Vec<Erasure> {
        let known = self.known();
        known.all.iter().filter(|erasure| !known.done.contains(&erasure.id)).cloned().collect()
    }

    /// Whether what happened at `at` is of somebody who was forgotten later: it must not come back from elsewhere.
    pub fn covers(&self, subject: &Subject, at: Millis) -> bool {
        self.known().all.iter().any(|erasure| erasure.at > at && erasure.subject == *subject)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds to the list in `folder` the erasures of another list that it does not have; how many those were.
pub fn merge(folder: &Path, other: &Path) -> io::Result<usize> {
    // A list that is not there is a mistake, and not an empty one.
    std::fs::metadata(other)?;
    let list = ErasureList::open(folder)?;
    let ids: HashSet<Uuid> = list.known().all.iter().map(|erasure| erasure.id).collect();
    let fresh: Vec<Erasure> =
        read(other)?.into_iter().filter(|erasure| !ids.contains(&erasure.id)).collect();
    for erasure in &fresh {
        list.add(erasure)?;
    }
    Ok(fresh.len())
}

fn read(path: &Path) -> io::Result<Vec<Erasure>> {
    let mut erasures = Vec::new();
    for line in lines(path)? {
        match serde_json::from_str(&line) {
            Ok(erasure) => erasures.push(erasure),
            Err(error) => {
                tracing::error!(%error, path = %path.display(), "a line of the list of erasures cannot be read");
            }
        }
    }
    Ok(erasures)
}

/// The lines of a file; none where it is not there.
fn lines(path: &Path) -> io::Result<Vec<String>> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        text => Ok(text?.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()),
    }
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    // A line that a crash cut off ends here.
    file.write_all(format!("\n{line}\n").as_bytes())?;
    file.sync_all()?;
    match path.parent().filter(|_| is_new) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ids::VisitorId;

    fn erasure(at: i64) -> Erasure {
        let subject = Subject::visitor(&"one".parse().unwrap(), VisitorId::new());
        Erasure { id: Uuid::new_v4(), at: Millis(at), subject }
    }

    #[test]
    fn what_is_not_done_is_known_after_a_restart_and_in_another_folder() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (first, second) = (erasure(10), erasure(20));
        let list = ErasureList::open(folder.path()).unwrap();
        list.add(&first).unwrap();
        list.add(&second).unwrap();
        list.done(first.id).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(folder.path().join(LIST))
            .unwrap()
            .write_all(b"{\"id\":\"cut o")
            .unwrap();
        let again = ErasureList::open(folder.path()).unwrap();
        assert_eq!(again.pending(), std::slice::from_ref(&second));
        let third = erasure(30);
        again.add(&third).unwrap();
        assert_eq!(ErasureList::open(folder.path()).unwrap().pending(), [second.clone(), third]);

        assert_eq!(merge(other.path(), &folder.path().join(LIST)).unwrap(), 3);
        assert_eq!(merge(other.path(), &folder.path().join(LIST)).unwrap(), 0);
        assert_eq!(ErasureList::open(other.path()).unwrap().pending().len(), 3);
        assert!(again.covers(&second.subject, Millis(19)));
        assert!(!again.covers(&second.subject, Millis(20)), "they came again");
        assert!(!again.covers(&erasure(0).subject, Millis(1)));
    }
}
