//! Which call somebody means.

use crate::call::providers;
use crate::call::store::CallStore;
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SiteId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::StoreError;

/// How far a told time may be from a call's start: clocks differ, and people round.
pub const TOLERANCE_MS: i64 = 10 * 60_000;
/// Most calls of that time that are looked at.
const MAX_LOOKED_AT: usize = 2_000;

/// How a call is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By our id.
    Id(CallId),
    /// By the provider's id; without the provider's name any of them.
    ByProvider {
        /// Its name.
        provider: Option<String>,
        /// Its id of the call.
        id: String,
    },
    /// By who called and when.
    ByCaller {
        /// The caller.
        number: PhoneNumber,
        /// About when the call began.
        at: Millis,
    },
}

/// The call of `site` that is meant; of several calls of a caller the one that began nearest to the told
/// time, at most [`TOLERANCE_MS`] away.
pub async fn find(
    store: &CallStore,
    keys: &SiteKeys,
    site: &SiteId,
    named: &Named,
) -> Result<Option<CallId>, StoreError> {
    match named {
        Named::Id(id) => exists(store, keys, &[*id]).await,
        Named::ByProvider { provider: Some(provider), id } => {
            exists(store, keys, &[CallId::of(site, provider, id)]).await
        }
        Named::ByProvider { provider: None, id } => {
            let of = |provider| CallId::of(site, provider, id);
            exists(store, keys, &providers::names().map(of).collect::<Vec<_>>()).await
        }
        Named::ByCaller { number, at } => {
            let (from, to) = (at.plus(-TOLERANCE_MS), at.plus(TOLERANCE_MS));
            let began = store.began_between(keys, from, to, MAX_LOOKED_AT).await?;
            let calls = store.load_all(keys, &began).await?;
            let of_caller = calls.iter().filter(|call| call.caller.number.as_ref() == Some(number));
            let nearest = of_caller.min_by_key(|call| call.started_at.since(*at).abs());
            Ok(nearest.map(|call| call.id))
        }
    }
}

/// The first of `ids` that Redis has.
async fn exists(
    store: &CallStore,
    keys: &SiteKeys,
    ids: &[CallId],
) -> Result<Option<CallId>, StoreError> {
    Ok(store.load_all(keys, ids).await?.first().map(|call| call.id))
}
