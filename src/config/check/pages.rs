//! What happens on a site's pages: written forms of targets, the snippet's settings, what may be
//! stored where.

use jiff::SignedDuration;
use phonenumber::country::Id as CountryId;
use url::Url;

use super::{at_most, unique};
use crate::config::complaint::Complaints;
use crate::config::model::{Config, Modes, Site};
use crate::lease::written::{digits_of, read};
use crate::platform::phone::PhoneNumber;
use crate::visit::own_hosts::covers;
use crate::visit::site_rules::domain;

/// Most entries of each list: all of them travel with every reply.
const ENTRIES_MAX: usize = 64;
/// Longest name of an attribute or field, in bytes.
const NAME_MAX: usize = 64;

pub(super) fn check(config: &Config, out: &mut Complaints) {
    for (i, site) in config.sites.iter().enumerate() {
        let path = format!("sites[{i}]");
        let path_of_modes = format!("{path}.modes");
        modes(&path_of_modes, &site.modes, out);
        if config.place.databases.is_empty() && decides_by_country(&site.modes) {
            let message = "without a database in place.databases no country is known: `unknown` decides for everybody";
            out.warning(path_of_modes, message);
        }
        written(&path, site, out);
        let path = format!("{path}.snippet");
        lease_when(&format!("{path}.lease_when"), site, out);
        exclude(&format!("{path}.exclude"), site, out);
        attributes(&format!("{path}.attributes"), &site.snippet.attributes, out);
        domains(&format!("{path}.domains"), site, out);
        field(&format!("{path}.field"), &site.snippet.field, out);
        cookie_host(&format!("{path}.cookie_host"), site, out);
    }
}

fn modes(path: &str, modes: &Modes, out: &mut Complaints) {
    let path = format!("{path}.countries");
    for (i, country) in modes.countries.iter().enumerate() {
        let capitals = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        if !capitals || country.parse::<CountryId>().is_err() {
            let expected = "expected the two capitals of a country such as \"DE\"";
            out.error(format!("{path}[{i}]"), expected);
        }
    }
    let listed = modes.countries.iter().enumerate();
    unique("country", listed.map(|(i, c)| (format!("{path}[{i}]"), c.as_str())), out);
}

/// Whether a site says something of its own about countries.
fn decides_by_country(modes: &Modes) -> bool {
    let Modes { unknown, denied, .. } = *modes;
    *modes != Modes { unknown, denied, ..Modes::default() }
}

fn written(path: &str, site: &Site, out: &mut Complaints) {
    for (i, target) in site.targets.iter().enumerate() {
        let path = format!("{path}.targets[{i}].written");
        few(&path, target.written.len(), out);
        let forms = target.number.written();
        for (j, text) in target.written.iter().enumerate() {
            if let Err(why) = read(text, &forms) {
                out.error(format!("{path}[{j}]"), why.to_string());
            }
        }
    }
}

fn lease_when(path: &str, site: &Site, out: &mut Complaints) {
    let Some(after) = site.snippet.lease_when.after else { return };
    let path = format!("{path}.after");
    if after < SignedDuration::from_secs(1) || after.subsec_nanos() != 0 {
        out.error(&path, "expected whole seconds, at least one; to ask at once leave it out");
    }
    at_most(&path, after, SignedDuration::from_hours(1), out);
}

fn exclude(path: &str, site: &Site, out: &mut Complaints) {
    few(path, site.snippet.exclude.len(), out);
    for (i, text) in site.snippet.exclude.iter().enumerate() {
        let path = format!("{path}[{i}]");
        if !(3..=20).contains(&digits_of(text).len()) || text.chars().any(char::is_alphabetic) {
            out.error(path, "expected a number of 3 to 20 digits, best in E.164");
        } else if let Ok(number) = text.parse::<PhoneNumber>()
            && site.targets.iter().any(|target| target.number == number)
        {
            out.error(path, format!("{number} is a target: it would never be replaced"));
        }
    }
}

