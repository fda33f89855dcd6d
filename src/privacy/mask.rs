//! Sites that keep nothing that tells who somebody is: what is taken out of everything before it is written. Pure.
//!
//! A caller's number is known while a request is worked on: rules ask for it, and its keyed hash and area are made of it.
//! Neither disk nor Redis gets it.

use crate::call::model::{Call, CallEvent, CallEventKind, Caller};
use crate::call::sealed::SealedNumbers;
use crate::config::model::Site;
use crate::platform::ids::SiteId;
use crate::platform::signing::SigningKeys;
use crate::visit::model::Visit;

/// Takes out of a visit what its site does not keep: click ids, ids of other systems, network and postal code.
pub fn visit(site: &Site, visit: &mut Visit) {
    if site.keeps_people() {
        return;
    }
    visit.click_ids.clear();
    visit.ad_ids = Default::default();
    visit.labels.ids.clear();
    visit.network = None;
    visit.place.postal_code.clear();
}

/// Takes out of a call what its site does not keep: number, name, and where it can be listened to.
pub fn call(site: &Site, call: &mut Call) {
    if site.keeps_people() {
        return;
    }
    caller(&mut call.caller, call.caller_hash.clone());
    if let Some(joined) = &mut call.attribution {
        joined.click_ids.clear();
        joined.ad_ids = Default::default();
        joined.labels.ids.clear();
    }
    call.sip_call_id = None;
    call.recording_url = None;
    call.facts.recording = None;
    if let Some(voicemail) = &mut call.facts.voicemail {
        voicemail.url = None;
    }
    for transfer in &mut call.facts.transfers {
        transfer.to = None;
    }
}

/// The event as the spool of a site that keeps nobody may have it.
pub fn event(signing: &SigningKeys, event: &CallEvent) -> CallEvent {
    let mut masked = event.clone();
    let hash = caller_hash(signing, &event.site, &event.from);
    caller(&mut masked.from, hash);
    masked.sip_call_id = None;
    match &mut masked.kind {
        // Without its link, a recording says nothing.
        CallEventKind::Recorded { .. } => masked.kind = CallEventKind::Progressed,
        CallEventKind::VoicemailLeft { url, .. } => *url = None,
        CallEventKind::Transferred { to, .. } => *to = None,
        _ => {}
    }
    masked
}

/// The keyed hash of a caller, of whom nothing else may be left.
pub fn caller_hash(signing: &SigningKeys, site: &SiteId, caller: &Caller) -> Option<String> {
    let of_number = caller.number.as_ref();
    let of_number = of_number.map(|number| signing.caller_hash(site.as_str(), number.as_str()));
    of_number.or_else(|| caller.hash.clone())
}

fn caller(caller: &mut Caller, hash: Option<String>) {
    caller.hash = hash.or(caller.hash.take());
    caller.number = None;
    caller.sealed = SealedNumbers::default();
    caller.forwarded_from = None;
    caller.name.clear();
    if let Some(ad) = &mut caller.ad {
        ad.click_id.clear();
    }
}
