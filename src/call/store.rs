//! Calls in Redis.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `call:<call>` | STR | version and the [`Call`] as JSON | 30 d after its last change |
//! | `moved:<call>` | STR | the call that goes on under another name ([`moved`](crate::call::moved)) | 30 d after the transfer |
//! | `calls` | ZSET | call id → started_at | entries: 30 d after the latest possible end |
//! | `calls:open` | ZSET | the same, without a final status | until final |
//! | `caller:<hash>` | HASH | [`CallerRecord`]; `last_session`: whom the latest call may have been of | the site's caller look-back |
//! | `callsof:<hash>` | ZSET | a caller's calls → started_at ([`caller_calls`](crate::call::caller_calls)) | the same |
//!
//! `lua/save.lua` alone writes them, but for `moved`, together with the ledger entry and the postbacks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::SignedDuration;

use crate::attribution::known::MayBe;
use crate::attribution::rings;
use crate::call::caller::CallerRecord;
use crate::call::caller_calls::MOST_LISTED;
use crate::call::live::{self, model::LiveEvent};
use crate::call::model::Call;
use crate::ledger::model::{Envelope, Event};
use crate::platform::caller_keys::CallerKeys;
use crate::platform::clock::Millis;
use crate::platform::ids::{CallId, SessionId};
use crate::platform::keys::{Shard, SiteKeys};
use crate::platform::phone::PhoneNumber;
use crate::platform::redis::script::Script;
use crate::platform::redis::{Redis, StoreError};
use crate::postback::model::Postback;
use crate::postback::queue::Queue;
use crate::postback::revise::Revised;

/// Most dialled numbers of a site whose last call is remembered.
const MAX_CALLED: isize = 100_000;

/// How long Redis keeps a call after its last change.
pub const KEEP_CALLS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A call is over when its end has not come for this long: Twilio ends calls after 4 h itself.
pub const LONGEST_CALL: SignedDuration = SignedDuration::from_hours(4);

/// Calls that began before this moment leave the index: their snapshots are gone by then.
fn index_from(now: Millis) -> Millis {
    now.plus(-((KEEP_CALLS.as_millis() + LONGEST_CALL.as_millis()) as i64))
}

/// The queues that a change puts something into, as the script that saves it is told of them.
struct Queues {
    keys: Vec<String>,
}

impl Queues {
    /// Keys of `lua/save.lua` before these.
    const BEFORE: usize = 16;

    fn of(shard: Shard, revised: &[Revised], postbacks: &[Postback]) -> Self {
        let revised = revised.iter().map(|revised| Queue::to(shard, &revised.correction));
        let postbacks = postbacks.iter().map(|postback| Queue::of(shard, postback));
        let keys: BTreeSet<String> = revised.chain(postbacks).map(|queue| queue.key()).collect();
        Queues { keys: keys.into_iter().collect() }
    }

    /// Which key of the script is that of `queue`.
    fn place(&self, queue: &Queue) -> usize {
        let key = queue.key();
        Self::BEFORE + 1 + self.keys.partition_point(|known| *known < key)
    }
}

/// One version of a call, with what is saved beside it.
pub struct Change<'a> {
    /// The version that was read before; 0 when there was none.
    pub expected: u32,
    /// The new version.
    pub call: Box<Call>,
    /// The caller's record after this call, when the call is counted for one now.
    pub caller: Option<CountedCaller>,
    /// What the call causes.
    pub postbacks: &'a [Postback],
    /// What becomes of what it caused before.
    pub revised: &'a [Revised],
    /// What the next calls of its number must know of it ([`rings`]).
    pub ring: Option<String>,
    /// What listeners are told.
    pub told: Option<LiveEvent>,
    /// When the change happened.
    pub at: Millis,
    /// The moment it is now.
    pub now: Millis,
}

/// A caller's record with one call more.
pub struct CountedCaller {
    /// Keyed hash of the number.
    pub hash: String,
    /// The count that was read before; 0 when the caller was unknown.
    pub expected_count: u64,
    /// The new record.
    pub record: CallerRecord,
    /// How long the caller is known.
    pub keep: SignedDuration,
}

/// What became of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// Everything is written; so many postbacks were queued.
    Saved {
        /// Postbacks that were not known before.
        queued: u64,
    },
    /// Somebody else was faster; nothing is written.
    Conflict,
}

/// The way to calls in Redis; cheap to clone.
#[derive(Clone)]
pub struct CallStore {
    redis: Redis,
    keys: CallerKeys,
    save: Arc<Script>,
}

impl CallStore {
    /// A store on this connection, which has callers' numbers sealed.
    pub fn new(redis: Redis, keys: CallerKeys) -> Self {
        CallStore { redis, keys, save: Arc::new(Script::new(include_str!("lua/save.lua"))) }
    }

    /// The connection.
    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// The newest version of a call.
    pub async fn load(&self, keys: &SiteKeys, call: CallId) -> Result<Option<Call>, StoreError> {
        let packed: Option<String> =
            self.redis.command("a call", redis::cmd("GET").arg(keys.call(&call))).await?;
        packed.map(|text| self.unpack(&text)).transpose()
    }

