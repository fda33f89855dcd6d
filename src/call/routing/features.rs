//! What a provider must be able to do for a route, for the check of the configuration. Pure.

use crate::call::answer::Feature;
use crate::config::model::{
    CallerId, DialRoute, RecordMode, RejectReason, RingOrder, RouteKind, Routing,
};

/// What `kind` asks of every provider whose calls come to it, in the routing of one site.
pub fn needed(routing: &Routing, kind: &RouteKind) -> Vec<Feature> {
    let mut needed = match kind {
        RouteKind::Dial(dial) => of_dial(routing, dial),
        RouteKind::Menu(menu) => vec![Feature::Gather, of_prompt(&menu.prompt)],
        RouteKind::Voicemail(voicemail) => vec![Feature::Voicemail, of_prompt(&voicemail.prompt)],
        RouteKind::Reject(reject) => match reject.reason {
            RejectReason::Busy => vec![Feature::RejectBusy],
            RejectReason::Declined => vec![Feature::RejectDeclined],
            RejectReason::Hangup => Vec::new(),
        },
        RouteKind::Area(_) => Vec::new(),
    };
    needed.sort_unstable();
    needed.dedup();
    needed
}

fn of_dial(routing: &Routing, dial: &DialRoute) -> Vec<Feature> {
    let mut needed = Vec::new();
    if dial.to.len() > 1 && dial.order == RingOrder::AtOnce {
        needed.push(Feature::DialAtOnce);
    }
    if dial.otherwise.is_some() || dial.last_agent {
        needed.push(Feature::AskNext);
    }
    let is_sip = dial.to.iter().any(|to| to.address.as_str().starts_with("sip"));
    needed.extend(is_sip.then_some(Feature::DialSip));
    needed.extend(dial.caller_id.as_ref().map(|id| match id {
        CallerId::Caller => Feature::PassCallerId,
        CallerId::Called | CallerId::Number(_) => Feature::FixedCallerId,
    }));
    if dial.accept || !dial.whisper.is_empty() {
        needed.push(Feature::Whisper);
        needed.extend(is_sip.then_some(Feature::WhisperSip));
    }
    needed.extend(dial.accept.then_some(Feature::WhisperAccept));
    needed.extend((!dial.greeting.is_empty()).then(|| of_prompt(&dial.greeting)));
    let records = match dial.record {
        RecordMode::Off => None,
        RecordMode::On => Some(Feature::Record),
        RecordMode::Dual => Some(Feature::RecordDual),
    };
    if records.is_some() {
        needed.extend(routing.notices.iter().map(|notice| of_prompt(&notice.prompt)));
    }
    needed.extend(records);
    needed
}

/// What saying this text, or playing this URL, needs.
pub fn of_prompt(text: &str) -> Feature {
    let is_sound = text.starts_with("https://") || text.starts_with("http://");
    if is_sound { Feature::Play } else { Feature::Speak }
}
