//! A trace as a stream of lines in time order.
//!
//! Recordings of several machines are rarely in perfect order: lines up to [`PATIENCE_MS`] late are
//! put where they belong, lines of one moment stay in their order; a later one is wrong.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use crate::cli::replay::trace::{self, Line};
use crate::platform::clock::Millis;

/// How late a line may come, by the trace's own clock.
pub const PATIENCE_MS: i64 = 60_000;

/// Longest line in bytes.
const MAX_LINE: u64 = 65_536;

/// One line of the trace.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// What happened next.
    Line {
        /// Its place in the trace, from 1.
        number: u64,
        /// What it says.
        line: Box<Line>,
    },
    /// A line that cannot be used.
    Bad {
        /// Its place in the trace, from 1.
        number: u64,
        /// Why not.
        why: String,
    },
}

/// Reads lines and puts them in order.
pub struct Lines<R> {
    input: R,
    number: u64,
    text: Vec<u8>,
    newest: Millis,
    waiting: BTreeMap<(Millis, u64), Box<Line>>,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `input`.
    pub fn new(input: R) -> Self {
        Lines {
            input,
            number: 0,
            text: Vec::new(),
            newest: Millis(0),
            waiting: BTreeMap::new(),
            ended: false,
        }
    }

    /// How many lines were read so far, empty ones too.
    pub fn read_so_far(&self) -> u64 {
        self.number
    }

    /// The next line in time order; `None` at the end of the trace.
    pub fn next_line(&mut self) -> io::Result<Option<Next>> {
        loop {
            let ripe = self.newest.plus(-PATIENCE_MS);
            let due = self.waiting.first_entry().filter(|e| self.ended || e.key().0 < ripe);
            if let Some(due) = due {
                let ((_, number), line) = due.remove_entry();
                return Ok(Some(Next::Line { number, line }));
            }
            if self.ended {
                return Ok(None);
            }
            if let Some(bad) = self.take_one()? {
                return Ok(Some(bad));
            }
        }
    }

    /// Reads one line into those that wait for their turn; returns it when it is a bad one.
    fn take_one(&mut self) -> io::Result<Option<Next>> {
        self.text.clear();
        let read = self.input.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut self.text)?;
        if read == 0 {
            self.ended = true;
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        if read as u64 > MAX_LINE {
            if self.text.last() != Some(&b'\n') {
                self.input.skip_until(b'\n')?;
            }
            let why = format!("it is longer than {MAX_LINE} bytes");
            return Ok(Some(Next::Bad { number, why }));
        }
        if self.text.trim_ascii().is_empty() {
            return Ok(None);
        }
        let line = match trace::read(&self.text) {
            Ok(line) => Box::new(line),
            Err(why) => return Ok(Some(Next::Bad { number, why })),
        };
        if line.at < self.newest.plus(-PATIENCE_MS) {
            let late = self.newest.since(line.at) / 1000;
            let why = format!(
                "it is {late} s older than a line before it; sort the trace by `at` (up to {} s are \
                 put in order)",
                PATIENCE_MS / 1000
            );
            return Ok(Some(Next::Bad { number, why }));
        }
        self.newest = self.newest.max(line.at);
        self.waiting.insert((line.at, number), line);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Vec<(u64, Result<i64, String>)> {
        let mut lines = Lines::new(text);
        let mut all = Vec::new();
        while let Some(next) = lines.next_line().expect("it can be read") {
            all.push(match next {
                Next::Line { number, line } => (number, Ok(line.at.0)),
                Next::Bad { number, why } => (number, Err(why)),
            });
        }
        all
    }

    fn leave(at: i64) -> String {
        format!("{{\"type\":\"leave\",\"at\":{at},\"session\":\"s\"}}\n")
    }

    #[test]
    fn late_lines_find_their_place_and_equal_moments_keep_theirs() {
        let text = [5_000, 70_000, 70_000, 10_000, 70_000, 130_000].map(leave).concat();
        let order: Vec<_> = all(text.as_bytes());
        let expected =
            [(1, 5_000), (4, 10_000), (2, 70_000), (3, 70_000), (5, 70_000), (6, 130_000)];
        assert_eq!(order, expected.map(|(number, at)| (number, Ok(at))));
    }

    #[test]
    fn what_comes_too_late_is_bad_and_the_rest_goes_on() {
        let text = [100_000, 39_999, 40_000].map(leave).concat();
        let found = all(text.as_bytes());
        assert!(found.iter().any(|(number, line)| *number == 2 && line.is_err()), "{found:?}");
        let good: Vec<_> =
            found.iter().filter_map(|(n, line)| Some((*n, *line.as_ref().ok()?))).collect();
        assert_eq!(good, [(3, 40_000), (1, 100_000)]);
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let mut text = b"\n \r\n".to_vec();
        text.extend(leave(1).trim_end().bytes());
        text.extend(b"\r\n{\n\xff\xfe\n");
        text.extend(vec![b' '; 2 * MAX_LINE as usize]);
        text.push(b'\n');
        text.extend(leave(2).trim_end().bytes());
        let found = all(&text);
        let numbers: Vec<(u64, bool)> = found.iter().map(|(n, line)| (*n, line.is_ok())).collect();
        assert_eq!(numbers, [(4, false), (5, false), (6, false), (3, true), (7, true)]);
        assert!(all(b"").is_empty());
    }
}
