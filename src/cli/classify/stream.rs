//! Lines in, lines out, in their order, on all cores.
//!
//! What a read gives is cut at its last line end and handed to the workers in turn; the answers are
//! taken from them in the same turn, so that order costs nothing. A slow writer stops the reader:
//! every queue is short.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Longest line that is read, in bytes; of a longer one the worker gets this much and one byte more.
pub const MAX_LINE: usize = 64 * 1024;
/// How much is read at once.
const CHUNK: usize = 256 * 1024;
/// Chunks that wait for each worker.
const QUEUE: usize = 2;

/// Hands every line of `input` to `work` (without its line end; empty lines are left out), which
/// appends what is to be written; writes it to `output` in the order of the lines. `threads` copies
/// of `worker` do the work.
///
/// Fails with the first error of reading or writing; a reader of `output` that went away is an end,
/// not an error.
pub fn run<W>(
    input: impl Read + Send,
    mut output: impl Write,
    threads: usize,
    worker: impl Fn() -> W,
) -> io::Result<()>
where
    W: FnMut(&[u8], &mut Vec<u8>) + Send,
{
    thread::scope(|scope| {
        let (mut to, mut from) = (Vec::new(), Vec::new());
        for _ in 0..threads.max(1) {
            let (chunks, taken) = sync_channel::<Vec<u8>>(QUEUE);
            let (written, answers) = sync_channel::<Vec<u8>>(QUEUE);
            let mut work = worker();
            scope.spawn(move || answer(&taken, &written, &mut work));
            to.push(chunks);
            from.push(answers);
        }
        let reading = scope.spawn(move || read(input, &to));
        let mut turn = 0;
        // A worker without an answer has seen the end of the input, and so have those after it.
        while let Ok(lines) = from[turn % from.len()].recv() {
            let written = output.write_all(&lines).and_then(|()| output.flush());
            match written {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                other => other?,
            }
            turn += 1;
        }
        drop(from);
        reading.join().unwrap_or_else(|_| Err(io::Error::other("the reader ended early")))
    })
}

fn answer(
    taken: &Receiver<Vec<u8>>,
    written: &SyncSender<Vec<u8>>,
    work: &mut impl FnMut(&[u8], &mut Vec<u8>),
) {
    for chunk in taken {
        let mut lines = Vec::with_capacity(chunk.len() * 2);
        for line in chunk.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.iter().all(u8::is_ascii_whitespace) {
                work(line, &mut lines);
            }
        }
        if written.send(lines).is_err() {
            return;
        }
    }
}

/// Whole lines to the workers in turn; ends early when they went away.
fn read(mut input: impl Read, to: &[SyncSender<Vec<u8>>]) -> io::Result<()> {
    let mut turn = 0;
    let mut hand = |chunk: Vec<u8>| {
        turn += 1;
        to[(turn - 1) % to.len()].send(chunk).is_ok()
    };
    let mut rest: Vec<u8> = Vec::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = &buffer[..count];
        let Some(end) = read.iter().rposition(|byte| *byte == b'\n') else {
            keep(&mut rest, read);
            continue;
        };
        let first = read.iter().position(|byte| *byte == b'\n').unwrap_or(end);
        keep(&mut rest, &read[..first]);
        rest.extend_from_slice(&read[first..=end]);
        if !hand(std::mem::take(&mut rest)) {
            return Ok(());
        }
        keep(&mut rest, &read[end + 1..]);
    }
    if !rest.is_empty() {
        hand(rest);
    }
    Ok(())
}

/// Appends a part of a line, up to a byte more than a line may have.
fn keep(line: &mut Vec<u8>, part: &[u8]) {
    let room = (MAX_LINE + 1).saturating_sub(line.len());
    line.extend_from_slice(&part[..part.len().min(room)]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives its bytes in pieces of these lengths, over and over.
    struct Pieces<'a>(&'a [u8], Vec<usize>, usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1[self.2 % self.1.len()].min(self.0.len()).min(buffer.len());
            self.2 += 1;
            let (now, later) = self.0.split_at(length);
            buffer[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    fn echo(line: &[u8], out: &mut Vec<u8>) {
        out.push(b'<');
        out.extend_from_slice(line);
        out.extend_from_slice(b">\n");
    }

    proptest! {
        #[test]
        fn every_line_is_answered_once_and_in_order(
            lines in prop::collection::vec("[a-z ]{0,40}", 0..200),
            pieces in prop::collection::vec(1usize..100, 1..5),
            threads in 1usize..4, last_ends in any::<bool>(),
        ) {
            let mut text = lines.join("\n");
            if last_ends && !lines.is_empty() {
                text.push('\n');
            }
            let mut found = Vec::new();
            run(Pieces(text.as_bytes(), pieces, 0), &mut found, threads, || echo).expect("it reads");
            let told = lines.iter().filter(|line| !line.trim().is_empty());
            let expected: String = told.map(|line| format!("<{line}>\n")).collect();
            prop_assert_eq!(String::from_utf8_lossy(&found), expected);
        }
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let text = format!("a\n{}\r\nb", "x".repeat(3 * CHUNK));
        let mut lengths = Vec::new();
        let tell = |line: &[u8], out: &mut Vec<u8>| out.extend(format!("{}\n", line.len()).bytes());
        run(text.as_bytes(), &mut lengths, 2, || tell).expect("it reads");
        assert_eq!(lengths, format!("1\n{}\n1\n", MAX_LINE + 1).into_bytes());
    }

    #[test]
    fn a_reader_that_goes_away_ends_it() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        struct Endless;
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                buffer[..2].copy_from_slice(b"a\n");
                Ok(2)
            }
        }
        run(Endless, Gone, 2, || echo).expect("no error");
    }
}