fn attributes(path: &str, names: &[String], out: &mut Complaints) {
    few(path, names.len(), out);
    for (i, name) in names.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let fits =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
        let rest = name.strip_prefix("data-").unwrap_or_default();
        if rest.is_empty() || name.len() > NAME_MAX || !rest.bytes().all(fits) {
            out.error(
                path,
                "expected the name of an attribute such as \"data-phone\", in lower case",
            );
        } else if rest.starts_with("ringtrace") {
            out.error(path, "attributes that begin with data-ringtrace are the snippet's own");
        }
    }
}

fn domains(path: &str, site: &Site, out: &mut Complaints) {
    few(path, site.snippet.domains.len(), out);
    for (i, text) in site.snippet.domains.iter().enumerate() {
        let path = format!("{path}[{i}]");
        match domain(text) {
            Err(why) => out.error(path, why),
            Ok(host) if !site.origins.iter().any(|origin| is_origin_at(origin, &host)) => {
                let message =
                    format!("no page of {host} may use this site's key; add it to origins");
                out.warning(path, message);
            }
            Ok(_) => {}
        }
    }
}

fn field(path: &str, name: &str, out: &mut Complaints) {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.[]".contains(&b);
    if name.len() > NAME_MAX || !name.bytes().all(fits) {
        let expected = "expected the name of a form field: letters, digits and - _ . [ ]";
        out.error(path, expected);
    }
}

fn cookie_host(path: &str, site: &Site, out: &mut Complaints) {
    let text = site.snippet.cookie_host.as_str();
    if text.is_empty() {
        return;
    }
    let host = match domain(text) {
        Err(why) => return out.error(path, why),
        Ok(host) => host,
    };
    let registered = psl::domain_str(&host).is_some_and(|domain| covers(domain, &host));
    if host != text || !registered {
        out.error(path, "expected a domain of your own such as \"example.com\", in lower case");
    } else if !site.origins.iter().any(|origin| is_origin_below(origin, &host)) {
        let message = format!("no page of {host} may use this site's key: no cookie will be set");
        out.warning(path, message);
    }
}

/// Whether pages of `host` have this origin of the configuration.
fn is_origin_at(origin: &str, host: &str) -> bool {
    match origin.split_once("://*.") {
        Some(_) => {
            origin_host(origin).is_some_and(|parent| parent != host && covers(&parent, host))
        }
        None => origin_host(origin).is_some_and(|known| known == host),
    }
}

/// Whether pages of `domain`, or below it, have this origin of the configuration.
fn is_origin_below(origin: &str, domain: &str) -> bool {
    origin_host(origin).is_some_and(|host| covers(domain, &host))
}

fn origin_host(origin: &str) -> Option<String> {
    let url = Url::parse(&origin.replacen("://*.", "://", 1)).ok()?;
    url.host_str().map(str::to_owned)
}

