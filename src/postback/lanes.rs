//! One lane per queue: how much of it is taken and sent at a time, and whether anything of it should be taken at
//! all just now. A destination that is slow, down or refusing keeps only its own postbacks waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::platform::clock::Millis;
use crate::postback::health::{Health, Rest};
use crate::postback::queue::Queue;

/// Requests that may wait in a lane for each that is being sent.
pub const WAITING_PER_SENDING: usize = 32;

/// Most requests at a time.
const MOST_AT_A_TIME: usize = 1000;

/// What a lane may hold for each request that is being sent while the process holds too much.
const MOST_WHEN_CROWDED: usize = 16;

/// How much a destination takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    at_a_time: usize,
    rows: usize,
}

impl Width {
    /// So many requests at a time, each with so many entries at most.
    pub fn new(at_a_time: usize, rows: usize) -> Self {
        Width { at_a_time: at_a_time.clamp(1, MOST_AT_A_TIME), rows: rows.max(1) }
    }
}

/// All lanes of a process.
pub struct Lanes {
    lanes: Mutex<Known>,
    patience_ms: f64,
}

#[derive(Default)]
struct Known {
    lanes: HashMap<Queue, Arc<Lane>>,
    are_closed: bool,
}

impl Lanes {
    /// Lanes in which nothing should wait for its turn longer than `patience_ms`.
    pub fn new(patience_ms: i64) -> Self {
        Lanes { lanes: Mutex::default(), patience_ms: patience_ms as f64 }
    }

    /// The lane of `queue`. One that is as wide as before stays what it is; another starts anew when nothing is in it.
    pub fn lane(&self, queue: &Queue, width: Width) -> Arc<Lane> {
        let mut known = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = known.lanes.get(queue)
            && (lane.width == width || lane.held() > 0)
        {
            return lane.clone();
        }
        let lane = Arc::new(Lane::new(width, self.patience_ms));
        if known.are_closed {
            lane.senders.close();
        }
        known.lanes.insert(queue.clone(), lane.clone());
        lane
    }

    /// Lets nothing more start; what is being sent goes on.
    pub fn close(&self) {
        let mut known = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        known.are_closed = true;
        known.lanes.values().for_each(|lane| lane.senders.close());
    }
}

/// The lane of one queue.
pub struct Lane {
    width: Width,
    patience_ms: f64,
    senders: Semaphore,
    held: AtomicUsize,
    /// What one request takes, of late (ms).
    pace: Mutex<f64>,
    health: Mutex<Health>,
}

/// How much may be taken from a queue now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// So many entries.
    For(usize),
    /// Nothing until something that was taken has ended.
    Full,
    /// Nothing before this moment, unless something that was taken ends well.
    NotBefore(Millis),
}

/// Entries that were taken; dropping it makes room for others.
pub struct Held {
    lane: Arc<Lane>,
    entries: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.lane.held.fetch_sub(self.entries, Ordering::AcqRel);
    }
}

impl Lane {
    /// A lane in which nothing should wait for its turn longer than `patience_ms`.
    pub fn new(width: Width, patience_ms: f64) -> Self {
        Lane {
            width,
            patience_ms,
            senders: Semaphore::new(width.at_a_time),
            held: AtomicUsize::new(0),
            pace: Mutex::default(),
            health: Mutex::default(),
        }
    }

    /// Notes that `entries` were taken from the queue.
    pub fn hold(self: &Arc<Self>, entries: usize) -> Held {
        self.held.fetch_add(entries, Ordering::AcqRel);
        Held { lane: self.clone(), entries }
    }

    fn held(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }

    /// How much may be taken from the queue at `now`: some more when half of what may wait has been sent, so that a queue
    /// is not asked for every single entry. `crowded`: the process holds too much of others.
    pub fn room(&self, now: Millis, crowded: bool) -> Room {
        let held = self.held();
        match self.health(|health| health.rest(now)) {
            Rest::None => {}
            Rest::Until(at) => return Room::NotBefore(at),
            Rest::Over if held == 0 => return Room::For(1),
            Rest::Over => return Room::Full,
        }
        let most = self.most(crowded);
        let sending = (self.width.at_a_time * self.width.rows).min(most);
        match most.saturating_sub(held) {
            free if free > 0 && held <= sending + (most - sending) / 2 => Room::For(free),
            _ => Room::Full,
        }
    }

    /// Most entries in this lane: no more than it can send before their claims end.
    fn most(&self, crowded: bool) -> usize {
        let Width { at_a_time, rows } = self.width;
        if crowded {
            return at_a_time * rows.min(MOST_WHEN_CROWDED);
        }
        let pace = *self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let in_time = (self.patience_ms / pace.max(1.0)) as usize;
        let for_each_sender =
            rows.saturating_mul(in_time).min((1 + WAITING_PER_SENDING).max(2 * rows));
        at_a_time * for_each_sender.max(rows)
    }

