//! What a call that is judged anew means for what was said of it before. Pure.
//!
//! What still waits is said as it is now, or not at all. What a destination has heard is corrected by a postback of
//! its own, which tells the first one's id; a destination that takes nothing back skips it, so that the delivery log says
//! so. What was never taken (skipped, rejected, given up) is tried again with what is known now.

use jiff::SignedDuration;

use crate::call::model::Call;
use crate::config::model::Site;
use crate::platform::clock::Millis;
use crate::postback::model::{Correction, CorrectionKind, Postback, Skip, SkipReason};
use crate::postback::rules::{decide, id_part, sent};

/// What becomes of one postback.
#[derive(Clone, Debug, PartialEq)]
pub struct Revised {
    /// Takes its place where its destination has not taken it.
    pub replacement: Postback,
    /// Is queued where its destination has.
    pub correction: Postback,
}

/// What becomes of the postbacks of a call that was `before` and is `after`: nothing, unless another visit, another
/// source, another place among its caller's calls or another outcome is what changed.
pub fn revise(
    site: &Site,
    (before, after): (&Call, &Call),
    now: Millis,
    give_up_after: SignedDuration,
) -> Vec<Revised> {
    let told = decide(site, before, now, give_up_after);
    let told: Vec<&Postback> = sent(&told).collect();
    let all = decide(site, after, now, give_up_after);
    let because = reason(before, after);
    let mut revised = Vec::new();
    for new in sent(&all) {
        let old = told.iter().find(|old| old.id == new.id);
        let same = old.is_some_and(|old| match because {
            Some(_) => old.facts == new.facts,
            // An outcome says more than platforms are told; they are told what it is worth.
            None => old.facts.value == new.facts.value,
        });
        // What is decided for the first time is queued by itself.
        if !same && before.status.is_final() {
            let because = because.unwrap_or("outcome");
            let correction = correction(new, CorrectionKind::Restated, because, after.version);
            revised.push(Revised { replacement: new.clone(), correction });
        }
    }
    for old in told.into_iter().filter(|old| sent(&all).all(|new| new.id != old.id)) {
        let because = because.unwrap_or("outcome");
        let correction = correction(old, CorrectionKind::Retracted, because, after.version);
        let unmet = all.iter().find(|new| new.id == old.id).and_then(|new| new.withheld.as_ref());
        let unmet = unmet.map_or(String::new(), |unmet| format!(": {}", unmet.why));
        let why = format!("the call no longer meets the rule ({because}){unmet}");
        let withheld = Some(Skip::new(SkipReason::Withdrawn, why));
        revised.push(Revised { replacement: Postback { withheld, ..old.clone() }, correction });
    }
    revised
}

/// Why anything must be said anew of where it came from.
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
        withheld: None,
        ..postback.clone()
    }
}
