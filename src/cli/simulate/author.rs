//! Puts a trace together: its lines, in time order.

use std::collections::BTreeMap;
use std::io::{self, Write};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

use crate::cli::simulate::SimulateArgs;
use crate::cli::simulate::arrivals::{any_moment, arrivals};
use crate::platform::clock::Millis;

/// What a trace is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Visits of people.
    pub visits: u64,
    /// Calls of visitors.
    pub calls: u64,
    /// Calls of nobody.
    pub wrong_numbers: u64,
}

/// Writes lines.
pub(super) struct Author<'a> {
    pub(super) args: &'a SimulateArgs,
    pub(super) rng: StdRng,
    /// By time, and within a moment as they were said.
    lines: BTreeMap<(Millis, u64), Value>,
    pub(super) told: Told,
    /// Visitors who may come back.
    pub(super) visitors: Vec<String>,
    end: Millis,
}

/// Writes the trace that `args` describe, which were checked.
pub fn simulate(args: &SimulateArgs, out: &mut impl Write) -> io::Result<Told> {
    let mut rng = StdRng::seed_from_u64(args.seed);
    let moments = arrivals(args, &mut rng);
    let end = Millis::from(args.start).plus(i64::from(args.days) * 24 * 3_600_000);
    let mut author = Author {
        args,
        rng,
        lines: BTreeMap::new(),
        told: Told::default(),
        visitors: Vec::new(),
        end,
    };
    for at in moments {
        author.visit(at);
        if author.draws(args.bots.min(1.0)) {
            author.program(at);
        }
    }
    author.wrong_numbers();
    for line in author.lines.values() {
        serde_json::to_writer(&mut *out, line)?;
        out.write_all(b"\n")?;
    }
    Ok(author.told)
}

impl Author<'_> {
    pub(super) fn draws(&mut self, share: f64) -> bool {
        self.rng.random::<f64>() < share
    }

    /// Says a line of this `kind` at a moment; what is after the end of the trace is not said.
    pub(super) fn say(&mut self, at: Millis, kind: &str, members: Map<String, Value>) -> bool {
        if at >= self.end {
            return false;
        }
        let mut line = Map::new();
        line.insert("type".to_owned(), kind.into());
        line.insert("at".to_owned(), at.0.into());
        line.extend(members);
        let nth = self.lines.len() as u64;
        self.lines.insert((at, nth), Value::Object(line));
        true
    }

    /// Calls of nobody, so many that they are the share of all calls that was asked for.
    fn wrong_numbers(&mut self) {
        let share = self.args.wrong_numbers;
        let count = (self.told.calls as f64 * share / (1.0 - share)).round() as u64;
        for _ in 0..count {
            let at = any_moment(self.args, &mut self.rng);
            let caller = self.caller();
            self.say(at, "call", members(json!({ "caller": caller, "dials": "any" })));
        }
        self.told.wrong_numbers = count;
    }
}

/// The members of a JSON object.
pub(super) fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
