//! Every parser of bytes that come from outside, each as a function that takes any bytes and must neither panic, nor
//! hang, nor answer something that breaks its own promise.
//!
//! `make fuzz` drives them with `cargo fuzz` (coverage-guided, without a sanitizer: no parser is unsafe, and stable Rust has none); the ordinary tests run the same functions
//! over the seeds in `fuzz/seeds`, over what becomes of them when bytes change, and over random bytes.

pub mod calls;
pub mod files;
pub mod pages;
pub mod platforms;

use std::sync::OnceLock;

use ringtrace::config::Installation;
use ringtrace::config::load::load_text;
use ringtrace::config::model::Site;
use ringtrace::platform::clock::Millis;
use ringtrace::visit::site_rules::SiteRules;
use ringtrace::visit::tables::Tables;

/// 2026-01-02T03:04:05Z, the moment at which everything is read.
pub const NOW: Millis = Millis(1_767_323_045_000);

/// A parser by its name, which is also that of its target and of the folder of its seeds.
pub type Parser = (&'static str, fn(&[u8]));

/// All of them.
pub const PARSERS: [Parser; 20] = [
    ("webhook", calls::webhook),
    ("call_table", calls::call_table),
    ("outcomes", calls::outcomes),
    ("leads", calls::leads),
    ("call_filter", calls::call_filter),
    ("lease_body", pages::lease_body),
    ("beat_body", pages::beat_body),
    ("arrival", pages::arrival),
    ("agent", pages::agent),
    ("cookies", pages::cookies),
    ("token", pages::token),
    ("config", files::config),
    ("costs", files::costs),
    ("numbers", files::numbers),
    ("trace", files::trace),
    ("ledger", files::ledger),
    ("segments", files::segments),
    ("answer", platforms::answer),
    ("question", platforms::question),
    ("cursor", platforms::cursor),
];

/// What parsers read by: the compiled-in tables and the demo's configuration.
struct World {
    tables: Tables,
    installation: Installation,
}

impl World {
    fn site(&self) -> &Site {
        &self.installation.config.sites[0]
    }

    fn rules(&self) -> &SiteRules {
        self.installation.rules(&self.site().id)
    }
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let demo = include_str!("../../config/demo.toml");
        let config = load_text("demo.toml", demo).expect("the demo's configuration is good");
        let tables = Tables::load().expect("the compiled-in tables are good");
        World { tables, installation: Installation::new(config) }
    })
}

/// The first byte chooses one of `all`; the rest is left.
fn choose<'d, T: Copy>(all: &[T], data: &'d [u8]) -> Option<(T, &'d [u8])> {
    let (first, rest) = data.split_first()?;
    Some((all[usize::from(*first) % all.len()], rest))
}

/// Text in two parts, at the first line feed.
fn two(data: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(data).into_owned();
    match text.split_once('\n') {
        Some((first, second)) => (first.to_owned(), second.to_owned()),
        None => (text, String::new()),
    }
}
