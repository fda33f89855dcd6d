//! The click ids of `config/click_ids.toml`, by parameter name.

use std::collections::HashMap;

use serde::Deserialize;

use crate::visit::tables::{TablesError, read};

/// Longest value of a click id that is kept when its table entry does not say.
const CLICK_ID_MAX: usize = 512;

/// What a click id in a URL proves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickRule {
    names: Vec<String>,
    /// Ad platform; empty when no ad is proved.
    pub platform: String,
    /// Source when nothing else names one.
    pub source: String,
    /// Medium when nothing else names one.
    pub medium: String,
    /// Whether its presence alone proves an ad click.
    pub paid: bool,
    /// Longest value in bytes.
    #[serde(default = "click_id_max")]
    pub max: usize,
}

fn click_id_max() -> usize {
    CLICK_ID_MAX
}

#[derive(Deserialize)]
struct ClickFile {
    click_id: Vec<ClickRule>,
}

/// The rules, by parameter name.
#[derive(Debug)]
pub struct ClickTable {
    rules: Vec<ClickRule>,
    by_name: HashMap<String, usize>,
}

impl ClickTable {
    /// Reads the compiled-in table.
    pub fn load() -> Result<Self, TablesError> {
        let file: ClickFile =
            read("click_ids.toml", include_str!("../../../config/click_ids.toml"))?;
        let mut by_name = HashMap::new();
        for (index, rule) in file.click_id.iter().enumerate() {
            by_name.extend(rule.names.iter().map(|name| (name.clone(), index)));
        }
        Ok(ClickTable { rules: file.click_id, by_name })
    }

    /// The rule of the click id with this parameter name, in any case.
    pub fn get(&self, name: &str) -> Option<&ClickRule> {
        // Longer than any known name, or plainly none: most parameters end here.
        if name.len() > 16 {
            return None;
        }
        self.by_name.get(&name.to_ascii_lowercase()).map(|&index| &self.rules[index])
    }
}
