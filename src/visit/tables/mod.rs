//! The classification tables of `config/`, compiled in and read once at start: one file per table.

pub mod bots;
pub mod clicks;
pub mod data_centres;
pub mod machines;
pub mod sources;

use serde::Deserialize;

use crate::visit::bot::Bot;
use crate::visit::place::Network;
use crate::visit::tables::bots::BotTable;
pub use crate::visit::tables::clicks::ClickRule;
use crate::visit::tables::clicks::ClickTable;
use crate::visit::tables::data_centres::DataCentreTable;
use crate::visit::tables::machines::MachineTable;
use crate::visit::tables::sources::SourceTable;

pub use crate::visit::tables::sources::SourceKind;

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
        })
    }

    /// The rule of the click id with this parameter name, in any case.
    pub fn click(&self, name: &str) -> Option<&ClickRule> {
        self.clicks.get(name)
    }

    /// What `source` (a name or host, in any case) is known to be.
    pub fn kind_of_source(&self, source: &str) -> Option<SourceKind> {
        self.sources.kind(source)
    }

    /// Name and kind of a referring host (lower case).
    pub fn referrer(&self, host: &str) -> Option<(&str, SourceKind)> {
        self.sources.referrer(host)
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

    /// The verdict on a network where nobody sits, when it is one.
    pub fn data_centre(&self, network: &Network) -> Option<Bot<'_>> {
        self.data_centres.judge(network)
    }
}

fn read<T: for<'a> Deserialize<'a>>(file: &'static str, text: &str) -> Result<T, TablesError> {
    toml::from_str(text).map_err(|source| TablesError::Toml { file, source: Box::new(source) })
}
