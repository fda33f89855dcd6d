//! The three lists of sources as they are written.

use serde::Deserialize;

use crate::visit::tables::{TablesError, read};

/// What a known source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Known, and none of the others.
    Site,
    /// Takes payments: visitors come back from it.
    Payment,
    /// Signs people in: visitors come back from it.
    SignIn,
}

impl SourceKind {
    /// The medium of a visit that such a referrer sent.
    pub fn medium(self) -> &'static str {
        match self {
            SourceKind::Search => "organic",
            SourceKind::Social => "social",
            SourceKind::Ai => "ai-assistant",
            SourceKind::Email => "email",
            SourceKind::Video
            | SourceKind::Shopping
            | SourceKind::Site
            | SourceKind::Payment
            | SourceKind::SignIn => "referral",
        }
    }

    /// The word that the lists use.
    pub fn word(self) -> &'static str {
        match self {
            SourceKind::Search => "search",
            SourceKind::Social => "social",
            SourceKind::Video => "video",
            SourceKind::Shopping => "shopping",
            SourceKind::Ai => "ai",
            SourceKind::Email => "email",
            SourceKind::Site => "site",
            SourceKind::Payment => "payment",
            SourceKind::SignIn => "sign_in",
        }
    }

    pub(super) fn names_a_source(self) -> bool {
        !matches!(self, SourceKind::Site | SourceKind::Payment | SourceKind::SignIn)
    }
}

/// One of the lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum List {
    /// Written by hand.
    ByHand,
    /// Matomo's.
    #[default]
    Matomo,
    /// That of Google Analytics 4.
    Ga4,
}

impl List {
    /// The file in `config/`.
    pub fn file(self) -> &'static str {
        match self {
            List::ByHand => "referrers.toml",
            List::Matomo => "sources_matomo.csv",
            List::Ga4 => "sources_ga4.csv",
        }
    }

    fn text(self) -> &'static str {
        match self {
            List::ByHand => include_str!("../../../config/referrers.toml"),
            List::Matomo => include_str!("../../../config/sources_matomo.csv"),
            List::Ga4 => include_str!("../../../config/sources_ga4.csv"),
        }
    }
}

/// What any list says of one host.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub host: String,
    pub kind: SourceKind,
    pub label: String,
    pub source: String,
    pub terms: String,
    pub charsets: String,
    #[serde(skip)]
    pub ad_medium: Option<String>,
    #[serde(skip)]
    pub list: List,
}

/// One group of `referrers.toml`, which describes the keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub label: String,
    #[serde(default)]
    pub source: String,
    pub kind: SourceKind,
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub apps: Vec<String>,
    #[serde(default)]
    pub names: Vec<String>,
    #[serde(default)]
    pub terms: Vec<String>,
    pub ad_medium: Option<String>,
}

impl Entry {
    pub(super) fn line(&self, host: &str) -> Line {
        Line {
            host: host.to_owned(),
            kind: self.kind,
            label: self.label.clone(),
            source: self.source.clone(),
            terms: self.terms.join(" "),
            charsets: String::new(),
            ad_medium: self.ad_medium.clone(),
            list: List::ByHand,
        }
    }
}

/// A source of Google Analytics 4: a name or a host.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ga4Line {
    pub source: String,
    pub kind: SourceKind,
    /// The short name of the same source; may be empty.
    pub name: String,
}

impl Ga4Line {
    pub(super) fn into_line(self) -> Line {
        let name = if self.name.is_empty() { self.source.clone() } else { self.name };
        Line {
            host: self.source,
            kind: self.kind,
            label: name.clone(),
            source: name,
            terms: String::new(),
            charsets: String::new(),
            ad_medium: None,
            list: List::Ga4,
        }
    }
}

#[derive(Deserialize)]
struct File {
    referrer: Vec<Entry>,
}

pub(super) fn by_hand() -> Result<Vec<Entry>, TablesError> {
    let list = List::ByHand;
    let mut entries = read::<File>(list.file(), list.text())?.referrer;
    for entry in &mut entries {
        let is_its_host = !entry.kind.names_a_source() && entry.ad_medium.is_none();
        if entry.source.is_empty() && !is_its_host {
            entry.source = entry.label.to_lowercase();
        }
    }
    Ok(entries)
}

pub(super) fn matomo() -> Result<Vec<Line>, TablesError> {
    read_csv(List::Matomo)
}

pub(super) fn ga4() -> Result<Vec<Ga4Line>, TablesError> {
    read_csv(List::Ga4)
}

fn read_csv<T: for<'a> Deserialize<'a>>(list: List) -> Result<Vec<T>, TablesError> {
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(list.text().as_bytes());
    let lines: Result<_, csv::Error> = reader.deserialize().collect();
    lines.map_err(|source| TablesError::Csv { file: list.file(), source: Box::new(source) })
}
