//! Hosts and paths → what is listed for them. A pattern is a host (`facebook.com`, which is every
//! name below it too), with `{}` for a country's top level behind it (`google.{}`) or a country's
//! code in front (`{}.altavista.com`), and perhaps a path (`google.{}/imgres`).
//!
//! Always: the longest name wins, then the longest path; names end at dots and paths at slashes, so
//! that `notgoogle.com`, `google.example.com` and `/imgresult` match nothing. A name under which
//! anybody may register one (a public suffix: `blogspot.com`) is that name alone.

use std::collections::HashMap;

/// Second levels under which a country keeps its commercial and public names: `co.uk`, `it.ao`.
const SECOND_LEVELS: [&str; 6] = ["com", "org", "net", "co", "it", "edu"];

/// Longest name of a host (RFC 1035), in bytes: what is longer is none, and costs nothing.
const HOST_MAX: usize = 253;

/// What one name has: an entry for the whole host, and entries for some of its paths.
#[derive(Debug, Default)]
struct Slot {
    host: Option<usize>,
    /// Longest first.
    paths: Vec<(Box<str>, usize)>,
    is_suffix: bool,
}

/// Patterns → the number that was given with each.
#[derive(Debug, Default)]
pub struct HostMap {
    whole: HashMap<Box<str>, Slot>,
    /// `google` for `google.{}`.
    country_behind: HashMap<Box<str>, Slot>,
    /// `altavista.com` for `{}.altavista.com`.
    country_in_front: HashMap<Box<str>, Slot>,
}

/// What was found for a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The number of the pattern.
    pub index: usize,
    /// Whether the pattern names this very host, not one above it.
    pub is_whole_host: bool,
}

impl HostMap {
    /// Adds a pattern; one that is there already stays. `false` when it is none.
    pub fn insert(&mut self, pattern: &str, index: usize) -> bool {
        let (host, path) = pattern.split_at(pattern.find('/').unwrap_or(pattern.len()));
        let (slots, name) = if let Some(name) = host.strip_suffix(".{}") {
            (&mut self.country_behind, name)
        } else if let Some(name) = host.strip_prefix("{}.") {
            (&mut self.country_in_front, name)
        } else {
            (&mut self.whole, host)
        };
        let Ok(name) = idna::domain_to_ascii(name) else { return false };
        if name.is_empty() {
            return false;
        }
        let slot = slots.entry(name.as_str().into()).or_default();
        slot.is_suffix = name.contains('.') && psl::suffix_str(&name) == Some(&name);
        slot.insert(path.trim_end_matches('/'), index);
        true
    }

    /// The longest pattern for `host` (lower case, no trailing dot) and `path` (with its slash).
    pub fn find(&self, host: &str, path: &str) -> Option<Found> {
        if host.len() > HOST_MAX {
            return None;
        }
        let country = country_suffix(host);
        let mut name = host;
        loop {
            if let Some(index) = self.find_name(host, name, country, path) {
                return Some(Found { index, is_whole_host: name.len() == host.len() });
            }
            name = name.split_once('.')?.1;
        }
    }

    /// The pattern for exactly `name`, which is `host` or above it.
    fn find_name(&self, host: &str, name: &str, country: usize, path: &str) -> Option<usize> {
        let whole = self.whole.get(name).filter(|slot| {
            !slot.is_suffix || matches!(&host[..host.len() - name.len()], "" | "www." | "m.")
        });
        if let Some(index) = whole.and_then(|slot| slot.at(path)) {
            return Some(index);
        }
        if country > 0 && name.len() > country {
            let stem = &name[..name.len() - country];
            if let Some(index) = self.country_behind.get(stem).and_then(|slot| slot.at(path)) {
                return Some(index);
            }
        }
        let (label, rest) = name.split_once('.')?;
        let slot = self.country_in_front.get(rest).filter(|_| is_country(label))?;
        slot.at(path)
    }
}

impl Slot {
    fn insert(&mut self, path: &str, index: usize) {
        if path.is_empty() {
            self.host.get_or_insert(index);
        } else if !self.paths.iter().any(|(known, _)| **known == *path) {
            self.paths.push((path.into(), index));
            self.paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        }
    }

    fn at(&self, path: &str) -> Option<usize> {
        let is_below = |of: &str| {
            path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let found = self.paths.iter().find(|(of, _)| is_below(of));
        found.map(|(_, index)| *index).or(self.host)
    }
}

/// `de`, `uk`: a country's code that is a top level.
fn is_country(label: &str) -> bool {
    label.len() == 2 && psl::suffix(label.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// The bytes of the country's top level at the end of `host` with the dot before it: 3 for
/// `google.de`, 6 for `google.co.uk`; 0 when it ends otherwise. The public suffix list decides, so
/// that a name which somebody holds (`co.de`) and its names are none.
fn country_suffix(host: &str) -> usize {
    let top = host.rsplit('.').next().unwrap_or(host);
    if top.len() != 2 && top != "cat" {
        return 0;
    }
    let Some(suffix) = psl::suffix(host.as_bytes()) else { return 0 };
    if suffix.typ() != Some(psl::Type::Icann) {
        return 0;
    }
    let length = suffix.as_bytes().len();
    let is_listed = length == top.len()
        || SECOND_LEVELS.iter().any(|second| {
            length == second.len() + 1 + top.len()
                && suffix.as_bytes().starts_with(second.as_bytes())
        });
    if is_listed { length + 1 } else { 0 }
}
