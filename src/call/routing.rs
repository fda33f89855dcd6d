//! Where a call goes. Pure: the decision needs nothing but the configuration, so that no fault
//! can keep a caller from getting through.

use crate::call::answer::{Answer, Dial, DialOrder, Record, ShownNumber, Step, Target};
use crate::call::model::CallEvent;
use crate::call::providers::Over;
use crate::config::model::Site;
use crate::platform::ids::CallId;

/// The answer without steps to what `event` tells: the call it is about, and where the provider
/// reports to.
pub fn blank(site: &Site, public_url: &str, provider: &str, event: Option<&CallEvent>) -> Answer {
    Answer {
        call: event.map(|event| CallId::of(&event.site, &event.provider, &event.provider_call_id)),
        caller: event.and_then(|event| event.from.number.clone()),
        called: event.and_then(|event| event.to.clone()),
        report_to: format!("{public_url}/v1/telephony/{provider}/{}", site.id),
        steps: Vec::new(),
    }
}

/// What to do with any call to `site`, also to a number that nobody configured: forward it.
pub fn route(site: &Site) -> Vec<Step> {
    // Providers take 5 to 600 s; shorter rings nobody.
    let ring_s = site.ring_timeout.as_secs().clamp(5, 600) as u16;
    vec![Step::Dial(Dial {
        targets: vec![Target::Phone(site.forward_to.clone())],
        order: DialOrder::AtOnce,
        ring_s,
        shown: ShownNumber::Callers,
        whisper: None,
        record: Record::Off,
        mark: String::new(),
    })]
}

/// What comes after a step that is over. Whoever was asked for keys is forwarded: they are still there
/// and wait. After a conversation or a message nothing comes.
pub fn next(site: &Site, over: Over) -> Vec<Step> {
    match over {
        Over::Gather => route(site),
        Over::Dial | Over::Voicemail | Over::Transfer => Vec::new(),
    }
}
