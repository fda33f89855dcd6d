//! The known sources, by host, by app and by name. Three lists, in this order: what is written by
//! hand (`config/referrers.toml`), Matomo's (`sources_matomo.csv`) and that of Google Analytics 4
//! (`sources_ga4.csv`). For the same host the first list wins; else the longest name does.

use std::collections::HashMap;
use std::sync::Arc;

use crate::visit::tables::TablesError;
use crate::visit::tables::hosts::HostMap;
use crate::visit::tables::lists::{self, Entry, List, SourceKind};
use crate::visit::tables::terms::SearchTerms;

/// One line of a list.
#[derive(Debug)]
pub struct Listed {
    /// What the source is called: `Google Images`, `Yahoo!`.
    pub label: String,
    /// What it is.
    pub kind: SourceKind,
    /// What reports show: `google`, `ecosia.org`; empty where that is the referring host itself.
    pub source: String,
    /// The host pattern or app that is listed.
    pub pattern: String,
    /// The list it stands in.
    pub list: List,
    /// The medium of an ad whose clicks come this way.
    pub ad_medium: Option<String>,
    terms: Option<Arc<SearchTerms>>,
}

impl Listed {
    /// The medium of a visit that this referrer sent.
    pub fn medium(&self) -> &str {
        self.ad_medium.as_deref().unwrap_or(self.kind.medium())
    }

    /// The term that was searched for, where `url` says it.
    pub fn term(&self, url: &url::Url) -> Option<String> {
        self.terms.as_ref()?.read(url)
    }
}

/// The known sources.
#[derive(Debug, Default)]
pub struct SourceTable {
    listed: Vec<Listed>,
    hosts: HostMap,
    apps: HashMap<String, usize>,
    kinds: HashMap<String, SourceKind>,
}

impl SourceTable {
    /// Reads the compiled-in lists.
    pub fn load() -> Result<Self, TablesError> {
        let mut table = SourceTable::default();
        let mut terms = Compiled::default();
        // The kinds of Google's list count before all others: its channel rules are about them.
        let ga4 = lists::ga4()?;
        table.kinds = ga4.iter().map(|line| (line.source.clone(), line.kind)).collect();
        for entry in lists::by_hand()? {
            table.add_entry(entry, &mut terms)?;
        }
        for line in lists::matomo()? {
            if line.kind == SourceKind::Ai {
                table.kinds.entry(line.source.clone()).or_insert(line.kind);
            }
            table.add(line, &mut terms)?;
        }
        let mut hosts: Vec<_> = ga4.into_iter().filter(|line| line.source.contains('.')).collect();
        hosts.sort_by_key(|line| line.source.len());
        for line in hosts {
            if !table.has_better(&line) {
                table.add(line.into_line(), &mut terms)?;
            }
        }
        Ok(table)
    }

    /// What stands for `host` (lower case, ASCII, no trailing dot) and `path`.
    pub fn host(&self, host: &str, path: &str) -> Option<&Listed> {
        self.hosts.find(host, path).map(|found| &self.listed[found.index])
    }

    /// What stands for the app with this package name or id (lower case).
    pub fn app(&self, id: &str) -> Option<&Listed> {
        // Some package names stand among the hosts; one below it would be another app.
        let among_hosts = || self.hosts.find(id, "/").filter(|found| found.is_whole_host);
        let found = self.apps.get(id).copied().or_else(|| among_hosts().map(|found| found.index));
        found.map(|index| &self.listed[index])
    }

    /// What `source` (lower case; a name or a host) is known to be.
    pub fn kind(&self, source: &str) -> Option<SourceKind> {
        if let Some(&kind) = self.kinds.get(source) {
            return Some(kind);
        }
        if !source.contains('.') {
            return None;
        }
        if source.is_ascii() {
            return self.host(source, "/").map(|listed| listed.kind);
        }
        let host = idna::domain_to_ascii(source).ok()?;
        self.host(&host, "/").map(|listed| listed.kind)
    }

    /// Every line, in the order of the lists.
    pub fn all(&self) -> &[Listed] {
        &self.listed
    }

    fn add_entry(&mut self, entry: Entry, terms: &mut Compiled) -> Result<(), TablesError> {
        if entry.kind.names_a_source() {
            let names = entry.names.iter().chain([&entry.source]);
            for name in names.filter(|name| !name.is_empty()) {
                self.kinds.entry(name.clone()).or_insert(entry.kind);
            }
        }
        for app in &entry.apps {
            self.apps.insert(app.clone(), self.listed.len());
            self.listed.push(entry.line(app).listed(terms)?);
        }
        entry.hosts.iter().try_for_each(|host| self.add(entry.line(host), terms))
    }

    fn add(&mut self, line: lists::Line, terms: &mut Compiled) -> Result<(), TablesError> {
        if !self.hosts.insert(&line.host, self.listed.len()) {
            return Err(TablesError::Host { file: line.list.file(), host: line.host });
        }
        self.listed.push(line.listed(terms)?);
        Ok(())
    }

    /// Whether another list knows this host itself, or one above it that says as much.
    fn has_better(&self, line: &lists::Ga4Line) -> bool {
        self.hosts.find(&line.source, "/").is_some_and(|found| {
            let kind = self.listed[found.index].kind;
            let is_stronger =
                matches!(kind, SourceKind::Email | SourceKind::Payment | SourceKind::SignIn);
            found.is_whole_host || kind == line.kind || is_stronger
        })
    }
}

/// Search terms that are compiled already: most engines have the same few.
#[derive(Debug, Default)]
struct Compiled(HashMap<(String, String), Arc<SearchTerms>>);

impl lists::Line {
    fn listed(self, compiled: &mut Compiled) -> Result<Listed, TablesError> {
        let terms = if self.terms.is_empty() {
            None
        } else {
            let key = (self.terms, self.charsets);
            if let Some(known) = compiled.0.get(&key) {
                Some(known.clone())
            } else {
                let built = SearchTerms::compile(&key.0, &key.1);
                let built =
                    built.map_err(|source| TablesError::Term { file: self.list.file(), source })?;
                Some(compiled.0.entry(key).or_insert(Arc::new(built)).clone())
            }
        };
        Ok(Listed {
            label: self.label,
            kind: self.kind,
            source: self.source,
            pattern: self.host,
            list: self.list,
            ad_medium: self.ad_medium,
            terms,
        })
    }
}
