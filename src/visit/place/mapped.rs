//! A file as memory.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use maxminddb::Mmap;

/// Largest database, in bytes; the largest that are sold have a few hundred megabytes.
const LARGEST: u64 = 4 << 30;

/// What of a file changes when somebody writes it, replaces it or allows it to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Stamp {
            device: file.dev(),
            inode: file.ino(),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }

    /// The stamp of the file that is at `path` now.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|file| Stamp::of(&file))
    }
}

/// The content of the file at `path`, mapped from a copy in the folder `scratch` that has no name,
/// and the stamp of what was copied.
///
/// The file itself must not be mapped: whoever writes a new one over it (`cp`, `curl -o`) shortens
/// it for a moment, and a process that then reads the mapping is ended by the system.
pub(super) fn map_copy(path: &Path, scratch: &Path) -> io::Result<(Mmap, Stamp)> {
    let mut original = File::open(path)?;
    let metadata = original.metadata()?;
    let stamp = Stamp::of(&metadata);
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if stamp.length > LARGEST {
        return Err(io::Error::other(format!("it is larger than {LARGEST} bytes")));
    }
    let mut copy =
        tempfile::tempfile_in(scratch).map_err(|error| about_copy(scratch, "make", &error))?;
    io::copy(&mut original, &mut copy).map_err(|error| about_copy(scratch, "write", &error))?;
    if Stamp::of(&original.metadata()?) != stamp {
        return Err(io::Error::other("somebody is writing it; replace it by renaming a new file"));
    }
    // SAFETY: what is mapped must not change while it is. The copy never had a name, or has lost it,
    // so that no other process can open it; this one drops its only handle here and keeps the
    // mapping, which cannot write.
    #[allow(unsafe_code)]
    let mapped = unsafe { Mmap::map(&copy) }?;
    Ok((mapped, stamp))
}

fn about_copy(scratch: &Path, what: &str, error: &io::Error) -> io::Error {
    let message = format!("cannot {what} its copy in {}: {error}", scratch.display());
    io::Error::new(error.kind(), message)
}
