//! Ledger entries on disk, for good: zstd-compressed NDJSON, one folder for each shard.
//!
//! | file | holds |
//! |---|---|
//! | `open.ndjson.zst` | the newest entries; grows by one zstd frame for each batch, synced each time |
//! | `<first>_<last>.ndjson.zst` | a closed file, changed by [`rewrite`] alone, named after its entry ids |
//!
//! A line is `{"id":"<entry id>","e":<envelope>}`; `zstdcat *.zst` reads it all. Only the end of the
//! open file can be damaged by a crash; it is cut off, and its entries, not yet acknowledged, come
//! again. Entries may be there twice: ids repeat, and readers do not mind.

pub mod rewrite;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zstd::zstd_safe::find_frame_compressed_size;

use crate::ledger::model::{Entry, EntryId, Envelope};
use crate::platform::keys::Shard;

const OPEN_FILE: &str = "open.ndjson.zst";
const EXTENSION: &str = ".ndjson.zst";
/// A file is closed when it has reached this many bytes.
const CLOSE_AT: u64 = 16 * 1024 * 1024;
/// zstd's fastest levels compress envelopes well; a batch must not wait for a better one.
const LEVEL: i32 = 3;

/// Why segments cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The system refused.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was being tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A frame cannot be read; the frames around it can.
    #[error("a part of {path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> SegmentError + 'a {
    move |source| SegmentError::Io { what, path: path.to_owned(), source }
}

/// The segment folders of an installation; one writer at a time.
pub struct Segments {
    folder: PathBuf,
    close_at: u64,
    open: HashMap<Shard, OpenSegment>,
}

/// Entries as they were written, a batch at a time.
pub type Parts = Box<dyn Iterator<Item = Result<Vec<Entry>, SegmentError>> + Send>;

struct OpenSegment {
    file: File,
    bytes: u64,
    /// Least and greatest id in the file.
    span: Option<(EntryId, EntryId)>,
}

impl OpenSegment {
    fn widen(&mut self, ids: impl Iterator<Item = EntryId>) {
        for id in ids {
            let (first, last) = self.span.unwrap_or((id, id));
            self.span = Some((first.min(id), last.max(id)));
        }
    }
}

#[derive(Deserialize)]
struct Line {
    id: EntryId,
    e: Envelope,
}

impl Segments {
    /// Segments under `folder`, which is made when something is written.
    pub fn new(folder: &Path) -> Self {
        Self::closing_at(folder, CLOSE_AT)
    }

    /// The same, with files closed at another size in bytes.
    pub fn closing_at(folder: &Path, close_at: u64) -> Self {
        Segments { folder: folder.to_owned(), close_at, open: HashMap::new() }
    }

    /// Adds entries (id and envelope as one line of JSON). When this returns they are on the disk.
    pub fn append(
        &mut self,
        shard: Shard,
        entries: &[(EntryId, String)],
    ) -> Result<(), SegmentError> {
        if entries.is_empty() {
            return Ok(());
        }
        let folder = self.shard_folder(shard);
        // Taken out: after any failure the file is opened anew, which cuts off what was half
        // written.
        let mut segment = match self.open.remove(&shard) {
            Some(segment) => segment,
            None => reopen(&folder)?,
        };
        let path = folder.join(OPEN_FILE);
        let frame = compress(entries).map_err(failed("compress entries for", &path))?;
        segment.file.write_all(&frame).map_err(failed("write to", &path))?;
        segment.file.sync_data().map_err(failed("sync", &path))?;
        segment.bytes += frame.len() as u64;
        segment.widen(entries.iter().map(|(id, _)| *id));
        if segment.bytes >= self.close_at {
            return close(&folder, &segment);
        }
        self.open.insert(shard, segment);
        Ok(())
    }

    /// The entries of a shard after `offset` in the order they were written, a batch at a time.
    /// Damaged parts come as errors; what follows them can still be read.
    pub fn after(&self, shard: Shard, offset: EntryId) -> Result<Parts, SegmentError> {
        let files = files_after(&self.shard_folder(shard), offset)?;
        Ok(Box::new(files.into_iter().flat_map(move |path| {
            let frames: Parts = match fs::read(&path) {
                Ok(bytes) => Box::new(Frames { bytes, at: 0 }.map(move |frame| {
                    frame.map_err(|why| SegmentError::Damaged { path: path.clone(), why })
                })),
                Err(source) => Box::new(std::iter::once(Err(failed("read", &path)(source)))),
            };
            frames.map(move |frame| {
                frame.map(|entries| entries.into_iter().filter(|e| e.id > offset).collect())
            })
        })))
    }

