//! What a site keeps of people, and for how long.

use jiff::SignedDuration;

use super::positive;
use crate::config::complaint::Complaints;
use crate::config::model::{Config, KeepIp};

/// Retention runs once a day: less could not be kept to.
const SHORTEST: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn check(config: &Config, out: &mut Complaints) {
    for (i, site) in config.sites.iter().enumerate() {
        for (name, rule) in site.retention.rules() {
            let Some(keep) = rule else { continue };
            let path = format!("sites[{i}].retention.{name}");
            positive(&path, keep, out);
            if keep > SignedDuration::ZERO && keep < SHORTEST {
                out.error(path, format!("it must be {SHORTEST:#} at least"));
            }
        }
        let (number, hash) = (site.retention.caller_number, site.retention.caller);
        if hash.is_some_and(|hash| number.is_some_and(|number| number > hash)) {
            let path = format!("sites[{i}].retention.caller_number");
            out.error(path, "longer than `caller`, after which the number goes, too");
        }
        if !site.keeps_people() && site.visits.keep_ip != KeepIp::None {
            let path = format!("sites[{i}].visits.keep_ip");
            out.error(path, "`privacy.mode = \"no_pii\"` keeps no address: leave it out");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load::load_text;

    /// The paths of what is wrong with the demo and `more` in its site.
    fn said(more: &str) -> Vec<String> {
        let demo = include_str!("../../../config/demo.toml");
        let mut table: toml::Table = demo.parse().expect("TOML");
        let site = table["sites"].as_array_mut().and_then(|sites| sites[0].as_table_mut());
        site.expect("a site").extend(more.parse::<toml::Table>().expect("TOML"));
        match load_text("demo.toml", &table.to_string()) {
            Ok(config) => {
                let complaints = super::super::check(&config);
                complaints.iter().map(|complaint| complaint.path.clone()).collect()
            }
            Err(error) => error.complaints.iter().map(|one| one.path.clone()).collect(),
        }
    }

    #[test]
    fn what_cannot_be_kept_to_is_refused_by_place() {
        for (more, expected) in [
            ("retention = { notes = \"1h\" }", "sites[0].retention.notes"),
            ("retention = { calls = \"0s\" }", "sites[0].retention.calls"),
            ("retention = { sessions = \"24h\" }", "sites[0].retention.sessions"),
            (
                "retention = { caller_number = \"72h\", caller = \"48h\" }",
                "sites[0].retention.caller_number",
            ),
            ("privacy = { mode = \"some\" }", "sites[0].privacy.mode"),
            (
                "privacy = { mode = \"no_pii\" }\nvisits = { keep_ip = \"truncated\" }",
                "sites[0].visits.keep_ip",
            ),
        ] {
            assert!(said(more).iter().any(|path| path == expected), "{more}: {:?}", said(more));
        }
        let fine = said("retention = { caller_number = \"48h\", caller = \"72h\" }");
        assert!(fine.iter().all(|path| !path.contains("retention")), "{fine:?}");
    }
}