    /// Waits for the right to send; dropping it lets the next one. `None`: the process is ending.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.senders.acquire().await.ok()
    }

    /// Notes that a request took so long.
    pub fn note(&self, took_ms: f64) {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        *pace = 0.8 * *pace + 0.2 * took_ms.max(0.0);
    }

    /// Looks at or changes the destination's health.
    pub fn health<T>(&self, look: impl FnOnce(&mut Health) -> T) -> T {
        look(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::keys::Shard;

    const NOW: Millis = Millis(1_000_000);
    const ONE_BY_ONE: Width = Width { at_a_time: 4, rows: 1 };

    fn lane(width: Width) -> Arc<Lane> {
        Arc::new(Lane::new(width, 40_000.0))
    }

    #[test]
    fn a_lane_holds_so_much_and_takes_more_when_half_of_it_is_sent() {
        let lane = lane(ONE_BY_ONE);
        let most = 4 * (1 + WAITING_PER_SENDING);
        assert_eq!(lane.room(NOW, false), Room::For(most));
        let mut held: Vec<_> = (0..most).map(|_| lane.hold(1)).collect();
        assert_eq!(lane.room(NOW, false), Room::Full);
        held.truncate(most / 2 + 3);
        assert_eq!(lane.room(NOW, false), Room::Full);
        held.truncate(most / 2 + 2);
        assert_eq!(lane.room(NOW, false), Room::For(most / 2 - 2));
        assert_eq!(lane.room(NOW, true), Room::Full, "others need the memory");
        held.truncate(3);
        assert_eq!(lane.room(NOW, true), Room::For(1), "but nobody is left out");
    }

    #[test]
    fn a_slow_destination_gets_no_more_than_it_takes_before_claims_end() {
        let (one, many) = (lane(ONE_BY_ONE), lane(Width { at_a_time: 2, rows: 500 }));
        assert_eq!(many.room(NOW, false), Room::For(2000));
        for lane in [&one, &many] {
            for _ in 0..50 {
                lane.note(20_000.0);
            }
        }
        assert_eq!(one.room(NOW, false), Room::For(8), "two for each sender");
        for lane in [&one, &many] {
            for _ in 0..50 {
                lane.note(90_000.0);
            }
        }
        assert_eq!(one.room(NOW, false), Room::For(4));
        assert_eq!(many.room(NOW, false), Room::For(1000));
    }

    #[test]
    fn of_a_destination_that_rests_nothing_is_taken_but_one_to_see() {
        let lane = lane(ONE_BY_ONE);
        let awake = NOW.plus(5_000);
        lane.health(|health| health.asked_to_wait(awake));
        assert_eq!(lane.room(NOW, false), Room::NotBefore(awake));
        assert_eq!(lane.room(awake, false), Room::For(1));
        let probe = lane.hold(1);
        assert_eq!(lane.room(awake, false), Room::Full);
        lane.health(|health| health.admit("u", awake, 1000));
        assert_eq!(lane.room(awake, false), Room::NotBefore(awake.plus(1000)));
        lane.health(Health::succeeded);
        drop(probe);
        assert_eq!(lane.room(awake, false), Room::For(4 * (1 + WAITING_PER_SENDING)));
        lane.health(|health| {
            health.asked_to_wait(awake);
            health.gone("u");
        });
        assert_ne!(lane.room(NOW, false), Room::NotBefore(awake), "what is for nobody is skipped");
    }

    #[tokio::test]
    async fn so_many_are_sent_at_a_time_until_lanes_are_closed() {
        let lanes = Lanes::new(40_000);
        let queue = Queue { shard: Shard(1), to: None };
        let lane = lanes.lane(&queue, Width { at_a_time: 1, rows: 1 });
        let sending = lane.turn().await.expect("a turn");
        let mut waiting = Box::pin(lane.turn());
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        drop(sending);
        assert!(waiting.await.is_some());
        lanes.close();
        assert!(lane.turn().await.is_none());
        assert!(lanes.lane(&queue, ONE_BY_ONE).turn().await.is_none(), "nor in a new one");
    }

    #[test]
    fn a_lane_gets_another_width_when_nothing_is_in_it() {
        let lanes = Lanes::new(40_000);
        let queue = Queue { shard: Shard(1), to: None };
        let lane = lanes.lane(&queue, ONE_BY_ONE);
        let wider = Width { at_a_time: 8, rows: 1 };
        let held = lane.hold(1);
        assert!(Arc::ptr_eq(&lanes.lane(&queue, wider), &lane));
        drop(held);
        assert_eq!(lanes.lane(&queue, wider).width, wider);
    }
}
