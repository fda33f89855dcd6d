//! The files of the pages, their common hash, and the HTML that names them.

use std::fmt::Write as _;

use actix_web::web::Bytes;
use sha2::{Digest, Sha256};

const DASHBOARD_HTML: &str = include_str!("page/index.html");
const DEMO_HTML: &str = include_str!("demo/index.html");

/// Placeholder for the folder of the assets in the HTML files.
const ASSETS_MARK: &str = "{{assets}}";
/// Placeholder for one `modulepreload` link per module, so that the browser fetches all at once.
const PRELOADS_MARK: &str = "{{preloads}}";
/// Placeholder for the key that the demo hands out.
const DEMO_KEY_MARK: &str = "{{demo_key}}";

/// Length of the hash in addresses, in hex digits: 64 bits tell versions apart.
const HASH_DIGITS: usize = 16;

/// One file of a page.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its content.
    pub body: &'static [u8],
}

macro_rules! assets {
    ($folder:literal: $($name:literal)*) => {
        &[$(Asset { name: $name, body: include_bytes!(concat!($folder, "/", $name)) }),*]
    };
}

/// The files of the dashboard.
pub const DASHBOARD: &[Asset] = assets!("page":
    "icon.svg" "base.css" "page.css" "states.css" "table.css" "cards.css" "heatmap.css"
    "main.js" "api.js" "controls.js" "dom.js" "filters.js" "format.js" "heatmap.js" "key.js"
    "landing.js" "panel.js" "period.js" "rate.js" "scale.js" "sources.js" "table.js" "tiles.js" "tip.js"
);

/// The files of the demo's landing page.
pub const DEMO: &[Asset] =
    assets!("demo": "harbor.svg" "demo.css" "sections.css" "box.css" "demo.js");

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
}

/// Everything that the pages' routes answer with, prepared once at start.
#[derive(Debug)]
pub struct Pages {
    hash: String,
    assets: Vec<Asset>,
    dashboard: Bytes,
    demo: Option<Bytes>,
}

impl Pages {
    /// The pages of an installation; with a `demo_key` they are the demo's: the dashboard opens with
    /// that key, and there is a landing page.
    pub fn new(demo_key: Option<&str>) -> Self {
        let mut assets = DASHBOARD.to_vec();
        if demo_key.is_some() {
            assets.extend(DEMO);
        }
        let hash = common_hash(&assets);
        let folder = folder(&hash);
        let dashboard = DASHBOARD_HTML
            .replace(PRELOADS_MARK, &preloads(&folder))
            .replace(ASSETS_MARK, &folder)
            .replace(DEMO_KEY_MARK, &escape(demo_key.unwrap_or_default()));
        let demo = demo_key.map(|_| Bytes::from(DEMO_HTML.replace(ASSETS_MARK, &folder)));
        Pages { hash, assets, dashboard: Bytes::from(dashboard), demo }
    }

    /// Where the assets are, without a slash at the end.
    pub fn folder(&self) -> String {
        folder(&self.hash)
    }

    /// The dashboard's HTML.
    pub fn dashboard(&self) -> Bytes {
        self.dashboard.clone()
    }

    /// The demo landing page's HTML, in demo mode.
    pub fn demo(&self) -> Option<Bytes> {
        self.demo.clone()
    }

    /// The asset `name` of the version `hash`. Another version's address gets nothing: answered with
    /// today's bytes it would stay in caches for good.
    pub fn asset(&self, hash: &str, name: &str) -> Option<Asset> {
        (hash == self.hash).then(|| self.assets.iter().find(|asset| asset.name == name).copied())?
    }
}

fn folder(hash: &str) -> String {
    format!("/assets/{hash}")
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

fn preloads(folder: &str) -> String {
    let mut links = String::new();
    for Asset { name, .. } in DASHBOARD.iter().filter(|asset| asset.is_module()) {
        // Writing to a String cannot fail.
        let _ = write!(links, "<link rel=\"modulepreload\" href=\"{folder}/{name}\">");
    }
    links
}

/// `text` as the value of a quoted HTML attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
