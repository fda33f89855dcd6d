//! How page views of a site are read: domains, landing pages, click ids, channels.

use super::unique;
use crate::config::complaint::Complaints;
use crate::config::model::{Config, OwnClickId, Site};
use crate::visit::campaign;
use crate::visit::landing::Fold;
use crate::visit::matcher::Matcher;
use crate::visit::site_rules::domain;

/// Most entries of each list of a site: all of them may be tried for one page view.
const ENTRIES_MAX: usize = 200;
/// Longest text that ends up in reports, in bytes.
const TEXT_MAX: usize = 100;

pub(super) fn check(config: &Config, out: &mut Complaints) {
    for (i, site) in config.sites.iter().enumerate() {
        let visits = &site.visits;
        let path = format!("sites[{i}].visits");
        domains(&format!("{path}.own_domains"), &visits.own_domains, out);
        domains(&format!("{path}.ignored_referrers"), &visits.ignored_referrers, out);
        landing_pages(&format!("{path}.landing_pages"), &visits.landing_pages, out);
        click_ids(&format!("{path}.click_ids"), &visits.click_ids, out);
        channels(&format!("sites[{i}].channels"), site, out);
    }
}

fn domains(path: &str, domains: &[String], out: &mut Complaints) {
    few(path, domains.len(), out);
    for (i, text) in domains.iter().enumerate() {
        if let Err(why) = domain(text) {
            out.error(format!("{path}[{i}]"), why);
        }
    }
}

fn landing_pages(path: &str, patterns: &[String], out: &mut Complaints) {
    few(path, patterns.len(), out);
    for (i, text) in patterns.iter().enumerate() {
        let path = format!("{path}[{i}]");
        match Fold::parse(text) {
            Err(why) => out.error(path, why),
            // A pattern matches its own text, and that of every narrower one.
            Ok(_) => {
                let earlier = patterns[..i].iter().filter_map(|text| Fold::parse(text).ok());
                if let Some(wider) = earlier.into_iter().find(|fold| fold.matches(text)) {
                    let message = format!("{} before it matches all of it", wider.text());
                    out.warning(path, message);
                }
            }
        }
    }
}

fn click_ids(path: &str, ids: &[OwnClickId], out: &mut Complaints) {
    few(path, ids.len(), out);
    let lower: Vec<String> = ids.iter().map(|id| id.name.to_ascii_lowercase()).collect();
    let names = lower.iter().enumerate();
    unique("click id", names.map(|(i, n)| (format!("{path}[{i}].name"), n.as_str())), out);
    for (i, id) in ids.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if !(1..=64).contains(&id.name.len()) || !id.name.bytes().all(fits) {
            out.error(format!("{path}.name"), "expected 1 to 64 letters, digits, '-', '_' or '.'");
        } else if campaign::is_tag(&id.name) {
            out.error(format!("{path}.name"), "this is a campaign parameter, no click id");
        }
        for (name, text) in [("source", &id.source), ("medium", &id.medium)] {
            shown(&format!("{path}.{name}"), text, out);
        }
        if id.platform.len() > TEXT_MAX {
            out.error(format!("{path}.platform"), format!("expected at most {TEXT_MAX} bytes"));
        }
    }
}

fn channels(path: &str, site: &Site, out: &mut Complaints) {
    few(path, site.channels.len(), out);
    for (i, rule) in site.channels.iter().enumerate() {
        shown(&format!("{path}[{i}].name"), &rule.name, out);
        for flaw in Matcher::compile(&rule.when).err().unwrap_or_default() {
            out.error(format!("{path}[{i}].when{}", flaw.path), flaw.why);
        }
        for (j, condition) in rule.when.iter().enumerate() {
            if condition.field.is_of_trackers() {
                let message = "only trackers may ask for it: the channel is decided before";
                out.error(format!("{path}[{i}].when[{j}].field"), message);
            }
        }
    }
}

fn shown(path: &str, text: &str, out: &mut Complaints) {
    if text.trim().is_empty() || text.len() > TEXT_MAX || text.contains(char::is_control) {
        out.error(path, format!("expected a text of 1 to {TEXT_MAX} bytes"));
    }
}

