//! What is too old to be kept, and what is left of the rest. Pure.

use jiff::SignedDuration;

use crate::attribution::model::Attribution;
use crate::call::live::model::LiveEvent;
use crate::call::model::Call;
use crate::call::sealed::SealedNumbers;
use crate::config::model::Retention;
use crate::lead::model::Lead;
use crate::ledger::model::Event;
use crate::platform::clock::Millis;
use crate::postback::model::{ConversionFacts, SettledPostback};
use crate::privacy::judge::{Fate, Judge, changed};
use crate::visit::ad_ids::AdIds;
use crate::visit::model::{ClickId, Place, Visit};

/// The rules of a site at a moment.
#[derive(Clone, Debug)]
pub struct Limits {
    rules: Retention,
    now: Millis,
}

impl Limits {
    /// These rules at `now`; `None` when everything is kept.
    pub fn new(rules: &Retention, now: Millis) -> Option<Self> {
        (!rules.is_empty()).then(|| Limits { rules: rules.clone(), now })
    }

    /// The rules.
    pub fn rules(&self) -> &Retention {
        &self.rules
    }

    /// The moment before which something is over; `None`: it is kept.
    pub fn before(&self, keep: Option<SignedDuration>) -> Option<Millis> {
        let keep = i64::try_from(keep?.as_millis()).unwrap_or(i64::MAX);
        Some(Millis(self.now.0.saturating_sub(keep)))
    }

    fn is_over(&self, keep: Option<SignedDuration>, at: Millis) -> bool {
        self.before(keep).is_some_and(|before| at < before)
    }

    /// Takes out of a visit what is over.
    fn clean_visit(&self, visit: &mut Visit) {
        let Retention { click_ids, pages, place, .. } = self.rules;
        let at = visit.started_at;
        if self.is_over(click_ids, at) {
            forget_ids(&mut visit.click_ids, &mut visit.ad_ids);
            visit.labels.ids.clear();
        }
        if self.is_over(pages, at) {
            visit.landing_page.clear();
            visit.referrer_host.clear();
        }
        if self.is_over(place, at) {
            visit.network = None;
            forget_place(&mut visit.place);
        }
    }

    /// Takes out of a lead what is over.
    fn clean_lead(&self, lead: &mut Lead) {
        let Retention { caller_number, caller, pages, visits, .. } = self.rules;
        if self.is_over(caller_number, lead.at) || self.is_over(caller, lead.at) {
            lead.caller = None;
            lead.sealed_caller = None;
        }
        if self.is_over(caller, lead.at) {
            lead.caller_hash = None;
        }
        if self.is_over(pages, lead.at) {
            lead.landing_page.clear();
        }
        if self.is_over(visits, lead.at) {
            (lead.session, lead.visitor) = (None, None);
        }
    }

    /// Takes out of what a postback told what is over.
    fn clean_facts(&self, facts: &mut ConversionFacts) {
        let Retention { click_ids, pages, caller, visits, .. } = self.rules;
        let at = facts.call_started_at;
        if self.is_over(click_ids, at) {
            facts.click_ids.clear();
            facts.ad_ids = AdIds::default();
            facts.labels.ids.clear();
        }
        if self.is_over(pages, at) {
            facts.landing_page.clear();
        }
        if self.is_over(caller, at) {
            facts.caller_hash = None;
        }
        if self.is_over(visits, at) {
            facts.session = None;
        }
    }

    fn clean_call(&self, call: &mut Call) {
        let Retention { caller_number, caller, caller_name, recordings, notes, .. } = self.rules;
        let at = call.started_at;
        if self.is_over(caller_number, at) || self.is_over(caller, at) {
            call.caller.number = None;
            call.caller.forwarded_from = None;
            call.caller.sealed = SealedNumbers::default();
            call.sip_call_id = None;
        }
        if self.is_over(caller, at) {
            call.caller.hash = None;
            call.caller_hash = None;
        }
        if self.is_over(caller_name, at) {
            call.caller.name.clear();
            call.caller.city.clear();
            call.caller.region.clear();
            call.home = Default::default();
        }
        if self.is_over(recordings, at) {
            call.recording_url = None;
            call.facts.recording = None;
            if let Some(message) = &mut call.facts.voicemail {
                message.url = None;
            }
        }
        if self.is_over(notes, at) {
            call.outcome.notes.clear();
        }
        if let Some(joined) = &mut call.attribution {
            self.clean_join(joined, at);
        }
    }

    fn clean_join(&self, joined: &mut Attribution, called_at: Millis) {
        let Retention { click_ids, pages, place, visits, .. } = self.rules;
        // The visit may be older than its call.
        let at = joined.session_started_at.unwrap_or(called_at);
        if self.is_over(click_ids, at) {
            forget_ids(&mut joined.click_ids, &mut joined.ad_ids);
            joined.labels.ids.clear();
        }
        if self.is_over(pages, at) {
            joined.landing_page.clear();
            joined.page.clear();
            joined.referrer_host.clear();
        }
        for touch in &mut joined.touches {
            if self.is_over(pages, touch.at) {
                touch.landing_page.clear();
            }
        }
        if self.is_over(place, at) {
            forget_place(&mut joined.place);
        }
        if self.is_over(visits, at) {
            (joined.session, joined.visitor) = (None, None);
            joined.candidates.clear();
        }
    }
}

impl Judge for Limits {
    fn call(&self, call: &mut Call) -> Fate {
        if self.is_over(self.rules.calls, call.started_at) {
            return Fate::Remove;
        }
        changed(call, |call| self.clean_call(call))
    }

    fn visit(&self, visit: &mut Visit) -> Fate {
        if self.is_over(self.rules.visits, visit.started_at) {
            return Fate::Remove;
        }
        changed(visit, |visit| self.clean_visit(visit))
    }

    fn lead(&self, lead: &mut Lead) -> Fate {
        if self.is_over(self.rules.leads, lead.at) {
            return Fate::Remove;
        }
        changed(lead, |lead| self.clean_lead(lead))
    }

    fn postback(&self, settled: &mut SettledPostback) -> Fate {
        let facts = &mut settled.postback.facts;
        if self.is_over(self.rules.calls, facts.call_started_at) {
            return Fate::Remove;
        }
        changed(facts, |facts| self.clean_facts(facts))
    }

    /// It names the caller.
    fn told(&self, at: Millis, _: &LiveEvent) -> Fate {
        let Retention { caller_number, caller, calls, .. } = self.rules;
        removed([caller_number, caller, calls].into_iter().any(|keep| self.is_over(keep, at)))
    }

    fn email(&self, at: Millis) -> Fate {
        let Retention { caller, leads, .. } = self.rules;
        removed([caller, leads].into_iter().any(|keep| self.is_over(keep, at)))
    }

    fn passing(&self, event: &Event, at: Millis) -> Fate {
        let Retention { visits, calls, .. } = self.rules;
        removed(self.is_over(if matches!(event, Event::Lease(_)) { visits } else { calls }, at))
    }
}

fn removed(is_over: bool) -> Fate {
    if is_over { Fate::Remove } else { Fate::Keep }
}

fn forget_ids(click_ids: &mut Vec<ClickId>, ad_ids: &mut AdIds) {
    click_ids.clear();
    *ad_ids = AdIds::default();
}

/// Country, time zone and kind of connection are no place.
fn forget_place(place: &mut Place) {
    place.region.clear();
    place.city.clear();
    place.postal_code.clear();
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
