//! What one batch takes from one stream.

use crate::ledger::model::{Entry, EntryId, Message};
use crate::ledger::rules::{Unreadable, read};
use crate::platform::keys::Shard;

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
