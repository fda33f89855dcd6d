//! Alerts, reports by the clock, and letters.

use jiff::SignedDuration;
use lettre::message::Mailbox;

use super::{positive, unique};
use crate::alert::mail::is_address;
use crate::alert::mailable;
use crate::alert::schedule::When;
use crate::alert::send::{LOG, is_recipient, is_webhook};
use crate::config::complaint::{Complaints, did_you_mean};
use crate::config::model::{Alert, AlertKind, Config, Schedule, Site};
use crate::platform::secret::Secret;
use crate::report::query::{benchmarks, metrics, periods};

pub(super) fn check(config: &Config, out: &mut Complaints) {
    let mail = !config.mail.url.is_empty();
    if mail && config.mail.from.parse::<Mailbox>().is_err() {
        out.error("mail.from", "expected a sender such as \"Ringtrace <ringtrace@example.com>\"");
    }
    for (i, site) in config.sites.iter().enumerate() {
        let path = format!("sites[{i}]");
        let ids = site.alerts.iter().enumerate();
        let ids = ids.map(|(j, one)| (format!("{path}.alerts[{j}].id"), one.id.as_str()));
        unique("alert id", ids, out);
        for (j, one) in site.alerts.iter().enumerate() {
            alert(&format!("{path}.alerts[{j}]"), one, site, mail, out);
        }
        let ids = site.schedules.iter().enumerate();
        let ids = ids.map(|(j, one)| (format!("{path}.schedules[{j}].id"), one.id.as_str()));
        unique("schedule id", ids, out);
        for (j, one) in site.schedules.iter().enumerate() {
            schedule(&format!("{path}.schedules[{j}]"), one, mail, out);
        }
    }
}

fn alert(path: &str, alert: &Alert, site: &Site, mail: bool, out: &mut Complaints) {
    positive(&format!("{path}.hold_off"), alert.hold_off, out);
    recipients(path, &alert.to, mail, out);
    match &alert.kind {
        AlertKind::Threshold { metric, filter, period, above, below, at_least } => {
            question(path, metric, filter, period, out);
            if above.is_none() && below.is_none() {
                out.error(path, "expected `above` or `below`");
            }
            count(&format!("{path}.at_least"), *at_least, out);
        }
        AlertKind::Benchmark { metric, filter, period, against, at_least } => {
            question(path, metric, filter, period, out);
            let mut known = benchmarks::INDUSTRIES.iter().copied().chain(["own_past"]);
            if !known.clone().any(|known| known == against) {
                let meant = did_you_mean(against, known.by_ref());
                out.error(
                    format!("{path}.against"),
                    format!("expected own_past or an industry{meant}"),
                );
            }
            count(&format!("{path}.at_least"), *at_least, out);
        }
        AlertKind::Forecast {} => {}
        AlertKind::Silent { quiet, .. } => {
            let path = format!("{path}.quiet");
            positive(&path, *quiet, out);
            super::at_most(&path, *quiet, SignedDuration::from_hours(168), out);
        }
        AlertKind::Overflow { pool: Some(pool) } if site.pool(pool).is_none() => {
            let known = site.pools.iter().map(|known| known.id.as_str());
            let meant = did_you_mean(pool.as_str(), known);
            out.error(format!("{path}.pool"), format!("there is no pool `{pool}`{meant}"));
        }
        AlertKind::Overflow { .. } => {}
        AlertKind::Postbacks { destination, above, at_least } => {
            let known = || site.destinations.iter().map(|known| known.id.as_str());
            if let Some(id) =
                destination.as_ref().filter(|id| !known().any(|known| known == id.as_str()))
            {
                let meant = did_you_mean(id.as_str(), known());
                out.error(
                    format!("{path}.destination"),
                    format!("there is no destination `{id}`{meant}"),
                );
            }
            if !(0.0..=1.0).contains(above) {
                out.error(format!("{path}.above"), "expected a share from 0 to 1");
            }
            count(&format!("{path}.at_least"), *at_least, out);
        }
    }
}

fn schedule(path: &str, schedule: &Schedule, mail: bool, out: &mut Complaints) {
    if let Err(bad) = When::of(schedule) {
        let key = match bad {
            crate::alert::schedule::BadSchedule::At => "at",
            _ => "on",
        };
        out.error(format!("{path}.{key}"), bad.to_string());
    }
    if !schedule.period.is_empty() {
        named_period(&format!("{path}.period"), &schedule.period, out);
    }
    recipients(path, &schedule.to, mail, out);
    if schedule.to.is_empty() || schedule.to.iter().any(|to| !is_address(to.reveal())) {
        out.error(format!("{path}.to"), "expected mail addresses");
    }
    if schedule.reports.is_empty() {
        out.error(format!("{path}.reports"), "expected names of reports");
    }
    for (i, name) in schedule.reports.iter().enumerate() {
        if mailable::mailable(name).is_none() {
            let meant = did_you_mean(name, mailable::names());
            let path = format!("{path}.reports[{i}]");
            out.error(path, format!("there is no report `{name}` for letters{meant}"));
        }
    }
}

fn question(path: &str, name: &str, filter: &[String], period: &str, out: &mut Complaints) {
    if metrics::metric(name).is_none() {
        let known = metrics::METRICS.iter().map(|known| known.name);
        let meant = did_you_mean(name, known);
        out.error(format!("{path}.metric"), format!("there is no metric `{name}`{meant}"));
    }
    named_period(&format!("{path}.period"), period, out);
    for (i, condition) in filter.iter().enumerate() {
        if let Err(why) = crate::alert::question::condition(condition) {
            out.error(format!("{path}.filter[{i}]"), why);
        }
    }
}

fn named_period(path: &str, name: &str, out: &mut Complaints) {
    if !periods::names().any(|known| known == name) {
        let meant = did_you_mean(name, periods::names());
        out.error(path, format!("there is no period `{name}`{meant}"));
    }
}

fn recipients(path: &str, to: &[Secret], mail: bool, out: &mut Complaints) {
    for (i, to) in to.iter().enumerate() {
        let path = format!("{path}.to[{i}]");
        let to = to.reveal();
        if !is_recipient(to) {
            out.error(path, "expected a mail address, an https:// address or \"log\"");
        } else if to != LOG && !is_webhook(to) && !mail {
            out.error(path, "letters need `[mail]`");
        }
    }
}

fn count(path: &str, number: f64, out: &mut Complaints) {
    if !(0.0..=1e9).contains(&number) {
        out.error(path, "expected a count");
    }
}