    fn shard_folder(&self, shard: Shard) -> PathBuf {
        self.folder.join(format!("s{:02}", shard.0))
    }
}

/// Opens the open file of a shard for appending, without a half-written end.
fn reopen(folder: &Path) -> Result<OpenSegment, SegmentError> {
    let path = folder.join(OPEN_FILE);
    fs::create_dir_all(folder).map_err(failed("make", folder))?;
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).open(&path).map_err(failed("open", &path))?;
    sync_folder(folder)?;
    let bytes = fs::read(&path).map_err(failed("read", &path))?;
    let length = bytes.len() as u64;
    let mut frames = Frames { bytes, at: 0 };
    let mut segment = OpenSegment { file, bytes: 0, span: None };
    while let Some(frame) = frames.next() {
        // What follows the last frame that can be read was never acknowledged: every frame was
        // synced before the next one.
        if let Ok(entries) = frame {
            segment.bytes = frames.at as u64;
            segment.widen(entries.iter().map(|entry| entry.id));
        }
    }
    if segment.bytes < length {
        tracing::warn!(path = %path.display(), "cutting off a half-written end of a segment");
        segment.file.set_len(segment.bytes).map_err(failed("shorten", &path))?;
        segment.file.sync_all().map_err(failed("sync", &path))?;
    }
    Ok(segment)
}

/// Gives the open file its final name. A file of that name can only be there after a replay of the
/// very same entries, and may be replaced.
fn close(folder: &Path, segment: &OpenSegment) -> Result<(), SegmentError> {
    let Some((first, last)) = segment.span else { return Ok(()) };
    let open = folder.join(OPEN_FILE);
    let closed = folder.join(format!("{}_{}{EXTENSION}", sortable(first), sortable(last)));
    fs::rename(&open, closed).map_err(failed("close", &open))?;
    sync_folder(folder)
}

/// A rename or a new file survives a power cut only when its folder is synced too.
fn sync_folder(folder: &Path) -> Result<(), SegmentError> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(failed("sync", folder))
}

/// An id whose order as text is its order as an id.
fn sortable(id: EntryId) -> String {
    format!("{:015}-{:08}", id.ms, id.seq)
}

/// The files that can hold something after `offset`, in writing order, the open one last.
fn files_after(folder: &Path, offset: EntryId) -> Result<Vec<PathBuf>, SegmentError> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(failed("list", folder))?,
    };
    let mut closed = Vec::new();
    for file in listed {
        let name = file.map_err(failed("list", folder))?.file_name();
        let name = name.to_string_lossy();
        let Some((_, last)) = name.strip_suffix(EXTENSION).and_then(|n| n.split_once('_')) else {
            continue;
        };
        if last.parse::<EntryId>().is_ok_and(|last| last > offset) {
            closed.push(folder.join(&*name));
        }
    }
    closed.sort();
    let open = folder.join(OPEN_FILE);
    if open.exists() {
        closed.push(open);
    }
    Ok(closed)
}

fn compress(entries: &[(EntryId, String)]) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    for (id, envelope) in entries {
        writeln!(encoder, r#"{{"id":"{id}","e":{envelope}}}"#)?;
    }
    encoder.finish()
}

/// The zstd frames of a file, each decompressed and read.
struct Frames {
    bytes: Vec<u8>,
    at: usize,
}

impl Iterator for Frames {
    type Item = Result<Vec<Entry>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let Ok(length) = find_frame_compressed_size(rest) else {
            let why = format!("no whole frame after byte {}", self.at);
            // Nothing behind it can be found either: the next call ends.
            self.bytes.truncate(self.at);
            return Some(Err(why));
        };
        let frame = zstd::decode_all(&rest[..length]).map_err(|error| error.to_string());
        self.at += length;
        Some(frame.and_then(|text| read_lines(&text)))
    }
}

fn read_lines(text: &[u8]) -> Result<Vec<Entry>, String> {
    let lines = serde_json::Deserializer::from_slice(text).into_iter::<Line>();
    let entry = |line: Line| Entry { id: line.id, envelope: line.e };
    lines.map(|line| line.map(entry).map_err(|error| error.to_string())).collect()
}
