//! What is worth an entry, what it may say, who may read it. Pure.

use crate::audit::model::{Action, Entry};
use crate::platform::ids::SiteId;

/// Longest value of a target, in bytes.
const LONGEST_VALUE: usize = 96;

/// What a request with this method did whose answer is of this kind; `None`: it only read. What leaves as a file (it has
/// a `Content-Disposition`) or as a stream of events is taken out.
pub fn action(method: &str, disposition: Option<&str>, kind: Option<&str>) -> Option<Action> {
    let is_file = disposition.is_some_and(|told| told.starts_with("attachment"));
    let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
    if is_file || is_stream {
        return Some(Action::Export);
    }
    (!matches!(method, "GET" | "HEAD" | "OPTIONS")).then_some(Action::Change)
}

/// What the path names, but for the site: `pool=main number=+14155550199`. A value that was answered with 404 may be
/// anything, a caller's number too, and is left out; so is what no id looks like.
pub fn target<'a>(parts: impl Iterator<Item = (&'a str, &'a str)>, status: u16) -> String {
    let is_harmless = |value: &str| {
        value.len() <= LONGEST_VALUE
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:+".contains(&b))
    };
    let named =
        parts.filter(|(name, value)| status != 404 && *name != "site" && is_harmless(value));
    named.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// Whether somebody who sees these sites (`None`: all of them) may read `entry`: all that it was about must be theirs.
pub fn may_read(entry: &Entry, sites: Option<&[SiteId]>) -> bool {
    match sites {
        None => true,
        Some(seen) => !entry.sites.is_empty() && entry.sites.iter().all(|site| seen.contains(site)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_and_exports_are_kept_and_reading_is_not() {
        assert_eq!(action("PATCH", None, Some("application/json")), Some(Action::Change));
        assert_eq!(action("DELETE", None, None), Some(Action::Change));
        let file = Some("attachment; filename=\"calls.csv\"");
        assert_eq!(action("GET", file, Some("text/csv")), Some(Action::Export));
        assert_eq!(action("GET", None, Some("text/event-stream")), Some(Action::Export));
        assert_eq!(action("POST", file, Some("text/csv")), Some(Action::Export), "a question");
        assert_eq!(action("GET", None, Some("application/json")), None);
    }

    #[test]
    fn a_target_is_what_exists_and_looks_like_an_id() {
        let parts = [("site", "one"), ("pool", "main"), ("number", "+14155550199")];
        assert_eq!(target(parts.into_iter(), 200), "pool=main number=+14155550199");
        assert_eq!(target(parts.into_iter(), 404), "");
        assert_eq!(target([("id", "a b\n")].into_iter(), 200), "");
    }

    #[test]
    fn an_entry_is_read_by_those_who_see_all_of_its_sites() {
        let site = |id: &str| id.parse::<SiteId>().expect("an id");
        let entry = |sites: &[&str]| Entry {
            at: String::new(),
            by: String::new(),
            network: String::new(),
            action: Action::Change,
            method: String::new(),
            route: String::new(),
            sites: sites.iter().map(|id| site(id)).collect(),
            target: String::new(),
            status: 200,
            request: String::new(),
        };
        let mine = [site("one"), site("three")];
        assert!(may_read(&entry(&["one"]), Some(&mine)));
        assert!(!may_read(&entry(&["one", "two"]), Some(&mine)));
        assert!(!may_read(&entry(&[]), Some(&mine)), "it was about all sites");
        assert!(may_read(&entry(&[]), None));
    }
}
