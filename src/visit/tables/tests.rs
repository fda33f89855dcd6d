use std::collections::HashMap;
use std::sync::OnceLock;

use proptest::prelude::*;

use crate::visit::tables::lists::{List, SourceKind};
use crate::visit::tables::sources::{Listed, SourceTable};

fn sources() -> &'static SourceTable {
    static SOURCES: OnceLock<SourceTable> = OnceLock::new();
    SOURCES.get_or_init(|| SourceTable::load().expect("the compiled-in lists are readable"))
}

/// A host and path that the pattern means: `{}` stands for a country.
fn example(pattern: &str) -> (String, String) {
    let text = match pattern.strip_prefix("{}.") {
        Some(rest) => format!("de.{rest}"),
        None => pattern.replace("{}", "co.uk"),
    };
    let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
    let path = if path.is_empty() { "/" } else { path };
    (idna::domain_to_ascii(host).unwrap(), path.to_owned())
}

fn is_app(sources: &SourceTable, listed: &Listed) -> bool {
    listed.list == List::ByHand && sources.app(&listed.pattern).is_some()
}

fn of_matomo(sources: &SourceTable) -> impl Iterator<Item = &Listed> {
    sources.all().iter().filter(|listed| listed.list == List::Matomo)
}

/// Whether below this host other people have theirs.
fn is_suffix(host: &str) -> bool {
    psl::suffix_str(host) == Some(host)
}

#[test]
fn every_line_of_matomo_finds_itself() {
    let sources = sources();
    for listed in of_matomo(sources) {
        let (host, path) = example(&listed.pattern);
        let found = sources.host(&host, &path).expect(&listed.pattern);
        assert_eq!(found.label, listed.label, "{}", listed.pattern);
        assert_eq!(found.kind, listed.kind, "{}", listed.pattern);
        assert_eq!(found.source, listed.source, "{}", listed.pattern);
    }
    let mut kinds: HashMap<SourceKind, usize> = HashMap::new();
    of_matomo(sources).for_each(|listed| *kinds.entry(listed.kind).or_default() += 1);
    assert_eq!(of_matomo(sources).count(), 900);
    assert_eq!(kinds[&SourceKind::Ai], 25);
    assert_eq!(kinds[&SourceKind::Social] + kinds[&SourceKind::Video], 218);
}

#[test]
fn every_line_of_the_other_lists_finds_its_kind() {
    let sources = sources();
    for listed in sources.all().iter().filter(|listed| listed.list != List::Matomo) {
        if is_app(sources, listed) {
            assert_eq!(sources.app(&listed.pattern).unwrap().kind, listed.kind);
            continue;
        }
        let (host, path) = example(&listed.pattern);
        let found = sources.host(&host, &path).expect(&listed.pattern);
        assert_eq!((found.kind, &found.label), (listed.kind, &listed.label), "{}", listed.pattern);
    }
}

#[test]
fn a_label_has_one_kind_and_the_kind_of_its_source() {
    let sources = sources();
    for listed in sources.all().iter().filter(|listed| listed.ad_medium.is_none()) {
        if let Some(kind) = sources.kind(&listed.source) {
            // Google's list decides channels, and has some of Matomo's engines otherwise.
            let is_disagreement = matches!(
                listed.source.as_str(),
                "google shopping" | "digg" | "friendfeed" | "myspace"
            );
            assert!(kind == listed.kind || is_disagreement, "{} {kind:?}", listed.pattern);
        }
    }
}

#[test]
fn names_in_front_change_nothing() {
    let sources = sources();
    for listed in sources.all().iter().filter(|listed| !is_app(sources, listed)) {
        let (host, path) = example(&listed.pattern);
        for front in ["www", "m", "zq7x", "a.b.c"] {
            let is_alone = is_suffix(&host) && !matches!(front, "www" | "m");
            let found = sources.host(&format!("{front}.{host}"), &path);
            // Listed itself, with something else to say: `www.google.…`, `m.baidu.com`.
            let is_listed = found.is_some_and(|found| found.pattern.starts_with(front));
            if is_alone || is_listed {
                continue;
            }
            let found = found.unwrap_or_else(|| panic!("{front}.{host}"));
            assert_eq!((&found.label, found.kind), (&listed.label, listed.kind), "{front}.{host}");
        }
    }
}

