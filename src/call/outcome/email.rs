//! The e-mail address of who called, as an outcome tells it: kept for ad platforms, hashed and beside the call.

use crate::call::model::Call;
use crate::call::outcome::model::OutcomeChange;
use crate::call::recorder::{RecordError, Recorder};
use crate::platform::redis::StoreError;
use crate::visit::emails::{self, Owner, ToldEmail};

/// Changes `call` as `by` tells it ([`Recorder::amend`]), and keeps the address that is told with it: before, so that the
/// conversions which the change causes find it, and again where the call is another visit's by it.
pub async fn amend(
    recorder: &Recorder,
    call: &Call,
    change: &OutcomeChange,
    by: &str,
) -> Result<Option<(Call, bool)>, RecordError> {
    keep(recorder, call, change).await?;
    let amended = recorder.amend(&call.site, call.id, change, by, Some(call)).await?;
    if let Some((after, true)) = &amended {
        keep(recorder, after, change).await?;
    }
    Ok(amended)
}

/// Only where the visit that led to the call allows advertising, and on sites that keep people.
async fn keep(recorder: &Recorder, call: &Call, change: &OutcomeChange) -> Result<(), StoreError> {
    let allowed = call.attribution.as_ref().filter(|found| found.consent.ads);
    let (Some(hashes), Some(session)) = (&change.email, allowed.and_then(|found| found.session))
    else {
        return Ok(());
    };
    let installation = recorder.live().now_full();
    if !installation.site(&call.site).is_some_and(|site| site.keeps_people()) {
        return Ok(());
    }
    let now = recorder.clock().now();
    let told = ToldEmail { hashes: hashes.clone(), at: now, with: call.id.to_string() };
    let owner = Owner { session: Some(session), other: Some(call.id.to_string()) };
    let keys = installation.shards.keys(&call.site);
    emails::keep(recorder.store().redis(), &keys, &told, &owner, now).await.map(|_| ())
}
