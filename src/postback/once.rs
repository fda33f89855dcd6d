//! What a destination hears once for each caller or click, whichever call brings it.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `once:<destination>:<hash>` | STR | id of the postback that tells it | the site's caller look-back |
//!
//! A postback that is not taken lets go, so that the next call may tell it.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::platform::keys::SiteKeys;
use crate::platform::redis::{Redis, StoreError};
use crate::postback::model::Postback;

/// Takes the right to tell what `postback` tells; `false` when another postback has it. One that is told for its call
/// alone always has it.
pub async fn take(
    redis: &Redis,
    keys: &SiteKeys,
    postback: &Postback,
    keep: SignedDuration,
) -> Result<bool, StoreError> {
    let Some(key) = key(keys, postback) else { return Ok(true) };
    let mut take = redis::cmd("SET");
    take.arg(&key).arg(&postback.id).arg("NX").arg("PX").arg(keep.as_millis().max(1).to_string());
    let taken: Option<String> = redis.command("what is told once", &take).await?;
    if taken.is_some() {
        return Ok(true);
    }
    let mut read = redis::cmd("GET");
    let holder: Option<String> = redis.command("what is told once", read.arg(&key)).await?;
    Ok(holder.is_none_or(|holder| holder == postback.id))
}

/// Lets go of what [`take`] took.
pub async fn let_go(redis: &Redis, keys: &SiteKeys, postback: &Postback) -> Result<(), StoreError> {
    let Some(key) = key(keys, postback) else { return Ok(()) };
    let mut read = redis::cmd("GET");
    let holder: Option<String> = redis.command("what is told once", read.arg(&key)).await?;
    if holder.as_deref() == Some(&postback.id) {
        let mut forget = redis::cmd("DEL");
        redis.command::<i64>("what is told once", forget.arg(&key)).await?;
    }
    Ok(())
}

fn key(keys: &SiteKeys, postback: &Postback) -> Option<String> {
    let once = postback.once.as_ref().filter(|_| postback.corrects.is_none())?;
    let what = format!("{}\n{once}", postback.conversion);
    let hash = hex::encode(&Sha256::digest(what.as_bytes())[..16]);
    Some(keys.once(postback.destination.as_str(), &hash))
}
