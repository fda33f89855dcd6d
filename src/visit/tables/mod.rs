//! The classification tables of `config/`, compiled in and read once at start: one file per table.

pub mod bots;
pub mod clicks;
pub mod data_centres;
pub mod hosts;
pub mod lists;
pub mod machines;
pub mod sources;
pub mod terms;

#[cfg(test)]
mod tests;

use serde::Deserialize;

use crate::visit::areas::AreaTable;
use crate::visit::bot::Bot;
use crate::visit::place::Network;
use crate::visit::tables::bots::BotTable;
pub use crate::visit::tables::clicks::ClickRule;
use crate::visit::tables::clicks::ClickTable;
use crate::visit::tables::data_centres::DataCentreTable;
pub use crate::visit::tables::lists::{List, SourceKind};
use crate::visit::tables::machines::MachineTable;
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
    /// A line that says nothing.
    #[error("config/{0}: `{1}` cannot be read, or does not begin with letters")]
    Line(&'static str, String),
}

/// Every table, indexed. Shared by all workers.
#[derive(Debug)]
pub struct Tables {
    clicks: ClickTable,
    sources: SourceTable,
    bots: BotTable,
    data_centres: DataCentreTable,
    machines: MachineTable,
    areas: AreaTable,
}

impl Tables {
    /// Reads the compiled-in tables.
    pub fn load() -> Result<Self, TablesError> {
        Ok(Tables {
            clicks: ClickTable::load()?,
            sources: SourceTable::load()?,
            bots: BotTable::load()?,
            data_centres: DataCentreTable::load()?,
            machines: MachineTable::load()?,
            areas: AreaTable::load(),
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

    /// The program that this user agent tells of, when it is one.
    pub fn bot(&self, user_agent: &str) -> Option<Bot<'_>> {
        self.bots.agent(user_agent)
    }

    /// The program that these brands (`Sec-CH-UA`) tell of, when it is one.
    pub fn bot_brand(&self, brands: &str) -> Option<Bot<'_>> {
        self.bots.brand(brands)
    }

    /// The families of browsers, systems and devices.
    pub fn machines(&self) -> &MachineTable {
        &self.machines
    }

    /// Where phone numbers are at home.
    pub fn areas(&self) -> &AreaTable {
        &self.areas
    }

    /// The verdict on a network where nobody sits, when it is one.
    pub fn data_centre(&self, network: &Network) -> Option<Bot<'_>> {
        self.data_centres.judge(network)
    }
}

fn read<T: for<'a> Deserialize<'a>>(file: &'static str, text: &str) -> Result<T, TablesError> {
    toml::from_str(text).map_err(|source| TablesError::Toml { file, source: Box::new(source) })
}
