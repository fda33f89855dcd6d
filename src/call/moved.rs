//! Calls that go on under another id of their provider: a call that Vonage hands on moves to another conversation,
//! and what happens there is told under that one's id.

use crate::call::model::{CallEvent, CallEventKind};
use crate::call::providers::by_name;
use crate::call::store::KEEP_CALLS;
use crate::platform::ids::CallId;
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};

/// The call that an event is of. Notes under which id it goes on, where the event tells that.
///
/// Redis is asked only for providers whose calls get other ids, and not for how a call begins. What is told under
/// the other id before the transfer itself is told, cannot be known as the same call.
pub async fn call_of(
    redis: &Redis,
    keys: &SiteKeys,
    event: &CallEvent,
) -> Result<CallId, StoreError> {
    let named = |name| CallId::of(&event.site, &event.provider, name);
    let told = named(&event.provider_call_id);
    let renames = by_name(&event.provider).is_some_and(|provider| provider.renames_calls());
    if !renames || matches!(event.kind, CallEventKind::Received) {
        return Ok(told);
    }
    let first: Option<String> =
        redis.command("a call's first name", redis::cmd("GET").arg(keys.moved(&told))).await?;
    let call = first.and_then(|id| id.parse().ok()).unwrap_or(told);
    if let CallEventKind::Transferred { onward: Some(onward), .. } = &event.kind
        && named(onward) != call
    {
        let mut note = redis::cmd("SET");
        note.arg(keys.moved(&named(onward))).arg(call.to_string());
        note.arg("PX").arg(KEEP_CALLS.as_millis() as i64);
        redis.command::<()>("a call's later name", &note).await?;
    }
    Ok(call)
}
