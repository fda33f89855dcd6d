//! The ledger in Redis.
//!
//! | key | type | holds | lifetime |
//! |---|---|---|---|
//! | `ledger` of a shard | STREAM | envelopes as JSON in the field `e`, one a line | until every group has acknowledged them |
//! | `ledger:dead` of a shard | STREAM | what could not be read: `id`, `e`, `why` | the newest [`MAX_DEAD`] |
//!
//! Producers add entries (in their own scripts, or with [`append`]); a [`Consumer`] reads them.
//! Streams are read shard after shard without blocking, because Redis Cluster cannot read across
//! hash slots in one command, some messages at a time.

use std::collections::HashMap;

use redis::streams::{StreamInfoGroupsReply, StreamPendingReply};
use redis::{Cmd, FromRedisValue, Pipeline};

use crate::ledger::model::{ENVELOPE_FIELD, EntryId, Envelope, Message};
use crate::ledger::rules::{GroupPosition, Unreadable, trim_before};
use crate::platform::keys::{Shard, Shards};
use crate::platform::redis::{Redis, StoreError};

/// The consumer group that fills the warehouse.
pub const WAREHOUSE_GROUP: &str = "warehouse";

/// About this many dead letters are kept of one shard.
pub const MAX_DEAD: usize = 10_000;

/// Messages that one command reads or acknowledges. Redis does one thing at a time: a visitor's
/// number must not wait behind the copying of a whole batch (256 messages take it about half a millisecond).
const READ_AT_ONCE: usize = 256;

/// Entries that one command trims, so that it holds nobody up for long; a busy stream takes many.
const TRIM_AT_ONCE: usize = 10_000;

/// Adds `envelope` to `pipeline`, for producers that are not a script.
pub fn append(pipeline: &mut Pipeline, shard: Shard, envelope: &Envelope) {
    let mut add = redis::cmd("XADD");
    add.arg(shard.ledger()).arg("*").arg(ENVELOPE_FIELD).arg(envelope.to_json());
    pipeline.add_command(add).ignore();
}

/// Which messages to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Delivered to this consumer before, and never acknowledged.
    Pending,
    /// Never delivered to anybody of the group.
    New,
}

/// One member of a consumer group, over all shards.
pub struct Consumer {
    redis: Redis,
    shards: Shards,
    group: String,
    name: String,
}

/// The fields of a message.
type Fields = HashMap<Vec<u8>, Vec<u8>>;
/// The messages of one stream: id and fields, `None` when it was deleted while pending.
type Streams = Vec<(String, Vec<(String, Option<Fields>)>)>;

impl Consumer {
    /// A member called `name` of `group`. The name must be its own in the group and the same after
    /// a restart: that is how it finds what it had not acknowledged.
    pub fn new(redis: Redis, shards: Shards, group: &str, name: &str) -> Self {
        Consumer { redis, shards, group: group.to_owned(), name: name.to_owned() }
    }

    /// All shards, in order.
    pub fn shards(&self) -> Vec<Shard> {
        self.shards.all().collect()
    }

    /// Makes the group on every stream (and the streams) where it is missing, from the start.
    pub async fn ensure_groups(&self) -> Result<(), StoreError> {
        for shard in self.shards() {
            let mut create = redis::cmd("XGROUP");
            create.arg("CREATE").arg(shard.ledger()).arg(&self.group).arg(0).arg("MKSTREAM");
            match self.ask::<()>("the ledger's group", &create).await {
                Err(StoreError::Refused { source, .. }) if source.code() == Some("BUSYGROUP") => {}
                answer => answer?,
            }
        }
        Ok(())
    }

    /// At most `count` messages of a shard, oldest first, some at a time.
    pub async fn read(
        &self,
        shard: Shard,
        which: Which,
        count: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let mut messages: Vec<Message> = Vec::new();
        while messages.len() < count {
            let some = READ_AT_ONCE.min(count - messages.len());
            let from = match (which, messages.last()) {
                (Which::New, _) => ">".to_owned(),
                (Which::Pending, None) => "0".to_owned(),
                (Which::Pending, Some(message)) => message.id.to_string(),
            };
            let more = self.read_some(shard, &from, some).await?;
            let drained = more.len() < some;
            messages.extend(more);
            if drained {
                break;
            }
        }
        Ok(messages)
    }

