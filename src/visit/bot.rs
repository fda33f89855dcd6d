//! Programs that are no visitors.

use serde::Deserialize;

use crate::visit::tables::Tables;

/// What kind of program asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BotKind {
    /// No user agent at all.
    Empty,
    /// A browser without a screen.
    Headless,
    /// Fetches pages for link previews and ad reviews.
    Preview,
    /// Reads the web for an index, an archive or a model.
    Crawler,
    /// A library or command-line tool.
    Tool,
}

/// Longest part of a user agent that is looked at, in bytes.
const LOOKED_AT: usize = 512;

/// The kind of program that `user_agent` is; `None` for what looks like a person's browser.
pub fn bot(tables: &Tables, user_agent: &str) -> Option<BotKind> {
    let user_agent = user_agent.trim();
    if user_agent.is_empty() {
        return Some(BotKind::Empty);
    }
    tables.bot(cut(user_agent, LOOKED_AT))
}

/// The first `max` bytes of `text`, or less so that no character is split.
pub(super) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}
