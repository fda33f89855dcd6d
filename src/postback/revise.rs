//! What a call that is attributed anew means for what was said of it before. Pure.
//!
//! What still waits is said as it is now, or not at all. What a destination has heard is corrected by a postback of
//! its own, which tells the first one's id; a destination that takes nothing back skips it, so that the delivery log says
//! so. What was never taken (skipped, rejected, given up) is tried again with what is known now.

use jiff::SignedDuration;

use crate::call::model::Call;
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::postback::model::{Correction, CorrectionKind, Postback};
use crate::postback::rules::{decide, id_part};

/// What becomes of one postback.
#[derive(Clone, Debug, PartialEq)]
pub struct Revised {
    /// Takes its place where its destination has not taken it.
    pub replacement: Postback,
    /// Is queued where its destination has.
    pub correction: Postback,
}

/// What becomes of the postbacks of a call that was `before` and is `after`: nothing, unless another visit, another
/// source or another place among its caller's calls is what changed.
pub fn revise(
    site: &Site,
    (before, after): (&Call, &Call),
    now: Millis,
    give_up_after: SignedDuration,
) -> Vec<Revised> {
    let Some(because) = reason(before, after) else { return Vec::new() };
    let told = decide(site, before, now, give_up_after);
    let met = decide(site, after, now, give_up_after);
    let mut revised = Vec::new();
    for new in &met {
        let same = told.iter().any(|old| old.id == new.id && old.facts == new.facts);
        if !same {
            let correction = correction(new, CorrectionKind::Restated, because, after.version);
            revised.push(Revised { replacement: new.clone(), correction });
        }
    }
    for old in told.into_iter().filter(|old| met.iter().all(|new| new.id != old.id)) {
        let correction = correction(&old, CorrectionKind::Retracted, because, after.version);
        let withdrawn = format!("the call no longer meets the rule ({because})");
        revised.push(Revised { replacement: Postback { withdrawn, ..old }, correction });
    }
    revised
}

/// Why anything must be said anew.
fn reason(before: &Call, after: &Call) -> Option<&'static str> {
    let of = |call: &Call| {
        let found = call.attribution.clone();
        found.map(|found| (found.session, found.source, found.click_ids))
    };
    if of(before) != of(after) {
        let revised = after.attribution.as_ref().and_then(|found| found.revised.as_ref());
        return Some(revised.map_or("evidence", |revised| revised.because.word()));
    }
    (before.first_time != after.first_time).then_some("first_time")
}

/// The mark in the id is none that a rule's name can have.
fn correction(
    postback: &Postback,
    change: CorrectionKind,
    because: &str,
    version: u32,
) -> Postback {
    let Postback { call, conversion, destination, .. } = postback;
    let correction = Correction { of: postback.id.clone(), change, because: because.to_owned() };
    Postback {
        id: format!("{call}.{}~v{version}.{destination}", id_part(conversion)),
        corrects: Some(correction),
        ..postback.clone()
    }
}
