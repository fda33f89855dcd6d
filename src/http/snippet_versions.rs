//! Versions of the snippet that this installation served: pages that name one of them, with its hash,
//! keep it after an update.
//!
//! In: the folder and the version of this program. Out: the versions before it, by hash. Always: a file
//! holds what its name says (`rt.<hash>.js`), whatever else lies there is left alone; at most
//! [`KEPT`] are kept, those that were newest last.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// Most versions that are kept, the present one included.
pub const KEPT: usize = 20;
/// Larger files are none of ours.
const LARGEST: u64 = 256 * 1024;

/// First ten hex digits of the SHA-256 of a version: its immutable name is `/rt.<hash>.js`.
pub fn hash_of(code: &[u8]) -> String {
    hex::encode(Sha256::digest(code))[..10].to_owned()
}

/// Notes that `code` is served from now on in `folder`, which is made when it is not there, forgets the
/// oldest versions, and gives what the others are, each with its hash.
pub fn keep(folder: &Path, code: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
    let present = hash_of(code);
    fs::create_dir_all(folder)?;
    write_down(folder, &present, code)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        files.extend(hash_in_name(&path).map(|hash| (changed(&path), path, hash)));
    }
    files.sort_by(|a, b| b.cmp(a));
    let mut older = Vec::new();
    for (_, path, hash) in files.into_iter().filter(|(.., hash)| *hash != present) {
        if older.len() + 1 >= KEPT {
            fs::remove_file(&path)?;
        } else if let Some(code) = read(&path, &hash) {
            older.push((hash, code));
        }
    }
    Ok(older)
}

/// Writes a version down as a whole or not at all, and as the newest one.
fn write_down(folder: &Path, hash: &str, code: &[u8]) -> io::Result<()> {
    let draft = folder.join("rt.new");
    let mut file = File::create(&draft)?;
    file.write_all(code)?;
    file.sync_all()?;
    fs::rename(draft, folder.join(format!("rt.{hash}.js")))
}

fn hash_in_name(path: &Path) -> Option<String> {
    let hash = path.file_name()?.to_str()?.strip_prefix("rt.")?.strip_suffix(".js")?;
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (hash.len() == 10 && hash.bytes().all(is_hex)).then(|| hash.to_owned())
}

fn changed(path: &PathBuf) -> SystemTime {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The code in `path`, unless it is another than its name says: half a file, or somebody else's.
fn read(path: &Path, hash: &str) -> Option<Vec<u8>> {
    let is_small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= LARGEST);
    let code = is_small.then(|| fs::read(path).ok()).flatten()?;
    (hash_of(&code) == hash).then_some(code)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hashes(kept: &[(String, Vec<u8>)]) -> Vec<&str> {
        kept.iter().map(|(hash, _)| hash.as_str()).collect()
    }

    #[test]
    fn versions_are_kept_newest_first_and_one_that_comes_back_is_new_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("snippet");
        assert!(keep(&folder, b"one").unwrap().is_empty());
        let age = |code: &[u8], seconds| {
            let file = File::options().write(true).open(path_of(&folder, code)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
        };
        age(b"one", 20);
        assert_eq!(keep(&folder, b"two").unwrap(), [(hash_of(b"one"), b"one".to_vec())]);
        age(b"two", 10);
        assert_eq!(hashes(&keep(&folder, b"three").unwrap()), [hash_of(b"two"), hash_of(b"one")]);
        age(b"three", 5);
        assert_eq!(hashes(&keep(&folder, b"one").unwrap()), [hash_of(b"three"), hash_of(b"two")]);
    }

    #[test]
    fn the_oldest_go_and_what_is_not_ours_stays_unread() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for version in 0..30 {
            let code = format!("version {version}");
            assert!(keep(folder, code.as_bytes()).unwrap().len() < KEPT);
            let file = File::options().write(true).open(path_of(folder, code.as_bytes()));
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(version);
            file.unwrap().set_modified(at).unwrap();
        }
        fs::write(folder.join("rt.0123456789.js"), "another text").unwrap();
        fs::write(folder.join("rt.js"), "no hash").unwrap();
        fs::write(folder.join("rt.ABCDEF0123.js"), "no such name").unwrap();
        let kept = keep(folder, b"version 29").unwrap();
        assert!(kept.iter().all(|(hash, code)| hash_of(code) == *hash));
        assert_eq!(kept.first().unwrap().1, b"version 28");
        assert!(kept.len() >= KEPT - 2, "{}", kept.len());
        assert!(!path_of(folder, b"version 0").exists());
        assert!(folder.join("rt.js").exists() && folder.join("rt.ABCDEF0123.js").exists());
        assert!(!folder.join("rt.new").exists());
    }

    fn path_of(folder: &Path, code: &[u8]) -> PathBuf {
        folder.join(format!("rt.{}.js", hash_of(code)))
    }
}
