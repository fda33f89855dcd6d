//! One page: what Redis has of the newest calls, then the archive.
//!
//! Without conditions but time, Redis answers for as long as it keeps calls, to the moment. With conditions it
//! would have to be read through: then it answers for the last minutes alone, and the
//! warehouse, which is a second behind, for everything before.

use std::cmp::Reverse;
use std::collections::HashMap;

use futures_util::future::try_join_all;

use crate::call::archive::{Archive, ArchiveError};
use crate::call::list::filter::Filter;
use crate::call::model::Call;
use crate::call::recorder::Recorder;
use crate::call::store::{CallStore, KEEP_CALLS};
use crate::http::problem::Problem;
use crate::platform::clock::Millis;
use crate::platform::cursor::Cursor;
use crate::platform::ids::{CallId, SiteId};
use crate::platform::keys::{Shards, SiteKeys};
use crate::platform::redis::StoreError;

/// What Redis answers for where there are conditions.
const NEWEST_MS: i64 = 10 * 60_000;
/// Calls that are read at once where there are conditions.
const CHUNK: usize = 200;
/// Chunks that one page reads.
const MOST_CHUNKS: usize = 20;

/// Which calls to list.
pub struct Question {
    /// Of these sites.
    pub sites: Vec<SiteId>,
    /// With these conditions.
    pub filter: Filter,
    /// After this one.
    pub cursor: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
}

/// Calls, and where the next ones begin.
pub struct Page {
    /// Newest first.
    pub calls: Vec<Call>,
    /// The next page's cursor; `None` on the last one.
    pub next: Option<Cursor>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Redis.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The warehouse.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Store(error) => error.into(),
            ListError::Archive(error) => error.into(),
        }
    }
}

/// The page that `question` asks for.
pub async fn page(
    recorder: &Recorder,
    archive: &Archive,
    question: &Question,
) -> Result<Page, ListError> {
    let now = recorder.clock().now();
    let kept_ms = KEEP_CALLS.as_millis() as i64;
    let reach = if question.filter.is_plain() { kept_ms } else { NEWEST_MS };
    let mut collected = Collected::new(question, now.plus(-reach));
    collected.read_redis(recorder).await?;
    if !collected.is_over() {
        collected.read_archive(recorder, archive).await?;
    }
    Ok(collected.page())
}

/// A page that is being filled.
struct Collected<'a> {
    question: &'a Question,
    /// Redis answers for calls that began then or later.
    boundary: Millis,
    cursor: Option<Cursor>,
    calls: Vec<Call>,
    /// Everything that can match was looked at.
    exhausted: bool,
    chunks: usize,
}

impl<'a> Collected<'a> {
    fn new(question: &'a Question, boundary: Millis) -> Self {
        let end = question.filter.to.map(Cursor::before);
        let cursor = match (question.cursor, end) {
            (Some(cursor), Some(end)) => Some(cursor.min(end)),
            (cursor, end) => cursor.or(end),
        };
        let calls = Vec::new();
        Collected { question, boundary, cursor, calls, exhausted: false, chunks: 0 }
    }

    fn is_over(&self) -> bool {
        self.exhausted || self.calls.len() > self.question.limit || self.chunks >= MOST_CHUNKS
    }