    /// The newest versions of several calls; those that are gone are left out.
    pub async fn load_all(
        &self,
        keys: &SiteKeys,
        calls: &[CallId],
    ) -> Result<Vec<Call>, StoreError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("MGET");
        for call in calls {
            command.arg(keys.call(call));
        }
        let packed: Vec<Option<String>> = self.redis.command("calls", &command).await?;
        packed.iter().flatten().map(|text| self.unpack(text)).collect()
    }

    /// What is known of a caller.
    pub async fn load_caller(
        &self,
        keys: &SiteKeys,
        hash: &str,
    ) -> Result<Option<CallerRecord>, StoreError> {
        let command = redis::cmd("HGETALL").arg(keys.caller(hash)).to_owned();
        caller_record(&self.redis.command("a caller", &command).await?)
    }

    /// Saves a change, or nothing; with the call that it was about.
    pub async fn save(
        &self,
        keys: &SiteKeys,
        change: Change<'_>,
    ) -> Result<(Saved, Box<Call>), StoreError> {
        let Change { expected, mut call, caller, postbacks, revised, ring, mut told, at, now } =
            change;
        let clear = call.caller.clone();
        call.caller.seal(&self.keys, keys.site());
        if let Some(told) = &mut told {
            told.caller = call.caller.sealed.number.clone().map(String::from);
        }
        let shard = keys.shard;
        let number = call.tracking_number.as_ref();
        let mut script = self.save.prepare_invoke();
        script
            .key(keys.call(&call.id))
            .key(keys.calls())
            .key(keys.open_calls())
            .key(shard.ledger())
            .key(shard.outbox_body())
            .key(shard.outbox_due())
            .key(shard.outbox_done())
            .key(shard.outbox_dead())
            .key(keys.called())
            .key(shard.live())
            // Without a number nothing is written there.
            .key(number.map_or_else(|| keys.called(), |number| keys.rings(number)))
            .key(shard.outbox_done_body())
            .key(shard.outbox_dead_body())
            .key(shard.outbox_queues());
        let counted = caller.as_ref().map(|caller| caller.hash.as_str());
        // Without a caller nothing is written there.
        script
            .key(counted.map_or_else(|| keys.calls(), |hash| keys.caller(hash)))
            .key(counted.map_or_else(|| keys.calls(), |hash| keys.calls_of(hash)));
        let queues = Queues::of(shard, revised, postbacks);
        for queue in &queues.keys {
            script.key(queue);
        }
        script
            .arg(expected)
            .arg(call.version)
            .arg(call.id.to_string())
            .arg(call.started_at.0)
            .arg(KEEP_CALLS.as_secs())
            .arg(if call.status.is_final() { "final" } else { "open" })
            .arg(number.map_or("", PhoneNumber::as_str))
            .arg(ring.filter(|_| number.is_some()).unwrap_or_default())
            .arg(rings::MOST)
            .arg(rings::KEEP_S)
            .arg(told.map(|told| pack("a live event", &told)).transpose()?.unwrap_or_default())
            .arg(live::KEPT);
        let id = format!("{}.{}", call.id, call.version);
        let envelope = Envelope::new(call.site.clone(), at, id, Event::Call(call));
        script.arg(envelope.to_json());
        match &caller {
            Some(caller) => {
                let record = &caller.record;
                script
                    .arg(caller.expected_count)
                    .arg(caller.keep.as_millis().max(1) as i64)
                    .arg(record.first_call.to_string())
                    .arg(record.first_at.0)
                    .arg(record.last_call.to_string())
                    .arg(record.last_at.0)
                    .arg(record.count)
                    .arg(sessions_text(&record.sessions));
            }
            None => {
                for _ in 14..=21 {
                    script.arg("");
                }
            }
        }
        script.arg(MOST_LISTED).arg(revised.len()).arg(now.0);
        for Revised { replacement, correction } in revised {
            let withdrawn = if replacement.withheld.is_none() { "" } else { "withdrawn" };
            script.arg(&replacement.id).arg(pack("a postback", replacement)?).arg(withdrawn);
            script.arg(&correction.id).arg(pack("a postback", correction)?);
            script.arg(queues.place(&Queue::to(shard, correction)));
        }
        for postback in postbacks {
            let json = pack("a postback", postback)?;
            script.arg(&postback.id).arg(json).arg(postback.due_at().0);
            script.arg(queues.place(&Queue::of(shard, postback)));
        }
        let (word, queued): (String, u64) = self.redis.script("saving a call", &script).await?;
        let saved = if word == "saved" { Saved::Saved { queued } } else { Saved::Conflict };
        match envelope.event {
            Event::Call(mut call) => {
                call.caller = clear;
                Ok((saved, call))
            }
            // It is what was put in above.
            _ => Err(StoreError::Unreadable { what: "a call", why: "another event".to_owned() }),
        }
    }

    /// The call in a stored snapshot.
    pub(super) fn unpack(&self, text: &str) -> Result<Call, StoreError> {
        let unreadable = |why: String| StoreError::Unreadable { what: "a call", why };
        let (_, json) = text.split_once(' ').ok_or_else(|| unreadable("no version".to_owned()))?;
        let mut call: Call = serde_json::from_str(json).map_err(|e| unreadable(e.to_string()))?;
        call.caller.open(&self.keys);
        Ok(call)
    }

    /// Calls without a final status that began before `before`, oldest first.
    pub async fn open_since_before(
        &self,
        keys: &SiteKeys,
        before: Millis,
        limit: usize,
    ) -> Result<Vec<CallId>, StoreError> {
        let mut command = redis::cmd("ZRANGEBYSCORE");
        command.arg(keys.open_calls()).arg("-inf").arg(before.0).arg("LIMIT").arg(0).arg(limit);
        let ids: Vec<String> = self.redis.command("open calls", &command).await?;
        Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Forgets the calls of the index whose snapshots are gone, also where no call comes any more;
    /// and of dialled numbers those that were called longest ago.
    pub async fn prune(&self, keys: &SiteKeys, now: Millis) -> Result<usize, StoreError> {
        let mut pipeline = redis::pipe();
        let before = format!("({}", index_from(now).0);
        pipeline.cmd("ZREMRANGEBYSCORE").arg(keys.calls()).arg("-inf").arg(before);
        pipeline.cmd("ZREMRANGEBYRANK").arg(keys.called()).arg(0).arg(-1 - MAX_CALLED).ignore();
        let (gone,) = self.redis.pipeline("the list of calls", &pipeline).await?;
        Ok(gone)
    }

    /// Calls that began between two moments, at most `limit`.
    pub async fn began_between(
        &self,
        keys: &SiteKeys,
        from: Millis,
        to: Millis,
        limit: usize,
    ) -> Result<Vec<CallId>, StoreError> {
        let mut command = redis::cmd("ZRANGEBYSCORE");
        command.arg(keys.calls()).arg(from.0).arg(to.0).arg("LIMIT").arg(0).arg(limit);
        let ids: Vec<String> = self.redis.command("calls of a time", &command).await?;
        Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Forgets that a call is open whose snapshot is gone.
    pub async fn forget_open(&self, keys: &SiteKeys, call: CallId) -> Result<(), StoreError> {
        let command = redis::cmd("ZREM").arg(keys.open_calls()).arg(call.to_string()).to_owned();
        self.redis.command::<i64>("open calls", &command).await.map(|_| ())
    }

    /// One page of the site's calls by start, newest first: those at or before `until`, from the
    /// `offset`th on.
    pub async fn page(
        &self,
        keys: &SiteKeys,
        until: Option<Millis>,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<(CallId, Millis)>, StoreError> {
        let mut command = redis::cmd("ZREVRANGEBYSCORE");
        let until = until.map_or_else(|| "+inf".to_owned(), |at| at.0.to_string());
        command.arg(keys.calls()).arg(until).arg("-inf").arg("WITHSCORES");
        command.arg("LIMIT").arg(offset).arg(limit);
        let rows: Vec<(String, f64)> = self.redis.command("the list of calls", &command).await?;
        let row = |(id, score): &(String, f64)| Some((id.parse().ok()?, Millis(*score as i64)));
        Ok(rows.iter().filter_map(row).collect())
    }
}

/// A caller's record as the fields of its hash tell it; `None` when there are none.
pub(super) fn caller_record(
    fields: &HashMap<String, String>,
) -> Result<Option<CallerRecord>, StoreError> {
    if fields.is_empty() {
        return Ok(None);
    }
    let read = || {
        Some(CallerRecord {
            first_call: fields.get("first_call")?.parse().ok()?,
            first_at: Millis(fields.get("first_at")?.parse().ok()?),
            last_call: fields.get("last_call")?.parse().ok()?,
            last_at: Millis(fields.get("last_at")?.parse().ok()?),
            count: fields.get("count")?.parse().ok()?,
            sessions: fields
                .get("last_session")
                .map_or_else(MayBe::new, |text| read_sessions(text)),
        })
    };
    let unreadable =
        || StoreError::Unreadable { what: "a caller", why: "a field is missing".to_owned() };
    read().map(Some).ok_or_else(unreadable)
}

/// `session probability` of each, with commas between; empty: none.
pub(super) fn sessions_text(sessions: &[(SessionId, f64)]) -> String {
    let each: Vec<String> =
        sessions.iter().map(|(session, sure)| format!("{session} {sure:.3}")).collect();
    each.join(",")
}

/// What [`sessions_text`] wrote; before the probability was noted, only likely sessions were.
fn read_sessions(text: &str) -> MayBe {
    let one = |text: &str| {
        let (session, sure) = text.split_once(' ').unwrap_or((text, "0.5"));
        Some((session.parse().ok()?, sure.parse().ok()?))
    };
    text.split(',').filter_map(one).collect()
}

fn pack<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Unreadable { what, why: e.to_string() })
}
