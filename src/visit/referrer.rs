//! What the referrer says.

use url::Url;

use crate::visit::landing;
use crate::visit::tables::{SourceKind, Tables};

/// Where a page was reached from, by its referrer.
#[derive(Debug, PartialEq, Eq)]
pub struct Referrer {
    /// The referring host, lower case.
    pub host: String,
    /// `google`, `facebook`, …; the host itself (without `www.`) when it is not a known one.
    pub source: String,
    /// `organic`, `social`, `ai-assistant`, `email` or `referral`.
    pub medium: &'static str,
    /// Whether the tables know the host.
    pub known: bool,
}

/// Reads `referrer`. `None` when there is none, it is no web address, or one of the site itself.
pub fn read(tables: &Tables, referrer: &str, is_own: impl Fn(&str) -> bool) -> Option<Referrer> {
    let url = Url::parse(referrer).ok()?;
    if !matches!(url.scheme(), "http" | "https" | "android-app") {
        return None;
    }
    let host = landing::host(&url);
    if host.is_empty() || is_own(&host) {
        return None;
    }
    Some(match tables.referrer(&host) {
        Some((name, kind)) => {
            Referrer { source: name.to_owned(), medium: medium(kind), known: true, host }
        }
        None => {
            let source = host.strip_prefix("www.").unwrap_or(&host).to_owned();
            Referrer { source, medium: "referral", known: false, host }
        }
    })
}

fn medium(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Search => "organic",
        SourceKind::Social => "social",
        SourceKind::Ai => "ai-assistant",
        SourceKind::Email => "email",
        SourceKind::Video | SourceKind::Shopping => "referral",
    }
}
