//! What contradicts itself in a configuration that could be read. Pure: no file, no network, no
//! clock; [`crate::config::reach`] asks the world outside.

mod access;
mod accounts;
mod alerts;
mod destinations;
mod installation;
mod numbers;
mod pages;
mod privacy;
mod redis;
mod routing;
mod sites;
mod spam;
mod telephony;
#[cfg(test)]
mod tests;
mod trackers;
mod visits;

use jiff::SignedDuration;

use crate::config::complaint::{Complaint, Complaints};
use crate::config::model::Config;

/// Seconds between the beats of a visible page: a number must be held longer than that.
pub const BEAT: SignedDuration = SignedDuration::from_secs(30);

/// Everything that is wrong with `config`: errors, with which nothing starts, and warnings.
pub fn check(config: &Config) -> Vec<Complaint> {
    let mut out = Complaints::default();
    installation::check(config, &mut out);
    access::check(config, &mut out);
    sites::check(config, &mut out);
    visits::check(config, &mut out);
    pages::check(config, &mut out);
    privacy::check(config, &mut out);
    trackers::check(config, &mut out);
    numbers::check(config, &mut out);
    routing::check(config, &mut out);
    spam::check(config, &mut out);
    destinations::check(config, &mut out);
    accounts::check(config, &mut out);
    alerts::check(config, &mut out);
    out.into_vec()
}

/// Complains when `duration` is not above zero.
fn positive(path: &str, duration: SignedDuration, out: &mut Complaints) {
    if duration <= SignedDuration::ZERO {
        out.error(path, "it must be longer than 0 s");
    }
}

/// Complains when `duration` is above `most`.
fn at_most(path: &str, duration: SignedDuration, most: SignedDuration, out: &mut Complaints) {
    if duration > most {
        out.error(path, format!("{duration:#} is too long; at most {most:#}"));
    }
}

/// Complains about every value among `(path, value)` that an earlier one has too.
fn unique<'a>(
    what: &str,
    values: impl IntoIterator<Item = (String, &'a str)>,
    out: &mut Complaints,
) {
    let mut first = std::collections::HashMap::new();
    for (path, value) in values {
        if let Some(earlier) = first.get(value) {
            out.error(path, format!("the {what} `{value}` is taken by {earlier}"));
        } else {
            first.insert(value, path);
        }
    }
}
