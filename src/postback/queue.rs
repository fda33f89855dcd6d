//! Which queue an entry of the outbox waits in.

use crate::platform::ids::{DestinationId, SiteId};
use crate::platform::keys::Shard;
use crate::postback::model::Postback;

/// Entries that wait for one destination, or for none: a queue of its own for each, so that nobody who has no free place
/// needs to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Queue {
    /// The shard it is in.
    pub shard: Shard,
    /// For whom; `None`: what needs only its verdict, and what was queued by versions that had one queue for all.
    pub to: Option<(SiteId, DestinationId)>,
}

impl Queue {
    /// The queue in which `postback` waits, in the shard of its site.
    pub fn of(shard: Shard, postback: &Postback) -> Self {
        match postback.withheld {
            None => Queue::to(shard, postback),
            Some(_) => Queue { shard, to: None },
        }
    }

    /// The queue of the destination of `postback`.
    pub fn to(shard: Shard, postback: &Postback) -> Self {
        Queue { shard, to: Some((postback.site.clone(), postback.destination.clone())) }
    }

    /// Its ZSET.
    pub fn key(&self) -> String {
        match &self.to {
            Some((site, destination)) => self.shard.outbox_due_to(site, destination),
            None => self.shard.outbox_due(),
        }
    }

    /// The queue of `shard` whose ZSET is `key`.
    pub fn parse(shard: Shard, key: &str) -> Option<Self> {
        let to = match key.strip_prefix(&shard.outbox_due())? {
            "" => None,
            to => {
                let (site, destination) = to.strip_prefix(':')?.split_once(':')?;
                Some((site.parse().ok()?, destination.parse().ok()?))
            }
        };
        Some(Queue { shard, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_known_by_its_key() {
        let to = ("one".parse().expect("a site"), "crm".parse().expect("a destination"));
        for to in [None, Some(to)] {
            let queue = Queue { shard: Shard(7), to };
            assert_eq!(Queue::parse(Shard(7), &queue.key()), Some(queue.clone()));
            assert_eq!(Queue::parse(Shard(8), &queue.key()), None);
        }
        for strange in ["rt:{s07}:outbox:due:", "rt:{s07}:outbox:due:one", "rt:{s07}:outbox:done"] {
            assert_eq!(Queue::parse(Shard(7), strange), None, "{strange}");
        }
    }
}
