//! Removing events from the spool for good: their bytes, too, which else stay until a whole file is settled.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::Ordering;

use crate::call::spool::writer::{Matches, Writer};

impl Writer {
    /// Writes every file anew that has an event whose JSON `matches`, without those and without what is settled. How many
    /// matched.
    pub(super) fn erase(&mut self, matches: &Matches) -> io::Result<usize> {
        let mut erased = 0;
        let numbers: Vec<u64> = self.segments.keys().copied().collect();
        for number in numbers {
            let Some(segment) = self.segments.get_mut(&number) else { continue };
            let events = segment.events()?;
            let gone: HashSet<u64> =
                events.iter().filter(|(_, json)| matches(json)).map(|(id, _)| *id).collect();
            if gone.is_empty() {
                continue;
            }
            erased += gone.len();
            let entries = &self.entries;
            let stays = |id: &u64| entries.contains_key(id) && !gone.contains(id);
            let kept: Vec<_> = events.into_iter().filter(|(id, _)| stays(id)).collect();
            let places = segment.replace(&kept)?;
            for id in &gone {
                if self.entries.remove(id).is_some_and(|entry| entry.is_waiting()) {
                    self.backlog.fetch_sub(1, Ordering::Relaxed);
                }
            }
            for ((id, _), place) in kept.iter().zip(places) {
                if let Some(entry) = self.entries.get_mut(id) {
                    entry.place = place;
                }
            }
        }
        self.remove_settled_segments();
        Ok(erased)
    }
}
