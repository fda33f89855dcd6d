//! Calls as they happen, for whoever watches: ringing, answered, ended.
//!
//! In: every saved change of a call ([`publish`]). Out: server-sent events ([`http`]).
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `live` of a shard | STREAM | [`model::LiveEvent`] as JSON in the field `e` | the newest [`KEPT`] |
//!
//! Every process of a cluster writes there, and one that has listeners reads all streams a few times a second
//! ([`hub`]). Nothing else depends on it: an event that is lost here is missing on a screen, and nowhere else.

pub mod http;
pub mod hub;
pub mod model;

use crate::call::model::Call;
use crate::platform::keys::SiteKeys;
use crate::platform::redis::Redis;
use model::LiveEvent;

/// About so many events of a shard are kept for those who come back.
pub const KEPT: usize = 1_000;

/// Tells listeners of what changed, beside what is going on: no answer waits for it.
pub fn publish(redis: &Redis, keys: &SiteKeys, before: Option<&Call>, after: &Call) {
    let Some(event) = LiveEvent::of(before, after) else { return };
    let Ok(text) = serde_json::to_string(&event) else { return };
    let mut add = redis::cmd("XADD");
    add.arg(keys.shard.live()).arg("MAXLEN").arg("~").arg(KEPT).arg("*").arg("e").arg(text);
    let redis = redis.clone();
    tokio::spawn(async move {
        // What fails here is counted with all failures of Redis.
        let _ = redis.command::<String>("a live event", &add).await;
    });
}
