//! The networks of `config/data_centres.toml`, where nobody sits.

use std::collections::HashMap;

use serde::Deserialize;

use crate::visit::bot::{Bot, BotKind, Why};
use crate::visit::place::Network;
use crate::visit::tables::{TablesError, read};

const LIST: &str = "data_centres.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DataCentreFile {
    operator: Vec<Operator>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operator {
    name: String,
    asns: Vec<u32>,
}

/// Operators by the number of their network.
#[derive(Debug)]
pub struct DataCentreTable {
    operator_by_asn: HashMap<u32, String>,
}

impl DataCentreTable {
    /// Reads the compiled-in table.
    pub fn load() -> Result<Self, TablesError> {
        let file: DataCentreFile = read(LIST, include_str!("../../../config/data_centres.toml"))?;
        let named = |Operator { name, asns }: Operator| {
            asns.into_iter().map(move |asn| (asn, name.clone()))
        };
        Ok(DataCentreTable { operator_by_asn: file.operator.into_iter().flat_map(named).collect() })
    }

    /// The verdict on `network`, when it is a data centre's.
    pub fn judge(&self, network: &Network) -> Option<Bot<'_>> {
        let line = self.operator_by_asn.get(&network.asn)?;
        let why = Why { of: "network", list: LIST, line };
        Some(Bot { kind: BotKind::DataCentre, why })
    }
}
