//! The answer to one call, as one line of JSON.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;

use crate::attribution::model::{Attribution, Basis};
use crate::cli::CliError;
use crate::cli::replay::people::People;
use crate::cli::replay::score::Truth;
use crate::cli::replay::trace::Call;
use crate::lease::model::Tier;
use crate::platform::phone::PhoneNumber;

/// What was answered to a call.
#[derive(Debug, Serialize)]
pub struct CallLine<'a> {
    /// As the trace wrote it.
    pub at: &'a Value,
    /// As the trace wrote it.
    pub caller: Option<&'a str>,
    /// The tracking number; `None`: the original one was called.
    pub to: Option<&'a str>,
    /// The session that called, by its name in the trace; `None`: nobody, or not known.
    pub truth: Option<&'a str>,
    /// The chosen session.
    pub session: Option<&'a str>,
    /// Probability of the answer: of the chosen session, else of "none of them". 0 for a call that
    /// nobody hears of; of a static number that of its source.
    pub confidence: f64,
    /// Probability that it was none of them; `null` where nobody was asked for: a static number, or the
    /// original one.
    pub nobody: Option<f64>,
    /// Which fit of the delays judged it.
    pub fit: u32,
    /// How good the number was.
    pub tier: Tier,
    /// Who may have called, most probable first.
    pub candidates: Vec<NamedCandidate<'a>>,
}

/// A candidate by its name in the trace.
#[derive(Debug, Serialize)]
pub struct NamedCandidate<'a> {
    session: &'a str,
    probability: f64,
}

impl<'a> CallLine<'a> {
    /// The line of `call`, which dialled `to` and was joined as `joined` says.
    pub fn of(
        call: &'a Call,
        to: Option<&'a PhoneNumber>,
        truth: Truth<'a>,
        joined: Option<&Attribution>,
        people: &'a People,
    ) -> Self {
        let named = |candidate: &crate::attribution::model::Candidate| {
            let session = people.name(candidate.session)?;
            Some(NamedCandidate { session, probability: candidate.probability })
        };
        let candidates = joined.map(|joined| joined.candidates.iter().filter_map(named).collect());
        CallLine {
            at: &call.written_at,
            caller: call.caller.as_deref(),
            to: to.map(PhoneNumber::as_str),
            truth: match truth {
                Truth::Session(name) => Some(name),
                Truth::Nobody | Truth::Unknown => None,
            },
            session: joined.and_then(|joined| people.name(joined.session?)),
            confidence: joined.map_or(0.0, |joined| match joined.basis {
                Basis::Imported | Basis::None => joined.nobody,
                Basis::Holder | Basis::Static | Basis::Inferred | Basis::Provided | Basis::Told => {
                    joined.confidence
                }
            }),
            nobody: joined
                .filter(|joined| joined.basis != Basis::Static)
                .map(|joined| joined.nobody),
            fit: joined.map_or(0, |joined| joined.fit),
            tier: joined.map_or(Tier::Original, |joined| joined.tier),
            candidates: candidates.unwrap_or_default(),
        }
    }
}

impl CallLine<'_> {
    /// Probability that was given to what is true; 0 when it was not thought of.
    pub fn of_truth(&self, truth: Truth<'_>) -> f64 {
        match truth {
            Truth::Session(name) if self.session == Some(name) => self.confidence,
            Truth::Session(name) => {
                let named = self.candidates.iter().find(|candidate| candidate.session == name);
                named.map_or(0.0, |candidate| candidate.probability)
            }
            Truth::Nobody => self.nobody.unwrap_or(0.0),
            Truth::Unknown => 0.0,
        }
    }
}

/// Writes one line.
pub fn write(out: &mut impl Write, line: &CallLine<'_>) -> Result<(), CliError> {
    let written = serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from);
    let written = written.and_then(|()| out.write_all(b"\n"));
    written.map_err(|error| CliError::Replay(format!("cannot write the calls: {error}")))
}