    /// At most `count` messages of a shard, with one command.
    async fn read_some(
        &self,
        shard: Shard,
        from: &str,
        count: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(&self.group).arg(&self.name).arg("COUNT").arg(count);
        read.arg("STREAMS").arg(shard.ledger()).arg(from);
        let streams: Option<Streams> = self.ask("the ledger", &read).await?;
        let messages = streams.into_iter().flatten().flat_map(|(_, messages)| messages);
        messages
            .map(|(id, fields)| {
                let text = fields.and_then(|mut f| f.remove(ENVELOPE_FIELD.as_bytes()));
                Ok(Message { id: parse_id(&id)?, text })
            })
            .collect()
    }

    /// Takes over what other members of the group left unacknowledged for `min_idle_ms`; it is then
    /// [`Which::Pending`] here. Says whether there was anything.
    pub async fn claim_abandoned(
        &self,
        shard: Shard,
        min_idle_ms: u64,
    ) -> Result<bool, StoreError> {
        let mut cursor = "0-0".to_owned();
        let mut found = false;
        loop {
            let mut claim = redis::cmd("XAUTOCLAIM");
            claim.arg(shard.ledger()).arg(&self.group).arg(&self.name).arg(min_idle_ms);
            claim.arg(&cursor).arg("COUNT").arg(1000).arg("JUSTID");
            // Redis 7 adds a third element: ids that were deleted, which it forgets by itself.
            let answer: Vec<redis::Value> = self.ask("abandoned entries", &claim).await?;
            let mut parts = answer.into_iter();
            let (Some(next), Some(claimed)) = (parts.next(), parts.next()) else {
                return Ok(found);
            };
            let unreadable = |error: redis::ParsingError| StoreError::Unreadable {
                what: "abandoned entries",
                why: error.to_string(),
            };
            found |= !Vec::<String>::from_redis_value(claimed).map_err(unreadable)?.is_empty();
            cursor = String::from_redis_value(next).map_err(unreadable)?;
            if cursor == "0-0" {
                return Ok(found);
            }
        }
    }

    /// At most `count` messages of a shard that are still in its stream, from the first after `after`, whether anybody
    /// has them or not. Changes nothing.
    pub async fn look(
        &self,
        shard: Shard,
        after: EntryId,
        count: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let mut range = redis::cmd("XRANGE");
        range.arg(shard.ledger()).arg(format!("({after}")).arg("+").arg("COUNT").arg(count);
        let found: Vec<(String, Fields)> = self.ask("the ledger", &range).await?;
        let message = |(id, mut fields): (String, Fields)| {
            Ok(Message { id: parse_id(&id)?, text: fields.remove(ENVELOPE_FIELD.as_bytes()) })
        };
        found.into_iter().map(message).collect()
    }

    /// Acknowledges these entries.
    pub async fn acknowledge(&self, shard: Shard, ids: &[EntryId]) -> Result<(), StoreError> {
        for some in ids.chunks(READ_AT_ONCE) {
            let mut ack = redis::cmd("XACK");
            ack.arg(shard.ledger()).arg(&self.group);
            for id in some {
                ack.arg(id.to_string());
            }
            self.ask::<()>("acknowledging ledger entries", &ack).await?;
        }
        Ok(())
    }

    /// Moves a message that nobody can read to the dead-letter stream, and acknowledges it, at once.
    pub async fn bury(
        &self,
        shard: Shard,
        message: &Message,
        why: &Unreadable,
    ) -> Result<(), StoreError> {
        let id = message.id.to_string();
        let text = message.text.as_deref().unwrap_or_default();
        let mut move_it = redis::pipe();
        move_it.atomic();
        move_it.cmd("XADD").arg(shard.ledger_dead()).arg("MAXLEN").arg("~").arg(MAX_DEAD).arg("*");
        move_it.arg("id").arg(&id).arg(ENVELOPE_FIELD).arg(text).arg("why").arg(why.to_string());
        move_it.cmd("XACK").arg(shard.ledger()).arg(&self.group).arg(&id);
        let asked = self.redis.pipeline::<(String, usize)>("a dead letter", &move_it).await;
        asked.map(|_| ())
    }