    async fn read_redis(&mut self, recorder: &Recorder) -> Result<(), ListError> {
        if self.cursor.is_some_and(|cursor| cursor.at < self.boundary) {
            return Ok(());
        }
        let shards = recorder.live().now().shards;
        let sites = &self.question.sites;
        let size = if self.question.filter.is_plain() { self.question.limit + 1 } else { CHUNK };
        while !self.is_over() {
            self.chunks += 1;
            let rows = newest_rows(recorder.store(), shards, sites, self.cursor, size).await?;
            let whole = rows.len() == size;
            let calls = load(recorder.store(), shards, &rows).await?;
            for ((id, at), site) in &rows {
                if *at < self.boundary {
                    return Ok(());
                }
                self.cursor = Some(Cursor { at: *at, id: id.0 });
                if let Some(call) = calls.get(&(site.clone(), *id)) {
                    self.offer(call.clone());
                }
                if self.calls.len() > self.question.limit {
                    return Ok(());
                }
            }
            if !whole {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn read_archive(
        &mut self,
        recorder: &Recorder,
        archive: &Archive,
    ) -> Result<(), ListError> {
        let Question { sites, filter, limit, .. } = self.question;
        let shards = recorder.live().now().shards;
        while !self.is_over() {
            self.chunks += 1;
            let size = limit + 1 - self.calls.len();
            let found = archive.page(sites, filter, self.boundary, self.cursor, size).await?;
            let whole = found.len() == size;
            let rows: Vec<_> =
                found.iter().map(|call| ((call.id, call.started_at), call.site.clone())).collect();
            let newer = load(recorder.store(), shards, &rows).await?;
            for call in found {
                self.cursor = Some(Cursor { at: call.started_at, id: call.id.0 });
                let kept = newer.get(&(call.site.clone(), call.id));
                let newest = kept.filter(|kept| kept.version > call.version).cloned();
                self.offer(newest.unwrap_or(call));
            }
            self.exhausted = !whole;
        }
        Ok(())
    }

    fn offer(&mut self, call: Call) {
        if self.question.filter.from.is_some_and(|from| call.started_at < from) {
            self.exhausted = true;
        } else if self.question.filter.holds(&call) {
            self.calls.push(call);
        }
    }

    fn page(mut self) -> Page {
        let more = self.calls.len() > self.question.limit;
        self.calls.truncate(self.question.limit);
        let last = self.calls.last().map(|call| Cursor { at: call.started_at, id: call.id.0 });
        let next = match (more, self.exhausted) {
            (true, _) => last,
            (false, true) => None,
            // The work for one page is over, and there is more to look at.
            (false, false) => self.cursor,
        };
        Page { calls: self.calls, next }
    }
}

/// A row of an index, and the site it is of.
type Row = ((CallId, Millis), SiteId);

/// The first `limit` rows of the sites' indexes after `cursor`, newest first.
async fn newest_rows(
    store: &CallStore,
    shards: Shards,
    sites: &[SiteId],
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let per_site = sites.iter().map(|site| async move {
        let rows = index_rows(store, &shards.keys(site), cursor, limit).await?;
        Ok::<_, StoreError>(rows.into_iter().map(move |row| (row, site.clone())))
    });
    let mut rows: Vec<Row> = try_join_all(per_site).await?.into_iter().flatten().collect();
    rows.sort_by_key(|((call, started_at), _)| Reverse((*started_at, call.0)));
    rows.truncate(limit);
    Ok(rows)
}

/// The newest versions of these calls that Redis has.
async fn load(
    store: &CallStore,
    shards: Shards,
    rows: &[Row],
) -> Result<HashMap<(SiteId, CallId), Call>, StoreError> {
    let mut by_site: HashMap<&SiteId, Vec<CallId>> = HashMap::new();
    for ((id, _), site) in rows {
        by_site.entry(site).or_default().push(*id);
    }
    let loaded = by_site.into_iter().map(|(site, ids)| {
        let keys = shards.keys(site);
        async move { store.load_all(&keys, &ids).await }
    });
    let calls = try_join_all(loaded).await?.into_iter().flatten();
    Ok(calls.map(|call| ((call.site.clone(), call.id), call)).collect())
}

/// The first `limit` rows of a site's index after the cursor.
async fn index_rows(
    store: &CallStore,
    keys: &SiteKeys,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<Vec<(CallId, Millis)>, StoreError> {
    let after =
        |(call, at): &(CallId, Millis)| cursor.is_none_or(|cursor| cursor.is_before(*at, call.0));
    let mut rows = Vec::new();
    let mut offset = 0;
    loop {
        let until = cursor.map(|cursor| cursor.at);
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
