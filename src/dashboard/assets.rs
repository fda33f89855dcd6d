//! The files of the pages, their common hash, and the HTML that names them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use actix_web::web::Bytes;
use sha2::{Digest, Sha256};

const DASHBOARD_HTML: Asset =
    Asset { name: "page/index.html", body: include_bytes!("page/index.html") };
const DEMO_HTML: Asset = Asset { name: "demo/index.html", body: include_bytes!("demo/index.html") };

/// Placeholder for the folder of the assets in the HTML files.
const ASSETS_MARK: &str = "{{assets}}";
/// Placeholder for one `modulepreload` link per module, so that the browser fetches all at once.
const PRELOADS_MARK: &str = "{{preloads}}";
/// Placeholder for the key that the demo hands out.
const DEMO_KEY_MARK: &str = "{{demo_key}}";

/// Length of the hash in addresses, in hex digits: 64 bits tell versions apart.
const HASH_DIGITS: usize = 16;
/// Stands for the hash of files that change while somebody works on them.
const UNSETTLED: &str = "unsettled";

/// One file of a page.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its path under `src/dashboard`, also in addresses.
    pub name: &'static str,
    /// Its content.
    pub body: &'static [u8],
}

macro_rules! assets {
    ($($folder:literal: $($name:literal)*;)*) => {
        &[$($(Asset {
            name: concat!($folder, "/", $name),
            body: include_bytes!(concat!($folder, "/", $name)),
        }),*),*]
    };
}

/// The files of the dashboard.
pub const DASHBOARD: &[Asset] = assets!(
    "page":
        "api.js" "app.js" "base.css" "calls.css" "charts.css" "controls.css" "format.js"
        "frame.css" "heatmap.css" "icon.svg" "main.js" "pages.js" "pages/call.js" "pages/calls.js"
        "pages/calls/live.js" "pages/calls/outcome.js" "pages/calls/timeline.js" "pages/explore.js"
        "pages/explore/analyser.js" "pages/explore/answer.js" "pages/explore/names.js"
        "pages/explore/pickers.js" "pages/explore/state.js" "pages/forecast.js" "pages/overview.js"
        "pages/overview/attention.js" "pages/overview/callers.js" "pages/overview/channels.js"
        "pages/overview/hours.js" "pages/overview/landing_pages.js" "pages/overview/pool_health.js"
        "pages/overview/sources.js" "pages/overview/tiles.js" "pages/pools.js" "pages/pools/bar.js"
        "pages/pools/numbers.js" "pages/pools/sizing.js" "pages/postbacks.js"
        "pages/postbacks/verdicts.js" "pages/setup.js" "pages/setup/classify.js"
        "pages/setup/destinations.js" "pages/setup/providers.js" "pages/setup/seen.js"
        "pages/sign_in.js" "panels.css" "parts/chart.js" "parts/controls.js" "parts/filters.js"
        "parts/frame.js" "parts/heat.js" "parts/icons.js" "parts/panel.js" "parts/rate.js"
        "parts/save.js" "parts/sites.js" "parts/spark.js" "parts/svg_chart.js" "parts/table.js"
        "parts/tip.js" "pools.css" "question.js" "router.js" "scale.js" "table.css" "texts/de.js"
        "texts/de_help.js" "texts/de_names.js" "texts/en.js" "texts/en_help.js" "texts/en_names.js"
        "tiles.css" "time.js" "view.js" "words.js";
    "vendor":
        "hooks.js" "htm.js" "preact.js" "uplot.css" "uplot.js";
);

/// The files of the demo's landing page.
pub const DEMO: &[Asset] =
    assets!("demo": "harbor.svg" "demo.css" "sections.css" "box.css" "demo.js";);

impl Asset {
    /// The `Content-Type` that belongs to the name.
    pub fn media_type(&self) -> &'static str {
        match self.name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }

    fn is_module(&self) -> bool {
        self.name.ends_with(".js")
    }

    /// What is in the file now: in `folder` when there is one.
    fn read(&self, folder: Option<&Path>) -> Bytes {
        let read = folder.and_then(|folder| std::fs::read(folder.join(self.name)).ok());
        read.map_or(Bytes::from_static(self.body), Bytes::from)
    }
}

/// Everything that the pages' routes answer with.
#[derive(Debug)]
pub struct Pages {
    hash: String,
    assets: Vec<Asset>,
    folder: Option<PathBuf>,
    demo_key: Option<String>,
    dashboard: Bytes,
}

impl Pages {
    /// The pages of an installation; with a `demo_key` they are the demo's: the dashboard signs in with that key, and there is a
    /// landing page. With a `folder`, files are read from there with every request, and nothing may be kept.
    pub fn new(demo_key: Option<&str>, folder: Option<&Path>) -> Self {
        let mut assets = DASHBOARD.to_vec();
        if demo_key.is_some() {
            assets.extend(DEMO);
        }
        let hash = match folder {
            Some(_) => UNSETTLED.to_owned(),
            None => common_hash(&assets),
        };
        let mut pages = Pages {
            hash,
            assets,
            folder: folder.map(Path::to_owned),
            demo_key: demo_key.map(str::to_owned),
            dashboard: Bytes::new(),
        };
        pages.dashboard = pages.filled(DASHBOARD_HTML);
        pages
    }

    /// Where the assets are, without a slash at the end.
    pub fn address(&self) -> String {
        format!("/assets/{}", self.hash)
    }

    /// Whether what is answered stays so for good.
    pub fn is_settled(&self) -> bool {
        self.folder.is_none()
    }

    /// The dashboard's HTML.
    pub fn dashboard(&self) -> Bytes {
        if self.is_settled() { self.dashboard.clone() } else { self.filled(DASHBOARD_HTML) }
    }

    /// The demo landing page's HTML, in demo mode.
    pub fn demo(&self) -> Option<Bytes> {
        self.demo_key.as_ref().map(|_| self.filled(DEMO_HTML))
    }

    /// Media type and content of the asset `name` of the version `hash`. Another version's address gets nothing: answered
    /// with today's bytes it would stay in caches for good.
    pub fn asset(&self, hash: &str, name: &str) -> Option<(&'static str, Bytes)> {
        let found = self.assets.iter().find(|asset| asset.name == name && hash == self.hash)?;
        Some((found.media_type(), found.read(self.folder.as_deref())))
    }

    fn filled(&self, html: Asset) -> Bytes {
        let bytes = html.read(self.folder.as_deref());
        let text: Cow<'_, str> = String::from_utf8_lossy(&bytes);
        let address = self.address();
        let filled = text
            .replace(PRELOADS_MARK, &preloads(&address))
            .replace(ASSETS_MARK, &address)
            .replace(DEMO_KEY_MARK, &escape(self.demo_key.as_deref().unwrap_or_default()));
        Bytes::from(filled)
    }
}

/// SHA-256 over the names and contents of all assets. One for all, because modules import each
/// other by relative addresses: a change in one must give every importer a new address too.
fn common_hash(assets: &[Asset]) -> String {
    let mut digest = Sha256::new();
    for Asset { name, body } in assets {
        for part in [name.as_bytes(), body] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
    }
    let mut hash = hex::encode(digest.finalize());
    hash.truncate(HASH_DIGITS);
    hash
}

fn preloads(address: &str) -> String {
    let mut links = String::new();
    for Asset { name, .. } in DASHBOARD.iter().filter(|asset| asset.is_module()) {
        // Writing to a String cannot fail.
        let _ = write!(links, "<link rel=\"modulepreload\" href=\"{address}/{name}\">");
    }
    links
}

/// `text` as the value of a quoted HTML attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
