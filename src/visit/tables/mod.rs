//! The classification tables of `config/`, compiled in and read once at start: one file per table.

pub mod bots;
pub mod clicks;
pub mod hosts;
pub mod lists;
pub mod sources;
pub mod terms;

#[cfg(test)]
mod tests;

use serde::Deserialize;

use crate::visit::bot::BotKind;
use crate::visit::tables::bots::BotTable;
pub use crate::visit::tables::clicks::ClickRule;
use crate::visit::tables::clicks::ClickTable;
pub use crate::visit::tables::lists::{List, SourceKind};
pub use crate::visit::tables::sources::Listed;
use crate::visit::tables::sources::SourceTable;

/// Why the compiled-in tables cannot be used; a build that passes its tests never shows it.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// Not the TOML that is expected.
    #[error("config/{file}: {source}")]
    Toml {
        /// The file.
        file: &'static str,
        /// What the parser said.
        source: Box<toml::de::Error>,
    },
    /// Not the CSV that is expected.
    #[error("config/{file}: {source}")]
    Csv {
        /// The file.
        file: &'static str,
        /// What the parser said.
        source: Box<csv::Error>,
    },
    /// A host pattern that is none.
    #[error("config/{file}: {host:?} is no host")]
    Host {
        /// The file.
        file: &'static str,
        /// What stands there.
        host: String,
    },
    /// A search term's place is no regular expression.
    #[error("config/{file}: {source}")]
    Term {
        /// The file.
        file: &'static str,
        /// What the parser said.
        source: Box<regex::Error>,
    },
    /// A word is no regular expression.
    #[error("config/bots.toml: {0}")]
    Word(#[from] Box<regex::Error>),
}

/// Every table, indexed. Shared by all workers.
#[derive(Debug)]
pub struct Tables {
    clicks: ClickTable,
    sources: SourceTable,
    bots: BotTable,
}

impl Tables {
    /// Reads the compiled-in tables.
    pub fn load() -> Result<Self, TablesError> {
        Ok(Tables {
            clicks: ClickTable::load()?,
            sources: SourceTable::load()?,
            bots: BotTable::load()?,
        })
    }

    /// The click ids that every site knows.
    pub fn clicks(&self) -> &ClickTable {
        &self.clicks
    }

    /// The known sources: hosts, apps and names.
    pub fn sources(&self) -> &SourceTable {
        &self.sources
    }

    /// The kind of program that this user agent is, when it is one.
    pub fn bot(&self, user_agent: &str) -> Option<BotKind> {
        self.bots.kind(user_agent)
    }
}

fn read<T: for<'a> Deserialize<'a>>(file: &'static str, text: &str) -> Result<T, TablesError> {
    toml::from_str(text).map_err(|source| TablesError::Toml { file, source: Box::new(source) })
}
