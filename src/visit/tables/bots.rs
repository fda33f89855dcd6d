//! The programs of `config/bots.toml`, by words of their user agents.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::visit::bot::BotKind;
use crate::visit::tables::{TablesError, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BotEntry {
    kind: BotKind,
    words: Vec<String>,
}

#[derive(Deserialize)]
struct BotFile {
    bot: Vec<BotEntry>,
}

/// The words of each kind of program, in the order in which they are asked.
#[derive(Debug)]
pub struct BotTable {
    kinds: Vec<(BotKind, Regex)>,
}

impl BotTable {
    /// Reads the compiled-in table.
    pub fn load() -> Result<Self, TablesError> {
        let file: BotFile = read("bots.toml", include_str!("../../../config/bots.toml"))?;
        let compile = |entry: BotEntry| {
            let pattern = entry.words.join("|");
            let built = RegexBuilder::new(&pattern).case_insensitive(true).build();
            Ok((entry.kind, built.map_err(Box::new)?))
        };
        let kinds = file.bot.into_iter().map(compile).collect::<Result<_, TablesError>>()?;
        Ok(BotTable { kinds })
    }

    /// The kind of program that this user agent is, when it is one.
    pub fn kind(&self, user_agent: &str) -> Option<BotKind> {
        self.kinds.iter().find(|(_, words)| words.is_match(user_agent)).map(|(kind, _)| *kind)
    }
}
