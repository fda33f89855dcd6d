//! When keys end, by the trace's clock.
//!
//! Redis ends keys by the real clock. That never matters in the service, where truth is in values,
//! but for what a key that is gone can no longer tell: where a session or a visitor was last. A
//! replay plays a month in a minute, so it ends these keys itself, at the moment of the trace at
//! which Redis would have. (The real clock ends none too early: for that a trace would need more lines
//! in an hour of its own than a replay plays in one.)

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::platform::clock::Millis;

/// The keys that end, and when.
#[derive(Default)]
pub struct Lifetimes {
    ends: HashMap<Rc<str>, Millis>,
    /// When each key has to be looked at; it may have been given more time since.
    due: BTreeSet<(Millis, Rc<str>)>,
}

impl Lifetimes {
    /// `key` was written and ends at `end`, whatever was said of it before.
    pub fn set(&mut self, key: String, end: Millis) {
        if let Some(known) = self.ends.get_mut(key.as_str()) {
            *known = end;
            return;
        }
        let key: Rc<str> = key.into();
        self.due.insert((end, key.clone()));
        self.ends.insert(key, end);
    }

    /// Whether some key may be over at `now`.
    pub fn is_due(&self, now: Millis) -> bool {
        self.due.first().is_some_and(|(due, _)| *due <= now)
    }

    /// The keys that are over at `now`, earliest first; they are no longer known afterwards.
    pub fn over(&mut self, now: Millis) -> Vec<Rc<str>> {
        let mut over = Vec::new();
        while self.is_due(now) {
            let Some((_, key)) = self.due.pop_first() else { break };
            match self.ends.get(&key).copied() {
                Some(end) if end > now => {
                    self.due.insert((end, key));
                }
                _ => {
                    self.ends.remove(&key);
                    over.push(key);
                }
            }
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(lifetimes: &mut Lifetimes, now: i64) -> Vec<String> {
        lifetimes.over(Millis(now)).iter().map(|key| key.to_string()).collect()
    }

    #[test]
    fn a_key_ends_at_the_end_it_was_given_last() {
        let mut lifetimes = Lifetimes::default();
        lifetimes.set("a".to_owned(), Millis(10));
        lifetimes.set("b".to_owned(), Millis(20));
        lifetimes.set("a".to_owned(), Millis(30));
        assert!(over(&mut lifetimes, 19).is_empty());
        assert_eq!(over(&mut lifetimes, 20), ["b"]);
        assert!(over(&mut lifetimes, 29).is_empty());
        lifetimes.set("b".to_owned(), Millis(40));
        assert_eq!(over(&mut lifetimes, 100), ["a", "b"]);
        assert!(over(&mut lifetimes, 100).is_empty());
    }
}
