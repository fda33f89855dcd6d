//! Tracker rules: what they name exists, and each can be reached.

use std::collections::{BTreeSet, HashMap};

use super::visits::few;
use crate::config::complaint::{Complaints, did_you_mean};
use crate::config::model::{Config, Site, Tracker};
use crate::lease::trackers::{TARGETS_MAX, mark};
use crate::visit::matcher::Matcher;

pub(super) fn check(config: &Config, out: &mut Complaints) {
    for (i, site) in config.sites.iter().enumerate() {
        let path = format!("sites[{i}].trackers");
        few(&path, site.trackers.len(), out);
        let targets: BTreeSet<_> = site.trackers.iter().map(|tracker| &tracker.target).collect();
        if targets.len() > TARGETS_MAX {
            let message = format!("trackers can serve {TARGETS_MAX} targets of a site at most");
            out.error(&path, message);
        }
        for (j, tracker) in site.trackers.iter().enumerate() {
            let path = format!("{path}[{j}]");
            names(&path, site, tracker, out);
            for flaw in conditions(tracker) {
                out.error(format!("{path}.when{}", flaw.0), flaw.1);
            }
            let mut earlier = site.trackers[..j].iter();
            if earlier.any(|other| other.target == tracker.target && other.when.is_empty()) {
                out.warning(&path, "a rule before it serves this target always: it is never asked");
            }
        }
        told_apart(&path, site, out);
    }
}

fn names(path: &str, site: &Site, tracker: &Tracker, out: &mut Complaints) {
    if !site.targets.iter().any(|target| target.id == tracker.target) {
        let known = site.targets.iter().map(|target| target.id.as_str());
        let meant = did_you_mean(tracker.target.as_str(), known);
        out.error(
            format!("{path}.target"),
            format!("there is no target `{}`{meant}", tracker.target),
        );
    }
    match (&tracker.pool, &tracker.number) {
        (Some(pool), None) if site.pool(pool).is_none() => {
            let known = site.pools.iter().map(|pool| pool.id.as_str());
            let meant = did_you_mean(pool.as_str(), known);
            out.error(format!("{path}.pool"), format!("there is no pool `{pool}`{meant}"));
        }
        (None, Some(number)) if site.static_number(number).is_none() => {
            let message = format!("{number} is none of the site's static_numbers");
            out.error(format!("{path}.number"), message);
        }
        (Some(_), None) | (None, Some(_)) => {}
        _ => out.error(path, "expected either a `pool` or the `number` of a static number"),
    }
}

/// What is wrong with the conditions, by place; a rule without any holds always.
fn conditions(tracker: &Tracker) -> Vec<(String, String)> {
    if tracker.when.is_empty() {
        return Vec::new();
    }
    let flaws = Matcher::compile(&tracker.when).err().unwrap_or_default();
    flaws.into_iter().map(|flaw| (flaw.path, flaw.why)).collect()
}

/// A session remembers four bytes of what its targets are served by: no two may share them.
fn told_apart(path: &str, site: &Site, out: &mut Complaints) {
    let mut first: HashMap<u32, &Tracker> = HashMap::new();
    for (j, tracker) in site.trackers.iter().enumerate() {
        let known = *first.entry(mark(tracker)).or_insert(tracker);
        let serves = |of: &Tracker| (of.target.clone(), of.pool.clone(), of.number.clone());
        if serves(known) != serves(tracker) {
            let message = "sessions cannot tell it from another tracker by chance: rename its pool";
            out.error(format!("{path}[{j}]"), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::complaint::Severity;
    use crate::config::load::load_text;

    /// What is said of the demo with these trackers: `error path`.
    fn said(trackers: &str) -> Vec<String> {
        #[derive(serde::Deserialize)]
        struct Rules {
            trackers: Vec<Tracker>,
        }
        let demo = include_str!("../../../config/demo.toml");
        let mut config = load_text("demo.toml", demo).expect("the demo can be read");
        let rules: Rules = toml::from_str(&format!("trackers = [{trackers}]")).expect("rules");
        config.sites[0].trackers = rules.trackers;
        let mut out = Complaints::default();
        check(&config, &mut out);
        let word = |severity| if severity == Severity::Error { "error" } else { "warning" };
        let complaints = out.into_vec();
        complaints.iter().map(|c| format!("{} {}", word(c.severity), c.path)).collect()
    }

    #[test]
    fn rules_that_cannot_serve_are_told_by_place() {
        let fine = "{ target = 'main', pool = 'main', when = [{ field = 'term', is = ['x'] }] }";
        assert_eq!(said(&format!("{fine}, {fine}")), [""; 0]);
        for (trackers, expected) in [
            ("{ target = 'mian', pool = 'main' }", "error sites[0].trackers[0].target"),
            ("{ target = 'main', pool = 'mian' }", "error sites[0].trackers[0].pool"),
            ("{ target = 'main', number = '+14155550199' }", "error sites[0].trackers[0].number"),
            ("{ target = 'main' }", "error sites[0].trackers[0]"),
            (
                "{ target = 'main', pool = 'main', number = '+14155550151' }",
                "error sites[0].trackers[0]",
            ),
            (
                "{ target = 'main', pool = 'main', when = [{ field = 'url', regex = ['('] }] }",
                "error sites[0].trackers[0].when[0].regex[0]",
            ),
            (
                "{ target = 'main', pool = 'main', when = [{ field = 'parameter', is = ['x'] }] }",
                "error sites[0].trackers[0].when[0].name",
            ),
            (
                "{ target = 'main', pool = 'main', when = [{ field = 'url', name = 'a', is = ['x'] }] }",
                "error sites[0].trackers[0].when[0].name",
            ),
            (
                "{ target = 'main', pool = 'main' }, { target = 'main', number = '+14155550151' }",
                "warning sites[0].trackers[1]",
            ),
        ] {
            assert_eq!(said(trackers), [expected], "{trackers}");
        }
    }
}
