//! The list of calls over one or many sites, newest first, by cursor.
//!
//! Order: start, then id, both descending, which is also the order of each site's index. A cursor
//! is the last row's start and id; the next page begins strictly after it, so calls that arrive
//! meanwhile neither repeat nor hide one.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;

use crate::call::model::Call;
use crate::call::store::CallStore;
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SiteId};
use crate::platform::keys::{Shards, SiteKeys};
use crate::platform::redis::StoreError;

/// Where a page of the list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Start of its last call.
    pub started_at: Millis,
    /// That call.
    pub call: CallId,
}

/// Opaque to clients: base64url of `<ms>.<call id>`.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{}.{}", self.started_at.0, self.call)))
    }
}

/// A cursor that this service did not issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let plain = String::from_utf8(bytes).map_err(|_| BadCursor)?;
        let (ms, call) = plain.split_once('.').ok_or(BadCursor)?;
        let started_at = Millis(ms.parse().map_err(|_| BadCursor)?);
        Ok(Cursor { started_at, call: call.parse().map_err(|_| BadCursor)? })
    }
}

/// At most `limit` calls of `sites` after `cursor`, and the cursor of the next page when there is
/// one.
pub async fn calls_after(
    store: &CallStore,
    shards: Shards,
    sites: &[SiteId],
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<Call>, Option<Cursor>), StoreError> {
    let one_more = limit + 1;
    let per_site = sites.iter().map(|site| async move {
        let keys = shards.keys(site);
        let rows = index_rows(store, &keys, cursor, one_more).await?;
        Ok::<_, StoreError>(rows.into_iter().map(move |row| (row, site)))
    });
    let mut rows: Vec<_> = try_join_all(per_site).await?.into_iter().flatten().collect();
    rows.sort_by_key(|((call, started_at), _)| Reverse((*started_at, call.to_string())));
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more);
    let next = next.map(|&((call, started_at), _)| Cursor { started_at, call });
    let loaded = rows.iter().map(|((call, _), site)| {
        let keys = shards.keys(site);
        async move { store.load(&keys, *call).await }
    });
    let calls = try_join_all(loaded).await?.into_iter().flatten().collect();
    Ok((calls, next))
}

/// The first `limit` rows of a site's index after the cursor.
async fn index_rows(
    store: &CallStore,
    keys: &SiteKeys,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<Vec<(CallId, Millis)>, StoreError> {
    let after = |(call, at): &(CallId, Millis)| {
        cursor.is_none_or(|cursor| {
            (*at, call.to_string()) < (cursor.started_at, cursor.call.to_string())
        })
    };
    let mut rows = Vec::new();
    let mut offset = 0;
    loop {
        let until = cursor.map(|cursor| cursor.started_at);
        let page = store.page(keys, until, offset, limit).await?;
        offset += page.len();
        let whole = page.len() == limit;
        rows.extend(page.into_iter().filter(after));
        if rows.len() >= limit || !whole {
            rows.truncate(limit);
            return Ok(rows);
        }
    }
}
