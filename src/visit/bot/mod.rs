//! Programs that are no visitors.
//!
//! In: a request's user agent and client hints, and the network it comes from. Out: what kind of
//! program it is and which line of which list says so; `None` for what looks like a person's browser.
//!
//! Always: a doubtful case is a person. A crawler that gets a number costs a number for minutes; a
//! person who gets none costs the source of a call.

pub mod ahead;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::visit::device::ClientHints;
use crate::visit::place::Network;
use crate::visit::tables::Tables;

/// What kind of program asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotKind {
    /// No user agent at all.
    Empty,
    /// A browser that a program drives.
    Headless,
    /// Fetches pages for link previews.
    Preview,
    /// Looks whether a site is up, fast and well.
    Monitor,
    /// Looks for weak spots.
    Scanner,
    /// Reads the web for an index, a feed, an archive or a model.
    Crawler,
    /// A library, a command-line tool, or anything else that is no browser.
    Tool,
    /// A browser in a data centre, where nobody sits.
    DataCentre,
}

impl BotKind {
    /// The word used in metrics and documentation.
    pub fn word(self) -> &'static str {
        match self {
            BotKind::Empty => "empty",
            BotKind::Headless => "headless",
            BotKind::Preview => "preview",
            BotKind::Monitor => "monitor",
            BotKind::Scanner => "scanner",
            BotKind::Crawler => "crawler",
            BotKind::Tool => "tool",
            BotKind::DataCentre => "data_centre",
        }
    }
}

/// A verdict: this is a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bot<'a> {
    /// What kind of program.
    pub kind: BotKind,
    /// What decided.
    pub why: Why<'a>,
}

/// The line of a list that decided, borrowed from the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Why<'a> {
    /// What was looked at: `user_agent`, `client_hints` or `network`.
    pub of: &'static str,
    /// The file with the list, below `config/`; empty when it is no list that decides.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub list: &'static str,
    /// The line, or the rule in words.
    pub line: &'a str,
}

/// What is known of the asker.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// `User-Agent`, empty when absent.
    pub user_agent: &'a str,
    /// What the browser itself says.
    pub hints: ClientHints<'a>,
    /// Where the request comes from: `None` without a database, or when data centres are let in.
    pub network: Option<&'a Network>,
}

/// Longest part of a user agent, or of the hinted brands, that is looked at, in bytes. In-app
/// browsers write 700 and more.
const LOOKED_AT: usize = 1024;

/// Whether a program asks, and which; `None` for what looks like a person's browser.
pub fn judge<'t>(tables: &'t Tables, evidence: &Evidence<'_>) -> Option<Bot<'t>> {
    let user_agent = cut(evidence.user_agent.trim(), LOOKED_AT);
    if user_agent.is_empty() {
        let why = Why { of: "user_agent", list: "", line: "it is empty" };
        return Some(Bot { kind: BotKind::Empty, why });
    }
    let of_agent = tables.bot(user_agent);
    // `"HeadlessChrome";v="140"`: the agent may be set to anything, the brands are often forgotten.
    let of_hints = || tables.bot_brand(cut(evidence.hints.brands, LOOKED_AT));
    let of_network = || evidence.network.and_then(|network| tables.data_centre(network));
    of_agent.or_else(of_hints).or_else(of_network)
}

/// The first `max` bytes of `text`, or less so that no character is split.
pub fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}
