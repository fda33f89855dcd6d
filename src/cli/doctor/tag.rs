//! The tags of the snippet in a page.

use scraper::ElementRef;
use url::Url;

use super::diagnosis::TagFound;

/// One script tag of the snippet.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    /// Where the script comes from.
    pub(super) src: Url,
    /// The site's key.
    pub(super) key: Option<String>,
    /// Where the service is: what the tag says, with its path, else the origin that the script comes from.
    pub(super) endpoint: Url,
    pub(super) integrity: Option<String>,
    pub(super) crossorigin: bool,
    pub(super) nonce: String,
    /// Whether it waits for nothing and nothing waits for it.
    pub(super) is_async: bool,
    /// Its `type`, when browsers run no script of that type.
    pub(super) inert: Option<String>,
    /// What its `data-consent` says, when that is no word of the snippet.
    pub(super) odd_consent: Option<String>,
}

impl Tag {
    /// The tag that `script` is, when it loads the snippet; its addresses belong to `base`.
    pub(super) fn read(script: ElementRef<'_>, base: &Url) -> Option<Self> {
        let attribute = |name| script.value().attr(name);
        let src = base.join(attribute("src")?.trim()).ok()?;
        let key = attribute("data-key").or(attribute("data-site"));
        let key = key.map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned);
        let endpoint = attribute("data-endpoint").and_then(|text| base.join(text.trim()).ok());
        // A copy that a site serves itself has any name, but says what it belongs to.
        if !is_snippet(&src) && (key.is_none() || endpoint.is_none()) {
            return None;
        }
        let runs = |kind: &&str| {
            matches!(kind.trim(), "" | "module") || kind.to_ascii_lowercase().contains("javascript")
        };
        let odd = |word: &&str| !matches!(*word, "granted" | "denied" | "auto" | "");
        Some(Tag {
            endpoint: endpoint.or_else(|| src.join("/").ok())?,
            src,
            key,
            integrity: attribute("integrity").map(str::to_owned),
            crossorigin: attribute("crossorigin").is_some(),
            nonce: attribute("nonce").unwrap_or_default().to_owned(),
            is_async: attribute("async").is_some() || attribute("defer").is_some(),
            inert: attribute("type").filter(|kind| !runs(kind)).map(str::to_owned),
            odd_consent: attribute("data-consent").filter(odd).map(str::to_owned),
        })
    }

    /// The address of one of the service's routes.
    pub(super) fn route(&self, path: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(&format!("{}{path}", self.endpoint.path().trim_end_matches('/')));
        url.set_query(None);
        url.set_fragment(None);
        url
    }

    /// Whether the script's address always has the same content.
    pub(super) fn is_immutable(&self) -> bool {
        is_snippet(&self.src) && !self.src.path().ends_with("/rt.js")
    }

    pub(super) fn found(&self) -> TagFound {
        TagFound {
            src: self.src.to_string(),
            key: self.key.clone().unwrap_or_default(),
            endpoint: self.endpoint.as_str().trim_end_matches('/').to_owned(),
        }
    }
}

/// `…/rt.js` or `…/rt.<hash>.js`.
fn is_snippet(src: &Url) -> bool {
    let name = src.path().rsplit('/').next().unwrap_or_default();
    let Some(hash) = name.strip_prefix("rt.").and_then(|rest| rest.strip_suffix("js")) else {
        return false;
    };
    let hash = hash.strip_suffix('.').unwrap_or(hash);
    hash.is_empty() || hash.len() == 10 && hash.bytes().all(|b| b.is_ascii_hexdigit())
}