#[test]
fn look_alikes_find_nothing() {
    let sources = sources();
    for listed in sources.all().iter().filter(|listed| !is_app(sources, listed)) {
        let (host, path) = example(&listed.pattern);
        let label = |host: &str| sources.host(host, &path).map(|found| found.pattern.clone());
        assert_eq!(label(&format!("{host}.evil.example")), None, "{host}");
        assert_eq!(label(&format!("{host}x")), None, "{host}");
        // Letters before the registrable name make another name.
        let registrable = psl::domain_str(&host).unwrap_or(&host);
        let own = sources.host(registrable, "/").map(|found| &found.label);
        let other = sources.host(&format!("notthe{registrable}"), &path);
        assert!(other.is_none_or(|found| Some(&found.label) != own && found.label != listed.label));
    }
    for host in [
        "notgoogle.com",
        "google.example.com",
        "google.comx",
        "linkedin.evil.example",
        "google.com.de",
        "google.de.com",
        "google.co.de",
        "google.zz",
        "google.co.zz",
        "google.shop",
        "google",
        "com",
        "co.uk",
        "de.evil.altavista.org",
        "evil-google.de",
        "xgoogle.co.uk",
        "",
        ".",
        "..",
    ] {
        assert!(sources.host(host, "/").is_none(), "{host}");
    }
    assert!(sources.host(&format!("{}google.com", "a.".repeat(121)), "/").is_some());
    assert!(sources.host(&format!("{}google.com", "a.".repeat(122)), "/").is_none());
}

#[test]
fn the_longest_name_wins_then_the_longest_path() {
    let sources = sources();
    for (host, path, label) in [
        ("www.google.com", "/", "Google"),
        ("google.cat", "/", "Google"),
        ("www.google.com.br", "/url", "Google"),
        ("google.it.ao", "/", "Google"),
        ("www.google.de", "/imgres", "Google Images"),
        ("www.google.de", "/imgresult", "Google"),
        ("images.google.fr", "/", "Google Images"),
        ("gemini.google.com", "/app", "Gemini"),
        ("docs.google.com", "/document/d/1", "Google services"),
        ("sites.google.com", "/", "sites.google.com"),
        ("x.com", "/i/grok", "Grok"),
        ("x.com", "/i/grok/share", "Grok"),
        ("x.com", "/i/grokking", "Twitter"),
        ("mail.yahoo.com", "/", "Yahoo Mail"),
        ("us-mg6.mail.yahoo.com", "/", "Yahoo Mail"),
        ("finance.yahoo.com", "/", "Yahoo services"),
        ("fr.search.yahoo.com", "/", "Yahoo!"),
        ("de.altavista.com", "/", "AltaVista"),
        ("uk.images.yahoo.com", "/", "Yahoo! Images"),
        ("cn.bing.com", "/images/search", "Bing Images"),
        ("puppyanimalbarn.tumblr.com", "/", "tumblr"),
        ("www.perplexity.ai", "/", "Perplexity"),
        ("blogspot.com", "/", "blogspot"),
    ] {
        let found = sources.host(host, path);
        assert_eq!(found.map(|found| found.label.as_str()), Some(label), "{host}{path}");
    }
    assert!(sources.host("plumbers.blogspot.com", "/").is_none());
    assert!(sources.host("quebec.altavista.com", "/").is_none());
}

#[test]
fn apps_are_themselves_only() {
    let sources = sources();
    let label = |id: &str| sources.app(id).map(|listed| listed.label.as_str());
    assert_eq!(label("com.google.android.gm"), Some("Gmail"));
    assert_eq!(label("com.google.android.apps.plus"), Some("Google+"));
    assert_eq!(label("com.linkedin.android"), Some("LinkedIn"));
    assert_eq!(label("284882215"), Some("Facebook"));
    assert_eq!(label("evil.com.google.android.gm"), None);
    assert_eq!(label("com.google.android.gm.evil"), None);
    assert_eq!(label("com.evil.com.reddit.frontpage"), None);
}

proptest! {
    #[test]
    fn lookups_end_for_whatever_comes(host in ".{0,260}", path in ".{0,60}", labels in "[a-z.]{0,260}") {
        let sources = sources();
        sources.host(&host, &path);
        sources.app(&host);
        sources.kind(&host);
        let one = sources.host(&labels, &path).map(|found| &found.pattern);
        let again = sources.host(&labels, &path).map(|found| &found.pattern);
        prop_assert_eq!(one, again);
    }
}
