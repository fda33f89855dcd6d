//! The click ids of `config/click_ids.toml`, by parameter name.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

use crate::visit::tables::{TablesError, read};

/// Longest value of a click id that is kept when its table entry does not say, in bytes.
pub const CLICK_ID_MAX: usize = 512;

/// What a click id in a URL proves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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
    /// Whether it only goes with another one: it is kept, and decides nothing.
    #[serde(default)]
    pub companion: bool,
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
#[derive(Debug, Default)]
pub struct ClickTable {
    rules: Vec<ClickRule>,
    by_name: HashMap<String, usize>,
    longest: usize,
}

impl ClickRule {
    /// The rule of one parameter that only a site knows.
    pub fn own(name: &str, platform: &str, source: &str, medium: &str, paid: bool) -> Self {
        ClickRule {
            names: vec![name.to_owned()],
            platform: platform.to_owned(),
            source: source.to_owned(),
            medium: medium.to_owned(),
            paid,
            companion: false,
            max: CLICK_ID_MAX,
        }
    }
}

impl fmt::Display for ClickRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, .. } = self;
        match (self.paid, self.companion) {
            (_, true) => write!(f, "goes with another click id of {source}; decides nothing"),
            (true, _) => write!(f, "proves a paid click of {source}"),
            (false, _) => write!(f, "tells of {source} when nothing else does; proves no ad"),
        }
    }
}

impl ClickTable {
    /// Reads the compiled-in table.
    pub fn load() -> Result<Self, TablesError> {
        let file: ClickFile =
            read("click_ids.toml", include_str!("../../../config/click_ids.toml"))?;
        Ok(ClickTable::of(file.click_id))
    }

    /// Indexes `rules`; of several with one name the last counts. Names are compared without case.
    pub fn of(rules: Vec<ClickRule>) -> Self {
        let mut by_name = HashMap::new();
        for (index, rule) in rules.iter().enumerate() {
            by_name.extend(rule.names.iter().map(|name| (name.to_ascii_lowercase(), index)));
        }
        let longest = by_name.keys().map(String::len).max().unwrap_or(0);
        ClickTable { rules, by_name, longest }
    }

    /// The click id with this parameter name, in any case: its name in lower case, and its rule.
    pub fn get(&self, name: &str) -> Option<(&str, &ClickRule)> {
        // Most parameters end here.
        if name.len() > self.longest {
            return None;
        }
        let (name, &index) = self.by_name.get_key_value(&name.to_ascii_lowercase())?;
        Some((name, &self.rules[index]))
    }

    /// Every name, in lower case.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}
