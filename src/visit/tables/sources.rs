//! The sources of `config/referrers.toml`, by host and by name.

use std::collections::HashMap;

use serde::Deserialize;

use crate::visit::tables::{TablesError, read};

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
struct ReferrerFile {
    referrer: Vec<ReferrerEntry>,
}

/// The known sources.
#[derive(Debug, Default)]
pub struct SourceTable {
    referrers: Vec<(String, SourceKind)>,
    /// Whole names (`bing.com`), and names under any top level (`google` for `google.*`).
    by_host: HashMap<String, usize>,
    by_label: HashMap<String, usize>,
    kind_by_source: HashMap<String, SourceKind>,
}

impl SourceTable {
    /// Reads the compiled-in table.
    pub fn load() -> Result<Self, TablesError> {
        let file: ReferrerFile =
            read("referrers.toml", include_str!("../../../config/referrers.toml"))?;
        let mut table = SourceTable::default();
        for (index, entry) in file.referrer.into_iter().enumerate() {
            for host in entry.hosts {
                match host.strip_suffix(".*") {
                    Some(label) => table.by_label.insert(label.to_owned(), index),
                    None => table.by_host.insert(host.clone(), index),
                };
                // A utm_source may be the host itself.
                table.kind_by_source.entry(host.replace(".*", ".com")).or_insert(entry.kind);
            }
            for name in entry.names.into_iter().chain([entry.name.clone()]) {
                table.kind_by_source.insert(name, entry.kind);
            }
            table.referrers.push((entry.name, entry.kind));
        }
        Ok(table)
    }

    /// What `source` (a name or host, in any case) is known to be.
    pub fn kind(&self, source: &str) -> Option<SourceKind> {
        let source = source.to_lowercase();
        let known = self.kind_by_source.get(&source).copied();
        known.or_else(|| self.referrer(&source).map(|(_, kind)| kind))
    }

    /// Name and kind of a referring host (lower case): the longest listed name that it is or is
    /// below of.
    pub fn referrer(&self, host: &str) -> Option<(&str, SourceKind)> {
        let mut name = host;
        loop {
            let whole = self.by_host.get(name);
            let found = whole.or_else(|| {
                let (label, top) = name.split_once('.')?;
                is_top_level(top).then(|| self.by_label.get(label)).flatten()
            });
            if let Some(&index) = found {
                let (name, kind) = &self.referrers[index];
                return Some((name, *kind));
            }
            name = name.split_once('.')?.1;
        }
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
