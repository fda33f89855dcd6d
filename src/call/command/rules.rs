//! Steps of an answer → the commands that tell them. Pure.

use crate::call::answer::{Answer, Step};
use crate::call::command::model::Left;
use crate::call::command::worker::Job;
use crate::call::model::{Call, CallEvent};
use crate::call::router::Waiting;
use crate::call::routing;
use crate::call::spool::SpoolId;
use crate::config::Installation;
use crate::config::model::Site;

/// What tells a call these steps after `event`; `call`: as it is recorded, unless Redis is away. `None` where
/// its provider is not told by commands, or the account has nothing to send them with.
pub fn job(
    (installation, site): (&Installation, &Site),
    waiting: &Waiting<'_>,
    event: &CallEvent,
    call: Option<&Call>,
    steps: Vec<Step>,
    spooled: Option<SpoolId>,
) -> Option<Job> {
    let at = event.controlled.as_deref()?;
    let provider = waiting.provider;
    let control = provider.control()?;
    let public_url = &installation.config.server.public_url;
    let blank = routing::blank(site, public_url, provider.name(), Some(event));
    // Events of other legs do not tell who calls.
    let caller = call.and_then(|call| call.caller.number.clone()).or(blank.caller.clone());
    let called = call.and_then(|call| call.tracking_number.clone()).or(blank.called.clone());
    let answer = Answer { steps, caller, called, ..blank };
    let hop = waiting.hop().unwrap_or_default();
    let left = Left { site, hop, answer: &answer, done: waiting.done() };
    let commands = control.commands(&site.telephony, at, left);
    let call = answer.call?;
    let received_at = event.received_at;
    (!commands.is_empty()).then(|| Job {
        spooled,
        provider: provider.name(),
        call,
        received_at,
        commands,
    })
}
