//! Which call somebody means.

use crate::call::archive::Archive;
use crate::call::list::page::ListError;
use crate::call::model::Call;
use crate::call::providers;
use crate::call::store::CallStore;
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SiteId};
use crate::platform::keys::SiteKeys;
use crate::platform::phone::PhoneNumber;

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

/// The call of `site` that is meant, in Redis or else in the archive; of several calls of a caller the one
/// that began nearest to the told time, at most [`TOLERANCE_MS`] away.
pub async fn find(
    store: &CallStore,
    archive: &Archive,
    keys: &SiteKeys,
    site: &SiteId,
    named: &Named,
) -> Result<Option<Call>, ListError> {
    let ids: Vec<CallId> = match named {
        Named::Id(id) => vec![*id],
        Named::ByProvider { provider: Some(provider), id } => vec![CallId::of(site, provider, id)],
        Named::ByProvider { provider: None, id } => {
            providers::names().map(|provider| CallId::of(site, provider, id)).collect()
        }
        Named::ByCaller { number, at } => {
            return by_caller(store, archive, keys, number, *at).await;
        }
    };
    let kept = store.load_all(keys, &ids).await?.into_iter().next();
    match kept {
        Some(call) => Ok(Some(call)),
        None => Ok(archive.load(vec![site.clone()], ids).await?.into_iter().next()),
    }
}

async fn by_caller(
    store: &CallStore,
    archive: &Archive,
    keys: &SiteKeys,
    number: &PhoneNumber,
    at: Millis,
) -> Result<Option<Call>, ListError> {
    let span = (at.plus(-TOLERANCE_MS), at.plus(TOLERANCE_MS));
    let began = store.began_between(keys, span.0, span.1, MAX_LOOKED_AT).await?;
    let mut calls = store.load_all(keys, &began).await?;
    calls.retain(|call| call.caller.number.as_ref() == Some(number));
    if calls.is_empty() {
        calls = archive.by_caller(keys.site(), number, span).await?;
    }
    Ok(calls.into_iter().min_by_key(|call| call.started_at.since(at).abs()))
}
