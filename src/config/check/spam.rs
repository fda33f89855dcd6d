//! The spam screen: its numbers, windows and what follows exist and make sense.

use jiff::SignedDuration;

use super::routing::prompt;
use super::visits::few;
use super::{at_most, positive};
use crate::config::complaint::{Complaints, did_you_mean};
use crate::config::model::Config;

/// Longest window in which a caller's calls are counted.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Most calls that are counted of a caller.
const MOST: u32 = 1000;
/// Most numbers of a list.
const LISTED: usize = 10_000;

pub(super) fn check(config: &Config, out: &mut Complaints) {
    for (i, site) in config.sites.iter().enumerate() {
        let path = format!("sites[{i}].spam");
        let spam = &site.spam;
        for (name, count) in [("numbers", spam.numbers.len()), ("allowed", spam.allowed.len())] {
            if count > LISTED {
                out.error(format!("{path}.{name}"), format!("expected at most {LISTED} numbers"));
            }
        }
        few(&format!("{path}.prefixes"), spam.prefixes.len(), out);
        for (j, prefix) in spam.prefixes.iter().enumerate() {
            let digits = prefix.strip_prefix('+').unwrap_or_default();
            if !(1..=14).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
                let message = "expected \"+\" and the first digits of numbers, e.g. +1900";
                out.error(format!("{path}.prefixes[{j}]"), message);
            }
        }
        let rate = spam.rate.as_ref().map(|rate| ("rate", rate.calls, rate.within, 2));
        let short = spam.short.as_ref().map(|short| ("short", short.calls, short.within, 1));
        for (name, calls, within, least) in rate.into_iter().chain(short) {
            if !(least..=MOST).contains(&calls) {
                let message = format!("expected {least} to {MOST} calls");
                out.error(format!("{path}.{name}.calls"), message);
            }
            positive(&format!("{path}.{name}.within"), within, out);
            at_most(&format!("{path}.{name}.within"), within, LONGEST, out);
        }
        if let Some(short) = &spam.short {
            let minute = SignedDuration::from_mins(1);
            at_most(&format!("{path}.short.talk"), short.talk, minute, out);
        }
        if !spam.challenge.is_empty() {
            prompt(&format!("{path}.challenge"), &spam.challenge, out);
        }
        if let Some(route) = spam.route.as_ref().filter(|id| site.routing.route(id).is_none()) {
            let known = site.routing.routes.iter().map(|route| route.id.as_str());
            let meant = did_you_mean(route.as_str(), known);
            out.error(format!("{path}.route"), format!("there is no route `{route}`{meant}"));
        }
    }
}