pub(super) fn few(path: &str, count: usize, out: &mut Complaints) {
    if count > ENTRIES_MAX {
        out.error(path, format!("expected at most {ENTRIES_MAX} entries"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::complaint::Severity;
    use crate::config::load::load_text;

    /// What is said of the demo with other `[sites.visits]` and channels: `error path`.
    fn said(visits: &str, channels: &str) -> Vec<String> {
        #[derive(serde::Deserialize)]
        struct Rules {
            visits: crate::config::model::Visits,
            channels: Vec<crate::config::model::ChannelRule>,
        }
        let demo = include_str!("../../../config/demo.toml");
        let mut config = load_text("demo.toml", demo).expect("the demo can be read");
        let text = format!("channels = [{channels}]\n[visits]\n{visits}");
        let rules: Rules = toml::from_str(&text).expect("rules");
        (config.sites[0].visits, config.sites[0].channels) = (rules.visits, rules.channels);
        let mut out = Complaints::default();
        check(&config, &mut out);
        let word = |severity| if severity == Severity::Error { "error" } else { "warning" };
        let complaints = out.into_vec();
        complaints.iter().map(|c| format!("{} {}", word(c.severity), c.path)).collect()
    }

    #[test]
    fn what_page_views_cannot_be_read_by_is_refused_by_place() {
        for (visits, expected) in [
            ("own_domains = ['a.example', '*.b.example']", "error sites[0].visits.own_domains[1]"),
            ("own_domains = ['com']", "error sites[0].visits.own_domains[0]"),
            (
                "ignored_referrers = ['https://x.example']",
                "error sites[0].visits.ignored_referrers[0]",
            ),
            ("landing_pages = ['/a/*', 'b/*']", "error sites[0].visits.landing_pages[1]"),
            ("landing_pages = ['/a*']", "error sites[0].visits.landing_pages[0]"),
            ("landing_pages = ['/a/*', '/a/b']", "warning sites[0].visits.landing_pages[1]"),
            (
                "click_ids = [{ name = 'a b', source = 'x' }]",
                "error sites[0].visits.click_ids[0].name",
            ),
            (
                "click_ids = [{ name = 'UTM_id', source = 'x' }]",
                "error sites[0].visits.click_ids[0].name",
            ),
            (
                "click_ids = [{ name = 'a', source = 'x' }, { name = 'A', source = 'y' }]",
                "error sites[0].visits.click_ids[1].name",
            ),
            (
                "click_ids = [{ name = 'a', source = '' }]",
                "error sites[0].visits.click_ids[0].source",
            ),
            (
                "click_ids = [{ name = 'a', source = 'x', medium = ' ' }]",
                "error sites[0].visits.click_ids[0].medium",
            ),
        ] {
            assert_eq!(said(visits, ""), [expected], "{visits}");
        }
        let many = vec!["'a.example'"; 201].join(", ");
        let many = format!("own_domains = [{many}]");
        assert_eq!(said(&many, ""), ["error sites[0].visits.own_domains"]);
        assert_eq!(said("landing_pages = ['/a/b', '/a/*', '/a/**', '/**']", ""), [""; 0]);
    }

    #[test]
    fn channels_that_cannot_be_decided_are_refused_by_place() {
        for (channel, expected) in [
            (
                "{ name = '', when = [{ field = 'term', is = ['x'] }] }",
                "error sites[0].channels[0].name",
            ),
            ("{ name = 'A', when = [] }", "error sites[0].channels[0].when"),
            ("{ name = 'A', when = [{ field = 'term' }] }", "error sites[0].channels[0].when[0]"),
            (
                "{ name = 'A', when = [{ field = 'term', is = ['x'] }, { field = 'term', regex = ['('] }] }",
                "error sites[0].channels[0].when[1].regex[0]",
            ),
            (
                "{ name = 'A', when = [{ field = 'country', is = ['US'] }] }",
                "error sites[0].channels[0].when[0].field",
            ),
        ] {
            assert_eq!(said("", channel), [expected], "{channel}");
        }
        // The schema knows which fields there are.
        let demo = include_str!("../../../config/demo.toml").replace("\"channel\"", "\"chanel\"");
        let error = load_text("demo.toml", &demo).expect_err("there is no such field");
        assert_eq!(error.complaints[0].path, "sites[0].channels[0].when[0].field");
    }
}
