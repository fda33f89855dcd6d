//! The spool's files: `<number>.spool`, lines that are only ever appended.
//!
//! ```text
//! E <id> <crc32> <event as JSON>      an event that was acknowledged
//! D <id> <crc32>                      Redis has surely saved that event
//! ```
//!
//! The check sum covers `<kind> <id> <JSON>`; JSON has no raw line ends. A line that a crash cut
//! off fails its sum and is skipped: it was never acknowledged.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// One open file of the spool.
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    file: File,
    /// Bytes that are known to be whole lines.
    pub size: u64,
    /// Entries in it that are not settled.
    pub unsettled: usize,
}

/// Where an entry's JSON stands in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub len: usize,
}

/// What a segment holds.
#[derive(Debug, Default)]
pub struct Scan {
    /// Entries without a `D` line, in file order.
    pub open: Vec<(u64, Place)>,
    /// The highest id of any line.
    pub highest_id: u64,
    /// Lines whose sum does not fit.
    pub torn: usize,
}

/// Lines to be appended, with where their JSON will stand.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    entries: usize,
}

impl Lines {
    /// Adds an entry; its place is relative to the first of these lines.
    pub fn entry(&mut self, id: u64, json: &[u8]) -> Place {
        let sum = check_sum(b"E", id, json);
        self.bytes.extend_from_slice(format!("E {id} {sum:08x} ").as_bytes());
        let place = Place { offset: self.bytes.len() as u64, len: json.len() };
        self.bytes.extend_from_slice(json);
        self.bytes.push(b'\n');
        self.entries += 1;
        place
    }

    /// How many entries are among them.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// Adds a note that an entry is settled.
    pub fn done(&mut self, id: u64) {
        let sum = check_sum(b"D", id, b"");
        self.bytes.extend_from_slice(format!("D {id} {sum:08x}\n").as_bytes());
    }
}

fn check_sum(kind: &[u8], id: u64, json: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    for part in [kind, b" ", id.to_string().as_bytes(), b" ", json] {
        sum.update(part);
    }
    sum.finalize()
}

impl Segment {
    /// Makes a new, empty segment and makes sure that its name survives a crash.
    pub fn create(folder: &Path, number: u64) -> io::Result<Self> {
        let path = folder.join(format!("{number:020}.spool"));
        let file =
            OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(&path)?;
        File::open(folder)?.sync_all()?;
        Ok(Segment { path, file, size: 0, unsettled: 0 })
    }

    /// Opens what an earlier process left, and reads which of its entries are open.
    pub fn open(path: &Path) -> io::Result<(Self, Scan)> {
        let bytes = std::fs::read(path)?;
        let mut file = OpenOptions::new().read(true).append(true).open(path)?;
        let mut size = bytes.len() as u64;
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            // Ends the torn line, so that the next one is a line of its own. Should a full disk
            // refuse it, the next note is lost with the torn line, and an event is replayed.
            size += u64::from(file.write_all(b"\n").is_ok());
        }
        let scan = scan(&bytes);
        let unsettled = scan.open.len();
        Ok((Segment { path: path.to_owned(), file, size, unsettled }, scan))
    }

    /// Appends lines and waits until the disk has them; returns the offset of the first. On an
    /// error nothing of them counts, and the segment must not be appended to again.
    pub fn append(&mut self, lines: &Lines) -> io::Result<u64> {
        let at = self.size;
        let written = self.file.write_all(&lines.bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let _ = self.file.set_len(at);
            return Err(error);
        }
        self.size += lines.bytes.len() as u64;
        Ok(at)
    }

    /// Appends lines that may be lost in a crash.
    pub fn append_unsynced(&mut self, lines: &Lines) -> io::Result<()> {
        self.file.write_all(&lines.bytes)?;
        self.size += lines.bytes.len() as u64;
        Ok(())
    }

    /// The JSON at `place`.
    pub fn read(&self, place: Place) -> io::Result<Vec<u8>> {
        let mut json = vec![0; place.len];
        self.file.read_exact_at(&mut json, place.offset)?;
        Ok(json)
    }

    /// Every event that the file has, settled or not, with its id.
    pub fn events(&self) -> io::Result<Vec<(u64, Vec<u8>)>> {
        let bytes = std::fs::read(&self.path)?;
        let lines = bytes.split(|&b| b == b'\n').filter_map(read_line);
        let events = lines.filter(|(kind, ..)| *kind == b"E");
        Ok(events.map(|(_, id, json)| (id, json.to_vec())).collect())
    }

    /// Puts a file with these events, none of them settled, in the place of this one: written beside it, synced, renamed
    /// over it. Answers where they stand.
    pub fn replace(&mut self, events: &[(u64, Vec<u8>)]) -> io::Result<Vec<Place>> {
        let mut lines = Lines::default();
        let places = events.iter().map(|(id, json)| lines.entry(*id, json)).collect();
        let beside = self.path.with_extension("rewriting");
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(&beside)?;
        // One that a crash left.
        file.set_len(0)?;
        file.write_all(&lines.bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        self.file = file;
        self.size = lines.bytes.len() as u64;
        self.unsettled = events.len();
        Ok(places)
    }

    /// Deletes the file.
    pub fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

fn scan(bytes: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut settled = HashSet::new();
    let mut offset = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let start = offset;
        offset += line.len();
        let has_end = usize::from(line.ends_with(b"\n"));
        let line = &line[..line.len() - has_end];
        if line.is_empty() {
            continue;
        }
        let Some((kind, id, json)) = read_line(line) else {
            scan.torn += 1;
            continue;
        };
        scan.highest_id = scan.highest_id.max(id);
        if kind == b"D" {
            settled.insert(id);
        } else {
            let json_at = start + line.len() - json.len();
            scan.open.push((id, Place { offset: json_at as u64, len: json.len() }));
        }
    }
    scan.open.retain(|(id, _)| !settled.contains(id));
    scan
}

fn read_line(line: &[u8]) -> Option<(&[u8], u64, &[u8])> {
    let mut parts = line.splitn(4, |&b| b == b' ');
    let kind = parts.next().filter(|kind| matches!(*kind, b"E" | b"D"))?;
    let id: u64 = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let sum = u32::from_str_radix(std::str::from_utf8(parts.next()?).ok()?, 16).ok()?;
    let json = parts.next().unwrap_or_default();
    (check_sum(kind, id, json) == sum).then_some((kind, id, json))
}
