//! Changing what segments hold: the one exception to "never changed again", for what the law or the configuration
//! wants to be forgotten.
//!
//! A file in which something changes is written anew beside the old one, synced, and renamed over it: at every moment
//! one of the two is there, whole. A part that cannot be read is kept as it is.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use zstd::zstd_safe::find_frame_compressed_size;

use super::{LEVEL, OPEN_FILE, SegmentError, Segments, failed, files_after, sync_folder};
use crate::ledger::model::EntryId;
use crate::platform::keys::Shard;

/// At the end of the name of a file that is being written.
const BESIDE: &str = ".rewriting";

/// What becomes of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineFate {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
    /// The line is now this one, without its end.
    Replace(String),
}

/// What a rewrite did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Lines that were looked at.
    pub lines: u64,
    /// Lines that were changed or are gone.
    pub changed: u64,
    /// Parts that could not be read, and stayed.
    pub damaged: u64,
}

impl Segments {
    /// Asks for every line (`{"id":…,"e":…}`) of a shard what becomes of it. Nobody may append meanwhile.
    pub fn rewrite(
        &mut self,
        shard: Shard,
        judge: &mut dyn FnMut(&str) -> LineFate,
    ) -> Result<Rewritten, SegmentError> {
        // Opened anew by the next append: it may be another file then.
        self.open.remove(&shard);
        let folder = self.shard_folder(shard);
        let mut done = Rewritten::default();
        for path in files_after(&folder, EntryId::default())? {
            let before = done.changed;
            let bytes = fs::read(&path).map_err(failed("read", &path))?;
            let kept = rewritten(&bytes, judge, &mut done).map_err(failed("compress", &path))?;
            if done.changed > before {
                replace(&folder, &path, &kept)?;
            }
        }
        Ok(done)
    }
}

/// The bytes of a file after `judge` looked at its lines.
fn rewritten(
    mut bytes: &[u8],
    judge: &mut dyn FnMut(&str) -> LineFate,
    done: &mut Rewritten,
) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    while !bytes.is_empty() {
        let Ok(length) = find_frame_compressed_size(bytes) else {
            done.damaged += 1;
            kept.extend_from_slice(bytes);
            break;
        };
        let (frame, rest) = bytes.split_at(length);
        bytes = rest;
        let text = zstd::decode_all(frame).ok().and_then(|text| String::from_utf8(text).ok());
        let Some(text) = text else {
            done.damaged += 1;
            kept.extend_from_slice(frame);
            continue;
        };
        let before = done.changed;
        let mut lines = String::with_capacity(text.len());
        for line in text.lines() {
            done.lines += 1;
            let line = match judge(line) {
                LineFate::Keep => line,
                LineFate::Remove => {
                    done.changed += 1;
                    continue;
                }
                LineFate::Replace(line) => {
                    done.changed += 1;
                    lines.push_str(&line);
                    ""
                }
            };
            lines.push_str(line);
            lines.push('\n');
        }
        if done.changed == before {
            kept.extend_from_slice(frame);
        } else if !lines.is_empty() {
            let mut encoder = zstd::Encoder::new(&mut kept, LEVEL)?;
            encoder.include_checksum(true)?;
            encoder.write_all(lines.as_bytes())?;
            encoder.finish()?;
        }
    }
    Ok(kept)
}

fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), SegmentError> {
    if bytes.is_empty() && !path.ends_with(OPEN_FILE) {
        fs::remove_file(path).map_err(failed("remove", path))?;
        return sync_folder(folder);
    }
    let mut name = path.as_os_str().to_owned();
    name.push(BESIDE);
    let beside = Path::new(&name);
    let mut file = File::create(beside).map_err(failed("write", beside))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("write", beside))?;
    fs::rename(beside, path).map_err(failed("replace", path))?;
    sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(n: u64) -> (EntryId, String) {
        let id = EntryId { ms: n, seq: 0 };
        let text = format!(
            r#"{{"v":1,"site":"a","at":{n},"id":"x{n}","kind":"lease","body":{{"session":"0190a5b8e4f07cc3a1b2c3d4e5f60718","site":"a","pool":"p","tier":"original"}}}}"#
        );
        (id, text)
    }

    fn ids(segments: &Segments) -> Vec<String> {
        let parts = segments.after(Shard(0), EntryId::default()).expect("a folder");
        let entries = parts.flat_map(|part| part.expect("readable"));
        entries.map(|entry| entry.envelope.id).collect()
    }

    #[test]
    fn what_goes_is_gone_from_closed_and_open_files_and_the_rest_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        // Every batch fills a file, but for the last one, which is small.
        let mut segments = Segments::closing_at(folder.path(), 1);
        for n in 1..=3 {
            segments.append(Shard(0), &[lease(n), lease(10 + n)]).expect("written");
        }
        let mut segments = Segments::new(folder.path());
        segments.append(Shard(0), &[lease(4), lease(14)]).expect("written");
        let mut judge = |line: &str| match line {
            line if line.contains("\"x4\"") || line.contains("\"x2\"") => LineFate::Remove,
            line if line.contains("\"x12\"") => LineFate::Remove,
            line if line.contains("\"x13\"") => LineFate::Replace(line.replace("x13", "y")),
            _ => LineFate::Keep,
        };
        let done = segments.rewrite(Shard(0), &mut judge).expect("rewritten");
        assert_eq!(done, Rewritten { lines: 8, changed: 4, damaged: 0 });
        segments.append(Shard(0), &[lease(5)]).expect("it goes on");
        assert_eq!(ids(&segments), ["x1", "x11", "x3", "y", "x14", "x5"]);
        let files = fs::read_dir(folder.path().join("s00")).expect("a folder").count();
        assert_eq!(files, 3, "a file of nothing is gone, and none lies beside");
    }

    #[test]
    fn a_part_that_cannot_be_read_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut segments = Segments::new(folder.path());
        segments.append(Shard(0), &[lease(1)]).expect("written");
        segments.append(Shard(0), &[lease(2)]).expect("written");
        let path = folder.path().join("s00").join(OPEN_FILE);
        let mut bytes = fs::read(&path).expect("a file");
        let end = bytes.len() - 1;
        bytes[end] ^= 1;
        fs::write(&path, &bytes).expect("damaged");
        let done = segments.rewrite(Shard(0), &mut |_| LineFate::Remove).expect("rewritten");
        assert_eq!(done, Rewritten { lines: 1, changed: 1, damaged: 1 });
        let kept = fs::read(&path).expect("a file");
        assert!(!kept.is_empty() && bytes.ends_with(&kept), "{} bytes", kept.len());
    }
}
