//! Every parser of bytes from outside, over the seeds of the fuzzing, over what becomes of them when bytes change, and
//! over random bytes. `make fuzz` looks further.

#[path = "../../fuzz/src/lib.rs"]
mod harness;

use std::path::Path;
use std::time::{Duration, Instant};

use harness::PARSERS;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

/// Inputs of each parser, unless RINGTRACE_FUZZ says so.
const INPUTS: u32 = 150;

/// Longest that one input may take, on a machine with much else to do.
const LONGEST: Duration = Duration::from_secs(5);

/// The seeds of a parser.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let files = std::fs::read_dir(folder).expect("every parser has seeds");
    files.map(|file| std::fs::read(file.expect("a file").path()).expect("a seed")).collect()
}

/// One change of some bytes.
#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Cut(Index, usize),
    Repeat(Index, usize),
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Edit::Set(at, byte) => *at.get_mut(bytes) = *byte,
            Edit::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Edit::Cut(at, count) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Edit::Repeat(at, times) => {
                let at = at.index(bytes.len());
                let part = bytes[at..(at + 16).min(bytes.len())].repeat(*times);
                bytes.splice(at..at, part);
            }
        }
    }
}

/// What JSON, CSV, URLs and times are made of, and what they do not expect.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let known: [&[u8]; 24] = [
        b"\"",
        b"{",
        b"[",
        b"}",
        b"]",
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r\n",
        b"%",
        b"%00",
        b"\\u0000",
        b"\\ud800",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"-1",
        b"1e999",
        b"9223372036854775808",
        b"0001-01-01T00:00:00Z",
        b"9999-12-31T23:59:60Z",
        "\u{202e}\u{1f980}".as_bytes(),
        b"null",
    ];
    prop_oneof![
        select(known.map(<[u8]>::to_vec).to_vec()),
        proptest::collection::vec(any::<u8>(), 1..8),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<Index>(), fragment()).prop_map(|(at, more)| Edit::Insert(at, more)),
        (any::<Index>(), 1..40_usize).prop_map(|(at, count)| Edit::Cut(at, count)),
        (any::<Index>(), 1..300_usize).prop_map(|(at, times)| Edit::Repeat(at, times)),
    ]
}

/// A seed with some changes, or any bytes.
fn input(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changed = (select(seeds), proptest::collection::vec(edit(), 0..6));
    let changed = changed.prop_map(|(mut bytes, edits)| {
        edits.iter().for_each(|edit| edit.apply(&mut bytes));
        bytes
    });
    prop_oneof![4 => changed, 1 => proptest::collection::vec(any::<u8>(), 0..300)]
}

#[test]
fn no_parser_panics_or_hangs_whatever_it_is_given() {
    let inputs = std::env::var("RINGTRACE_FUZZ").ok().and_then(|text| text.parse().ok());
    let config =
        Config { cases: inputs.unwrap_or(INPUTS), failure_persistence: None, ..Config::default() };
    for (name, parse) in PARSERS {
        let seeds = seeds(name);
        seeds.iter().for_each(|seed| parse(seed));
        let mut runner = TestRunner::new(config.clone());
        let began = Instant::now();
        let run = runner.run(&input(seeds), |bytes| {
            let began = Instant::now();
            parse(&bytes);
            prop_assert!(began.elapsed() < LONGEST, "it takes {:?}", began.elapsed());
            Ok(())
        });
        if let Err(failure) = run {
            panic!("{name}: {failure}");
        }
        println!("{name}: {} inputs in {:?}", config.cases, began.elapsed());
    }
}
