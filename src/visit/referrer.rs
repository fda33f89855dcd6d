//! What the referrer says, and why.

use std::fmt;

use url::{Host, Url};

use crate::visit::bot::cut;
use crate::visit::landing;
use crate::visit::own_hosts::OwnHosts;
use crate::visit::tables::{Listed, SourceKind, Tables};

/// Longest referrer that is read, in bytes; what is behind is cut off.
const REFERRER_MAX: usize = 4096;

/// Where a page was reached from, by its referrer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referrer<'t> {
    /// From nowhere that counts.
    None(NoReferrer),
    /// From a host or app of the lists.
    Known {
        /// The referring host or app, lower case.
        host: String,
        /// The line that knows it.
        listed: &'t Listed,
        /// What was searched for, where the referrer says it.
        term: Option<String>,
    },
    /// From any other host or app.
    Unknown {
        /// The referring host or app, lower case.
        host: String,
    },
}

impl Default for Referrer<'_> {
    fn default() -> Self {
        Referrer::None(NoReferrer::Absent)
    }
}

/// Why there is no referrer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoReferrer {
    /// None was sent.
    Absent,
    /// What was sent is no address of a page or an app.
    Unreadable,
    /// This host of the site itself.
    OwnSite(String),
    /// This host, which the site does not count.
    IgnoredBySite(String),
    /// This host, where visitors pay and come back.
    Payment(String),
    /// This host, where visitors sign in and come back.
    SignIn(String),
}

/// Reads `referrer` by the lists, for a page of the site that `own` describes.
pub fn read<'t>(tables: &'t Tables, referrer: &str, own: &OwnHosts<'_>) -> Referrer<'t> {
    let referrer = referrer.trim();
    if referrer.is_empty() {
        return Referrer::None(NoReferrer::Absent);
    }
    let Some(url) = parse(cut(referrer, REFERRER_MAX)).filter(has_name) else {
        return Referrer::None(NoReferrer::Unreadable);
    };
    let host = landing::host(&url);
    if host.is_empty() {
        // Longer than names can be: a source without a name would be worse than none.
        return Referrer::None(NoReferrer::Unreadable);
    }
    let is_app = !url.scheme().starts_with("http");
    if !is_app && own.is_own(&host) {
        return Referrer::None(NoReferrer::OwnSite(host));
    }
    if own.is_ignored(&host) {
        return Referrer::None(NoReferrer::IgnoredBySite(host));
    }
    let sources = tables.sources();
    let found = if is_app { sources.app(&host) } else { sources.host(&host, url.path()) };
    let Some(listed) = found else { return Referrer::Unknown { host } };
    match listed.kind {
        SourceKind::Payment => Referrer::None(NoReferrer::Payment(host)),
        SourceKind::SignIn => Referrer::None(NoReferrer::SignIn(host)),
        _ => Referrer::Known { term: listed.term(&url), host, listed },
    }
}

impl Referrer<'_> {
    /// The referring host or app, if one counts.
    pub fn host(&self) -> Option<&str> {
        match self {
            Referrer::None(_) => None,
            Referrer::Known { host, .. } | Referrer::Unknown { host } => Some(host),
        }
    }

    /// Source and medium, if it counts: those of the list, else the host itself (without `www.`, in
    /// its own script) as a referral.
    pub fn source_and_medium(&self) -> Option<(String, &str)> {
        match self {
            Referrer::None(_) => None,
            Referrer::Known { host, listed, .. } if listed.source.is_empty() => {
                Some((readable(host), listed.medium()))
            }
            Referrer::Known { listed, .. } => Some((listed.source.clone(), listed.medium())),
            Referrer::Unknown { host } => Some((readable(host), "referral")),
        }
    }

    /// Whether the lists know it.
    pub fn is_known(&self) -> bool {
        matches!(self, Referrer::Known { .. })
    }

    /// Whether the visitor clicked an ad, which the address of the referrer proves.
    pub fn is_ad_click(&self) -> bool {
        matches!(self, Referrer::Known { listed, .. } if listed.ad_medium.is_some())
    }

    /// What was searched for, where the referrer says it.
    pub fn term(&self) -> Option<&str> {
        match self {
            Referrer::Known { term, .. } => term.as_deref(),
            _ => None,
        }
    }
}

/// Whether the host has no empty part: `https://..` and `https://.com` are nobody's.
fn has_name(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("");
    !host.is_empty() && host != "." && !host.starts_with('.') && !host.contains("..")
}

impl fmt::Display for Referrer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Referrer::None(why) => why.fmt(f),
            Referrer::Known { listed, .. } => {
                write!(f, "{:?} of config/{}", listed.pattern, listed.list.file())
            }
            Referrer::Unknown { .. } => f.write_str("no list knows it"),
        }
    }
}

impl fmt::Display for NoReferrer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoReferrer::Absent => f.write_str("there is none"),
            NoReferrer::Unreadable => f.write_str("it is no address of a page or an app"),
            NoReferrer::OwnSite(host) => write!(f, "{host} is the site itself"),
            NoReferrer::IgnoredBySite(host) => write!(f, "the site does not count {host}"),
            NoReferrer::Payment(host) => write!(f, "{host}: visitors pay there and come back"),
            NoReferrer::SignIn(host) => write!(f, "{host}: visitors sign in there and come back"),
        }
    }
}

/// `www.xn--bcher-kva.example` → `bücher.example`.
fn readable(host: &str) -> String {
    let host = host.strip_prefix("www.").unwrap_or(host);
    if host.contains("xn--") {
        let (text, outcome) = idna::domain_to_unicode(host);
        if outcome.is_ok() {
            return text;
        }
    }
    host.to_owned()
}

/// The address of a page or an app. Without a scheme it is read as https, if its host is under a
/// top level that exists: `example.org/path` is an address, `index.html` and `direct` are none.
fn parse(text: &str) -> Option<Url> {
    if let Some((scheme, _)) = text.split_once("://")
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    {
        let url = Url::parse(text).ok()?;
        return matches!(url.scheme(), "http" | "https" | "android-app" | "ios-app").then_some(url);
    }
    let text = text.strip_prefix("//").unwrap_or(text);
    let authority = text.split(['/', '?', '#', '\\']).next().unwrap_or(text);
    let (name, port) = authority.split_once(':').unwrap_or((authority, "0"));
    // `mailto:a@b.example` and the like have a scheme, and no host.
    let is_host = name.contains('.') && !name.contains('@');
    if !is_host || port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let url = Url::parse(&format!("https://{text}")).ok()?;
    match url.host()? {
        Host::Domain(domain) => {
            let suffix = psl::suffix(domain.trim_end_matches('.').as_bytes())?;
            suffix.is_known().then_some(url)
        }
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests;
