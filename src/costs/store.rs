//! Writes what was told into the ledger, from where it reaches the warehouse.

use redis::Pipeline;

use crate::ledger::model::Envelope;
use crate::ledger::store::append;
use crate::platform::keys::Shard;
use crate::platform::redis::{Redis, StoreError};

/// Entries of one round trip.
const AT_ONCE: usize = 500;

/// Appends `envelopes`. When Redis fails in between, some of them are in the ledger: whoever sends all of them again
/// changes nothing twice.
pub async fn tell(redis: &Redis, shard: Shard, envelopes: &[Envelope]) -> Result<(), StoreError> {
    for some in envelopes.chunks(AT_ONCE) {
        let mut pipeline = Pipeline::new();
        some.iter().for_each(|envelope| append(&mut pipeline, shard, envelope));
        redis.pipeline::<()>("costs and staffing", &pipeline).await?;
    }
    Ok(())
}