fn few(path: &str, count: usize, out: &mut Complaints) {
    if count > ENTRIES_MAX {
        out.error(path, format!("expected at most {ENTRIES_MAX} entries"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::complaint::Severity;
    use crate::config::load::load_text;

    /// What is said of the demo with these further keys of its site: `error path`.
    fn said(section: &str) -> Vec<String> {
        let demo = include_str!("../../../config/demo.toml");
        let mut config = load_text("demo.toml", demo).expect("the demo can be read");
        let head = "id = \"s\"\nkey = \"pk\"\nforward_to = \"+14155550100\"\n";
        let site: Site = toml::from_str(&format!("{head}{section}")).expect("a site");
        config.sites = vec![site];
        config.place.databases = vec!["places.mmdb".into()];
        let mut out = Complaints::default();
        check(&config, &mut out);
        let word = |severity| if severity == Severity::Error { "error" } else { "warning" };
        let complaints = out.into_vec();
        complaints.iter().map(|c| format!("{} {}", word(c.severity), c.path)).collect()
    }

    #[test]
    fn what_cannot_be_on_a_page_is_refused_by_place() {
        for (section, expected) in [
            ("[modes]\ncountries = ['DE', 'de']", "error sites[0].modes.countries[1]"),
            ("[modes]\ncountries = ['EU']", "error sites[0].modes.countries[0]"),
            ("[modes]\ncountries = ['DE', 'FR', 'DE']", "error sites[0].modes.countries[2]"),
            ("[snippet.lease_when]\nafter = '0s'", "error sites[0].snippet.lease_when.after"),
            ("[snippet.lease_when]\nafter = '1500ms'", "error sites[0].snippet.lease_when.after"),
            ("[snippet.lease_when]\nafter = '2h'", "error sites[0].snippet.lease_when.after"),
            ("[snippet]\nexclude = ['+18005550199', '12']", "error sites[0].snippet.exclude[1]"),
            ("[snippet]\nexclude = ['ring us']", "error sites[0].snippet.exclude[0]"),
            ("[snippet]\nattributes = ['data-a', 'phone']", "error sites[0].snippet.attributes[1]"),
            ("[snippet]\nattributes = ['data-']", "error sites[0].snippet.attributes[0]"),
            ("[snippet]\nattributes = ['data-Phone']", "error sites[0].snippet.attributes[0]"),
            ("[snippet]\nattributes = ['data-ringtrace']", "error sites[0].snippet.attributes[0]"),
            ("[snippet]\ndomains = ['https://a.example']", "error sites[0].snippet.domains[0]"),
            (
                "origins = ['https://*.a.example']\n[snippet]\ndomains = ['b.a.example', 'a.example']",
                "warning sites[0].snippet.domains[1]",
            ),
            ("[snippet]\nfield = 'a b'", "error sites[0].snippet.field"),
            ("[snippet]\ncookie_host = 'co.uk'", "error sites[0].snippet.cookie_host"),
            ("[snippet]\ncookie_host = '.a.example'", "error sites[0].snippet.cookie_host"),
            (
                "origins = ['https://www.b.example']\n[snippet]\ncookie_host = 'a.example'",
                "warning sites[0].snippet.cookie_host",
            ),
            (
                "[[targets]]\nid = 'm'\nnumber = '+18003569377'\npool = 'p'\n\
                 written = ['1-800-FLOWERS', '1-800-FLOWERY']",
                "error sites[0].targets[0].written[1]",
            ),
            (
                "[snippet]\nexclude = ['+18003569377']\n\
                 [[targets]]\nid = 'm'\nnumber = '+18003569377'\npool = 'p'",
                "error sites[0].snippet.exclude[0]",
            ),
        ] {
            assert_eq!(said(section), [expected], "{section}");
        }
        let many = vec!["'data-a'"; 65].join(", ");
        let many = format!("[snippet]\nattributes = [{many}]");
        assert_eq!(said(&many), ["error sites[0].snippet.attributes"]);
    }

    #[test]
    fn countries_need_a_database_of_places() {
        let demo = include_str!("../../../config/demo.toml");
        let mut config = load_text("demo.toml", demo).expect("the demo can be read");
        let mut complaints = |modes: &str| {
            config.sites[0].modes = toml::from_str(modes).expect("modes");
            let mut out = Complaints::default();
            check(&config, &mut out);
            out.into_vec().iter().map(|complaint| complaint.path.clone()).collect::<Vec<_>>()
        };
        assert_eq!(complaints("unknown = 'none'\ndenied = 'none'"), [""; 0]);
        assert_eq!(complaints("countries = ['BR']"), ["sites[0].modes"]);
        assert_eq!(complaints("elsewhere = 'session'"), ["sites[0].modes"]);
    }

    #[test]
    fn what_can_be_is_not_complained_of() {
        let all = "origins = ['https://www.a.example', 'https://shop.example.org']\n\
            [modes]\ncountries = []\n[snippet]\nlease_when = { visible = true, after = '5s' }\n\
            exclude = ['+18005550199', '555-0123']\nattributes = ['data-phone']\n\
            domains = ['shop.example.org']\nfield = 'lead[session]'\ncookie_host = 'a.example'";
        assert_eq!(said(all), [""; 0]);
    }
}
