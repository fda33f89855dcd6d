//! What one batch takes from the streams, and what it says.

use crate::config::Installation;
use crate::ledger::model::{Entry, EntryId, Message};
use crate::ledger::rules::{Unreadable, read};
use crate::platform::keys::Shard;
use crate::warehouse::model::Facts;
use crate::warehouse::setting::facts_of;

/// What is written at once: messages of several streams, read as far as they can be.
#[derive(Default)]
pub struct Batch {
    /// Each stream's.
    pub streams: Vec<ShardBatch>,
    /// What all of them say.
    pub facts: Facts,
    /// Up to where each stream is in it.
    pub offsets: Vec<(Shard, EntryId)>,
}

impl Batch {
    /// Reads what was taken from each stream; this takes a while.
    pub fn new(taken: Vec<(Shard, Vec<Message>)>, installation: &Installation) -> Self {
        let streams: Vec<ShardBatch> =
            taken.into_iter().map(|(shard, messages)| ShardBatch::new(shard, messages)).collect();
        let entries = streams.iter().flat_map(|stream| &stream.entries);
        let facts = facts_of(installation, entries.map(|entry| &entry.envelope));
        let last = |stream: &ShardBatch| stream.ids.iter().max().map(|id| (stream.shard, *id));
        Batch { offsets: streams.iter().filter_map(last).collect(), facts, streams }
    }

    /// How many messages it has, readable or not.
    pub fn len(&self) -> usize {
        self.streams.iter().map(|stream| stream.ids.len()).sum()
    }

    /// Nothing was waiting.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }
}

/// Messages of one stream, read as far as they can be.
pub struct ShardBatch {
    /// The stream's shard.
    pub shard: Shard,
    /// Every message, readable or not.
    pub ids: Vec<EntryId>,
    /// What was understood.
    pub entries: Vec<Entry>,
    /// The same as lines for a segment.
    pub lines: Vec<(EntryId, String)>,
    /// What was not, and why.
    pub unreadable: Vec<(Message, Unreadable)>,
}

impl ShardBatch {
    /// Reads `messages`.
    pub fn new(shard: Shard, messages: Vec<Message>) -> Self {
        let ids = messages.iter().map(|message| message.id).collect();
        let (entries, lines, unreadable) = Default::default();
        let mut batch = ShardBatch { shard, ids, entries, lines, unreadable };
        for message in messages {
            match read(&message) {
                Ok(entries) => {
                    for (entry, line) in entries {
                        batch.lines.push((entry.id, line));
                        batch.entries.push(entry);
                    }
                }
                Err(why) => batch.unreadable.push((message, why)),
            }
        }
        batch
    }
}
