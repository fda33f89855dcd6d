//! The files of the audit log: `audit/<day>.ndjson`, appended to and never rewritten.

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::audit::model::{Entry, Position};
use crate::platform::clock::Millis;

/// Longest line that is read; a longer one is none of ours.
const LONGEST_LINE: u64 = 8 << 10;
const ENDING: &str = ".ndjson";

/// The audit log; cheap to clone.
#[derive(Clone, Debug)]
pub struct AuditLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    open: Mutex<Option<(Date, File)>>,
}

/// A page of entries, newest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Position>,
}

fn day(at: Millis) -> Date {
    at.timestamp().to_zoned(TimeZone::UTC).date()
}

impl AuditLog {
    /// The log in the data folder `data`.
    pub fn new(data: &Path) -> Self {
        AuditLog(Arc::new(Shared { folder: data.join("audit"), open: Mutex::default() }))
    }

    /// Appends `entry`, made at `now`. With the first one of a day, files of days that ended longer than `keep` ago are
    /// removed. It writes to a file: call it where waiting for a disk hurts nobody.
    pub fn append(&self, entry: &Entry, now: Millis, keep: SignedDuration) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let today = day(now);
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = match open.take() {
            Some((of, file)) if of == today => file,
            _ => {
                let file = self.open(today)?;
                self.forget(day(now.plus(-(keep.as_millis() as i64))))?;
                file
            }
        };
        // One write, so that a line is whole or missing; after an error the file is opened anew.
        file.write_all(&line)?;
        *open = Some((today, file));
        Ok(())
    }

    fn open(&self, today: Date) -> std::io::Result<File> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0.folder)?;
        let path = self.path(today);
        let mut file =
            OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
        let mut last = [b'\n'];
        if let Some(at) = file.metadata()?.len().checked_sub(1) {
            file.read_exact_at(&mut last, at)?;
        }
        if last != [b'\n'] {
            // A crash cut the last line off; the next one must not become part of it.
            file.write_all(b"\n")?;
        }
        Ok(file)
    }

    fn path(&self, day: Date) -> PathBuf {
        self.0.folder.join(format!("{day}{ENDING}"))
    }

    fn days(&self) -> std::io::Result<Vec<Date>> {
        let files = match std::fs::read_dir(&self.0.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut days: Vec<Date> = files
            .flatten()
            .filter_map(|file| file.file_name().to_str()?.strip_suffix(ENDING)?.parse().ok())
            .collect();
        days.sort_unstable();
        Ok(days)
    }

    fn forget(&self, oldest: Date) -> std::io::Result<()> {
        for over in self.days()?.into_iter().filter(|day| *day < oldest) {
            std::fs::remove_file(self.path(over))?;
        }
        Ok(())
    }

    /// The newest `limit` entries before `before` (`None`: of all) that are `wanted`. It reads files.
    pub fn page(
        &self,
        before: Option<Position>,
        limit: usize,
        wanted: impl Fn(&Entry) -> bool,
    ) -> std::io::Result<Page> {
        let mut page = Page::default();
        // One more than fits tells whether there is another page.
        let most = limit + 1;
        let mut last = None;
        for day in self.days()?.into_iter().rev() {
            if before.is_some_and(|before| day > before.day) {
                continue;
            }
            let end = before.filter(|before| before.day == day).map_or(u64::MAX, |b| b.line);
            let newest = self.newest(day, end, most - page.entries.len(), &wanted)?;
            for (position, entry) in newest.into_iter().rev() {
                if page.entries.len() == limit {
                    page.next = last;
                    return Ok(page);
                }
                last = Some(position);
                page.entries.push(entry);
            }
        }
        Ok(page)
    }

    /// The last `most` wanted entries of a day before line `end`, in their order.
    fn newest(
        &self,
        day: Date,
        end: u64,
        most: usize,
        wanted: &impl Fn(&Entry) -> bool,
    ) -> std::io::Result<VecDeque<(Position, Entry)>> {
        let mut found = VecDeque::new();
        let mut file = match File::open(self.path(day)) {
            // Its time was over meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
            file => BufReader::new(file?),
        };
        let mut bytes = Vec::new();
        for line in 0..end {
            bytes.clear();
            let mut bounded = std::io::Read::take(&mut file, LONGEST_LINE);
            if bounded.read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            let entry = serde_json::from_slice::<Entry>(&bytes).ok();
            if let Some(entry) = entry.filter(|entry| wanted(entry)) {
                if found.len() == most {
                    found.pop_front();
                }
                found.push_back((Position { day, line }, entry));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::model::Action;

    const DAY_MS: i64 = 24 * 3_600_000;

    fn entry(n: i64) -> Entry {
        Entry {
            at: n.to_string(),
            by: "me".to_owned(),
            network: "192.0.2.0/24".to_owned(),
            action: Action::Change,
            method: "POST".to_owned(),
            route: "/v1/leads".to_owned(),
            sites: Vec::new(),
            target: String::new(),
            status: 200,
            request: "r".to_owned(),
        }
    }

    fn walk(log: &AuditLog, limit: usize) -> Vec<String> {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = log.page(before, limit, |_| true).expect("it can be read");
            assert!(page.entries.len() <= limit);
            seen.extend(page.entries.into_iter().map(|entry| entry.at));
            match page.next {
                Some(next) => before = Some(next.to_string().parse().expect("a position")),
                None => return seen,
            }
        }
    }

    #[test]
    fn pages_go_back_over_days_without_gap_or_repetition() {
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::new(folder.path());
        assert_eq!(walk(&log, 3), Vec::<String>::new());
        let keep = SignedDuration::from_hours(24 * 100);
        for n in 0..10 {
            log.append(&entry(n), Millis(n / 4 * DAY_MS), keep).expect("it is written");
        }
        let all: Vec<String> = (0..10).rev().map(|n| n.to_string()).collect();
        for limit in 1..12 {
            assert_eq!(walk(&log, limit), all, "{limit} at a time");
        }
    }

    #[test]
    fn a_day_is_kept_as_long_as_it_says_and_a_torn_line_hurts_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::new(folder.path());
        let keep = SignedDuration::from_hours(48);
        for n in 0..5 {
            log.append(&entry(n), Millis(n * DAY_MS), keep).expect("it is written");
        }
        assert_eq!(walk(&log, 10), ["4", "3", "2"]);

        let path = log.path(day(Millis(4 * DAY_MS)));
        let mut torn = std::fs::read(&path).unwrap();
        torn.extend_from_slice(b"{\"at\":\"torn");
        std::fs::write(&path, torn).unwrap();
        let again = AuditLog::new(folder.path());
        again.append(&entry(5), Millis(4 * DAY_MS), keep).expect("it is written");
        assert_eq!(walk(&again, 10), ["5", "4", "3", "2"]);
    }
}
