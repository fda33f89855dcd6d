//! The classification tables of `config/`, compiled in and read once at start.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::visit::bot::BotKind;

/// Longest value of a click id that is kept when its table entry does not say.
const CLICK_ID_MAX: usize = 512;

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
    /// A word is no regular expression.
    #[error("config/bots.toml: {0}")]
    Word(#[from] Box<regex::Error>),
}

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

/// What a known source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A search engine.
    Search,
    /// A social network.
    Social,
    /// A video platform.
    Video,
    /// A shop or marketplace.
    Shopping,
    /// An AI assistant.
    Ai,
    /// Web mail.
    Email,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReferrerEntry {
    name: String,
    kind: SourceKind,
    hosts: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BotEntry {
    kind: BotKind,
    words: Vec<String>,
}

#[derive(Deserialize)]
struct ClickFile {
    click_id: Vec<ClickRule>,
}
#[derive(Deserialize)]
struct ReferrerFile {
    referrer: Vec<ReferrerEntry>,
}
#[derive(Deserialize)]
struct BotFile {
    bot: Vec<BotEntry>,
}

/// Every table, indexed. Shared by all workers.
#[derive(Debug)]
pub struct Tables {
    clicks: Vec<ClickRule>,
    click_by_name: HashMap<String, usize>,
    referrers: Vec<(String, SourceKind)>,
    /// Whole names (`bing.com`), and names under any top level (`google` for `google.*`).
    referrer_by_host: HashMap<String, usize>,
    referrer_by_label: HashMap<String, usize>,
    kind_by_source: HashMap<String, SourceKind>,
    bots: Vec<(BotKind, Regex)>,
}

impl Tables {
    /// Reads the compiled-in tables.
    pub fn load() -> Result<Self, TablesError> {
        let clicks: ClickFile =
            read("click_ids.toml", include_str!("../../config/click_ids.toml"))?;
        let referrers: ReferrerFile =
            read("referrers.toml", include_str!("../../config/referrers.toml"))?;
        let bots: BotFile = read("bots.toml", include_str!("../../config/bots.toml"))?;

        let mut tables = Tables {
            clicks: clicks.click_id,
            click_by_name: HashMap::new(),
            referrers: Vec::new(),
            referrer_by_host: HashMap::new(),
            referrer_by_label: HashMap::new(),
            kind_by_source: HashMap::new(),
            bots: Vec::new(),
        };
        for (index, rule) in tables.clicks.iter().enumerate() {
            let names = rule.names.iter().map(|name| (name.clone(), index));
            tables.click_by_name.extend(names);
        }
        for (index, entry) in referrers.referrer.into_iter().enumerate() {
            for host in entry.hosts {
                match host.strip_suffix(".*") {
                    Some(label) => tables.referrer_by_label.insert(label.to_owned(), index),
                    None => tables.referrer_by_host.insert(host.clone(), index),
                };
                // A utm_source may be the host itself.
                tables.kind_by_source.entry(host.replace(".*", ".com")).or_insert(entry.kind);
            }
            for name in entry.names.into_iter().chain([entry.name.clone()]) {
                tables.kind_by_source.insert(name, entry.kind);
            }
            tables.referrers.push((entry.name, entry.kind));
        }
        for entry in bots.bot {
            let pattern = entry.words.join("|");
            let built = RegexBuilder::new(&pattern).case_insensitive(true).build();
            tables.bots.push((entry.kind, built.map_err(Box::new)?));
        }
        Ok(tables)
    }

    /// The rule of the click id with this parameter name, in any case.
    pub fn click(&self, name: &str) -> Option<&ClickRule> {
        // Longer than any known name, or plainly none: most parameters end here.
        if name.len() > 16 {
            return None;
        }
        self.click_by_name.get(&name.to_ascii_lowercase()).map(|&index| &self.clicks[index])
    }

    /// What `source` (a name or host, in any case) is known to be.
    pub fn kind_of_source(&self, source: &str) -> Option<SourceKind> {
        let source = source.to_lowercase();
        let known = self.kind_by_source.get(&source).copied();
        known.or_else(|| self.referrer(&source).map(|(_, kind)| kind))
    }

    /// Name and kind of a referring host (lower case): the longest listed name that it is or is
    /// below of.
    pub fn referrer(&self, host: &str) -> Option<(&str, SourceKind)> {
        let mut name = host;
        loop {
            let whole = self.referrer_by_host.get(name);
            let found = whole.or_else(|| {
                let (label, top) = name.split_once('.')?;
                is_top_level(top).then(|| self.referrer_by_label.get(label)).flatten()
            });
            if let Some(&index) = found {
                let (name, kind) = &self.referrers[index];
                return Some((name, *kind));
            }
            name = name.split_once('.')?.1;
        }
    }

    /// The kind of program that this user agent is, when it is one.
    pub fn bot(&self, user_agent: &str) -> Option<BotKind> {
        self.bots.iter().find(|(_, words)| words.is_match(user_agent)).map(|(kind, _)| *kind)
    }
}

/// `com`, `de`, `co.uk`, `com.au`: what may stand behind a name that is listed as `name.*`.
fn is_top_level(top: &str) -> bool {
    let is_country =
        |label: &str| label.len() == 2 && label.bytes().all(|b| b.is_ascii_lowercase());
    match top.split_once('.') {
        None => is_country(top) || matches!(top, "com" | "net" | "org"),
        Some((second, country)) => {
            matches!(second, "co" | "com" | "org" | "net" | "ne" | "or") && is_country(country)
        }
    }
}

fn read<T: for<'a> Deserialize<'a>>(file: &'static str, text: &str) -> Result<T, TablesError> {
    toml::from_str(text).map_err(|source| TablesError::Toml { file, source: Box::new(source) })
}
