//! Destinations that said that nobody lives at their address (410), remembered by every process and over restarts.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `outbox:gone:<site>` | HASH | destination → hash of the address that is gone | until it has another address, or a test finds somebody there |
//!
//! Without it every restart would ask a receiver again that asked not to be asked. An address may hold a secret, so only
//! its hash is kept.

use sha2::{Digest, Sha256};

use crate::config::model::{Destination, DestinationKind};
use crate::platform::ids::DestinationId;
use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::postback::lanes::Lane;

const WHAT: &str = "destinations that are gone";

/// What a destination that is gone is known by: whoever changes its address means another one.
pub fn mark(destination: &Destination) -> String {
    let address = match &destination.kind {
        DestinationKind::Webhook(target) => target.url.as_str(),
        _ => destination.id.as_str(),
    };
    hex::encode(&Sha256::digest(address.as_bytes())[..16])
}

/// Tells `lane` whether `mark` is gone, where it does not know yet or may know what has changed since.
pub async fn recall(
    redis: &Redis,
    keys: &SiteKeys,
    (destination, lane): (&DestinationId, &Lane),
    mark: &str,
) -> Result<(), StoreError> {
    if lane.health(|health| health.is_known_to_live()) {
        return Ok(());
    }
    let mut read = redis::cmd("HGET");
    read.arg(keys.gone_destinations()).arg(destination.as_str());
    let gone: Option<String> = redis.command(WHAT, &read).await?;
    lane.health(|health| match gone.filter(|gone| gone == mark) {
        Some(gone) => health.gone(&gone),
        None => health.lives(),
    });
    Ok(())
}

/// Writes down what `lane` has just been told of `mark`.
pub async fn remember(
    redis: &Redis,
    keys: &SiteKeys,
    (destination, lane): (&DestinationId, &Lane),
    mark: &str,
) -> Result<(), StoreError> {
    if !lane.health(|health| health.is_gone(mark)) {
        return Ok(());
    }
    let mut write = redis::cmd("HSET");
    write.arg(keys.gone_destinations()).arg(destination.as_str()).arg(mark);
    redis.command::<i64>(WHAT, &write).await?;
    Ok(())
}

/// Forgets that `destination` is gone: somebody answered there.
pub async fn forget(
    redis: &Redis,
    keys: &SiteKeys,
    destination: &DestinationId,
) -> Result<(), StoreError> {
    let mut forget = redis::cmd("HDEL");
    forget.arg(keys.gone_destinations()).arg(destination.as_str());
    redis.command::<i64>(WHAT, &forget).await?;
    Ok(())
}