    /// Moves the group back to `to` when it is ahead of it, so that everything after `to` is
    /// delivered again. It never moves forward: that would skip entries.
    pub async fn rewind(&self, shard: Shard, to: EntryId) -> Result<(), StoreError> {
        let groups = self.groups(shard).await?;
        let Some(group) = groups.groups.iter().find(|g| g.name == self.group) else {
            return Ok(());
        };
        if parse_id(&group.last_delivered_id)? <= to {
            return Ok(());
        }
        let mut set = redis::cmd("XGROUP");
        set.arg("SETID").arg(shard.ledger()).arg(&self.group).arg(to.to_string());
        self.ask("rewinding the ledger's group", &set).await
    }

    /// Entries of all shards that this group has not acknowledged. Where Redis cannot tell (before
    /// 7.0, or after a rewind), the length of the stream stands in: an upper bound.
    pub async fn lag(&self) -> Result<usize, StoreError> {
        let mut lag = 0;
        for shard in self.shards() {
            let groups = self.groups(shard).await?;
            let Some(group) = groups.groups.into_iter().find(|g| g.name == self.group) else {
                continue;
            };
            let waiting = match group.lag {
                Some(entries) => entries,
                None => self.ask("the ledger's length", &length(shard)).await?,
            };
            lag += group.pending + waiting;
        }
        Ok(lag)
    }

    /// Trims a stream to what some group still needs. Approximate: Redis drops whole nodes.
    /// Entries of this group are in a segment before they are acknowledged, so none gets lost.
    pub async fn trim(&self, shard: Shard) -> Result<usize, StoreError> {
        let mut positions = Vec::new();
        for group in self.groups(shard).await?.groups {
            let oldest_pending = match group.pending {
                0 => None,
                _ => self.oldest_pending(shard, &group.name).await?,
            };
            let delivered = parse_id(&group.last_delivered_id)?;
            positions.push(GroupPosition { delivered, oldest_pending });
        }
        let Some(before) = trim_before(&positions) else { return Ok(0) };
        let mut trim = redis::cmd("XTRIM");
        trim.arg(shard.ledger()).arg("MINID").arg("~").arg(before.to_string());
        trim.arg("LIMIT").arg(TRIM_AT_ONCE);
        let mut trimmed = 0;
        loop {
            let now: usize = self.ask("trimming the ledger", &trim).await?;
            trimmed += now;
            if now == 0 {
                return Ok(trimmed);
            }
        }
    }

    async fn oldest_pending(
        &self,
        shard: Shard,
        group: &str,
    ) -> Result<Option<EntryId>, StoreError> {
        let mut summary = redis::cmd("XPENDING");
        summary.arg(shard.ledger()).arg(group);
        match self.ask("pending entries", &summary).await? {
            StreamPendingReply::Data(data) => Ok(Some(parse_id(&data.start_id)?)),
            _ => Ok(None),
        }
    }

    async fn groups(&self, shard: Shard) -> Result<StreamInfoGroupsReply, StoreError> {
        let mut info = redis::cmd("XINFO");
        info.arg("GROUPS").arg(shard.ledger());
        self.ask("the ledger's groups", &info).await
    }

    async fn ask<T: FromRedisValue>(
        &self,
        what: &'static str,
        command: &Cmd,
    ) -> Result<T, StoreError> {
        self.redis.command(what, command).await
    }
}

fn length(shard: Shard) -> Cmd {
    let mut length = redis::cmd("XLEN");
    length.arg(shard.ledger());
    length
}

fn parse_id(text: &str) -> Result<EntryId, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable {
        what: "a ledger entry id",
        why: format!("`{text}` is none"),
    })
}
